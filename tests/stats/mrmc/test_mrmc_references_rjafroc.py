"""RJafroc 2.1.3: every table of every analysis of ratings, and of the highest rating of a case.

It prints modality a minus b and readers minus CAD, here it is b minus a and AI minus readers. One
reader's differences take the error of all modalities there: that is the crossed analysis of a table
of one reader. Figures of marks are compared elsewhere.
"""

import csv
import json
from itertools import combinations

import numpy as np
import pytest
from scipy.special import stdtr

from tests.mrmc_studies import read_csv
from toolkit.stats.auc.curve import auc
from toolkit.stats.auc.figures_of_merit import sensitivity_fom, specificity_fom
from toolkit.stats.mrmc.ai import ai_against_readers
from toolkit.stats.mrmc.analysis import covariances, mean_squares
from toolkit.stats.mrmc.covariances import fom_table, leave_one_out
from toolkit.stats.mrmc.inference import (
    dbm,
    error_of_modalities,
    obuchowski_rockette,
    pseudovalue_mean_squares,
)

RANDOM = {"RRRC": "readers and cases", "FRRC": "cases", "RRFC": "readers"}
FILES = {
    "dataset02": "VanDyke/ratings.csv",
    "dataset08": "dataset08/ratings.csv",
    "dataset09": "dataset09/ratings.csv",
    # The highest rating of all marks of a case, -inf where there is none.
    "dataset01": "dataset01/ratings_inferred_roc.csv",
    "dataset05": "dataset05/ratings_inferred_roc.csv",
    "datasetCadLroc": "datasetCadLroc/ratings.csv",
    "datasetCadSimuFroc": "datasetCadSimuFroc/ratings_inferred_roc.csv",
}
AUCS = [("dataset02", "Wilcoxon"), ("dataset08", "Wilcoxon")]
AUCS += [("dataset01", "HrAuc"), ("dataset05", "HrAuc")]
SHARES = [(name, fom) for name in ("dataset01", "dataset05") for fom in ("HrSe", "HrSp")]
DBM = [(*analysis, option) for analysis in AUCS for option in RANDOM]
OR = DBM + [(*analysis, "RRRC") for analysis in SHARES]
LOWEST = -1e9  # from here up a case has a mark
FOMS = {
    "Wilcoxon": auc,
    "HrAuc": auc,
    "HrSe": sensitivity_fom(threshold=LOWEST),
    "HrSp": specificity_fom(threshold=LOWEST),
}


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def p_close(value):
    return pytest.approx(value, rel=1e-8)


@pytest.fixture(scope="module")
def studies(reference_data):
    return {name: read_csv(reference_data / "data" / path) for name, path in FILES.items()}


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "rjafroc.json").read_text()
    return json.loads(text)["results"]


def numbers(table, name):
    return [value for value in np.atleast_1d(table[name]) if value is not None]


def check_differences(ours, table):
    assert [-d.estimate for d in ours] == close(numbers(table, "Estimate"))
    assert [d.std_error for d in ours] == close(numbers(table, "StdErr"))
    assert [-d.ci_high for d in ours] == close(numbers(table, "CILower"))
    assert [-d.ci_low for d in ours] == close(numbers(table, "CIUpper"))
    letter = "t" if "t" in table else "z"
    assert [-d.statistic for d in ours] == close(numbers(table, letter))
    assert [d.p_value for d in ours] == p_close(numbers(table, f"PrGT{letter}"))
    if "DF" in table:
        assert [d.df for d in ours] == close(numbers(table, "DF"))


def check_means(ours, table, *, df=True):
    assert [m.estimate for m in ours] == close(numbers(table, "Estimate"))
    assert [m.std_error for m in ours] == close(numbers(table, "StdErr"))
    assert [m.ci_low for m in ours] == close(numbers(table, "CILower"))
    assert [m.ci_high for m in ours] == close(numbers(table, "CIUpper"))
    if df:
        assert [m.df for m in ours] == close(numbers(table, "DF"))


def check_figures(value, table):
    """Figures of merit, their means and the differences of these; rows are modalities."""
    np.testing.assert_allclose(value.T, np.array(table["foms"]["values"], dtype=float), rtol=1e-12)
    means = value.mean(axis=0)
    assert list(means) == close(numbers(table["trtMeans"], "Estimate"))
    pairs = [means[a] - means[b] for a, b in combinations(range(means.size), 2)]
    assert pairs == close(numbers(table["trtMeanDiffs"], "Estimate"))


def one_reader(truth, ratings, fom, reader):
    return fom_table(truth, ratings[:, [reader]], fom=fom, covariance="jackknife")


def named(table, column):
    return dict(zip(table["_row"], table[column], strict=True))


def check_or_components(truth, ratings, fom, table, anova):
    """The tables of Obuchowski and Rockette's model, of all and of each modality and reader."""
    ms, found = mean_squares(table.value), obuchowski_rockette(table).components
    assert [ms.modality, ms.reader, ms.reader_modality] == close(anova["TRanova"]["MS"])
    n_readers, n_modalities = table.value.shape
    df = [n_modalities - 1, n_readers - 1, (n_modalities - 1) * (n_readers - 1)]
    assert df == anova["TRanova"]["DF"]
    assert [m * d for m, d in zip(anova["TRanova"]["MS"], df, strict=True)] == close(
        anova["TRanova"]["SS"]
    )
    theirs = named(anova["VarCom"], "Estimates")
    ours = {
        "VarR": found.var_reader,
        "VarTR": found.var_reader_modality,
        "Cov1": found.cov1,
        "Cov2": found.cov2,
        "Cov3": found.cov3,
        "Var": found.var_error,
    }
    assert ours == close(theirs)
    rhos = {k: v for k, v in named(anova["VarCom"], "Rhos").items() if v is not None}
    assert {k: ours[k] / ours["Var"] for k in rhos} == close(rhos)
    for place in range(n_modalities):
        block = covariances(table.covariance[:, [place]][:, :, :, [place]])
        row = {name: anova["IndividualTrt"][name][place] for name in anova["IndividualTrt"]}
        assert np.var(table.value[:, place], ddof=1) == close(row["msREachTrt"])
        assert (block.variance, block.cov2) == close((row["varEachTrt"], row["cov2EachTrt"]))
    for reader in range(n_readers):
        one = one_reader(truth, ratings, fom, reader)
        block = covariances(one.covariance)
        row = {name: anova["IndividualRdr"][name][reader] for name in anova["IndividualRdr"]}
        assert mean_squares(one.value).modality == close(row["msTEachRdr"])
        assert (block.variance, block.cov1) == close((row["varEachRdr"], row["cov1EachRdr"]))


def check_f_tests(analysis, error, table):
    """The global test with its error mean square."""
    test = analysis.global_test
    assert error == close(table["MS"][1])
    statistic = (
        table["Chisq"][0]
        if "Chisq" in table
        else numbers(table, next(name for name in ("FStat", "F") if name in table))[0]
    )
    assert test.statistic == close(statistic)
    assert test.p_value == p_close(numbers(table, "p")[0])
    df = numbers(table, "DF")
    assert test.df1 == close(df[0])
    if len(df) > 1:
        assert test.df2 == close(df[1])


@pytest.mark.parametrize(("name", "fom", "option"), OR)
def test_every_table_of_obuchowski_rockette(studies, peer, name, fom, option):
    (truth, ratings), figure = studies[name], FOMS[fom]
    result = peer[f"{name}/{fom}/OR/jackknife/{option}"]["result"]
    table = fom_table(truth, ratings, fom=figure, covariance="jackknife")
    analysis = obuchowski_rockette(table, random=RANDOM[option], mean_scale="identity")
    check_figures(table.value, result["FOMs"])
    check_or_components(truth, ratings, figure, table, result["ANOVA"])
    tables = result[option]
    error = error_of_modalities(table, RANDOM[option]).value
    check_f_tests(analysis, error, tables["FTests"])
    check_differences(analysis.differences, tables["ciDiffTrt"])
    # With cases random and readers fixed it prints K - 1 degrees of freedom and takes the normal.
    check_means(analysis.modalities, tables["ciAvgRdrEachTrt"], df=option != "FRRC")
    if option == "FRRC":
        singles = [one_reader(truth, ratings, figure, j) for j in range(table.n_readers)]
        ours = [d for one in singles for d in obuchowski_rockette(one, random="cases").differences]
        check_differences(ours, tables["ciDiffTrtEachRdr"])


@pytest.mark.parametrize(("name", "fom", "option"), DBM)
def test_every_table_of_dbm(studies, peer, name, fom, option):
    (truth, ratings), figure = studies[name], FOMS[fom]
    result = peer[f"{name}/{fom}/DBM/jackknife/{option}"]["result"]
    table = fom_table(truth, ratings, fom=figure, covariance="none")
    left = leave_one_out(truth, ratings, fom=figure)
    analysis = dbm(table, left, random=RANDOM[option], mean_scale="identity")
    check_figures(table.value, result["FOMs"])
    check_dbm_components(left.pseudovalues(), result["ANOVA"])
    tables = result[option]
    test = analysis.global_test
    assert test.statistic == close(tables["FTests"]["FStat"][0])
    assert (test.df1, test.df2) == close(tuple(tables["FTests"]["DF"]))
    assert test.p_value == p_close(tables["FTests"]["p"][0])
    check_differences(analysis.differences, tables["ciDiffTrt"])
    check_means(analysis.modalities, tables["ciAvgRdrEachTrt"])
    if option == "FRRC":
        ours = []
        for reader in range(table.n_readers):
            one = fom_table(truth, ratings[:, [reader]], fom=figure, covariance="none")
            own = leave_one_out(truth, ratings[:, [reader]], fom=figure)
            ours.extend(dbm(one, own, random="cases").differences)
        check_differences_of_readers(ours, tables["ciDiffTrtEachRdr"], len(truth))


def check_differences_of_readers(ours, table, n_cases):
    """RJafroc gives the error pooled over I modalities K - 1 degrees of freedom, not (I-1)(K-1)."""
    if {d.df for d in ours} == {n_cases - 1}:
        check_differences(ours, table)
        return
    assert [-d.estimate for d in ours] == close(numbers(table, "Estimate"))
    assert [d.std_error for d in ours] == close(numbers(table, "StdErr"))
    assert set(table["DF"]) == {n_cases - 1}
    p_values = 2 * stdtr(n_cases - 1, [-abs(d.statistic) for d in ours])
    assert list(p_values) == p_close(numbers(table, "PrGTt"))


def check_dbm_components(pseudovalues, anova):
    """Mean squares of all pseudovalues, of one modality and of one reader, and the components."""
    k, j, i = pseudovalues.shape
    ms = pseudovalue_mean_squares(pseudovalues)
    rows = anova["TRCanova"]
    for term, square, df in zip(rows["_row"], rows["MS"], rows["DF"], strict=True):
        if term != "Total":
            assert getattr(ms, term.lower()) == close(square)
            assert named(rows, "SS")[term] == close(square * df)
    ours = {
        "VarR": (ms.r - ms.tr - ms.rc + ms.trc) / (i * k),
        "VarC": (ms.c - ms.tc - ms.rc + ms.trc) / (i * j),
        "VarTR": (ms.tr - ms.trc) / k,
        "VarTC": (ms.tc - ms.trc) / j,
        "VarRC": (ms.rc - ms.trc) / i,
        "VarErr": ms.trc,
    }
    assert ours == close(named(anova["VarCom"], "Estimates"))
    modalities = [name for name in anova["IndividualTrt"] if name not in ("_row", "DF")]
    for place, name in enumerate(modalities):
        both = pseudovalue_mean_squares(np.repeat(pseudovalues[:, :, [place]], 2, axis=2))
        assert [both.r / 2, both.c / 2, both.rc / 2] == close(anova["IndividualTrt"][name])
    readers = [name for name in anova["IndividualRdr"] if name not in ("_row", "DF")]
    for place, name in enumerate(readers):
        own = pseudovalue_mean_squares(pseudovalues[:, [place]])
        assert [own.t, own.c, own.tc] == close(anova["IndividualRdr"][name])


def test_components_from_the_utilities_are_the_same(studies, peer):
    truth, ratings = studies["dataset02"]
    table = fom_table(truth, ratings, covariance="jackknife")
    check_or_components(truth, ratings, auc, table, peer["UtilORVarComp/dataset02"]["result"])
    left = leave_one_out(truth, ratings)
    check_dbm_components(left.pseudovalues(), peer["UtilDBMVarComp/dataset02"]["result"])
    for name in ("dataset02", "dataset09"):
        theirs = peer[f"UtilFigureOfMerit/{name}/Wilcoxon"]["result"]["values"]
        value = fom_table(*studies[name], covariance="none").value
        np.testing.assert_allclose(value.T, np.array(theirs, dtype=float), rtol=1e-12)


CAD = {
    "dataset09": "Wilcoxon",
    "datasetCadLroc": "Wilcoxon",
    "datasetCadSimuFroc": "HrAuc",
}


def cad_table(study):
    """Reader 1 is the CAD."""
    return fom_table(*study, covariance="jackknife", readers=tuple(str(n) for n in range(10)))


def values(field):
    """Numbers of a field that RJafroc gives as a number, a list, a dictionary or a matrix."""
    if isinstance(field, dict):
        field = field.get("values_column_major", list(field.values()))
    return list(np.atleast_1d(field))


@pytest.mark.parametrize("method", ["1T-RRRC", "1T-RRFC"])
@pytest.mark.parametrize("name", CAD)
def test_cad_against_radiologists(studies, peer, name, method):
    expected = peer[f"StCadVsRad/{name}/{CAD[name]}/{method}/0.2"]["result"]
    random = "readers and cases" if method == "1T-RRRC" else "readers"
    result = ai_against_readers(
        cad_table(studies[name]), ai="0", random=random, mean_scale="identity"
    )
    ours = result.difference
    assert result.ai.estimate == close(expected["fomCAD"])
    assert [d.estimate_a for d in result.by_reader] == close(values(expected["fomRAD"]))
    assert result.readers_mean.estimate == close(expected["avgRadFom"])
    assert -ours.estimate == close(expected["avgDiffFom"])
    assert [-ours.ci_high, -ours.ci_low] == close(values(expected["CIAvgDiffFom"]))
    assert result.var_difference == close(expected["varR"])
    assert -ours.statistic == close(values(expected["Tstat"])[0])
    assert ours.df == close(values(expected["df"])[0])
    assert ours.p_value == p_close(values(expected["pval"])[0])
    if method == "1T-RRRC":
        assert result.cov2 == close(expected["cov2"])
        # A peer's fault: the limits of the readers' mean have the error of the difference.
        low, high = values(expected["CIAvgRad"])
        assert (high - low) / 2 == close((ours.ci_high - ours.ci_low) / 2)
        assert result.readers_mean.ci_high - result.readers_mean.ci_low < 0.7 * (high - low)
    else:
        limits = [result.readers_mean.ci_low, result.readers_mean.ci_high]
        assert limits == close(values(expected["CIAvgRadFom"]))


@pytest.mark.parametrize("name", ["dataset09", "datasetCadLroc"])
def test_cad_as_a_second_modality(studies, peer, name):
    # 2T-RRRC repeats the CAD beside every reader; it prints the CAD as modality 1.
    expected = peer[f"StCadVsRad/{name}/Wilcoxon/2T-RRRC/0.2"]["result"]
    truth, ratings = studies[name]
    both = np.stack([np.repeat(ratings[:, :1, 0], 9, axis=1), ratings[:, 1:, 0]], axis=2)
    table = fom_table(truth, both, covariance="jackknife")
    analysis = obuchowski_rockette(table, mean_scale="identity")
    (ours,) = analysis.differences
    test = expected["ciDiffFom"]
    assert (ours.estimate, ours.std_error) == close((test["Estimate"][0], test["StdErr"][0]))
    assert (ours.df, ours.statistic) == close((test["DF"][0], test["t"][0]))
    assert (ours.ci_low, ours.ci_high) == close((test["CILower"][0], test["CIUpper"][0]))
    assert ours.p_value == p_close(test["PrGTt"][0])
    assert analysis.global_test.statistic == close(expected["FStat"])
    found = analysis.components
    # Twice, for the CAD of every reader is the same: VarR is rounding error alone.
    assert abs(found.var_reader) < 1e-15
    assert found.var_reader_modality == close(expected["varTR"])
    names = ("cov1", "cov2", "cov3")
    assert [getattr(found, key) for key in names] == close([expected[key] for key in names])
    assert found.var_error == close(expected["varError"])
    means = expected["ciAvgRdrEachTrt"]
    assert [m.estimate for m in analysis.modalities] == close(means["Estimate"])
    assert [m.std_error for m in analysis.modalities] == close(means["StdErr"])
    single = ai_against_readers(cad_table(studies[name]), ai="0").difference
    assert single.p_value == pytest.approx(ours.p_value, rel=1e-9)


def test_cad_is_the_first_reader(reference_data):
    for name in ("dataset09", "datasetCadLroc"):
        with (reference_data / "data" / name / "readers.csv").open() as file:
            roles = {row["reader"]: row["role"] for row in csv.DictReader(file)}
        assert roles["1"] == "CAD"

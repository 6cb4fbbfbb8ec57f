"""Every FROC, LROC and CAD number of RJafroc and PyJafroc.

RJafroc 2.1.3 prints modality a minus b and readers minus CAD; here it is b minus a and AI minus
readers. It reads PCL off the lowest point of a vertical step, here ``step="lowest"``, and takes its
covariance by the jackknife, which does not suit a quantile.
"""

import json
import math

import numpy as np
import pytest

from tests.froc_sample import froc_from_csv, lroc_from_csv
from toolkit.stats.froc.curves import afroc_curve, froc_curve, inferred_roc_curve, wafroc_curve
from toolkit.stats.froc.cut_figures import alroc_fom, froc_area_fom, pcl_fom
from toolkit.stats.froc.figures_of_merit import (
    afroc,
    afroc1,
    hr_auc,
    hr_se,
    hr_sp,
    max_llf,
    max_nlf,
    max_nlf_all_cases,
    wafroc,
    wafroc1,
)
from toolkit.stats.froc.fom_table import froc_fom_table, froc_leave_one_out
from toolkit.stats.mrmc.ai import ai_against_readers
from toolkit.stats.mrmc.inference import dbm, obuchowski_rockette, pseudovalue_mean_squares

RANDOM = {"RRRC": "readers and cases", "FRRC": "cases", "RRFC": "readers"}
FOMS = {
    "wAFROC": wafroc,
    "AFROC": afroc,
    "wAFROC1": wafroc1,
    "AFROC1": afroc1,
    "HrAuc": hr_auc,
    "HrSe": hr_se,
    "HrSp": hr_sp,
    "MaxLLF": max_llf,
    "MaxNLF": max_nlf,
    "MaxNLFAllCases": max_nlf_all_cases,
}
STUDIES = ("dataset01", "dataset05", "datasetCadSimuFroc", "datasetCadLroc")
# Parametric fits of ROC curves and of the radiological search model are other methods.
OTHER_METHODS = ("FitRsmRoc", "FitBinormalRoc", "FitCbmRoc")
# What the peer cannot do: keys with an error instead of a result.
PEER_FAILS = {
    "dataset01/FROC/OR/jackknife/RRRC": "Illegal FOM specified",
    "dataset05/FROC/OR/jackknife/RRRC": "Illegal FOM specified",
    **{
        f"StCadVsRad/datasetCadSimuFroc/{fom}/2T-RRRC/0.2": "Incorrect FOM with LROC data"
        for fom in ("HrAuc", "AFROC", "wAFROC")
    },
}


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-14)


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "rjafroc.json").read_text()
    return json.loads(text)["results"]


@pytest.fixture(scope="module")
def studies(reference_data):
    data = reference_data / "data"
    found = {name: froc_from_csv(data / name) for name in STUDIES[:3]}
    return {**found, "datasetCadLroc": lroc_from_csv(data / "datasetCadLroc")}


def values_of(frame):
    """Return figures of merit (n_readers, n_modalities); the peer has modalities in rows."""
    return np.array(frame["values"]).T


def first(value):
    """Return a number that may stand in a list or under a name."""
    if isinstance(value, dict):
        value = next(iter(value.values()))
    return value[0] if isinstance(value, list) else value


def check_difference(ours, expected, place=0):
    assert ours.estimate == close(-expected["Estimate"][place])
    assert ours.std_error == close(expected["StdErr"][place])
    assert ours.ci_low == close(-expected["CIUpper"][place])
    assert ours.ci_high == close(-expected["CILower"][place])
    p_value = expected.get("PrGTt", expected.get("PrGTz"))[place]
    assert ours.p_value == pytest.approx(p_value, rel=1e-9)
    if "DF" in expected:
        assert ours.df == close(expected["DF"][place])


def check_analysis(analysis, result):
    check_difference(analysis.differences[0], result["ciDiffTrt"])
    means = result["ciAvgRdrEachTrt"]
    for place, mean in enumerate(analysis.modalities):
        ours = (mean.estimate, mean.std_error, mean.ci_low, mean.ci_high)
        names = ("Estimate", "StdErr", "CILower", "CIUpper")
        assert ours == close(tuple(means[name][place] for name in names))
    test = result["FTests"]
    assert analysis.global_test.p_value == pytest.approx(test["p"][0], rel=1e-9)
    statistic = first(test.get("FStat", test.get("F", test.get("Chisq"))))
    assert analysis.global_test.statistic == close(statistic)


def check_or(study, fom, result, option):
    table = froc_fom_table(study, fom=fom, covariance="jackknife")
    assert table.value == close(values_of(result["FOMs"]["foms"]))
    analysis = obuchowski_rockette(table, random=RANDOM[option], mean_scale="identity")
    check_analysis(analysis, result[option])
    anova = result["ANOVA"]
    ours = analysis.components
    squares = dict(zip(anova["TRanova"]["_row"], anova["TRanova"]["MS"], strict=True))
    assert (ours.ms_modality, ours.ms_reader, ours.ms_reader_modality) == close(
        tuple(squares[name] for name in ("T", "R", "TR"))
    )
    parts = dict(zip(anova["VarCom"]["_row"], anova["VarCom"]["Estimates"], strict=True))
    found = (ours.var_reader, ours.var_reader_modality, ours.cov1, ours.cov2, ours.cov3)
    names = ("VarR", "VarTR", "Cov1", "Cov2", "Cov3", "Var")
    assert (*found, ours.var_error) == close(tuple(parts[name] for name in names))
    variance = np.einsum("jiji->ji", table.covariance)
    assert variance.mean(axis=0) == close(np.array(anova["IndividualTrt"]["varEachTrt"]))
    assert variance.mean(axis=1) == close(np.array(anova["IndividualRdr"]["varEachRdr"]))
    cov1 = [table.covariance[j, 0, j, 1] for j in range(table.n_readers)]
    assert cov1 == close(anova["IndividualRdr"]["cov1EachRdr"])
    if option == "FRRC":
        for place, difference in enumerate(analysis.reader_differences):
            check_difference(difference, result[option]["ciDiffTrtEachRdr"], place)


def check_dbm(study, fom, result, option):
    left = froc_leave_one_out(study, fom=fom)
    assert left.value == close(values_of(result["FOMs"]["foms"]))
    table = froc_fom_table(study, fom=fom, covariance="none")
    analysis = dbm(table, left, random=RANDOM[option], mean_scale="identity")
    check_analysis(analysis, result[option])
    rows = result["ANOVA"]["TRCanova"]
    expected = dict(zip(rows["_row"], rows["MS"], strict=True))
    ours = pseudovalue_mean_squares(left.pseudovalues())
    for term in ("T", "R", "C", "TR", "TC", "RC", "TRC"):
        assert getattr(ours, term.lower()) == close(expected[term])


def cad_fom(name, fraction):
    if name == "PCL":
        return pcl_fom(false_positive_fraction=fraction, step="lowest")
    if name == "ALROC":
        return alroc_fom(false_positive_fraction=fraction)
    return {"Wilcoxon": hr_auc, **FOMS}[name]


def check_cad(study, fom, result, method):
    table = froc_fom_table(study, fom=fom, covariance="jackknife")
    random = "readers" if method == "1T-RRFC" else "readers and cases"
    ours = ai_against_readers(table, ai="R1", random=random, mean_scale="identity")
    radiologists = result["fomRAD"]
    if isinstance(radiologists, dict):
        radiologists = list(radiologists.values())
    assert table.value[:, 0] == close(np.array([result["fomCAD"], *radiologists]))
    assert ours.readers_mean.estimate == close(result["avgRadFom"])
    assert ours.difference.estimate == close(-result["avgDiffFom"])
    if method == "2T-RRRC":
        check_difference(ours.difference, result["ciDiffFom"])
        assert ours.difference.p_value == pytest.approx(result["pval"], rel=1e-9)
        return
    difference = ours.difference
    assert ours.var_difference == close(result["varR"])
    assert -difference.statistic == close(first(result["Tstat"]))
    assert difference.df == close(first(result["df"]))
    assert difference.p_value == pytest.approx(first(result["pval"]), rel=1e-9)
    limits = result["CIAvgDiffFom"]
    limits = limits["values_column_major"] if isinstance(limits, dict) else limits
    assert [-difference.ci_high, -difference.ci_low] == close(limits)
    if "cov2" in result:
        assert ours.cov2 == close(result["cov2"])


def test_every_number_of_rjafroc(peer, studies):
    """Go through every key about marks: none is left out but what is named above."""
    about_marks = {
        key: entry
        for key, entry in peer.items()
        if entry["dataset"] in STUDIES and not key.startswith(OTHER_METHODS)
    }
    checked = dict.fromkeys(("OR", "DBM", "StCadVsRad", "UtilFigureOfMerit", "PlotEmpOpChrs"), 0)
    failing = set()
    for key, entry in about_marks.items():
        if "error" in entry:
            assert entry["error"] == PEER_FAILS[key]
            failing.add(key)
            continue
        study, result, parts = studies[entry["dataset"]], entry["result"], key.split("/")
        if parts[0] == "StCadVsRad":
            check_cad(study, cad_fom(parts[2], float(parts[4])), result, parts[3])
        elif parts[0] == "UtilFigureOfMerit":
            fom = cad_fom(parts[2], 0.2)  # the peer's default fraction
            table = froc_fom_table(study, fom=fom, covariance="none")
            assert table.value == close(values_of(result))
        elif parts[0] == "PlotEmpOpChrs":
            check_curves(study.reading(0, 0), result)
        else:
            check = {"OR": check_or, "DBM": check_dbm}[parts[2]]
            check(study, FOMS[parts[1]], result, parts[4])
        checked[parts[0] if parts[0] in checked else parts[2]] += 1
    assert failing == set(PEER_FAILS)
    assert sum(checked.values()) + len(failing) == len(about_marks)
    counts = {
        "OR": 32,
        "DBM": 18,
        "StCadVsRad": 21,
        "UtilFigureOfMerit": 2,
        "PlotEmpOpChrs": 1,
    }
    assert checked == counts


def check_curves(reading, result):
    curves = {
        "ROC": inferred_roc_curve,
        "FROC": froc_curve,
        "AFROC": afroc_curve,
        "wAFROC": wafroc_curve,
    }
    assert set(result) == set(curves)
    for name, make in curves.items():
        curve = make(reading)
        assert curve.x == close(np.array(result[name]["genAbscissa"]))
        assert curve.y == close(np.array(result[name]["genOrdinate"]))


def test_the_published_headline_numbers(studies):
    table = froc_fom_table(studies["dataset01"])
    analysis = obuchowski_rockette(table)
    assert table.value.mean(axis=0) == pytest.approx([0.8122366573, 0.7111130618], abs=5e-11)
    assert analysis.global_test.statistic == pytest.approx(10.29882525, abs=5e-9)
    assert analysis.global_test.p_value == pytest.approx(0.00366857839, abs=5e-12)
    second = obuchowski_rockette(froc_fom_table(studies["dataset05"]))
    assert second.global_test.p_value == pytest.approx(0.01157058, abs=5e-9)
    cad = ai_against_readers(froc_fom_table(studies["datasetCadSimuFroc"]), ai="R1")
    assert cad.difference.p_value == pytest.approx(0.00059975168, abs=5e-12)
    fom = pcl_fom(false_positive_fraction=0.2, step="lowest")
    pcl = froc_fom_table(studies["datasetCadLroc"], fom=fom, covariance="jackknife")
    assert "does not suit" in pcl.note
    difference = ai_against_readers(pcl, ai="R1").difference
    assert difference.p_value == pytest.approx(0.0417262624, abs=5e-11)


def test_what_the_peer_refuses_has_an_answer(studies):
    # 2T-RRRC gives the p of 1T-RRRC, so that the peer's refusals are known all the same.
    expected = {"HrAuc": 0.321047434257322, "AFROC": 0.000599751681856585}
    for name, p_value in expected.items():
        table = froc_fom_table(studies["datasetCadSimuFroc"], fom=FOMS[name])
        assert ai_against_readers(table, ai="R1").difference.p_value == close(p_value)
    for name in ("dataset01", "dataset05"):
        area = froc_area_fom(nl_per_image=0.1)
        analysis = obuchowski_rockette(froc_fom_table(studies[name], fom=area))
        assert 0 < analysis.global_test.p_value < 1
        assert 0 < analysis.modalities[0].estimate < 0.1


def table_of(frame):
    """Return a table of PyJafroc as columns."""
    return dict(zip(frame["columns"], zip(*frame["data"], strict=True), strict=True))


PYJAFROC = {"JT/wAfroc/RRRC": None, "JT2Rdrs/wAfroc/RRRC": (1, 3)}


def test_every_wafroc_number_of_pyjafroc(reference_data):
    text = (reference_data / "reference" / "pyjafroc.json").read_text()
    results = json.loads(text)["results"]
    about_marks = {key for key in results if "wAfroc" in key and "error" not in results[key]}
    assert about_marks == set(PYJAFROC)
    for key, readers in PYJAFROC.items():
        study = froc_from_csv(reference_data / "data" / "dataset05", only_readers=readers)
        foms, parts, tests = results[key]["result"]
        table = froc_fom_table(study)
        # 15 decimals are printed, and of the tests four.
        assert table.value == pytest.approx(np.array(foms["foms"]["data"]).T, abs=5e-15)
        analysis = obuchowski_rockette(table, mean_scale="identity")
        found = dict(
            zip(parts["VarCom"]["index"], table_of(parts["VarCom"])["Estimates"], strict=True)
        )
        ours = analysis.components
        expected = [found[name] for name in ("VarR", "VarTR", "Var", "Cov1", "Cov2", "Cov3")]
        mine = [ours.var_reader, ours.var_reader_modality, ours.var_error]
        assert [*mine, ours.cov1, ours.cov2, ours.cov3] == pytest.approx(expected, abs=1e-15)
        means = table_of(tests["ciAvgRdrEachTrt"])
        for name, column in (("estimate", "Estimate"), ("std_error", "StdErr"), ("df", "DF")):
            values = [getattr(mean, name) for mean in analysis.modalities]
            assert values == pytest.approx(list(means[column]), rel=1e-9)
        [test] = tests["FTests"]
        printed = table_of(test)
        global_test = analysis.global_test
        assert round(global_test.statistic, 4) == printed["FStat"][0]
        assert round(global_test.p_value, 4) == printed["PValue"][0]
        assert math.isclose(global_test.df2, printed["DF"][1], abs_tol=5e-5)


def test_pcl_bootstrap_default_on_hupse_is_between_no_and_much_doubt(studies):
    fom = pcl_fom(false_positive_fraction=0.2)
    table = froc_fom_table(studies["datasetCadLroc"], fom=fom, rng=1)
    assert table.covariance_method == "bootstrap, 2,000 resamples"
    jackknife = froc_fom_table(studies["datasetCadLroc"], fom=fom, covariance="jackknife")
    ours, other = (
        np.sqrt(np.einsum("jiji->ji", each.covariance)).mean() for each in (table, jackknife)
    )
    # Leaving one case out makes a quantile jump: the jackknife error is the larger one.
    assert 0.03 < ours < other < 0.12

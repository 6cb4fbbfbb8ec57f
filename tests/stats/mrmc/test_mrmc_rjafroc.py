"""OR, DBM and AI against readers: every ROC number of RJafroc, and of google-health's analysis.

RJafroc 2.1.3 prints modality a minus b and readers minus CAD, here it is b minus a and AI minus
readers. With readers fixed it cuts Cov2 - Cov3 off at 0 in OR, which its own formula does not have;
on these data that changes nothing.
"""

import dataclasses
import json
import math

import numpy as np
import pytest

from tests.mrmc_studies import read_csv
from toolkit.results import result_from_dict
from toolkit.stats.mrmc.ai import ai_against_readers
from toolkit.stats.mrmc.covariances import leave_one_out
from toolkit.stats.mrmc.inference import dbm, obuchowski_rockette, pseudovalue_mean_squares
from toolkit.stats.mrmc.table import FomTable

RANDOM = {"RRRC": "readers and cases", "FRRC": "cases", "RRFC": "readers"}
FOLDER = {"dataset02": "VanDyke", "dataset08": "dataset08", "dataset09": "dataset09"}


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "rjafroc.json").read_text()
    return json.loads(text)["results"]


@pytest.fixture(scope="module")
def study(reference_data):
    """Truth, ratings, figures of merit without each case and their table, by data set."""
    found = {}
    for name, folder in FOLDER.items():
        truth, ratings = read_csv(reference_data / "data" / folder / "ratings.csv")
        left = leave_one_out(truth, ratings)
        found[name] = left, make_table(left, truth)
    return found


def make_table(left, truth):
    n_readers, n_modalities = left.value.shape
    return FomTable(
        quantity="auc",
        value=left.value,
        covariance=left.covariance(),
        covariance_method="jackknife",
        readers=tuple(f"R{number + 1}" for number in range(n_readers)),
        modalities=tuple(f"M{number + 1}" for number in range(n_modalities)),
        n_cases=truth.size,
        n_positive=int(truth.sum()),
        n_units=left.n_units,
        method="empirical AUC",
    )


def check_differences(ours, expected):
    names = ("Estimate", "StdErr", "CILower", "CIUpper")
    estimate, error, low, high = (np.atleast_1d(expected[name]) for name in names)
    assert [d.estimate for d in ours] == close(list(-estimate))
    assert [d.std_error for d in ours] == close(list(error))
    assert [d.ci_low for d in ours] == close(list(-high))
    assert [d.ci_high for d in ours] == close(list(-low))
    p_name = "PrGTt" if "PrGTt" in expected else "PrGTz"
    assert [d.p_value for d in ours] == pytest.approx(
        list(np.atleast_1d(expected[p_name])), rel=1e-8
    )


def check_means(ours, expected):
    assert [m.std_error for m in ours] == close(list(expected["StdErr"]))
    assert [m.ci_low for m in ours] == close(list(expected["CILower"]))
    assert [m.ci_high for m in ours] == close(list(expected["CIUpper"]))


@pytest.mark.parametrize("option", RANDOM)
@pytest.mark.parametrize("name", ["dataset02", "dataset08"])
def test_obuchowski_rockette_matches_rjafroc(study, peer, name, option):
    _, table = study[name]
    analysis = obuchowski_rockette(table, random=RANDOM[option], mean_scale="identity")
    result = peer[f"{name}/Wilcoxon/OR/jackknife/{option}"]["result"]
    check_differences(analysis.differences, result[option]["ciDiffTrt"])
    if option != "RRFC":
        check_means(analysis.modalities, result[option]["ciAvgRdrEachTrt"])
    test = result[option]["FTests"]
    p_value = next(value for value in test["p"] if value is not None)
    assert analysis.global_test.p_value == pytest.approx(p_value, rel=1e-8)
    components = result["ANOVA"]["VarCom"]
    expected = dict(zip(components["_row"], components["Estimates"], strict=True))
    ours = analysis.components
    assert ours.var_reader == close(expected["VarR"])
    assert ours.var_reader_modality == close(expected["VarTR"])
    assert (ours.cov1, ours.cov2, ours.cov3) == close(
        tuple(expected[kind] for kind in ("Cov1", "Cov2", "Cov3"))
    )


@pytest.mark.parametrize("option", RANDOM)
@pytest.mark.parametrize("name", ["dataset02", "dataset08"])
def test_dbm_matches_rjafroc(study, peer, name, option):
    left, table = study[name]
    analysis = dbm(table, left, random=RANDOM[option], mean_scale="identity")
    result = peer[f"{name}/Wilcoxon/DBM/jackknife/{option}"]["result"]
    check_differences(analysis.differences, result[option]["ciDiffTrt"])
    check_means(analysis.modalities, result[option]["ciAvgRdrEachTrt"])
    test = result[option]["FTests"]
    assert analysis.global_test.statistic == close(test["FStat"][0])
    assert [analysis.global_test.df1, analysis.global_test.df2] == close(test["DF"])
    assert analysis.global_test.p_value == pytest.approx(test["p"][0], rel=1e-8)
    rows = result["ANOVA"]["TRCanova"]
    expected = dict(zip(rows["_row"], rows["MS"], strict=True))
    ours = pseudovalue_mean_squares(left.pseudovalues())
    for term in ("T", "R", "C", "TR", "TC", "RC", "TRC"):
        assert getattr(ours, term.lower()) == close(expected[term])


def test_dbm_is_obuchowski_rockette_where_readers_and_cases_are_random(study):
    for name in ("dataset02", "dataset08"):
        left, table = study[name]
        first, second = dbm(table, left), obuchowski_rockette(table)
        assert first.global_test.p_value == pytest.approx(second.global_test.p_value, rel=1e-9)
        for ours, other in zip(first.differences, second.differences, strict=True):
            assert (ours.df, ours.std_error) == close((other.df, other.std_error))


METHODS = {"1T-RRRC": "readers and cases", "1T-RRFC": "readers", "2T-RRRC": "readers and cases"}


@pytest.mark.parametrize("method", METHODS)
def test_cad_against_radiologists_matches_rjafroc(study, peer, method):
    _, table = study["dataset09"]
    result = ai_against_readers(table, ai="R1", random=METHODS[method], mean_scale="identity")
    expected = peer[f"StCadVsRad/dataset09/Wilcoxon/{method}/0.2"]["result"]
    ours = result.difference
    assert ours.estimate == close(-expected["avgDiffFom"])
    if method == "2T-RRRC":
        test = expected["ciDiffFom"]
        assert (ours.std_error, ours.df) == close((test["StdErr"][0], test["DF"][0]))
        assert ours.p_value == close(test["PrGTt"][0])
        return
    for name, value in (("Tstat", -ours.statistic), ("df", ours.df), ("pval", ours.p_value)):
        found = expected[name]
        assert value == close(next(iter(found.values())) if isinstance(found, dict) else found)


def test_hupse_as_published_by_three_programs(study):
    # RJafroc, PyJafroc and google-health's model_vs_readers_orh agree to 1e-12.
    _, table = study["dataset09"]
    ours = ai_against_readers(table, ai="R1", margin=0.05).difference
    assert ours.estimate == close(-0.0317361111111111)
    assert ours.statistic == close(-0.992868883384089)
    assert ours.df == close(877.886378333107)
    assert ours.p_value == close(0.321047434257322)
    assert (ours.ci_low, ours.ci_high) == close((-0.0944709909967753, 0.030998768774553))
    assert ours.p_noninferiority == close(0.2839413076498562)  # one-sided, margin 0.05
    assert ours.noninferior is False


def test_google_health_model_against_readers(study, reference_data):
    text = (reference_data / "reference" / "google_health.json").read_text()
    expected = json.loads(text)["results"]
    _, table = study["dataset02"]
    one = FomTable(
        **{
            **{field: getattr(table, field) for field in ("quantity", "covariance_method")},
            "value": table.value[:, :1],
            "covariance": table.covariance[:, :1, :, :1],
            "readers": table.readers,
            "modalities": table.modalities[:1],
            "n_cases": table.n_cases,
            "n_positive": table.n_positive,
            "n_units": table.n_units,
            "method": table.method,
        }
    )
    theirs = expected["model_vs_readers_orh/VanDyke/reader1_as_model"]["result"]
    ours = ai_against_readers(one, ai="R1").difference
    assert ours.estimate == pytest.approx(theirs["effect"], rel=1e-9)
    assert ours.df == pytest.approx(theirs["dof"], rel=1e-9)
    assert [ours.ci_low, ours.ci_high] == pytest.approx(theirs["ci"], rel=1e-9)


def test_the_ai_as_a_second_modality_gives_the_same_test(study):
    _, table = study["dataset09"]
    n_readers = table.n_readers - 1
    index = np.array([[reader, 0] for reader in range(1, table.n_readers)])
    flat = table.covariance[:, 0, :, 0]
    two = FomTable(
        quantity="auc",
        value=np.column_stack([table.value[1:, 0], np.full(n_readers, table.value[0, 0])]),
        covariance=flat[index[:, :, None, None], index[None, None]],
        covariance_method="jackknife",
        readers=table.readers[1:],
        modalities=("unaided", "AI"),
        n_cases=table.n_cases,
        n_positive=table.n_positive,
        n_units=table.n_units,
        method="empirical AUC",
    )
    second = obuchowski_rockette(two).differences[0]
    first = ai_against_readers(table, ai="R1").difference
    for name in ("estimate", "std_error", "df", "p_value", "ci_low"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-9)


def test_by_reader_is_the_ai_minus_each_and_their_mean_the_pooled_one(study):
    _, table = study["dataset09"]
    result = ai_against_readers(table, ai="R1", mean_scale="identity")
    assert [d.label_a for d in result.by_reader] == [f"R{n}" for n in range(2, 11)]
    assert {d.label_b for d in result.by_reader} == {"R1"}
    mean = np.mean([d.estimate for d in result.by_reader])
    assert mean == pytest.approx(result.difference.estimate)
    assert result.ai.estimate == pytest.approx(0.816927083333333)
    assert result.readers_mean.estimate == pytest.approx(0.848663194444444)
    back = result_from_dict(json.loads(json.dumps(result.to_dict())))
    assert back.to_dict() == result.to_dict()
    assert len(result.summary_frame()) == 10


def small(n_readers=3, n_modalities=1, **changes):
    fields = {
        "quantity": "auc",
        "value": np.linspace(0.7, 0.9, n_readers * n_modalities).reshape(n_readers, n_modalities),
        "covariance_method": "none",
        "readers": tuple(f"R{n}" for n in range(n_readers)),
        "modalities": tuple(f"M{n}" for n in range(n_modalities)),
        "n_cases": 40,
        "n_positive": 20,
        "n_units": 40,
        "method": "AUC",
    }
    return FomTable(**{**fields, **changes})


def test_ai_against_one_reader_is_over_cases_alone():
    table = small(2, covariance=np.diag([4e-4, 5e-4]).reshape(2, 1, 2, 1))
    result = ai_against_readers(table, ai="R1", random="cases")
    assert result.difference.std_error == pytest.approx(math.sqrt(9e-4))
    with pytest.raises(ValueError, match="needs at least two readers"):
        ai_against_readers(table, ai="R1")


def test_wrong_tables_are_refused():
    with pytest.raises(ValueError, match="the table must have one modality, but has 2"):
        ai_against_readers(small(3, 2), ai="R1", random="readers")
    with pytest.raises(ValueError, match="ai='AI' must be one of the readers"):
        ai_against_readers(small(), ai="AI", random="readers")
    with pytest.raises(ValueError, match="needs the covariance over cases"):
        ai_against_readers(small(), ai="R1")


def drawn(n_cases=30, n_readers=3, n_modalities=2):
    truth = np.arange(n_cases) % 2
    ratings = np.random.default_rng(2).normal(size=(n_cases, n_readers, n_modalities))
    return truth, ratings + truth[:, None, None]


def test_dbm_refuses_what_it_is_not_defined_for():
    truth, ratings = drawn()
    left = leave_one_out(truth, ratings)
    table = make_table(left, truth)
    patients = leave_one_out(truth, ratings, cluster=np.arange(30) // 2)
    with pytest.raises(ValueError, match="DBM needs independent cases"):
        dbm(table, patients)
    with pytest.raises(ValueError, match="must hold the same crossed figures"):
        dbm(table, leave_one_out(truth, ratings[:, :2]))
    one = leave_one_out(truth, ratings[:, :, :1])
    with pytest.raises(ValueError, match="the table has one"):
        dbm(make_table(one, truth), one)
    alone = leave_one_out(truth, ratings[:, :1])
    with pytest.raises(ValueError, match="needs at least two readers, but got 1"):
        dbm(make_table(alone, truth), alone)


def test_an_ai_whose_name_begins_another_name_is_not_taken_for_it():
    table = small(3, readers=("AI, version 1", "R1", "AI"))
    result = ai_against_readers(table, ai="AI", random="readers")
    assert result.ai.estimate == table.value[2, 0]


def test_an_ai_without_a_figure_is_refused():
    value = np.array([[0.8], [0.85], [math.nan]])
    table = small(3, value=value, note="the AI rated one class alone")
    with pytest.raises(ValueError, match="the first for R2 in M0"):
        ai_against_readers(table, ai="R2", random="readers")


def test_pseudovalues_have_the_figure_as_their_mean():
    truth, ratings = drawn()
    left = leave_one_out(truth, ratings)
    # A ratio of sums without each case, as AFROC: its raw pseudovalues miss the figure.
    moved = dataclasses.replace(left, left_out=left.left_out**2, value=left.value**2)
    np.testing.assert_allclose(moved.pseudovalues().mean(axis=0), moved.value, rtol=1e-12)

"""Verdicts of a plan: closed testing by brute force, the order, what stands alone, refusals."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from toolkit.results import Comparison, result_from_dict
from toolkit.stats._inference import wald_difference
from toolkit.stats.claims.plan import Claim, EndpointPlan, endpoint_verdicts
from toolkit.stats.mrmc.analysis import GlobalTest


def difference(z, *, quantity="recall_rate", margin=None, better="higher", note="", level=0.95):
    """A difference of z standard errors of 0.01."""
    error = 0.01 if math.isfinite(z) else math.nan
    wald = wald_difference(0.01 * z, error, ci_level=level, margin=margin, better=better)
    return Comparison(
        method="difference",
        quantity=quantity,
        unit="probability",
        estimate=0.01 * z,
        std_error=error,
        ci_method="Wald",
        label_a="unaided",
        label_b="aided",
        estimate_a=0.8,
        estimate_b=0.8 + 0.01 * z,
        effect="difference",
        note=note,
        **vars(wald),
    )


def global_test(p_value):
    return GlobalTest(statistic=4.0, df1=2.0, df2=30.0, p_value=p_value, method="F test")


def superior(name, quantity="recall_rate"):
    return Claim(result=name, quantity=quantity, kind="superiority")


def noninferior(name, margin=0.05, quantity="recall_rate"):
    return Claim(result=name, quantity=quantity, kind="noninferiority", margin=margin)


def different(name, quantity="recall_rate"):
    return Claim(result=name, quantity=quantity, kind="difference")


def verdicts(plan, results):
    return [(v.label, v.verdict) for v in endpoint_verdicts(plan, results).verdicts]


def deviate(p_value):
    """The z whose two-sided P is ``p_value``."""
    return -float(ndtri(p_value / 2))


# ---- reference: closed testing


def closed_by_holm(p_values, alpha):
    """Which hypotheses are rejected when every intersection is tested by Bonferroni."""
    places = range(len(p_values))
    subsets = [s for n in range(1, len(p_values) + 1) for s in itertools.combinations(places, n)]
    rejected = {s for s in subsets if min(p_values[i] for i in s) <= alpha / len(s)}
    return [all(s in rejected for s in subsets if i in s) for i in places]


@given(
    p_values=st.lists(st.floats(0.0005, 0.2), min_size=1, max_size=5),
    primary=st.floats(0.0005, 0.08),
)
@settings(max_examples=25, deadline=None)
def test_holm_is_closed_testing_behind_the_primary_claim(p_values, primary):
    names = [f"e{place}" for place in range(len(p_values))]
    plan = EndpointPlan(
        primary=(superior("first"),),
        secondary=tuple(superior(name) for name in names),
        secondary_rule="holm",
    )
    results = {"first": difference(deviate(primary))}
    results |= {n: difference(deviate(p)) for n, p in zip(names, p_values, strict=True)}
    found = dict(verdicts(plan, results))
    assert (found["first"] == "shown") == (primary <= 0.05)
    expected = closed_by_holm(p_values, 0.05)
    for name, shown in zip(names, expected, strict=True):
        if primary > 0.05:
            assert found[name] == "not tested"
        else:
            assert found[name] == ("shown" if shown else "not shown")


@given(zs=st.lists(st.floats(-4, 5), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_fixed_sequence_stops_at_the_first_claim_not_shown(zs):
    names = [f"e{place}" for place in range(len(zs))]
    plan = EndpointPlan(
        primary=(superior(names[0]),), secondary=tuple(superior(n) for n in names[1:])
    )
    results = {n: difference(z) for n, z in zip(names, zs, strict=True)}
    expected, going = [], True
    for name in names:
        shown = bool(results[name].superior)
        expected.append(
            (name, "shown" if going and shown else "not shown" if going else "not tested")
        )
        going = going and shown
    assert verdicts(plan, results) == expected


# ---- property


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (3.0, ["shown", "shown"]),
        (-1.0, ["shown", "not shown"]),
        (-4.0, ["not shown", "not tested"]),
        (math.nan, ["not shown", "not tested"]),
    ],
)
def test_noninferiority_then_superiority_costs_nothing(z, expected):
    plan = EndpointPlan(primary=(noninferior("recall"), superior("recall")))
    note = "undefined" if math.isnan(z) else ""
    result = difference(z, margin=0.05, note=note)
    found = endpoint_verdicts(plan, {"recall": result}).verdicts
    assert [v.verdict for v in found] == expected
    if z == 3.0:
        assert (found[0].verdict == "shown") == result.noninferior
        assert found[1].p_adjusted == max(result.p_value, 2 * result.p_noninferiority)
    if math.isnan(z):
        assert "its P is undefined; undefined" in found[0].note


@given(z=st.floats(-6, 4), level=st.sampled_from([0.9, 0.95, 0.99]), margin=st.floats(0.01, 0.06))
@settings(max_examples=100, deadline=None)
def test_single_claims_agree_with_their_interval(z, level, margin):
    result = difference(z, margin=margin, level=level)
    for claim, expected in (
        (noninferior("x", margin), result.noninferior),
        (superior("x"), result.superior),
        (different("x"), result.ci_low > 0 or result.ci_high < 0),
    ):
        plan = EndpointPlan(primary=(claim,), ci_level=level)
        assert verdicts(plan, {"x": result}) == [("x", "shown" if expected else "not shown")]


def test_a_large_effect_in_the_wrong_direction_is_not_superiority():
    plan = EndpointPlan(primary=(superior("recall"),))
    worse = endpoint_verdicts(plan, {"recall": difference(3.0, better="lower")}).verdicts[0]
    assert (worse.verdict, worse.p_value) == ("not shown", 1.0)
    plan = EndpointPlan(primary=(different("recall"),))
    assert verdicts(plan, {"recall": difference(-3.0)}) == [("recall", "shown")]


def test_global_test_opens_the_way_to_the_pairs():
    plan = EndpointPlan(
        primary=(different("modalities"),),
        secondary=tuple(different(name) for name in ("ab", "ac", "bc")),
        secondary_rule="holm",
    )
    pairs = {"ab": difference(2.6), "ac": difference(2.2), "bc": difference(0.4)}
    opened = endpoint_verdicts(plan, {"modalities": global_test(0.03), **pairs}).verdicts
    assert [v.verdict for v in opened] == ["shown", "shown", "not shown", "not shown"]
    assert opened[1].p_adjusted == max(0.03, 3 * pairs["ab"].p_value)
    assert opened[2].note == "its own P is small enough, P adjusted for its family is not"
    closed = endpoint_verdicts(plan, {"modalities": global_test(0.06), **pairs}).verdicts
    assert [v.verdict for v in closed] == ["not shown"] + ["not tested"] * 3
    assert closed[1].note == "difference of modalities was not shown"


def test_an_undefined_result_stays_in_its_family():
    plan = EndpointPlan(
        primary=(superior("first"),),
        secondary=(superior("x"), superior("y")),
        secondary_rule="holm",
    )
    results = {
        "first": difference(5.0),
        "x": difference(2.1),
        "y": difference(math.nan, note="no case"),
    }
    assert verdicts(plan, results) == [("first", "shown"), ("x", "not shown"), ("y", "not shown")]


def test_results_outside_the_plan_have_no_verdict():
    plan = EndpointPlan(primary=(superior("recall"),))
    found = endpoint_verdicts(
        plan, {"recall": difference(0.0), "by density": difference(9.0), "F": global_test(0.001)}
    )
    outside = found.verdicts[1:]
    assert [(v.verdict, v.claim, v.p_value) for v in outside] == [
        ("outside the plan", "none", None)
    ] * 2
    assert all("descriptive" in v.note for v in outside)
    assert found.method == "primary in order, secondary by fixed sequence, alpha 0.05"


def test_verdicts_survive_their_dictionary():
    plan = EndpointPlan(primary=(superior("recall"),))
    found = endpoint_verdicts(plan, {"recall": difference(1.0), "other": difference(2.0)})
    assert result_from_dict(found.to_dict()).to_dict() == found.to_dict()
    assert found.summary_frame()["verdict"].tolist() == ["not shown", "outside the plan"]


# ---- an AUC never stands alone


AUC = Claim(result="auc", quantity="auc", kind="superiority")
RULE = "BI-RADS 0, 4 or 5"


def test_auc_with_both_at_the_recall_rule_is_a_plan():
    sensitivity = superior("sens", "sensitivity from rating 4 up")
    plan = EndpointPlan(
        primary=(AUC,), secondary=(sensitivity,), reported=("specificity",), recall_rule=RULE
    )
    results = {
        "auc": difference(3.0, quantity="auc"),
        "sens": difference(1.0, quantity="sensitivity from rating 4 up"),
        "spec": difference(-1.0, quantity="specificity"),
    }
    assert verdicts(plan, results) == [
        ("auc", "shown"),
        ("sens", "not shown"),
        ("spec", "outside the plan"),
    ]
    assert endpoint_verdicts(plan, results).note == f"recalled means: {RULE}"
    del results["spec"]
    with pytest.raises(ValueError, match="the plan reports specificity, but no result is of it"):
        endpoint_verdicts(plan, results)


@pytest.mark.parametrize(
    ("reported", "rule", "lacks"),
    [
        ((), RULE, "sensitivity, specificity"),
        (("sensitivity",), RULE, "specificity"),
        (("sensitivity", "specificity"), "", "a recall_rule"),
        (("sensitivity at specificity 0.9", "specificity"), RULE, "sensitivity"),
    ],
)
@pytest.mark.parametrize("quantity", ["auc", "partial AUC, specificity 0.8 to 1", "binormal_auc"])
def test_auc_without_them_is_refused(reported, rule, lacks, quantity):
    claim = Claim(result="auc", quantity=quantity, kind="superiority")
    with pytest.raises(ValueError, match=rf"a plan with an AUC must name .* but lacks {lacks}$"):
        EndpointPlan(primary=(claim,), reported=reported, recall_rule=rule)


# ---- errors


def test_malformed_plans_are_refused():
    with pytest.raises(ValueError, match="a plan needs a primary claim"):
        EndpointPlan(primary=())
    with pytest.raises(ValueError, match="claim superiority of 'x' must stand once"):
        EndpointPlan(primary=(superior("x"),), secondary=(superior("x"),))
    with pytest.raises(ValueError, match="non-inferiority of 'x' must come before its superiority"):
        EndpointPlan(primary=(superior("x"),), secondary=(noninferior("x"),))
    with pytest.raises(ValueError, match="secondary_rule must be one of 'fixed sequence', 'holm'"):
        EndpointPlan(primary=(superior("x"),), secondary_rule="hochberg")
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        EndpointPlan(primary=(superior("x"),), ci_level=95)
    with pytest.raises(ValueError, match="kind must be one of 'noninferiority'"):
        Claim(result="x", quantity="y", kind="better")
    with pytest.raises(ValueError, match="claim 'x': a margin belongs to every claim of non-inf"):
        Claim(result="x", quantity="y", kind="noninferiority")
    with pytest.raises(ValueError, match=r"but got margin=0\.05 for superiority"):
        Claim(result="x", quantity="y", kind="superiority", margin=0.05)


def test_results_that_are_not_the_planned_ones_are_refused():
    plan = EndpointPlan(primary=(noninferior("x"),))
    with pytest.raises(ValueError, match="the plan judges 'x', but there is no such result"):
        endpoint_verdicts(plan, {"y": difference(1.0)})
    with pytest.raises(ValueError, match="result 'x' must be of recall_rate, but is of auc"):
        endpoint_verdicts(plan, {"x": difference(1.0, quantity="auc", margin=0.05)})
    with pytest.raises(ValueError, match=r"must have ci_level 0\.95 as the plan, but has 0\.9"):
        endpoint_verdicts(plan, {"x": difference(1.0, margin=0.05, level=0.9)})
    with pytest.raises(ValueError, match=r"must use the planned margin 0\.05, but uses 0\.1"):
        endpoint_verdicts(plan, {"x": difference(1.0, margin=0.1)})
    with pytest.raises(ValueError, match=r"must use the planned margin 0\.05, but uses None"):
        endpoint_verdicts(plan, {"x": difference(1.0)})
    with pytest.raises(ValueError, match="does not say which direction is better"):
        endpoint_verdicts(
            EndpointPlan(primary=(superior("x"),)), {"x": difference(1.0, better=None)}
        )
    with pytest.raises(ValueError, match="tests several modalities at once"):
        endpoint_verdicts(EndpointPlan(primary=(superior("x"),)), {"x": global_test(0.01)})

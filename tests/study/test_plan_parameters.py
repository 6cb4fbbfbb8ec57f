"""A plan in a parameters file: every fault with its line, and what a changed plan runs again."""

import pytest

from tests.study.test_run import COUNT, explain, options, record, run, write
from tests.study.test_run import study as study
from toolkit.study.parameters.file import ParametersError, load_parameters
from toolkit.study.parameters.plan import plan_hash

HEAD = """\
format: 1
study: tiny
title: A tiny study
data: demo
chapters:
  - {chapter: 06_ai, name: 06_other, parameters: {endpoint: sensitivity, sensitivity_margin: null}}
  - chapter: 07_reader_study
    parameters: {endpoint: auc, auc_difference_margin: 0.05, sensitivity_margin: null}
  - {chapter: 09_time, parameters: {time_ratio_margin: null}}
  - {chapter: 90_synthesis}
plan:
"""
NONINFERIOR = "{chapter: 07_reader_study, quantity: auc, claim: noninferiority, margin: 0.05}"
SUPERIOR = "{chapter: 07_reader_study, quantity: auc, claim: superiority}"
BESIDE = """\
  reported:
    - {chapter: 07_reader_study, result: se, quantity: sensitivity}
    - {chapter: 07_reader_study, result: sp, quantity: specificity}
  recall_rule: BI-RADS 4 or 5
"""
TIME = "{chapter: 09_time, quantity: reading_time, claim: superiority}"


def text(*primary, rest=BESIDE, head=HEAD):
    return f"{head}  primary:\n" + "".join(f"    - {claim}\n" for claim in primary) + rest


def load(tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_text(content, encoding="utf-8")
    return load_parameters(path)


def test_a_plan_is_read_with_its_defaults(tmp_path):
    plan = load(tmp_path, text(NONINFERIOR, SUPERIOR, TIME)).plan
    assert [claim.claim for claim in plan.primary] == ["noninferiority"] + ["superiority"] * 2
    assert (plan.secondary, plan.secondary_rule) == ([], "fixed sequence")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (text(), "line 12, plan.primary: input should be a valid list"),
        (
            text(NONINFERIOR.replace("06", "07").replace("0.05", "0.1")),
            "line 13, plan.primary[1]."
            "margin: 07_reader_study has auc_difference_margin 0.05; give plan and",
        ),
        (text(NONINFERIOR.replace(", margin: 0.05", "")), "line 13, plan.primary[1]: claim '07_re"),
        (
            text(SUPERIOR),
            "line 13, plan.primary[1].claim: 07_reader_study has auc_difference_margi"
            "n 0.05, so it asks for non-inferiority; claim that before it, or set the margin",
        ),
        (
            text(SUPERIOR, NONINFERIOR),
            "line 11, plan: non-inferiority of '07_reader_study' must co",
        ),
        (
            text(NONINFERIOR, NONINFERIOR),
            "line 11, plan: claim noninferiority of '07_reader_study'",
        ),
        (
            text(NONINFERIOR, rest=""),
            "line 11, plan: a plan with an AUC must name sensitivity and "
            "specificity at a recall_rule as claims or in reported",
        ),
        (
            text(TIME.replace("09_time", "09_times"), rest=""),
            "line 13, plan.primary[1].chapter: '09"
            "_times' is no chapter that can be judged; known are 06_other, 07_reader_study, 09_",
        ),
        (text(TIME.replace("09_time", "06_ai"), rest=""), "'06_ai' is no chapter that can be judg"),
        (
            text(TIME.replace("09_time", "90_synthesis"), rest=""),
            "'90_synthesis' is no chapter tha",
        ),
        (
            text(NONINFERIOR.replace("auc,", "specificity,"), rest=""),
            "line 13, plan.primary[1].quan"
            "tity: 07_reader_study has endpoint auc; plan that, or name a result",
        ),
        (
            text(TIME.replace("claim:", "klaim:"), rest=""),
            "klaim: unknown key; did you mean 'claim'",
        ),
        (
            text(TIME, rest="  secondary_rule: hochberg\n"),
            "line 14, plan.secondary_rule: input shou",
        ),
        (
            text(TIME, rest="", head=HEAD.replace("  - {chapter: 90_synthesis}\n", "")),
            "line 10, plan: a plan is judged by chapter 90_synthesis; add it to chapters",
        ),
        (
            text(TIME, rest="", head=HEAD.replace("null}}", "null, ci_level: 0.9}}")),
            "line 13, plan."
            "primary[1].chapter: 09_time has ci_level 0.9, the plan 0.95; give both the same",
        ),
        (
            text(
                "{chapter: 09_time, quantity: reading_time, claim: noninferiority, margin: 1.1}",
                rest="",
            ),
            "plan.primary[1].margin: 09_time has time_ratio_margin None; give plan and",
        ),
        (
            text(
                "{chapter: 06_other, quantity: sensitivity, claim: noninferiority, margin: 0.1}",
                rest="",
            ),
            "plan.primary[1].margin: 06_other has sensitivity_margin None; give plan",
        ),
    ],
)
def test_wrong_plans_name_line_key_rule_and_remedy(tmp_path, content, message):
    with pytest.raises(ParametersError) as caught:
        load(tmp_path, content)
    found = caught.value.faults
    assert all(fault.startswith("study.yaml, line ") for fault in found)
    assert any(message in fault for fault in found), found


# ---- a whole study with a plan

COMPARED = """
from toolkit.chapters.exhibit import Headline
from toolkit.study.notebook import load_tables, headline, save_record
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.differences import paired_difference_ci
study = load_tables(tables, part=part, chapter="06")
women = len(study.cases)
counts = PairedCounts(both=20, only_b=9, only_a=5, neither=women)
change = paired_difference_ci(counts, better="higher", quantity="recall_rate")
headline(Headline(question="Is it higher?", answer="It was.", primary=change))
save_record(record, {"again": change})
"""

JUDGES = """
from toolkit.chapters.synthesis import analysis, exhibits
from toolkit.study.notebook import load_tables, headline, save_record
data = load_tables(tables, part=part, chapter="90")
study = analysis.analyse(data)
headline(exhibits.head(study))
save_record(record, exhibits.record(study))
"""
PLAN = """\
plan:
  primary:
    - {chapter: 06_count, quantity: recall_rate, claim: superiority}
"""


def with_plan(study, plan=PLAN):
    path = study / "tiny.yaml"
    path.write_text(path.read_text().partition("plan:")[0] + plan)


@pytest.fixture
def compared(study):
    """The tiny study, its chapter 06 with a comparison."""
    write(study, "06_count", "Count", COMPARED, needs=["cases.truth"])
    write(study, "90_all", "All", JUDGES, needs=["records"])
    return study


def states(study):
    return {n: s.reasons for n, s in explain(study / "tiny.yaml", options(study)).items()}


def test_a_changed_plan_runs_the_chapters_that_it_touches_and_says_why(compared):
    run(compared)
    assert record(compared, "90_all")["results"] == {}
    with_plan(compared)
    assert states(compared)["06_count"] == ("plan",)
    assert set(run(compared).finished.executed) == {"05_area", "06_count", "90_all"}
    assert run(compared).finished.executed == []
    verdicts = record(compared, "90_all")["results"]["plan"]["verdicts"]
    assert [v["verdict"] for v in verdicts] == ["not shown"]
    with_plan(compared, PLAN + "  recall_rule: recalled at 4\n")
    assert states(compared)["06_count"] == ()
    assert run(compared).finished.executed == ["90_all"]


def test_a_chapter_outside_the_plan_has_no_verdict_in_the_book(compared):
    again = "{chapter: 05_area, quantity: share, claim: difference}"
    with_plan(compared, PLAN.replace(PLAN.splitlines()[-1].strip()[2:], again))
    report = run(compared)
    answer = record(compared, "06_count")["headline"]["answer"]
    assert answer == "It was."
    # Chapter 05 has no comparison: the plan is wrong, chapter 90 says so, and nobody else judges.
    assert "05_area, which has no primary comparison" in report.finished.failed["90_all"]
    page = (compared / "reports" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "The claims of the plan are not judged" in page
    assert "Conclusion" not in page
    # Outside the plan the comparison stands as an estimate.
    assert page.index("Estimates.") > 0


def test_a_failed_chapter_is_never_shown(compared):
    with_plan(compared)
    write(compared, "06_count", "Count", COUNT.replace('["truth"]', '["truht"]'))
    report = run(compared)
    assert set(report.finished.failed) == {"06_count"}
    answer = record(compared, "90_all")["headline"]["answer"]
    assert "Cannot be judged yet: superiority in recall rate" in answer


def test_first_page_lists_the_claims_and_how_the_plan_is_locked(compared):
    with_plan(compared)
    run(compared)
    page = (compared / "reports" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "The claims of the plan." in page
    assert "Superiority not shown" in page
    assert "Plan not locked" in page
    assert "Not shown. It was." in page
    with_plan(compared, "")
    run(compared)
    page = (compared / "reports" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "No plan: nothing here is a confirmatory result." in page
    assert "Superiority" not in page
    assert "Conclusion" not in page


def test_a_lock_holds_the_plan_that_was_locked(tmp_path):
    locked = plan_hash(load(tmp_path, text(NONINFERIOR)).plan, 0.95)
    lock = f"  locked: {{on: 2024-03-01, hash: {locked}}}\n"
    assert load(tmp_path, text(NONINFERIOR) + lock).plan.locked.on == "2024-03-01"
    with pytest.raises(ParametersError, match=f"locked on 2024-03-01 was the plan {locked}, but"):
        load(tmp_path, text(NONINFERIOR).replace("BI-RADS 4 or 5", "BI-RADS 4") + lock)
    with pytest.raises(ParametersError, match="must be a day as 2024-03-01, but got '2024-02-30'"):
        load(tmp_path, text(NONINFERIOR) + lock.replace("03-01", "02-30"))


def test_a_margin_that_no_claim_names_is_refused(tmp_path):
    with pytest.raises(ParametersError) as caught:
        load(tmp_path, HEAD.partition("plan:")[0])
    assert "line 8, chapters[2].parameters.auc_difference_margin: a margin of 0.05 belongs" in str(
        caught.value
    )
    assert "belongs to a plan, and none claims non-inferiority by it" in str(caught.value)

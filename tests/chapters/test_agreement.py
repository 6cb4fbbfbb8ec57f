"""Chapter 10: counts worked out by hand, other programs' coefficients, and what the page says."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as peer_fleiss

from tests.chapters.given import whole
from toolkit.chapters.agreement import analysis, exhibits
from toolkit.draw.matrix import matrix_figure
from toolkit.draw.svg import figure_svg
from toolkit.results import result_from_dict
from toolkit.scoring.ratings import ScoringError

# Calls of three readers on eight examinations; the third did not read the last one.
CALLS = {
    "a": [1, 1, 1, 1, 0, 0, 0, 0],
    "b": [1, 1, 1, 0, 0, 0, 0, 1],
    "c": [1, 1, 0, 0, 0, 0, 0, None],
}
SCORES = [90, 80, 20, 70, 10, 60, 5, None]  # the AI failed on the last one


class Part:
    """The tables of one part, as a chapter gets them."""

    part = "reader_study"

    def __init__(self, **tables):
        self.__dict__.update(tables)

    def optional(self, name):
        return self.__dict__.get(name)


def readings(**more) -> pd.DataFrame:
    rows = [
        {
            "reader_id": reader,
            "case_id": f"k{number}",
            "modality": "unaided",
            "session": "1",
            "rating": np.nan,
            "call": call,
            "status": "missing" if call is None else "complete",
            "birads": more.get("birads", {}).get((reader, number)),
            "position": more.get("position", {}).get(reader, 1),
        }
        for reader, calls in CALLS.items()
        for number, call in enumerate(calls)
    ]
    rows += [
        {
            "reader_id": "z",
            "case_id": f"k{number}",
            "modality": "standalone",
            "session": "1",
            "rating": score,
            "call": np.nan,
            "status": "failed" if score is None else "complete",
            "birads": None,
            "position": 1,
        }
        for number, score in enumerate(SCORES)
    ]
    frame = pd.DataFrame(rows)
    frame["position"] = frame["position"].astype("Int64")
    return frame


def part(**more) -> Part:
    cases = pd.DataFrame({"case_id": [f"k{n}" for n in range(8)], "truth": [1.0] * 4 + [0.0] * 4})
    cases["patient_id"] = more.get("patients", cases["case_id"])
    for name in {"weight", "indication"} & more.keys():
        cases[name] = more[name]
    readers = pd.DataFrame({"reader_id": ["a", "b", "c", "z"], "kind": ["human"] * 3 + ["ai"]})
    return Part(cases=cases, readers=readers, readings=more.get("readings", readings()))


@pytest.fixture
def study():
    return analysis.analyse(part(), ai_cutoff=50)


def cell(study, *labels):
    return next(p for p in (*study.pairs, *study.ai_pairs) if p.labels == labels)


def test_pair_has_the_shares_counted_by_hand(study):
    pair = cell(study, "R1", "R2")  # both 3, first alone 1, second alone 1, neither 3
    assert pair.n_cases == 8
    assert pair.same.estimate == pytest.approx(6 / 8)
    assert pair.positive.estimate == pytest.approx(2 * 3 / (4 + 4))
    assert pair.negative.estimate == pytest.approx(2 * 3 / (4 + 4))
    assert pair.kappa.estimate == pytest.approx(0.5)  # (6/8 - 1/2) / (1 - 1/2)


def test_pair_counts_only_what_both_read(study):
    pair = cell(study, "R1", "R3")  # seven: both 2, first alone 2, neither 3
    observed, chance = Fraction(5, 7), Fraction(4 * 2 + 3 * 5, 49)
    assert pair.n_cases == 7
    assert pair.kappa.estimate == pytest.approx(float((observed - chance) / (1 - chance)))


def test_gwet_ac1_is_the_fraction_of_its_definition(study):
    pair = cell(study, "R1", "R3")
    share = Fraction(4 + 2, 14)  # of recalls, mean of both
    chance = 2 * share * (1 - share)
    assert pair.ac1.estimate == pytest.approx(float((Fraction(5, 7) - chance) / (1 - chance)))


def test_ai_recalls_from_its_cutoff_and_a_failure_is_no_low_score(study):
    pair = cell(study, "R1", "AI")  # recalls 0, 1, 3, 5 of the first seven
    assert pair.n_cases == 7
    assert pair.same.estimate == pytest.approx(5 / 7)
    at_score = analysis.analyse(part(), ai_cutoff=70)
    assert cell(at_score, "R1", "AI").same.estimate == pytest.approx(6 / 7)


def test_demo_pairs_and_all_readers_match_statsmodels():
    from toolkit.demo import demo_study

    tables = demo_study()["reader_study"]
    found = analysis.analyse(Part(**tables), ai_cutoff=9.5)
    read = tables["readings"].query("modality == 'unaided'")
    wide = read.pivot(index="case_id", columns="reader_id", values="call").astype(int)
    people = tables["readers"].query("kind == 'human'")["reader_id"].tolist()
    for pair, (a, b) in zip(found.pairs, combinations(people, 2), strict=True):
        peer = cohens_kappa(pd.crosstab(wide[a], wide[b]).to_numpy(), return_results=False)
        assert pair.kappa.estimate == pytest.approx(peer, rel=1e-12)
    table, _ = aggregate_raters(wide.to_numpy())
    assert found.recall.kappa.estimate == pytest.approx(peer_fleiss(table), rel=1e-12)
    assert len(found.ai_pairs) == len(people)


def test_case_order_changes_nothing(study):
    shuffled = part(readings=readings().sample(frac=1, random_state=3))
    again = analysis.analyse(shuffled, ai_cutoff=50)
    for name, one in exhibits.record(study).items():
        assert one.to_dict() == exhibits.record(again)[name].to_dict()


def test_women_with_several_examinations_are_clusters(study):
    twice = analysis.analyse(part(patients=[f"p{n // 2}" for n in range(8)]), ai_cutoff=50)
    assert twice.recall.ac1.n_clusters == 4
    assert twice.recall.ac1.estimate == study.recall.ac1.estimate


def test_birads_has_ordinal_weights_and_zero_is_off_the_scale():
    words = ["1", "2", "3", "4A", "4B", "4C", "5"]
    given = {(r, n): words[(n + (r == "b")) % 7] for r in "ab" for n in range(7)}
    given["a", 7] = "0"
    found = analysis.analyse(part(readings=readings(birads=given)))
    birads = found.overall[1]
    assert (birads.scale, birads.n_off_scale, birads.n_readers) == ("BI-RADS category", 1, 2)
    # Ordinal weights 1 - d (d + 1) / (q (q - 1)): six cases one step apart, one six steps.
    weight = [1 - Fraction(d * (d + 1), 7 * 6) for d in range(7)]
    observed = (6 * weight[1] + weight[6]) / 7
    chance = Fraction(sum(weight[abs(i - j)] for i in range(7) for j in range(7)), 49)
    kappa = (observed - chance) / (1 - chance)
    assert birads.kappa.estimate == pytest.approx(float(kappa), rel=1e-12)
    foot = exhibits.overall_table(found).table.foot
    assert "1 reading" in foot.lower().replace("one", "1")
    assert "BI-RADS 0" in foot


def test_arbiters_are_no_readers_of_the_same_cases():
    found = analysis.analyse(part(readings=readings(position={"c": 3})), ai_cutoff=50)
    assert found.readers == ("R1", "R2")
    assert found.n_arbiter == 7
    assert "seven readings of arbiters" in exhibits.scope_sentence(found).lower()


def test_page_without_an_ai_says_so(study):
    alone = analysis.analyse(part())
    assert alone.ai_added is None
    assert exhibits.ai_table(alone) is None
    assert "AI is left out" in exhibits.scope_sentence(alone)
    assert "AI" not in exhibits.head(alone).answer
    assert "AI is left out" not in exhibits.scope_sentence(study)


def test_page_says_where_weights_are_not_used():
    assert "weights" not in whole(exhibits.head(analysis.analyse(part())))
    weighted = analysis.analyse(part(weight=[1.0] * 4 + [20.0] * 4))
    assert "weights of the cases are not used" in whole(exhibits.head(weighted))


def test_head_names_agreement_and_both_coefficients(study):
    head = exhibits.head(study)
    share = np.mean([p.same.estimate for p in study.pairs])
    assert f"{100 * share:.1f}%" in head.answer
    assert f"{study.recall.ac1.estimate:.3f}" in head.answer
    assert "The AI at score 50 or more agreed" in head.answer
    assert dict(head.facts)["AI"] == "AI, score 50 or more"


def test_matrix_shows_every_pair_once_in_each_triangle(study):
    shown = exhibits.matrix(study)
    svg = figure_svg(shown.figure, name="figure-10-1")
    assert svg.count(">0.50</text>") >= 1
    assert ">AI</text>" in svg
    assert len(shown.data) == 3 + 3
    assert list(shown.data.columns[:3]) == ["reader_a", "reader_b", "n_cases"]
    assert len(shown.alt) <= 250


def test_change_with_the_ai_takes_the_cases_that_it_judged(study):
    assert study.ai_added.n_cases == 7
    assert study.ai_added.estimate == pytest.approx(
        study.ai_added.estimate_b - study.ai_added.estimate_a
    )
    row = exhibits.overall_table(study).table.rows[1]
    assert row.cells[1:3] == ["7", "3 + AI"]


def test_record_holds_results_that_come_back(study):
    for one in exhibits.record(study).values():
        assert result_from_dict(one.to_dict()).to_dict() == one.to_dict()
    assert {"ac1_recall", "kappa_r1_r2", "ac1_r3_ai", "ac1_ai_added"} <= exhibits.record(
        study
    ).keys()


def test_summary_is_a_screenful(study):
    assert len(repr(study).splitlines()) <= 12
    assert "<table" in study._repr_html_()


def test_one_reader_is_refused():
    with pytest.raises(ScoringError, match="agreement needs two readers with calls in modality"):
        analysis.analyse(part(), reader_modality="aided")


def test_two_readings_of_a_case_are_refused():
    twice = pd.concat([readings(), readings().assign(session="2")])
    with pytest.raises(ScoringError, match="read a case more than once; name one session"):
        analysis.analyse(part(readings=twice))
    assert analysis.analyse(part(readings=twice), session="1").recall.n_readers == 3


def test_rating_makes_the_calls_that_are_missing():
    frame = readings()
    frame.loc[frame["reader_id"] == "a", "rating"] = np.where(np.array(CALLS["a"]) == 1, 60, 40)
    frame.loc[frame["reader_id"] == "a", "call"] = np.nan
    found = analysis.analyse(part(readings=frame), reader_recall_rating=50)
    assert cell(found, "R1", "R2").kappa.estimate == pytest.approx(0.5)


def test_matrix_that_does_not_fit_its_labels_is_refused():
    with pytest.raises(ValueError, match=r"values must have shape \(2, 2\)"):
        matrix_figure(np.zeros((3, 3)), labels=["R1", "R2"], below="a", above="b")


def two_ais() -> Part:
    frame = readings()
    other = frame[frame["reader_id"] == "z"].assign(reader_id="y", rating=5.0, status="complete")
    both = part(readings=pd.concat([frame, other]))
    both.readers = pd.DataFrame(
        {
            "reader_id": ["a", "b", "c", "z", "y"],
            "kind": ["human"] * 3 + ["ai"] * 2,
            "product": [None] * 3 + ["X"] * 2,
            "version": [None] * 3 + ["1", "2"],
        }
    )
    return both


def test_one_of_two_ais_must_be_named():
    with pytest.raises(ScoringError, match=r"one AI is expected .* 2 have them: X 1, X 2. Name"):
        analysis.analyse(two_ais(), ai_cutoff=50)
    with pytest.raises(ScoringError, match="the AI 'X 3' is expected with scores, but 0 have"):
        analysis.analyse(two_ais(), ai="X 3", ai_cutoff=50)
    second = analysis.analyse(two_ais(), ai="X 2", ai_cutoff=50)  # it never recalls
    assert cell(second, "R1", "X 2").same.estimate == pytest.approx(4 / 8)


def test_readers_without_a_case_in_common_are_refused():
    frame = readings()
    mine = {"a": range(4), "b": range(4, 8), "c": ()}
    keep = [
        int(c[1:]) in mine.get(r, range(8))
        for r, c in zip(frame.reader_id, frame.case_id, strict=True)
    ]
    with pytest.raises(ScoringError, match="no case was judged by two readers in modality"):
        analysis.analyse(part(readings=frame[keep]))


def test_page_says_that_indications_are_taken_together():
    reasons = ["screening"] * 5 + ["symptomatic"] * 3
    mixed = exhibits.head(analysis.analyse(part(indication=reasons)))
    assert "Examinations of two indications (screening and symptoms) are taken" in whole(mixed)
    assert mixed.limits

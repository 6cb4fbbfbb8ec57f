"""Reading strategies replayed: by hand, by a loop over cases, and on published example data."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from toolkit.scoring.case_mix import ScoringError
from toolkit.scoring.strategies import (
    KINDS,
    Episodes,
    arbiter_of,
    current_practice,
    episodes_of,
    not_known,
    outcomes_of,
    replay,
    require_arbiter,
    strategy_fault,
    strategy_of,
    with_reads,
)

NOBODY = np.nan
#                case  truth first second arbiter score programme
ROWS = (
    ("a", 1, 1, 1, NOBODY, 9, 1),
    ("b", 1, 1, 0, 1, 8, 1),
    ("c", 1, 0, 1, 0, 9, 0),
    ("d", 1, 0, 0, NOBODY, 2, 0),
    ("e", 0, 1, 0, 0, 3, 0),
    ("f", 0, 0, 1, 1, 2, 1),
    ("g", 0, 0, 0, NOBODY, 9, 0),
    ("h", 0, 0, 0, NOBODY, NOBODY, 0),
)
ALL = [
    {"strategy": kind, **dict(zip(names, (4.0, 8.5), strict=False))}
    for kind, (names, _) in KINDS.items()
]


def episodes(rows=ROWS, **changes):
    case, *columns = zip(*rows, strict=True)
    truth, first, second, arbiter, score, programme = (np.array(c, dtype=float) for c in columns)
    made = {
        "case_id": np.array(case, dtype=object),
        "patient": np.arange(len(case)),
        "truth": truth,
        "first": first,
        "second": second,
        "arbiter": arbiter,
        "score": score,
        "programme": programme,
        "unverified": (truth == 0) & (programme == 0),
        "weight": None,
        "scale": (1.0, 10.0),
        "ai": "AI 1",
        "indication": "all",
    }
    return Episodes(**{**made, **changes})


def replayed(entry, *, these=None, practice="arbitrated", seed=1, sensitivity=1, specificity=1):
    these = episodes() if these is None else these
    arbiter = arbiter_of(these, sensitivity=sensitivity, specificity=specificity)
    known = outcomes_of(these, arbiter, practice=practice, seed=seed)
    return replay(strategy_of(entry), these, known)


def cases(mask):
    return "".join(row[0] for row, chosen in zip(ROWS, mask, strict=True) if chosen)


# A modelled arbiter here is always right: recalls d, and neither g nor h.
BY_HAND = {
    "single": ("abe", "", 8),
    "double": ("abcef", "", 16),
    "arbitrated": ("abf", "bcef", 20),
    # The AI recalls a, b, c, g; without a score h is read as now: by two who agree.
    "AI as second reader": ("ab", "ceg", 7 + 3 + 2),
    # Below 4: d, e, f.
    "rule-out": ("ab", "bc", 10 + 2),
    "rule-in": ("abcfg", "bef", 3 * 3 + 2 * 2),
    "rule-in to arbitration": ("abf", "abcefg", 4 * 1 + 2 * 4 + 2),
    "band-pass": ("abcg", "b", 3 + 2),
    "triage": ("abe", "bc", 3 + 2 * 5 + 2),
    "decision referral": ("abcg", "", 1 + 2),
    "AI safety net": ("abf", "bcefg", 20 + 1),
}
SCORES = {
    "AI as second reader": {"recall_from": 8},
    "rule-out": {"read_from": 4},
    "rule-in": {"recall_from": 8.5},
    "rule-in to arbitration": {"refer_from": 8},
    "band-pass": {"read_from": 4, "recall_from": 8.5},
    "triage": {"double_from": 4},
    "decision referral": {"read_from": 4, "recall_from": 8.5},
    "AI safety net": {"look_from": 8},
}


@pytest.mark.parametrize("kind", KINDS)
def test_replay_is_what_it_is_by_hand(kind):
    made = replayed({"strategy": kind, **SCORES.get(kind, {})})
    recalled, arbitrated, reads = BY_HAND[kind]
    assert cases(made.recalled) == recalled
    assert cases(made.arbitrated) == arbitrated
    assert made.reads.sum() == reads


# How a case is read below the first score, from it up, from the second up: by nobody, one reader,
# two, as now, recalled, an arbiter, beside an AI that recalls (+) or not (-), looked at again.
IN_WORDS = {
    "single": "one",
    "double": "two",
    "arbitrated": "now",
    "AI as second reader": "- +",
    "rule-out": "nobody now",
    "rule-in": "now recalled",
    "rule-in to arbitration": "now arbiter",
    "band-pass": "nobody now recalled",
    "triage": "one now",
    "decision referral": "nobody one recalled",
    "AI safety net": "now again",
}


def one_case(first, second, decides):
    """Recall and reads of one case, whichever way it is read."""
    now = (first, 2) if first == second else (decides, 3)
    return {
        "nobody": (False, 0),
        "one": (first, 1),
        "two": (first or second, 2),
        "now": now,
        "recalled": (True, 0),
        "arbiter": (decides, 1),
        "-": (decides, 2) if first else (False, 1),
        "+": (True, 1) if first else (decides, 2),
        "again": now if first or second else (decides, 3),
    }


def by_loop(entry, these, arbiter_calls):
    """One case after the other, from the words that describe a strategy."""
    limits = [entry[name] for name in KINDS[entry["strategy"]][0]]
    made = []
    columns = (these.first == 1, these.second == 1, arbiter_calls, these.score)
    for *reads, score in zip(*map(np.ndarray.tolist, columns), strict=True):
        way = IN_WORDS[entry["strategy"]].split()[sum(score >= limit for limit in limits)]
        made.append(one_case(*reads)["now" if limits and np.isnan(score) else way])
    return [recalled for recalled, _ in made], [reads for _, reads in made]


def random_episodes(n=2000, seed=7):
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.2).astype(float)
    first, second = ((rng.random(n) < 0.2 + 0.5 * truth).astype(float) for _ in range(2))
    arbiter = np.where(rng.random(n) < 0.7, rng.random(n) < 0.5, np.nan).astype(float)
    score = np.where(rng.random(n) < 0.05, np.nan, rng.integers(1, 11, n))
    rows = zip(
        [f"{i:05d}" for i in range(n)], truth, first, second, arbiter, score, truth, strict=True
    )
    return episodes(list(rows))


@pytest.mark.parametrize("entry", ALL, ids=lambda e: e["strategy"])
def test_replay_is_that_of_a_loop_over_cases(entry):
    these = random_episodes()
    made = replayed(entry, these=these)
    decides = np.where(np.isnan(these.arbiter), these.truth == 1, these.arbiter == 1)
    recalls, reads = by_loop(entry, these, decides)
    assert made.recalled.tolist() == recalls
    assert made.reads.tolist() == reads


def test_modelled_arbiter_recalls_as_often_as_stated_and_only_where_none_was_asked():
    n = 20_000
    rows = [(f"{i:05d}", i % 2, 1, 0, NOBODY, 9, 0) for i in range(n)]
    made = replayed(
        {"strategy": "arbitrated"}, these=episodes(rows), sensitivity=0.8, specificity=0.7
    )
    truth = np.arange(n) % 2 == 1
    # Four standard errors of a share of 10,000.
    assert abs(made.recalled[truth].mean() - 0.8) < 4 * (0.8 * 0.2 / 10_000) ** 0.5
    assert abs(made.recalled[~truth].mean() - 0.3) < 4 * (0.7 * 0.3 / 10_000) ** 0.5
    assert made.modelled.all()
    asked = replayed({"strategy": "arbitrated"}, sensitivity=0.0, specificity=0.0)
    assert cases(asked.recalled) == "abf"
    assert not asked.modelled.any()


def test_recorded_arbiters_are_the_model_where_none_is_stated():
    arbiter = arbiter_of(episodes())
    # b recalled and c not, both with cancer; e not and f recalled, both without.
    assert (arbiter.sensitivity, arbiter.specificity) == (0.5, 0.5)
    assert (arbiter.n_cancers, arbiter.n_others) == (2, 2)


def test_order_of_cases_changes_nothing():
    these = random_episodes()
    turned = np.random.default_rng(3).permutation(these.n_cases)
    entry = {"strategy": "AI as second reader", "recall_from": 6}
    here = replayed(entry, these=these, sensitivity=0.6, specificity=0.6)
    names = ("case_id", "truth", "first", "second", "arbiter", "score", "programme", "unverified")
    other = replace(these, **{name: getattr(these, name)[turned] for name in names})
    there = replayed(entry, these=other, sensitivity=0.6, specificity=0.6)
    assert (here.recalled[turned] == there.recalled).all()


def test_a_strategy_whose_score_parts_nothing_is_current_practice():
    these = random_episodes()
    now = replayed({"strategy": "arbitrated"}, these=these)
    for entry in (
        {"strategy": "rule-out", "read_from": 1},
        {"strategy": "rule-in", "recall_from": 11},
        {"strategy": "AI safety net", "look_from": 11},
        {"strategy": "triage", "double_from": 1},
    ):
        same = replayed(entry, these=these)
        assert (same.recalled == now.recalled).all()
        assert (same.reads == now.reads).all()


def test_not_known_is_what_it_is_by_hand():
    these, now = episodes(), replayed({"strategy": "arbitrated"})
    # Recalls a, b, c, e, f: e was not recalled and not worked up; c is found anew.
    found = not_known(replayed({"strategy": "double"}), now, these)
    assert (found.without_work_up, found.recall_lost, found.moved, found.by_model) == (1, 0, 1, 0)
    # Reads a, c, g and h: b is lost.
    entry = {"strategy": "rule-out", "read_from": 8.5}
    assert not_known(replayed(entry), now, these).recall_lost == 1
    # A second look at g, without cancer: the model decides on no cancer.
    entry = {"strategy": "AI safety net", "look_from": 1}
    assert not_known(replayed(entry), now, these).by_model == 1  # on d


def test_not_known_takes_current_practice_where_the_programme_is_not_recorded():
    these = episodes(programme=np.full(8, np.nan), unverified=np.zeros(8, dtype=bool))
    now = replayed({"strategy": "arbitrated"}, these=these)
    found = not_known(replayed({"strategy": "double"}, these=these), now, these)
    assert (found.without_work_up, found.moved) == (1, 1)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"strategy": "ruleout", "read_from": 4}, "a mapping with strategy: one of single, double"),
        ({}, "a mapping with strategy: one of single"),
        ({"strategy": "rule-out"}, "rule-out, which takes read_from (and label, if wished) only"),
        ({"strategy": "single", "read_from": 4}, "single, which takes no score"),
        ({"strategy": "rule-out", "read_from": "4"}, "rule-out with numbers for read_from"),
        (
            {"strategy": "band-pass", "read_from": 9, "recall_from": 4},
            "band-pass with read_from below recall_from",
        ),
        ({"strategy": "rule-out", "read_from": 55}, "rule-out with scores of the AI, 1 to 10"),
        ({"strategy": "triage", "double_from": 0.5}, "triage with scores of the AI, 1 to 10"),
    ],
)
def test_a_wrong_strategy_is_told_with_its_rule(entry, words):
    assert words in strategy_fault(entry, [(1.0, 10.0)])


def test_a_score_may_lie_on_any_ai_that_is_meant_or_a_scale_that_is_not_known():
    entry = {"strategy": "rule-out", "read_from": 55, "label": "My own"}
    assert strategy_fault(entry, [(1, 10), (0, 100)]) == ""
    assert strategy_fault(entry, [(np.nan, np.nan)]) == ""
    assert strategy_fault(entry, []) == ""
    assert strategy_of(entry).label == "My own"


def test_a_read_that_nobody_made_is_refused_by_name():
    alone = episodes(second=np.full(8, np.nan))
    rule_out = strategy_of({"strategy": "rule-out", "read_from": 4})
    with pytest.raises(ScoringError, match="current practice: needs a second read, position 2"):
        with_reads(alone, [rule_out], "arbitrated")
    assert with_reads(alone, [rule_out], "single").n_cases == 8
    with pytest.raises(ScoringError, match=r"triage at 4: needs a second read"):
        with_reads(alone, [strategy_of({"strategy": "triage", "double_from": 4})], "single")
    with pytest.raises(ScoringError, match="every strategy needs a first read, position 1"):
        with_reads(episodes(first=np.full(8, np.nan)), [], "single")
    some = episodes(second=np.array([np.nan, *[1.0] * 7]))
    kept = with_reads(some, [rule_out], "double")
    assert (kept.n_cases, kept.n_without_read) == (7, 1)


def test_an_arbiter_of_whom_nothing_is_known_is_refused():
    never = episodes(arbiter=np.full(8, np.nan))
    arbiter = arbiter_of(never, specificity=0.9)
    known = outcomes_of(never, arbiter, practice="double", seed=1)
    entry = strategy_of({"strategy": "arbitrated"})
    with pytest.raises(
        ScoringError, match=r"needs an arbiter's read of 2 cases .*; give arbiter_sensitivity"
    ):
        require_arbiter(entry, replay(entry, never, known), never, arbiter)
    single = strategy_of({"strategy": "single"})
    require_arbiter(single, replay(single, never, known), never, arbiter)


def tables(**columns):
    """Three examinations, read by two people and an AI, the last one of unknown truth."""
    rows = [
        (who, case, "unaided", call, np.nan, position)
        for case, calls in {"x": (1, 0, 1), "y": (0, 0, None), "z": (0, 1, 0)}.items()
        for position, (who, call) in enumerate(zip("pqr", calls, strict=True), start=1)
        if call is not None
    ]
    scores = {"x": 9, "z": 2}.items()
    rows += [("m", case, "standalone", np.nan, score, np.nan) for case, score in scores]
    names = ["reader_id", "case_id", "modality", "call", "rating", "position"]
    readings = pd.DataFrame(rows, columns=names).assign(session="1", status="complete", **columns)
    readers = pd.DataFrame(
        {"reader_id": list("pqrm"), "kind": ["human"] * 3 + ["ai"], "product": "A", "version": "1"}
    ).assign(score_min=1.0, score_max=10.0)
    made = pd.DataFrame(
        {"case_id": list("xyz"), "patient_id": ["w", "w", None], "truth": [1.0, 0.0, np.nan]}
    )
    return readings, readers, made


def test_episodes_take_reads_by_position_and_keep_what_has_no_score():
    these = episodes_of(*tables())
    assert these.case_id.tolist() == ["x", "y"]
    assert these.first.tolist() == [1.0, 0.0]
    assert these.second.tolist() == [0.0, 0.0]
    assert these.arbiter[0] == 1.0
    assert np.isnan(these.arbiter[1])
    assert these.score[0] == 9.0
    assert (these.n_without_score, these.n_without_truth, these.scale) == (1, 1, (1.0, 10.0))
    assert len(set(these.patient.tolist())) == 1
    assert np.isnan(these.programme).all()


def test_episodes_without_positions_are_refused():
    with pytest.raises(ScoringError, match="has both a call and a position"):
        episodes_of(*tables(position=np.nan))


def test_two_readings_in_one_position_are_refused():
    readings, readers, made = tables()
    readings.loc[readings["reader_id"] == "q", "position"] = 1.0
    with pytest.raises(ScoringError, match="2 cases have more than one reading in position 1"):
        episodes_of(readings, readers, made[made["truth"].notna()])


def braix(folder):
    """The published example episodes, as arrays straight from their files."""
    reads = pd.read_csv(folder / "data" / "braix" / "reader_df-dev.csv")
    scores = pd.read_csv(folder / "data" / "braix" / "model_df-dev.csv")
    calls = reads.pivot_table(
        index="episode_id", columns="reader_number", values="individual_recall"
    )
    about = reads.groupby("episode_id").first().reindex(calls.index)
    score = scores.set_index("episode_id")["episode_prediction"].reindex(calls.index)
    truth = about["episode_outcome"].isin([1, 2]).astype(float)
    columns = (truth, calls[1], calls[2], calls[3], score, about["consensus_recall"])
    names = [f"{number:05d}" for number in calls.index]
    return episodes(list(zip(names, *columns, strict=True)), scale=(0.0, 1.0))


def test_current_practice_of_the_published_episodes(reference_data):
    these = braix(reference_data)
    known = outcomes_of(these, arbiter_of(these), practice="arbitrated", seed=1)
    now = replay(current_practice("arbitrated"), these, known)
    cancer = these.truth == 1
    # TP, FP, FN, TN and arbitrations of the episodes' own current practice.
    assert (now.recalled & cancer).sum() == 31
    assert (now.recalled & ~cancer).sum() == 235
    assert (~now.recalled & cancer).sum() == 8
    assert (~now.recalled & ~cancer).sum() == 4726
    assert now.arbitrated.sum() == 371
    assert now.modelled.sum() == 0


def test_a_replay_of_5000_episodes_takes_at_most_5_ms():
    these = random_episodes(5000)
    known = outcomes_of(these, arbiter_of(these), practice="arbitrated", seed=1)
    for entry in ALL:
        strategy, taken = strategy_of(entry), []
        for _ in range(7):
            start = time.perf_counter()
            replay(strategy, these, known)
            taken.append(time.perf_counter() - start)
        assert min(taken) <= 0.005, strategy.label

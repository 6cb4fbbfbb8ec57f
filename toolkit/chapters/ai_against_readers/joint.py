"""The AI against one call a case: the readers' joint call, the programme's or the first read.

Calls are weighted where the cases have weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.chapters.comparison import CALLS, CallEndpoint, Margins
from toolkit.results import Comparison
from toolkit.scoring.accuracy import repeated_patients
from toolkit.scoring.case_mix import weights_differ
from toolkit.scoring.ratings import PairedReadings, Rule, panel_call
from toolkit.scoring.verdicts import (
    NO_TESTS,
    NO_WEIGHTED_TESTS,
    Tests,
    flagged,
    mcnemar_tests,
    undefined_difference,
)
from toolkit.stats.auc import CallAccuracy, call_accuracy, roc_curve, threshold_at_specificity
from toolkit.stats.auc.curve import ROUNDING
from toolkit.stats.paired import PairedCounts, paired_counts, paired_difference_ci
from toolkit.stats.proportions import clustered_paired_difference_ci
from toolkit.words.wording import counted

AI = "the AI"
CallsBy = dict[Rule | Literal["ai"], CallAccuracy]


def complete(values: FloatArray) -> BoolArray:
    """Return which readers gave a value for every case, shape (n_readers,)."""
    return np.asarray(~np.isnan(values).any(axis=0), dtype=np.bool_)


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """The data and what all comparisons of them share."""

    pairs: PairedReadings
    rule: Rule
    margins: Margins
    ci_level: float

    @property
    def mean_name(self) -> str:
        """How sentences name the mean of the readers."""
        n_readers = len(self.pairs.readers.labels)
        people, whole = (
            counted(n_readers, "reader"),
            int(complete(self.pairs.readers.rating).sum()),
        )
        if n_readers == 1:
            return "the one reader"
        if 1 < whole < n_readers:
            some = counted(whole, "of", "of")
            return f"the mean of {some} {people} who rated every examination"
        return f"the mean of {people}"

    @property
    def joint_name(self) -> str:
        """How sentences name the readers' joint call."""
        people = counted(len(self.pairs.readers.labels), "reader")
        return {
            "majority": f"the panel of {people}",
            "any": f"any of {people}",
            "programme": "the programme",
            "first_read": "the first reads",
        }[self.rule]

    def undefined_auc(self, name: str, reason: str) -> Comparison:
        """Return a difference in area that cannot be estimated, with the reason."""
        return undefined_difference(
            "auc", reason, margin=self.margins.get("auc"), names=(name, AI), ci_level=self.ci_level
        )

    def accuracy(self, call: FloatArray, called: BoolArray, *, label: str) -> CallAccuracy:
        """Return the accuracy of one set of calls on the cases that both called."""
        return call_accuracy(
            self.pairs.truth[called],
            call[called],
            weight=self.pairs.readers.weight_of(called),
            cluster=self.pairs.readers.patient[called],
            ci_level=self.ci_level,
            label=label,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class JointComparison:
    """The AI minus the readers' joint call in sensitivity or specificity.

    Parameters
    ----------
    difference : Comparison
        Tango's score interval, Obuchowski's where patients have several cases, or a linearised one
        where cases of the class have unequal weights; the note says where McNemar tests disagree.
    tests : (McNemarTest, McNemarTest) or None
        Mid-P and exact; None where patients have several cases of the class, or cases have unequal
        weights, for the reason in ``no_tests``.
    no_tests : str
        Why there are no tests.
    recalled : PairedCounts
        Recalls of the cases of the class; a is the readers' joint call, b the AI's.
    """

    difference: Comparison
    tests: Tests | None
    recalled: PairedCounts
    no_tests: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class AgainstCall:
    """The AI and one call a case of the readers, on the cases that have both.

    Parameters
    ----------
    rule : {"majority", "any", "programme", "first_read"}
        How readers' calls became one.
    name : str
        How sentences name it.
    joint : dict
        Differences in sensitivity and specificity.
    calls, ai_calls : CallAccuracy
        Accuracy of both.
    """

    rule: Rule
    name: str
    joint: dict[CallEndpoint, JointComparison]
    calls: CallAccuracy
    ai_calls: CallAccuracy


def beside(pairs: PairedReadings, rule: Rule) -> tuple[Rule, ...]:
    """Return the joint call that stands beside the one asked for, where the data have it."""
    other: Rule = "programme" if rule == "first_read" else "first_read"
    truth = pairs.truth[~np.isnan(panel_call(pairs.readers, rule=other))]
    # Without original reads the programme decided on no case here.
    there = 0 < truth.sum() < truth.size and not np.isnan(pairs.readers.first).all()
    return (other,) if there else ()


def against_call(asked: Asked, ai_call: FloatArray) -> AgainstCall:
    """Return the AI against the joint call of ``asked``."""
    panel = panel_call(asked.pairs.readers, rule=asked.rule)
    called = ~np.isnan(panel)
    return AgainstCall(
        rule=asked.rule,
        name=asked.joint_name,
        joint={e: _joint(asked, panel, ai_call, e) for e in CALLS},
        calls=asked.accuracy(panel, called, label=asked.joint_name),
        ai_calls=asked.accuracy(ai_call, called, label=AI),
    )


def group_calls(
    pairs: PairedReadings, rules: Sequence[Rule], cutoff: float, asked: Asked
) -> CallsBy:
    """Return the accuracy of the AI and of each joint call in some examinations."""
    here = replace(asked, pairs=pairs)
    panels = {rule: panel_call(pairs.readers, rule=rule) for rule in rules}
    ai = (pairs.ai_rating >= cutoff).astype(np.float64)
    made: CallsBy = {"ai": here.accuracy(ai, ~np.isnan(panels[rules[0]]), label=AI)}
    for rule, panel in panels.items():
        made[rule] = here.accuracy(panel, ~np.isnan(panel), label=rule)
    return made


def matched_cutoff(pairs: PairedReadings, panel: FloatArray) -> float:
    """Return the AI's lowest rating that is at least as specific as the readers' joint call."""
    called = ~np.isnan(panel)
    weight = pairs.readers.weight_of(called)
    healthy = pairs.truth[called] == 0
    if not healthy.any():
        msg = "no case without cancer was called by the readers, so give ai_cutoff, their match"
        raise ValueError(msg)
    specificity = float(
        1 - np.average(panel[called][healthy], weights=None if weight is None else weight[healthy])
    )
    if not weights_differ(weight):
        return threshold_at_specificity(
            pairs.truth[called], pairs.ai_rating[called], specificity=specificity
        )
    curve = roc_curve(pairs.truth[called], pairs.ai_rating[called], weight=weight)
    return float(curve.threshold[np.flatnonzero(1 - curve.x >= specificity - ROUNDING)[-1]])


def _joint(
    asked: Asked, panel: FloatArray, ai_call: FloatArray, endpoint: CallEndpoint
) -> JointComparison:
    """Return the difference of the joint calls of the same cases, or of the same patients."""
    wanted = 1.0 if endpoint == "sensitivity" else 0.0
    cases = ~np.isnan(panel) & (asked.pairs.truth == wanted)
    recalled = panel[cases], ai_call[cases]
    right = recalled if endpoint == "sensitivity" else (1 - recalled[0], 1 - recalled[1])
    # Patients whose other cases are of the other class do not cluster in one class.
    cluster = repeated_patients(asked.pairs.readers.patient[cases])
    names = {"quantity": endpoint, "label_a": asked.joint_name, "label_b": AI}
    counts, margin = paired_counts(*right), asked.margins.get(endpoint)
    weight = asked.pairs.readers.weight_of(cases)
    weighted = weights_differ(weight)
    if cluster is None and not weighted:
        tests = mcnemar_tests(counts, **names)
        difference = paired_difference_ci(
            counts,
            ci_level=asked.ci_level,
            margin=margin,
            better="higher",
            quantity=endpoint,
            label_a=asked.joint_name,
            label_b=AI,
        )
    else:
        tests = None
        difference = clustered_paired_difference_ci(
            *right,
            cluster=asked.pairs.readers.patient[cases],
            weight=weight,
            ci_level=asked.ci_level,
            margin=margin,
            better="higher",
            **names,
        )
    why = NO_WEIGHTED_TESTS if weighted else NO_TESTS
    return JointComparison(
        difference=flagged(difference, tests, why=why),
        tests=tests,
        recalled=paired_counts(*recalled),
        no_tests=why if tests is None else "",
    )

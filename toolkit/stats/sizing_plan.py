"""What a reader study is to show: the plan that ``toolkit.stats.sizing`` sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from toolkit.results import Better, check_margin
from toolkit.stats._checks import check_choice, check_ci_level, check_count
from toolkit.stats._power import GOALS, Goal
from toolkit.stats.mrmc.analysis import HOLDS_FOR, Random

FixedReaderTest = Literal["Obuchowski-Rockette", "DBM"]


@dataclass(frozen=True, kw_only=True)
class MrmcPlan:
    """What a reader study is to show, and how it will be analysed.

    Parameters
    ----------
    true_difference : float
        The difference of the figure of merit, b minus a, that is taken as true. For a test of a
        difference the smallest that matters, not the one a pilot happened to show; for a margin
        often 0.
    goal : {"difference", "non-inferiority", "equivalence"}
        Two-sided test against 0, or an interval on the good side of the margin, or within it.
    margin : float, optional
        Above 0, required but for a difference.
    better : {"higher", "lower"}, optional
        Good direction of the figure of merit; required for non-inferiority.
    random : {"readers and cases", "cases", "readers"}
        What is random in the analysis, as for ``obuchowski_rockette``.
    ci_level : float
        Level of the two-sided interval: 0.95 is a test at 5 %, and margins at one-sided 2.5 %.
    n_modalities : int
        With more than two a difference is sized by the global test, where the two that differ lie
        half the difference above and below the others, which is the worst case.
    n_groups : int
        1: all readers read all cases. More: a split plot with as many readers in each group, and
        cases of its own for each.
    fixed_reader_test : {"Obuchowski-Rockette", "DBM"}
        Chi-square or F; matters only where ``random`` is ``"cases"``.

    Raises
    ------
    ValueError
        If a choice, the level or the margin is malformed, or the truth that is assumed lies on
        the wrong side of the margin.

    Examples
    --------
    >>> plan = MrmcPlan(true_difference=0.0, goal="non-inferiority", margin=0.05, better="higher")
    >>> plan.random
    'readers and cases'
    """

    true_difference: float
    goal: Goal = "difference"
    margin: float | None = None
    better: Better | None = None
    random: Random = "readers and cases"
    ci_level: float = 0.95
    n_modalities: int = 2
    n_groups: int = 1
    fixed_reader_test: FixedReaderTest = "Obuchowski-Rockette"

    def __post_init__(self) -> None:
        """Check the plan."""
        check_choice(self.goal, name="goal", choices=GOALS)
        check_choice(self.random, name="random", choices=tuple(HOLDS_FOR))
        check_choice(
            self.fixed_reader_test,
            name="fixed_reader_test",
            choices=("Obuchowski-Rockette", "DBM"),
        )
        check_ci_level(self.ci_level)
        if not math.isfinite(self.true_difference):
            msg = f"true_difference must be finite, but got {self.true_difference!r}"
            raise ValueError(msg)
        if check_count(self.n_modalities, name="n_modalities") < 2:
            msg = f"n_modalities must be at least 2, but got {self.n_modalities}"
            raise ValueError(msg)
        if check_count(self.n_groups, name="n_groups") < 1:
            msg = f"n_groups must be at least 1, but got {self.n_groups}"
            raise ValueError(msg)
        self._check_goal()

    def _check_goal(self) -> None:
        """Refuse a margin without use, a goal without margin, and a goal that is not true."""
        if self.goal == "difference":
            if self.margin is not None:
                msg = "margin has no use with goal='difference'; say goal='non-inferiority'"
                raise ValueError(msg)
            if self.true_difference == 0:
                msg = "true_difference must not be 0 where a difference is to be shown"
                raise ValueError(msg)
            return
        if self.margin is None:
            msg = f"goal={self.goal!r} needs margin=, the largest difference that does not matter"
            raise ValueError(msg)
        if self.goal == "non-inferiority" and self.better is None:
            msg = "goal='non-inferiority' needs better='higher' or better='lower'"
            raise ValueError(msg)
        check_margin(self.margin, effect="difference", better=self.better or "higher")
        if min(self.distances) <= 0:
            msg = (
                f"true_difference = {self.true_difference!r} lies beyond the margin of "
                f"{self.margin!r}: what is to be shown is not true, so no size is enough"
            )
            raise ValueError(msg)

    @property
    def distances(self) -> tuple[float, ...]:
        """How far the truth lies on the good side of each margin; the difference without one."""
        if self.margin is None:
            return (abs(self.true_difference),)
        above, below = self.margin + self.true_difference, self.margin - self.true_difference
        if self.goal == "equivalence":
            return above, below
        return (above,) if self.better == "higher" else (below,)

    @property
    def in_words(self) -> str:
        """What is to be shown, and for whom."""
        margin = "" if self.margin is None else f", margin {self.margin:.6g}"
        groups = "" if self.n_groups == 1 else f", split plot of {self.n_groups} groups"
        level = f"{self.ci_level:.6g} level{groups}"
        return f"{self.goal}{margin}, {level}, holds for {HOLDS_FOR[self.random]}"

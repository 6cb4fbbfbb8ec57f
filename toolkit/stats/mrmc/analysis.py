"""What the analysis of a reader study returns, whichever method made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from toolkit.results import Comparison, Estimate, Result, stacked_frame

Random = Literal["readers and cases", "cases", "readers"]

# What a conclusion holds for, by what is random.
HOLDS_FOR: dict[str, str] = {
    "readers and cases": "readers and cases like these",
    "cases": "these readers only, and cases like these",
    "readers": "readers like these, and these cases only",
}

RANDOM_NAME = {
    "readers and cases": "random readers and random cases",
    "cases": "fixed readers and random cases",
    "readers": "random readers and fixed cases",
}

FEW_READERS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class GlobalTest(Result):
    """The test that all modalities have one mean figure of merit.

    ``statistic`` is F on ``df1`` and ``df2`` degrees of freedom, or where ``df2`` is infinite a
    chi-square over its ``df1`` degrees of freedom.
    """

    statistic: float
    df1: float
    df2: float
    p_value: float


@dataclass(frozen=True, kw_only=True, eq=False)
class VarianceComponents(Result):
    """Mean squares and components as estimated; a negative component is not cut off at 0.

    NaN where the design does not hold it: no covariance where cases are fixed, no interaction
    where readers are nested.
    """

    ms_modality: float
    ms_reader: float
    ms_reader_modality: float
    var_reader: float
    var_reader_modality: float
    var_error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanEstimate(Estimate):
    """A mean over readers with the degrees of freedom of its interval."""

    df: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MrmcAnalysis(Result):
    """A reader study analysed: the test of all modalities, means, differences and components.

    Parameters
    ----------
    quantity : str
        Figure of merit.
    design : str
        Who read what: ``"fully crossed"``, ``"readers nested in modality"``, ...
    random : {"readers and cases", "cases", "readers"}
        What is random, so what a conclusion holds for; the note says it in words.
    covariance_method : str
        How the covariance over cases was estimated.
    components : VarianceComponents, optional
        Not truncated; None where the method has moments instead.
    global_test : GlobalTest, optional
        Of all modalities at once; None with one modality.
    modalities : tuple of MeanEstimate
        Mean over readers in each modality.
    modalities_logit : tuple of MeanEstimate
        The same on the logit scale, for those alone whose interval leaves the range.
    differences : tuple of Comparison
        Every pair of modalities, the later minus the earlier.
    readers : tuple of Estimate
        Each reader in each modality, over cases like these.
    reader_differences : tuple of Comparison
        Each pair of modalities of each reader.
    """

    quantity: str
    design: str
    random: Random
    covariance_method: str
    components: VarianceComponents | None = None
    global_test: GlobalTest | None = None
    modalities: tuple[MeanEstimate, ...] = ()
    modalities_logit: tuple[MeanEstimate, ...] = ()
    differences: tuple[Comparison, ...] = ()
    readers: tuple[Estimate, ...] = ()
    reader_differences: tuple[Comparison, ...] = ()

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a mean and one row a difference."""
        return stacked_frame((*self.modalities, *self.differences))


def negative_components(components: VarianceComponents) -> str:
    """Say which components were estimated below 0; empty if none."""
    named = {
        "variance between readers": components.var_reader,
        "variance of reader by modality": components.var_reader_modality,
    }
    negative = [f"{name} ({value:.3g})" for name, value in named.items() if value < 0]
    if not negative:
        return ""
    return (
        f"{' and '.join(negative)} estimated below 0: smaller than what the cases alone make, "
        "so indistinguishable from none"
    )


def few_readers(n_readers: int, random: Random) -> str:
    """Warn where readers are random and few; empty elsewhere."""
    if random == "cases" or n_readers >= FEW_READERS:
        return ""
    return f"{n_readers} readers are too few to speak for readers in general"

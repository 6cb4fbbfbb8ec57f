"""Where the uncertainty of a difference of modalities comes from: readers, or cases."""

from __future__ import annotations

import math
from dataclasses import dataclass

from toolkit.results import Result, joined
from toolkit.stats._checks import check_count
from toolkit.stats.mrmc.analysis import VarianceComponents


@dataclass(frozen=True, kw_only=True, eq=False)
class VarianceShares(Result):
    """Shares of the variance of a mean difference; they add up to 1.

    Parameters
    ----------
    share_reader_modality : float
        Readers differ in what the modality does for them: smaller with more readers.
    share_error : float
        One reading of one case by one reader: smaller with more readers and with more cases.
    share_cases : float
        What all readers share because they read the same cases: smaller with more cases alone.
    """

    share_reader_modality: float
    share_error: float
    share_cases: float


def variance_shares(components: VarianceComponents, *, n_readers: int) -> VarianceShares:
    """Split the variance of a difference of two modalities of a crossed study into three shares.

    Parameters
    ----------
    components : VarianceComponents
        Of a fully crossed study with random readers and cases, not truncated.
    n_readers : int
        Readers of the study.

    Returns
    -------
    VarianceShares
        NaN with a note where a component is not defined or nothing varies. A component below 0
        counts as none, and the note says which.

    Raises
    ------
    ValueError
        If there are fewer than two readers.

    Notes
    -----
    Var(difference) = 2/J [MS(T*R) + J max(Cov2 - Cov3, 0)], and E[MS(T*R)] = Var(TR) + (Var - Cov1
    - Cov2 + Cov3) (Hillis 2007). The readers' own level cancels in a difference. Shares of one
    study are rough: with few readers Var(TR) is poorly known.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596-619. doi:10.1002/sim.2532

    Examples
    --------
    >>> components = VarianceComponents(
    ...     ms_modality=0.01, ms_reader=0.01, ms_reader_modality=4e-4, var_reader=1e-3,
    ...     var_reader_modality=1e-4, var_error=8e-4, cov1=3e-4, cov2=3e-4, cov3=1e-4, method="OR")
    >>> shares = variance_shares(components, n_readers=3)
    >>> [round(shares.share_reader_modality, 3), round(shares.share_error, 3), shares.share_cases]
    [0.1, 0.3, 0.6]
    """
    count = check_count(n_readers, name="n_readers")
    if count < 2:
        msg = f"n_readers must be at least 2, but got {count}: one reader has no variance"
        raise ValueError(msg)
    shared = components.cov2 - components.cov3
    mean_square = components.ms_reader_modality
    cases = count * max(shared, 0.0)
    total = mean_square + cases
    if not total > 0:  # also where a component is NaN
        return _undefined("a component is not defined, or nothing varies")
    interaction = min(max(components.var_reader_modality, 0.0), mean_square)
    return VarianceShares(
        share_reader_modality=interaction / total,
        share_error=(mean_square - interaction) / total,
        share_cases=cases / total,
        method="shares of Var(difference), Obuchowski-Rockette",
        note=joined(
            "reader by modality was estimated below 0 and counts as none"
            if components.var_reader_modality < 0
            else "",
            "what readers share of the cases was estimated below 0 and counts as none"
            if shared < 0
            else "",
        ),
    )


def _undefined(note: str) -> VarianceShares:
    """Return shares that are not defined."""
    return VarianceShares(
        share_reader_modality=math.nan,
        share_error=math.nan,
        share_cases=math.nan,
        method="shares of Var(difference), Obuchowski-Rockette",
        note=note,
    )

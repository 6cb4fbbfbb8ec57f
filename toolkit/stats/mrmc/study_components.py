"""What is known of a reader study before it is done: variance components, at some numbers of cases.

From a pilot study, from a paper, or from a model: ``toolkit.stats.sizing`` works on these alone.
``variance_shares`` says of a pilot what more readers, or more cases, would make smaller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from toolkit.results import Result, joined
from toolkit.stats._checks import check_count
from toolkit.stats.mrmc.analysis import MrmcAnalysis, VarianceComponents

_CASES = ("var_error", "cov1", "cov2", "cov3")


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyComponents(Result):
    """Components of Obuchowski and Rockette, as they are with ``n_cases`` cases.

    Parameters
    ----------
    var_reader_modality : float
        Variance of readers from one modality to the other, cases aside.
    var_error, cov1, cov2, cov3 : float
        Variance and covariances over cases, as in ``VarianceComponents``; they shrink with cases.
    n_cases : int
        Cases that these hold for.
    n_positive : int, optional
        Those of them with the disease.
    var_reader : float, optional
        Variance between readers, cases aside; a comparison of modalities does not need it.

    Raises
    ------
    ValueError
        If a component is not finite, ``var_error`` is not above 0, a covariance is larger than
        the variance, or a count is wrong.

    Examples
    --------
    From a paper that prints correlations and the standard error of one reader:

    >>> components = StudyComponents(
    ...     var_reader_modality=0.0002, var_error=0.0008, cov1=0.433 * 0.0008, cov2=0.430 * 0.0008,
    ...     cov3=0.299 * 0.0008, n_cases=114, n_positive=45, method="Hillis et al. (2011)")
    >>> round(components.cov1, 6)
    0.000346
    """

    var_reader_modality: float
    var_error: float
    cov1: float
    cov2: float
    cov3: float
    n_cases: int
    n_positive: int | None = None
    var_reader: float | None = None

    def __post_init__(self) -> None:
        """Check the components."""
        super().__post_init__()
        names = [field.name for field in fields(self) if field.name.startswith(("var_", "cov"))]
        for name in names:
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                msg = f"{name} must be finite, but got {value!r}; take a pilot that has it"
                raise ValueError(msg)
        if self.var_error <= 0:
            msg = f"var_error must be above 0, but got {self.var_error!r}"
            raise ValueError(msg)
        for name in ("cov1", "cov2", "cov3"):
            if abs(getattr(self, name)) > self.var_error:
                msg = (
                    f"{name} must not exceed var_error ({self.var_error!r}), but got "
                    f"{getattr(self, name)!r}; give covariances, not correlations"
                )
                raise ValueError(msg)
        self._check_counts()

    def _check_counts(self) -> None:
        """Refuse fewer than two cases, and more positive ones than cases."""
        if check_count(self.n_cases, name="n_cases") < 2:
            msg = f"n_cases must be at least 2, but got {self.n_cases}"
            raise ValueError(msg)
        if self.n_positive is not None:
            positive = check_count(self.n_positive, name="n_positive")
            if positive > self.n_cases:
                msg = f"n_positive must not exceed n_cases, but got {positive} of {self.n_cases}"
                raise ValueError(msg)


def pilot_components(analysis: MrmcAnalysis) -> StudyComponents:
    """Return the components of a pilot study, as ``obuchowski_rockette`` estimated them.

    Parameters
    ----------
    analysis : MrmcAnalysis
        Fully crossed, of two modalities or more and two readers or more, with cases random.

    Returns
    -------
    StudyComponents
        As estimated, also below 0; the note says which.

    Raises
    ------
    ValueError
        If the analysis has no components, or no covariance over cases.

    Notes
    -----
    A pilot of 3 readers knows the variance of readers by modality on 2 degrees of freedom: look at
    the power over a range of it, not at one number.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.stats.mrmc.analysis import MrmcAnalysis, VarianceComponents
    >>> from toolkit.stats.mrmc.covariances import fom_table
    >>> from toolkit.stats.mrmc.inference import obuchowski_rockette
    >>> from toolkit.stats.simulation.roe_metz import ROE_METZ_1997
    >>> from toolkit.stats.simulation.roe_metz import roe_metz_ratings
    >>> ratings = roe_metz_ratings(30, 30, 4, separation=1.5, rng=1,
    ...                            components=ROE_METZ_1997["HH", 1.5])
    >>> table = fom_table(np.arange(60) >= 30, ratings)
    >>> pilot_components(obuchowski_rockette(table)).n_cases
    60
    """
    found = analysis.components
    if found is None:
        msg = (
            f"the analysis ({analysis.method}) has no components of Obuchowski and Rockette; "
            "analyse the pilot by obuchowski_rockette"
        )
        raise ValueError(msg)
    values = {name: float(getattr(found, name)) for name in (*_CASES, "var_reader_modality")}
    if missing := [name for name, value in values.items() if not math.isfinite(value)]:
        msg = (
            f"{', '.join(missing)} not known from this analysis ({found.note}); a pilot needs two "
            "readers, two modalities and random cases"
        )
        raise ValueError(msg)
    negative = values["var_reader_modality"] < 0
    mean = analysis.modalities[0]
    return StudyComponents(
        **values,
        var_reader=float(found.var_reader),
        n_cases=mean.n_cases or 0,
        n_positive=mean.n_positive,
        method=f"pilot study: {analysis.method}, {analysis.covariance_method} covariance",
        note=joined(
            "variance of reader by modality estimated below 0: sizing takes 0" if negative else "",
            "Cov2 below Cov3: sizing takes their difference as 0"
            if values["cov2"] < values["cov3"]
            else "",
        ),
    )


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
    >>> from toolkit.stats.mrmc.analysis import VarianceComponents
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

"""One modality against a value that was fixed in advance, such as a performance goal."""

from __future__ import annotations

import math

from toolkit.results import Better, Comparison, joined
from toolkit.stats._wald import wald_difference
from toolkit.stats.mrmc.analysis import MeanEstimate, MrmcAnalysis


def against_fixed_value(
    analysis: MrmcAnalysis,
    modality: str,
    value: float,
    *,
    margin: float | None = None,
    better: Better | None = None,
    label: str = "fixed value",
) -> Comparison:
    """Compare the mean over readers of one modality with a fixed value: mean minus value.

    Parameters
    ----------
    analysis : MrmcAnalysis
        Of any design.
    modality : str
        One of its modalities.
    value : float
        Fixed before the study, within the range of the figure of merit; not an estimate.
    margin : float, optional
        Non-inferiority margin, above 0.
    better : {"higher", "lower"}, optional
        Good direction of the figure of merit; needed with a margin.
    label : str
        Name of the value.

    Returns
    -------
    Comparison
        On the error and the degrees of freedom of the mean itself; NaN with a note where the mean
        has none.

    Raises
    ------
    ValueError
        If there is no such modality, or the value is not finite.

    Notes
    -----
    Null hypothesis: the mean of readers like these equals the value. Another study's estimate is
    no fixed value: it has an error of its own.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596-619. doi:10.1002/sim.2532

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.stats.mrmc.compare import compare_modalities
    >>> truth = np.arange(60) % 2
    >>> draw = np.random.default_rng(1)
    >>> ratings = draw.normal(size=(60, 5, 1)) + truth[:, np.newaxis, np.newaxis]
    >>> analysis = compare_modalities(truth, ratings, modalities=("unaided",))
    >>> round(against_fixed_value(analysis, "unaided", 0.5).estimate, 3)
    0.232
    """
    mean = _mean(analysis, modality)
    if not math.isfinite(value):
        msg = f"value must be a finite number, but got {value!r}"
        raise ValueError(msg)
    wald = wald_difference(
        mean.estimate - value,
        mean.std_error,
        df=mean.df,
        ci_level=mean.ci_level,
        margin=margin,
        better=better,
        largest=math.inf,
    )
    return Comparison(
        quantity=mean.quantity,
        unit=mean.unit,
        estimate=mean.estimate - value,
        std_error=mean.std_error,
        ci_method=mean.ci_method,
        label_a=label,
        label_b=modality,
        estimate_a=float(value),
        estimate_b=mean.estimate,
        effect="difference",
        n_cases=mean.n_cases,
        n_positive=mean.n_positive,
        n_readers=mean.n_readers,
        n_clusters=mean.n_clusters,
        method=f"{mean.method}, against a fixed value",
        note=joined("the value is taken as known without error", mean.note),
        **vars(wald),
    )


def _mean(analysis: MrmcAnalysis, modality: str) -> MeanEstimate:
    """Return the mean of a modality."""
    found = [mean for mean in analysis.modalities if mean.label == modality]
    if not found:
        names = ", ".join(mean.label for mean in analysis.modalities)
        msg = f"modality must be one of {names}, but got {modality!r}"
        raise ValueError(msg)
    return found[0]

"""Two methods called the same cases: compare their likelihood ratios, positive and negative."""

from __future__ import annotations

import math

from toolkit.results import Better, Comparison
from toolkit.stats._inference import share, wald_ratio
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.ratios import relative_error


def relative_positive_likelihood_ratio_ci(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "positive_likelihood_ratio",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two positive likelihood ratios from paired calls.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease. The ratio does not need ``neither``; without it the
        likelihood ratios themselves are not known.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin: below 1 where higher is better, above 1 where lower is.
    better : {"higher", "lower"}, optional
        Which direction is better, higher for this likelihood ratio; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        ``p_value`` and ``p_noninferiority`` are those of the log ratio over its standard error;
        ``std_error`` is that of the ratio. NaN with a note where it is not defined: a called no
        cancer or b no other case; without an interval where another count is 0, or where both
        methods called the same cases.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: both likelihood ratios are equal. The ratio is that of the relative true and
    false positive fractions, which rest on different cases, so that the variances of their
    logarithms add up: the same as the regression model of Gu and Pepe for two methods. Cases are
    random and independent. Not for few cases, nor for several cases of one patient.

    References
    ----------
    Gu W, Pepe MS. Int J Biostat 2009;5:Article 21. doi:10.2202/1557-4679.1147

    Examples
    --------
    >>> cancers = PairedCounts(both=261, only_b=10, only_a=28, neither=45)
    >>> others = PairedCounts(both=900, only_b=760, only_a=1180, neither=37160)
    >>> ratio = relative_positive_likelihood_ratio_ci(cancers, others)
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f})"
    '1.175 (1.103, 1.252)'
    """
    words = (quantity, label_a, label_b)
    return _compared(cancers, others, words, ci_level=ci_level, margin=margin, better=better)


def relative_negative_likelihood_ratio_ci(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "negative_likelihood_ratio",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two negative likelihood ratios from paired calls.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease, both with ``neither``: every case must be verified.
    better : {"higher", "lower"}, optional
        Which direction is better, lower for this likelihood ratio; required with a margin.
    ci_level, margin, quantity, label_a, label_b
        As in ``relative_positive_likelihood_ratio_ci``.

    Returns
    -------
    Comparison
        As ``relative_positive_likelihood_ratio_ci``, of the cases not called.

    Raises
    ------
    ValueError
        If ``neither`` is not known, or the level, the margin or the direction is wrong.

    Notes
    -----
    As ``relative_positive_likelihood_ratio_ci``.

    References
    ----------
    Gu W, Pepe MS. Int J Biostat 2009;5:Article 21. doi:10.2202/1557-4679.1147

    Examples
    --------
    >>> cancers = PairedCounts(both=261, only_b=10, only_a=28, neither=45)
    >>> others = PairedCounts(both=900, only_b=760, only_a=1180, neither=37160)
    >>> ratio = relative_negative_likelihood_ratio_ci(cancers, others)
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f})"
    '1.313 (1.085, 1.589)'
    """
    negatives = (cancers.negative_calls(), others.negative_calls())
    words = (quantity, label_a, label_b)
    return _compared(*negatives, words, ci_level=ci_level, margin=margin, better=better)


def _compared(
    cancers: PairedCounts,
    others: PairedCounts,
    words: tuple[str, str, str],
    *,
    ci_level: float,
    margin: float | None,
    better: Better | None,
) -> Comparison:
    """Return the ratio of the likelihood ratios of a call; ``words`` are quantity and labels."""
    ratio = share(cancers.positive_b * others.positive_a, cancers.positive_a * others.positive_b)
    inference = wald_ratio(
        ratio,
        math.hypot(relative_error(cancers), relative_error(others)),
        ci_level=ci_level,
        margin=margin,
        better=better,
    )
    known = cancers.n_pairs is not None and others.n_pairs is not None
    return Comparison(
        method="ratio of likelihood ratios of paired calls, Wald on the log scale",
        ci_method="log Wald (Gu and Pepe)",
        quantity=words[0],
        unit="ratio",
        effect="ratio",
        label_a=words[1],
        label_b=words[2],
        estimate=ratio,
        estimate_a=_likelihood_ratio(cancers, others, cancers.positive_a, others.positive_a),
        estimate_b=_likelihood_ratio(cancers, others, cancers.positive_b, others.positive_b),
        n_cases=(cancers.n_pairs or 0) + (others.n_pairs or 0) if known else None,
        n_positive=cancers.n_pairs,
        **vars(inference),
        note=_note(cancers, others, known=known),
    )


def _likelihood_ratio(
    cancers: PairedCounts, others: PairedCounts, diseased: int, healthy: int
) -> float:
    """Return the share of the diseased with a call over that of the healthy; NaN if unknown."""
    return share(share(diseased, cancers.n_pairs), share(healthy, others.n_pairs))


def _note(cancers: PairedCounts, others: PairedCounts, *, known: bool) -> str:
    """Return why something is not defined, or nothing."""
    counts = {
        "a for cases with the disease": cancers.positive_a,
        "b for cases with the disease": cancers.positive_b,
        "a for cases without": others.positive_a,
        "b for cases without": others.positive_b,
    }
    empty = [name for name, count in counts.items() if not count]
    notes = []
    if empty:
        notes.append(f"no interval: no such call was made by {', by '.join(empty)}")
    elif not cancers.n_discordant + others.n_discordant:
        notes.append("both methods called the same cases: no standard error, so no interval")
    if not known:
        notes.append("the likelihood ratios themselves need the cases that neither method called")
    return "; ".join(notes)

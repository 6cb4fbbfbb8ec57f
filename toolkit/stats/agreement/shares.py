"""How often two readers agree, without correction for chance: of all cases, and of one category.

These shares mean what they say and stand beside every kappa: overall agreement, agreement on a
category (positive, negative, BI-RADS 4), and for two categories the two indices that explain why
kappa is low although agreement is high.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.results import Comparison, Estimate
from toolkit.stats.agreement.two_readers import AgreementTable
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.proportions.one import proportion_ci
from toolkit.stats.proportions.weighted import weighted_proportion_ci


def percent_agreement(
    table: AgreementTable, *, ci_level: float = 0.95, label: str = ""
) -> Estimate:
    """Estimate the share of cases that two readers put into the same category.

    Parameters
    ----------
    table : AgreementTable
        What both readers said.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who was compared.

    Returns
    -------
    Estimate
        With Wilson's interval, on the effective number of cases where they cluster in patients.
        NaN with a note where there are no cases.

    Raises
    ------
    ValueError
        If the level is wrong.

    Notes
    -----
    Not for a verdict of its own: where a category holds 99 % of all cases, readers who never look
    agree on them. Give ``specific_agreement`` beside it.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> from toolkit.stats.agreement.two_readers import agreement_table_from_counts
    >>> share = percent_agreement(agreement_table_from_counts([[40, 9], [6, 45]]))
    >>> f"{share.estimate:.2f} ({share.ci_low:.2f}, {share.ci_high:.2f})"
    '0.85 (0.77, 0.91)'
    """
    same = np.eye(len(table.categories), dtype=bool)
    everywhere = np.ones_like(same)
    share = _share_of_cells(table, same, everywhere, ci_level, "percent_agreement", label)
    return replace(share, n_cases=table.n_cases, n_readers=2)


def specific_agreement(
    table: AgreementTable,
    category: object,
    *,
    ci_level: float = 0.95,
    quantity: str = "specific_agreement",
    label: str = "",
) -> Estimate:
    """Estimate, given that one reader chose a category, how often the other chose it too.

    Parameters
    ----------
    table : AgreementTable
        What both readers said.
    category : object
        One of the table's categories: of calls, recalled gives positive and not recalled negative
        agreement.
    ci_level : float
        Confidence level, two-sided.
    quantity : str
        What is estimated, e.g. ``"positive_agreement"``.
    label : str
        Who was compared.

    Returns
    -------
    Estimate
        Twice the cases that both put there, of the readings that did: ``numerator`` and
        ``denominator``. NaN with a note where no reader chose the category.

    Raises
    ------
    ValueError
        If the category or the level is wrong.

    Notes
    -----
    The reader who chose first is either one, at random. Given the cases that at least one reader
    put into the category, those that both did are binomial with a share s, and the agreement is
    2 s / (1 + s): the limits are those of Wilson for s, so transformed, on the effective number of
    cases where they cluster in patients.

    References
    ----------
    Cicchetti DV, Feinstein AR. J Clin Epidemiol 1990;43:551-558.
    doi:10.1016/0895-4356(90)90159-M

    Graham P, Bull B. J Clin Epidemiol 1998;51:763-771. doi:10.1016/S0895-4356(98)00048-1

    Examples
    --------
    >>> from toolkit.stats.agreement.two_readers import agreement_table_from_counts
    >>> table = agreement_table_from_counts([[80, 9], [6, 5]], categories=["no recall", "recall"])
    >>> positive = specific_agreement(table, "recall", quantity="positive_agreement")
    >>> f"{positive.estimate:.2f} ({positive.ci_low:.2f}, {positive.ci_high:.2f})"
    '0.40 (0.20, 0.64)'
    """
    place = _place_of(table, category)
    both, either = np.zeros((2, *table.counts.shape), dtype=bool)
    both[place, place] = True
    either[place, :] = either[:, place] = True
    share = _share_of_cells(table, both, either, ci_level, quantity, label)
    n_both, n_either = share.numerator or 0, share.denominator or 0
    return replace(
        share,
        method="specific agreement",
        ci_method=f"{share.ci_method}, of the cases with the category",
        estimate=_twice(share.estimate),
        ci_low=_twice(share.ci_low),
        ci_high=_twice(share.ci_high),
        std_error=2 / (1 + share.estimate) ** 2 * share.std_error,
        numerator=2 * n_both,
        denominator=n_either + n_both,
        n_cases=table.n_cases,
        n_readers=2,
    )


def prevalence_index(table: AgreementTable, *, ci_level: float = 0.95, label: str = "") -> Estimate:
    """Estimate how unequally two categories are used: both readers high minus both low.

    Parameters
    ----------
    table : AgreementTable
        What both readers said, in two categories; the second counts as positive.
    ci_level, label
        As in ``percent_agreement``.

    Returns
    -------
    Estimate
        From -1 to 1, a difference of shares of all cases, with the score interval of a difference
        of two multinomial shares. The farther from 0, the lower kappa is for the same share of
        agreement. NaN with a note where there are no cases.

    Raises
    ------
    ValueError
        If the table has not two categories, cases cluster, or the level is wrong.

    References
    ----------
    Byrt T, Bishop J, Carlin JB. J Clin Epidemiol 1993;46:423-429.
    doi:10.1016/0895-4356(93)90018-V

    Examples
    --------
    >>> from toolkit.stats.agreement.two_readers import agreement_table_from_counts
    >>> prevalence_index(agreement_table_from_counts([[80, 9], [6, 5]])).estimate
    -0.75
    """
    (low, a), (b, high) = _two_by_two(table, "prevalence_index")
    # Both high and both low take the places of the two kinds of discordant pairs.
    pairs = PairedCounts(both=a + b, only_b=high, only_a=low, neither=0)
    difference = paired_difference_ci(pairs, ci_level=ci_level)
    names = ("estimate", "std_error", "ci_low", "ci_high", "ci_level", "ci_method", "n_cases")
    note = "prevalence_index is not defined: no cases"
    if pairs.n_pairs:
        note = "" if low or high else "the readers agree on no case: the plug-in error is 0"
    return Estimate(
        method="prevalence index",
        quantity="prevalence_index",
        unit="probability",
        label=label,
        note=note,
        n_readers=2,
        **{name: getattr(difference, name) for name in names},
    )


def bias_index(
    table: AgreementTable, *, ci_level: float = 0.95, label_a: str = "a", label_b: str = "b"
) -> Comparison:
    """Estimate how much oftener reader b chooses the higher of two categories than reader a.

    Parameters
    ----------
    table : AgreementTable
        What both readers said, in two categories; the second counts as positive.
    ci_level : float
        Confidence level, two-sided.
    label_a, label_b : str
        The readers.

    Returns
    -------
    Comparison
        The paired difference of shares b minus a by ``paired_difference_ci``, whose test against 0
        is McNemar's. Byrt's index is its opposite.

    Raises
    ------
    ValueError
        As ``prevalence_index``.

    Notes
    -----
    Kappa forgives such a difference: for the same share of agreement it rises with the bias.

    References
    ----------
    Byrt T, Bishop J, Carlin JB. J Clin Epidemiol 1993;46:423-429.
    doi:10.1016/0895-4356(93)90018-V

    Examples
    --------
    >>> from toolkit.stats.agreement.two_readers import agreement_table_from_counts
    >>> bias_index(agreement_table_from_counts([[80, 9], [6, 5]])).estimate
    0.03
    """
    (neither, only_b), (only_a, both) = _two_by_two(table, "bias_index")
    pairs = PairedCounts(both=both, only_b=only_b, only_a=only_a, neither=neither)
    difference = paired_difference_ci(
        pairs, ci_level=ci_level, quantity="bias_index", label_a=label_a, label_b=label_b
    )
    return replace(difference, n_readers=2)


def _twice(share: float) -> float:
    """Return 2 s / (1 + s), the agreement for a share s of the cases that either reader chose."""
    return 2 * share / (1 + share)


def _share_of_cells(
    table: AgreementTable,
    event: BoolArray,
    within: BoolArray,
    ci_level: float,
    quantity: str,
    label: str,
) -> Estimate:
    """Return the share of cases in ``event`` cells of those in ``within``, with Wilson's limits."""
    choices: dict[str, Any] = {"ci_level": ci_level, "quantity": quantity, "label": label}
    if table.cell is None or table.cluster is None:
        part, whole = int(table.counts[event].sum()), int(table.counts[within].sum())
        return proportion_ci(part, whole, **choices)
    inside = within.ravel()[table.cell]
    happened = event.ravel()[table.cell][inside]
    return weighted_proportion_ci(happened, cluster=table.cluster[inside], **choices)


def _place_of(table: AgreementTable, category: object) -> int:
    """Return the place of a category."""
    if category not in table.categories:
        known = ", ".join(map(repr, table.categories))
        msg = f"category must be one of {known}, but got {category!r}"
        raise ValueError(msg)
    return table.categories.index(category)


def _two_by_two(table: AgreementTable, caller: str) -> list[list[int]]:
    """Return the counts of two categories; refuse more, and cases that cluster."""
    if len(table.categories) != 2:
        msg = (
            f"{caller} needs two categories, but the table has {len(table.categories)}; "
            "say first from which category on a case counts as positive"
        )
        raise ValueError(msg)
    if table.cluster is not None:
        msg = (
            f"{caller} has no interval for cases that cluster in patients; "
            "make the table from one case of each patient, or from counts to see the value alone"
        )
        raise ValueError(msg)
    counts: list[list[int]] = table.counts.tolist()
    return counts

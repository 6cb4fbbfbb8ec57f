"""Two crossed modality factors, as two image processings each read with and without AI.

Every reader reads every combination. The question of one factor is about the mean over the levels
of the other, so that the table of figures of merit is averaged over it and then analysed as usual.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolkit.results import joined
from toolkit.stats.mrmc.fom_table import FomTable


def averaged_over(
    table: FomTable, *, levels: tuple[str, ...], other_levels: tuple[str, ...]
) -> FomTable:
    """Return the table of one factor, each level the mean over the levels of the other factor.

    Parameters
    ----------
    table : FomTable
        Its modalities are all combinations: the levels of this factor in order, and within each
        those of the other.
    levels, other_levels : tuple of str
        Levels of the factor that is asked about, and of the one averaged over.

    Returns
    -------
    FomTable
        Modalities are ``levels``; analyse it with ``obuchowski_rockette``.

    Raises
    ------
    ValueError
        If the modalities are not as many as the combinations.

    Notes
    -----
    The mean over the other factor answers for equal use of its levels. Where the effect of one
    factor depends on the other, compare the combinations themselves.

    References
    ----------
    Thompson JD, Chakraborty DP, Szczepura K, et al. Med Phys 2016;43:1265-1274.
    doi:10.1118/1.4941017

    Examples
    --------
    >>> table = FomTable(
    ...     quantity="auc", value=np.array([[0.8, 0.82, 0.84, 0.88]]), covariance_method="none",
    ...     readers=("R1",), modalities=("a1", "a2", "b1", "b2"), n_cases=50, n_positive=20,
    ...     n_units=50, method="AUC")
    >>> first = averaged_over(table, levels=("a", "b"), other_levels=("1", "2"))
    >>> first.value.round(3).tolist()
    [[0.81, 0.86]]
    """
    n_levels, n_other = len(levels), len(other_levels)
    if n_levels * n_other != table.n_modalities:
        msg = (
            f"{n_levels} levels by {n_other} levels make {n_levels * n_other} combinations, but "
            f"the table has {table.n_modalities} modalities"
        )
        raise ValueError(msg)
    shape = (table.n_readers, n_levels, n_other)
    covariance = table.covariance
    if covariance is not None:
        covariance = covariance.reshape(shape * 2).mean(axis=(2, 5))
    return replace(
        table,
        value=table.value.reshape(shape).mean(axis=2),
        covariance=covariance,
        modalities=levels,
        note=joined(table.note, f"each level is the mean over {', '.join(other_levels)}"),
    )


def swapped(table: FomTable, *, levels: tuple[str, ...], other_levels: tuple[str, ...]) -> FomTable:
    """Return the table with its combinations in the order of the other factor.

    Parameters
    ----------
    table, levels, other_levels
        As in ``averaged_over``.

    Returns
    -------
    FomTable
        The levels of the other factor in order, and within each those of this one.
    """
    order = np.arange(table.n_modalities).reshape(len(levels), len(other_levels)).T.ravel()
    covariance = table.covariance
    if covariance is not None:
        covariance = covariance[:, order][:, :, :, order]
    names = tuple(table.modalities[place] for place in order)
    return replace(table, value=table.value[:, order], covariance=covariance, modalities=names)

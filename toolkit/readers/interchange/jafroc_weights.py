"""Weights of the lesions of a case in sheet TRUTH: equal, as given, or rounded and scaled to 1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.jafroc_sheets import Sheet
from toolkit.tables import Fault

if TYPE_CHECKING:
    import pandas as pd

WEIGHT_TOLERANCE = 1e-9
# Weights of fewer decimals are too coarse to be taken as rounded; those of more are exact.
_ROUNDED_DECIMALS = (2, 6)


def lesion_weights(sheet: Sheet, *, show: bool) -> tuple[pd.Series, list[str], list[Fault]]:
    """Return weights that add up to 1 in each case with lesions, notes, and faults.

    A column of zeros is the format's way to say that the lesions of a case count equally.
    """
    frame = sheet.frame
    weight, diseased = frame["Weight"], frame["LesionID"] > 0
    faults = sheet.value_faults(
        "Weight",
        (~diseased & (weight != 0)).to_numpy() & sheet.sound,
        "must be 0 in a case without lesions",
        show=show,
    )
    # A split plot lists a case once for each group of readers.
    lesions = frame[diseased & sheet.sound]
    once = lesions.drop_duplicates(["CaseID", "LesionID"])
    equal = 1 / once.groupby("CaseID").size()
    if (lesions["Weight"] == 0).all():
        return frame["CaseID"].map(equal), _equal_note(once), faults
    partial = set(frame["CaseID"][~sheet.sound])
    total = once.groupby("CaseID")["Weight"].sum()
    tolerance = _rounding(once, sheet)
    wrong = total[(total - 1).abs() > tolerance.reindex(total.index)].index
    wrong = wrong[~wrong.isin(partial)]
    rows = frame["CaseID"].isin(wrong).to_numpy() & sheet.sound
    sums = ", ".join(dict.fromkeys(f"{total[case]:g}" for case in wrong[:5]))
    faults += sheet.value_faults(
        "Weight",
        rows,
        f"must add up to 1 over the lesions of a case (here: {sums})",
        remedy="0 in all rows stands for lesions that count equally",
        show=show,
    )
    differing = lesions.groupby(["CaseID", "LesionID"])["Weight"].transform("nunique") > 1
    where = lesions.index[differing].to_numpy()
    faults += sheet.places.faults(
        where, column="Weight", rule="must be the same in all rows of one lesion"
    )
    rounded = int(((total - 1).abs() > WEIGHT_TOLERANCE).sum())
    notes = [
        f"lesions: rounded weights were scaled to add up to 1, number of cases: {rounded:,}"
    ] * bool(rounded)
    return weight / frame["CaseID"].map(total.where(total > 0, 1.0)), notes, faults


def _equal_note(once: pd.DataFrame) -> list[str]:
    """Return the note on equal weights, where a case has several lesions."""
    several = once["CaseID"].duplicated().any()
    return ["lesions: all weights are 0, so the lesions of a case count equally"] * bool(several)


def _rounding(once: pd.DataFrame, sheet: Sheet) -> pd.Series:
    """Return by how much the weights of each case may miss 1, given the decimals written.

    Three weights of 1/3 written 0.333 add up to 0.999: each is off by half of its last decimal
    at most. A single weight is never rounded.
    """
    assert sheet.weight_text is not None  # a column of this sheet
    texts = sheet.weight_text.iloc[once.index.to_numpy()].to_numpy()
    decimals = np.array(
        [len(m.group(1)) if (m := re.fullmatch(r"\d*\.(\d+)", t)) else 0 for t in texts]
    )
    by_case = once.assign(decimals=decimals).groupby("CaseID")["decimals"].agg(["size", "max"])
    several = (by_case["size"] > 1) & by_case["max"].between(*_ROUNDED_DECIMALS)
    slack = by_case["size"] * 0.5 * 10.0 ** -by_case["max"]
    return slack.where(several, 0.0).clip(lower=0.0) + WEIGHT_TOLERANCE

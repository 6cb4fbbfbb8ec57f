"""Sheet TRUTH of a JAFROC workbook: cases, lesions, and who read what in which modality."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from toolkit.readers.interchange.jafroc_sheets import TWO_FACTORS, Sheet
from toolkit.readers.interchange.jafroc_weights import lesion_weights
from toolkit.readers.interchange.study import Paradigm
from toolkit.tables import Fault, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

PARADIGMS = ("ROC", "FROC", "LROC", "ROI")
DESIGNS = ("FCTRL", "FCTRL-X-MOD", "SPLIT-PLOT-A", "SPLIT-PLOT-C")
_OLDER_WORD = {"CROSSED": "FCTRL"}  # as versions before 2020 have it
JOIN = " x "  # between the levels of two modality factors, in the one column of canonical tables
ONE_LESION = ("ROC", "LROC")


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """What sheet TRUTH says.

    Parameters
    ----------
    cases : DataFrame
        case_id, truth, ``_row``.
    lesions : DataFrame
        case_id, lesion_id (number), weight, ``_row``.
    design : DataFrame or None
        reader_id, modality, case_id, ``_row``: every declared reading. None in the older layout
        of three columns, which declares none.
    paradigm : str or None
        None in the older layout.
    notes : tuple of str
        What was derived.
    """

    cases: pd.DataFrame
    lesions: pd.DataFrame
    design: pd.DataFrame | None
    paradigm: Paradigm | None
    notes: tuple[str, ...]


def read_truth(sheet: Sheet, *, show: bool) -> tuple[Truth, list[Fault]]:
    """Return what the sheet says, and its faults; with faults the first is not to be used."""
    frame = sheet.frame
    faults: list[Fault] = []
    paradigm, design_word = None, ""
    if "Paradigm" in frame:
        paradigm, design_word, faults = _paradigm(sheet, show=show)
    faults += _lesion_faults(sheet, paradigm, show=show)
    weight, notes, weight_faults = lesion_weights(sheet, show=show)
    faults += weight_faults
    design = None
    if "ReaderID" in frame:
        design, design_faults = _design(sheet, design_word, show=show)
        faults += design_faults
    else:
        faults += _repeated(sheet, ["CaseID", "LesionID"])
    diseased = frame["LesionID"] > 0
    cases = frame[["CaseID", "_row"]].assign(truth=diseased.astype(float))
    lesions = frame[["CaseID", "LesionID", "_row"]].assign(weight=weight)[diseased]
    truth = Truth(
        cases=cases.rename(columns={"CaseID": "case_id"}).drop_duplicates("case_id"),
        lesions=lesions.rename(
            columns={"CaseID": "case_id", "LesionID": "lesion_id"}
        ).drop_duplicates(["case_id", "lesion_id"]),
        design=design,
        paradigm=paradigm,
        notes=tuple(notes),
    )
    return truth, faults


def _paradigm(sheet: Sheet, *, show: bool) -> tuple[Paradigm | None, str, list[Fault]]:
    """Return paradigm and design, the two words of the column Paradigm."""
    words = sheet.frame["Paradigm"].str.upper().replace(_OLDER_WORD)
    given = words.notna().to_numpy()
    known = [(0, PARADIGMS), (1, DESIGNS)]
    faults: list[Fault] = []
    positions = np.flatnonzero(given)
    for (number, allowed), position in zip(known, positions, strict=False):
        word = words.iloc[position]
        if word not in allowed:
            what = "design" if number else "paradigm"
            close = did_you_mean(word, allowed)
            rule = f"must be the {what}: {', '.join(allowed)}"
            here = np.arange(given.size) == position
            faults += sheet.value_faults("Paradigm", here, rule, remedy=close, show=show)
    if len(positions) != 2:
        rule = "must hold two words, first the paradigm and below it the design"
        remedy = "enter ROC, FROC, LROC or ROI in row 2, and FCTRL or the split plot in row 3"
        where = positions[2:] if len(positions) > 2 else np.array([0], dtype=np.intp)
        faults += sheet.places.faults(where, column="Paradigm", rule=rule, remedy=remedy)
    if faults:
        return None, "", faults
    paradigm, design = words.iloc[positions].tolist()
    return cast("Paradigm", paradigm), design, []


def _lesion_faults(sheet: Sheet, paradigm: Paradigm | None, *, show: bool) -> list[Fault]:
    """Return the faults of lesion numbers: one case with and without lesions, or too many."""
    lesion = sheet.frame["LesionID"]
    by_case = lesion.groupby(sheet.frame["CaseID"])
    both = (by_case.transform("min") == 0) & (by_case.transform("max") > 0)
    faults = sheet.value_faults(
        "LesionID",
        both.to_numpy() & sheet.sound,
        "stands in a case that has rows with lesions and a row with none",
        remedy="0 is for cases without any lesion",
        show=show,
    )
    if paradigm in ONE_LESION:
        faults += sheet.value_faults(
            "LesionID",
            (lesion > 1).to_numpy(),
            f"must be 0 or 1 in paradigm {paradigm}, where a case has at most one lesion",
            show=show,
        )
    return faults


def _repeated(sheet: Sheet, key: list[str]) -> list[Fault]:
    """Return a fault for each key that repeats among the sound records."""
    sound = np.flatnonzero(sheet.sound)
    keys = sheet.frame[key].iloc[sound]
    repeated = keys[keys.duplicated(keep=False)]
    subject = f"key ({', '.join(key)})"
    return [
        fault
        for _, group in itertools.islice(repeated.groupby(key, sort=False), 20)
        for fault in sheet.places.faults(
            group.index.to_numpy(), column=subject, rule=f"repeats {len(group)} times"
        )
    ]


def _design(sheet: Sheet, word: str, *, show: bool) -> tuple[pd.DataFrame, list[Fault]]:
    """Return every declared reading, and the faults of the lists of IDs."""
    import pandas as pd

    frame = sheet.frame
    factors = [name for name in ("ModalityID", *TWO_FACTORS) if name in frame]
    lists, faults = {}, []
    for name in ("ReaderID", *factors):
        lists[name], list_faults = _id_lists(sheet, name, show=show)
        faults += list_faults
    if word in ("FCTRL", "FCTRL-X-MOD"):
        faults += _uneven_faults(sheet, lists)
    if (word == "FCTRL-X-MOD") != (len(factors) == 2) and word:
        columns = "two columns" if len(factors) == 1 else "one column"
        rule = f"is {word}, which goes with {columns} of modalities"
        where = np.flatnonzero(frame["Paradigm"].notna())[1:2]
        faults += sheet.places.faults(where, column="Paradigm", rule=rule)
    if faults:
        return frame.iloc[:0], faults
    modalities = [
        [JOIN.join(levels) for levels in itertools.product(*row)]
        for row in zip(*(lists[name] for name in factors), strict=True)
    ]
    declared = pd.DataFrame(
        {
            "reader_id": lists["ReaderID"],
            "modality": modalities,
            "case_id": frame["CaseID"],
            "LesionID": frame["LesionID"],
            "_row": frame["_row"],
        }
    )
    readings = declared[sheet.sound].explode("reader_id").explode("modality")
    if sheet.sound.all():
        faults += _declared_faults(sheet, readings)
    return readings.drop(columns="LesionID").drop_duplicates(
        ["reader_id", "modality", "case_id"]
    ), faults


def _id_lists(sheet: Sheet, name: str, *, show: bool) -> tuple[list[list[str]], list[Fault]]:
    """Return the IDs listed in each cell of a column; brackets mark a nested factor."""
    cells = sheet.frame[name].fillna("")
    parsed = {cell: _listed(cell) for cell in cells.unique().tolist()}
    faults: list[Fault] = []
    for rule, wrong in (
        ("has an empty ID in its list", [c for c, ids in parsed.items() if c and "" in ids]),
        (
            "names an ID twice in its list",
            [c for c, ids in parsed.items() if len(set(ids)) < len(ids)],
        ),
    ):
        faults += sheet.value_faults(name, cells.isin(wrong).to_numpy(), rule, show=show)
    return [parsed[cell] for cell in cells.tolist()], faults


def _listed(cell: str) -> list[str]:
    """Return the IDs of one list."""
    inner = cell[1:-1] if cell.startswith("(") and cell.endswith(")") else cell
    return [part.strip() for part in inner.split(",")]


def _uneven_faults(sheet: Sheet, lists: dict[str, list[list[str]]]) -> list[Fault]:
    """Return the faults of rows whose lists differ from those of most rows, in a crossed design."""
    import pandas as pd

    faults: list[Fault] = []
    for name, values in lists.items():
        keys = pd.Series([",".join(sorted(ids)) for ids in values])[sheet.sound]
        if keys.nunique() > 1:
            usual = keys.mode().iloc[0]
            faults += sheet.places.faults(
                keys.index[keys != usual].to_numpy(),
                column=name,
                rule="must list the same IDs in all rows of a factorial design (FCTRL)",
                remedy="complete the list, or say SPLIT-PLOT-A or SPLIT-PLOT-C under Paradigm",
            )
    return faults


def _declared_faults(sheet: Sheet, readings: pd.DataFrame) -> list[Fault]:
    """Return the faults of lesions that are declared twice, or for a part of the readers only."""
    key = ["reader_id", "modality", "case_id"]
    faults: list[Fault] = []
    again = readings.duplicated([*key, "LesionID"], keep=False)
    repeated = readings[again].drop_duplicates(["case_id", "LesionID", "_row"])
    for _, group in itertools.islice(repeated.groupby(["case_id", "LesionID"], sort=False), 20):
        rows = group.index.unique().to_numpy()
        rule = f"repeats {len(rows)} times"
        faults += sheet.places.faults(rows, column="key (CaseID, LesionID)", rule=rule)
    n_lesions = readings.groupby("case_id")["LesionID"].transform("nunique")
    partial = readings.groupby(key)["LesionID"].transform("nunique") != n_lesions
    faults += sheet.places.faults(
        np.sort(readings.index[partial].unique().to_numpy()),
        column="LesionID",
        rule="must be listed for all readers of its case, or for none",
    )
    return faults

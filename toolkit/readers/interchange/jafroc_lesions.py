"""Sheet TRUTH of a JAFROC workbook: cases, lesions, and who read what in which modality."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.readers.interchange.jafroc_sheets import TWO_FACTORS, Sheet, modality_columns
from toolkit.readers.interchange.study import LESION_KEY, READING_KEY, Paradigm
from toolkit.readers.tabular.raw_table import file_fault
from toolkit.tables import Fault, TableData, TableError, did_you_mean

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


PARADIGMS = ("ROC", "FROC", "LROC", "ROI")
_FACTORIAL = ("FCTRL", "FCTRL-X-MOD")
DESIGNS = (*_FACTORIAL, "SPLIT-PLOT-A", "SPLIT-PLOT-C")
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
        reader_id, modality, case_id, ``_row``: every declared reading. None in the older layouts
        of three and four columns, which declare none.
    paradigm : str or None
        None in the older layout of three columns.
    notes : tuple of str
        What was derived.
    """

    cases: pd.DataFrame
    lesions: pd.DataFrame
    design: pd.DataFrame | None
    paradigm: Paradigm | None
    notes: tuple[str, ...]


def read_truth(sheet: Sheet, *, factors: tuple[str, ...], show: bool) -> tuple[Truth, list[Fault]]:
    """Return what the sheet says, and its faults; with faults the first is not to be used.

    ``factors`` are the columns of modalities of the workbook, one or two.
    """
    frame = sheet.frame
    faults: list[Fault] = []
    paradigm, design_word = None, ""
    if "Paradigm" in frame:
        paradigm, design_word, faults = _paradigm(sheet, show=show)
        faults += _word_faults(sheet, design_word, factors)
    faults += _lesion_faults(sheet, paradigm, show=show)
    weight, notes, weight_faults = lesion_weights(sheet, show=show)
    faults += weight_faults
    design = None
    if "ReaderID" in frame:
        design, design_faults = _design(sheet, design_word, factors, show=show)
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


def _word_faults(sheet: Sheet, word: str, factors: tuple[str, ...]) -> list[Fault]:
    """Return a fault where the design's word does not fit the columns of modalities or readers."""
    crossed, declared = word == "FCTRL-X-MOD", "ReaderID" in sheet.frame
    if not word or (crossed == (len(factors) == 2) and (declared or word in _FACTORIAL)):
        return []
    columns = "two columns" if len(factors) == 1 else "one column"
    rule, remedy = f"is {word}, which goes with {columns} of modalities", ""
    if not declared and word not in _FACTORIAL:
        rule = f"is {word}, but who read what is not said"
        remedy = "add the columns ReaderID and ModalityID to sheet TRUTH"
    where = np.flatnonzero(sheet.frame["Paradigm"].notna())[1:2]
    return sheet.places.faults(where, column="Paradigm", rule=rule, remedy=remedy)


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


def _design(
    sheet: Sheet, word: str, factors: tuple[str, ...], *, show: bool
) -> tuple[pd.DataFrame, list[Fault]]:
    """Return every declared reading, and the faults of the lists of IDs."""
    import pandas as pd

    frame = sheet.frame
    lists, faults = {}, []
    for name in ("ReaderID", *factors):
        lists[name], list_faults = _id_lists(sheet, name, show=show)
        faults += list_faults
    if word in _FACTORIAL:
        faults += _uneven_faults(sheet, lists)
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


ONE_RATING = ("ROC", "LROC")


def all_marks(sheets: dict[str, Sheet]) -> pd.DataFrame:
    """Return the records of both sheets: FP first, then TP, each in the order of its sheet.

    Returns
    -------
    DataFrame
        reader_id, modality, case_id, lesion (NaN in FP), rating, ``_row``, ``_file``, ``_sheet``
        and ``_position`` in its sheet.
    """
    import pandas as pd

    parts = []
    for name in ("FP", "TP"):
        sheet = sheets[name]
        frame = sheet.frame[sheet.sound]
        first, *second = (frame[name] for name in modality_columns(sheet))
        modality = first + JOIN + second[0] if second else first
        parts.append(
            pd.DataFrame(
                {
                    "reader_id": frame["ReaderID"],
                    "modality": modality,
                    "case_id": frame["CaseID"],
                    "lesion": frame["LesionID"] if name == "TP" else np.nan,
                    "rating": frame["Rating"],
                    "_row": frame["_row"],
                    "_file": sheet.places.files[frame.index.to_numpy()],
                    "_sheet": name,
                    "_position": frame.index,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def declared_or_crossed(truth: Truth, marks: pd.DataFrame, *, crossed: bool) -> Truth:
    """Return the truth with every declared reading; the older layout means all of them.

    Of two ``crossed`` factors the modalities are in the order of the first, then of the second.
    """
    if truth.design is not None:
        return truth
    import pandas as pd

    readers, modalities = marks["reader_id"].unique(), marks["modality"].unique().tolist()
    if crossed:
        modalities = _in_crossed_order(modalities)
    index = pd.MultiIndex.from_product(
        [readers, modalities, truth.cases["case_id"]], names=READING_KEY
    )
    design = index.to_frame(index=False).merge(truth.cases[["case_id", "_row"]], on="case_id")
    note = (
        "readings: the file has no list of who read what, so every reader counts as having read "
        "every case in every modality"
    )
    return replace(truth, design=design, notes=(*truth.notes, note))


def _in_crossed_order(names: list[str]) -> list[str]:
    """Return combinations by the level of the first factor, then of the second, as first named."""
    levels = [name.partition(JOIN)[::2] for name in names]
    first, second = (list(dict.fromkeys(factor)) for factor in zip(*levels, strict=True))
    places = [(first.index(a), second.index(b)) for a, b in levels]
    return [name for _, name in sorted(zip(places, names, strict=True))]


def inferred_paradigm(truth: Truth, marks: pd.DataFrame, *, file: str) -> tuple[Paradigm, str]:
    """Return what the older layout leaves unsaid, and the note on it.

    ROC has one rating for every reading, in sheet FP for a case without a lesion and in TP for
    one with. Where some of these are lacking they may be ratings that were never given or, in a
    FROC study, readings without a mark: the two have other results, so this is refused. ROI has
    the same number of ratings in every reading of every case, one of each lesion among them: in
    a FROC study readers would have to agree on how many places to mark, everywhere.
    """
    assert truth.design is not None  # declared_or_crossed has filled it
    diseased = set(truth.lesions["case_id"])
    on_side = marks["case_id"].isin(diseased) == (marks["_sheet"] == "TP")
    one_lesion = (truth.lesions["lesion_id"] == 1).all()
    if not on_side.all() or not one_lesion or marks.duplicated(READING_KEY).any():
        if regions := _regions_rated(truth, marks):
            what = f"since each reading rates {regions} places, every lesion among them"
            return "ROI", f"paradigm: not in the file; ROI (given regions), {what}"
        return "FROC", "paradigm: not in the file; FROC, since readings have any number of marks"
    lacking = len(truth.design) - len(marks)
    if lacking:
        rule = (
            f"does not say its paradigm: no reading has two ratings, and {lacking:,} have none, "
            "which is ROC with missing readings or FROC without marks"
        )
        remedy = "add the columns ReaderID, ModalityID and Paradigm to sheet TRUTH"
        raise TableError([file_fault(file, rule, remedy)])
    return "ROC", "paradigm: not in the file; ROC, since each reading has exactly one rating"


def _regions_rated(truth: Truth, marks: pd.DataFrame) -> int:
    """Return how many places every reading rates; 0 unless all the same, 2 or more, and lesions."""
    assert truth.design is not None
    sizes = marks.groupby(READING_KEY).size()
    hits = int((marks["_sheet"] == "TP").sum())
    lesion_readings = len(truth.design.merge(truth.lesions[["case_id", "lesion_id"]], on="case_id"))
    rates_all = len(sizes) == len(truth.design) and hits == lesion_readings > 0
    same = sizes.nunique() == 1 and sizes.iloc[0] > 1
    return int(sizes.iloc[0]) if rates_all and same else 0


def mark_faults(
    sheets: dict[str, Sheet], marks: pd.DataFrame, truth: Truth, paradigm: Paradigm, *, show: bool
) -> list[Fault]:
    """Return the faults of ratings that do not fit sheet TRUTH or the paradigm."""
    faults: list[Fault] = []
    for name in ("FP", "TP"):
        sheet = sheets[name]
        rows = marks[marks["_sheet"] == name]
        faults += _undeclared(sheet, rows, truth, show=show)
        known = rows[rows["case_id"].isin(truth.cases["case_id"])]
        diseased = known["case_id"].isin(truth.lesions["case_id"])
        if name == "TP":
            faults += _lesion_faults_jafroc_marks(sheet, known, diseased, truth, show=show)
            faults += _lesion_twice(sheet, known)
        elif paradigm == "ROC":
            rule = "has a lesion, so in paradigm ROC its rating belongs to sheet TP"
            faults += sheet.value_faults("CaseID", _at(sheet, known[diseased]), rule, show=show)
    if paradigm in ONE_RATING:
        faults += _rated_twice(sheets, marks, paradigm)
    return faults


def _at(sheet: Sheet, rows: pd.DataFrame) -> BoolArray:
    """Return the mask of these rows over all records of their sheet."""
    mask = np.zeros(len(sheet.frame), dtype=bool)
    mask[rows["_position"].to_numpy(dtype=np.intp)] = True
    return mask


def _undeclared(sheet: Sheet, rows: pd.DataFrame, truth: Truth, *, show: bool) -> list[Fault]:
    """Return the faults of rows of a reading that sheet TRUTH does not declare."""
    import pandas as pd

    design = truth.design
    assert design is not None
    found = pd.MultiIndex.from_frame(rows[READING_KEY]).isin(
        pd.MultiIndex.from_frame(design[READING_KEY])
    )
    lost = rows[~found]
    faults: list[Fault] = []
    named = np.zeros(len(lost), dtype=bool)
    factor = "ModalityID" if "ModalityID" in sheet.frame else TWO_FACTORS[0]
    for column, canonical in (
        ("CaseID", "case_id"),
        ("ReaderID", "reader_id"),
        (factor, "modality"),
    ):
        known = truth.cases[canonical] if canonical == "case_id" else design[canonical]
        unknown = ~lost[canonical].isin(known.unique()).to_numpy()
        rule = "must be in sheet TRUTH"
        faults += sheet.value_faults(column, _at(sheet, lost[unknown]), rule, show=show)
        named |= unknown
    rule = "was not read by this reader in this modality, as sheet TRUTH has it"
    faults += sheet.value_faults("CaseID", _at(sheet, lost[~named]), rule, show=show)
    return faults


def _lesion_faults_jafroc_marks(
    sheet: Sheet, known: pd.DataFrame, diseased: pd.Series, truth: Truth, *, show: bool
) -> list[Fault]:
    """Return the faults of marks on lesions that do not exist."""
    import pandas as pd

    faults = sheet.value_faults(
        "CaseID",
        _at(sheet, known[~diseased]),
        "has no lesion in sheet TRUTH, so nothing on it can be a hit",
        remedy="its false marks belong to sheet FP",
        show=show,
    )
    lesions = pd.MultiIndex.from_frame(truth.lesions[["case_id", "lesion_id"]])
    hits = known[diseased]
    exists = pd.MultiIndex.from_frame(hits[["case_id", "lesion"]]).isin(lesions)
    rule = "must be a lesion of its case in sheet TRUTH"
    return faults + sheet.value_faults("LesionID", _at(sheet, hits[~exists]), rule, show=show)


def _lesion_twice(sheet: Sheet, known: pd.DataFrame) -> list[Fault]:
    """Return the faults of lesions that one reading hits more than once."""
    again = known[known.duplicated([*READING_KEY, "lesion"], keep=False)]
    return sheet.places.faults(
        again["_position"].to_numpy(dtype=np.intp),
        column="LesionID",
        rule="is hit more than once in one reading",
        remedy="keep the mark with the highest rating",
    )


def _rated_twice(sheets: dict[str, Sheet], marks: pd.DataFrame, paradigm: Paradigm) -> list[Fault]:
    """Return the faults of readings with several ratings, where the paradigm has one."""
    faults: list[Fault] = []
    again = marks[marks.duplicated(READING_KEY, keep=False)]
    for name in ("FP", "TP"):
        rows = again[again["_sheet"] == name]
        faults += sheets[name].places.faults(
            rows["_position"].to_numpy(dtype=np.intp),
            column="CaseID",
            rule=f"is rated more than once in one reading, in paradigm {paradigm}",
        )
    return faults


def without_images(tables: Mapping[str, TableData]) -> dict[str, TableData]:
    """Return the tables with one row a lesion, and its highest mark of each reading.

    Rows keep their places, so that faults name the rows of the source. Of equal marks the first
    is kept. Further marks of a lesion are no hits and no false marks; see ``image_losses``.
    """
    held = dict(tables)
    if "lesions" in tables:
        # What the rows say of the lesion, its weight too, is the same: check_table sees to it.
        lesions = tables["lesions"]
        held["lesions"] = _rows(lesions, ~lesions.frame.duplicated(LESION_KEY).to_numpy())
    if "marks" in tables:
        held["marks"] = _rows(tables["marks"], ~_is_further(tables["marks"].frame))
    return held


def image_losses(tables: Mapping[str, TableData], held: Mapping[str, TableData]) -> list[str]:
    """Return what ``without_images`` has merged or left out."""
    lost = []
    if "lesions" in tables:
        frame = tables["lesions"].frame
        several = len(frame[frame.duplicated(LESION_KEY)].drop_duplicates(LESION_KEY))
        if several:
            lost.append(
                f"lesions: {several:,} with places on several images became one row each; "
                "a JAFROC workbook has no images"
            )
    if "marks" in tables:
        further = len(tables["marks"].frame) - len(held["marks"].frame)
        if further:
            lost.append(
                f"marks: {further:,} further marks of lesions that a reading marks more than "
                "once; the highest of each is kept"
            )
    return lost


def _is_further(marks: pd.DataFrame) -> BoolArray:
    """Return which marks hit a lesion that a higher, or an equal earlier, one hits as well."""
    further = np.zeros(len(marks), dtype=bool)
    if "mark_type" not in marks or "lesion_id" not in marks:
        return further  # no mark names the lesion that it hits
    hits = marks.assign(place=np.arange(len(marks)))
    hits = hits[(marks["mark_type"] == "LL") & marks["lesion_id"].notna()]
    hits = hits.sort_values("rating", ascending=False, kind="stable")
    again = hits.duplicated([*READING_KEY, "lesion_id"]).to_numpy()
    further[hits["place"].to_numpy()[again]] = True
    return further


def _rows(data: TableData, keep: BoolArray) -> TableData:
    """Return some rows of a table, each with its place."""
    return TableData(
        frame=data.frame[keep].reset_index(drop=True), files=data.files[keep], rows=data.rows[keep]
    )

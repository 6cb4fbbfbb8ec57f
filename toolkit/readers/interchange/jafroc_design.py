"""Which of the designs that a JAFROC workbook knows a study has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.readers.interchange.jafroc_sheets import TWO_FACTORS
from toolkit.readers.interchange.jafroc_truth import JOIN
from toolkit.readers.interchange.study import Paradigm
from toolkit.readers.raw_table import file_fault
from toolkit.tables import Fault, TableData

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Block:
    """Cases that the same readers read in the same modalities, with the cells that say so."""

    cases: tuple[str, ...]
    readers: str
    modalities: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Design:
    """A design: its word, its columns of modalities, and its blocks."""

    word: str
    factors: tuple[str, ...]
    blocks: tuple[Block, ...]

    def levels(self, modality: str) -> list[str]:
        """Return the cells of a modality."""
        return modality.split(JOIN) if len(self.factors) > 1 else [modality]


def study_design(
    tables: Mapping[str, TableData], paradigm: Paradigm
) -> tuple[Design | None, list[Fault]]:
    """Return the design of the readings, or why a workbook cannot say it.

    In paradigm ROC a reading that is missing belongs to the design. Elsewhere a reading without
    a mark looks like one that was not made, so every reading must have been made.
    """
    readings = tables["readings"]
    frame = readings.frame
    if paradigm != "ROC" and (frame["status"] != "complete").any():
        rule = (
            f"must be complete: in paradigm {paradigm} a reading that was not made cannot be told "
            "from one without a mark"
        )
        where = (frame["status"] != "complete").to_numpy().nonzero()[0]
        remedy = "leave out what was not read in all modalities"
        return None, readings.faults(where, column="status", rule=rule, remedy=remedy)
    readers = _in_order(tables["readers"].frame["reader_id"], frame["reader_id"])
    modalities = tuple(dict.fromkeys(frame["modality"]))
    cases = tuple(tables["cases"].frame["case_id"])
    if len(cases) < 2:
        rule = "has a single case, and sheet TRUTH needs two rows to say paradigm and design"
        return None, [file_fault(str(readings.files[0]), rule, column="table cases")]
    n_all = len(readers) * len(modalities) * len(cases)
    if len(frame) == n_all:
        return _factorial(cases, readers, modalities), []
    found = _nested_readers(frame, readers, modalities, cases) or _nested_cases(
        frame, readers, modalities, cases
    )
    if found is not None:
        return found, []
    rule = (
        f"has {len(frame):,} of the {n_all:,} readings of a factorial design, and is no split "
        "plot with readers nested in modality or cases nested in reader"
    )
    remedy = "leave out who did not read all cases in all modalities, such as an AI"
    if paradigm == "ROC":
        remedy = (
            "say status missing for readings that should have been made, or convert to csv or "
            "imrmc, which hold any design"
        )
    file = str(readings.files[0])
    return None, [file_fault(file, rule, remedy, column="table readings")]


def _in_order(wanted: pd.Series, used: pd.Series) -> tuple[str, ...]:
    """Return the values of one column that stand in the other."""
    return tuple(wanted[wanted.isin(used.unique())])


def _factorial(
    cases: tuple[str, ...], readers: tuple[str, ...], modalities: tuple[str, ...]
) -> Design:
    """Return the design in which every reader reads every case in every modality."""
    pairs = [tuple(modality.split(JOIN)) for modality in modalities]
    if all(len(pair) == 2 for pair in pairs):
        first, second = (tuple(dict.fromkeys(levels)) for levels in zip(*pairs, strict=True))
        if len(first) > 1 and len(second) > 1 and len(first) * len(second) == len(pairs):
            block = Block(
                cases=cases, readers=_listed(readers), modalities=(_listed(first), _listed(second))
            )
            return Design(word="FCTRL-X-MOD", factors=TWO_FACTORS, blocks=(block,))
    block = Block(cases=cases, readers=_listed(readers), modalities=(_listed(modalities),))
    return Design(word="FCTRL", factors=("ModalityID",), blocks=(block,))


def _listed(ids: tuple[str, ...]) -> str:
    """Return IDs as the list of one cell."""
    return ",".join(ids)


def _nested_readers(
    frame: pd.DataFrame,
    readers: tuple[str, ...],
    modalities: tuple[str, ...],
    cases: tuple[str, ...],
) -> Design | None:
    """Return the split plot in which each reader reads all cases, in one modality."""
    one_modality = frame.groupby("reader_id")["modality"].nunique().eq(1).all()
    if not one_modality or len(frame) != len(readers) * len(cases):
        return None
    modality_of = frame.drop_duplicates("reader_id").set_index("reader_id")["modality"]
    blocks = tuple(
        Block(
            cases=cases,
            readers=_listed(tuple(r for r in readers if modality_of[r] == modality)),
            modalities=(f"({modality})",),
        )
        for modality in modalities
    )
    return Design(word="SPLIT-PLOT-A", factors=("ModalityID",), blocks=blocks)


def _nested_cases(
    frame: pd.DataFrame,
    readers: tuple[str, ...],
    modalities: tuple[str, ...],
    cases: tuple[str, ...],
) -> Design | None:
    """Return the split plot in which one reader reads each case, in all modalities."""
    one_reader = frame.groupby("case_id")["reader_id"].nunique().eq(1).all()
    if not one_reader or len(frame) != len(cases) * len(modalities):
        return None
    reader_of = frame.drop_duplicates("case_id").set_index("case_id")["reader_id"]
    blocks = tuple(
        Block(
            cases=tuple(case for case in cases if reader_of[case] == reader),
            readers=f"({reader})",
            modalities=(_listed(modalities),),
        )
        for reader in readers
    )
    return Design(word="SPLIT-PLOT-C", factors=("ModalityID",), blocks=blocks)

"""From canonical tables to the bytes of a file of another program."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.readers.interchange.holds import losses, refusals
from toolkit.readers.interchange.jafroc_holds import jafroc_losses
from toolkit.readers.interchange.jafroc_images import image_losses, without_images
from toolkit.readers.interchange.jafroc_write import jafroc_bytes
from toolkit.readers.interchange.study import Format, Paradigm, paradigm_of
from toolkit.readers.interchange.text_write import imrmc_bytes, iowa_csv_bytes, lrc_bytes
from toolkit.tables import TableData, TableError

_TEXT = {"imrmc": imrmc_bytes, "csv": iowa_csv_bytes, "lrc": lrc_bytes}


def study_bytes(
    tables: Mapping[str, TableData],
    to: Format,
    *,
    paradigm: Paradigm | None = None,
    show_values: bool = False,
) -> tuple[bytes, tuple[str, ...]]:
    """Return a study as a file of another program, and what that file leaves behind.

    Parameters
    ----------
    tables : mapping of str to TableData
        Checked canonical tables.
    to : {"jafroc", "imrmc", "lrc", "csv"}
        The format.
    paradigm : {"ROC", "FROC", "LROC", "ROI"}, optional
        What a JAFROC workbook calls the study; without it as ``paradigm_of`` finds it.
    show_values : bool
        Show identifying values in the messages: for a terminal only.

    Returns
    -------
    bytes
        The file.
    tuple of str
        Descriptions that the format has no place for, one line each.

    Raises
    ------
    TableError
        With all reasons why the format cannot hold truth, ratings, marks, lesions or IDs.
    """
    chosen: Paradigm = paradigm or (paradigm_of(tables) if to == "jafroc" else "ROC")
    faults = refusals(tables, to, chosen, show_values=show_values)
    if faults:
        raise TableError(faults)
    lost = losses(tables, to, chosen)
    if to == "jafroc":
        held = tables if chosen == "ROC" else without_images(tables)
        content = jafroc_bytes(held, chosen)
        return content, (*lost, *image_losses(tables, held), *jafroc_losses(held, chosen))
    return _TEXT[to](tables), tuple(lost)

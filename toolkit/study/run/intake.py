"""From a study's raw files to its canonical tables in the work folder.

A table is kept under the hash of what it was made from: the bytes of its files, its column map
and the code that read it. As long as these stay, no file is parsed and pandas is not imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.readers.tabular.sources import TableSource
from toolkit.study.run.fingerprint import module_hashes, sha256_file, sha256_json
from toolkit.study.run.workspace import Workspace, read_json, to_json, write_atomic
from toolkit.tables import TableData, TableError, check_links

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.study.parameters.file import StudyParameters

Tables = dict[str, dict[str, "TableData"]]
STANDALONE = "standalone"
READING_CODE = ("toolkit.readers.tabular.sources", "toolkit.tables", "toolkit.study.run.intake")


@dataclass(frozen=True, kw_only=True)
class StudyIndex:
    """What chapters are told about the data: one entry a table, by part and table.

    Parameters
    ----------
    path : Path
        The JSON file that ``load_tables`` reads.
    content : dict
        ``{format, study, parts: {part: {table: {file, sha256, rows, columns, sources}}}}``.
    archive : str
        Folder of the DICOM files, ``"demo"`` where pictures are simulated, or empty: none. It is
        no part of ``content``, since a result does not depend on where a file lies.
    """

    path: Path
    content: dict[str, Any]
    archive: str = ""

    @property
    def inputs(self) -> dict[str, str]:
        """Hash of each table, as ``part.table``, and of the account of how they were made."""
        parts = self.content["parts"]
        tables = {
            f"{part}.{name}": entry["sha256"]
            for part in parts
            for name, entry in parts[part].items()
        }
        return {**tables, "sources": sha256_json(self.content)}

    @property
    def data_hash(self) -> str:
        """One hash of all tables together."""
        return sha256_json({key: value for key, value in self.inputs.items() if key != "sources"})

    def columns(self, part: str) -> set[str]:
        """Return what a part has, as ``table.column``; columns without any value do not count."""
        tables = self.content["parts"].get(part, {})
        return {f"{name}.{column}" for name, entry in tables.items() for column in entry["filled"]}


def read_study(
    sources: Mapping[str, Mapping[str, Sequence[TableSource]]],
    folder: Path,
    *,
    show_values: bool = False,
) -> Tables:
    """Read and check every table of every part; all faults of all of them in one TableError.

    Parameters
    ----------
    sources : mapping
        Part to table to its sources.
    folder : Path
        The data folder, which is only read.
    show_values : bool
        Whether faults print identifying values: for the terminal only.
    """
    from toolkit.readers.tabular.sources import read_table

    faults: list[Any] = []
    tables: Tables = {}
    for part, named in sources.items():
        tables[part] = {}
        before = len(faults)
        for name, entries in named.items():
            try:
                tables[part][name] = read_table(
                    name, entries, folder=folder, show_values=show_values
                )
            except TableError as error:
                faults.extend(error.faults)
        _mark_standalone(tables[part])
        if len(faults) == before:  # links are judged only where all tables could be read
            try:
                check_links(tables[part], show_values=show_values)
            except TableError as error:
                faults.extend(error.faults)
    if faults:
        raise TableError(faults)
    return tables


def _mark_standalone(tables: dict[str, TableData]) -> None:
    """Give an AI's own readings and marks the modality standalone where the file says unaided.

    A file that holds people's and the AI's readings side by side often has one modality for all.
    Chapter 00 counts the readings, so that nobody has to guess.
    """
    if "readers" not in tables:
        return
    readers = tables["readers"].frame
    machines = readers["reader_id"][readers["kind"] == "ai"]
    for name in ("readings", "marks"):
        if name in tables:
            frame = tables[name].frame
            own = frame["reader_id"].isin(machines) & (frame["modality"] == "unaided")
            frame.loc[own, "modality"] = STANDALONE


def frame_sha256(frame: pd.DataFrame) -> str:
    """Return a hash of a table's columns and values that no file format or index can change."""
    import hashlib

    import pandas as pd

    digest = hashlib.sha256()
    for column in frame.columns:
        values = pd.util.hash_pandas_object(frame[column], index=False, categorize=False)
        digest.update(f"{column}\0{frame[column].dtype}\0".encode())
        digest.update(values.to_numpy().tobytes())
    return digest.hexdigest()


def _write_table(frame: pd.DataFrame, path: Path) -> dict[str, Any]:
    """Write a table as parquet, atomically, and return what the index says of it.

    The hash is that of what comes back from the file, since a chapter compares it with that.
    """
    import io

    import pandas as pd

    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    write_atomic(path, buffer.getvalue())
    filled = [str(column) for column in frame.columns if frame[column].notna().any()]
    return {
        "sha256": frame_sha256(pd.read_parquet(buffer)),
        "rows": len(frame),
        "columns": [str(column) for column in frame.columns],
        "filled": filled,
        **_exam_dates(frame),
    }


def _exam_dates(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Return the first and last date of examination; nothing of a table without such dates."""
    if "exam_date" not in frame or frame["exam_date"].isna().all():
        return {}
    dates = frame["exam_date"].min(), frame["exam_date"].max()
    return {"exam_dates": [date.date().isoformat() for date in dates]}


def _plan(parameters: StudyParameters, folder: Path | None) -> dict[str, dict[str, dict[str, Any]]]:
    """Return how each table is to be made: its map and the hashes of its files."""
    if parameters.data == "demo":
        from toolkit.demo import DEMO_SEED, DEMO_TABLES

        made = {"seed": DEMO_SEED, "code": module_hashes("toolkit.demo", *READING_CODE)}
        return {
            part: {name: {"simulated": made} for name in names}
            for part, names in DEMO_TABLES.items()
        }
    assert folder is not None  # the caller refused a study without its folder
    code = module_hashes(*READING_CODE)
    hashes: dict[str, str] = {}

    def described(source: TableSource) -> dict[str, Any]:
        file = source.file
        if file is not None and file not in hashes:
            path = folder / file
            hashes[file] = sha256_file(path) if path.is_file() else "missing"
        return {"map": asdict(source), "sha256": hashes.get(file or "")}

    return {
        part: {
            name: {"sources": [described(s) for s in entries], "code": code}
            for name, entries in named.items()
        }
        for part, named in parameters.sources.items()
    }


def make_tables(
    parameters: StudyParameters, folder: Path | None, *, show_values: bool = False
) -> dict[str, dict[str, pd.DataFrame]]:
    """Return all tables, read from the files or simulated."""
    if parameters.data == "demo":
        from toolkit.demo import demo_study

        return demo_study()
    assert folder is not None  # the caller refused a study without its folder
    read = read_study(parameters.sources, folder, show_values=show_values)
    return {
        part: {name: table.frame for name, table in named.items()} for part, named in read.items()
    }


def prepare_tables(
    parameters: StudyParameters, folder: Path | None, workspace: Workspace
) -> StudyIndex:
    """Make what tables are not in the work folder yet, and return the index of all.

    Raises
    ------
    TableError
        With all faults of all tables; then nothing is written.
    """
    plan = _plan(parameters, folder)
    key = sha256_json(plan)
    place = workspace.work / "tables" / key
    if workspace.holds(place, "tables"):
        parts = read_json(place / "parts.json")
    else:
        made = make_tables(parameters, folder)
        scratch = workspace.scratch("tables")
        parts = {
            part: {
                name: {
                    "file": f"{part}.{name}.parquet",
                    **_write_table(frame, scratch / f"{part}.{name}.parquet"),
                }
                for name, frame in named.items()
            }
            for part, named in made.items()
        }
        write_atomic(scratch / "parts.json", to_json(parts))
        workspace.keep(scratch, place)
    for part, named in parts.items():
        for name, entry in named.items():
            entry["sources"] = plan[part][name].get("sources", [])
    content = {
        "format": 1,
        "study": parameters.study,
        "title": parameters.title,
        "origin": parameters.data_origin,
        "parts": parts,
    }
    path = place / f"index-{sha256_json(content)[:12]}.json"
    write_atomic(path, to_json(content))
    return StudyIndex(path=path, content=content)

"""An executed notebook as it is delivered: the same bytes from the same inputs, and nobody's paths.

What is kept is listed here; whatever else papermill, nbclient or a front end adds is left out:
times, durations, versions, widget state, random cell ids.
"""

from __future__ import annotations

import getpass
import math
import os
import re
import socket
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from toolkit.study.run.kernels import KERNELS_FOLDER, temporary_folders

INJECTED = "injected-parameters"  # papermill's tag
MACHINE_PARAMETERS = ("tables", "record", "archive")  # paths that the run hands to each chapter

_CELL_METADATA = ("tags", "mystnb")
_MIME_TYPES = (
    "text/html",
    "text/latex",
    "text/markdown",
    "text/plain",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "application/json",
)
_PIXELS = ("image/png", "image/jpeg")
_NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_PACKAGE_HOME = Path(__file__).resolve().parents[3]
_SHORTEST_NAME = 3

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ADDRESS = re.compile(r"(?<=\bat )0x[0-9a-fA-F]+")
_CELL_FILE = re.compile(r"~[/\\]ipykernel_\d+[/\\]\d+\.py")  # in the kernel's home
_START = r"""(?<![\w./\\~:<…-])"""  # a path begins here, not in the middle of a word or a URL
_FOLDERS_BEFORE_NAME = re.compile(
    rf"""
    file:// (?:/[^\s/'"<>]+)+ /
    | {_START} / (?: [^\s/'"<>:,;()\[\]]+ / )+
    | {_START} [A-Za-z]: \\+ (?: [^\s\\'"<>]+ \\+ )+
    | {_START} \\\\+ [\w.-]{{2,}} \\+ (?: [^\s\\'"<>]+ \\+ )+
    """,
    re.VERBOSE,
)
_QUOTED_FOLDERS = re.compile(  # in quotes, folders may have blanks in their names
    r"""(?P<quote>['"]) (?:/|[A-Za-z]:\\) [^'"\n]* [/\\] (?=[^'"\n]*(?P=quote))""",
    re.VERBOSE,
)


class Scrubber:
    """Takes out of texts what belongs to a machine or a person.

    Parameters
    ----------
    folders : iterable of Path
        Folders of this run; paths in them become relative.

    Examples
    --------
    >>> scrubber = Scrubber([Path("/data/study")])
    >>> scrubber.folders_out("read /data/study/cases.csv")
    'read cases.csv'
    >>> scrubber.paths_out("No such file: '/home/mai/My Data/scan.dcm'")
    "No such file: '…/scan.dcm'"
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        known = {
            *(str(folder) for folder in folders),
            *(str(folder.resolve()) for folder in folders),
            *(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")),
            str(_PACKAGE_HOME),
            sys.prefix,
            sys.base_prefix,
            os.path.expanduser("~"),
        }
        either = _either(root for root in known if len(Path(root).parts) > 1)
        self._kernel = re.compile(
            rf"(?:{_either(temporary_folders())})[/\\]{KERNELS_FOLDER}\w+(?:[/\\]k\d+)?"
        )
        self._folders = re.compile(rf"(?:file://|{_START})(?:{either})(?:[/\\]|(?![\w.-]))")
        names = {_host(): "<host>", _user(): "<user>"}
        self._names = {name: word for name, word in names.items() if len(name) >= _SHORTEST_NAME}

    def folders_out(self, text: str) -> str:
        """Make paths in known folders relative, and hide what differs from run to run.

        That is a cell's file (``cell``), the kernel's own folder (``~``) and memory addresses.
        """
        text = _CELL_FILE.sub("cell", self._kernel.sub("~", text))
        text = self._folders.sub(lambda match: "" if match[0][-1] in "/\\" else ".", text)
        return _ADDRESS.sub("0x…", text)

    def paths_out(self, text: str) -> str:
        """Do the same, and cut any other absolute path to its last component; no colours, names.

        For error messages and warnings, where a path or a name can come from anywhere.
        """
        text = self.folders_out(_ANSI.sub("", text))
        text = _QUOTED_FOLDERS.sub(r"\g<quote>…/", text)
        text = _FOLDERS_BEFORE_NAME.sub("…/", text)
        for name, word in self._names.items():
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", word, text)
        return text


def _either(texts: Iterable[str]) -> str:
    """Return a pattern that matches any of some texts, the longest first."""
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))


def _host() -> str:
    """Return the machine's name, or nothing where it says nothing about the machine."""
    name = socket.gethostname()
    return "" if name == "localhost" else name


def _user() -> str:
    """Return the user's name, or nothing where it says nothing about a person."""
    with suppress(OSError, KeyError, ImportError):  # a process without a user entry
        name = getpass.getuser()
        return "" if name == "root" else name
    return ""


def clean_notebook(
    executed: Mapping[str, Any], *, parameters: Mapping[str, Any], scrubber: Scrubber
) -> dict[str, Any]:
    """Return an executed notebook as plain values for strict JSON, made from what may be kept.

    Parameters
    ----------
    executed : mapping
        As papermill left it.
    parameters : mapping
        What was injected; paths among them are delivered as file names.
    scrubber : Scrubber
        Knows the folders of the run.

    Returns
    -------
    dict
        Notebook of format 4.5; NaN and infinities in JSON outputs are None.
    """
    cells = [
        _clean_cell(cell, number, parameters, scrubber)
        for number, cell in enumerate(executed["cells"], start=1)
    ]
    own = executed["metadata"].get("toolkit")
    metadata = {**_NOTEBOOK_METADATA, **({"toolkit": _plain(own)} if own is not None else {})}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _clean_cell(
    cell: Mapping[str, Any], number: int, parameters: Mapping[str, Any], scrubber: Scrubber
) -> dict[str, Any]:
    """Return what may be kept of a cell."""
    metadata = {
        key: _plain(cell["metadata"][key]) for key in _CELL_METADATA if key in cell["metadata"]
    }
    tags = metadata.pop("tags", [])
    source = _injected_source(parameters) if INJECTED in tags else cell["source"]
    clean = {
        "id": f"cell-{number:02d}",
        "cell_type": cell["cell_type"],
        "metadata": {**metadata, **({"tags": tags} if tags else {})},
        "source": _lines(source),
    }
    if cell["cell_type"] == "code":
        clean["execution_count"] = cell["execution_count"]
        clean["outputs"] = [_clean_output(output, scrubber) for output in cell["outputs"]]
    elif "attachments" in cell:
        clean["attachments"] = _plain(cell["attachments"])
    return clean


def _injected_source(parameters: Mapping[str, Any]) -> str:
    """Return the cell that hands over the parameters, without the paths of this machine."""
    shown = {
        name: os.path.basename(value) if name in MACHINE_PARAMETERS else value
        for name, value in parameters.items()
    }
    return "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in shown.items())])


def _clean_output(output: Mapping[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    """Return what may be kept of an output."""
    kind = output["output_type"]
    if kind == "stream":
        scrub = scrubber.paths_out if output["name"] == "stderr" else scrubber.folders_out
        text = _lines(scrub(output["text"]))
        return {"output_type": kind, "name": output["name"], "text": text}
    if kind == "error":
        return {
            "output_type": kind,
            "ename": output["ename"],
            "evalue": scrubber.paths_out(output["evalue"]),
            "traceback": [scrubber.paths_out(text) for text in output["traceback"]],
        }
    given = output["data"]
    data = {mime: _clean_data(mime, given[mime], scrubber) for mime in _MIME_TYPES if mime in given}
    clean = {"output_type": kind, "metadata": _plain(output["metadata"]), "data": data}
    if kind == "execute_result":
        clean["execution_count"] = output["execution_count"]
    return clean


def _clean_data(mime: str, value: Any, scrubber: Scrubber) -> Any:
    """Return one form of an output."""
    if mime == "application/json" or not isinstance(value, str):
        return _plain(value)
    return _lines(value if mime in _PIXELS else scrubber.folders_out(value))


def _lines(text: str) -> list[str]:
    """Return a text as notebooks hold it on disk."""
    return text.splitlines(keepends=True)


def _plain(value: Any) -> Any:
    """Return a value that strict JSON can hold: NaN and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

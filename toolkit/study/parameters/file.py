"""What a parameters file may say, and every fault of one that says something else.

The file is YAML 1.2 core: ``true``/``false`` are the only truth values, a number with a leading
zero and a date stay text, keys do not repeat, and there are no aliases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_core import ErrorDetails

from toolkit.readers.tabular.sources import TableSource
from toolkit.study.parameters.plan import ClaimEntry, PlanEntry, Section, plan_faults
from toolkit.tables import TABLES

LARGEST_FILE_BYTES = 1_000_000

Part = Literal["retrospective", "reader_study", "prospective"]
TableName = Literal["cases", "readers", "readings", "images", "lesions", "marks"]


def _as_list(entry: Any) -> Any:
    """Return one entry as a list of one."""
    return [entry] if isinstance(entry, Mapping) else entry


Sources = Annotated[
    list[TableSource],
    BeforeValidator(_as_list, json_schema_input_type=TableSource | list[TableSource]),
]


class ParametersError(ValueError):
    """Everything that is wrong with a parameters file or a chapter's parameters, at once.

    Parameters
    ----------
    faults : sequence of str
        One line each: place, value, rule, remedy.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        head = f"{count} fault{'s' if count != 1 else ''} in the parameters:"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, else the list of known names."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}"


class Analysis(Section):
    """Choices that every chapter shares; handed to each chapter that has the parameter."""

    ci_level: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.95
    """Confidence level of all intervals, two-sided."""
    seed: Annotated[int, Field(ge=0)] = 20260101
    """Seed of everything that is drawn at random."""


class ChapterEntry(Section):
    """One chapter of the book; the list's order is the book's."""

    chapter: Annotated[str, Field(pattern=r"^\d\d_[a-z0-9_]+$")]
    """File name of the notebook without .ipynb, for example 05_standalone_ai."""
    name: Annotated[str, Field(pattern=r"^\d\d_[a-z0-9_]+$")] | None = None
    """Name in the book, beginning with the chapter's number; needed where it stands twice."""
    part: Part | None = None
    """Part of the data that the chapter reads; the chapter's own default if left out."""
    title: str | None = None
    """Title in the book, where it is not the notebook's."""
    parameters: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Every parameter of the chapter but tables, part and record."""

    @property
    def record_name(self) -> str:
        """The name that the chapter's page and record have."""
        return self.name or self.chapter


class StudyParameters(Section):
    """A whole parameters file."""

    model_config = ConfigDict(title="Study parameters")

    format: Literal[1]
    """Version of this file's format."""
    study: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
    """Short name of the study: small letters, digits, _ and -; the report's folder."""
    title: Annotated[str, Field(min_length=1, max_length=200)]
    """Title of the book."""
    subtitle: str = ""
    """One line under the title."""
    language: Literal["en"] = "en"
    """Language of the book."""
    origin: Literal["public", "study", "simulated"] = "study"
    """Public data set, the study's own, or simulated: made at random, whoever made them."""
    data: Literal["demo"] | dict[Part, dict[TableName, Sources]]
    """"demo", or for each part its tables: file, column map and value map."""
    analysis: Analysis = Analysis()
    """Choices that every chapter shares."""
    chapters: Annotated[list[ChapterEntry], Field(min_length=1)]
    """Chapters in the order of the book."""
    blinded: bool | None = None
    """Whether the prospective part is still blinded; needed with a chapter of that part."""
    plan: PlanEntry | None = None
    """What the study claims, in which order; results outside it are estimates."""

    @field_validator("chapters")
    @classmethod
    def _names_fit(cls, entries: list[ChapterEntry]) -> list[ChapterEntry]:
        """Refuse two chapters of one name, and a name with another number."""
        for entry in entries:
            if entry.record_name[:2] != entry.chapter[:2]:
                msg = (
                    f"name {entry.name} must begin with {entry.chapter[:2]}_, its chapter's number"
                )
                raise ValueError(msg)
        names = [entry.record_name for entry in entries]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            msg = f"{', '.join(repeated)} stands more than once; give each entry a name of its own"
            raise ValueError(msg)
        return entries

    @property
    def data_origin(self) -> str:
        """Where the data come from; the embedded study is always simulated."""
        return "simulated" if self.data == "demo" else self.origin

    @property
    def sources(self) -> dict[str, dict[str, list[TableSource]]]:
        """Sources of each table of each part; empty for the demo study."""
        if self.data == "demo":
            return {}
        return {
            str(part): {str(name): sources for name, sources in tables.items()}
            for part, tables in self.data.items()
        }


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2 core scalars, no aliases, no repeated keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own class attribute

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: a small file can grow without bound through them."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="aliases are not allowed", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that repeats; PyYAML would keep the last without a word."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} repeats", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), None)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?(?<=[0-9])(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def _parse(path: Path) -> tuple[Any, yaml.Node | None]:
    """Return the values of a YAML file and its node tree, which knows the lines."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            msg = f"{path.name}: larger than {LARGEST_FILE_BYTES:,} bytes; not a parameters file"
            raise ParametersError([msg])
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ParametersError([f"{path.name}: no such file; `study new` writes one"]) from None
    except IsADirectoryError:
        raise ParametersError([f"{path.name}: a folder, not a parameters file"]) from None
    except UnicodeDecodeError as error:
        raise ParametersError(
            [f"{path.name}: not UTF-8 at byte {error.start}; save as UTF-8"]
        ) from None
    try:
        loader = _CoreLoader(text)
        node = loader.get_single_node()
        return (None if node is None else loader.construct_document(node)), node
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ParametersError([f"{path.name}, line {line}: {error.problem}"]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ParametersError([f"{path.name}: not YAML: {str(error).splitlines()[0]}"]) from None


def _locate(node: yaml.Node | None, location: Sequence[int | str]) -> tuple[int, str]:
    """Return line and path of what stands at a location, or of the nearest thing above it.

    Steps that the file does not have (the name of a union's member, the place of the only entry
    of a list that the file writes without one) belong to pydantic and are passed over.
    """
    line, place = 1, ""
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if found:
                key, node = found[0]
                line, place = key.start_mark.line + 1, f"{place}.{step}"
            elif step == location[-1] and isinstance(step, str):
                place = f"{place}.{step}"  # a key that is missing
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line, place = node.start_mark.line + 1, f"{place}[{step + 1}]"
    return line, place.removeprefix(".")


def _known_keys() -> list[str]:
    """Every key that some section knows, for "did you mean"."""
    models: tuple[type[BaseModel], ...] = (
        StudyParameters,
        Analysis,
        ChapterEntry,
        PlanEntry,
        ClaimEntry,
    )
    names = {name for model in models for name in model.model_fields}
    return sorted(names | set(TableSource.__dataclass_fields__) | set(TABLES))


def _fault(path: Path, node: yaml.Node | None, error: ErrorDetails) -> str:
    """Return one line about one fault that pydantic found."""
    line, place = _locate(node, error["loc"])
    where = f"{path.name}, line {line}, {place or 'file'}"
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where}: unknown key{did_you_mean(str(error['loc'][-1]), _known_keys())}"
    if error["type"] in ("missing", "missing_argument"):
        return f"{where}: missing; add it"
    rule = error["msg"].removeprefix("Value error, ")
    shown = repr(error["input"])
    value = f", but got {shown}" if len(shown) <= 60 else ""
    return f"{where}: {rule[0].lower()}{rule[1:]}{value}"


def load_parameters(path: Path) -> StudyParameters:
    """Read and check a parameters file.

    Parameters
    ----------
    path : Path
        The YAML file.

    Returns
    -------
    StudyParameters

    Raises
    ------
    ParametersError
        With all faults: file, line, key, rule and, for a misspelt key, the nearest known one.
    """
    values, node = _parse(path)
    if not isinstance(values, Mapping):
        raise ParametersError(
            [f"{path.name}: empty, or not a list of keys; `study new` writes one"]
        )
    try:
        study = StudyParameters.model_validate(values)
    except ValidationError as error:
        # data is "demo" or tables: only the complaints about the form that was written are of use.
        other = "dict[" if isinstance(values.get("data"), str) else "literal["
        shown = [
            detail
            for detail in error.errors(include_url=False)
            if not (len(detail["loc"]) > 1 and str(detail["loc"][1]).startswith(other))
        ]
        raise ParametersError([_fault(path, node, detail) for detail in shown]) from None
    given = {entry.record_name: entry.parameters for entry in study.chapters}
    if misfits := plan_faults(study.plan, given, study.analysis.ci_level):
        placed = [(*_locate(node, place), rule) for place, rule in misfits]
        raise ParametersError([f"{path.name}, line {line}, {at}: {r}" for line, at, r in placed])
    return study


def schema() -> dict[str, Any]:
    """Return the JSON schema of a parameters file, by which editors complete and check."""
    return StudyParameters.model_json_schema()


def write_schema(path: Path) -> None:
    """Write the JSON schema, with sorted keys."""
    path.write_text(json.dumps(schema(), indent=1, sort_keys=True) + "\n", encoding="utf-8")

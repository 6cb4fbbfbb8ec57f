"""Reading a chapter and checking the parameters of a study against it."""

import ast
import json
import math
from pathlib import Path
from typing import Any

import pytest

from toolkit.study.parameters.chapters import (
    AnnotationError,
    Chapter,
    check_parameters,
    find_chapters,
    misfit,
    read_chapter,
    resolve_annotation,
)
from toolkit.study.parameters.file import ParametersError

SHARED = """\
tables: str = "demo"  # where the tables are
part: str = "reader_study"  # part of the data
record: str = ""  # where the record goes
"""
OWN = """\
margin: float = 0.05  # largest loss that is accepted
cutoffs: list[float] = [
    0.5,
    0.9,
]  # ratings from which a case counts as positive
side: Literal["L", "R"] | None = None  # one side only
readers: dict[str, int] = {"AI": 1}  # reader and rank # with a second hash
"""
HEADING = "# 06 AI against readers\n\nIs the AI as good\nas the readers?\n\nMore text."
METADATA = {"toolkit": {"part": "II", "needs": ["readings.rating", "cases.truth"]}}


def write_chapter(
    folder: Path,
    parameters: str = SHARED + OWN,
    *,
    name: str = "06_ai_against_readers.ipynb",
    heading: str = HEADING,
    metadata: Any = None,
    tags: tuple[str, ...] = ("parameters",),
) -> Path:
    """Write a chapter whose parts can be spoiled one by one."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": heading.splitlines(keepends=True)},
        *({"cell_type": "code", "metadata": {"tags": [tag]}, "source": parameters} for tag in tags),
        {"cell_type": "code", "metadata": {}, "source": "print(margin)"},
    ]
    path = folder / name
    content = {"cells": cells, "metadata": METADATA if metadata is None else metadata}
    path.write_text(json.dumps({**content, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    """A chapter with parameters of several types."""
    return read_chapter(write_chapter(tmp_path))


def faults_of(path: Path) -> str:
    """The only fault of a notebook, without its file name."""
    with pytest.raises(ParametersError) as caught:
        read_chapter(path)
    (fault,) = caught.value.faults
    return fault.removeprefix(f"{path.name}: ")


# --- reading ------------------------------------------------------------------------------------


def test_read_chapter_returns_all_that_the_notebook_says(chapter: Chapter, tmp_path: Path) -> None:
    assert chapter.name == "06_ai_against_readers"
    assert chapter.number == "06"
    assert chapter.title == "AI against readers"
    assert chapter.question == "Is the AI as good as the readers?"
    assert chapter.path == tmp_path / "06_ai_against_readers.ipynb"
    assert chapter.part == "II"
    assert chapter.needs == ("readings.rating", "cases.truth")


def test_read_chapter_takes_help_from_the_comment_behind(chapter: Chapter) -> None:
    specs = {spec.name: (spec.annotation, spec.default, spec.help) for spec in chapter.parameters}
    assert list(specs)[:3] == ["tables", "part", "record"]
    assert specs["margin"] == ("float", 0.05, "largest loss that is accepted")
    assert specs["cutoffs"] == (
        "list[float]",
        [0.5, 0.9],
        "ratings from which a case counts as positive",
    )
    assert specs["side"] == ("Literal['L', 'R'] | None", None, "one side only")
    assert specs["readers"][2] == "reader and rank # with a second hash"


def test_read_chapter_accepts_a_chapter_that_reads_records(tmp_path: Path) -> None:
    metadata = {"toolkit": {"part": "IV", "needs": ["records"]}}
    assert read_chapter(write_chapter(tmp_path, metadata=metadata)).needs == ("records",)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "margin = 0.05  # help",
            "a parameter is written as 'name: type = value  # help', but got",
        ),
        (
            "import os",
            "a parameter is written as 'name: type = value  # help', but got 'import os'",
        ),
        ("a.b: int = 1  # help", "a parameter is written as"),
        ("margin: float = 0.05", "margin has no comment behind it; write 'name: type = value"),
        ("margin: float = 0.05  #", "margin has no comment behind it"),
        ("margin: float  # help", "margin has no default value; write"),
        ("margin: Margin = 1  # help", "margin has an unknown type: Margin; known are str, int"),
        ("margin: list = []  # help", "margin has an unknown type: list; known are"),
        (
            "margin: dict[int, str] = {}  # help",
            "margin has an unknown type: dict[int, str]; known",
        ),
        (
            "margin: Literal[1.5] = 1.5  # help",
            "margin has an unknown type: Literal[1.5]; its values",
        ),
        (
            "margin: __import__('os').x = 1  # help",
            "margin has an unknown type: __import__('os').x",
        ),
        (
            "margin: float = 1 / 20  # help",
            "the default of margin must be a plain value, not 1 / 20",
        ),
        ("margin: float = True  # help", "the default of margin must be float, but margin is True"),
        (
            "api_token: str = ''  # help",
            "api_token looks like a secret, and parameters are printed",
        ),
        ("part: str = 'retrospective'  # again", "part is assigned twice"),
    ],
)
def test_read_chapter_names_notebook_and_line_of_each_fault(
    tmp_path: Path, line: str, fault: str
) -> None:
    found = faults_of(write_chapter(tmp_path, f"{SHARED}# a comment above\n{line}\n"))
    assert found.startswith(f"parameters cell, line 5: {fault}")


def test_read_chapter_refuses_a_cell_that_is_not_python(tmp_path: Path) -> None:
    found = faults_of(write_chapter(tmp_path, "x: int = (1\n"))
    assert found == "parameters cell, line 1: is not Python: '(' was never closed"


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        (
            SHARED.replace("tables", "table"),
            "parameters cell: tables is missing; every chapter has",
        ),
        (
            SHARED.replace('"demo"', '"x.json"'),
            "the default of tables must be 'demo', but got 'x.json'",
        ),
        (
            SHARED.replace("reader_study", "readers"),
            "the default of part must be 'retrospective' or",
        ),
        (SHARED.replace('= ""', '= "r"'), "the default of record must be '', but got 'r'"),
    ],
)
def test_read_chapter_needs_the_three_shared_parameters(
    tmp_path: Path, parameters: str, fault: str
) -> None:
    assert fault in faults_of(write_chapter(tmp_path, parameters))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"name": "6_AI.ipynb"},
            "a chapter is called NN_name.ipynb: two digits, then a-z, 0-9 and _",
        ),
        ({"name": "07_x.ipynb"}, "the title has number 06, but the file name has 07"),
        ({"heading": "AI against readers"}, "the first markdown cell must begin with '# NN Title'"),
        ({"heading": "# 06 AI"}, "the question must stand in a paragraph below the title"),
        ({"tags": ()}, "one code cell must be tagged 'parameters', but 0 are"),
        ({"tags": ("parameters",) * 2}, "one code cell must be tagged 'parameters', but 2 are"),
        ({"metadata": {}}, 'the metadata must have {"toolkit": {"part": "II", "needs": [...]}}'),
        (
            {"metadata": {"toolkit": {"part": "V", "needs": []}}},
            "part must be one of I, II, III, IV, but",
        ),
        (
            {"metadata": {"toolkit": {"part": "I", "needs": ["cases.trut"]}}},
            "needs: unknown column 'cases.trut'; did you mean 'cases.truth'?",
        ),
    ],
)
def test_read_chapter_names_other_faults(
    tmp_path: Path, changes: dict[str, Any], fault: str
) -> None:
    assert faults_of(write_chapter(tmp_path, **changes)).startswith(fault)


def test_read_chapter_lists_all_faults_at_once(tmp_path: Path) -> None:
    path = write_chapter(tmp_path, "a = 1\nb: int = 'x'  # b\n", heading="x", metadata={})
    with pytest.raises(ParametersError) as caught:
        read_chapter(path)
    assert len(caught.value.faults) == 7
    assert all(fault.startswith("06_ai_against_readers.ipynb: ") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "is not JSON in UTF-8"),
        ("[]", "is not a notebook of format 4"),
        ('{"cells": [1]}', "is not a notebook of format 4"),
        (None, "there is no such notebook"),
    ],
)
def test_read_chapter_refuses_what_is_no_notebook(
    tmp_path: Path, content: str | None, fault: str
) -> None:
    path = tmp_path / "06_x.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ParametersError, match=f"06_x.ipynb: {fault}"):
        read_chapter(path)


def test_find_chapters_returns_them_by_number(tmp_path: Path) -> None:
    for number in ("12", "06"):
        write_chapter(tmp_path, name=f"{number}_x.ipynb", heading=HEADING.replace("06", number))
    (tmp_path / "scratch.ipynb").write_text("{")
    assert list(find_chapters(tmp_path)) == ["06_x", "12_x"]


def test_find_chapters_lists_the_faults_of_all_notebooks(tmp_path: Path) -> None:
    for name in ("06_a", "06_b"):
        write_chapter(tmp_path, name=f"{name}.ipynb")
    write_chapter(tmp_path, "x = 1", name="06_c.ipynb")
    with pytest.raises(ParametersError) as caught:
        find_chapters(tmp_path)
    assert caught.value.faults[0] == "06_b.ipynb: number 06 is taken by 06_a"
    assert len(caught.value.faults) == 5


# --- checking -----------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"margin": 0.1, "cutoffs": [50, 75.5], "side": "L", "readers": {"A": 2}}


def test_check_parameters_returns_values_in_the_order_of_the_notebook(chapter: Chapter) -> None:
    values = check_parameters(chapter, dict(reversed(GOOD.items())), place="x.yaml")
    assert values == GOOD
    assert list(values) == ["margin", "cutoffs", "side", "readers"]
    assert [type(value) for value in values["cutoffs"]] == [float, float]


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        (
            "margin",
            "0.05",
            "margin must be float, but margin is '0.05' (text); it is: largest loss",
        ),
        ("margin", True, "margin is True (a truth value)"),
        ("margin", None, "margin is None (nothing)"),
        ("margin", math.nan, "margin is nan (not a finite number)"),
        ("margin", -math.inf, "margin is -inf (not a finite number)"),
        ("margin", [0.1], "margin is [0.1] (a list)"),
        ("cutoffs", 50, "cutoffs must be list[float], but cutoffs is 50 (a whole number)"),
        ("cutoffs", [50, "75"], "cutoffs[1] is '75' (text)"),
        ("cutoffs", [50, math.inf], "cutoffs[1] is inf (not a finite number)"),
        ("cutoffs", (50,), "cutoffs is (50,) (tuple)"),
        ("side", "left", "side must be Literal['L', 'R'] | None, but side is 'left' (text)"),
        ("side", ["L"], "side is ['L'] (a list)"),
        ("readers", {"A": 1.0}, "readers['A'] is 1.0 (a number)"),
        ("readers", {1: 1}, "but a key of readers is 1 (a whole number)"),
        ("readers", {"A": "x" * 200}, "readers['A'] is '" + "x" * 78 + "… (text)"),
    ],
)
def test_check_parameters_refuses_wrong_types(
    chapter: Chapter, name: str, value: Any, fault: str
) -> None:
    with pytest.raises(ParametersError) as caught:
        check_parameters(chapter, {**GOOD, name: value}, place="x.yaml, chapters[2]")
    (found,) = caught.value.faults
    assert found.startswith(f"x.yaml, chapters[2]: {name} must be ")
    assert fault in found


def test_check_parameters_lists_unknown_and_missing_ones_together(chapter: Chapter) -> None:
    given = {"margn": 0.1, "record": "r", "cutoffs": "x", "side": None}
    with pytest.raises(ParametersError) as caught:
        check_parameters(chapter, given, place="x.yaml")
    assert caught.value.faults == (
        "x.yaml: unknown parameter 'margn'; did you mean 'margin'?",
        "x.yaml: record is set by the run itself; take it out of the parameters",
        "x.yaml: margin is missing; float: largest loss that is accepted (the demo has 0.05)",
        "x.yaml: cutoffs must be list[float], but cutoffs is 'x' (text); "
        "it is: ratings from which a case counts as positive",
        "x.yaml: readers is missing; dict[str, int]: reader and rank # with a second hash "
        "(the demo has {'AI': 1})",
    )


def test_check_parameters_of_a_chapter_that_takes_none(tmp_path: Path) -> None:
    chapter = read_chapter(write_chapter(tmp_path, SHARED))
    assert check_parameters(chapter, {}, place="x.yaml") == {}
    with pytest.raises(ParametersError, match="unknown parameter 'margin'; the chapter takes none"):
        check_parameters(chapter, {"margin": 1}, place="x.yaml")


# --- types --------------------------------------------------------------------------------------


def fits(annotation: str, value: Any) -> bool:
    """Whether a value fits an annotation."""
    kind = resolve_annotation(ast.parse(annotation, mode="eval").body)
    return not misfit(value, kind, name="x")[1]


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("str", ["", "x"], [1, None, b"x"]),
        ("int", [0, -3, 10**30], [True, 1.0, "1", math.nan]),
        ("float", [0, 1.5, -2], [True, "1", math.nan, math.inf, None, 10**400]),
        ("bool", [True, False], [0, 1, "true"]),
        ("None", [None], [0, "", False]),
        ("int | str", [1, "a"], [True, 1.5, None]),
        ("None | int", [None, 1], [True, "1"]),
        ("list[str]", [[], ["a"]], ["a", [1], ("a",), {"a": 1}]),
        ("list[list[int]]", [[[1], []]], [[1], [[True]]]),
        ("list[float | None]", [[None, 1]], [[math.nan], ["x"]]),
        ("dict[str, list[float]]", [{}, {"a": [1]}], [{"a": 1}, {1: [1]}, []]),
        ("dict[str, float]", [{"a": 1}], [{"a": math.nan}]),
        ("Literal[1, 2]", [1, 2], [True, 1.0, 3, "1"]),
        ("Literal[-1]", [-1], [1, "-1"]),
        ("Literal['a', None]", ["a", None], ["A", ""]),
        ("Literal['a'] | float", ["a", 2], ["b", True]),
    ],
)
def test_misfit_is_strict(annotation: str, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not fits(annotation, value)] == []
    assert [value for value in bad if fits(annotation, value)] == []


@pytest.mark.parametrize(
    "annotation",
    ["Any", "list", "list[Path]", "tuple[int]", "dict[str]", "1", "int + str", "a.b", "f()"],
)
def test_resolve_annotation_refuses_what_it_does_not_know(annotation: str) -> None:
    with pytest.raises(AnnotationError, match="known are str, int, float"):
        resolve_annotation(ast.parse(annotation, mode="eval").body)

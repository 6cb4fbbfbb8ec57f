"""The shape of the code: one direction of imports, thin notebooks, one environment."""

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "toolkit").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# A module imports only from lower layers or its own folder.
LAYERS = {
    "_old_names": 0,
    "arrays": 0,
    "executor": 0,
    "results": 1,
    "tables": 1,
    "words": 2,
    "readers": 3,
    "stats": 3,
    "scoring": 4,
    "draw": 5,
    "pictures": 6,
    "chapters": 7,
    "demo": 7,
    "study": 8,
    "explore": 9,
    "cli": 9,
}
NOT_IN_STATS = {"pandas", "pydicom", "matplotlib", "seaborn"}
FORBIDDEN_CALLS = {"eval", "exec"}
FORBIDDEN_IMPORTS = {"pickle", "marshal", "shelve", "dill", "joblib", "requests", "urllib.request"}
LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.If,
    ast.Try,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


def _topic(path: Path) -> str:
    """Name of the module's file or folder below toolkit."""
    return path.relative_to(ROOT / "toolkit").parts[0].removesuffix(".py")


@cache
def _read(path: Path) -> tuple[set[str], list[str]]:
    """All modules that a file imports, wherever in it, and the forbidden calls in it."""
    names: set[str] = set()
    calls = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "toolkit":
                names.update(f"toolkit.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            if called in FORBIDDEN_CALLS:
                calls.append(f"line {node.lineno} calls {called}")
            if any(
                k.arg == "shell" and getattr(k.value, "value", 0) is True for k in node.keywords
            ):
                calls.append(f"line {node.lineno} starts a shell")
    return names, calls


def _layer_faults(path: Path) -> Iterator[str]:
    """What a module imports from its own layer or a higher one."""
    topic = _topic(path)
    if topic == "__init__":
        return
    for name in sorted(_read(path)[0]):
        parts = name.split(".")
        other = parts[0] == "toolkit" and len(parts) > 1 and parts[1] != topic
        if other and parts[1] in LAYERS and LAYERS[parts[1]] >= LAYERS[topic]:
            yield f"{topic} imports {name}"


def _forbidden(path: Path) -> Iterator[str]:
    """What a module imports or calls that it must not."""
    names, calls = _read(path)
    yield from (f"imports {name}" for name in sorted(names & FORBIDDEN_IMPORTS))
    if _topic(path) == "stats":
        roots = {name.split(".")[0] for name in names}
        yield from (f"stats imports {name}" for name in sorted(roots & NOT_IN_STATS))
    yield from calls


@pytest.mark.parametrize("rule", [_layer_faults, _forbidden])
def test_no_module_breaks_a_rule(rule):
    faults = [f"{path.relative_to(ROOT)}: {fault}" for path in MODULES for fault in rule(path)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("file", "code", "rule", "fault"),
    [
        (
            "stats/x.py",
            "def f():\n    from toolkit.study import run",
            _layer_faults,
            "toolkit.study",
        ),
        ("stats/x.py", "import pandas as pd", _forbidden, "stats imports pandas"),
        ("study/x.py", "import pickle", _forbidden, "imports pickle"),
        ("study/x.py", "x = eval('1')", _forbidden, "line 1 calls eval"),
        ("study/x.py", "run('ls', shell=True)", _forbidden, "starts a shell"),
    ],
)
def test_a_broken_rule_is_found(file, code, rule, fault, tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "toolkit" / file
    path.parent.mkdir(parents=True)
    path.write_text(code)
    assert any(fault in found for found in rule(path))


def test_every_topic_has_a_layer():
    topics = {_topic(path) for path in MODULES} - {"__init__"}
    assert topics <= LAYERS.keys()


@pytest.mark.parametrize("layer", ["chapters", "scoring"])
def test_numbers_are_written_by_words_alone(layer):
    # Written elsewhere, one value gets another last digit at a half than in the table beside it.
    paths = sorted((ROOT / "toolkit" / layer).rglob("*.py"))
    own = [path.name for path in paths if re.search(r":[+,]?\.[0-9]+[f%]", path.read_text("utf-8"))]
    assert paths
    assert own == []


def _name(path: Path) -> str:
    """The dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _graph() -> dict[str, set[str]]:
    """The toolkit's modules that each of them imports, wherever in it."""
    names = {_name(path) for path in MODULES}
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                wide = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= (wide & names) or {node.module}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        graph[_name(path)] = (found & names) - {_name(path)}
    return graph


def test_no_modules_import_each_other_in_a_circle():
    graph = _graph()
    while free := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in free}
    # What is left is in a circle, or imports one.
    assert not {name: sorted(needs & graph.keys()) for name, needs in graph.items()}


def test_no_chapter_imports_another_one():
    # What two chapters share lies a layer below, or beside the chapters' folders.
    faults = []
    for name, needs in _graph().items():
        parts = name.split(".")
        if parts[:2] == ["toolkit", "chapters"] and len(parts) > 3:
            others = [other.split(".") for other in needs]
            faults += [
                f"{name} imports {'.'.join(other)}"
                for other in others
                if other[:2] == parts[:2] and len(other) > 3 and other[2] != parts[2]
            ]
    assert not faults


def test_every_study_object_prints_as_its_summary():
    from toolkit.chapters.analysis import Summarised

    for path in sorted((ROOT / "toolkit" / "chapters").glob("*/analysis.py")):
        importlib.import_module(_name(path))
    studies = Summarised.__subclasses__()
    assert len(studies) == len(NOTEBOOKS)
    # A dataclass would print all its arrays.
    assert not [one for one in studies if one.__repr__ is not Summarised.__repr__]


def test_no_module_has_a_drawer_name():
    drawers = {"utils", "helpers", "common", "base", "misc"}
    assert not [path for path in MODULES if path.stem.strip("_") in drawers]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebook_tells_and_does_not_compute(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) <= 25
    for cell in code:
        source = "".join(cell["source"])
        tags = cell["metadata"].get("tags", [])
        assert "parameters" in tags or len(source.splitlines()) <= 12, source
        assert not [n for n in ast.walk(ast.parse(source)) if isinstance(n, LOGIC)], source
        assert not cell["outputs"]
        assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebook_number_is_the_same_everywhere(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    number = path.name[:2]
    text = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert text[0].startswith(f"# {number} ")
    assert any(f'chapter="{number}"' in source for source in text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebook_prose_holds_no_typed_numbers(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells[1:]:
        if cell["cell_type"] == "markdown":
            prose = "".join(cell["source"])
            assert not any(character.isdigit() for character in prose), prose


def test_environment_file_is_a_thin_shell_over_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = next(d for d in environment["dependencies"] if str(d).startswith("python"))
    assert python.removeprefix("python") == project["requires-python"]
    assert environment["dependencies"][-1] == {"pip": ["-r requirements.lock"]}


def _locked() -> dict[str, set[str]]:
    """Versions of each name in the lock file; several where they depend on Python's version."""
    versions: dict[str, set[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith(" "):
            requirement = Requirement(line.rstrip("\\").strip())
            version = next(iter(requirement.specifier)).version
            versions.setdefault(requirement.name.lower().replace("_", "-"), set()).add(version)
    return versions


def test_lock_holds_every_dependency_within_its_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    locked = _locked()
    for text in wanted:
        requirement = Requirement(text)
        versions = locked[requirement.name.lower().replace("_", "-")]
        assert all(requirement.specifier.contains(version) for version in versions), text


def test_lock_names_no_address_and_hashes_everything():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert all(
        "--hash=sha256:" in block for block in text.replace(" \\\n", " ").splitlines() if block
    )


def test_light_modules_import_nothing_heavy():
    code = "import sys, toolkit.results, toolkit.tables; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pandas", "scipy", "matplotlib", "pydantic", "yaml"} & set(loaded)

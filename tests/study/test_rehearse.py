"""What ``check`` passes runs to its end: small, poor studies of every kind, and one by one."""

import csv
import json
import random
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import yaml

from tests import quick_study
from toolkit.study.parameters.chapters import find_chapters
from toolkit.study.run.rehearse import _cells_to_study
from toolkit.study.run.run import RunOptions, check_study, run_study

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = find_chapters(ROOT / "notebooks")
PLAYED = ("02", "04", "05", "06", "07", "09", "10", "20", "21")
DEMO = yaml.safe_load((ROOT / "parameters" / "demo.yaml").read_text())["chapters"]


def write(path, rows):
    """Write rows as csv and return how a parameters file maps them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return {"file": path.name, "columns": {name: name for name in names}}


def make(folder):
    """Make the folder of the tables, apart from the book."""
    (folder / "data").mkdir()
    return folder / "data"


def small_study(folder, seed, *, n_cases=None, truths=None, numbers=PLAYED):
    """Write a small study with gaps of many kinds and return its parameters file."""
    draw = random.Random(seed)
    n_cases = n_cases or draw.choice([1, 2, 3, 5, 8, 12])
    truths = truths or draw.choice([(0, 1, ""), (0, 1, ""), (0, 1), (0,), (1,)])
    people = [f"r{number}" for number in range(draw.choice([0, 1, 2, 3]))]
    cases, readings = [], []
    for number in range(n_cases):
        cases.append(
            {
                "case_id": f"c{number}",
                "patient_id": f"p{draw.randrange(n_cases)}",
                "truth": draw.choice(truths),
                "exam_date": f"2024-{draw.randint(1, 6):02d}-{draw.randint(1, 28):02d}",
                "follow_up_months": draw.choice(["", 12, 30]),
                "recalled": draw.choice([0, 1]),
                "weight": draw.choice([1, 2]),
                "indication": draw.choice(["screening", "symptomatic"]),
            }
        )
        status = draw.choice(["complete"] * 8 + ["failed", "missing"])
        rating = draw.randint(1, 10) if status == "complete" else ""
        of_case = {"case_id": f"c{number}", "modality": "standalone", "status": status}
        readings.append({"reader_id": "AI", **of_case, "rating": rating})
        readings += [
            {
                "reader_id": person,
                "case_id": f"c{number}",
                "modality": modality,
                "status": "complete",
                "rating": draw.choice([10, 50, 90]),
                "call": draw.choice([0, 1]),
                "reading_time_s": draw.choice([1, 20, 35.5, 700]),
            }
            for person in people
            for modality in ("unaided", "aided")
            if draw.random() < 0.95
        ]
    readers = [{"reader_id": person, "kind": "human"} for person in people]
    ai = {"kind": "ai", "product": "P", "version": "1", "score_kind": "exam"}
    readers.append({"reader_id": "AI", **ai, "score_min": 1, "score_max": 10})
    rows = {"cases": cases, "readers": readers, "readings": readings}
    data = {name: write(folder / f"{name}.csv", table) for name, table in rows.items()}
    content = {
        "format": 1,
        "study": "small",
        "title": "A small study",
        "data": {"retrospective": data},
        "chapters": [entry for number in numbers if (entry := chapter(number, draw))],
    }
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def chapter(number, draw):
    """An entry of the demo, with some of the choices that a study has."""
    found = next(e for e in DEMO if e["chapter"].startswith(number) and "name" not in e)
    free = {
        "endpoint": draw.choice(["auc", "sensitivity", "specificity"]),
        "joint_call": draw.choice(["majority", "any", "programme"]),
        "basis": draw.choice(["all", "weighted", "without_cancer"]),
        "covariance": draw.choice(["DeLong", "jackknife", "unbiased"]),
        "random": draw.choice(["readers and cases", "readers", "cases"]),
        "look_month": 1,
        "simulations": 100,
    }
    given = found["parameters"]
    changed = {name: value for name, value in free.items() if name in given}
    margins = {name: None for name in given if name.endswith("_margin")}  # there is no plan
    return {**found, "part": "retrospective", "parameters": {**given, **margins, **changed}}


@pytest.fixture
def quick(monkeypatch):
    """Run chapters in this process and close their figures."""
    quick_study.install(monkeypatch)
    yield
    plt.close("all")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(6))
def test_what_check_passes_runs_and_what_fails_was_told(quick, tmp_path, seed):  # noqa: ARG001
    path = small_study(make(tmp_path), seed)
    told = {fault.split(":")[0] for fault in check_study(path, data=path.parent)}
    report = run_study(path, RunOptions(data=path.parent, out=tmp_path / "book"))
    assert set(report.finished.failed) == told, report.finished.failed


@pytest.mark.filterwarnings("ignore")
def test_a_table_of_one_class_does_not_pass_where_a_chapter_needs_both(quick, tmp_path):  # noqa: ARG001
    path = small_study(make(tmp_path), 3, n_cases=12, truths=(1,), numbers=["06"])
    (fault,) = check_study(path, data=path.parent)
    assert fault.startswith("06_ai_against_readers: no case without cancer was called by the")
    report = run_study(path, RunOptions(data=path.parent, out=tmp_path / "book"))
    assert fault.split(": ", 1)[1] in report.finished.failed["06_ai_against_readers"]


def test_check_runs_no_cell_behind_the_analysis_and_writes_nothing(tmp_path):
    path = small_study(tmp_path, 1, n_cases=12, truths=(0, 1), numbers=["05", "06"])
    before = sorted(tmp_path.rglob("*"))
    assert check_study(path, data=tmp_path) == []
    assert sorted(tmp_path.rglob("*")) == before


def test_every_chapter_of_tables_has_an_analysis_that_check_finds():
    for name, found in CHAPTERS.items():
        cells = json.loads(found.path.read_text())["cells"]
        code = [source for source, _ in _cells_to_study(cells)]
        assert code, f"{name} does not say study = analysis.analyse(...)"
        assert "load_tables(" not in code[1], f"{name}: the imports have a cell of their own"
        assert "analysis.analyse(" in code[-1]

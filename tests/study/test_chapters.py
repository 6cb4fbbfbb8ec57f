"""Every chapter opens and runs as it is, on the simulated study, and gives nobody away."""

import json
import re
from pathlib import Path

import pytest

from toolkit.demo import demo_study
from toolkit.study.parameters.chapters import find_chapters
from toolkit.study.run.execute import ChapterJob, execute_chapters

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = find_chapters(ROOT / "notebooks")
DEFAULTS = ROOT / "parameters" / "demo.yaml"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Folder with every chapter executed with its own defaults, and how each ended."""
    folder = tmp_path_factory.mktemp("chapters")
    jobs = [
        ChapterJob(
            name=name,
            notebook=chapter.path,
            parameters={"record": str(folder / f"{name}.json")},
            executed=folder / f"{name}.ipynb",
            working_folder=folder,
            time_limit_s=120,
        )
        for name, chapter in CHAPTERS.items()
    ]
    outcomes = execute_chapters(jobs, workers=2, on_done=lambda _outcome: None)
    return folder, {outcome.name: outcome for outcome in outcomes}


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_runs_as_it_is(executed, name):
    folder, outcomes = executed
    assert outcomes[name].status == "complete", outcomes[name].cause
    saved = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert saved["headline"]["answer"]
    assert "inputs" in saved


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_says_simulated_and_describes_its_figures(executed, name):
    folder, _ = executed
    text = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "Simulated" in text
    for figure in re.findall(r"<figure class=..fig\b.*?</figure>", text, flags=re.DOTALL):
        assert "aria-label" in figure
        assert "SIMULATED" in figure


@pytest.fixture(scope="module")
def identifiers():
    """Identifiers of cases and patients of the simulated study, and a pattern of its readers."""
    studies = demo_study().values()
    columns = [tables["cases"][name] for tables in studies for name in ("case_id", "patient_id")]
    cases = {str(value) for column in columns for value in column.dropna().unique()[::7]}
    readers = {str(reader) for tables in studies for reader in tables["readers"]["reader_id"]}
    either = "|".join(re.escape(reader) for reader in readers - {"AI"})
    return cases, re.compile(rf"(?<![\w-])(?:{either})(?![\w-])")


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_shows_no_identifier(executed, identifiers, name):
    folder, _ = executed
    cases, readers = identifiers
    text = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
    text += (folder / f"{name}.json").read_text(encoding="utf-8")
    assert not [case for case in cases if case in text]
    assert not readers.search(text)


def test_every_chapter_stands_in_the_demo_book():
    text = DEFAULTS.read_text(encoding="utf-8")
    assert [name for name in CHAPTERS if name not in text] == []

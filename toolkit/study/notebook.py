"""All that a chapter imports from the study: its tables, its page and its record.

A chapter is one notebook in one kernel, so the page it writes is kept here between its calls:
``load_tables`` begins it, ``headline``, ``say``, ``show`` and ``table`` add to it in order, and
``save_record`` ends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import IPython.display

from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.planned import plan_pill, standing_told
from toolkit.draw import html
from toolkit.draw.svg import figure_svg
from toolkit.pictures.from_tables import Case, cases_from_tables
from toolkit.pictures.gallery import gallery_page
from toolkit.results import Result, result_from_dict
from toolkit.stats.claims import said
from toolkit.study.run.fingerprint import sha256_bytes, sha256_json
from toolkit.study.run.intake import frame_sha256
from toolkit.study.run.workspace import to_json, write_atomic
from toolkit.tables import PARTS, TABLES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DEMO = "demo"
ORIGINS = {"simulated": "Simulated data", "public": "Public data set", "study": "Study data"}


class ChapterError(ValueError):
    """A chapter asked for something that its study does not have, or called out of order."""


@dataclass
class _Page:
    """What the chapter has written so far."""

    chapter: str
    study: StudyTables
    figures: int = 0
    tables: int = 0
    headline: dict[str, Any] = field(default_factory=dict)


_page: _Page | None = None


class StudyTables:
    """The canonical tables of one part of a study, each loaded when it is first used.

    Attributes ``cases``, ``readers``, ``readings``, ``images``, ``lesions`` and ``marks`` are
    pandas frames. What was loaded is noted, since a chapter runs again when such a table changes.

    Parameters
    ----------
    content : dict or None
        The study's index; None is the embedded, simulated study.
    folder : Path or None
        The folder with the tables' files.
    part : str
        Part of the study.
    told : mapping
        What the chapter is told of the study's plan; empty without a plan.
    """

    def __init__(
        self,
        content: Mapping[str, Any] | None,
        folder: Path | None,
        part: str,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        self.part = part
        self.told = told or {}
        self.inputs: dict[str, str] = {}
        self._content = content
        self._folder = folder
        self._frames: dict[str, pd.DataFrame] = {}

    @property
    def origin(self) -> str:
        """Where the data come from: simulated, public or study."""
        return "simulated" if self._content is None else str(self._content["origin"])

    @property
    def plan(self) -> Mapping[str, Any] | None:
        """The whole plan, for the chapter that judges it; None without a plan."""
        return self.told.get("whole")

    @property
    def plan_pill(self) -> html.Pill:
        """Whether there is a plan, and when it was locked."""
        return plan_pill(self.told.get("lock"))

    @property
    def blinded(self) -> bool:
        """Whether this part is blinded: no page may tell its reading modes apart."""
        return bool(self.told.get("blinded"))

    @property
    def lock(self) -> str:
        """Date and hash of the plan's lock; empty where it is not locked or there is none."""
        return str(self.told.get("lock", ""))

    @property
    def title(self) -> str:
        """The study's title."""
        return "Simulated study" if self._content is None else str(self._content["title"])

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a canonical table."""
        if name not in TABLES:
            raise AttributeError(name)
        return self.table(name, part=self.part)

    def table(self, name: str, *, part: str) -> pd.DataFrame:
        """Return a canonical table of any part of the study.

        Raises
        ------
        ChapterError
            If the study has no such part or table.
        """
        key = f"{part}.{name}"
        if key not in self._frames:
            self._frames[key] = self._load(name, part)
        return self._frames[key]

    def optional(self, name: str) -> pd.DataFrame | None:
        """Return a canonical table of this part, or None where the part has no such table."""
        return (
            self.table(name, part=self.part) if name in self._parts().get(self.part, {}) else None
        )

    def every(self, name: str) -> dict[str, pd.DataFrame]:
        """Return a canonical table of each part that has it, by part."""
        parts = [part for part, tables in self._parts().items() if name in tables]
        return {part: self.table(name, part=part) for part in parts}

    def _load(self, name: str, part: str) -> pd.DataFrame:
        """Read a table and note its hash."""
        entry = self._parts().get(part, {}).get(name)
        if entry is None:
            msg = f"the study has no table {name!r} in its part {part!r}"
            raise ChapterError(msg)
        if self._content is None:
            made: pd.DataFrame = entry
            self.inputs[f"{part}.{name}"] = frame_sha256(made)
            return made
        import pandas as pd

        assert self._folder is not None  # it comes with the index
        frame = pd.read_parquet(self._folder / entry["file"])
        if frame_sha256(frame) != entry["sha256"]:
            msg = f"the table {part}.{name} is not what was read from the study's files"
            raise ChapterError(msg)
        self.inputs[f"{part}.{name}"] = str(entry["sha256"])
        return frame

    def _parts(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what the study has, by part and table."""
        if self._content is not None:
            parts: Mapping[str, Mapping[str, Any]] = self._content["parts"]
            return parts
        from toolkit.demo import demo_study

        return demo_study()

    def sources(self) -> Mapping[str, Mapping[str, Any]]:
        """Return how every table of the study was made: rows, columns, files, hashes, maps."""
        if self._content is not None:
            self.inputs["sources"] = sha256_json(self._content)
            parts: Mapping[str, Mapping[str, Any]] = self._content["parts"]
            return parts
        described = {
            part: {
                name: {
                    "rows": len(frame),
                    "columns": list(frame.columns),
                    "filled": [c for c in frame.columns if frame[c].notna().any()],
                    "sha256": frame_sha256(frame),
                    "sources": [],
                }
                for name, frame in named.items()
            }
            for part, named in self._parts().items()
        }
        self.inputs["sources"] = sha256_json(described)
        return described

    def records(self) -> list[dict[str, Any]]:
        """Return the records of the book's other chapters, in the order of the book.

        Raises
        ------
        ChapterError
            If the chapter was not run as part of a study: then there are no records.
        """
        if self._content is None or "records" not in self._content:
            return []
        work = Path(self._content["work"])
        records = []
        for entry in self._content["records"]:
            content = (work / entry["file"]).read_bytes()
            record = json.loads(content)
            self.inputs[f"records.{entry['name']}"] = sha256_bytes(content)
            records.append(record)
        self.inputs["records.not_complete"] = sha256_json(self._content["not_complete"])
        return records

    def not_complete(self) -> Mapping[str, str]:
        """Return the chapters without a record, each with its reason."""
        return {} if self._content is None else self._content.get("not_complete", {})


def load_tables(tables: str, *, part: str, chapter: str, every_part: bool = False) -> StudyTables:
    """Begin a chapter: open its part of the study and print where the data come from.

    Parameters
    ----------
    tables : str
        ``"demo"``, the embedded simulated study, or the path of a study's index.
    part : str
        Part of the study: retrospective, reader_study or prospective.
    chapter : str
        The chapter's number, by which figures and tables are numbered: ``"06"``. A study that has
        the chapter twice gives the second one a number of its own, ``"06b"``.
    every_part : bool
        Whether the chapter is about all parts of the study.

    Returns
    -------
    StudyTables
        Tables are read when first used.

    Raises
    ------
    ChapterError
        For an unknown part.
    """
    global _page
    if part not in PARTS:
        msg = f"part must be one of {', '.join(PARTS)}, but got {part!r}"
        raise ChapterError(msg)
    if tables == DEMO:
        study = StudyTables(None, None, part)
    else:
        path = Path(tables)
        content = json.loads(path.read_text(encoding="utf-8"))
        # Neither is a part of the account of the data.
        told, chapter = content.pop("plan", None), content.pop("label", chapter)
        study = StudyTables(content, path.parent, part, told)
    _page = _Page(chapter=chapter, study=study)
    _display(html.JUPYTER_STYLE)
    kind: html.PillKind = "simulated" if study.origin == "simulated" else "plain"
    where = "All parts" if every_part else f"{part.replace('_', ' ').capitalize()} part"
    pills = [html.Pill(ORIGINS[study.origin], kind), html.Pill(where), study.plan_pill]
    _display(html.strip_html(pills))
    return study


def _current() -> _Page:
    """Return the page being written."""
    if _page is None:
        msg = "call load_tables(...) first: it begins the page"
        raise ChapterError(msg)
    return _page


def _display(text: str) -> None:
    """Show a piece of HTML."""
    IPython.display.display(IPython.display.HTML(text))  # type: ignore[no-untyped-call]


def _number(page: _Page, count: int) -> str:
    """Return a figure's or table's number, chapter.order: 6.1, or 6b.1 in a second chapter 06."""
    return f"{int(page.chapter[:2])}{page.chapter[2:]}.{count}"


def banner(kind: Literal["post_hoc", "immature", "blinded"], word: str, text: str) -> None:
    """Print a banner above the headline, what limits everything on this page; none without text."""
    if text:
        _current().headline.setdefault("marks", []).append(kind)
        _display(html.banner_html(kind, word, text))


def headline(head: Headline) -> None:
    """Print the chapter's question and its answer, and keep them for the record.

    The answer of a comparison opens with the conclusion that the plan allows it; the record keeps
    what was found alone, since the other chapters may still change what it counts for.
    """
    page = _current()
    answer, facts, primary, bar = head.answer, list(head.facts), head.primary, head.bar
    page.headline.update(question=head.question, answer=answer)
    kept = {"clinic": head.clinic, "limits": list(head.limits), "waits_for": head.waits_for}
    page.headline.update({name: value for name, value in kept.items() if value})
    if primary is not None:
        words = said(primary, standing_told(page.study.told, head.waits_for))
        answer = f"{words.opening} {answer}".strip()
        fact = (
            ("Conclusion", words.conclusion) if words.conclusion else ("Standing", words.standing)
        )
        facts.append(fact)
        bar = bar or html.interval_bar(primary)
        page.headline["primary"] = primary.to_dict()
        page.headline["role"] = bar.role if bar else "neutral"
    shown = html.headline_html(head.question, answer, limits=head.limits, bar=bar, facts=facts)
    _display(shown)


def say(text: str) -> None:
    """Print a sentence made from results; Markdown."""
    _current()
    IPython.display.display(IPython.display.Markdown(text))  # type: ignore[no-untyped-call]


def show(exhibit: Exhibit | None) -> None:
    """Print a figure or a table with its number and all that belongs to it; None prints nothing.

    An exhibit with neither is a sentence: it says why there is nothing to draw.
    """
    if exhibit is None:
        return
    if exhibit.table is not None:
        _show_table(exhibit, exhibit.table)
    elif exhibit.figure is None:
        say(exhibit.finding)
    else:
        _show_figure(exhibit, exhibit.figure)


def _show_figure(exhibit: Exhibit, figure: Figure) -> None:
    """Print a figure, stamped where its data are simulated or its page is blinded."""
    page = _current()
    page.figures += 1
    number = _number(page, page.figures)
    svg = figure_svg(figure, name=f"figure-{number.replace('.', '-')}", stamp=stamp())
    note = " Simulated." if page.study.origin == "simulated" else ""
    _display(
        html.figure_html(
            svg,
            number=number,
            finding=exhibit.finding,
            caption=f"{exhibit.caption}{note}",
            alt=exhibit.alt,
            csv=exhibit.data,
        )
    )


def _show_table(exhibit: Exhibit, view: html.TableView | html.PairedTables) -> None:
    """Print a table with its number, offered as CSV: its data, or else its printed cells."""
    page = _current()
    page.tables += 1
    number = _number(page, page.tables)
    if isinstance(view, html.TableView):
        _display(html.table_html(view, number=number, csv=exhibit.data))
    else:
        _display(html.two_by_two_html(view, number=number, csv=exhibit.data))


def show_cases(case_ids: Sequence[str], *, archive: str, labels: Sequence[str]) -> None:
    """Print the pictures of cases with the marks on them, a figure each; none prints nothing.

    Parameters
    ----------
    case_ids : sequence of str
        Cases of this part, in order; they stand on no page.
    archive : str
        Folder of the DICOM files, or ``"demo"``: the pictures are simulated.
    labels : sequence of str
        What is known of each case, a sentence without an identifier.
    """
    page = _current()
    if not case_ids:
        return
    cases = _pictures(page.study, case_ids, archive)
    numbers = [_number(page, page.figures + place) for place in range(1, len(case_ids) + 1)]
    page.figures += len(case_ids)
    _display(gallery_page(cases, labels=labels, numbers=numbers, stamp=stamp()))


def _pictures(study: StudyTables, case_ids: Sequence[str], archive: str) -> Sequence[Case]:
    """Return the pictures of cases, which are loaded as they are drawn."""
    tables = {name: study.optional(name) for name in ("marks", "lesions", "readers")}
    if archive == DEMO:
        from toolkit.demo.pictures import demo_cases

        return demo_cases(study.images, case_ids=case_ids, **tables)
    return cases_from_tables(study.images, archive=archive, case_ids=case_ids, **tables)


def stamp() -> str:
    """Return what is stamped into each figure: BLINDED, SIMULATED, both or nothing."""
    study = _current().study
    words = {"BLINDED": study.blinded, "SIMULATED": study.origin == "simulated"}
    return " · ".join(word for word, holds in words.items() if holds)


def save_record(record: str, results: Mapping[str, Result]) -> None:
    """End a chapter: write its results as strict JSON and print where they come from.

    Parameters
    ----------
    record : str
        Path of the record; empty where the notebook is only looked at, then nothing is written.
    results : mapping
        Name to result; each must come back from its plain form unchanged.

    Raises
    ------
    ChapterError
        If a result does not survive being written and read, or nothing was read.
    """
    page = _current()
    plain = {name: result.to_dict() for name, result in results.items()}
    for name, values in plain.items():
        if result_from_dict(values).to_dict() != values:
            msg = f"result {name!r} does not come back from its record unchanged"
            raise ChapterError(msg)
    if record:
        content = {"inputs": page.study.inputs, "headline": page.headline, "results": plain}
        write_atomic(Path(record), to_json(content))
    read = sorted(name for name in page.study.inputs if not name.startswith("records."))
    data = sha256_json({name: page.study.inputs[name] for name in read})[:8]
    items = [f"chapter {page.chapter}", ", ".join(read) or "no table", f"data {data}"]
    _display(html.provenance_html(items))

"""Run the self-test and write its page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from toolkit.study.run.workspace import OutputError, write_atomic
from toolkit.study.selftest.cases import KINDS, load_suite
from toolkit.study.selftest.engine import Findings, agreement_text, compare_all
from toolkit.study.selftest.installation import inspect_installation
from toolkit.study.selftest.page import MARKER, failure_text, page_html

DEFAULT_OUT = Path("reports") / "selftest.html"


def run_selftest(
    out: Path = DEFAULT_OUT,
    *,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> Findings:
    """Recompute all cases on this installation and write the page.

    The same installation gives the same bytes.

    Parameters
    ----------
    out : Path
        The page; an older page of the self-test is replaced, any other file refused.
    progress : callable
        Told the method, how many cases are done, and of how many.

    Returns
    -------
    Findings
        ``failed`` holds the values that disagree.

    Raises
    ------
    OutputError
        If the page cannot be written there.
    """
    _refuse_foreign(out)
    findings = compare_all(load_suite(), progress)
    write_atomic(out, page_html(findings, inspect_installation()))
    return findings


def summary_lines(findings: Findings) -> list[str]:
    """Return what the terminal shows: counts by kind of source, and every value that disagrees."""
    counts = [
        f"{name}: {agreement_text(findings.of_kind(kind))} values agree"
        for kind, name in KINDS.items()
    ]
    left_out = f"Not recomputed: {len(findings.suite.not_covered)} published results; see the page"
    return [*counts, left_out, *map(failure_text, findings.failed)]


def _refuse_foreign(out: Path) -> None:
    """Raise if the page would replace what is not a page of the self-test."""
    if out.suffix.lower() != ".html":
        msg = f"the page must be a file that ends in .html, but got {out.name!r}"
        raise OutputError(msg)
    if out.is_dir() or (out.exists() and MARKER.encode() not in out.read_bytes()[:1000]):
        msg = f"{out.name} exists and is not a page of the self-test; name another file with --out"
        raise OutputError(msg)

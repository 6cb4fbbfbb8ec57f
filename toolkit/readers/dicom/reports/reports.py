"""Which report of an examination counts: the newest complete one of each product and version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from toolkit.readers.dicom.reports.tree import CadReport

Versions = Literal["one", "separate"]
# All algorithms succeeded, some did, none did.
_RANK: Final = {"with_findings": 2, "without_findings": 2, "partly_failed": 1, "failed": 0}
_UNNAMED: Final = "unnamed program"


@dataclass(frozen=True, kw_only=True)
class AiFault:
    """One fault that stops the AI's results.

    Parameters
    ----------
    report_uids : tuple of str
        Reports that it is about; they stand in no message.
    place : str
        Where, without an identifier: product, version and content item.
    rule : str
        What is wrong.
    remedy : str
        What to do.
    """

    report_uids: tuple[str, ...]
    place: str
    rule: str
    remedy: str


class AiResultsError(ValueError):
    """Results of an AI that must not be analysed as they are; the message lists all faults."""

    def __init__(self, faults: Sequence[AiFault]) -> None:
        lines = [f"{fault.place}: {fault.rule}; {fault.remedy}" for fault in faults]
        super().__init__("\n".join(lines))
        self.faults = tuple(faults)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Something of a report that the tables do not hold, and why.

    Parameters
    ----------
    report_uid, case_id : str
        The report and its examination; a case that is not known is empty.
    path : str
        Content item; empty for the whole report.
    concept : str
        What it is.
    what : {"not_mapped", "not_shown", "prior", "superseded", "not_counted", "conflict", ...}
        Why it is not in the tables; a conflict says that the report contradicts something.
    reason : str
        The same in words.
    """

    report_uid: str
    case_id: str
    path: str
    concept: str
    what: Literal[
        "not_mapped", "not_shown", "prior", "superseded", "not_counted", "conflict", "unreadable"
    ]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A structured report whose content cannot be read as a result of an AI.

    Parameters
    ----------
    report_uid, case_id : str
        The report and its examination; a case that is not known is empty.
    file, reason : str
        Where it lies in the archive, and what is wrong with it.
    of_ai : bool
        Whether it is certainly of an AI: then its examination failed, else it is only listed.
    """

    report_uid: str
    case_id: str
    file: str
    reason: str
    of_ai: bool

    @property
    def words(self) -> str:
        """File and reason in one line."""
        return f"{self.file}: {self.reason}"

    def listed(self) -> Listed:
        """Return its entry."""
        return Listed(
            report_uid=self.report_uid,
            case_id=self.case_id,
            path="",
            concept="",
            what="unreadable" if self.of_ai else "not_counted",
            reason=self.words,
        )


def reader_id(report: CadReport) -> str:
    """Return the reader that a report is a reading of: product and version."""
    return f"{report.product or _UNNAMED} {report.version}".strip()


def with_products(reports: Iterable[CadReport]) -> tuple[list[CadReport], list[Listed]]:
    """Return reports in a fixed order, with the product of failed ones that do not name it.

    Parameters
    ----------
    reports : iterable of CadReport
        In any order.

    Notes
    -----
    A run that failed before any algorithm started names none. It is taken to be of the only product
    and version that reports of the same equipment name; where these are several, or none, the
    header's model stands. Each report so named is listed.
    """
    ordered = sorted(reports, key=lambda report: report.report_uid)
    named: dict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)
    for report in ordered:
        if report.product_from == "algorithm":
            named[report.device].add((report.product, report.version))
    listed: list[Listed] = []
    for place, report in enumerate(ordered):
        known = named[report.device]
        if report.product_from == "header" and report.state == "failed" and len(known) == 1:
            product, version = next(iter(known))
            ordered[place] = replace(report, product=product, version=version)
            reason = "names no algorithm; taken for the only one that its equipment reports of"
            listed.append(_listed(report, "", "not_mapped", reason))
    return ordered, listed


def _listed(
    report: CadReport,
    case_id: str,
    what: Literal["not_mapped", "superseded", "not_counted", "conflict"],
    reason: str,
) -> Listed:
    """Return the entry of a whole report."""
    return Listed(
        report_uid=report.report_uid,
        case_id=case_id,
        path="",
        concept="",
        what=what,
        reason=reason,
    )


def side_conflicts(
    report: CadReport, case_id: str, image_sides: Mapping[str, str] | None
) -> list[Listed]:
    """Return where the image library names another breast than the header of the image.

    Parameters
    ----------
    report : CadReport
        The one that counts.
    case_id : str
        Its examination.
    image_sides : mapping or None
        L or R of each image, by its UID.
    """
    reason = "the image library names another breast than the header of the image"
    return [
        _listed(report, case_id, "conflict", reason)
        for uid, side in report.library_sides
        if (image_sides or {}).get(uid, side) not in (side, "")
    ]


def product_notes(found: Mapping[tuple[str, str], Sequence[CadReport]]) -> tuple[str, ...]:
    """Return a note where reports of one equipment name several products.

    Parameters
    ----------
    found : mapping
        Reports by reader and case.

    Notes
    -----
    A product that names only the algorithms which found something looks like several.
    """
    products: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for reports in found.values():
        for report in reports:
            if report.state != "failed":
                products[report.device].add(report.product or _UNNAMED)
    several = sorted({tuple(sorted(names)) for names in products.values() if len(names) > 1})
    return tuple(
        f"reports of one equipment name several products ({', '.join(names)}), and each is a "
        "reader of its own; check that they are not algorithms of one product"
        for names in several
    )


def of_exams(
    reports: Sequence[CadReport], case_ids: Mapping[str, str], exams: Collection[str]
) -> tuple[dict[tuple[str, str], list[CadReport]], list[Listed]]:
    """Return the reports of each reader and examination.

    Parameters
    ----------
    reports : sequence of CadReport
        In a fixed order.
    case_ids : mapping
        Case of each report, by its UID.
    exams : collection of str
        Cases that have images.
    """
    found: dict[tuple[str, str], list[CadReport]] = defaultdict(list)
    listed: list[Listed] = []
    seen: set[str] = set()
    for report in reports:
        case_id = case_ids.get(report.report_uid, "")
        if report.report_uid in seen:
            reason = "a copy of a report with the same UID"
            listed.append(_listed(report, case_id, "superseded", reason))
        elif case_id not in exams:
            reason = "belongs to no examination of which there are images"
            listed.append(_listed(report, case_id, "not_counted", reason))
        else:
            found[reader_id(report), case_id].append(report)
        seen.add(report.report_uid)
    return found, listed


def version_faults(
    found: Mapping[tuple[str, str], Sequence[CadReport]], versions: Versions
) -> list[AiFault]:
    """Return a fault for each product that changes its version in mid-study.

    Parameters
    ----------
    found : mapping
        Reports by reader and case.
    versions : {"one", "separate"}
        ``"separate"`` accepts a change: each version is a reader of its own.

    Notes
    -----
    Two versions that both looked at all examinations of the product are two readers, no change.
    Failed runs that name no algorithm do not count: their version is that of the equipment.
    """
    if versions == "separate":
        return []
    cases: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    uids: dict[str, list[str]] = defaultdict(list)
    for (_, case_id), reports in found.items():
        for report in reports:
            if report.product_from == "header" and report.state == "failed":
                continue
            cases[report.product][report.version].add(case_id)
            uids[report.product].append(report.report_uid)
    faults = []
    for product, by_version in sorted(cases.items()):
        every = set().union(*by_version.values())
        if all(of_version == every for of_version in by_version.values()):
            continue
        counts = ", ".join(
            f"version {version or 'that is not given'} in {len(of_version)}"
            for version, of_version in sorted(by_version.items())
        )
        faults.append(
            AiFault(
                report_uids=tuple(sorted(uids[product])),
                place=product or _UNNAMED,
                rule=f"changes its version in mid-study ({counts} of {len(every)} examinations)",
                remedy="process all examinations with one version, leave the reports of the others "
                "out, or say --versions separate to make each version a reader of its own",
            )
        )
    return faults


def choose(
    case_id: str, reports: Sequence[CadReport]
) -> tuple[CadReport, list[Listed], list[AiFault]]:
    """Return the report that counts, and the others.

    Parameters
    ----------
    case_id : str
        The examination.
    reports : sequence of CadReport
        Of one reader and this examination.

    Notes
    -----
    Reports of which all algorithms succeeded come before those that failed in part, and these
    before failed ones; documents that are complete by their flag before partial ones; then the
    newest counts. Two of one rank and time that differ in what they say are a fault.
    """

    def rank(report: CadReport) -> tuple[int, bool, str]:
        return _RANK[report.state], report.complete, report.written_at

    ordered = sorted(reports, key=rank, reverse=True)
    chosen, others = ordered[0], ordered[1:]
    listed = [
        _listed(report, case_id, "superseded", _why_superseded(report, chosen)) for report in others
    ]
    equal = [report for report in others if rank(report) == rank(chosen)]
    faults = [
        AiFault(
            report_uids=(chosen.report_uid, report.report_uid),
            place=reader_id(chosen),
            rule="two reports of one examination have the same time and say different things",
            remedy="leave one of them out",
        )
        for report in equal
        if _says(report) != _says(chosen)
    ]
    return chosen, listed, faults


def _why_superseded(report: CadReport, chosen: CadReport) -> str:
    """Return why another report of the examination counts."""
    if _RANK[report.state] < _RANK[chosen.state]:
        when = "a later" if report.written_at > chosen.written_at else "an earlier"
        return f"{when} run that failed{' in part' if report.state == 'partly_failed' else ''}"
    if report.complete < chosen.complete:
        return "a partial document; a complete one counts"
    return "an earlier run; the newest counts"


def _says(report: CadReport) -> tuple[object, ...]:
    """Return what a report says of the examination."""
    return report.state, report.exam_values, report.findings

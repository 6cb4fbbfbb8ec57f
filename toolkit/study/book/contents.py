"""What a book is made of: its first page, its chapters, and the error of a book that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from toolkit.draw.bars import BarRole
from toolkit.draw.html import Pill
from toolkit.results import Comparison
from toolkit.study.book.trail import Trail

Language = Literal["en", "vi"]
Origin = Literal["Simulated data", "Public data set", "Study data"]
Part = Literal["I", "II", "III", "IV"]
Status = Literal["complete", "failed", "left_out", "not_run"]
Mark = Literal["partial", "immature", "post_hoc", "blinded"]

_NAME = re.compile(r"[0-9]{2}_[A-Za-z0-9][A-Za-z0-9_-]*")


class BookError(RuntimeError):
    """The book cannot be made; the text says where, why and what to do."""


@dataclass(frozen=True, kw_only=True)
class BookChapter:
    """One chapter as the book shows it; every text is plain and is escaped on the page.

    Parameters
    ----------
    name : str
        Name of the page, two digits, an underscore, then letters, digits, ``_`` or ``-``.
    number, title, question : str
        As the chapter has them; a number in front of the title is dropped.
    part : {"I", "II", "III", "IV"}
        Part of the book.
    status : {"complete", "failed", "left_out", "not_run"}
        Only a complete chapter shows its notebook.
    reason : str
        Why the chapter is not complete; then required.
    answer : str
        The answer in one sentence, for the first page.
    marks : tuple of str
        What limits the answer: ``partial``, ``immature``, ``post_hoc``, ``blinded``, ``simulated``.
    notebook : Path or None
        The executed notebook; required if complete, never opened otherwise.
    record : mapping or None
        The chapter's record, if it saved one.
    trail : Trail or None
        What it was made from, folded at the end of its page.
    """

    name: str
    number: str
    title: str
    question: str
    part: Part
    status: Status
    reason: str = ""
    answer: str = ""
    marks: tuple[Mark, ...] = ()
    notebook: Path | None = None
    record: Mapping[str, Any] | None = None
    trail: Trail | None = None

    def __post_init__(self) -> None:
        """Refuse a chapter that no page could show truthfully."""
        if not _NAME.fullmatch(self.name):
            msg = (
                f"chapter name {self.name!r} must be two digits, '_' and then letters, digits, "
                "'_' or '-', because a page is named after it"
            )
            raise BookError(msg)
        for field, choices in (("part", Part), ("status", Status)):
            _check_choice(f"{self.name}: {field}", getattr(self, field), get_args(choices))
        for mark in self.marks:
            _check_choice(f"{self.name}: marks", mark, get_args(Mark))
        if self.status == "complete" and self.notebook is None:
            msg = f"{self.name}: a complete chapter needs notebook=, the executed notebook"
            raise BookError(msg)
        if self.status != "complete" and not self.reason.strip():
            msg = f"{self.name}: status {self.status!r} needs reason=, a sentence that says why"
            raise BookError(msg)

    @property
    def heading(self) -> str:
        """The title without a number in front of it."""
        return self.title.removeprefix(self.number).strip() or self.title

    @property
    def headline(self) -> Mapping[str, Any]:
        """What the chapter's record says for the first page; empty unless complete."""
        if self.status != "complete" or self.record is None:
            return {}
        headline: Mapping[str, Any] = self.record.get("headline", {})
        return headline

    @property
    def comparison(self) -> Comparison | None:
        """What the chapter's answer compares; None where it compares nothing."""
        plain = self.headline.get("primary")
        return None if plain is None else Comparison.from_dict(dict(plain))

    @property
    def shown_answer(self) -> str:
        """The answer on the first page; none of a chapter that is not complete."""
        if self.status != "complete":
            return ""
        return self.answer or str(self.headline.get("answer", ""))

    @property
    def limits(self) -> tuple[str, ...]:
        """What limits the answer, one sentence each."""
        return tuple(self.headline.get("limits", ()))

    @property
    def shown_marks(self) -> tuple[Mark, ...]:
        """What limits the answer, from the call or else from the record."""
        return self.marks or tuple(
            mark for mark in get_args(Mark) if mark in self.headline.get("marks", ())
        )


@dataclass(frozen=True, kw_only=True)
class FrontComparison:
    """One comparison on the first page.

    Parameters
    ----------
    number, label : str
        Its chapter, and what is compared in a word or two.
    comparison : Comparison
        The effect with its interval.
    role : {"ai", "aided", "neutral"}
        Colour of the claim, as in the chapter.
    conclusion : str
        What became of the claims on it; empty for an estimate.
    """

    number: str
    label: str
    comparison: Comparison
    role: BarRole = "neutral"
    conclusion: str = ""


@dataclass(frozen=True, kw_only=True)
class FrontPage:
    """What the first page says; every text is plain and is escaped on the page.

    Parameters
    ----------
    title, subtitle : str
        Of the whole book.
    language : {"en", "vi"}
        Language of the words that the book itself adds.
    origin : {"Simulated data", "Public data set", "Study data"}
        Where the data come from; simulated books carry the word on every page.
    pills : tuple of Pill
        Further labels of the status strip, such as ``Pill("Plan v1.2 locked", "lock")``.
    answer, claimed : str
        What AI does in a clinic's units; what became of the plan's claims, or that there is none.
    claims, estimates : tuple of FrontComparison
        Comparisons that the plan claims, in its order; all others.
    blinded : bool
        Whether the study is blinded, so that chapters which compare its arms are left out.
    partial : bool
        Whether chapters are missing that the study has.
    provenance : str
        One line: data, plan, toolkit.
    """

    title: str
    subtitle: str = ""
    language: Language = "en"
    origin: Origin
    pills: tuple[Pill, ...] = ()
    answer: str = ""
    claimed: str = ""
    claims: tuple[FrontComparison, ...] = ()
    estimates: tuple[FrontComparison, ...] = ()
    blinded: bool = False
    partial: bool = False
    provenance: str = ""

    def __post_init__(self) -> None:
        """Refuse words that the page has no form for."""
        _check_choice("language", self.language, get_args(Language))
        _check_choice("origin", self.origin, get_args(Origin))
        if not self.title.strip():
            msg = "title is empty; a book needs a title"
            raise BookError(msg)

    @property
    def simulated(self) -> bool:
        """Whether every page must say that its data are simulated."""
        return self.origin == "Simulated data"


def as_sentence(text: str) -> str:
    """Return a text that ends as a sentence does.

    Examples
    --------
    >>> as_sentence("stopped at cell 7 of 15")
    'Stopped at cell 7 of 15.'
    """
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def check_chapters(chapters: Sequence[BookChapter]) -> None:
    """Raise if a book has no chapter or two of one name."""
    if not chapters:
        msg = "a book needs at least one chapter, but chapters is empty"
        raise BookError(msg)
    names = [chapter.name for chapter in chapters]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        msg = f"chapters repeat the name {', '.join(repeated)}; give each a name of its own"
        raise BookError(msg)


def _check_choice(place: str, value: str, choices: Sequence[str]) -> None:
    """Raise if a value is none of its choices."""
    if value not in choices:
        msg = f"{place} must be one of {', '.join(choices)}, but got {value!r}"
        raise BookError(msg)


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """The book's own words in one language; ``{}`` in braces is filled in."""

    parts: Mapping[Part, str]
    origins: Mapping[Origin, str]
    simulated: str
    complete: str
    partial: tuple[str, str]
    blinded: tuple[str, str]
    pair: str
    compared: str
    effects: Mapping[str, str]
    margin: str
    better: str
    conclusion: str
    claims: tuple[str, str]
    estimates: tuple[str, str]
    status: Mapping[Status, str]
    banners: Mapping[Status, tuple[str, str]]
    marks: Mapping[Mark, str]
    see_why: str
    sidebar: str
    contents: str
    previous: str
    next: str
    search: str
    colours: str


PHRASES: Mapping[Language, Phrases] = {
    "en": Phrases(
        parts={
            "I": "Data",
            "II": "Retrospective",
            "III": "Prospective",
            "IV": "Design and synthesis",
        },
        origins={
            "Simulated data": "Simulated data",
            "Public data set": "Public data set",
            "Study data": "Study data",
        },
        simulated="Made by a simulator. No woman, reader or product is described.",
        complete="{complete} of {all} chapters complete",
        partial=(
            "Partial",
            "Chapters that this book lacks are listed below, each with its reason.",
        ),
        blinded=(
            "Blinded",
            "Chapters that compare reading with and without AI are left out until the study is "
            "unblinded; they are listed below.",
        ),
        pair="{b} against {a}",
        compared="Compared",
        effects={"difference": "Difference", "ratio": "Ratio"},
        margin="margin",
        better="better",
        conclusion="Conclusion",
        claims=("The claims of the plan.", "First named minus, or over, second named."),
        estimates=(
            "Estimates.",
            "First named minus, or over, second named. No plan claims anything of them.",
        ),
        status={
            "complete": "Complete",
            "failed": "Failed",
            "left_out": "Left out",
            "not_run": "Not run",
        },
        banners={
            "failed": ("Failed chapter", "No result of this chapter is shown or used elsewhere."),
            "left_out": ("Left out", "No result of this chapter exists."),
            "not_run": ("Not run", "No result of this chapter is in this book."),
        },
        marks={
            "partial": "Partial",
            "immature": "Immature follow-up",
            "post_hoc": "Post hoc",
            "blinded": "Blinded",
        },
        see_why="See why",
        sidebar="Chapters",
        contents="On this page",
        previous="Previous",
        next="Next",
        search="Search",
        colours="Light, dark or as the system",
    ),
    # To be read by a native speaker before a Vietnamese book is published.
    "vi": Phrases(
        parts={
            "I": "Dữ liệu",
            "II": "Hồi cứu",
            "III": "Tiến cứu",
            "IV": "Thiết kế và tổng hợp",
        },
        origins={
            "Simulated data": "Dữ liệu mô phỏng",
            "Public data set": "Dữ liệu công khai",
            "Study data": "Dữ liệu nghiên cứu",
        },
        simulated="Do máy mô phỏng tạo ra, không mô tả phụ nữ, bác sĩ hay sản phẩm nào.",
        complete="{complete} trên {all} chương hoàn tất",
        partial=("Chưa đầy đủ", "Các chương còn thiếu được liệt kê bên dưới cùng lý do."),
        blinded=(
            "Còn mù",
            "Các chương so sánh đọc có và không có AI bị bỏ qua cho đến khi mở mù; xem bên dưới.",
        ),
        pair="{b} so với {a}",
        compared="So sánh",
        effects={"difference": "Chênh lệch", "ratio": "Tỷ số"},
        margin="ngưỡng",
        better="tốt hơn",
        conclusion="Kết luận",
        claims=("Các giả thuyết.", "Bên nêu trước trừ đi, hoặc chia cho, bên nêu sau."),
        estimates=("Các ước lượng.", "Bên nêu trước trừ đi, hoặc chia cho, bên nêu sau."),
        status={
            "complete": "Hoàn tất",
            "failed": "Thất bại",
            "left_out": "Bỏ qua",
            "not_run": "Chưa chạy",
        },
        banners={
            "failed": (
                "Chương thất bại",
                "Không kết quả nào của chương này được trình bày hay sử dụng.",
            ),
            "left_out": ("Bỏ qua", "Chương này không có kết quả."),
            "not_run": ("Chưa chạy", "Sách này không có kết quả của chương."),
        },
        marks={
            "partial": "Chưa đầy đủ",
            "immature": "Theo dõi chưa đủ",
            "post_hoc": "Phân tích hậu kiểm",
            "blinded": "Còn mù",
        },
        see_why="Xem lý do",
        sidebar="Các chương",
        contents="Trong trang này",
        previous="Trước",
        next="Sau",
        search="Tìm kiếm",
        colours="Sáng, tối hoặc theo hệ thống",
    ),
}

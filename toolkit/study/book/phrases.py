"""The words that the book itself adds, in each language; all else comes from the chapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.study.book.contents import Language, Mark, Origin, Part, Status


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """The book's own words in one language; ``{}`` in braces is filled in."""

    parts: Mapping[Part, str]
    origins: Mapping[Origin, str]
    simulated: str
    complete: str
    partial: tuple[str, str]
    verdict: tuple[str, str, str]
    verdict_of_one: tuple[str, str]
    no_comparison: str
    pair: str
    compared: str
    effects: Mapping[str, str]
    margin: str
    better: str
    conclusion: str
    primary: tuple[str, str]
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
        verdict=(
            "Of {all} primary comparisons, none met its aim.",
            "Of {all} primary comparisons, one met its aim.",
            "Of {all} primary comparisons, {met} met their aim.",
        ),
        verdict_of_one=(
            "The one primary comparison did not meet its aim.",
            "The one primary comparison met its aim.",
        ),
        no_comparison="No primary comparison is complete yet.",
        pair="{b} against {a}",
        compared="Compared",
        effects={"difference": "Difference", "ratio": "Ratio"},
        margin="margin",
        better="better",
        conclusion="Conclusion",
        primary=("The primary comparisons.", "First named minus, or over, second named."),
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
        verdict=(
            "Trong {all} so sánh chính, không so sánh nào đạt mục tiêu.",
            "Trong {all} so sánh chính, một so sánh đạt mục tiêu.",
            "Trong {all} so sánh chính, {met} so sánh đạt mục tiêu.",
        ),
        verdict_of_one=(
            "So sánh chính duy nhất không đạt mục tiêu.",
            "So sánh chính duy nhất đạt mục tiêu.",
        ),
        no_comparison="Chưa có so sánh chính nào hoàn tất.",
        pair="{b} so với {a}",
        compared="So sánh",
        effects={"difference": "Chênh lệch", "ratio": "Tỷ số"},
        margin="ngưỡng",
        better="tốt hơn",
        conclusion="Kết luận",
        primary=("Các so sánh chính.", "Bên nêu trước trừ đi, hoặc chia cho, bên nêu sau."),
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

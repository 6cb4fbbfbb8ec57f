"""The book that reviewers open: executed chapters as pages, and the same as a PDF."""

from toolkit.html import Pill
from toolkit.study.book.contents import BookChapter, BookError, FrontPage
from toolkit.study.book.pdf import pdf_book
from toolkit.study.book.site import build_book

BOOK_CODE = (
    *("toolkit.study.book.contents", "toolkit.study.book.delivery"),
    *("toolkit.study.book.extension", "toolkit.study.book.landing"),
    *("toolkit.study.book.markup", "toolkit.study.book.phrases"),
    *("toolkit.study.book.site", "toolkit.study.book.sources"),
)
"""The modules whose code decides the bytes of a book."""

__all__ = ["BOOK_CODE", "BookChapter", "BookError", "FrontPage", "Pill", "build_book", "pdf_book"]

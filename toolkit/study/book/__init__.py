"""The book that reviewers open: executed chapters as pages, and the same as a PDF."""

from toolkit.draw.html import Pill
from toolkit.study.book.contents import BookChapter, BookError, FrontPage
from toolkit.study.book.pdf import pdf_book
from toolkit.study.book.site import build_book

__all__ = ["BookChapter", "BookError", "FrontPage", "Pill", "build_book", "pdf_book"]

"""The chapters of the book, a folder each, and what several of them share."""

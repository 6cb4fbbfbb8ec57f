"""Tests of figures, tables, pieces of a page and pictures."""

"""Results to figures, tables and pieces of a page; knows no chapter."""

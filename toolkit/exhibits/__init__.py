"""Results to what a chapter shows: its tables, figures and sentences, one module a chapter."""

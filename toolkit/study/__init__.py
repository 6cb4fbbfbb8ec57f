"""Running a study: the only layer that knows files and paths."""

"""A run of a study: what must run, in which kernel, and where it is kept."""

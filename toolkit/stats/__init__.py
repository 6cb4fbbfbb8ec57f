"""Arrays to results; numpy and scipy, no tables and no files."""

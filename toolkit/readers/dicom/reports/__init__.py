"""Reports of AIs: what they say, which of them counts, and the tables that follow."""

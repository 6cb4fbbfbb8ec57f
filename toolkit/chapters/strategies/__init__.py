"""Ways of reading, replayed."""

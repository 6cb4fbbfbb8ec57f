"""Numbers and results as text, and the colours by what they mean."""

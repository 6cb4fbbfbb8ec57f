"""An AI against readers of the same examinations."""

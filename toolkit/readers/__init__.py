"""Files to canonical tables; one file family, one module."""

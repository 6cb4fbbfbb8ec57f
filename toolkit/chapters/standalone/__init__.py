"""An AI alone."""

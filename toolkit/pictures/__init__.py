"""Mammograms of cases with the marks of AI and readers: what to show, and as a page of the book."""

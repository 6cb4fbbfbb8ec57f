"""Readers of the same examinations in two modalities."""

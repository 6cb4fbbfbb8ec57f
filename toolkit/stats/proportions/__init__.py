"""Proportions."""

"""Canonical tables to arrays and counts."""

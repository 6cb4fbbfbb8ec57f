"""Prospective."""

"""Ai against readers."""

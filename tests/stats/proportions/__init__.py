"""Tests of toolkit.stats.proportions."""

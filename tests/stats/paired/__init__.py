"""Tests of toolkit.stats.paired."""

"""Tests of toolkit.stats.agreement."""

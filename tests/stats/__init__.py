"""Tests of toolkit.stats."""

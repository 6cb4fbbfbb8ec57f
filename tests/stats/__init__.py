"""Tests of the statistics, by package."""

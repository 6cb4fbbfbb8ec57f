"""Tests of toolkit.stats.calibration."""

"""Tests of toolkit.stats.auc."""

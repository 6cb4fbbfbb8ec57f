"""Tests of numbers and effects as text."""

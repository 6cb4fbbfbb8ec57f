"""Binormal."""

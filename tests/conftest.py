"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder with peers' numbers and public data sets; tests that need it skip without it."""
    folder = os.environ.get("STUDY_REFERENCE_DATA", "")
    if not folder:
        pytest.skip("STUDY_REFERENCE_DATA is not set: no reference data on this machine")
    path = Path(folder).resolve()
    if not (path / "reference").is_dir():
        pytest.fail(f"STUDY_REFERENCE_DATA has no folder 'reference': {path.name}")
    return path

"""Fixtures that all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def object_store_address() -> Iterator[str]:
    """Address of an object store on this machine."""
    from moto.server import ThreadedMotoServer

    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    host, port = store.get_host_and_port()
    yield f"http://{host}:{port}"
    store.stop()


@pytest.fixture
def object_store(object_store_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The object store as s3:// reaches it in this test; buckets are shared by all tests."""
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", object_store_address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    # A client keeps the address that the environment named when it was made.
    s3fs.S3FileSystem.clear_instance_cache()
    yield s3fs.S3FileSystem(endpoint_url=object_store_address)
    s3fs.S3FileSystem.clear_instance_cache()

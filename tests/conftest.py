"""Fixtures that all tests share."""

import fcntl
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.book_sample import sample_book
from tests.browser import BROWSERS, Browser
from toolkit.study.book import build_book
from toolkit.study.run.run import RunOptions, run_study

DEMO = Path(__file__).resolve().parents[1] / "parameters" / "demo.yaml"

# What a test may need beyond Python: the names of its programs, and its package on Debian.
TOOLS = {
    "browser": (BROWSERS, "chromium"),
    "node": (("node",), "nodejs"),
    "dciodvfy": (("dciodvfy",), "dicom3tools"),
    "dsrdump": (("dsrdump",), "dcmtk"),
    "dcmdump": (("dcmdump",), "dcmtk"),
}


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end: all tests and all that they imported.

    statsmodels collects garbage in each adjustment by Holm, which took a second of ten thousand
    tests.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the browser."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.needs_tool("browser"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``needs_tool(name)`` where the tool is absent, before any fixture."""
    for marker in item.iter_markers("needs_tool"):
        (tool,) = marker.args
        programs, package = TOOLS[tool]
        if not any(shutil.which(program) for program in programs):
            pytest.skip(f"{tool} is not installed (Debian: {package})")


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that is filled once in a run, however many workers it has."""
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # the folder of all workers
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / f"{name}.made").exists():
            make(place / name)
            (place / f"{name}.made").touch()
    return place / name


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample book, built once in a run; only to be read."""

    def make(folder: Path) -> None:
        book = sample_book(folder / "notebooks")
        build_book(folder / "site", **book, scratch=folder / "scratch")

    return _once(tmp_path_factory, "sample", make) / "site"


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The delivered book of the demo, run once; only to be read."""

    def make(folder: Path) -> None:
        assert run_study(DEMO, RunOptions(out=folder / "demo")).complete

    return (_once(tmp_path_factory, "whole", make) / "demo").resolve()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a file."""
    with Browser() as running:
        yield running


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

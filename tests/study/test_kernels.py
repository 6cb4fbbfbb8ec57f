"""Where kernels live and what they are given: nothing of the machine, and nothing is left."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit.study.run.kernels import (
    KERNELS_FOLDER,
    KernelError,
    exit_in_words,
    kernel_environment,
    kernels_folder,
)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place of our own for temporary files; the path of ``tmp_path`` may be too long."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", os.path.realpath(folder))
        yield Path(folder).resolve()


def test_kernel_environment_takes_little_from_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_TOKEN", "PYTHONSTARTUP", "MATPLOTLIBRC", "http_proxy", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "x")
    for name in ("HOME", "USER", "TZ", "LC_ALL", "PYTHONHASHSEED", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "the caller's")
    environment = kernel_environment(tmp_path, tmp_path / "own")
    assert "the caller's" not in environment.values()
    assert "x" not in environment.values()
    assert environment["HOME"] == environment["TMPDIR"] == str(tmp_path / "own")


def test_kernel_environment_makes_the_python_path_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"lib{os.pathsep}")
    entries = kernel_environment(tmp_path, tmp_path)["PYTHONPATH"].split(os.pathsep)
    assert entries[-1] == str(Path.cwd() / "lib")
    assert all(os.path.isabs(entry) for entry in entries)


def test_kernels_folder_is_private_and_removed(temporary: Path) -> None:
    with kernels_folder() as folder:
        assert folder.parent == temporary
        assert folder.name.startswith(KERNELS_FOLDER)
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "k1").mkdir()
    assert list(temporary.iterdir()) == []


def test_kernels_folder_removes_those_of_killed_runs_only(temporary: Path) -> None:
    dead, strange = (temporary / f"{KERNELS_FOLDER}{name}" for name in ("dead", "strange"))
    for folder in (dead, strange):
        folder.mkdir()
        (folder / "patients.csv").write_text("x")
    (dead / "lock").touch()
    with kernels_folder() as living, kernels_folder():
        assert living.is_dir()
        assert not dead.exists()
    assert strange.is_dir()


@pytest.mark.usefixtures("temporary")
def test_kernels_folder_holds_its_lock() -> None:
    with (
        kernels_folder() as folder,
        (folder / "lock").open("r+b") as lock,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_kernels_folder_avoids_a_place_whose_path_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with kernels_folder() as folder:
        assert folder.parent == Path("/tmp").resolve()
    assert list(long.iterdir()) == []
    monkeypatch.setattr("toolkit.study.run.kernels.temporary_folders", lambda: [str(long)])
    with (
        pytest.raises(KernelError, match="path has at most 103 bytes; set TMPDIR to a short path"),
        kernels_folder(),
    ):
        pass


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "it ended itself with exit status 3"),
        (-11, "killed by signal 11 (SIGSEGV)"),
        (-200, "killed by signal 200 (without a name)"),
    ],
)
def test_exit_in_words(code: int, words: str) -> None:
    assert exit_in_words(code) == words

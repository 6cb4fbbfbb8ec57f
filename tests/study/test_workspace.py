"""The output folder: nothing torn, nothing lost, one run at a time."""

import errno
import multiprocessing
import os
import signal
import time

import pytest

from toolkit.study.run import workspace as module
from toolkit.study.run.workspace import OutputError, Workspace, read_json, to_json, write_atomic


def make_tree(workspace, text):
    tree = workspace.scratch("book")
    (tree / "index.html").write_text(text)
    (tree / "manifest.json").write_text("{}")
    return tree


def hold(out, ready):
    with Workspace(out).locked():
        ready.set()
        time.sleep(60)


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "reports" / "demo")


def test_write_atomic_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_atomic(path, "one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


def test_write_atomic_on_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "b.txt"
    write_atomic(path, "old")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_to_json_refuses_nan_and_sorts():
    assert to_json({"b": 1, "a": 2}).index('"a"') < to_json({"b": 1, "a": 2}).index('"b"')
    with pytest.raises(ValueError, match="Out of range float values"):
        to_json({"a": float("nan")})


def test_read_json_of_no_file_is_none(tmp_path):
    assert read_json(tmp_path / "none.json") is None


def test_workspace_refuses_a_folder_that_is_not_ours(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(OutputError, match="exists and was not written by a study run"):
        Workspace(tmp_path / "mine")


def test_workspace_refuses_a_link_that_is_not_ours(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "demo").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="exists and was not written"):
        Workspace(tmp_path / "demo")


def test_workspace_refuses_output_inside_the_data(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    for out in (data / "reports", tmp_path / "link" / "reports"):
        with pytest.raises(OutputError, match="is inside the data folder"):
            Workspace(out).refuse_inside(data)
    Workspace(tmp_path / "data-reports").refuse_inside(data)


def test_deliver_swaps_the_link_and_keeps_two_trees(workspace):
    for number in range(4):
        workspace.deliver(make_tree(workspace, str(number)), f"tree{number}")
        assert (workspace.out / "index.html").read_text() == str(number)
        time.sleep(0.01)
    trees = sorted(p.name for p in workspace.home.iterdir() if p.name.startswith("tree"))
    assert trees == ["tree2", "tree3"]
    assert workspace.delivered.name == "tree3"


def test_deliver_the_same_tree_again_changes_nothing(workspace):
    workspace.deliver(make_tree(workspace, "same"), "tree")
    workspace.deliver(make_tree(workspace, "same"), "tree")
    assert (workspace.out / "index.html").read_text() == "same"
    assert not list(workspace.work.glob(".*"))


def test_deliver_stopped_before_the_swap_keeps_the_old_book(workspace, monkeypatch):
    workspace.deliver(make_tree(workspace, "old"), "old")

    def stopped(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Path, "symlink_to", stopped)
    with pytest.raises(KeyboardInterrupt):
        workspace.deliver(make_tree(workspace, "new"), "new")
    monkeypatch.undo()
    assert (workspace.out / "index.html").read_text() == "old"
    workspace.deliver(make_tree(workspace, "new"), "new")
    assert (workspace.out / "index.html").read_text() == "new"


def test_deliver_stopped_while_it_removes_an_old_tree_leaves_no_half_of_it(workspace, monkeypatch):
    for name in ("one", "two"):
        workspace.deliver(make_tree(workspace, name), name)
        time.sleep(0.01)

    def stopped(path):
        (path / "index.html").unlink()
        raise KeyboardInterrupt

    tree = make_tree(workspace, "three")
    monkeypatch.setattr(module.shutil, "rmtree", stopped)
    with pytest.raises(KeyboardInterrupt):
        workspace.deliver(tree, "three")
    monkeypatch.undo()
    assert not (workspace.home / "one").exists()  # its name would stand for the whole tree
    with workspace.locked():
        assert sorted(p.name for p in workspace.home.iterdir()) == ["lock", "three", "two", "work"]


def test_keep_replaces_a_folder_whole(workspace):
    for text in ("one", "two"):
        scratch = workspace.scratch("chapter")
        (scratch / "record.json").write_text(text)
        workspace.keep(scratch, workspace.work / "chapters" / "x")
    kept = workspace.work / "chapters"
    assert (kept / "x" / "record.json").read_text() == "two"
    assert [p.name for p in kept.iterdir()] == ["x"]


def test_lock_admits_one_run_and_outlives_no_process(tmp_path):
    out = tmp_path / "demo"
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=hold, args=(out, ready))
    other.start()
    assert ready.wait(30)
    with (
        pytest.raises(OutputError, match=rf"another run \(process {other.pid}\) is writing"),
        Workspace(out).locked(),
    ):
        pass
    os.kill(other.pid, signal.SIGKILL)
    other.join(10)
    with Workspace(out).locked():
        assert (tmp_path / ".demo" / "lock").read_text().strip() == str(os.getpid())


def test_lock_sweeps_what_a_killed_run_left(workspace):
    left = workspace.scratch("chapter")
    (left / "half.json").write_text("{")
    (workspace.home / ".link.1.tmp").symlink_to("work")
    with workspace.locked():
        assert not left.exists()
        assert not (workspace.home / ".link.1.tmp").is_symlink()

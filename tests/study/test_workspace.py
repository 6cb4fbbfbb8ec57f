"""The output folder: nothing torn, nothing lost, one run at a time."""

import errno
import multiprocessing
import os
import signal
import time
from pathlib import Path

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


def test_workspace_leaves_a_hidden_folder_alone_that_is_not_ours(tmp_path):
    foreign = tmp_path / ".config"
    (foreign / "app").mkdir(parents=True)
    (foreign / "app" / "manifest.json").write_text("{}")
    (foreign / "app" / ".half.tmp").write_text("theirs")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=r"\.config beside config exists and was not made by"):
        Workspace(tmp_path / "config")
    # A link that is named as ours would be does not make it ours either.
    (tmp_path / "config").symlink_to(Path(".config") / "app")
    with pytest.raises(OutputError, match="not made by"):
        Workspace(tmp_path / "config")
    (tmp_path / "config").unlink()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("target", ["data", "nowhere", "data/cases.csv", "data/empty"])
def test_workspace_follows_no_hidden_link_to_what_is_not_ours(tmp_path, target):
    data = tmp_path / "data"
    (data / "empty").mkdir(parents=True)
    (data / "cases.csv").write_text("case,truth\n")
    (tmp_path / ".bk").symlink_to(tmp_path / target)
    with pytest.raises(OutputError, match=r"not made by|inside the data folder"):
        Workspace(tmp_path / "bk").refuse_inside(data)
    assert sorted(p.name for p in data.rglob("*")) == ["cases.csv", "empty"]


def test_workspace_follows_no_link_out_of_its_own_folder(tmp_path):
    with Workspace(tmp_path / "demo").locked():
        pass
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / ".demo" / "work").rmdir()
    (tmp_path / ".demo" / "work").symlink_to(theirs)
    with pytest.raises(OutputError, match="not made by"):
        Workspace(tmp_path / "demo")


def test_workspace_takes_its_own_folder_again_wherever_a_link_leads_to_it(tmp_path):
    with Workspace(tmp_path / "demo").locked():
        pass
    (tmp_path / ".demo").rename(tmp_path / "large-disk")
    (tmp_path / ".demo").symlink_to(tmp_path / "large-disk")
    with Workspace(tmp_path / "demo").locked():
        pass


def test_workspace_stopped_before_it_was_marked_is_taken_again(tmp_path):
    (tmp_path / ".demo").mkdir()
    with Workspace(tmp_path / "demo").locked():
        assert (tmp_path / ".demo" / module.MARK).is_file()


def test_workspace_refuses_data_within_its_own_folder(tmp_path):
    with Workspace(tmp_path / "demo").locked():
        (tmp_path / ".demo" / "data").mkdir()
    with pytest.raises(OutputError, match=r"the data lie in \.demo"):
        Workspace(tmp_path / "demo").refuse_inside(tmp_path / ".demo" / "data")


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
        left = {p.name for p in workspace.home.iterdir()}
        assert left == {"lock", module.MARK, "three", "two", "work"}


def kept(workspace):
    scratch = workspace.scratch("chapter")
    (scratch / "record.json").write_text('{"auc": 0.817}')
    place = workspace.work / "chapters" / "x"
    workspace.keep(scratch, place)
    return place


def test_holds_a_folder_as_it_was_kept(workspace):
    place = kept(workspace)
    assert workspace.holds(place, "x")
    assert not workspace.holds(place.with_name("y"), "y")
    assert workspace.made_again == []


def edited(place):
    (place / "record.json").write_text('{"auc": 0.183}')


def emptied(place):
    (place / "record.json").write_text("")


def removed(place):
    (place / "record.json").unlink()


def unsealed(place):
    (place / module.SEAL).unlink()


def emptied_seal(place):
    (place / module.SEAL).write_text("")


def seal_of_nothing(place):
    (place / module.SEAL).write_text("{}")


def other_json(place):
    (place / module.SEAL).write_text("[]")


def became_a_file(place):
    module.shutil.rmtree(place)
    place.write_text("")


DAMAGE = [
    edited,
    emptied,
    removed,
    unsealed,
    emptied_seal,
    seal_of_nothing,
    other_json,
    became_a_file,
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_holds_nothing_that_is_not_as_it_was_kept(workspace, damage):
    place = kept(workspace)
    damage(place)
    assert not workspace.holds(place, "x")
    assert workspace.made_again == ["x"]
    assert not os.path.lexists(place)
    assert workspace.holds(kept(workspace), "x")


@pytest.mark.parametrize("content", ["", "[]", "nul"])
def test_noted_is_nothing_where_the_note_is_damaged(workspace, content):
    write_atomic(workspace.work / "note.json", content)
    assert workspace.noted("note.json") == {}
    assert workspace.noted("none.json") == {}


def test_deliver_replaces_a_tree_that_was_damaged_since(workspace):
    workspace.deliver(make_tree(workspace, "whole"), "tree")
    (workspace.out / "index.html").write_text("damaged")
    workspace.deliver(make_tree(workspace, "whole"), "tree")
    assert (workspace.out / "index.html").read_text() == "whole"


def test_run_that_fails_leaves_no_scratch_to_fill_the_disk(workspace):
    def fail():
        with workspace.locked():
            workspace.scratch("chapter")
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert not list(workspace.work.glob(".*"))


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

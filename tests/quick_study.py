"""The engine of a study without its two slow parts, and what a kill at any moment leaves of it.

Chapters run in this process in place of kernels, and a page is what is known of a chapter in place
of what Sphinx makes of it; all else is the engine itself.
"""

import json
import os
import shutil
import signal
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from toolkit.study.book.landing import landing_html
from toolkit.study.book.site import write_records
from toolkit.study.run.execute import ChapterOutcome
from toolkit.study.run.faults import is_machine_fault
from toolkit.study.run.fingerprint import verify
from toolkit.study.run.run import RunOptions, run_study
from toolkit.study.run.workspace import to_json, write_atomic

REPLACED = "toolkit.study.run.execute.execute_chapters", "toolkit.study.book.build.build_book"
COMMITS = {"os.rename": 1, "os.symlink": 1, "os.utime": 0, "shutil.rmtree": 0}  # place of the path


def install(monkeypatch):
    """Use the quick parts until ``monkeypatch`` takes them out."""
    for name, quick in zip(REPLACED, (execute_here, write_pages), strict=True):
        monkeypatch.setattr(name, quick)


def execute_here(jobs, *, kernel=None, workers, on_done):  # noqa: ARG001 - there is no kernel
    """Run the cells of each notebook; stands for ``execute_chapters``."""
    for job in jobs:
        content = json.loads(job.notebook.read_text())
        first, *rest = ["".join(c["source"]) for c in content["cells"] if c["cell_type"] == "code"]
        names, cause, machine = {}, "", False
        try:
            with redirect_stdout(StringIO()):
                exec(first, names)
                names.update(job.parameters)
                for source in rest:
                    exec(source, names)
        except (Exception, SystemExit) as error:
            cause = f"raised {type(error).__name__}: {error}"
            machine = is_machine_fault(error)
        write_atomic(job.executed, to_json(content))
        status = "failed" if cause else "complete"
        on_done(ChapterOutcome(name=job.name, status=status, cause=cause, machine=machine))


def write_pages(out, *, front, chapters, scratch, with_code=False):  # noqa: ARG001 - there is none
    """Write a page a chapter; stands for ``build_book``."""
    (out / "chapters").mkdir(parents=True)
    (out / "index.html").write_text(f"<h1>{front.title}</h1>{landing_html(front, chapters)}")
    write_records(out, chapters)
    for chapter in chapters:
        known = (chapter.title, chapter.status, chapter.reason, chapter.answer)
        (out / "chapters" / f"{chapter.name}.html").write_text(repr(known))


def _in_child(work):
    """Do something in a forked process and return how that ended, as ``os.wait`` has it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def _kill_before(number):
    """Kill this process before it changes for the nth time what a later run looks at.

    What is renamed inside a scratch folder is not counted: the folder is swept as a whole.
    """
    count = 0

    def hook(event, arguments):
        nonlocal count
        if event in COMMITS and ".tmp" not in str(Path(arguments[COMMITS[event]]).parent):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def kill_at_every_commit(parameters: Path, data: Path, out: Path) -> int:
    """Kill a run at each of its steps in turn, from the book that stands; return their number.

    The old book must stand whole or the new one be there whole, the next run must complete, and
    its book must be that of a run that nobody disturbed.
    """
    for name, quick in zip(REPLACED, (execute_here, write_pages), strict=True):
        module, _, attribute = name.rpartition(".")
        setattr(sys.modules[module], attribute, quick)
    hidden = out.with_name(f".{out.name}")
    before = out.with_name("before")
    shutil.copytree(hidden, before, symlinks=True)
    old = out.readlink()
    expected = None
    number, killed = 0, True
    while killed:
        shutil.rmtree(hidden)
        shutil.copytree(before, hidden, symlinks=True)
        out.unlink()
        out.symlink_to(old)

        def run(point=None):
            if point is not None:
                _kill_before(point)
            assert run_study(parameters, RunOptions(data=data, out=out)).complete

        number += 1
        status = _in_child(lambda: run(number))  # noqa: B023 - called at once
        killed = os.WIFSIGNALED(status)
        assert killed or status == 0, f"the run failed at step {number}"
        assert verify(out.resolve())
        assert _in_child(run) == 0, f"the next run failed after a kill at step {number}"
        assert verify(out.resolve())
        expected = expected or out.resolve().name
        assert out.resolve().name == expected, f"another book after a kill at step {number}"
        left = [*hidden.glob(".*"), *(hidden / "work").rglob(".*")]
        assert not left, f"left after a kill at step {number}: {left}"
    return number - 1


if __name__ == "__main__":
    import toolkit.study.notebook  # noqa: F401 - once, for all runs
    from toolkit.stats import proportions  # noqa: F401 - likewise
    from toolkit.study.run.fingerprint import environment, module_hashes
    from toolkit.study.run.intake import READING_CODE

    environment()
    module_hashes("toolkit.study.book", "toolkit.study.book.build", "toolkit.study.notebook")
    module_hashes("toolkit.stats.proportions", *READING_CODE)
    print(kill_at_every_commit(*map(Path, sys.argv[1:])))  # noqa: T201 - for the test

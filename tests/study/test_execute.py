"""Running chapters: every way to fail is seen and named, and what is delivered is stable."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.study.run.execute import ChapterJob, ChapterOutcome, execute_chapter, execute_chapters
from toolkit.study.run.kernels import Kernels, open_kernels

Run = Callable[..., tuple[ChapterOutcome, dict[str, Any]]]

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def code(source: str, **metadata: Any) -> dict[str, Any]:
    """A code cell as it stands in git."""
    source = textwrap.dedent(source).strip()
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def write_notebook(path: Path, *cells: str | dict[str, Any], **metadata: Any) -> Path:
    """Write a notebook of old format, without cell ids and without a kernelspec."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def make_job(folder: Path, *cells: str | dict[str, Any], **changes: Any) -> ChapterJob:
    """A job whose notebook, executed notebook and working folder are in one folder."""
    values = {
        "name": "chapter",
        "notebook": write_notebook(folder / "source.ipynb", *cells),
        "parameters": {},
        "executed": folder / "executed.ipynb",
        "working_folder": folder,
        "time_limit_s": 60.0,
    }
    return ChapterJob(**{**values, **changes})


def read_strict(path: Path) -> dict[str, Any]:
    """Read JSON that has neither NaN nor infinities."""

    def refuse(word: str) -> None:
        pytest.fail(f"{path.name} is not strict JSON: it has {word}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def text_of(notebook: dict[str, Any], cell: int) -> str:
    """All text that a cell wrote to its streams, and the plain form of what it displayed."""
    outputs = notebook["cells"][cell]["outputs"]
    parts = [out.get("text") or out.get("data", {}).get("text/plain", []) for out in outputs]
    return "".join("".join(part) for part in parts)


def is_running(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def kernels(request: pytest.FixtureRequest) -> Iterator[Kernels]:
    """Where the kernels of a test come from: fresh interpreters, unless it says both."""
    with open_kernels(forked=getattr(request, "param", "fresh") == "forked") as kernels:
        yield kernels


both = pytest.mark.parametrize(
    "kernels", ["fresh", pytest.param("forked", marks=needs_linux)], indirect=True
)


@pytest.fixture
def run(kernels: Kernels, tmp_path: Path) -> Run:
    """Run cells as a chapter; returns the outcome and the executed notebook."""

    def run_cells(*cells: str | dict[str, Any], **changes: Any) -> Any:
        job = make_job(tmp_path, *cells, **changes)
        outcome = execute_chapter(job, kernels=kernels)
        return outcome, read_strict(job.executed)

    return run_cells


# --- complete ---------------------------------------------------------------------------------


def test_execute_chapter_runs_all_cells_with_the_parameters(run: Run) -> None:
    outcome, notebook = run(
        "import math",
        code('margin: float = 0.1  # help\nname: str = ""  # help', tags=["parameters"]),
        "print(margin * 2, name)",
        parameters={"margin": 0.05, "name": 'Bệnh viện "A"\n'},
    )
    assert outcome == ChapterOutcome(name="chapter", status="complete", cause="", cell=None)
    assert text_of(notebook, 3) == '0.1 Bệnh viện "A"\n\n'
    assert [cell["execution_count"] for cell in notebook["cells"]] == [1, 2, 3, 4]
    assert notebook["cells"][2]["metadata"] == {"tags": ["injected-parameters"]}


def test_execute_chapter_with_warnings_is_complete(run: Run) -> None:
    outcome, notebook = run("import warnings\nwarnings.warn('careful')")
    assert outcome.status == "complete"
    assert "cell:2: UserWarning: careful" in text_of(notebook, 0)


def test_execute_chapter_skips_empty_cells_and_ignores_the_kernelspec(
    run: Run, tmp_path: Path
) -> None:
    path = write_notebook(tmp_path / "r.ipynb", "", "1", kernelspec={"name": "ir", "language": "R"})
    outcome, notebook = run(notebook=path)
    assert outcome.status == "complete"
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_execute_chapter_keeps_every_output_of_a_fast_cell(run: Run) -> None:
    outcome, notebook = run("for i in range(3000):\n    display(i)")
    assert outcome.status == "complete"
    assert text_of(notebook, 0) == "".join(str(i) for i in range(3000))


def test_execute_chapter_merges_what_a_progress_bar_writes(run: Run) -> None:
    _, notebook = run(
        "import time\nfor i in range(3):\n    print(i, end='\\r')\n    time.sleep(0.3)"
    )
    assert len(notebook["cells"][0]["outputs"]) == 1


@both
def test_execute_chapter_lets_cells_use_processes(run: Run) -> None:
    outcome, notebook = run(
        """
        import multiprocessing, os, warnings
        warnings.simplefilter("ignore")
        def loud(x):
            print("from a worker")
            return x * x
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(loud, range(4)))
        """,
    )
    assert outcome.cause == ""
    assert "[0, 1, 4, 9]" in text_of(notebook, 0)


def test_execute_chapter_with_nan_parameter_writes_strict_json(run: Run) -> None:
    outcome, notebook = run(
        code("x: float = 0.0  # help", tags=["parameters"]),
        "from IPython.display import JSON\nprint(x)\nJSON({'x': x, 'y': float('inf')})",
        parameters={"x": float("nan")},
    )
    assert outcome.status == "complete"
    assert text_of(notebook, 2).startswith("nan")


# --- every way to fail --------------------------------------------------------------------------

FAILURES = {
    "raise": (["1", "raise ValueError('bad margin')", "2"], "cell 2 raised ValueError: bad margin"),
    "no message": (["raise MemoryError"], "cell 1 raised MemoryError"),
    "syntax": (["1 +"], r"cell 1 raised SyntaxError: invalid syntax.*"),
    "allowed by a tag": (
        [code("1/0", tags=["raises-exception"])],
        "cell 1 raised ZeroDivisionError: .*",
    ),
    "input": (["input('name?')"], r"cell 1 raised StdinNotImplementedError: .*"),
    "SystemExit(0)": (
        ["1", "raise SystemExit(0)", "2"],
        "cell 2 ended the notebook early: SystemExit 0",
    ),
    "sys.exit()": (["import sys\nsys.exit()", "2"], "cell 1 ended the notebook early: SystemExit"),
    "exit()": (["1", "exit()", "2"], r"kernel died in cell 2: the cell called exit\(\)"),
    "exit() at the end": (["1", "exit()"], r"kernel died in cell 2: the cell called exit\(\)"),
    "os._exit(0)": (
        ["1", "import os\nos._exit(0)", "2"],
        "kernel died in cell 2: it ended itself with exit status 0",
    ),
    "os._exit(0) at the end": (
        ["import os\nos._exit(0)"],
        "kernel died in cell 1: it ended itself with exit status 0",
    ),
    "os._exit after the end": (
        [
            "import os, threading\nthreading.Timer(0.01, os._exit, [3]).start()",
            "import time\ntime.sleep(1)",
        ],
        "kernel died in cell 2: it ended itself with exit status 3",
    ),
    "kill -9": (
        ["import os\nos.kill(os.getpid(), 9)"],
        "kernel died in cell 1: killed by signal 9, which .* out of memory",
    ),
    "crash": (
        ["import os\nos.kill(os.getpid(), 11)"],
        r"kernel died in cell 1: killed by signal 11 \(SIGSEGV\)",
    ),
}


@both
@pytest.mark.parametrize("mode", FAILURES)
def test_execute_chapter_names_the_failure(run: Run, mode: str) -> None:
    cells, cause = FAILURES[mode]
    outcome, notebook = run(*cells)
    assert outcome.status == "failed"
    assert re.fullmatch(cause, outcome.cause), outcome.cause
    assert outcome.cell == int(re.search(r"cell (\d+)", outcome.cause)[1])
    later = notebook["cells"][outcome.cell :]
    assert all(cell["execution_count"] is None and not cell["outputs"] for cell in later)


# A cell each, and whether the machine is at fault.
FAULTS = {
    "full disk": ("with open('/dev/full', 'w') as file:\n    file.write('x')", True),
    "full disk, told otherwise": (
        """
        try:
            with open("/dev/full", "w") as file:
                file.write("x")
        except OSError as error:
            raise ValueError("the table could not be written") from error
        """,
        True,
    ),
    "full disk, a library's words": (
        """
        import os, pyarrow as pa, pyarrow.parquet as pq
        os.symlink("/dev/full", "table")  # pyarrow removes what it could not write
        pq.write_table(pa.table({"x": list(range(100_000))}), "table")
        """,
        True,
    ),
    "no memory": (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))\n"
        "x = bytearray(2**34)",
        True,
    ),
    "too many open files": (
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (1, 1))\nimport os\nos.pipe()",
        True,
    ),
    "killed": ("import os\nos.kill(os.getpid(), 9)", True),
    "mapped file gone": (
        """
        import mmap, os
        with open("mapped", "w+b") as file:
            file.truncate(2**16)
            view = mmap.mmap(file.fileno(), 2**16)
            file.truncate(0)
            view[5000]
        """,
        True,
    ),
    "no such file": ("open('/none/at/all')", False),
    "no right": ("raise PermissionError(13, 'Permission denied')", False),
    "words in the code": ("# OSError: [Errno 28] No space left on device\n1 / 0", False),
    "crash": ("import os\nos.kill(os.getpid(), 11)", False),
    "exit": ("raise SystemExit(28)", False),
    "too much output": ("print('x' * 20_000_000)", False),
}


@needs_linux
@pytest.mark.parametrize("mode", FAULTS)
def test_execute_chapter_tells_the_machine_from_the_chapter(run: Run, mode: str) -> None:
    cell, machine = FAULTS[mode]
    outcome, _ = run(cell)
    assert outcome.status == "failed"
    assert outcome.machine == machine, outcome.cause


def test_execute_chapter_on_a_full_disk_is_a_fault_of_the_machine(
    kernels: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = execute_chapter(make_job(tmp_path, "1"), kernels=kernels)
    assert outcome.machine
    assert "No space left on device" in outcome.cause


def test_execute_chapter_where_no_kernel_can_start_for_want_of_disk(
    kernels: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job = make_job(tmp_path, "1")
    monkeypatch.setattr("toolkit.study.run.kernels.Path.mkdir", full)
    outcome = execute_chapter(job, kernels=kernels)
    assert outcome.machine
    assert outcome.cell is None


@both
@pytest.mark.parametrize("hang", ["import time\ntime.sleep(60)", "while True:\n    pass"])
def test_execute_chapter_stops_at_the_time_limit(run: Run, hang: str) -> None:
    start = time.monotonic()
    outcome, notebook = run("print('before')", hang, time_limit_s=1.5)
    assert outcome.cause == "time limit of 1.5 s passed in cell 2"
    assert time.monotonic() - start < 5
    assert text_of(notebook, 0) == "before\n"


@both
@needs_linux
def test_execute_chapter_kills_what_a_dead_kernel_left(run: Run, tmp_path: Path) -> None:
    outcome, _ = run(
        """
        import os, pathlib, subprocess
        pathlib.Path("child").write_text(str(subprocess.Popen(["sleep", "300"]).pid))
        os._exit(0)
        """
    )
    assert outcome.cause == "kernel died in cell 1: it ended itself with exit status 0"
    assert wait_until(lambda: not is_running(int((tmp_path / "child").read_text())), 5)


@both
@needs_linux
def test_execute_chapter_kills_children_that_left_the_group(run: Run, tmp_path: Path) -> None:
    outcome, _ = run(
        """
        import pathlib, subprocess, time
        for away in (False, True):
            child = subprocess.Popen(["sleep", "300"], start_new_session=away)
            pathlib.Path(f"child-{away}").write_text(str(child.pid))
        time.sleep(60)
        """,
        time_limit_s=1.5,
    )
    assert outcome.cause == "time limit of 1.5 s passed in cell 1"
    children = [int((tmp_path / f"child-{away}").read_text()) for away in (False, True)]
    assert wait_until(lambda: not any(is_running(pid) for pid in children), 5)


def test_execute_chapter_bounds_the_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.study.run.engine.LARGEST_OUTPUT", 100_000)
    outcome, notebook = run("while True:\n    print('x' * 1000)")
    assert re.fullmatch("more than 0.1 million characters of output in cell 1", outcome.cause)
    assert len(json.dumps(notebook)) < 200_000


@pytest.mark.parametrize("forked", [False, pytest.param(True, marks=needs_linux)])
@pytest.mark.parametrize(
    ("program", "limit", "cause"),
    [
        (
            "import time; time.sleep(60)",
            1.0,
            "time limit of 1 s passed while the kernel was starting",
        ),
        (
            "raise OSError('no space')",
            60.0,
            "the kernel ended before it was ready: OSError: no space",
        ),
    ],
)
def test_execute_chapter_names_a_kernel_that_does_not_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    limit: float,
    cause: str,
    forked: bool,
) -> None:
    (tmp_path / "no_kernel.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("toolkit.study.run.kernels.PROCESS_MODULE", "no_kernel")
    job = make_job(tmp_path, "1", time_limit_s=limit)
    with open_kernels(forked=forked) as kernels:
        outcome = execute_chapter(job, kernels=kernels)
    assert outcome == ChapterOutcome(name="chapter", status="failed", cause=cause, cell=None)


def test_execute_chapter_names_a_notebook_that_cannot_be_read(
    kernels: Kernels, tmp_path: Path
) -> None:
    missing = execute_chapter(make_job(tmp_path, notebook=tmp_path / "no.ipynb"), kernels=kernels)
    assert re.match("the chapter could not be run: FileNotFoundError: .*'no.ipynb'", missing.cause)
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    outcome = execute_chapter(make_job(tmp_path, notebook=broken), kernels=kernels)
    assert outcome.cause.startswith("the chapter could not be run: JSONDecodeError")


def test_execute_chapter_leaves_no_file_in_the_working_folder(run: Run, tmp_path: Path) -> None:
    run("import tempfile, pathlib\nprint(pathlib.Path(tempfile.mkdtemp()).exists())")
    assert {path.name for path in tmp_path.iterdir()} == {"source.ipynb", "executed.ipynb"}


# --- what is delivered --------------------------------------------------------------------------

VARIED = [
    "import os, time, locale, sys, warnings, pathlib",
    code(
        'tables: str = "demo"  # data\nrecord: str = ""  # record\nseed: int = 1  # seed',
        tags=["parameters"],
    ),
    "print(os.getcwd(), time.tzname, locale.setlocale(locale.LC_ALL), hash('a'), len({*'abc'}))",
    "print(os.path.expanduser('~'), file=sys.stderr)\nwarnings.warn('x')\nobject()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, seed])\nplt.show()",
    "import pandas as pd\npd.DataFrame({'a': [0.1, float('nan')], 'b': ['x', 'y']})",
    "import numpy as np\nnp.linalg.svd(np.arange(9000.0).reshape(100, 90))[1][:3]",
    "from IPython.display import HTML\ndisplay(HTML(f'<p>{pathlib.Path.cwd()}/a.csv</p>'))",
    "pathlib.Path(record).write_text(repr(sorted(os.environ['TZ'])))",
    "from toolkit.results import check_margin",
    "check_margin(0.1, effect='ratio', better=pathlib.Path(record).parent)",
]


def run_varied(folder: Path, kernels: Kernels) -> tuple[bytes, bytes]:
    """Run a chapter that says much about where it runs; returns executed notebook and record."""
    folder.mkdir(parents=True)
    record = folder / "record.json"
    parameters = {"tables": str(folder / "tables.json"), "record": str(record), "seed": 3}
    job = make_job(folder, *VARIED, parameters=parameters)
    outcome = execute_chapter(job, kernels=kernels)
    assert outcome.cause == (
        "cell 12 raised ValueError: better must be 'higher' or 'lower', but got PosixPath('.')"
    )
    return job.executed.read_bytes(), record.read_bytes()


def test_executed_bytes_depend_on_neither_folder_nor_environment(
    kernels: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_varied(tmp_path / "a", kernels)
    with open_kernels(forked=sys.platform == "linux") as forked:
        assert run_varied(tmp_path / "forked", forked) == first
    assert run_varied(tmp_path / "deeper" / "with a blank", kernels) == first
    home = tmp_path / "home"
    startup = home / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("print('from a start-up file')")
    (home / ".config" / "matplotlib").mkdir(parents=True)
    (home / ".config" / "matplotlib" / "matplotlibrc").write_text("lines.linewidth: 9")
    settings = {"TZ": "Asia/Ho_Chi_Minh", "PYTHONHASHSEED": "7", "LC_ALL": "C", "USER": "mai"}
    settings |= {"HOME": str(home), "MPLBACKEND": "agg", "PYTHONWARNINGS": "error"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert run_varied(tmp_path / "b", kernels) == first


def test_executed_notebook_holds_nothing_of_the_machine(kernels: Kernels, tmp_path: Path) -> None:
    content, _ = run_varied(tmp_path / "a", kernels)
    text = content.decode()
    assert str(tmp_path) not in text
    assert str(Path(__file__).parents[2]) not in text
    assert sys.prefix not in text
    assert "tables = 'tables.json'" in text
    assert not re.search(r'"papermill"|"execution"|"widgets"|start_time|duration', text)
    notebook = json.loads(text)
    assert [cell["id"] for cell in notebook["cells"]] == [f"cell-{n:02d}" for n in range(1, 13)]
    assert notebook["metadata"]["language_info"] == {"name": "python"}


def test_executed_traceback_has_no_paths_and_no_colours(run: Run) -> None:
    _, notebook = run("import json\njson.loads('{')")
    (error,) = notebook["cells"][0]["outputs"]
    traceback = "\n".join(error["traceback"])
    assert "json/decoder.py" in traceback
    assert not re.search(r"(?<![\w.…])/\w", traceback)
    assert "\x1b" not in traceback
    assert "Cell In[1], line 2" in traceback


def test_executed_notebook_has_no_dead_widgets(run: Run) -> None:
    _, notebook = run("import ipywidgets\nipywidgets.IntSlider()")
    (output,) = notebook["cells"][0]["outputs"]
    assert set(output["data"]) == {"text/plain"}


# --- several chapters ---------------------------------------------------------------------------


def test_execute_chapters_returns_outcomes_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    sources = {"slow": "import time\ntime.sleep(1)", "bad": "1/0", "quick": "2"}
    jobs = [make_job(tmp_path / name, cell, name=name) for name, cell in sources.items()]
    seen: list[tuple[str, str]] = []

    def on_done(outcome: ChapterOutcome) -> None:
        seen.append((outcome.name, threading.current_thread().name))

    outcomes = execute_chapters(jobs, workers=2, on_done=on_done)
    assert [(o.name, o.status) for o in outcomes] == [
        ("slow", "complete"),
        ("bad", "failed"),
        ("quick", "complete"),
    ]
    assert sorted(seen) == sorted((name, threading.current_thread().name) for name in sources)
    assert all(job.executed.exists() for job in jobs)


def test_execute_chapters_without_jobs_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.study.run.execute.open_kernels", None)
    assert execute_chapters([], workers=1, on_done=lambda _: None) == []


@needs_linux
def test_execute_chapters_kills_what_runs_when_on_done_raises(tmp_path: Path) -> None:
    busy = (
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(60)"
    )
    wait = "import pathlib, time\nwhile not pathlib.Path('../busy/pid').exists(): time.sleep(0.02)"
    jobs = [make_job(tmp_path / name, cell) for name, cell in (("busy", busy), ("quick", wait))]

    def fail(_outcome: ChapterOutcome) -> None:
        msg = "disk full"
        raise OSError(msg)

    start = time.monotonic()
    with pytest.raises(OSError, match="disk full"):
        execute_chapters(jobs, workers=2, on_done=fail)
    assert time.monotonic() - start < 20
    assert not is_running(int((tmp_path / "busy" / "pid").read_text()))


def test_execute_chapters_refuses_wrong_arguments(tmp_path: Path) -> None:
    jobs = [make_job(tmp_path, "1"), make_job(tmp_path, "1")]
    with pytest.raises(ValueError, match="workers must be at least 1, but got 0"):
        execute_chapters(jobs, workers=0, on_done=lambda _: None)
    with pytest.raises(
        ValueError, match=r"own executed notebook, but executed\.ipynb is written twice"
    ):
        execute_chapters(jobs, workers=1, on_done=lambda _: None)


@needs_linux
@pytest.mark.parametrize("number", [1, 3])
def test_execute_chapters_leaves_no_process_when_killed(tmp_path: Path, number: int) -> None:
    cell = """
        import os, pathlib, psutil, time
        pids = [os.getpid(), *(p.pid for p in psutil.Process().parents())]
        pathlib.Path("part").write_text(" ".join(map(str, pids)))
        pathlib.Path("part").rename("pid")
        time.sleep(300)
        """
    jobs = [make_job(tmp_path / f"{i}", cell, time_limit_s=300.0) for i in range(number)]
    program = f"""
from pathlib import Path, PosixPath
from toolkit.study.run.execute import ChapterJob, execute_chapters
execute_chapters({jobs!r}, workers=1, on_done=print)
"""
    main = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    try:
        assert wait_until((tmp_path / "0" / "pid").exists, 60)
    finally:
        main.send_signal(signal.SIGKILL)
        main.wait()
    pids = [int(pid) for pid in (tmp_path / "0" / "pid").read_text().split()]
    ours = pids[: pids.index(main.pid)]  # of a forked one: it, who waits for it, the warm process
    assert len(ours) == (1 if number == 1 else 3)
    assert wait_until(lambda: not any(is_running(pid) for pid in ours), 10)


# --- kernels ------------------------------------------------------------------------------------


@both
@needs_linux
def test_kernel_listens_on_no_network_port(run: Run) -> None:
    outcome, notebook = run(
        """
        import os, pathlib
        files = [pathlib.Path(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
        links = [os.readlink(file) for file in files if file.is_symlink()]
        own = {link.split("[")[1].rstrip("]") for link in links if link.startswith("socket:")}
        for family in ("tcp", "tcp6", "udp", "udp6"):
            table = pathlib.Path(f"/proc/self/net/{family}")
            lines = table.read_text().splitlines()[1:] if table.exists() else []
            print(family, [line for line in lines if line.split()[9] in own])
        print(len(own) > 1)
        """
    )
    assert outcome.cause == ""
    assert text_of(notebook, 0) == "tcp []\ntcp6 []\nudp []\nudp6 []\nTrue\n"


@both
def test_kernels_share_nothing(run: Run) -> None:
    run("import numpy\nnumpy.spoiled = 1\nimport os\nos.environ['SPOILED'] = '1'")
    _, notebook = run("import numpy, os\nhasattr(numpy, 'spoiled'), os.environ.get('SPOILED')")
    assert text_of(notebook, 0) == "(False, None)"


@both
def test_kernel_cannot_import_from_the_working_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "colorsys.py").write_text("raise RuntimeError('wrong module')")
    outcome, _ = run("import colorsys")
    assert outcome.cause == ""


# --- a warm process -----------------------------------------------------------------------------

PROBE = """
import json, os, pathlib, signal, sys, psutil
own = os.environ["HOME"]
status = pathlib.Path("/proc/self/status").read_text().splitlines()
words = ("Sig", "Shd", "Umask", "Seccomp", "NoNewPrivs", "Cpus_allowed:")
print([line for line in status if line.startswith(words)])
print({k: v.replace(own, "") for k, v in sorted(os.environ.items()) if k != "JPY_PARENT_PID"})
print(os.environ["JPY_PARENT_PID"] == str(os.getppid()), os.getcwd(), sys.path, sys.flags)
print(os.getpid() == os.getsid(0) == os.getpgrp(), sys.warnoptions)
print([word.replace(own, "") for word in sys.argv + sys.orig_argv])
print([signal.getsignal(n) for n in signal.valid_signals() if n not in (9, 19)])
print(pathlib.Path("/proc/self/oom_score_adj").read_text(), repr(sys.stdin.read(1)))
print(pathlib.Path("/proc/self/limits").read_text(), os.nice(0))
print([os.readlink(f"/proc/self/fd/{n}").replace(own, "") for n in (1, 2)])
"""


@needs_linux
def test_forked_kernel_finds_what_a_fresh_one_finds(tmp_path: Path) -> None:
    job = make_job(tmp_path, PROBE)
    found = []
    for forked in (False, True):
        with open_kernels(forked=forked) as kernels:
            assert execute_chapter(job, kernels=kernels).cause == ""
        text = text_of(read_strict(job.executed), 0)
        found.append(re.sub("study-kernels-[^/' ]*", "", text))
    assert found[0] == found[1]
    assert "oom_score_adj" not in found[0]


@needs_linux
def test_warm_process_has_one_thread_and_all_chapters(kernels: Kernels, tmp_path: Path) -> None:
    cell = """
        import psutil, sys
        warm = psutil.Process().parents()[1]
        print(warm.pid, warm.num_threads(), "toolkit.chapters.intake.exhibits" in sys.modules)
        import numpy
        print(numpy.random.random())
        """
    job = make_job(tmp_path, cell)
    texts = []
    with open_kernels(forked=True) as kernels:
        for _ in range(2):
            assert execute_chapter(job, kernels=kernels).cause == ""
            texts.append(text_of(read_strict(job.executed), 0).split())
    (warm, *said, first), (*same, second) = texts
    assert said == ["1", "True"]
    assert same == [warm, *said]
    assert first != second
    assert not is_running(int(warm))


@needs_linux
def test_kernels_are_fresh_where_the_warm_process_is_gone(tmp_path: Path) -> None:
    cell = "import os, psutil, sys\nprint(*(p.pid for p in psutil.Process().parents()[:2]))"
    job = make_job(tmp_path, cell)
    with open_kernels(forked=True) as kernels:
        execute_chapter(job, kernels=kernels)
        _, warm = map(int, text_of(read_strict(job.executed), 0).split())
        os.kill(warm, signal.SIGKILL)
        assert execute_chapter(job, kernels=kernels).cause == ""
    assert text_of(read_strict(job.executed), 0).split()[0] == str(os.getpid())


@needs_linux
@pytest.mark.parametrize("module", ["toolkit.study.run.kernel_process", "ipykernel_launcher"])
def test_papermill_gets_forked_kernels_from_a_kernelspec(tmp_path: Path, module: str) -> None:
    spec = {
        "argv": [sys.executable, "-m", module, "-f", "{connection_file}"],
        "display_name": "warm",
        "language": "python",
        "env": {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"},
        "metadata": {"kernel_provisioner": {"provisioner_name": "study-warm"}},
    }
    (tmp_path / "kernels" / "warm").mkdir(parents=True)
    (tmp_path / "kernels" / "warm" / "kernel.json").write_text(json.dumps(spec))
    cell = "import os, psutil, sys\nprint(*(p.pid for p in psutil.Process().parents()[:3]))"
    source = write_notebook(tmp_path / "in.ipynb", cell)
    made = subprocess.Popen(
        [sys.executable, "-m", "papermill", str(source), str(tmp_path / "out.ipynb"), "-k", "warm"],
        env={**os.environ, "JUPYTER_PATH": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    _, errors = made.communicate(timeout=120)
    assert made.returncode == 0, errors
    pids = [int(pid) for pid in text_of(read_strict(tmp_path / "out.ipynb"), 0).split()]
    assert pids[2] == made.pid
    assert not any(is_running(pid) for pid in pids)

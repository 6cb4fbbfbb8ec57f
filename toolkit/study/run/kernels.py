"""Kernels for chapters: isolated processes that listen on no network port.

Each is a new interpreter, or forked from a warm one, and has a folder of its own that is removed
with it. Its environment is made from nothing (``kernel_environment``), so that results depend
neither on the machine's time zone, locale and configuration nor on who runs it.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from subprocess import Popen

import psutil
import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from toolkit.study.run.faults import killed_by_machine
from toolkit.study.run.warm import ForkedKernel, WarmProcess, WarmProvisioner

KERNELS_FOLDER = "study-kernels-"  # begins its name
_LONGEST_SOCKET_PATH = 103  # bytes; macOS has the smaller limit, Linux has 107
_PACKAGE_HOME = Path(__file__).resolve().parents[3]

# What a process needs to run at all. Nothing else is taken from the caller's environment.
_INHERITED = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
)
_FIXED = {
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "study",
    "LOGNAME": "study",
    "USERNAME": "study",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHONNOUSERSITE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a thread that a fork would lose
    "SOURCE_DATE_EPOCH": "0",  # the date that matplotlib writes into pictures
}


class KernelError(RuntimeError):
    """A kernel did not start; ``machine`` says whether the system killed it."""

    def __init__(self, message: str, *, machine: bool = False) -> None:
        super().__init__(message)
        self.machine = machine


def kernel_environment(shared: Path, own: Path) -> dict[str, str]:
    """Return the whole environment of a kernel.

    Parameters
    ----------
    shared : Path
        Folder for what all kernels of a run share: the font list of matplotlib.
    own : Path
        Folder of this kernel: its home and its temporary files.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    python_path = [os.path.abspath(entry) for entry in given if entry]
    if _PACKAGE_HOME.name not in ("site-packages", "dist-packages"):
        python_path.insert(0, str(_PACKAGE_HOME))  # a clone: chapters import the toolkit that asks
    home = str(own)
    folders = {
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": home,
        "TEMP": home,
        "TMP": home,
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_CONFIG_DIR": str(own / "jupyter"),
        "JUPYTER_DATA_DIR": str(own / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(own / "jupyter"),
        "MPLCONFIGDIR": str(shared / "matplotlib"),
        "PYTHONPATH": os.pathsep.join(python_path),
    }
    return {**inherited, **_FIXED, **folders}


def temporary_folders() -> list[str]:
    """Return where the folder of all kernels of a run may stand, the preferred place first."""
    places = [tempfile.gettempdir(), *(["/tmp"] if os.name == "posix" else [])]
    return list(dict.fromkeys(os.path.realpath(place) for place in places))


@contextmanager
def kernels_folder() -> Iterator[Path]:
    """Give a new folder for our user only, and remove it; first remove those of killed runs.

    A run holds a lock in its folder, which the system releases when the run is killed.

    Raises
    ------
    KernelError
        If every place for temporary files has too long a path for a socket.
    """
    new = _short_folder()
    folder = new.with_name(new.name.removeprefix("."))
    try:
        with (new / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(folder)  # from now on others look at its lock
            _sweep(folder.parent)
            yield folder
    finally:
        for path in (new, folder):
            shutil.rmtree(path, ignore_errors=True)


def _short_folder() -> Path:
    """Return a new hidden folder below which a socket's path is not too long."""
    for place in temporary_folders():
        folder = Path(tempfile.mkdtemp(prefix=f".{KERNELS_FOLDER}", dir=place))
        if len(os.fsencode(folder / "k9999" / "s-9")) <= _LONGEST_SOCKET_PATH:
            return folder
        folder.rmdir()
    msg = f"a socket's path has at most {_LONGEST_SOCKET_PATH} bytes; set TMPDIR to a short path"
    raise KernelError(msg)


def _sweep(place: Path) -> None:
    """Remove the folders of runs that were killed."""
    for folder in place.glob(f"{KERNELS_FOLDER}*"):
        with suppress(OSError), (folder / "lock").open("r+b") as lock:  # held, or another user's
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


PROCESS_MODULE = "toolkit.study.run.kernel_process"
_ASK_AGAIN_S = 0.5

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # every failure is told as a cause in words


def exit_in_words(code: int) -> str:
    """Return how a process ended, from its exit code (negative for a signal).

    Examples
    --------
    >>> exit_in_words(-9)
    'killed by signal 9, which is what the system sends when it is out of memory'
    >>> exit_in_words(0)
    'it ended itself with exit status 0'
    """
    if code == -9:
        return "killed by signal 9, which is what the system sends when it is out of memory"
    if code < 0:
        names = {known.value: known.name for known in signal.Signals}
        return f"killed by signal {-code} ({names.get(-code, 'without a name')})"
    return f"it ended itself with exit status {code}"


def last_line(log: Path) -> str:
    """Return the last line that a process wrote, as the reason why it did not start."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


class _Manager(AsyncKernelManager):
    """Starts one kernel of ours, whatever kernels are installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts the kernel."""
        command = [sys.executable, "-m", PROCESS_MODULE, "-f", "{connection_file}"]
        return KernelSpec(argv=command, language="python")


class RunningKernel:
    """A kernel with its client.

    Parameters
    ----------
    folder : Path
        The kernel's folder, for its sockets and its log.
    warm : WarmProcess or None
        What the kernel is forked from; None for a fresh interpreter.

    Attributes
    ----------
    manager : AsyncKernelManager
        The kernel's manager.
    client : AsyncKernelClient
        Connected once the kernel is started.
    exit_code : int or None
        How the kernel ended by itself, known after ``close``; None if it lived to the end.
    """

    def __init__(self, folder: Path, warm: WarmProcess | None) -> None:
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.RCVHWM, 0)  # no output is dropped, however fast it comes
        context.setsockopt(zmq.LINGER, 0)
        self.manager = _Manager(
            connection_file=str(folder / "connection.json"),
            context=context,
            log=_log,
            transport="ipc",
            ip=str(folder / "s"),
        )
        if warm is not None:
            self.manager.provisioner = WarmProvisioner(
                parent=self.manager, kernel_spec=self.manager.kernel_spec, warm=warm
            )
        self.client: AsyncKernelClient = self.manager.client(context=context)
        self.exit_code: int | None = None
        self._folder = folder

    @property
    def _process(self) -> Popen[bytes] | ForkedKernel | None:
        """The kernel's process, once there is one."""
        provisioner = self.manager.provisioner
        return provisioner.process if isinstance(provisioner, LocalProvisioner) else None

    def kill(self) -> None:
        """Kill the kernel, its process group, and the children that left the group."""
        process = self._process
        if process is None:
            return
        below = []
        with suppress(psutil.Error):
            below = psutil.Process(process.pid).children(recursive=True)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for child in below:
            with suppress(psutil.Error):  # gone, or with another user's rights
                child.kill()

    async def start(self, *, working_folder: Path, environment: dict[str, str]) -> None:
        """Start the kernel and return when it has answered.

        Raises
        ------
        KernelError
            If it ended before it answered.
        """
        log = self._folder / "kernel.log"
        with log.open("ab") as output:
            await self.manager.start_kernel(
                cwd=str(working_folder), env=environment, stdout=output, stderr=output
            )
        process = self._process
        assert process is not None
        self.client.load_connection_info(self.manager.get_connection_info(session=True))
        self.client.start_channels(stdin=False, hb=False, control=False)
        channels = (self.client.shell_channel, self.client.iopub_channel)
        waiting = {asyncio.ensure_future(channel.get_msg()) for channel in channels}
        while waiting:  # outputs arrive for certain only when something came on iopub as well
            self.client.kernel_info()
            _, waiting = await asyncio.wait(waiting, timeout=_ASK_AGAIN_S)
            if waiting and (code := process.poll()) is not None:
                for task in waiting:
                    task.cancel()
                msg = f"the kernel ended before it was ready: {last_line(log)}"
                raise KernelError(msg, machine=killed_by_machine(code))

    async def close(self) -> None:
        """Kill the kernel and remove all that it used."""
        process = self._process
        if process is not None:
            self.exit_code = process.poll()
            self.kill()
            process.wait(10)
            self.client.shell_channel.stop()
            self.client.iopub_channel.stop()
        await self.manager.cleanup_resources()
        self.manager.context.destroy(linger=0)
        shutil.rmtree(self._folder, ignore_errors=True)


class Kernels:
    """Starts kernels and can stop them all.

    Parameters
    ----------
    folder : Path
        A new folder for the files of all kernels.
    warm : WarmProcess or None
        What they are forked from; None for fresh interpreters.
    """

    def __init__(self, folder: Path, warm: WarmProcess | None = None) -> None:
        self._folder = folder
        self._warm = warm
        self._running: set[RunningKernel] = set()
        self._numbers = itertools.count(1)
        self._stopped = False

    @asynccontextmanager
    async def running(self, working_folder: Path) -> AsyncIterator[RunningKernel]:
        """Give a new kernel, and kill it with everything that it started.

        Parameters
        ----------
        working_folder : Path
            Where the kernel runs; modules in it are not importable.

        Raises
        ------
        KernelError
            If the kernel does not start, or ``stop`` was called.
        """
        folder = self._folder / f"k{next(self._numbers)}"
        folder.mkdir(mode=0o700)
        kernel = RunningKernel(folder, self._warm)
        try:
            self._running.add(kernel)
            environment = kernel_environment(self._folder, folder)
            await kernel.start(working_folder=working_folder, environment=environment)
            if self._stopped:  # before there was a process to kill
                msg = "the run was stopped"
                raise KernelError(msg)
            yield kernel
        finally:
            self._running.discard(kernel)
            await kernel.close()

    def stop(self) -> None:
        """Kill all kernels and start no more; may be called from any thread."""
        self._stopped = True
        for kernel in self._running.copy():
            kernel.kill()


@contextmanager
def open_kernels(*, forked: bool = False) -> Iterator[Kernels]:
    """Give kernels, forked or fresh, and leave neither a process nor a file behind."""
    with kernels_folder() as folder, ExitStack() as stack:
        warm = None
        if forked:
            environment = kernel_environment(folder, folder)
            warm = WarmProcess(sys.executable, environment, str(folder))
            stack.callback(warm.close)
        kernels = Kernels(folder, warm)
        stack.callback(kernels.stop)
        yield kernels

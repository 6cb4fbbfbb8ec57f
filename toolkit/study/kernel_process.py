"""What runs inside the kernel processes: one kernel, or the warm parent that forks kernels.

The parent imports what chapters import, once, and then forks a kernel for each request, which
saves the seconds that these imports cost. It starts no threads, draws no random numbers and keeps
no file open, so that a forked kernel computes what a fresh one computes.
"""

# mypy: disable-error-code="no-untyped-call"
# (ipykernel is typed in part only)

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import zmq
from ipykernel.iostream import IOPubThread
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

# Never matplotlib_inline.backend_inline: imported before there is a shell, it loses every figure.
WARM = (
    "numpy",
    "pandas",
    "scipy.stats",
    "matplotlib.pyplot",
    "seaborn",
    "IPython",
    "toolkit.demo",
    "toolkit.study.notebook",
)
WARM_PACKAGES = ("toolkit.stats", "toolkit.scoring", "toolkit.draw", "toolkit.chapters")

_PR_SET_PDEATHSIG = 1
_LARGEST_REQUEST = 65536


class ChapterKernelApp(IPKernelApp):
    """A kernel that listens on no network port and reads nobody's configuration."""

    def init_iopub(self, context: zmq.Context[Any]) -> None:
        """Publish outputs without the TCP port that ipykernel opens for forked subprocesses.

        The queue has no limit: a cell with thousands of outputs must not lose the message that
        says it is done.
        """
        self.iopub_socket = context.socket(zmq.XPUB)
        self.iopub_socket.linger = 1000
        self.iopub_socket.sndhwm = 0
        self.iopub_port = self._bind_socket(self.iopub_socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = IOPubThread(self.iopub_socket, pipe=False, session=self.session)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket

    def load_config_file(self, *_args: Any, **_kwargs: Any) -> None:
        """Read no configuration: neither the user's nor the machine's."""

    def init_code(self) -> None:
        """Run no start-up files: neither the user's nor the machine's."""


def run_kernel(connection_file: str) -> None:
    """Be a kernel until a client shuts it down.

    Parameters
    ----------
    connection_file : str
        Path of the file that names the kernel's sockets.
    """
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.xmode = "Plain"  # no code around the failing line, no values
    config.InteractiveShell.colors = "nocolor"
    with suppress(OSError):  # where memory runs out, the kernel goes and the run survives
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    app = ChapterKernelApp.instance(
        config=config,
        connection_file=connection_file,
        parent_handle=os.getppid(),
        ignore_cwd=True,
        capture_fd_output=False,
    )
    app.initialize([])
    app.start()


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies; other systems lack that."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)


def warm_up() -> None:
    """Import everything that chapters import.

    Raises
    ------
    RuntimeError
        If an import started a thread: a fork would lose it, with whatever lock it holds.
    """
    for name in (*WARM, *_modules_in(WARM_PACKAGES)):
        with suppress(Exception):  # a chapter that needs the module fails with its own words
            importlib.import_module(name)
    threads = os.listdir("/proc/self/task")
    if len(threads) > 1:
        names = {Path(f"/proc/self/task/{thread}/comm").read_text().strip() for thread in threads}
        msg = f"imports started threads, which a fork would lose: {', '.join(sorted(names))}"
        raise RuntimeError(msg)
    gc.collect()
    gc.freeze()  # so that collections in the kernels do not copy the shared memory


def _modules_in(packages: tuple[str, ...]) -> Iterator[str]:
    """Yield the names of packages and of the modules directly in them."""
    for package in packages:
        yield package
        folder = Path(__file__).resolve().parents[1] / package.rpartition(".")[2]
        for module in pkgutil.walk_packages([str(folder)]):
            yield f"{package}.{module.name}"


class ForkingParent:
    """Forks a kernel for each request, reports its end, and leaves none behind.

    A request arrives on ``control`` together with one end of a socket pair, the kernel's channel.
    Over the channel go the kernel's process id and, when it has ended, its exit code. When the
    other side closes a channel, that kernel is killed; when it closes ``control`` or dies, all are.

    Parameters
    ----------
    control : socket.socket
        Unix socket that keeps message boundaries.
    main : int
        Process id of the process that asks.
    """

    def __init__(self, control: socket.socket, *, main: int) -> None:
        self._control = control
        self._main = main
        self._channels: dict[int, socket.socket] = {}
        self._woken, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for end in (self._woken, self._waker):
            end.setblocking(False)
        for source in (self._control, self._woken):
            self._selector.register(source, selectors.EVENT_READ, 0)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Fork kernels until the process that asks closes its end or dies."""
        try:
            while os.getppid() == self._main and self._serve_events():
                self._reap()
        finally:
            for pid in list(self._channels):
                _kill_group(pid)

    def _serve_events(self) -> bool:
        """Wait up to a second for events; False when nobody will ask any more."""
        for key, _ in self._selector.select(timeout=1.0):
            if key.fileobj is self._woken:
                self._woken.recv(4096)
            elif key.fileobj is not self._control:
                self._selector.unregister(key.fileobj)
                _kill_group(key.data)
            elif not self._serve_request():
                return False
        return True

    def _serve_request(self) -> bool:
        """Fork a kernel; False at the end of requests."""
        content, descriptors, _, _ = socket.recv_fds(self._control, _LARGEST_REQUEST, 1)
        if not content:
            return False
        channel = socket.socket(fileno=descriptors[0])
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_kernel(json.loads(content), channel, parent)
        with suppress(OSError):  # the kernel sets its group as well; whoever comes first
            os.setpgid(pid, pid)
        self._channels[pid] = channel
        self._selector.register(channel, selectors.EVENT_READ, pid)
        self._tell(pid, {"pid": pid})
        return True

    def _become_kernel(
        self, request: dict[str, Any], channel: socket.socket, parent: int
    ) -> NoReturn:
        """Turn the forked process into a kernel that shares nothing with its parent but memory."""
        try:
            os.setpgid(0, 0)
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            for end in (self._control, self._woken, self._waker, channel, *self._channels.values()):
                end.close()
            log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            for number in (1, 2):
                os.dup2(log, number)
            os.close(log)
            os.environ.clear()
            os.environ.update(request["environment"])
            tempfile.tempdir = None  # the parent's may be remembered
            os.chdir(request["working_folder"])
            run_kernel(request["connection_file"])
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def _reap(self) -> None:
        """Collect ended kernels, kill what they left running, and report their exit codes."""
        while self._channels:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            _kill_group(pid)
            self._tell(pid, {"exit": os.waitstatus_to_exitcode(status)})
            channel = self._channels.pop(pid)
            with suppress(KeyError):  # the other side closed it first
                self._selector.unregister(channel)
            channel.close()

    def _tell(self, pid: int, message: dict[str, int]) -> None:
        """Send a message over a kernel's channel, if the other side still listens."""
        with suppress(OSError):
            self._channels[pid].send(json.dumps(message).encode())


def _kill_group(leader: int) -> None:
    """Kill a kernel and all processes of its group that are still there."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Run as ``kernel MAIN CONNECTION_FILE`` or as ``parent MAIN DESCRIPTOR FOLDER``.

    ``MAIN`` is the process id of the process that asks; ``FOLDER`` holds the kernels' temporary
    files, and the parent removes it at its end, even where the process that asks was killed.
    """
    kind, caller, target, *rest = arguments
    if kind == "kernel":
        die_with_parent(int(caller))
        run_kernel(target)
        return
    control = socket.socket(fileno=int(target))
    warm_up()
    try:
        control.send(b"ready")
        ForkingParent(control, main=int(caller)).serve()
    finally:
        shutil.rmtree(rest[0], ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])

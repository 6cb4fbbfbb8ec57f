"""Kernels for chapters: isolated processes that listen on no network port.

A kernel's environment is made from nothing (``kernel_environment``), so that results depend
neither on the machine's time zone, locale and configuration nor on who runs it, and its files go
to a folder of its own that is removed with it. The ``forking`` kind (Linux) forks each kernel from
a warm parent and is ready in a fraction of a second; the ``standard`` kind starts a new
interpreter for each.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from toolkit.study.forking import (
    PROCESS_MODULE,
    KernelError,
    WarmParent,
    last_line,
)
from toolkit.study.kernel_environment import kernel_environment
from toolkit.study.kernel_folder import kernels_folder

KernelKind = Literal["forking", "standard"]

_ASK_AGAIN_S = 0.5

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # every failure is told as a cause in words


def fastest_kernel() -> KernelKind:
    """Return ``forking`` where it works, which is Linux, else ``standard``."""
    return "forking" if sys.platform == "linux" else "standard"


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


def _descendants(root: int) -> list[int]:
    """Return the ids of all processes below one; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found, waiting = [], [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.extend(below)
        waiting.extend(below)
    return found


def _kill_all(leader: int) -> None:
    """Kill a kernel, its process group, and the children that left the group."""
    below = _descendants(leader)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in below:
        with suppress(ProcessLookupError, PermissionError):  # gone, or with another user's rights
            os.kill(pid, signal.SIGKILL)


class _Provisioner(LocalProvisioner):
    """Starts the kernel's process, or lets the warm parent fork it."""

    process: Any = None
    warm_parent: WarmParent | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Return how to connect to the kernel, once its process is there."""
        if self.warm_parent is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = await self.warm_parent.fork(
            {
                "connection_file": cmd[-1],
                "working_folder": str(kwargs["cwd"]),
                "environment": kwargs["env"],
                "log": kwargs["stdout"].name,
            }
        )
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class ChapterKernelManager(AsyncKernelManager):
    """Starts one kernel whose sockets are files in a folder of its own.

    Parameters
    ----------
    folder : Path
        The kernel's folder; its path must be short, for a socket's path is.
    warm_parent : WarmParent or None
        Where to fork from; None starts a new interpreter.
    """

    def __init__(self, folder: Path, *, warm_parent: WarmParent | None = None) -> None:
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.RCVHWM, 0)  # no output is dropped, however fast it comes
        context.setsockopt(zmq.LINGER, 0)
        sockets = {"transport": "ipc", "ip": str(folder / "s")} if zmq.has("ipc") else {}
        super().__init__(
            connection_file=str(folder / "connection.json"), context=context, log=_log, **sockets
        )
        self.folder = folder
        self.kernel_id = folder.name
        command = ["-m", PROCESS_MODULE, "kernel", str(os.getpid()), "{connection_file}"]
        self._kernel_spec = KernelSpec(argv=[sys.executable, *command], language="python")
        self.starter = _Provisioner(
            kernel_id=folder.name, kernel_spec=self._kernel_spec, parent=self
        )
        self.starter.warm_parent = warm_parent
        self.provisioner = self.starter


class RunningKernel:
    """A kernel with its client.

    Attributes
    ----------
    manager : ChapterKernelManager
        The kernel's manager.
    exit_code : int or None
        How the kernel ended by itself, known after ``close``; None if it lived to the end.
    """

    def __init__(self, manager: ChapterKernelManager) -> None:
        self.manager = manager
        self.exit_code: int | None = None
        self._client: AsyncKernelClient | None = None

    @property
    def client(self) -> AsyncKernelClient:
        """The connected client."""
        assert self._client is not None, "start the kernel first"
        return self._client

    def kill(self) -> None:
        """Kill the kernel and everything that it started."""
        starter = self.manager.starter
        if starter.process is None:
            return
        lives = starter.process.poll() is None
        if os.name != "posix":
            if lives:
                starter.process.kill()
        elif lives or starter.warm_parent is None:  # the parent kills what a dead kernel left
            _kill_all(starter.process.pid)

    async def start(self, *, working_folder: Path, environment: dict[str, str]) -> None:
        """Start the kernel and return when it has answered.

        Raises
        ------
        KernelError
            If it ended before it answered.
        """
        with (self.manager.folder / "kernel.log").open("ab") as log:
            await self.manager.start_kernel(
                cwd=str(working_folder), env=environment, stdout=log, stderr=log
            )
        self._client = client = self.manager.client(context=self.manager.context)
        client.start_channels(stdin=False, hb=False, control=False)
        channels = (client.shell_channel, client.iopub_channel)
        waiting = {asyncio.ensure_future(channel.get_msg()) for channel in channels}
        while waiting:  # outputs arrive for certain only when something came on iopub as well
            client.kernel_info()
            _, waiting = await asyncio.wait(waiting, timeout=_ASK_AGAIN_S)
            if waiting and self.manager.starter.process.poll() is not None:
                for task in waiting:
                    task.cancel()
                reason = last_line(self.manager.folder / "kernel.log")
                msg = f"the kernel ended before it was ready: {reason}"
                raise KernelError(msg)

    async def close(self) -> None:
        """Kill the kernel and remove all that it used."""
        process = self.manager.starter.process
        if process is not None:
            self.exit_code = process.poll()
            self.kill()
            process.wait(10)
        if self._client is not None:
            self._client.shell_channel.stop()
            self._client.iopub_channel.stop()
        await self.manager.cleanup_resources()
        self.manager.context.destroy(linger=0)
        shutil.rmtree(self.manager.folder, ignore_errors=True)


class Kernels:
    """Starts kernels of one kind and can stop them all.

    Parameters
    ----------
    folder : Path
        A new folder for the files of all kernels.
    warm_parent : WarmParent or None
        Where kernels are forked from; None starts a new interpreter for each.
    """

    def __init__(self, folder: Path, warm_parent: WarmParent | None) -> None:
        self._folder = folder
        self._warm_parent = warm_parent
        self._running: set[RunningKernel] = set()
        self._numbers = itertools.count(1)
        self._stopped = False

    def wait_until_ready(self) -> None:
        """Return when kernels can be started.

        Raises
        ------
        KernelError
            If the warm parent did not start.
        """
        if self._warm_parent is not None:
            self._warm_parent.wait_until_ready()

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
        kernel = RunningKernel(ChapterKernelManager(folder, warm_parent=self._warm_parent))
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
def open_kernels(kind: KernelKind) -> Iterator[Kernels]:
    """Give kernels of one kind, and leave neither a process nor a file behind.

    Parameters
    ----------
    kind : {"forking", "standard"}
        ``forking`` needs Linux.

    Raises
    ------
    KernelError
        If the kind does not work on this system.
    """
    if kind == "forking" and fastest_kernel() != "forking":
        msg = f"the forking kernel needs Linux, not {sys.platform}; use the standard kernel"
        raise KernelError(msg)
    warm_parent = None
    with kernels_folder() as folder:
        try:
            if kind == "forking":
                warm_parent = WarmParent(folder, environment=kernel_environment(folder, folder))
            kernels = Kernels(folder, warm_parent)
            try:
                yield kernels
            finally:
                kernels.stop()
        finally:
            if warm_parent is not None:
                warm_parent.close()

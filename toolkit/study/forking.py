"""Our side of the warm parent that kernels are forked from; ``kernel_process`` is the other."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

PROCESS_MODULE = "toolkit.study.kernel_process"
WARM_UP_LIMIT_S = 120.0


class KernelError(RuntimeError):
    """A kernel, or the parent of the forked kernels, did not start."""


def last_line(log: Path) -> str:
    """Return the last line that a process wrote, as the reason why it did not start."""
    with suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return "it said nothing"


class ForkedProcess:
    """A kernel that the warm parent forked, with what jupyter_client uses of ``Popen``.

    Parameters
    ----------
    channel : socket.socket
        Our end of the kernel's channel; closing it kills the kernel.
    pid : int
        Its process id and process group.
    """

    stdin = stdout = stderr = None

    def __init__(self, channel: socket.socket, pid: int) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel lives."""
        with suppress(BlockingIOError):
            self._read_exit(socket.MSG_DONTWAIT)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, when the kernel has ended."""
        self._channel.settimeout(timeout)
        self._read_exit(0)
        self._channel.close()
        assert self.returncode is not None
        return self.returncode

    def _read_exit(self, flags: int) -> None:
        """Take the exit code from the channel; if the parent is gone, so is the kernel."""
        with self._lock:
            if self.returncode is None:
                message = self._channel.recv(4096, flags)
                self.returncode = json.loads(message)["exit"] if message else -signal.SIGKILL


class WarmParent:
    """The process that kernels are forked from.

    Parameters
    ----------
    folder : Path
        For its files; it removes the folder when it ends.
    environment : mapping
        Its whole environment.
    """

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._log = folder / "parent.log"
        arguments = ["parent", str(os.getpid()), str(theirs.fileno()), str(folder)]
        with theirs, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", PROCESS_MODULE, *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return when everything is imported.

        Raises
        ------
        KernelError
            If the parent ended, or was not ready in two minutes.
        """
        self._control.settimeout(WARM_UP_LIMIT_S)
        try:
            answer = self._control.recv(64)
        except OSError:  # late, or it died with our message unread
            answer = b""
        self._control.settimeout(None)
        if not answer:
            msg = f"the parent of the forking kernels did not start: {last_line(self._log)}"
            raise KernelError(f"{msg}; the standard kernel does without it")

    async def fork(self, request: dict[str, Any]) -> ForkedProcess:
        """Return a new kernel.

        Raises
        ------
        KernelError
            If the parent is gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs, self._lock:
                content = json.dumps(request).encode()
                socket.send_fds(self._control, [content], [theirs.fileno()])
            ours.setblocking(False)
            answer = await asyncio.get_running_loop().sock_recv(ours, 4096)
            if answer:
                return ForkedProcess(ours, json.loads(answer)["pid"])
        except BaseException as error:
            ours.close()
            if not isinstance(error, OSError):
                raise
        msg = "the parent of the forking kernels is gone"
        raise KernelError(msg)

    def close(self) -> None:
        """End the parent, and with it every kernel that still lives."""
        self._control.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

"""Kernels forked from a warm process, which has imported what chapters import.

A kernelspec that names the provisioner ``study-warm`` gets its kernels so. Run as a module, this is
the warm process. A request is JSON of command, environment and folder, with three descriptors: a
channel, output, errors. Over the channel come the kernel's process id and in the end its exit code.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Instance

from toolkit.study.run.kernel_process import die_with_parent


class ForkedKernel:
    """What jupyter_client uses of ``Popen``."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid, self._channel = pid, channel
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel lives."""
        with suppress(BlockingIOError):
            self.wait(0)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the kernel has ended."""
        if self._code is None:
            self._channel.settimeout(timeout)
            self._code = int(self._channel.recv(64)[5:] or -signal.SIGKILL)
            self._channel.close()
        return self._code


class WarmProcess:
    """Takes requests at once, serves them when all is imported, and dies with who started it."""

    def __init__(self, python: str, environment: dict[str, str], folder: str) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            options: dict[str, Any] = dict.fromkeys(
                ("stdin", "stdout", "stderr"), subprocess.DEVNULL
            )
            options |= {"cwd": folder, "env": environment, "start_new_session": True}
            command = [python, "-m", __name__, str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], **options)

    async def fork(self, request: list[Any], outputs: list[int]) -> ForkedKernel | None:
        """Return a new kernel, or None where the process is gone."""
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel.setblocking(False)
        pid = b""
        try:
            with theirs, suppress(OSError):
                content = json.dumps(request).encode()
                socket.send_fds(self._control, [content], [theirs.fileno(), *outputs])
            pid = await asyncio.get_running_loop().sock_recv(channel, 64)
            return ForkedKernel(int(pid), channel) if pid.isdigit() else None
        finally:
            if not pid.isdigit():
                channel.close()

    def close(self) -> None:
        """End it, and with it every kernel that still lives."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class WarmProvisioner(LocalProvisioner):
    """Forks ``python -m module`` from the warm process given, or else from one of its own."""

    warm = Instance(WarmProcess, allow_none=True)
    _own: WarmProcess | None = None
    process: Any

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel; where none can be forked, it is a fresh interpreter."""
        files = [kwargs.get(name) for name in ("stdout", "stderr")]
        if sys.platform == "linux" and cmd[1] == "-m" and not any(type(f) is int for f in files):
            folder = str(kwargs.get("cwd") or os.getcwd())
            warm = self.warm or WarmProcess(cmd[0], kwargs["env"], folder)
            self._own = None if self.warm else warm
            outputs = [number if f is None else f.fileno() for number, f in enumerate(files, 1)]
            if kernel := await warm.fork([cmd, kwargs["env"], folder], outputs):
                self.process, self.cwd = kernel, folder
                self.pid = self.pgid = kernel.pid
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)

    async def cleanup(self, restart: bool = False) -> None:
        """End its own warm process: the next one has the code of its day."""
        await super().cleanup(restart)
        if self._own is not None:
            self._own.close()
            self._own = None


def _preload() -> None:
    """Import what chapters import, and refuse to fork where that has started a thread."""
    chapters = importlib.import_module("toolkit.chapters")
    found = pkgutil.walk_packages(chapters.__path__, "toolkit.chapters.", onerror=lambda _: None)
    for name in ("toolkit.study.notebook", *(module.name for module in found)):
        with suppress(Exception):  # the chapter that needs it says so in its own words
            importlib.import_module(name)
    if len(os.listdir("/proc/self/task")) != 1:
        sys.exit("imports started threads, which a fork would lose")
    gc.collect()
    gc.freeze()  # so that collections in kernels do not copy the shared memory


def main() -> None:
    """Serve requests; what follows the loop is done in forked processes only."""
    control, warm = socket.socket(fileno=int(sys.argv[1])), os.getpid()
    die_with_parent(int(sys.argv[2]))
    _preload()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries those that wait below
    descriptors: list[int] = []
    while True:
        for descriptor in descriptors:
            os.close(descriptor)
        content, descriptors, _, _ = socket.recv_fds(control, 2**20, 3)
        if not content:
            sys.exit()
        if os.fork() == 0:
            break
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent(warm)
    control.close()
    channel, waiting = socket.socket(fileno=descriptors[0]), os.getpid()
    if pid := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(OSError):
            channel.send(f"exit {code}".encode())
        os._exit(0)
    die_with_parent(waiting)
    os.setsid()
    channel.send(str(os.getpid()).encode())
    channel.close()
    _become(*json.loads(content), outputs=descriptors[1:], parent=waiting)


def _become(
    command: list[str], environment: dict[str, str], folder: str, *, outputs: list[int], parent: int
) -> None:
    """Be in a forked process what ``python -m module`` is in a fresh one."""
    for target, descriptor in enumerate(outputs, start=1):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment, JPY_PARENT_PID=str(parent))
    tempfile.tempdir = None
    sys.modules["numpy"].random.seed()  # else all kernels draw the same where no seed is given
    sys.orig_argv[:] = command
    sys.argv[:] = command[2:]
    sys.modules.pop(command[2], None)  # else runpy warns
    runpy.run_module(command[2], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

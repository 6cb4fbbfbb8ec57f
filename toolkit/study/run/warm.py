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

_SILENT: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


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
            number = theirs.fileno()
            command = [python, "-m", __name__, str(number), str(os.getpid())]
            options = {**_SILENT, "start_new_session": True, "pass_fds": [number], "cwd": folder}
            self._process = subprocess.Popen(command, env=environment, **options)

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

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel; where none can be forked, it is a fresh interpreter."""
        files = [kwargs.get(name) for name in ("stdout", "stderr")]
        if sys.platform == "linux" and cmd[1:2] == ["-m"] and int not in map(type, files):
            folder = os.path.abspath(kwargs.get("cwd") or ".")
            warm = self.warm or WarmProcess(cmd[0], kwargs["env"], folder)
            self._own = None if self.warm else warm
            outputs = [number if f is None else f.fileno() for number, f in enumerate(files, 1)]
            if kernel := await warm.fork([cmd, kwargs["env"], folder], outputs):
                self.process: Any = kernel
                self.pid = self.pgid = kernel.pid
                self.cwd = folder
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


def _serve(control: socket.socket) -> tuple[str, list[int]]:
    """Fork for each request; return, in the forked processes only, the request."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that wait for kernels leave no zombie
    warm = os.getpid()
    while True:
        content, descriptors, _, _ = socket.recv_fds(control, 2**20, 3)
        if not content:
            sys.exit()
        with suppress(OSError):  # without memory for one more, those that run go on
            if os.fork() == 0:
                break
        for descriptor in descriptors:
            os.close(descriptor)
    die_with_parent(warm)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    control.close()
    return content.decode(), descriptors


def main() -> None:
    """Be the warm process, and in what it forks a kernel and the process that waits for it."""
    die_with_parent(int(sys.argv[2]))
    _preload()
    content, (channel, *outputs) = _serve(socket.socket(fileno=int(sys.argv[1])))
    waiting = os.getpid()
    if pid := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(channel, f"exit {code}".encode())
        os._exit(0)
    die_with_parent(waiting)
    os.setsid()
    os.write(channel, str(os.getpid()).encode())
    for target, output in enumerate(outputs, start=1):
        os.dup2(output, target)
    for descriptor in (channel, *outputs):
        os.close(descriptor)
    command, environment, folder = json.loads(content)
    os.environ.clear()
    os.environ.update(environment, JPY_PARENT_PID=str(waiting))
    os.chdir(folder)
    tempfile.tempdir = None
    sys.modules["numpy"].random.seed()  # else all kernels draw the same where no seed is given
    sys.orig_argv[:], sys.argv[:] = command, command[2:]
    sys.modules.pop(command[2], None)  # else runpy warns
    runpy.run_module(command[2], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

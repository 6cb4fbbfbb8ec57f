"""What runs inside the process of a kernel for chapters; its arguments are those of ipykernel."""

# mypy: disable-error-code="no-untyped-call"
# (ipykernel is typed in part only)

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import zmq
from ipykernel.iostream import IOPubThread
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

_PR_SET_PDEATHSIG = 1


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


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies; other systems lack that."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)


def main() -> None:
    """Be a kernel until it is killed."""
    die_with_parent(int(os.environ["JPY_PARENT_PID"]))  # jupyter_client sets it
    with suppress(OSError):  # where memory runs out, the kernel goes and the run survives
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.xmode = "Plain"  # no code around the failing line, no values
    config.InteractiveShell.colors = "nocolor"
    ChapterKernelApp.launch_instance(config=config, ignore_cwd=True, capture_fd_output=False)


if __name__ == "__main__":
    main()

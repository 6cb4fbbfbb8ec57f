"""A Chromium without a window for the tests, spoken to over a pipe; no port is opened."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from toolkit.study.book.pdf import BROWSERS

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-pipe", "--hide-scrollbars"),
)


NAVIGATED = "Inspected target navigated or closed"


class NavigatedError(Exception):
    """Another page was opened while this one was asked."""


class Browser:
    """One browser with one page; ``requests`` and ``complaints`` hold what the page did."""

    def __init__(self):
        program = next(path for name in BROWSERS if (path := shutil.which(name)))
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        read_by_browser, self._write = os.pipe()
        self._read, written_by_browser = os.pipe()

        def take_pipe_ends():
            # Chromium reads commands from descriptor 3 and answers on 4. Dodge each other first.
            commands, answers = os.dup(read_by_browser), os.dup(written_by_browser)
            os.dup2(commands, 3)
            os.dup2(answers, 4)

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=take_pipe_ends,
        )
        os.close(read_by_browser)
        os.close(written_by_browser)
        self._buffer = b""
        self._count = 0
        self._session = None
        self.requests = []
        self.complaints = []
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._read)
        os.close(self._write)
        self._profile.cleanup()

    def send(self, method, **parameters):
        """Send one command and return its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                if answer.get("error", {}).get("message") == NAVIGATED:
                    raise NavigatedError
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self, timeout=30):
        """Return the next message and note what it tells about the page."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], timeout)
            assert ready, "the browser does not answer"
            self._buffer += os.read(self._read, 1 << 20)
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(raw)
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(parameters["exceptionDetails"]["exception"].get("description"))
        return message

    def size(self, width, height, *, scheme="light", media="screen"):
        """Set the window, the system's colours and the medium."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, path, query=""):
        """Open a file and wait until it is loaded."""
        self.send("Page.navigate", url=f"{path.as_uri()}{query}")
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, expression):
        """Return the value of an expression in the page."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, expression, seconds=10):
        """Wait until an expression is true in the page."""
        end = time.monotonic() + seconds
        while not self._holds(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.02)

    def _holds(self, expression):
        """Whether an expression is true; not yet where another page is just being opened."""
        try:
            return self.run(f"Boolean({expression})")
        except NavigatedError:
            return False

    def screenshot(self, path, *, whole=True):
        """Save the page as a picture."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

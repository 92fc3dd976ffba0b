"""A running app for the tests that need one; and how far two colours stand apart."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import ImageColor

ROOT = Path(__file__).resolve().parent.parent
# Scripts that tests start import this checkout, whichever one the environment has installed.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
# Where training neither stands back behind answering nor takes longer than a test needs.
QUICK_APP = ("tests/quick_app.py",)
START_SECONDS = 180  # a cold disk and a busy machine; an idle one needs two


@dataclass
class Server:
    """A running app: where it answers and what it wrote."""

    url: str
    log: Path
    process: subprocess.Popen

    def read_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def start_server(
    log: Path,
    home: Path | None = None,
    root: Path = ROOT,
    command: tuple[str, ...] = ("-m", "streamlit", "run", "app.py"),
    port: int = 0,
) -> Iterator[Server]:
    """This checkout's app on a free port, or on `port`; ended on leaving whatever happens.

    Python runs `command` in `root`. Tests that train, choose a model or put an answer right give the app a `home` for
    what they make; without one it is the checkout, into which nothing may be written.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    options = (f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true")
    command = (sys.executable, *command, *options)
    with log.open("wb") as output:
        environment = {**os.environ, "DIGIT_LAB_HOME": str(home)} if home else None
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", log, process)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        process.kill()  # to end politely it may wait ten seconds for a thread that loads torch
        process.wait()


def _wait_until_healthy(server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.process.poll() is not None:
            pytest.fail(f"the server ended with code {server.process.returncode}:\n{server.read_log()}")
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2).close()
            return
        time.sleep(0.05)
    pytest.fail(f"the server was not up after {START_SECONDS} seconds:\n{server.read_log()}")


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart: WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [value / 255 for value in ImageColor.getrgb(colour)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

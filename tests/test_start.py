"""However the app is started: it asks nobody outside, and prints one address."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from streamlit import config, net_util
from streamlit.web import bootstrap

ROOT = Path(__file__).resolve().parent.parent

# Every Python looks for this module as it starts.
RECORDER = """
import json, os, socket, sys

def note(event, *what):
    with open(os.environ["LOOK_UPS"], "a") as file:
        file.write(json.dumps([event, *map(str, what)]) + "\\n")

def hook(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        note(event, arguments[0] if event != "socket.sendto" else arguments[1])
    elif event == "socket.connect":
        note(event, *arguments[1][:2] if isinstance(arguments[1], tuple) else [arguments[1]])

sys.addaudithook(hook)
"""
HERE = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|::1?|0\.0\.0\.0|None)$")


def test_one_address_is_printed_and_nobody_is_asked_for_it(monkeypatch: pytest.MonkeyPatch, capsys):
    """The moment of the start at which Streamlit would ask who it is."""
    for ask in ("get_external_ip", "get_internal_ip"):
        monkeypatch.setattr(net_util, ask, lambda: pytest.fail("asked for an address"))
    bootstrap._print_url(False)
    assert re.findall(r"https?://\S+", capsys.readouterr().out) == [
        f"http://localhost:{config.get_option('server.port')}"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "folder"),
    [
        (("-m", "streamlit", "run", "app.py"), ROOT),  # make run does this
        (("-m", "streamlit", "run", "Home.py"), ROOT),
        (("-m", "streamlit", "run", str(ROOT / "Home.py")), None),
        (("-m", "core.cli", "run"), None),
    ],
    ids=["in the checkout", "pages alone", "from elsewhere", "digit-lab run"],
)
def test_a_start_asks_nobody_outside(command: tuple[str, ...], folder: Path | None, tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(RECORDER)
    record, port = tmp_path / "look-ups", 8600 + os.getpid() % 300
    paths = os.pathsep.join((str(tmp_path), str(ROOT)))
    environment = {**os.environ, "PYTHONPATH": paths, "LOOK_UPS": str(record), "DIGIT_LAB_HOME": str(tmp_path / "home")}
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command, "--server.port", str(port)],
            cwd=folder or tmp_path,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: answers(port) and b"http" in (tmp_path / "log.txt").read_bytes(), process)
    finally:
        process.terminate()
        process.wait(30)
    printed = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+", printed) == [f"http://localhost:{port}"]
    asked = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    assert not [entry for entry in asked if not HERE.match(entry[1].strip("()'").split("'")[0])]


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def wait_until(done, process: subprocess.Popen) -> None:
    until = time.monotonic() + 120
    while not done():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.1)

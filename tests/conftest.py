"""A running app and a real browser, for the tests that need them."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import ImageColor

ROOT = Path(__file__).resolve().parent.parent
# Scripts that tests start import this checkout, whichever one the environment has installed.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
START_SECONDS = 180  # a cold disk and a busy machine; an idle one needs two
USUAL_WINDOW = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
WAIT_SECONDS = 60  # for one thing to appear on a page; an idle machine takes less than one
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# On a deep link Streamlit's own script first asks below the page's path, gets 404 and then finds the server's root.
STREAMLITS_OWN_404 = re.compile(r"^http://[^/]+/\w+/_stcore/(health|host-config)$")


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
    log: Path, root: Path = ROOT, command: tuple[str, ...] = ("-m", "streamlit", "run", "Home.py")
) -> Iterator[Server]:
    """This checkout's app, or the copy under `root`, on a free port, ended on leaving whatever happens.

    Python runs `command` in `root`. The checkout's own app writes nothing, so servers share it; tests that train or
    choose a model do so in a copy.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = (f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true")
    command = (sys.executable, *command, *options)
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=root, stdout=output, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", log, process)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
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


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One app for all tests; each test is a visitor of its own."""
    with start_server(tmp_path_factory.mktemp("server") / "log.txt") as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """An app nobody has opened yet."""
    with start_server(tmp_path / "log.txt") as running:
        yield running


def copy_app(folder: Path) -> Path:
    """The app in a folder of its own, which is made: its runs and models are nobody else's."""
    for name in ("core", "pages", "models", ".streamlit", "samples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Home.py", folder)
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "models" / "in-use.txt").unlink(missing_ok=True)
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the app for one test."""
    return copy_app(tmp_path / "app")


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Chromium. Without one the tests are skipped, except in CI, where that would hide what they are for."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        reason = "no Chromium found; `apt-get install chromium`, or put one on the PATH"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT_SECONDS * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def usual_context(browser) -> Iterator:
    """The wide, light window most tests use. Its pages share a cache: Streamlit's scripts are parsed once, not always.
    A Streamlit session belongs to its page, so that visitors stay strangers."""
    context = browser.new_context(**USUAL_WINDOW)
    yield context
    context.close()


@pytest.fixture
def new_page(browser, usual_context) -> Iterator[Callable]:
    """A factory of visitors. Whatever goes wrong behind their backs fails the test: errors in the console, uncaught
    exceptions, a traceback on the page, a request to another machine."""
    pages, problems = [], []

    def open_window(**options):
        context = browser.new_context(**(USUAL_WINDOW | options)) if options else usual_context
        page = context.new_page()
        page.set_default_timeout(WAIT_SECONDS * 1000)
        page.on("console", lambda message: _note_console(message, problems))
        page.on("pageerror", lambda error: problems.append(f"uncaught exception: {error}"))
        page.on("request", lambda request: _note_request(request, problems))
        pages.append(page)
        return page

    yield open_window
    for page in pages:
        exceptions = page.get_by_test_id("stException")
        problems += [f"traceback on {page.url}: {text}" for text in exceptions.all_inner_texts()]
        if page.context is usual_context:
            page.close()
        else:
            page.context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(new_page):
    """One visitor with a wide window, light."""
    return new_page()


def _note_console(message, problems: list[str]) -> None:
    url = message.location.get("url", "")
    if message.type == "error" and not ("404" in message.text and STREAMLITS_OWN_404.match(url)):
        problems.append(f"console error: {message.text} ({url})")


def _note_request(request, problems: list[str]) -> None:
    if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:", request.url):
        problems.append(f"request to another machine: {request.url}")


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart: WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [value / 255 for value in ImageColor.getrgb(colour)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

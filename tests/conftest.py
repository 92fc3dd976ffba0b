"""One thread for each process that tests, and a running app and a real browser for the tests that need them."""

import contextlib
import functools
import gc
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_app import Server, start_server

# Two processes test on two cores: threads of torch would only wait for each other. Read when torch is first imported,
# here and in whatever a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

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


def pytest_configure(config: pytest.Config) -> None:
    """MNIST is unpacked once a process: a third of a second each time, for some thirty files of tests."""
    if config.pluginmanager.has_plugin("dsession"):  # this process only hands tests out
        return
    from core.data import mnist

    load, patch = mnist.load, pytest.MonkeyPatch()
    usual = functools.cache(load)
    patch.setattr(mnist, "load", lambda train, *folder: load(train, *folder) if folder else usual(train))
    config.add_cleanup(patch.undo)


# Files that take a process longest, in this order; those of the browser and of pages come next.
LONGEST = (
    *("test_predict_browser", "test_explain_browser", "test_evaluate_browser", "test_train_browser", "test_left_out"),
    *("test_accessibility_browser", "test_ink", "test_evaluate_page", "test_job", "test_loop"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: a file stays with one process, and none should begin with a long one at the end."""

    def rank(item: pytest.Item) -> tuple[int, bool, bool]:
        place = LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)
        return place, item.get_closest_marker("browser") is None, item.path.parent.name != "ui"

    items.sort(key=rank)
    for item in items:
        if item.get_closest_marker("browser"):  # the app runs in another process: counting lines here only takes time
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """What was imported stays: looking through half a million objects for garbage again and again takes one second in
    twenty."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _crashes_are_exceptions() -> Iterator[None]:
    """`AppTest` lists what a page raised, not what visitors see instead of it."""
    from core.ui import crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crash, "take_over", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _visitors_sit_at_this_computer() -> Iterator[None]:
    """An `AppTest` comes from no address at all."""
    from core.ui import visitor

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visitor, "is_alone", lambda: True)
        yield


@pytest.fixture(scope="session", autouse=True)
def _components_are_looked_for_once() -> Iterator[None]:
    """Each `AppTest` would read the metadata of every installed package anew: a third of a second."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _who_waits_for_a_page_sleeps() -> Iterator[None]:
    """An `AppTest` would look a thousand times a second whether its page is done, and hold that page up each time."""
    from streamlit.testing.v1 import local_script_runner

    def wait(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
        runner._script_thread.join(timeout)
        wait_as_usual(runner, 1 if runner.script_stopped() else 0.01)

    wait_as_usual = local_script_runner.require_widgets_deltas
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


@pytest.fixture
def no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept model's detector comes at once and is of no use: learning one takes longer than a test's run."""
    import torch

    from core.network.architectures import to_input
    from core.network.rejection import Head, Rejection

    def learn(model, version, training, *_, **__):
        yield 1.0
        size = model.features(to_input(training.images[:1])).shape[1]
        head = Head(torch.zeros(1, size), torch.zeros(1), torch.zeros(1), torch.zeros(()))
        return Rejection(version, head, head, 0.0, 0.0)

    monkeypatch.setattr("core.training.rejection.learn_in_steps", learn)


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
    """A factory of visitors, watched as `watch_visitors` says."""
    with watch_visitors(browser, usual_context) as open_window:
        yield open_window


@pytest.fixture(scope="module")
def new_shared_page(browser, usual_context) -> Iterator[Callable]:
    """A factory of visitors who stay for all tests of a file: a page takes two seconds to load, a fraction to use."""
    with watch_visitors(browser, usual_context) as open_window:
        yield open_window


@contextlib.contextmanager
def watch_visitors(browser, usual_context) -> Iterator[Callable]:
    """A factory of visitors. Whatever goes wrong behind their backs is an error at their end: errors in the console,
    uncaught exceptions, a traceback on the page, a request to another machine."""
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
        unforeseen = page.locator(".st-key-unforeseen")
        problems += [f"crash on {page.url}, see the server's log: {text}" for text in unforeseen.all_inner_texts()]
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

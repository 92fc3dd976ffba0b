"""The Train page in a real browser: train, leave, come back, reload, pause, resume, keep, use, predict."""

import base64
import re
import shutil
import signal
from pathlib import Path

import pytest
from conftest import ROOT, start_server

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

LINK = "/Train?architecture=lenet5&training_images=2000&batch_size=32&epochs="
LONG = 30_000  # milliseconds: for what waits for training on a busy machine


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The app in a folder of its own: its runs and models are nobody else's."""
    folder = tmp_path / "app"
    for name in ("core", "pages", "models", ".streamlit", "samples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Home.py", folder)
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "models" / "in-use.txt").unlink(missing_ok=True)
    return folder


@pytest.fixture
def app(copy: Path, tmp_path: Path):
    with start_server(tmp_path / "log.txt", copy) as running:
        yield running


def start(page, url: str, epochs: int) -> None:
    page.goto(f"{url}{LINK}{epochs}")
    page.get_by_role("button", name="Start", exact=True).click(timeout=LONG)
    expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=LONG)


def read_progress(page) -> float:
    return float(page.get_by_role("progressbar").first.get_attribute("aria-valuenow"))


def test_a_run_is_watched_left_paused_kept_and_used(app, page, copy):
    start(page, app.url, epochs=1000)
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)
    expect(page.get_by_text(re.compile(r"best \d+\.\d+%"))).to_be_visible(timeout=LONG)

    page.get_by_role("link", name="Predict").click()
    expect(page.get_by_role("link", name="Watch it")).to_be_visible(timeout=LONG)
    page.get_by_role("link", name="Watch it").click()
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)
    page.reload()
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text(re.compile("^Paused"))).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile("^Training ·"))).to_be_visible(timeout=LONG)

    page.get_by_role("button", name="Stop and keep").click()
    page.get_by_role("button", name="Use this model").first.click(timeout=LONG)
    expect(page.get_by_text("Run 1 is the model in use now")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("stSidebar").get_by_text("Run 1")).to_be_visible(timeout=LONG)
    assert (copy / "models" / "in-use.txt").read_text().strip() == "Run 1"

    page.get_by_role("link", name="Predict").click()
    expect(page.get_by_test_id("stSidebar").get_by_text("Run 1")).to_be_visible(timeout=LONG)
    page.get_by_text("Samples", exact=True).click()
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator(".answer .digit").first).to_have_text(re.compile(r"\d|–"), timeout=LONG)

    page.get_by_role("link", name="Train").click()
    page.get_by_role("button", name="Back to the shipped model").click(timeout=LONG)
    expect(page.get_by_text("The shipped model answers on every page again")).to_be_visible(timeout=LONG)
    page.goto("about:blank")


def test_a_second_visitor_sees_the_same_run_and_can_end_it(app, new_page):
    first, second = new_page(), new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    second.goto(f"{app.url}/Train")
    expect(second.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=LONG)
    start(first, app.url, epochs=1000)
    expect(second.get_by_text("One run at a time")).to_be_visible(timeout=LONG)
    second.get_by_role("button", name="Discard").click()
    second.get_by_role("button", name="Yes, discard it").click()
    expect(first.get_by_text("Stopped and discarded")).to_be_visible(timeout=LONG)
    width = second.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    for page in (first, second):
        page.goto("about:blank")


def test_after_a_killed_server_the_run_can_be_resumed(copy, new_page, tmp_path):
    page = new_page()
    with start_server(tmp_path / "first.txt", copy) as running:
        start(page, running.url, epochs=400)
        page.get_by_role("button", name="Pause").click()  # which saves
        expect(page.get_by_text(re.compile("^Paused"))).to_be_visible(timeout=LONG)
        page.goto("about:blank")
        running.process.send_signal(signal.SIGKILL)
        running.process.wait()
    with start_server(tmp_path / "second.txt", copy) as running:
        page.goto(f"{running.url}/Train")
        expect(page.get_by_text("was interrupted")).to_be_visible(timeout=LONG)
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=LONG)
        page.goto("about:blank")


def test_an_odd_link_is_answered_with_a_sentence(app, page):
    page.goto(f"{app.url}/Train?epochs=abc&learning_rate=99&left_out=39&lr=abc")
    expect(page.get_by_text("can't be read from 'abc'")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("learning rate must be at most 10")).to_be_visible()
    expect(page.get_by_text("without 3, 9").first).to_be_visible()
    page.goto("about:blank")


def test_a_pickle_with_code_is_refused_and_never_runs(app, page, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    page.goto(f"{app.url}/Train")
    page.get_by_text("Bring in weights").click(timeout=LONG)
    page.locator("input[type=file]").set_input_files(
        {"name": "trap.pth", "mimeType": "application/octet-stream", "buffer": pickle.dumps(Trap())}
    )
    page.get_by_role("button", name="Add to the models").click(timeout=LONG)
    expect(page.get_by_text("can't be read as weights")).to_be_visible(timeout=LONG)
    assert not (tmp_path / "sprung").exists()
    page.goto("about:blank")


def test_a_tick_of_the_page_is_small(app, page):
    frames: list[bytes] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.webSocketFrameReceived",
        lambda event: frames.append(base64.b64decode(event["response"]["payloadData"])),
    )
    start(page, app.url, epochs=1000)
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)
    page.wait_for_timeout(2000)
    frames.clear()
    page.wait_for_timeout(8000)
    ticks = sum(b'class="watched"' in frame for frame in frames)
    assert ticks > 2
    assert sum(map(len, frames)) / ticks < 20_000
    page.goto("about:blank")

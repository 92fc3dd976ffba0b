"""The Train page in a real browser: train, leave, come back, reload, pause, resume, keep, use, predict."""

import base64
import contextlib
import io
import re
import signal
from pathlib import Path

import pytest
import torch
from running_app import QUICK_APP, start_server

from core.config import PRESETS
from core.network.architectures import build

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

LINK = "/Train?architecture=lenet5&training_images=1000&batch_size=32&epochs=1000"
# Epochs of a fifth of a second, and nothing to draw before the first.
QUICK = LINK + "&validation_share=0.02&augmentation=none&outlier_exposure=0&pen_digits=0"
LONG = 180_000  # milliseconds: for what waits for training on a busy machine


def start(page, url: str, link: str = QUICK) -> None:
    page.goto(url + link)
    page.get_by_role("button", name="Start", exact=True).click(timeout=LONG)
    expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=LONG)


@pytest.fixture(scope="module")
def watcher(app, new_shared_page):
    """A visitor who watches what goes on, for all tests that only look at a run; who leaves before the app ends."""
    return new_shared_page()


@pytest.fixture
def running(watcher, app):
    """The Train page with a run that goes on; begun where there is none."""
    if not watcher.get_by_role("button", name="Pause").count():
        start(watcher, app.url, LINK)
    return watcher


def press(page, name: str, shows: str | re.Pattern, within: int = 30_000) -> None:
    """Click until it shows, three times at most: the page is redrawn each second, and on a busy machine a click in
    between may be lost. A person who sees nothing happen clicks again."""
    for _ in range(2):
        page.get_by_role("button", name=name, exact=True).click(timeout=LONG)
        with contextlib.suppress(AssertionError):
            return expect(page.get_by_text(shows).first).to_be_visible(timeout=within)
    page.get_by_role("button", name=name, exact=True).click(timeout=LONG)
    return expect(page.get_by_text(shows).first).to_be_visible(timeout=LONG)


def discard(page) -> None:
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Yes, discard it").click()
    expect(page.get_by_text("Stopped and discarded")).to_be_visible(timeout=LONG)


def test_a_run_is_watched_left_paused_kept_and_used(app, page, home):
    start(page, app.url, QUICK + "&learning_rate=0.005")
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)
    # A model that only guesses isn't offered for use.
    expect(page.get_by_text(re.compile(r"best [89]\d\.\d+\s%"))).to_be_visible(timeout=LONG)

    page.get_by_role("link", name="Predict").click()
    expect(page.get_by_role("link", name="Watch it")).to_be_visible(timeout=LONG)
    page.get_by_role("link", name="Watch it").click()
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)
    page.reload()
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)

    press(page, "Pause", re.compile("^Paused"))
    press(page, "Resume", re.compile("^Training ·"))
    press(page, "Stop and keep", re.compile("^(Stopping|Trained and kept)"))
    page.get_by_role("button", name="Use this model").first.click(timeout=LONG)
    expect(page.get_by_text("Run 1 is the model in use now")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("stSidebar").get_by_text("Run 1")).to_be_visible(timeout=LONG)
    assert (home / "models" / "in-use.txt").read_text().strip() == "Run 1"

    page.get_by_role("link", name="Predict").click()
    expect(page.get_by_test_id("stSidebar").get_by_text("Run 1")).to_be_visible(timeout=LONG)
    page.get_by_text("Samples", exact=True).click()
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator(".answer .digit").first).to_have_text(re.compile(r"\d|–"), timeout=LONG)

    page.get_by_role("link", name="Train").click()
    page.get_by_test_id("stSidebar").get_by_role("button", name="Back to reference").click(timeout=LONG)
    expect(page.get_by_text("reference is the model in use again")).to_be_visible(timeout=LONG)
    page.goto("about:blank")


@pytest.mark.slow
def test_a_second_visitor_sees_the_same_run_and_can_end_it(app, new_page):
    first, second = new_page(), new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    second.goto(f"{app.url}/Train")
    expect(second.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=LONG)
    start(first, app.url)
    expect(second.get_by_text("One run at a time")).to_be_visible(timeout=LONG)
    discard(second)
    expect(first.get_by_text("Stopped and discarded")).to_be_visible(timeout=LONG)
    width = second.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    for page in (first, second):
        page.goto("about:blank")


@pytest.mark.slow
def test_after_a_killed_server_the_run_can_be_resumed(app, home, page):
    with start_server(home / "killed.txt", home, command=QUICK_APP) as killed:
        start(page, killed.url)
        page.get_by_role("button", name="Pause").click()  # which saves
        expect(page.get_by_text(re.compile("^Paused"))).to_be_visible(timeout=LONG)
        page.goto("about:blank")
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
    page.goto(f"{app.url}/Train")  # the same runs, another server
    expect(page.get_by_text("was interrupted")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=LONG)
    discard(page)
    page.goto("about:blank")


@pytest.mark.slow
def test_a_tick_of_the_page_is_small_and_moves_nothing(running):
    page = running
    frames: list[bytes] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.webSocketFrameReceived",
        lambda event: frames.append(base64.b64decode(event["response"]["payloadData"])),
    )
    expect(page.locator(".watched figure")).to_have_count(10, timeout=LONG)
    page.evaluate(
        "() => { window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "entry => { window.shift += entry.value; })).observe({ type: 'layout-shift' }); }"
    )
    frames.clear()
    ends: list[int] = []
    for _ in range(LONG // 50):
        if len(ends) > 3:
            break
        page.wait_for_timeout(50)  # frames arrive meanwhile
        ends = [place for place, frame in enumerate(frames) if b'"raw"' in frame]  # the loss changes each time
    assert len(ends) > 3
    whole = frames[ends[0] + 1 : ends[-1] + 1]  # of ticks that were seen from their beginning
    # Three charts with the digits it learns from beside the validation's, ten watched digits, figures, the tab's title.
    assert sum(map(len, whole)) / (len(ends) - 1) < 25_000
    assert page.evaluate("window.shift") < 0.1  # Pause doesn't move under a finger
    session.detach()


@pytest.mark.slow
def test_the_learning_rate_can_be_looked_at_and_changed_while_it_runs(running):
    page = running
    page.get_by_role("button", name="Learning rate", exact=True).click()
    usual = PRESETS["fast"].settings.learning_rate  # what a link that doesn't name it takes
    expect(page.get_by_text(f"Largest learning rate: {usual:g}")).to_be_visible()
    page.get_by_role("button", name="÷ 10", exact=True).click()
    expect(page.get_by_text(f"Largest learning rate: {usual / 10:g}")).to_be_visible()
    field = page.get_by_role("spinbutton", name="Another learning rate")
    field.fill("0.5")
    field.press("Enter")
    expect(page.get_by_text("Largest learning rate: 0.5")).to_be_visible()
    progress = page.get_by_text(re.compile("^Training · epoch"))
    for _ in range(2):  # nothing but a person changes it again
        expect(progress).not_to_have_text(progress.inner_text())
    expect(page.get_by_text("Largest learning rate: 0.5")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Learning rate", exact=True).click(timeout=LONG)
    expect(page.get_by_text("Largest learning rate: 0.5")).to_be_visible(timeout=LONG)
    page.keyboard.press("Escape")
    discard(page)
    page.goto("about:blank")


def test_a_link_shows_a_stranger_the_same_settings(app, new_page):
    teacher, pupil = new_page(), new_page(viewport={"width": 390, "height": 844})
    teacher.goto(f"{app.url}/Train")
    teacher.get_by_role("button", name="Choose Learning rate far too high").click(timeout=LONG)
    teacher.get_by_text("Data", exact=True).click(timeout=LONG)
    for digit in ("3", "9"):
        pill = teacher.get_by_test_id("stButtonGroup").get_by_role("button", name=digit, exact=True)
        pill.scroll_into_view_if_needed()
        expect(pill).to_be_in_viewport(ratio=1)  # none hides at the end of a row
        pill.click()
    expect(teacher.get_by_text("without 3, 9").first).to_be_visible(timeout=LONG)
    teacher.wait_for_url(re.compile("left_out=39"))
    line = teacher.locator("strong").get_by_text(re.compile("epochs · batches of")).inner_text()
    pupil.goto(teacher.url)
    expect(pupil.get_by_text(line)).to_be_visible(timeout=LONG)
    assert pupil.url == teacher.url
    teacher.go_back()  # one press, however many settings were changed
    assert teacher.url == "about:blank"
    for page in (teacher, pupil):
        page.goto("about:blank")


def test_an_odd_link_is_answered_with_a_sentence(app, page):
    page.goto(f"{app.url}/Train?epochs=abc&learning_rate=99&left_out=39&epoch=9")
    expect(page.get_by_text("can't be read from 'abc'")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("learning rate must be at most 10")).to_be_visible()
    expect(page.get_by_text("perhaps “epochs” was meant")).to_be_visible()
    expect(page.get_by_text("without 3, 9").first).to_be_visible()
    page.goto("about:blank")


def test_a_pickle_with_code_is_refused_and_never_runs(app, page, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    page.goto(f"{app.url}/Train")
    page.get_by_text("Upload weights").click(timeout=LONG)
    page.locator("input[type=file]").set_input_files(
        {"name": "trap.pth", "mimeType": "application/octet-stream", "buffer": pickle.dumps(Trap())}
    )
    page.get_by_role("button", name="Add to the models").click(timeout=LONG)
    expect(page.get_by_text("can't be read as weights")).to_be_visible(timeout=LONG)
    assert not (tmp_path / "sprung").exists()
    page.goto("about:blank")


@pytest.mark.slow
def test_weights_brought_in_can_be_deleted_again(app, page, home):
    weights = io.BytesIO()
    torch.save(build("lenet5").state_dict(), weights)
    page.goto(f"{app.url}/Train")
    page.get_by_text("Upload weights").click(timeout=LONG)
    page.locator("input[type=file]").set_input_files(
        {"name": "guest.pth", "mimeType": "application/octet-stream", "buffer": weights.getvalue()}
    )
    page.get_by_role("button", name="Add to the models").click(timeout=LONG)
    expect(page.get_by_role("button", name="Use guest")).to_be_visible(timeout=LONG)
    assert (home / "models" / "guest.pth").exists()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Yes, delete them").click()
    expect(page.get_by_text("guest is deleted.")).to_be_visible(timeout=LONG)
    assert not list((home / "models").glob("guest*"))
    page.goto("about:blank")

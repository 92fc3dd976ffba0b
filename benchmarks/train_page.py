"""What watching a run costs, and what a run costs those who predict: each figure beside its limit. Two minutes.

python benchmarks/train_page.py    # needs an idle machine and Chromium; the run it starts is discarded at its end
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
from typing import TYPE_CHECKING

from benchmarks.predict import (
    CHROMIUM_ARGUMENTS,
    SEVEN,
    WATCH,
    Table,
    draw,
    print_conditions,
    start_server,
    visit,
    wait_for_paint,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LINK = "/Train?epochs=100&batch_size=64"  # of the fastest preset: fifteen steps a second, for longer than this takes
SPELL = 14  # seconds: the page's rate is a mean over 200 steps
SPELLS = 3


def main() -> int:
    """Measure, print, and give 1 when a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=int, default=30, help="strokes drawn with the mouse (default 30)")
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("No Chromium found: nothing was measured.")
        return 1
    from playwright.sync_api import sync_playwright

    conditions = print_conditions()
    table = Table()
    with sync_playwright() as playwright, start_server() as (url, _process):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGUMENTS))
        with visit(browser, url, LINK) as page:
            page.get_by_role("button", name="Start", exact=True).click()
            page.locator(".watched figure").first.wait_for()
        try:
            measure_predicting(table, browser, url, options.strokes)
            measure_watching(table, browser, url)
        finally:
            with visit(browser, url, "/Train") as page:
                page.get_by_role("button", name="Discard").click()
                page.get_by_role("button", name="Yes, discard it").click()
                page.get_by_text("Stopped and discarded").wait_for()
        browser.close()
    return table.finish("train_page", conditions)


def measure_predicting(table: Table, browser: Browser, url: str, strokes: int) -> None:
    """A drawing that grows, stroke by stroke, while the run goes on."""
    times: list[float] = []
    with visit(browser, url, "/Predict") as page:
        page.locator("canvas.upper-canvas").wait_for()
        page.evaluate(WATCH)
        draw(page, SEVEN)
        wait_for_paint(page)  # the first one loads what the others share
        while len(times) < strokes:
            for row in range(10):
                page.wait_for_timeout(400)  # a person's pause
                draw(page, ((60 + 15 * row, 60), (70 + 13 * row, 140), (60 + 15 * row, 220)))
                times.append(wait_for_paint(page))
            page.get_by_test_id("stButton").get_by_role("button", name="Clear").click()
            page.locator(".answer.example").wait_for()
            page.locator("canvas.upper-canvas").wait_for()
            page.wait_for_timeout(600)
    table.add("while training: mouse-up to painted answer", times[:strokes], "ms", 500, of="p95")


def measure_watching(table: Table, browser: Browser, url: str) -> None:
    """What a tick sends, and how much slower the run goes while somebody watches: spells with and without in turn."""
    ticks, slower = [], []
    for _ in range(SPELLS):
        with visit(browser, url, "/Predict") as page:  # its sidebar asks after the run, too, every three seconds
            page.goto("about:blank")
            page.wait_for_timeout(SPELL * 1000)
        with visit(browser, url, "/Train") as page:
            page.locator(".watched figure").first.wait_for()
            alone = read_rate(page)
            sizes = listen(page)
            page.wait_for_timeout(SPELL * 1000)
            ticks.append(sum(sizes) / SPELL / 1000)
            slower.append((1 - read_rate(page) / alone) * 100)
    table.add("a second of the watched page", ticks, "KB", 20)
    table.add("training slower while watched", slower, "%", 10)


def listen(page: Page) -> list[int]:
    """The sizes in bytes of what the server sends to the page from now on, one entry a message."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.webSocketFrameReceived",
        lambda event: sizes.append(len(base64.b64decode(event["response"]["payloadData"]))),
    )
    return sizes


def read_rate(page: Page) -> float:
    """Images a second, as the page says."""
    metric = page.get_by_test_id("stMetric").filter(has_text="Images a second")
    return float(metric.get_by_test_id("stMetricValue").inner_text().replace(",", ""))


if __name__ == "__main__":
    sys.exit(main())

"""How long the Evaluate page's work takes: `python benchmarks/evaluate.py [--runs 5] [--no-browser]`.

Prints a median, the fastest and the slowest of several runs, and the conditions. Needs an idle machine for a minute.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.data import mnist
from core.data.digits import DigitSet
from core.evaluation import robustness
from core.evaluation.report import evaluate
from core.network import checkpoint
from core.workspace import SHIPPED

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

WINDOW: ViewportSize = {"width": 1280, "height": 1000}  # the whole matrix in sight: what lies below can't be clicked
CLICKS = 20  # half of them on the diagonal, whose cells hold a thousand pictures each
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
# Resolves in the frame that has painted heading, matrix and pictures, with the milliseconds since `began`.
WATCH = """
([heading, began]) => new Promise((resolve, reject) => {
  setTimeout(() => reject(`${heading} is not painted after ten seconds`), 10_000);
  const look = () => {
    const titles = [...document.querySelectorAll('h3')].map((title) => title.innerText);
    const pictures = [...document.querySelectorAll('[class*="st-key-gallery"] img')];
    const cells = document.querySelectorAll('path[aria-label*=" read as "]');
    if (titles.some((title) => title.startsWith(heading)) && cells.length >= 100 && pictures.length &&
        pictures.every((picture) => picture.complete))
      requestAnimationFrame(() => resolve(performance.now() - began));
    else requestAnimationFrame(look);
  };
  look();
})
"""
IDLE = "[data-testid='stApp'][data-test-script-state='notRunning']"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-browser", action="store_true", help="leave out what needs Chromium")
    options = parser.parse_args()
    conditions = result_file.start([checkpoint.in_use()])
    model, test = checkpoint.load(checkpoint.in_use()), mnist.load(train=False)
    print(
        f"conditions: {conditions.processor}, {conditions.cores} cores, {torch.get_num_threads()} threads, load "
        f"{conditions.load:.1f}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"model {model.name} {model.version}, {options.runs} runs"
    )
    rows = _report("evaluate 10,000 test images", _times(lambda: evaluate(model.model, test), options.runs), "s", 3)
    part = robustness.sample(test)
    rows += _report("robustness, 8 x 6 x 2,000", _times(lambda: _curves(model, part), 1), "s", 40)
    if options.no_browser:
        return 0
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        print("skipped: no Chromium for the page's own times")
        return 0
    clicks, opened = _page_times(browser, options.runs)
    rows += _report("click on a cell to its pictures painted", clicks, "ms", 400)
    rows += _report("page with a cached report painted", opened, "s", 1.5)
    result_file.write(Result("evaluate", result_file.command_line(), conditions, tuple(rows)))
    return 0


def _curves(model: checkpoint.Checkpoint, part: DigitSet) -> None:
    for step in robustness.STEPS:
        robustness.measure(model.model, part, *step)


def _times(work: Callable[[], object], runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times


def _page_times(browser: str, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds from click to paint, and seconds from address to painted page, on a server of our own."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "Home.py", f"--server.port={port}", "--server.headless=true"]
    server = subprocess.Popen(command, cwd=SHIPPED, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/Evaluate"
    try:
        _wait_for(port)
        with sync_playwright() as playwright:
            page = playwright.chromium.launch(executable_path=browser, args=CHROMIUM).new_page(viewport=WINDOW)
            page.goto(address)
            page.get_by_text("Nearest training images").wait_for(timeout=60_000)
            return _click_times(page), [_open_time(page, address) for _ in range(runs)]
    finally:
        server.terminate()
        server.wait(10)


def _click_times(page: Page) -> list[float]:
    """Milliseconds from a click on a cell to its pictures, full cells only, diagonal and errors in turn."""
    names = page.locator("path[aria-label*=' read as ']").evaluate_all(
        "cells => cells.map(cell => cell.ariaLabel).filter(name => !name.endsWith(': 0 pictures'))"
    )
    right, wrong = ([name for name in names if (name[0] == name[10]) is same] for same in (True, False))
    times = []
    for place in range(CLICKS):
        kind = (right, wrong)[place % 2]
        name = kind[place // 2 % len(kind)]
        page.locator(IDLE).wait_for(timeout=10_000)
        page.wait_for_timeout(200)  # the pause of a hand, and the chart's own redrawing
        box = page.locator(f"path[aria-label='{name}']").first.bounding_box()
        assert box, "a locator that was waited for has a box"
        began = page.evaluate("performance.now()")
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        heading = f"{name[0]} read right" if kind is right else name.split(":")[0]
        times.append(page.evaluate(WATCH, [heading, began]))
    return times


def _open_time(page: Page, address: str) -> float:
    """Seconds from asking for the page's address to matrix and pictures painted."""
    page.locator(IDLE).wait_for(timeout=10_000)
    page.goto(address, wait_until="commit")
    return page.evaluate(WATCH, ["", 0]) / 1000


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up within a minute")


def _report(what: str, times: list[float], unit: str, limit: float) -> list[Row]:
    """Print the times and give them as rows; the limit is the median's."""
    digits = 0 if unit == "ms" else 2
    print(
        f"{what:42} median {statistics.median(times):7.{digits}f} {unit}   fastest {min(times):.{digits}f}   "
        f"slowest {max(times):.{digits}f}   n {len(times)}   (goal: at most {limit:g} {unit})",
        flush=True,
    )
    return [
        Row(what, statistics.median(times), unit, limit=limit, digits=digits),
        Row(f"{what}, fastest", min(times), unit, digits=digits, is_detail=True),
        Row(f"{what}, slowest", max(times), unit, digits=digits, is_detail=True),
        Row(f"{what}, runs", len(times), digits=0, is_detail=True),
    ]


if __name__ == "__main__":
    sys.exit(main())

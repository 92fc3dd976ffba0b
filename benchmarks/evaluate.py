"""How long the Evaluate page's work takes: `python benchmarks/evaluate.py [--runs 5] [--no-browser]`.

Prints a median, the fastest and the slowest of several runs, and the conditions. Needs an idle machine.
"""

import argparse
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from core import checkpoint, data, robustness
from core.config import ROOT
from core.evaluate import evaluate
from core.robustness import DAMAGES

CELLS = ((4, 9), (9, 4), (3, 3), (7, 2), (2, 7), (1, 1), (5, 3), (8, 8), (6, 0), (0, 0))
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
# Resolves in the frame that paints the new heading and pictures, with the milliseconds since the click.
WATCH = """
([heading, began]) => new Promise((resolve) => {
  const look = () => {
    const titles = [...document.querySelectorAll('h3')].map((title) => title.innerText);
    const pictures = [...document.querySelectorAll('[class*="st-key-gallery"] img')];
    if (titles.some((title) => title.startsWith(heading)) && pictures.length && pictures.every((p) => p.complete))
      requestAnimationFrame(() => resolve(performance.now() - began));
    else requestAnimationFrame(look);
  };
  look();
})
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-browser", action="store_true", help="leave out what needs Chromium")
    options = parser.parse_args()
    model, test = checkpoint.load(checkpoint.in_use()), data.load(train=False)
    print(
        f"conditions: {_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, load "
        f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"model {model.name} {model.version}, {options.runs} runs"
    )
    _print("evaluate 10,000 test images", _times(lambda: evaluate(model.model, test), options.runs), "s", "at most 3 s")
    part = robustness.sample(test)
    runs = max(1, options.runs // 2)
    _print("robustness, 8 x 6 x 2,000", _times(lambda: _curves(model, part), runs), "s", "at most 40 s")
    if options.no_browser:
        return 0
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        print("skipped: no Chromium for the page's own times")
        return 0
    clicks, opened = _page_times(browser, options.runs)
    _print("click on a cell to its pictures painted", clicks, "ms", "p50 at most 400 ms")
    _print("page with a cached report painted", opened, "s", "at most 1.5 s")
    return 0


def _curves(model: checkpoint.Checkpoint, part: data.DigitSet) -> None:
    for name, damage in DAMAGES.items():
        for strength in damage.strengths:
            robustness.measure(model.model, part, name, strength)


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
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/Evaluate"
    try:
        _wait_for(port)
        with sync_playwright() as playwright:
            page = playwright.chromium.launch(executable_path=browser, args=CHROMIUM).new_page()
            page.goto(address)
            page.get_by_text("Nearest training images").wait_for(timeout=120_000)
            page.wait_for_timeout(2000)
            clicks = []
            for true, read in CELLS * max(1, runs // 2):
                cell = page.locator(f"path[aria-label^='{true} read as {read}:']").first
                if cell.get_attribute("aria-label").endswith(": 0 pictures"):
                    continue
                box = cell.bounding_box()
                began = page.evaluate("performance.now()")
                page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                heading = f"{true} read right" if true == read else f"{true} read as {read}"
                clicks.append(page.evaluate(WATCH, [heading, began]))
                page.wait_for_timeout(800)
            opened = []
            for _ in range(runs):
                began = time.perf_counter()
                page.goto(address)
                page.locator("path[aria-label^='0 read as 0:']").first.wait_for(timeout=60_000)
                page.locator("[class*='st-key-gallery'] img").first.wait_for(timeout=60_000)
                opened.append(time.perf_counter() - began)
                page.wait_for_timeout(500)
            return clicks, opened
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up within a minute")


def _print(what: str, times: list[float], unit: str, goal: str) -> None:
    digits = 0 if unit == "ms" else 2
    print(
        f"{what:42} median {statistics.median(times):7.{digits}f} {unit}   fastest {min(times):.{digits}f}   "
        f"slowest {max(times):.{digits}f}   n {len(times)}   (goal: {goal})",
        flush=True,
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    sys.exit(main())

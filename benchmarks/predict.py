"""Measure what Predict promises: each figure beside its limit. Run it on a machine with nothing else to do."""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.metadata
import io
import math
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from PIL import Image, ImageDraw, ImageFilter

from benchmarks import result_file
from benchmarks.result_file import Conditions, Result, Row
from core.network import checkpoint
from core.reading import one_digit, picture, reader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PACKAGES = ("streamlit", "streamlit-drawable-canvas", "torch", "opencv-python-headless", "pillow", "playwright")
SEVEN = ((80, 60), (200, 60), (130, 225))  # on the canvas's 280 x 280 pixels
SESSIONS = 10
WAIT = 60_000  # milliseconds for anything to appear

# Runs in the page: notes when the mouse is let go, and when the first frame with another answer has been painted.
WATCH = """
() => {
    window.bench = { released: 0, painted: 0 };
    document.addEventListener("mouseup", () => { bench.released = performance.now(); bench.painted = 0; }, true);
    const note = () => requestAnimationFrame(() => setTimeout(() => { bench.painted = performance.now(); }));
    const seen = () => [...document.querySelectorAll('[data-testid="stMain"] .answer:not(.example), '
        + '[data-testid="stMain"] img')].map(part => part.src ?? part.textContent).join("|");
    let before = seen();
    new MutationObserver(() => {
        const now = seen();
        if (now !== before) { before = now; note(); }
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true,
        attributeFilter: ["src"] });
}
"""


class Table:
    """The figures as they come: each printed at once, beside its limit."""

    def __init__(self) -> None:
        """Print the head."""
        self.rows: list[Row] = []
        print(f"{'figure':<58}{'median':>10}{'p95':>10}{'spread':>18}{'limit':>18}{'runs':>6}")

    def add(
        self, name: str, values: list[float], unit: str, limit: float, of: str = "median", limit_p95: float = 0
    ) -> None:
        """One row: the median, the 95th percentile, lowest to highest, and whether each limit holds."""
        median, p95 = statistics.median(values), find_percentile(values, 95)
        digits = 2 if limit < 10 else 0
        statistic = {"median": median, "p95": p95}[of]
        asked = [Row(name + (f", {of}" if of != "median" else ""), statistic, unit, limit=limit, digits=digits)]
        if limit_p95:
            asked.append(Row(f"{name}, p95", p95, unit, limit=limit_p95, digits=digits))
        kept = not any(row.is_missed for row in asked)
        found = {"median": median, "p95": p95, "lowest": min(values), "highest": max(values), "runs": len(values)}
        self.rows += asked
        self.rows += [
            Row(name, value, "" if title == "runs" else unit, column=title, digits=digits, is_detail=True)
            for title, value in found.items()
        ]
        limits = f"{limit:g}" + (f", p95 {limit_p95:g}" if limit_p95 else f" ({of})" if of != "median" else "")
        spread = f"{min(values):.{digits}f} to {max(values):.{digits}f}"
        mark = "" if kept else "  MISSED"
        print(
            f"{f'{name} [{unit}]':<58}{median:>10.{digits}f}{p95:>10.{digits}f}{spread:>18}{limits:>18}"
            f"{len(values):>6}{mark}",
            flush=True,
        )

    def finish(self, benchmark: str, conditions: Conditions) -> int:
        """Say how many limits were missed and keep the result; give 1 when any was."""
        missed = sum(row.is_missed for row in self.rows)
        print(f"{missed} limits missed" if missed else "All limits kept")
        result_file.write(Result(benchmark, result_file.command_line(), conditions, tuple(self.rows)))
        return 1 if missed else 0


def find_percentile(values: list[float], percent: float) -> float:
    """The smallest value that `percent` of all values don't exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def main() -> int:
    """Measure, print, and give 1 when a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=40, help="strokes drawn with the mouse (default 40)")
    parser.add_argument("--starts", type=int, default=5, help="fresh servers for the first page (default 5)")
    arguments = parser.parse_args()
    conditions = print_conditions()
    table = Table()
    measure_note(table)
    measure_large_photo(table)
    measure_number(table)
    measure_sessions_at_once(table)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("No Chromium found: what a visitor waits for was not measured.")
        return 1
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGUMENTS))
        measure_first_page(table, browser, arguments.starts)
        with start_server() as (url, process):
            warm_up(browser, url)
            measure_memory(table, browser, url, process)
            measure_first_answer(table, browser, url)
            measure_strokes(table, browser, url, arguments.strokes)
            measure_uploads(table, browser, url)
        browser.close()
    return table.finish("predict", conditions)


def print_conditions() -> Conditions:
    """What is measured on what."""
    conditions = result_file.start([checkpoint.in_use()])
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in (
            "streamlit",
            "streamlit-drawable-canvas",
            "torch",
            "opencv-python-headless",
            "pillow",
            "playwright",
        )
    )
    print(f"processor  {conditions.processor}, {conditions.cores} cores, {conditions.memory} GB")
    print(f"versions   Python {conditions.python}, {versions}")
    print(f"model      {', '.join(' '.join(model) for model in conditions.models.items())}")
    print(f"load       {conditions.load:.2f} running processes at the start", end="\n\n")
    return conditions


# --- in this process --------------------------------------------------------------------------------------------------


def make_photo(width: int, height: int) -> bytes:
    """A JPEG as a phone takes it: uneven light, the grain of paper, a dark 7."""
    rng = np.random.default_rng(0)
    light = np.linspace(235, 150, width, dtype=np.float32)[None, :] * np.linspace(1, 0.9, height)[:, None]
    paper = light + rng.normal(0, 4, (height, width)).astype(np.float32)
    image = Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8)).convert("RGB")
    unit = height / 280
    points = [(x * unit + (width - height) / 2, y * unit) for x, y in SEVEN]
    ImageDraw.Draw(image).line(points, fill="#283048", width=round(12 * unit), joint="curve")
    return encode(image.filter(ImageFilter.GaussianBlur(1.5)), "JPEG")


def make_note(side: int, shift: int) -> bytes:
    """A PNG of a 7 on light paper; each `shift` is another file."""
    image = Image.new("RGB", (side, side), "#f4f1e8")
    ImageDraw.Draw(image).line([(x + shift, y) for x, y in SEVEN], fill="#20242c", width=18, joint="curve")
    return encode(image, "PNG")


def encode(image: Image.Image, kind: str) -> bytes:
    """The file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def measure_note(table: Table) -> None:
    """Preprocessing and one forward of a 300x300 picture, as it is read as one digit: on one core."""
    model, notes = checkpoint.load(checkpoint.in_use()), [picture.read(make_note(300, shift)) for shift in range(20)]

    def read(note: picture.Picture) -> None:
        assert reader.read(model, note, expect="one").text == "7"

    read(notes[0])
    times = [take_time(functools.partial(read, note)) for note in notes]
    table.add("preprocess a 300x300 picture and ask the model once", times, "ms", 25)


def measure_large_photo(table: Table) -> None:
    """Reading and preprocessing 12 megapixels."""
    content = make_photo(4032, 3024)

    def once() -> None:
        assert isinstance(one_digit.preprocess(picture.read(content)), one_digit.FoundDigit)

    once()
    table.add("read and preprocess a 12-megapixel JPEG", [take_time(once) for _ in range(20)], "ms", 150)


def measure_number(table: Table) -> None:
    """Reading eight digits, less reading one on a sheet of the same size: on one core, as always."""
    model = checkpoint.load(checkpoint.in_use())
    one, eight = (picture.read(make_line(count)) for count in (1, 8))

    def read(sheet: picture.Picture, text: str) -> None:
        assert reader.read(model, sheet).text == text

    times: list[float] = []
    for _ in range(21):
        more = take_time(functools.partial(read, eight, "7" * 8))
        times.append(more - take_time(functools.partial(read, one, "7")))
    table.add("a number of eight digits, more than one digit", times[1:], "ms", 60)


def make_line(count: int) -> bytes:
    """A PNG, 800 x 140, with as many 7 side by side."""
    image = Image.new("RGB", (800, 140), "#f4f1e8")
    for number in range(count):
        stroke = [(0.45 * x + 95 * number, 0.45 * y) for x, y in SEVEN]
        ImageDraw.Draw(image).line(stroke, fill="#20242c", width=9, joint="curve")
    return encode(image, "PNG")


def measure_sessions_at_once(table: Table) -> None:
    """Ten threads of one process, as Streamlit's sessions are, each predicting as soon as it is ready."""
    model = checkpoint.load(checkpoint.in_use())
    drawing = make_note(280, 0)
    times: list[float] = []
    together = threading.Barrier(SESSIONS)

    def visit() -> None:
        once = functools.partial(answer, model, drawing)
        once()
        for _ in range(20):
            together.wait()  # all ten at the same moment: the worst case
            times.append(take_time(once))

    run_together(visit)
    table.add("ten sessions predict at once, on the server's side", times, "ms", 150, of="p95")


def answer(model: checkpoint.Checkpoint, content: bytes) -> None:
    """What Predict does for a drawing, but for the painting."""
    assert reader.read(model, picture.read(content)).text == "7"


def run_together(visit: Callable[[], None]) -> None:
    """Ten threads at once."""
    threads = [threading.Thread(target=visit) for _ in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def take_time(action: Callable[[], None]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


# --- in a browser -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def start_server() -> Iterator[tuple[str, psutil.Process]]:
    """This checkout's app on a free port: its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "Home.py", f"--server.port={port}"]
    process = subprocess.Popen(
        [*command, "--server.address=127.0.0.1"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while not is_healthy(url):
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit("The app did not start: try `streamlit run Home.py`.")
            time.sleep(0.02)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def is_healthy(url: str) -> bool:
    """Whether the server says it is up."""
    with contextlib.suppress(urllib.error.URLError, OSError):
        urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
        return True
    return False


@contextlib.contextmanager
def visit(browser: Browser, url: str, path: str = "") -> Iterator[Page]:
    """A new visitor's page, with an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(url + path, wait_until="commit")
    try:
        yield page
    finally:
        context.close()


def measure_first_page(table: Table, browser, starts: int) -> None:
    """From a server that has just come up to Home's title and its model on the screen."""
    times: list[float] = []
    for _ in range(starts):
        with start_server() as (url, _process):
            start = time.perf_counter()
            with visit(browser, url) as page:
                page.get_by_role("heading", name="Digit Lab").wait_for()
                page.get_by_text("The model in use is").wait_for()
                times.append(time.perf_counter() - start)
    table.add("first page painted after the server is up", times, "s", 2)


def warm_up(browser: Browser, url: str) -> None:
    """Let the background finish its loading, as it does while the first visitor reads Home."""
    with visit(browser, url, "/Predict?way=Samples") as page:
        page.locator(".answer").wait_for()
    time.sleep(5)


def measure_first_answer(table: Table, browser: Browser, url: str) -> None:
    """A visitor on Home opens Predict from the menu and draws: the page's time plus the first stroke's, without the
    time the hand takes."""
    times: list[float] = []
    for _ in range(7):
        with visit(browser, url) as page:
            page.get_by_text("The model in use is").wait_for()
            page.wait_for_timeout(500)
            start = time.perf_counter()
            page.get_by_test_id("stSidebar").get_by_role("link", name="Predict").click()
            page.locator("canvas.upper-canvas").wait_for()
            opened = time.perf_counter() - start
            page.evaluate(WATCH)
            draw(page, SEVEN)
            times.append(opened + wait_for_paint(page) / 1000)
    table.add("first answer after opening Predict", times, "s", 1)


def draw(page: Page, stroke: tuple[tuple[int, int], ...]) -> None:
    """One stroke with the mouse."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    assert box, "who draws has waited for the canvas"
    (x, y), *rest = [(box["x"] + x, box["y"] + y) for x, y in stroke]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def wait_for_paint(page: Page) -> float:
    """Milliseconds from the mouse's release to the painted answer."""
    page.wait_for_function("bench.painted > bench.released && bench.released > 0")
    return page.evaluate("bench.painted - bench.released")


def measure_strokes(table: Table, browser: Browser, url: str, strokes: int) -> None:
    """A drawing that grows, stroke by stroke, cleared now and then."""
    times: list[float] = []
    with visit(browser, url, "/Predict") as page:
        page.locator("canvas.upper-canvas").wait_for()
        page.evaluate(WATCH)
        while len(times) < strokes:
            for row in range(10):
                draw(page, ((60 + 15 * row, 60), (70 + 13 * row, 140), (60 + 15 * row, 220)))
                times.append(wait_for_paint(page))
                page.wait_for_timeout(400)  # a person's pause
            page.get_by_test_id("stButton").get_by_role("button", name="Clear").click()
            page.locator(".answer.example").wait_for()
            page.locator("canvas.upper-canvas").wait_for()
            page.wait_for_timeout(600)
    table.add("mouse-up to painted answer (200 are the canvas's)", times[:strokes], "ms", 400, limit_p95=700)


def measure_uploads(table: Table, browser: Browser, url: str) -> None:
    """One file after the other into the uploader, each in a page of its own."""
    times: list[float] = []
    for number in range(15):
        with visit(browser, url, "/Predict?way=Upload") as page:
            chooser = page.get_by_test_id("stFileUploader").locator('input[type="file"]')
            chooser.wait_for(state="attached")
            page.locator(".answer.example").wait_for()
            page.wait_for_timeout(500)
            page.evaluate(WATCH)
            page.evaluate("""
                document.querySelector('[data-testid="stFileUploader"] input').addEventListener(
                    "change", () => { bench.released = performance.now(); }, true)
            """)
            content = make_note(300, number)
            chooser.set_input_files({"name": f"{number}.note.png", "mimeType": "image/png", "buffer": content})
            times.append(wait_for_paint(page))
    table.add("upload of a 300x300 PNG to painted answer", times, "ms", 300)


def measure_memory(table: Table, browser: Browser, url: str, process: psutil.Process) -> None:
    """The server's resident memory, and what each further visitor adds to it while all stay."""
    before = process.memory_info().rss / 1e6
    with contextlib.ExitStack() as visitors:
        for _ in range(SESSIONS):
            page = visitors.enter_context(visit(browser, url, "/Predict"))
            page.locator("canvas.upper-canvas").wait_for()
            page.evaluate(WATCH)
            draw(page, SEVEN)
            wait_for_paint(page)
        time.sleep(1)
        after = process.memory_info().rss / 1e6
    table.add("server's memory, model loaded", [before], "MB", 800)
    table.add("server's memory per further session, each with a drawing", [(after - before) / SESSIONS], "MB", 2)


if __name__ == "__main__":
    sys.exit(main())

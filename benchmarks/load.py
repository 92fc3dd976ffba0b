"""Measure what a server bears: programs that ask the API, a class that draws while a run goes on, a night of visits.

The pictures are the shipped samples, each made to fit 300 x 300. Server and visitors share the machine; visitors speak
Streamlit's protocol without a browser. --short tries everything in about a minute and keeps nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import io
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

import psutil
from PIL import Image, ImageOps
from websockets.exceptions import WebSocketException

from benchmarks import result_file
from benchmarks.predict import find_percentile
from benchmarks.result_file import ROOT, Result, Row
from benchmarks.visitor import VisitError, Visitor
from core.network import checkpoint
from core.reading import batch

SIDE = 300  # pixels
CLIENTS, CLASS = 8, 30
PAUSE = 4.0  # seconds between two drawings of a visitor
WARM = 3.0  # seconds before anything counts
STAYING = 20  # visits at once to measure the memory of one
CROWD = 10  # visits at once in a night
READY = 120.0  # seconds the server may take to load its model
# On two cores.
LEAST_RATE, MOST_P95, MOST_GROWTH = 35.0, 400.0, 60.0
MOST_WAIT, MOST_A_VISIT = 1500.0, 2.0  # ms to the answer to a drawing, MB a visit


@dataclass(frozen=True)
class Amount:
    """How much is measured: `seconds` of programs asking, of a class drawing, and how many `visits` a night has."""

    programs: float = 30.0
    drawing: float = 300.0
    visits: int = 3000


SHORT = Amount(3.0, 10.0, 40)


@dataclass(frozen=True)
class Load:
    """What some clients met in so many `seconds`: how long each answer took, and how many were none."""

    milliseconds: tuple[float, ...]
    errors: int
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds

    @property
    def p95(self) -> float:
        """Milliseconds that 95 in 100 answers don't exceed."""
        return find_percentile(list(self.milliseconds), 95) if self.milliseconds else math.inf


def main() -> int:
    """Measure, print, keep, and give 1 when a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all of them are kept")
    parser.add_argument("--short", action="store_true", help="a try of a minute, of which nothing is kept")
    options = parser.parse_args()
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; choose of {', '.join(PARTS)}")
    conditions = result_file.start([checkpoint.SHIPPED])
    pictures, rows = make_pictures(), list[Row]()
    for name in options.parts or PARTS:
        for row in PARTS[name](pictures, SHORT if options.short else Amount()):
            limit = "" if row.limit is None else f"   limit {row.limit:g}{'  MISSED' if row.is_missed else ''}"
            print(f"{row.name:<62}{row.value:>10.{row.digits}f} {row.unit}{limit}", flush=True)
            rows.append(row)
    if options.parts or options.short:
        return 0
    result_file.write(Result("load", result_file.command_line(), conditions, tuple(rows)))
    return int(any(row.is_missed for row in rows))


def measure_programs(pictures: list[bytes], amount: Amount) -> Iterator[Row]:
    """Programs that send one picture after the other to the API, on all cores and on one; what the server adds to the
    reader's own work."""
    for cores in dict.fromkeys((psutil.cpu_count() or 1, 1)):
        with start_server(cores) as (port, server):
            ask(port, pictures, CLIENTS, WARM)
            before = server.memory_info().rss
            alone, many = (ask(port, pictures, clients, amount.programs) for clients in (1, CLIENTS))
            grown = (server.memory_info().rss - before) / 1e6
            through = measure_through(port, server, pictures) if cores == 1 else 0.0
        on = f"{cores} cores" if cores > 1 else "one core"
        limits = (LEAST_RATE, MOST_P95, MOST_GROWTH) if cores > 1 else (None, None, None)
        yield Row(f"{CLIENTS} programs, {on}", many.rate, "readings a second", limits[0], is_at_most=False)
        yield Row(f"{CLIENTS} programs, {on}: time to the answer, p95", many.p95, "ms", limits[1], digits=0)
        yield Row(f"{CLIENTS} programs, {on}: answers that were none", many.errors, "", limits[0] and 0.0, digits=0)
        yield Row(f"{CLIENTS} programs, {on}: growth of memory", grown, "MB", limits[2], digits=0)
        yield Row(f"1 program, {on}", alone.rate, "readings a second")
        yield Row(f"1 program, {on}: time to the answer, p95", alone.p95, "ms", digits=0)
        if through:
            yield Row("a reading through the API: processor time", through, "ms")
            yield Row("the same in one process, without a server", measure_within(pictures), "ms")


def measure_through(port: int, server: psutil.Process, pictures: list[bytes]) -> float:
    """Milliseconds of processor time that the server takes for each of the pictures, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    before = sum(server.cpu_times()[:2])
    for picture in pictures:
        connection.request("POST", "/api/v1/read", picture)
        connection.getresponse().read()
    connection.close()
    return 1000 * (sum(server.cpu_times()[:2]) - before) / len(pictures)


def measure_within(pictures: list[bytes]) -> float:
    """The same without a server."""
    model = checkpoint.load(checkpoint.SHIPPED)
    batch.read_file(model, "first", pictures[0])  # loads what the others share
    before = time.process_time()
    for picture in pictures:
        batch.read_file(model, "picture", picture)
    return 1000 * (time.process_time() - before) / len(pictures)


def measure_class(pictures: list[bytes], amount: Amount) -> Iterator[Row]:
    """A class of visitors, each a drawing every few seconds, while a run goes on."""
    with start_server(psutil.cpu_count() or 1) as (port, _):
        owner = Visitor(port)
        owner.open("Train")
        owner.press("start")
        wait_for_step(port, 1)
        begun = read_step(port)
        found = draw_together(port, pictures, amount.drawing)
        after = read_step(port)
        owner.leave()
    yield Row(f"{CLASS} visitors draw, a run goes on: time to the answer, p95", found.p95, "ms", MOST_WAIT, digits=0)
    yield Row(f"{CLASS} visitors draw, a run goes on: answers that were none", found.errors, "", 0.0, digits=0)
    yield Row(f"{CLASS} visitors draw: steps of the run meanwhile", after - begun, "", 1.0, digits=0, is_at_most=False)


def measure_night(pictures: list[bytes], amount: Amount) -> Iterator[Row]:
    """Visits that open Predict, draw and leave, a few at a time; and what one visit that stays takes."""
    with start_server(psutil.cpu_count() or 1) as (port, server):
        visit_many(port, pictures, CROWD)  # loads what all share
        memory, threads, files = watch(server)
        visit_many(port, pictures, amount.visits)
        settled = watch(server)
        staying = [Visitor(port) for _ in range(STAYING)]
        for number, visitor in enumerate(staying):
            visitor.open("Predict", "way=Draw")
            visitor.draw(pictures[number % len(pictures)])
        each = (server.memory_info().rss / 1e6 - settled[0]) / STAYING
        for visitor in staying:
            visitor.leave()
    yield Row(f"{amount.visits} visits: growth of memory", settled[0] - memory, "MB", MOST_GROWTH, digits=0)
    yield Row(f"{amount.visits} visits: threads left", settled[1] - threads, "", 0.0, digits=0)
    yield Row(f"{amount.visits} visits: open files left", settled[2] - files, "", 0.0, digits=0)
    yield Row("memory of a visit that stays", each, "MB", MOST_A_VISIT)


PARTS: dict[str, Callable[[list[bytes], Amount], Iterator[Row]]] = {
    "programs": measure_programs,
    "class": measure_class,
    "night": measure_night,
}


def draw_together(port: int, pictures: list[bytes], seconds: float) -> Load:
    """The class: each visitor begins at another moment."""
    milliseconds: list[float] = []
    errors: list[Exception] = []
    opened = threading.Barrier(CLASS)

    def draw(number: int) -> None:
        try:
            visitor = Visitor(port)
            visitor.open("Predict", "way=Draw")
            opened.wait()
            end = time.monotonic() + seconds
            time.sleep(PAUSE * number / CLASS)
            for picture in cycle(pictures[number:] + pictures[:number]):
                begun = time.monotonic()
                if begun > end:
                    break
                visitor.draw(picture)
                taken = time.monotonic() - begun
                milliseconds.append(1000 * taken)
                time.sleep(max(0.0, PAUSE - taken))
            visitor.leave()
        except (OSError, VisitError, WebSocketException, threading.BrokenBarrierError) as error:
            opened.abort()  # nobody waits for one who does not come
            errors.append(error)
            print(f"A visitor met: {error}", file=sys.stderr)

    run_together(draw, CLASS)
    return Load(tuple(milliseconds), len(errors), seconds)


def visit_many(port: int, pictures: list[bytes], count: int) -> None:
    """So many visits, a few at a time; raises what one of them met."""

    def visit(number: int) -> None:
        visitor = Visitor(port)
        visitor.open("Predict", "way=Draw")
        visitor.draw(pictures[number % len(pictures)])
        visitor.leave()

    with ThreadPoolExecutor(CROWD) as crowd:
        list(crowd.map(visit, range(count)))


def watch(server: psutil.Process) -> tuple[float, int, int]:
    """Memory in MB, threads and open files of the server, once it has come to rest."""
    before, until = -1, time.monotonic() + 15
    while (now := server.num_threads()) != before and time.monotonic() < until:
        before = now
        time.sleep(2)
    return server.memory_info().rss / 1e6, server.num_threads(), server.num_fds()


def read_step(port: int) -> int:
    """The step of the run that is going on; 0 where there is none."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/runs") as answer:
        return max((run["progress"]["step"] for run in json.load(answer) if run["progress"]), default=0)


def wait_for_step(port: int, step: int) -> None:
    """Until the run has come so far. Raises `RuntimeError` where it doesn't."""
    until = time.monotonic() + READY
    while read_step(port) < step:
        if time.monotonic() > until:
            raise RuntimeError("the run did not begin")
        time.sleep(0.2)


def run_together(work: Callable[[int], None], count: int) -> None:
    """Call a function with 0 to `count` - 1, each on a thread of its own, and wait for all."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def make_pictures() -> list[bytes]:
    """The shipped samples as PNG of 300 x 300 pixels: the whole picture, with a border where it isn't square."""
    made = []
    for path in sorted((ROOT / "samples").glob("*.*")):
        with contextlib.suppress(OSError), Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
            buffer = io.BytesIO()
            ImageOps.pad(upright, (SIDE, SIDE), color=tuple(upright.crop((0, 0, 1, 1)).tobytes())).save(buffer, "PNG")
            made.append(buffer.getvalue())
    return made


@contextlib.contextmanager
def start_server(cores: int) -> Iterator[tuple[int, psutil.Process]]:
    """The server as `make run` starts it, on so many cores, with its model loaded; its port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "DIGIT_LAB_HOME": home}, stdout=subprocess.DEVNULL
        )
        try:
            server = psutil.Process(process.pid)
            server.cpu_affinity(list(range(cores)))
            until = time.monotonic() + READY
            while not is_ready(port):
                if time.monotonic() > until or process.poll() is not None:
                    raise RuntimeError("the server did not get ready")
                time.sleep(0.2)
            yield port, server
        finally:
            process.kill()
            process.wait()


def is_ready(port: int) -> bool:
    """Whether the model is loaded."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def ask(port: int, pictures: list[bytes], clients: int, seconds: float) -> Load:
    """So many programs, each sending one picture after the other over one connection."""
    milliseconds: list[float] = []
    errors: list[int] = []
    start = time.monotonic()

    def send(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for picture in cycle(pictures[first:] + pictures[:first]):
            if time.monotonic() - start > seconds:
                return
            begun = time.perf_counter()
            connection.request("POST", "/api/v1/read", picture)
            answer = connection.getresponse()
            answer.read()
            milliseconds.append(1000 * (time.perf_counter() - begun))
            if answer.status != 200:
                errors.append(answer.status)

    run_together(lambda number: send(number * 5 % len(pictures)), clients)
    return Load(tuple(milliseconds), len(errors), time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())

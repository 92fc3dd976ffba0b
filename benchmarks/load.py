"""Measure what the API bears: 8 programs that send pictures of 300 x 300 pixels one after the other.

The pictures are the shipped samples, each made to fit 300 x 300. Server and programs share the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import io
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import psutil
from PIL import Image, ImageOps

from benchmarks import result_file
from benchmarks.predict import find_percentile
from benchmarks.result_file import ROOT, Result, Row
from core.network import checkpoint

SIDE = 300  # pixels
CLIENTS = 8
WARM = 3.0  # seconds before anything counts
SECONDS = 30.0  # of each measurement
READY = 120.0  # seconds the server may take to load its model
# On two cores.
LEAST_RATE, MOST_P95, MOST_GROWTH = 35.0, 400.0, 60.0


@dataclass(frozen=True)
class Load:
    """What some programs met in so many `seconds`: how long each answer took, and how many were none."""

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
        return find_percentile(list(self.milliseconds), 95)


def main() -> int:
    """Measure on all cores and on one; print, keep, and give 1 when a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each measurement (default {SECONDS:g})")
    options = parser.parse_args()
    conditions = result_file.start([checkpoint.SHIPPED])
    pictures = make_pictures()
    rows: list[Row] = []
    for cores in dict.fromkeys((psutil.cpu_count() or 1, 1)):
        with start_server(cores) as (port, server):
            ask(port, pictures, CLIENTS, WARM)
            before = server.memory_info().rss
            alone, many = (ask(port, pictures, clients, options.seconds) for clients in (1, CLIENTS))
            grown = (server.memory_info().rss - before) / 1e6
        on = f"{cores} cores" if cores > 1 else "one core"
        limits = (LEAST_RATE, MOST_P95, MOST_GROWTH) if cores > 1 else (None, None, None)
        found = [
            Row(f"{CLIENTS} programs, {on}", many.rate, "readings a second", limits[0], is_at_most=False),
            Row(f"{CLIENTS} programs, {on}: time to the answer, p95", many.p95, "ms", limits[1], digits=0),
            Row(f"{CLIENTS} programs, {on}: answers that were none", many.errors, "", limits[0] and 0.0, digits=0),
            Row(f"{CLIENTS} programs, {on}: growth of memory", grown, "MB", limits[2], digits=0),
            Row(f"1 program, {on}", alone.rate, "readings a second"),
            Row(f"1 program, {on}: time to the answer, p95", alone.p95, "ms", digits=0),
        ]
        for row in found:
            limit = "" if row.limit is None else f"   limit {row.limit:g}{'  MISSED' if row.is_missed else ''}"
            print(f"{row.name:<60}{row.value:>10.{row.digits}f} {row.unit}{limit}", flush=True)
        rows += found
    result_file.write(Result("load", result_file.command_line(), conditions, tuple(rows)))
    return int(any(row.is_missed for row in rows))


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

    programs = [threading.Thread(target=send, args=(number * 5 % len(pictures),)) for number in range(clients)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    return Load(tuple(milliseconds), len(errors), time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())

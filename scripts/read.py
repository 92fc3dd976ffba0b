"""Read a great many pictures with all cores, into one file. Killed at any point, the same command goes on.

    python scripts/read.py scans/ --output result.parquet          # a folder and all within it
    python scripts/read.py "scans/*/*.png" --output result.csv     # a pattern; the page's CSV
    python scripts/read.py s3://bucket/scans --output result.jsonl # any place fsspec knows, with the package it needs

Parquet and JSON lines have the fields of `predict --format json`. A picture that can't be read is a row with its
sentence. What is no picture by its name is passed over, zips and PDFs too: `predict` reads those.

What was read is kept in RESULT.parts/ until all is. Exit codes: 0 done; 2 where it can't begin or go on; 130
interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from core import console, words
from core.config import EXPECTATIONS
from core.network import checkpoint

if TYPE_CHECKING:
    from core.reading import bulk

EVERY = 30  # seconds between two lines of progress where they don't stand on a terminal


def main() -> int:
    """Read all that is given. Gives the exit code."""
    options = parse_options()
    from core.reading import bulk, places

    try:
        card = checkpoint.describe(options.model or checkpoint.in_use())
        settings = bulk.Settings(tuple(options.sources), card.name, card.version, options.expect)
        reading = bulk.Reading(options.output, settings)
    except (bulk.BulkError, places.PlaceError, checkpoint.CheckpointError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.output} can't be written: {error.strerror or error}.", file=sys.stderr)
        return 2
    if reading.passed_over:
        print(f"Passed over, for `predict` to read: {words.count(reading.passed_over, 'zip or PDF')}.", file=sys.stderr)
    try:
        return follow(reading, options.processes, options.ray)
    except bulk.BulkError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{words.refused_by_disk(error)} What was read is kept.", file=sys.stderr)
        return 2
    finally:
        reading.close()


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="FOLDER", help="folders, patterns, files, or addresses of them")
    parser.add_argument("--output", type=Path, required=True, metavar="RESULT", help="a .parquet, .csv or .jsonl file")
    parser.add_argument("--model", help="a model in models/ (the model in use)")
    parser.add_argument(
        "--expect", choices=EXPECTATIONS, default="auto", help="one digit, a number, or see which it is (auto)"
    )
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="that read at once (all cores)"
    )
    parser.add_argument(
        "--ray", metavar="ADDRESS", default="", help="read on the Ray cluster there, or on a local one (local)"
    )
    options = parser.parse_args()
    if options.processes < 1:
        parser.error("--processes: at least 1")
    return options


def follow(reading: bulk.Reading, processes: int, cluster: str) -> int:
    """Read, and say on standard error how far it is: one line that is renewed on a terminal, else one now and then."""
    from core.reading import bulk

    is_terminal, said = sys.stderr.isatty(), 0.0
    begun, start = None, time.monotonic()
    for progress in reading.read(processes, cluster):
        now = time.monotonic()
        if begun is None:
            begun = progress
            if reading.is_resumed:
                print(f"Going on after {words.count(progress.done, 'picture')}.", file=sys.stderr)
            continue
        line = bulk.describe(progress, begun, now - start)
        if is_terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
        elif now - said >= EVERY or progress.done == progress.count:
            print(line, file=sys.stderr, flush=True)
            said = now
    if is_terminal:
        print(file=sys.stderr)
    refused = f", {progress.refused:,} of which can't be read" if progress.refused else ""
    print(f"{words.count(progress.count, 'picture')}{refused}: {reading.output}")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))

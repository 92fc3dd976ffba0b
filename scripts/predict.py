"""Read pictures without a browser, the same way the Predict page does.

    python scripts/predict.py photo.jpg scans/               # a table, each row as soon as it is known
    python scripts/predict.py --output digits.csv scans.zip  # the page's CSV; .json for one object a line
    python scripts/predict.py --only unsure letter.pdf       # what somebody should look at
    python scripts/predict.py --expect number cheque.png     # all its digits, even if there is only one
    python scripts/predict.py --expect sheet marks.jpg       # a table: --output marks.csv, or .json with boxes
    python scripts/predict.py --steps how/ photo.jpg         # "How it got there" as pictures, in how/photo.jpg/
    cat photo.jpg | python scripts/predict.py -              # from standard input

In folders and zips, and in zips within those, whatever is no picture or PDF by its name is passed over.

Exit codes: 0 done; 1 with --strict, where a picture is misread by what its name says; 2 where something can't be read;
130 interrupted, which keeps what was written.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from core import console, words
from core.config import EXPECTATIONS, SHEET
from core.network import checkpoint

if TYPE_CHECKING:
    from core.reading.batch import Item
    from core.reading.sources import Source

# What reads pictures is imported when there is something to read: --help and a refusal come at once.

NAME = 60  # columns at most of a file's name in the table; the middle of a longer one is left out
READ = 12  # columns of what was read; the remark on a longer number stands on a line of its own
ONLY = {"unsure": "To check", "misread": "Misread", "refused": "Refused"}  # how the page calls these groups


def main() -> int:
    """Read all that is given, print as asked. Gives the exit code."""
    options = parse_options()
    try:
        model = checkpoint.load(options.model or checkpoint.in_use())
    except checkpoint.CheckpointError as error:
        print(error, file=sys.stderr)
        return 2
    from core.reading import sources

    found = sources.find(options.paths)
    for name in found.empty:
        print(f"There are no pictures in {name}.", file=sys.stderr)
    tally = Tally()
    try:
        if options.expect == SHEET:
            with open_output(options.output, options.format) as stream:
                refused = write_sheets(model, found.sources, options.format, stream)
            return 2 if refused or found.empty else 0
        with open_output(options.output, options.format) as stream:
            writer = WRITERS[options.format](stream, found.sources)
            for item in read_all(model, found.sources, options.expect, tally, options.steps):
                if wants(item, options.only):
                    writer.add(item)
            writer.finish(tally)
    except BrokenPipeError:
        raise
    except OSError as error:
        name = error.filename or options.output or "The output"
        print(f"{name} can't be written: {error.strerror or error}.", file=sys.stderr)
        return 2
    if tally.refused or found.empty:
        return 2
    return 1 if options.strict and tally.right < tally.labelled else 0


def parse_options() -> argparse.Namespace:
    """The command line. The format that isn't given is that of the output's name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="pictures, PDFs, zips, or folders of them; - is standard input"
    )
    parser.add_argument("--model", help="a model in models/ (the model in use)")
    parser.add_argument(
        "--expect",
        choices=(*EXPECTATIONS, SHEET),
        default="auto",
        help="one digit, a number with its signs, a sheet, or see which of the first two it is (auto)",
    )
    parser.add_argument("--format", choices=tuple(WRITERS), help="how to write (as the output is called, else table)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write into this file, replacing what is there")
    parser.add_argument("--steps", type=Path, metavar="FOLDER", help="write how each answer came about, as pictures")
    parser.add_argument("--only", choices=tuple(ONLY), help="write only these; unsure has no digit and refused with it")
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 where a picture is misread by what its name says"
    )
    options = parser.parse_args()
    ending = options.output.suffix.lower() if options.output else ""
    if ending and ending not in ENDINGS:
        parser.error(f"--output: a name that ends with {' or '.join(ENDINGS)} is wanted, not {options.output}")
    options.format = options.format or ENDINGS.get(ending, "table")
    return options


@contextmanager
def open_output(path: Path | None, kind: str) -> Iterator[TextIO]:
    """Where to write: standard output, or a file in UTF-8, a CSV with the mark that spreadsheets want."""
    if path is None:
        yield sys.stdout
        return
    encoding = "utf-8-sig" if kind == "csv" else "utf-8"
    with path.open("w", encoding=encoding, errors="backslashreplace", newline="") as stream:
        yield stream


def write_sheets(model: checkpoint.Checkpoint, sources: Sequence[Source], kind: str, stream: TextIO) -> int:
    """Read each picture as a sheet and write its table as soon as it is known: JSON has one object a file, CSV a line
    for each row, behind the name of its file where there are several. Gives how many were refused."""
    from core.sheets import export, reader, stack

    refused = 0
    progress = console.Progress(len(sources))
    for source in progress.follow(sources):
        one = stack.take(source.name, source.load, lambda content: reader.read_file(model, content))
        refused += one.sheet is None
        progress.hide()
        remark = one.refused or (one.sheet.remark if one.sheet else "")
        if kind == "json":
            stream.write(export.to_json([one]))
        elif kind == "csv":
            stream.write(export.to_csv(stack.join([one]) if len(sources) > 1 else one.rows))
        else:
            stream.write("".join(f"{line}\n" for line in [*show_sheet(one.name, one.marked), remark] if line))
        if remark and kind == "csv":
            print(f"{source.name}: {remark}", file=sys.stderr)
        stream.flush()
    return refused


def show_sheet(name: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in aligned columns below its name; what is unsure has a question mark behind it."""
    from core.reading.batch import show_name

    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [show_name(name, NAME), *lines]


@dataclass
class Tally:
    """How many were read so far: could not be, carry their digit in their name, and were read as it says."""

    refused: int = 0
    labelled: int = 0
    right: int = 0

    def count(self, item: Item) -> None:
        """Add one."""
        self.refused += item.verdict == "error"
        self.labelled += item.is_right is not None
        self.right += bool(item.is_right)


def read_all(
    model: checkpoint.Checkpoint, sources: Sequence[Source], expect: str, tally: Tally, steps: Path | None = None
) -> Iterator[Item]:
    """What became of each source, one after the other, with the progress on a terminal; their `steps` into a folder."""
    progress = console.Progress(len(sources))
    folders = name_folders(sources)
    for source, folder in zip(progress.follow(sources), folders, strict=True):
        item = read_source(model, source, expect, steps / folder if steps else None)
        tally.count(item)
        progress.hide()
        yield item


def name_folders(sources: Sequence[Source]) -> list[str]:
    """A folder's name for each source, no two the same on any system."""
    from core.figures.steps import name_file

    taken: dict[str, str] = {}
    for source in sources:
        name = plain = name_file(source.name)
        while name.lower() in taken:
            name = f"{plain} ({len(taken)})"
        taken[name.lower()] = name
    return list(taken.values())


def read_source(model: checkpoint.Checkpoint, source: Source, expect: str, steps: Path | None = None) -> Item:
    """Read one picture, its `steps` written into a folder where one is given; what can't be opened is an item that says
    so, like any other refusal."""
    from core.figures.steps import save
    from core.reading import batch, picture

    try:
        keep = functools.partial(save, folder=steps) if steps else None
        item = batch.read_file(model, source.name, source.load(), expect, keep=keep)
    except picture.PictureError as error:
        item = batch.refuse(source.name, str(error))
    return replace(item, label=source.label)


def wants(item: Item, only: str | None) -> bool:
    """Whether an item belongs to those that are asked for."""
    from core.reading.batch import Group

    return only is None or Group(ONLY[only]).holds(item)


class Writer:
    """Writes items, each as soon as it is known: what was written stays, whatever happens to the rest."""

    def __init__(self, stream: TextIO, sources: Sequence[Source]) -> None:
        """Write what stands above all of these sources."""
        self._stream = stream
        self.begin(sources)

    def begin(self, sources: Sequence[Source]) -> None:
        """Nothing, unless a format has a head."""

    def add(self, item: Item) -> None:
        """Write one item."""
        raise NotImplementedError

    def finish(self, tally: Tally) -> None:
        """Nothing, unless a format has a foot."""

    def write(self, text: str) -> None:
        """Text to the output, at once."""
        self._stream.write(text)
        self._stream.flush()


class Json(Writer):
    """One JSON object a line."""

    def add(self, item: Item) -> None:
        """Write one item."""
        from core.reading import batch

        self.write(json.dumps(batch.to_record(item)) + "\n")


class Csv(Writer):
    """The page's download."""

    def begin(self, sources: Sequence[Source]) -> None:
        """Write the names of the columns."""
        from core.reading import batch

        self.write(batch.csv_header())

    def add(self, item: Item) -> None:
        """Write one item."""
        from core.reading import batch

        self.write(batch.csv_row(item))


class Table(Writer):
    """Aligned columns for people, and the score where names carry the digit."""

    def begin(self, sources: Sequence[Source]) -> None:
        """Write the titles, as wide as the names need that will come; none where nothing will."""
        from core.reading.batch import show_name

        names = ["file", *(show_name(source.name, NAME) for source in sources)]
        self.width = min(NAME, max(map(columns, names)))
        if sources:
            self.write(f"{pad('file', self.width)}  {'sure':>7}  {'read':{READ}}  remark\n")

    def add(self, item: Item) -> None:
        """Write one item; its remark starts where all remarks start."""
        from core.reading.batch import ReadFile, show_name

        sure = words.probability(item.confidence) if isinstance(item, ReadFile) and item.text else ""
        begin = f"{pad(show_name(item.name, NAME), self.width)}  {sure:>7}  "
        text = item.text or words.NONE
        gap = " " * (READ - len(text) + 2) if len(text) <= READ else "\n" + " " * (self.width + READ + 13)
        self.write(f"{begin}{text}{gap}{item.remark}\n")

    def finish(self, tally: Tally) -> None:
        """Write the score."""
        if tally.labelled:
            share = words.percent(tally.right / tally.labelled, 1)
            self.write(f"{tally.right} of {tally.labelled} read as their names say ({share})\n")


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese letters and most pictures two, accents none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def pad(text: str, width: int) -> str:
    """A text with spaces up to that many columns."""
    return text + " " * (width - columns(text))


WRITERS: dict[str, type[Writer]] = {"table": Table, "json": Json, "csv": Csv}
ENDINGS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".txt": "table"}

if __name__ == "__main__":
    sys.exit(console.run(main))

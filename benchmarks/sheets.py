"""Whole sheets, cell by cell: `python benchmarks/sheets.py [--folder PATH] [--count N]`.

Drawn sheets of every kind of core/synthesis/tables.py, written with MNIST's test digits and photographed askew, bent
and in the shade; printed forms, filled in the same way; and real photographs with their right cells, NAME.csv beside
NAME.jpg in the folder `sheets` of PATH, which are other people's and no part of the project: they measure, and choose
nothing. A sheet of another shape than it should have counts as wrong in all its cells. Times are of one core.
"""

import argparse
import csv
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pypdfium2

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.data import mnist
from core.data.digits import DigitSet
from core.network import checkpoint
from core.reading import picture
from core.sheets import form, layout, reader
from core.sheets.settings import SHEET
from core.sheets.sheet import EMPTY, Sheet
from core.synthesis import tables

FOLDER = "sheets"
SEED = 2026
MOST_SECONDS, MOST_FIRST = 4.0, 1.5  # a sheet of 12 megapixels with 81 cells, and its first cell
WANTED = {"held out": (98.0, 0.3), "real puzzles": (97.0, 0.5), "forms": (99.0, None)}  # % exact, % sure and wrong
DENSITY = 8.0  # pixels a mm of a printed form


@dataclass
class Score:
    """What came of the sheets of one kind, cells counted together."""

    name: str
    sheets: int = 0
    faultless: int = 0
    cells: int = 0
    found: int = 0
    exact: int = 0
    sure_and_wrong: int = 0
    seconds: float = 0.0
    misread: list[str] = field(default_factory=list)

    def count(self, read: Sheet | None, wanted: list[list[str]], seconds: float) -> None:
        """Add one sheet."""
        cells = sum(map(len, wanted))
        self.sheets += 1
        self.cells += cells
        self.seconds += seconds
        if read is None:
            return
        if [len(row) for row in read.rows] != [len(row) for row in wanted]:
            self.sure_and_wrong += min(cells, sum(cell.verdict == "digit" for cell in read.cells))
            return
        self.found += cells
        wrong = 0
        for texts, verdicts, right in zip(read.rows, read.verdicts, wanted, strict=True):
            for text, verdict, should in zip(texts, verdicts, right, strict=True):
                wrong += text != should
                if text != should:
                    self.misread.append(f"{should or '-'} read {text or '-'} ({verdict})")
                    self.sure_and_wrong += verdict in ("digit", EMPTY)
        self.exact += cells - wrong
        self.faultless += wrong == 0

    def rows(self) -> list[Row]:
        """The figures as they are kept."""
        exact, most = WANTED.get(self.name, (None, None))
        share = 100 / max(self.cells, 1)
        return [
            Row(self.name, self.sheets, column="sheets", digits=0),
            Row(self.name, share * self.found, "%", column="cells found"),
            Row(self.name, share * self.exact, "%", exact, is_at_most=False, column="exact"),
            Row(self.name, share * self.sure_and_wrong, "%", most, column="sure and wrong", digits=2),
            Row(self.name, self.faultless, column="without fault", digits=0),
            Row(self.name, self.seconds / max(self.sheets, 1), "s", column="a sheet", digits=2),
        ]

    def __str__(self) -> str:
        """One line of figures."""
        share = 100 / max(self.cells, 1)
        return (
            f"{self.name:13} {self.sheets:3} sheets {self.cells:5} cells   found {share * self.found:5.1f} %   exact "
            f"{share * self.exact:5.1f} %   sure and wrong {share * self.sure_and_wrong:5.2f} %   without fault "
            f"{self.faultless:3}   {self.seconds / max(self.sheets, 1):.2f} s a sheet"
        )


def main() -> int:
    """Read all sheets and print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the folders of real pictures lie")
    parser.add_argument("--count", type=int, default=8, help="drawn sheets of each kind (8)")
    parser.add_argument("--model", default=checkpoint.in_use())
    parser.add_argument("--misread", action="store_true", help="list the cells that were read wrong")
    options = parser.parse_args()
    conditions = result_file.start([options.model])
    model, digits = checkpoint.load(options.model), mnist.load(train=False)
    scores = [show(measure_drawn(model, digits, kind, options.count, kind), options.misread) for kind in tables.KINDS]
    of_held_out = (measure_drawn(model, digits, kind, options.count, kind) for kind in tables.HELD_OUT)
    scores.append(show(join(show(score, options.misread) for score in of_held_out), False))
    scores.append(show(measure_forms(model, digits, options.count), options.misread))
    if options.folder is None or not (options.folder / FOLDER).is_dir():
        print("Skipped: real photographs are no part of the project. --folder PATH names the folder where they lie.")
    else:
        scores.append(show(measure_real(model, options.folder / FOLDER), options.misread))
    kept = [row for score in scores for row in score.rows()] + measure_time(model, digits)
    result_file.write(Result("sheets", result_file.command_line(), conditions, tuple(kept)))
    return 0


def show(score: Score, names_misread: bool) -> Score:
    """Print a line for one kind as soon as it is known."""
    print(score, flush=True)
    for line in score.misread if names_misread else ():
        print(f"    {line}")
    return score


def measure_drawn(model: checkpoint.Checkpoint, digits: DigitSet, kind: str, count: int, name: str) -> Score:
    """Drawn sheets of one kind, each photographed another way."""
    score = Score(name)
    rng = np.random.default_rng([SEED, *name.encode()])
    for _ in range(count):
        flat = tables.draw(kind, digits, rng)
        photo = tables.take(flat, rng, kind in tables.AMID_PRINT)
        began = time.process_time()
        read = reader.read_sheet(model, as_picture(photo.colours))
        score.count(read, [list(row) for row in flat.rows], time.process_time() - began)
    return score


def join(scores: Iterable[Score]) -> Score:
    """The kinds that were held out as one line."""
    together = Score("held out")
    for score in scores:
        for name in ("sheets", "faultless", "cells", "found", "exact", "sure_and_wrong", "seconds", "misread"):
            setattr(together, name, getattr(together, name) + getattr(score, name))
    return together


def measure_forms(model: checkpoint.Checkpoint, digits: DigitSet, count: int) -> Score:
    """The ready form that collects handwriting, filled in and photographed."""
    score = Score("forms")
    page = pypdfium2.PdfDocument(form.print_form(form.COLLECTION))[0]
    printed = np.array(page.render(scale=DENSITY * 25.4 / 72).to_pil().convert("RGB"))
    for number in range(max(1, count // 4)):
        rng = np.random.default_rng([SEED, number])
        side = round(form.COLLECTION.boxes[0].side * DENSITY)
        letters = [
            (str(box.row), (round(box.x * DENSITY), round(box.y * DENSITY), side, side))
            for box in form.COLLECTION.boxes
        ]
        photo = tables.take(tables.fill(printed, letters, digits, rng), rng)
        began = time.process_time()
        read = reader.read_sheet(model, as_picture(photo.colours))
        score.count(read, [[str(row)] * 10 for row in range(10)], time.process_time() - began)
    return score


def measure_real(model: checkpoint.Checkpoint, folder: Path) -> Score:
    """Real photographs with their right cells."""
    score = Score("real puzzles")
    for path, wanted in list_real(folder):
        began = time.process_time()
        read = reader.read_file(model, path.read_bytes())
        score.count(read, wanted, time.process_time() - began)
    return score


def list_real(folder: Path) -> Iterator[tuple[Path, list[list[str]]]]:
    """The photographs of a folder, each with the texts of its cells."""
    for labels in sorted(folder.glob("*.csv")):
        path = labels.with_suffix(".jpg")
        if path.is_file():
            with labels.open(encoding="utf-8", newline="") as file:
                yield path, [list(row) for row in csv.reader(file) if row]


def measure_time(model: checkpoint.Checkpoint, digits: DigitSet) -> list[Row]:
    """How long a photograph of 12 megapixels with 81 cells takes, from the file to the first and to the last cell."""
    rng = np.random.default_rng(SEED)
    photo = tables.photograph(tables.draw("puzzle", digits, rng), rng, turn=4, tilt=0.1, shade=0.3, scale=3.1)
    megapixels = photo.colours.shape[0] * photo.colours.shape[1] / 1e6
    content = cv2.imencode(".jpg", photo.colours[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    best = (np.inf, np.inf)
    for _ in range(3):
        began = time.process_time()
        found = layout.find_layout(model, picture.read(content, SHEET.side))
        assert found is not None, "this puzzle has a grid"
        cells = reader.read_cells(model, found)
        next(cells)
        first = time.process_time() - began
        reader.conclude(model, found, tuple(cells))
        best = min(best, (time.process_time() - began, first))
    print(f"{megapixels:.1f} megapixels, 81 cells: first after {best[1]:.2f} s, all after {best[0]:.2f} s")
    return [
        Row("12 megapixels, 81 cells: the first", best[1], "s", MOST_FIRST, digits=2),
        Row("12 megapixels, 81 cells: all", best[0], "s", MOST_SECONDS, digits=2),
    ]


def as_picture(colours: np.ndarray) -> picture.Picture:
    """Pixels (H, W, 3) uint8 as a file of them is read."""
    content = cv2.imencode(".jpg", colours[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    return picture.read(content, SHEET.side)


if __name__ == "__main__":
    sys.exit(main())

"""A sheet that was read: what stands in its cells, and how sure that is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from core.reading.mnist_form import Box
from core.reading.reader import Digit
from core.sheets.form import COLLECTION, Form

EMPTY, NO_DIGIT = "empty", "no digit"
ALTERNATIVES = 3  # digits that each digit may be instead
MOST_DIGITS = 6  # of a cell: of more there are too many other texts
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ReadCell:
    """What was read in one cell: the `text`, "" where there is no number; how sure, 0 to 1; the `verdict` "digit",
    "unsure", "no digit" or "empty"; a `remark` in words, and the `digits` with their images. `box` (x, y, width and
    height in pixels) is its place in the straightened picture."""

    row: int
    column: int
    text: str
    confidence: float
    verdict: str
    remark: str
    box: Box
    digits: tuple[Digit, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """Whether somebody should look at it: what is unsure, and ink that is no number, unless it may be a head or a
        row's label."""
        return self.verdict == "unsure" or (self.verdict == NO_DIGIT and min(self.row, self.column) > 0)

    @property
    def alternatives(self) -> list[tuple[str, float]]:
        """Other texts that it may hold, the likeliest first, each with its share of the likeliest one's probability."""
        places = [at for at, letter in enumerate(self.text) if letter.isdecimal()]
        if len(places) != len(self.digits) or not 0 < len(places) < MOST_DIGITS:
            return []
        shares = [np.array(digit.prediction.probabilities) for digit in self.digits]
        likeliest = [np.argsort(-row)[:ALTERNATIVES] for row in shares]
        best = float(np.prod([row.max() for row in shares]))
        found = []
        for digits in itertools.product(*likeliest):
            letters = list(self.text)
            for at, digit in zip(places, digits, strict=True):
                letters[at] = str(int(digit))
            share = float(np.prod([row[digit] for row, digit in zip(shares, digits, strict=True)])) / best
            found.append(("".join(letters), share))
        return sorted(found, key=lambda one: -one[1])[1:]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet that was read: `packed` is the straightened picture, turned upright, as JPEG, and the `cells` stand in
    reading order, in a table of `shape` rows and columns; a place without a cell belongs to a merged one, or to none.
    `model` and `version` say who read it, `remark` what there is to say of it; `form` is the printed form that it is,
    None where it is none."""

    packed: bytes
    cells: tuple[ReadCell, ...]
    shape: tuple[int, int]
    model: str
    version: str
    remark: str = ""
    form: Form | None = None

    @property
    def picture(self) -> np.ndarray:
        """The straightened picture, (H, W, 3) uint8."""
        unpacked = cv2.imdecode(np.frombuffer(self.packed, np.uint8), cv2.IMREAD_COLOR)
        assert unpacked is not None, "what was packed here is a picture"
        return np.ascontiguousarray(unpacked[..., ::-1])

    @property
    def is_collection(self) -> bool:
        """Whether it is the ready form that collects handwriting."""
        return self.form == COLLECTION

    @property
    def rows(self) -> list[list[str]]:
        """The texts, row by row; "" where a cell is empty."""
        return self._spread("", [cell.text for cell in self.cells])

    @property
    def boxes(self) -> list[list[Box | None]]:
        """The places of the cells in the straightened picture, in the shape of `rows`."""
        places: list[Box | None] = [cell.box for cell in self.cells]
        return self._spread(None, places)

    @property
    def confidences(self) -> list[list[float]]:
        """How sure each text is, 0 to 1, in the shape of `rows`."""
        return self._spread(0.0, [cell.confidence for cell in self.cells])

    @property
    def verdicts(self) -> list[list[str]]:
        """The verdict on each cell, in the shape of `rows`."""
        return self._spread(EMPTY, [cell.verdict for cell in self.cells])

    @property
    def doubtful(self) -> tuple[int, ...]:
        """Which cells somebody should look at, counted from 0 in reading order."""
        return tuple(at for at, cell in enumerate(self.cells) if cell.is_doubtful)

    def _spread(self, missing: T, values: list[T]) -> list[list[T]]:
        table = [[missing] * self.shape[1] for _ in range(self.shape[0])]
        for cell, value in zip(self.cells, values, strict=True):
            table[cell.row][cell.column] = value
        return table

"""Drawn photographs of tables, with what stands in their cells: marks, counts, puzzles, forms with boxes.

A flat sheet is ruled and written first; `photograph` then lays it on a desk, turns and tilts it, and puts light on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.data.digits import DigitSet
from core.synthesis.drawing import crop
from core.synthesis.non_digits import enlarge
from core.synthesis.sheets import lay_ink

Rows = tuple[tuple[str, ...], ...]
CELL = 96  # pixels: height of a cell on a flat sheet
INKS = ((28, 28, 32), (36, 62, 150), (30, 40, 90), (60, 60, 66))
KINDS = ("grid", "puzzle", "marks", "thin", "levels", "plain", "boxes")
HELD_OUT = ("coloured", "double", "uprights")  # kinds on which no constant was chosen


@dataclass(frozen=True, eq=False)
class DrawnTable:
    """A sheet's `colours` (H, W, 3) uint8 and the `rows` of text that stand in it, "" where a cell is empty."""

    colours: np.ndarray
    rows: Rows
    kind: str


def draw(kind: str, digits: DigitSet, rng: np.random.Generator, rows: Rows | None = None) -> DrawnTable:
    """A flat sheet of one of `KINDS` or `HELD_OUT`, written with `digits`; what stands there is `rows`, or random.

    A text is digits, with a dot for a decimal point; takes some 40 milliseconds.
    """
    rows = rows or _fill(kind, rng)
    columns = len(rows[0])
    is_square, is_open = kind in ("puzzle", "boxes"), kind in ("plain", "levels")
    width = CELL if is_square else round(CELL * rng.uniform(1.5, 2.4))
    gap = round(0.25 * CELL) if kind == "boxes" else 0
    margin = round(0.8 * CELL)
    size = (2 * margin + columns * (width + gap), 2 * margin + len(rows) * (CELL + gap))
    sheet: np.ndarray = np.full((size[1], size[0], 3), rng.uniform(0.9, 1.0), np.float32)
    across = [margin + at * (width + gap) for at in range(columns + 1)]
    down = [margin + at * (CELL + gap) for at in range(len(rows) + 1)]
    sheet = lay_ink(sheet, _rule(kind, size, across, down, gap, rng), _rule_colour(kind, rng))
    hand = _Hand(digits, rng)
    covered = np.zeros(size[::-1], np.float32)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            if text:
                hand.write(covered, text, (across[column], down[row], width, CELL), 0.62 if is_open else 0.84)
    colour = INKS[rng.integers(len(INKS))]
    sheet = lay_ink(sheet, covered * rng.uniform(0.75, 1.0), colour)
    return DrawnTable((np.clip(sheet, 0, 1) * 255).astype(np.uint8), rows, kind)


def fill(
    colours: np.ndarray,
    letters: Sequence[tuple[str, tuple[int, int, int, int]]],
    digits: DigitSet,
    rng: np.random.Generator,
) -> DrawnTable:
    """A printed page (H, W, 3) uint8 with digits written into boxes (x, y, width, height in pixels), by one writer."""
    hand, covered = _Hand(digits, rng), np.zeros(colours.shape[:2], np.float32)
    for letter, box in letters:
        hand.write(covered, letter, box, 0.8)
    written = lay_ink(colours.astype(np.float32) / 255, covered * 0.9, INKS[rng.integers(len(INKS))])
    return DrawnTable((np.clip(written, 0, 1) * 255).astype(np.uint8), (), "form")


def photograph(
    table: DrawnTable,
    rng: np.random.Generator,
    turn: float = 0.0,
    tilt: float = 0.0,
    shade: float = 0.0,
    scale: float = 1.0,
    bend: float = 0.0,
    noise: float = 0.01,
) -> DrawnTable:
    """The sheet as a phone sees it: on a desk, turned by `turn` degrees, `tilt` (share by which the far side is
    shorter), in the `shade` of a hand (0 to 1), bent by a share of its height, `scale` times as large."""
    sheet: np.ndarray = table.colours.astype(np.float32) / 255
    high, wide = sheet.shape[:2]
    if bend:
        x = np.arange(wide, dtype=np.float32)
        y = np.arange(high, dtype=np.float32)[:, None] + bend * high * np.sin(np.pi * x / wide)[None]
        sheet = cv2.remap(
            sheet, np.tile(x, (high, 1)), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    far = corners.copy()
    far[0, 0] += tilt * wide / 2
    far[1, 0] -= tilt * wide / 2
    far[:2, 1] += tilt * high / 4
    angle = np.deg2rad(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = (far - far.mean(0)) @ matrix.T * scale
    extent = np.ptp(seen, axis=0) * 1.12
    seen = (seen - seen.min(0) + 0.06 * np.ptp(seen, axis=0)).astype(np.float32)
    size = round(float(extent[0])), round(float(extent[1]))
    desk = np.ones((size[1], size[0], 3), np.float32) * rng.uniform(0.2, 0.55, 3).astype(np.float32)
    project = cv2.getPerspectiveTransform(corners, seen)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    if scale < 0.7:  # a camera averages what falls into a pixel
        sheet = cv2.GaussianBlur(sheet, (0, 0), 0.4 / scale)
    inside: np.ndarray = cv2.warpPerspective(np.ones((high, wide), np.float32), project, size)[..., None]
    picture = cv2.warpPerspective(sheet, project, size, flags=flags) + desk * (1 - inside)
    if shade:
        y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        edge = (x / size[0] - 0.5) * np.cos(0.6) + (y / size[1] - 0.45) * np.sin(0.6)
        picture = picture * (1 - shade / (1 + np.exp(-edge / 0.04)))[..., None]
    picture = cv2.GaussianBlur(picture, (0, 0), 0.6)
    picture = picture + rng.normal(0, noise, picture.shape).astype(np.float32)
    return replace(table, colours=(np.clip(picture, 0, 1) * 255).round().astype(np.uint8))


def _fill(kind: str, rng: np.random.Generator) -> Rows:
    if kind == "puzzle":
        return tuple(tuple(str(rng.integers(1, 10)) if rng.random() < 0.45 else "" for _ in range(9)) for _ in range(9))
    shape = int(rng.integers(5, 11)), int(rng.integers(3, 7))
    if kind == "boxes":
        return tuple(tuple(str(rng.integers(10)) for _ in range(shape[1] + 2)) for _ in range(shape[0]))
    longest = 2 if kind == "marks" else 4
    empty = 0.0 if kind in ("plain", "levels", "uprights") else 0.15

    def number() -> str:
        if rng.random() < empty:
            return ""
        text = str(rng.integers(10 ** int(rng.integers(1, longest + 1))))
        return f"{text}.5" if kind == "marks" and rng.random() < 0.3 else text

    return tuple(tuple(number() for _ in range(shape[1])) for _ in range(shape[0]))


def _rule_colour(kind: str, rng: np.random.Generator) -> tuple[int, int, int]:
    if kind == "coloured":
        return [(80, 130, 200), (200, 110, 90), (90, 160, 110)][int(rng.integers(3))]
    if kind == "thin":
        return (120, 120, 124)
    return (30, 30, 32)


def _rule(
    kind: str, size: tuple[int, int], across: Sequence[int], down: Sequence[int], gap: int, rng: np.random.Generator
) -> np.ndarray:
    """What is printed: (H, W) float32 in [0, 1]."""
    lines = np.zeros(size[::-1], np.uint8)
    thick = 1 if kind == "thin" else int(rng.integers(2, 5))
    right, bottom = across[-1] - gap, down[-1] - gap

    def line(start: tuple[int, int], end: tuple[int, int], width: int = thick) -> None:
        cv2.line(lines, start, end, 255, width, cv2.LINE_8)

    if kind == "plain":
        return lines.astype(np.float32)
    if kind == "boxes":
        for x in across[:-1]:
            for y in down[:-1]:
                cv2.rectangle(lines, (x, y), (x + CELL, y + CELL), 255, thick)
        return lines.astype(np.float32) / 255
    for at, y in enumerate(down):
        if kind != "uprights" or at in (0, len(down) - 1):
            line((across[0], y), (right, y), 2 * thick + 1 if kind == "puzzle" and at % 3 == 0 else thick)
            if kind == "double":
                line((across[0], y + 3 * thick), (right, y + 3 * thick))
    for at, x in enumerate(across):
        if kind != "levels":
            line((x, down[0]), (x, bottom), 2 * thick + 1 if kind == "puzzle" and at % 3 == 0 else thick)
    return lines.astype(np.float32) / 255


class _Hand:
    """One writer: digits of one data set, with one pen."""

    def __init__(self, digits: DigitSet, rng: np.random.Generator) -> None:
        """Choose the pen."""
        self._digits, self._rng = digits, rng
        self._labels = digits.labels.numpy()
        self._height = rng.uniform(0.48, 0.68)

    def write(self, covered: np.ndarray, text: str, box: tuple[int, int, int, int], widest: float) -> None:
        """A text into a cell (x, y, width, height) of a sheet, in the middle of it and a little off; at most `widest`
        of its width."""
        x, y, wide, high = box
        parts = [self._one(letter, self._height * high) for letter in text]
        gap = 0.1 * high
        width = sum(part.shape[1] for part in parts) + gap * (len(parts) - 1)
        shrink = min(1.0, widest * wide / width)
        room = 2 * widest - 1 if widest < 0.7 else 1.0  # without rules people keep to their column
        left = x + (wide - shrink * width) * 0.5 + room * (wide - shrink * width) * self._rng.uniform(-0.25, 0.25)
        middle = y + high * (0.5 + self._rng.uniform(-0.06, 0.06))
        for letter, part in zip(text, parts, strict=True):
            size = max(2, round(part.shape[1] * shrink)), max(2, round(part.shape[0] * shrink))
            ink = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            top = round(middle - size[1] / 2)
            if letter == ".":
                top = round(middle + 0.5 * self._height * high * shrink - size[1])
            place = covered[top : top + size[1], round(left) : round(left) + size[0]]
            np.maximum(place, ink[: place.shape[0], : place.shape[1]], out=place)
            left += size[0] + gap * shrink

    def _one(self, letter: str, height: float) -> np.ndarray:
        """One digit or a dot: (h, w) float32 in [0, 1]."""
        if letter == ".":
            side = max(5, round(0.17 * height))  # a dot is a little thicker than the pen
            return np.ones((side, side), np.float32)
        at = self._rng.choice(np.flatnonzero(self._labels == int(letter)))
        ink = crop(enlarge(self._digits.images[int(at)].numpy(), self._rng, 8))
        tall = height * self._rng.uniform(0.92, 1.05)
        size = max(3, round(ink.shape[1] * tall / len(ink))), max(3, round(tall))
        return cv2.resize(ink.astype(np.float32), size, interpolation=cv2.INTER_AREA)

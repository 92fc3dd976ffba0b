"""Drawn photographs of tables, with what stands in their cells: marks, counts, puzzles, forms with boxes.

A flat sheet is ruled and written first; `photograph` then lays it on a desk, turns and tilts it, and puts light on it.
A newspaper has other print around the table, and half of its digits are printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.data.digits import DigitSet
from core.synthesis.drawing import crop
from core.synthesis.non_digits import enlarge
from core.synthesis.sheets import lay_ink

Rows = tuple[tuple[str, ...], ...]
CELL = 96  # pixels: height of a cell on a flat sheet
INKS = ((28, 28, 32), (36, 62, 150), (30, 40, 90), (60, 60, 66))
KINDS = ("grid", "puzzle", "newspaper", "marks", "thin", "levels", "plain", "boxes")
HELD_OUT = ("coloured", "double", "uprights", "broken")  # kinds on which no constant was chosen
SQUARE = ("puzzle", "newspaper", "boxes")  # kinds with cells as wide as high
AMID_PRINT = ("newspaper", "broken")  # kinds with other print around the table
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


@dataclass(frozen=True, eq=False)
class DrawnTable:
    """A sheet's `colours` (H, W, 3) uint8, the `rows` of text that stand in it, "" where a cell is empty, and the
    `corners` of each cell (rows, columns, 4, 2) float32, clockwise from the top left, in pixels."""

    colours: np.ndarray
    rows: Rows
    kind: str
    corners: np.ndarray


def draw(kind: str, digits: DigitSet, rng: np.random.Generator, rows: Rows | None = None) -> DrawnTable:
    """A flat sheet of one of `KINDS` or `HELD_OUT`, written with `digits`; what stands there is `rows`, or random.

    A text is digits, with a dot for a decimal point; takes some 40 milliseconds.
    """
    rows = rows or _fill(kind, rng)
    columns = len(rows[0])
    is_open = kind in ("plain", "levels")
    width = CELL if kind in SQUARE else round(CELL * rng.uniform(1.5, 2.4))
    gap = round(0.25 * CELL) if kind == "boxes" else 0
    margin = round(0.8 * CELL)
    size = (2 * margin + columns * (width + gap), 2 * margin + len(rows) * (CELL + gap))
    sheet: np.ndarray = np.full((size[1], size[0], 3), rng.uniform(0.9, 1.0), np.float32)
    across = [margin + at * (width + gap) for at in range(columns + 1)]
    down = [margin + at * (CELL + gap) for at in range(len(rows) + 1)]
    sheet = lay_ink(sheet, _rule(kind, size, across, down, gap, rng), _rule_colour(kind, rng))
    covered, printed = np.zeros((2, *size[::-1]), np.float32)
    hand, press = _Hand(digits, rng), _Press(rng)
    is_printed = rng.random((len(rows), columns)) < (0.55 if kind == "newspaper" else 0.0)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            box = across[column], down[row], width, CELL
            if text and is_printed[row, column]:
                press.print(printed, text, box)
            elif text:
                hand.write(covered, text, box, 0.62 if is_open else 0.84)
    sheet = lay_ink(sheet, printed, (34, 34, 36))
    sheet = lay_ink(sheet, covered * rng.uniform(0.75, 1.0), INKS[rng.integers(len(INKS))])
    corners = _corners(across[:-1], down[:-1], width)
    if kind in AMID_PRINT:
        sheet, corners = _surround(sheet, corners, rng)
    return DrawnTable((np.clip(sheet, 0, 1) * 255).astype(np.uint8), rows, kind, corners)


def _corners(lefts: Sequence[int], tops: Sequence[int], width: int) -> np.ndarray:
    """The corners of cells that begin at `lefts` and `tops` and are `width` wide: (rows, columns, 4, 2) float32."""
    starts = np.stack(np.meshgrid(lefts, tops), axis=-1)[:, :, None]
    around: np.ndarray = starts + np.array([[0, 0], [width, 0], [width, CELL], [0, CELL]], np.float32)
    return around


def _surround(sheet: np.ndarray, corners: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The sheet (H, W, 3) in the middle of a page of print: headlines, columns of words, and other tables."""
    high, wide = sheet.shape[:2]
    left, top, right, bottom = (round(share * CELL) for share in rng.uniform(0.8, (7, 5, 7, 5)))
    page = np.ones((high + top + bottom, wide + left + right, 3), np.float32) * sheet[0, 0]
    covered = np.zeros(page.shape[:2], np.float32)
    margin = round(0.8 * CELL)
    strips = [(0, 0, page.shape[1], top + margin // 2), (0, top + high - margin // 2, page.shape[1], bottom)]
    strips += [(0, top, left + margin // 2, high), (left + wide - margin // 2, top, right, high)]
    for x, y, width, height in strips:
        if min(width, height) > 0.7 * CELL and rng.random() < 0.85:
            part = covered[y : y + height, x : x + width]
            _print_table(part, rng) if rng.random() < 0.25 else _print_words(part, rng)
    page = lay_ink(page, covered, (40, 40, 42))
    inner = slice(top + margin // 2, top + high - margin // 2), slice(left + margin // 2, left + wide - margin // 2)
    page[inner] = sheet[margin // 2 : high - margin // 2, margin // 2 : wide - margin // 2]
    return page, corners + np.array([left, top], np.float32)


def _print_words(part: np.ndarray, rng: np.random.Generator) -> None:
    """Lines of words into a part of a page (H, W) float32 in [0, 1], a headline first."""
    size, y = rng.uniform(0.22, 0.4) * CELL, 0.1 * CELL
    face = HERSHEY[rng.integers(len(HERSHEY))]
    lines = np.zeros(part.shape, np.uint8)
    heading = rng.random() < 0.5
    while y + size < part.shape[0]:
        height = (2.2 if heading else 1.0) * size
        letters = rng.choice(list("abcdefghijklmnopqrstuvwxyz  EATS013"), 90)
        y += 1.5 * height
        cv2.putText(lines, "".join(letters), (6, round(y)), face, height / 30, 255, max(1, round(height / 14)))
        heading = False
    np.maximum(part, lines / 255, out=part)


def _print_table(part: np.ndarray, rng: np.random.Generator) -> None:
    """Another, smaller table, a crossword or the solution of last week, into a part of a page."""
    pitch = round(rng.uniform(0.3, 0.6) * CELL)
    count = min(9, min(part.shape) // pitch - 1)
    for at in range(count + 1) if count > 1 else ():
        cv2.line(
            part, (pitch // 2, pitch // 2 + at * pitch), (pitch // 2 + count * pitch, pitch // 2 + at * pitch), 1.0, 2
        )
        cv2.line(
            part, (pitch // 2 + at * pitch, pitch // 2), (pitch // 2 + at * pitch, pitch // 2 + count * pitch), 1.0, 2
        )
    for at in rng.integers(0, max(count, 1), (12, 2)) if count > 1 else ():
        start = at * pitch + pitch // 2
        end = start + pitch
        cv2.rectangle(part, tuple(map(int, start)), tuple(map(int, end)), 0.9, -1)


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
    nowhere = np.zeros((0, 0, 4, 2), np.float32)
    return DrawnTable((np.clip(written, 0, 1) * 255).astype(np.uint8), (), "form", nowhere)


def photograph(
    table: DrawnTable,
    rng: np.random.Generator,
    turn: float = 0.0,
    tilt: float = 0.0,
    shade: float = 0.0,
    scale: float = 1.0,
    bend: float = 0.0,
    noise: float = 0.01,
    yaw: float = 0.0,
    blur: float = 0.6,
    moire: float = 0.0,
    desk: float = 0.06,
) -> DrawnTable:
    """The sheet as a phone sees it: turned by `turn` degrees, `tilt` and `yaw` (shares by which the far and the left
    side are shorter), in the `shade` of a hand (0 to 1), bent by a share of its height, `scale` times as large.

    `blur` is a Gaussian's width in pixels, `moire` the strength of stripes (0 to 1), and `desk` the share of the
    picture on each side that shows the desk; below 0 the page is larger than the picture.
    """
    sheet: np.ndarray = table.colours.astype(np.float32) / 255
    high, wide = sheet.shape[:2]
    points = table.corners.reshape(-1, 2).copy()
    if bend:
        x = np.arange(wide, dtype=np.float32)
        y = np.arange(high, dtype=np.float32)[:, None] + bend * high * np.sin(np.pi * x / wide)[None]
        sheet = cv2.remap(
            sheet, np.tile(x, (high, 1)), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        points[:, 1] -= bend * high * np.sin(np.pi * points[:, 0] / wide)
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    project, size = _look(corners, turn, tilt, yaw, scale, desk)
    if scale < 0.7:  # a camera averages what falls into a pixel
        sheet = cv2.GaussianBlur(sheet, (0, 0), 0.4 / scale)
    inside: np.ndarray = cv2.warpPerspective(np.ones((high, wide), np.float32), project, size)[..., None]
    under = np.ones((size[1], size[0], 3), np.float32) * rng.uniform(0.2, 0.55, 3).astype(np.float32)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = cv2.warpPerspective(sheet, project, size, flags=flags) + under * (1 - inside)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    if shade:
        edge = (x / size[0] - 0.5) * np.cos(0.6) + (y / size[1] - 0.45) * np.sin(0.6)
        picture = picture * (1 - shade / (1 + np.exp(-edge / 0.04)))[..., None]
    picture = cv2.GaussianBlur(picture, (0, 0), blur)
    if moire:  # the print's screen against the camera's pixels
        along = rng.uniform(0.25, 1.2, 2)
        picture = picture * (1 - moire * (0.5 + 0.5 * np.sin(along[0] * x + along[1] * y)))[..., None]
    picture = picture + rng.normal(0, noise, picture.shape).astype(np.float32)
    if len(points):
        points = cv2.perspectiveTransform(points.reshape(-1, 1, 2), project)
    colours = (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
    return replace(table, colours=colours, corners=points.reshape(table.corners.shape))


def _look(
    corners: np.ndarray, turn: float, tilt: float, yaw: float, scale: float, desk: float
) -> tuple[np.ndarray, tuple[int, int]]:
    """Where a camera sees a page with these corners (4, 2): the homography (3, 3), and the picture's width and
    height."""
    wide, high = corners[2]
    far = corners.copy()
    far[:2, 0] += np.array([1, -1]) * tilt * wide / 2
    far[:2, 1] += tilt * high / 4
    far[[0, 3], 1] += np.array([1, -1]) * yaw * high / 2
    far[[0, 3], 0] += yaw * wide / 4
    angle = np.deg2rad(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = (far - far.mean(0)) @ matrix.T * scale
    extent = np.ptp(seen, axis=0)
    seen = (seen - seen.min(0) + desk * extent).astype(np.float32)
    size = round(float(extent[0] * (1 + 2 * desk))), round(float(extent[1] * (1 + 2 * desk)))
    return cv2.getPerspectiveTransform(corners, seen), size


def take(table: DrawnTable, rng: np.random.Generator, is_hard: bool = False) -> DrawnTable:
    """A photograph as people take them: not straight, not flat, not evenly lit, one in four on its side.

    A hard one is a snapshot: nearer to the page than it is large, out of focus, in few pixels, and seen from two sides.
    """
    turn = rng.normal(0, 5) + 90 * int(rng.integers(4)) * (rng.random() < 0.33)
    tilt, shade, bend = rng.uniform(0, 0.22), rng.uniform(0, 0.6), rng.uniform(0, 0.02)
    if not is_hard:
        scale, noise = rng.uniform(0.7, 1.4), rng.uniform(0.004, 0.02)
        return photograph(table, rng, turn, tilt, shade, scale, bend, noise)
    scale = float(np.exp(rng.uniform(np.log(0.2), np.log(0.9))))
    moire = rng.uniform(0, 0.15) * (rng.random() < 0.3)
    blur, yaw, desk = rng.uniform(0.5, 1.3), rng.uniform(0, 0.15), rng.uniform(-0.06, 0.05)
    turn = rng.normal(0, 6)
    return photograph(
        table, rng, turn, tilt, shade, scale, bend, rng.uniform(0.005, 0.04), yaw=yaw, blur=blur, moire=moire, desk=desk
    )


def _fill(kind: str, rng: np.random.Generator) -> Rows:
    if kind in ("puzzle", "newspaper"):
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
    if kind in ("thin", "newspaper"):
        grey = 120 if kind == "thin" else int(rng.integers(30, 130))
        return grey, grey, grey + 4
    return (30, 30, 32)


def _rule(
    kind: str, size: tuple[int, int], across: Sequence[int], down: Sequence[int], gap: int, rng: np.random.Generator
) -> np.ndarray:
    """What is printed: (H, W) float32 in [0, 1]."""
    lines = np.zeros(size[::-1], np.uint8)
    thick = 1 if kind == "thin" else int(rng.integers(2, 5))
    has_blocks = kind in ("puzzle", "newspaper")
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
            line((across[0], y), (right, y), 2 * thick + 1 if has_blocks and at % 3 == 0 else thick)
            if kind == "double":
                line((across[0], y + 3 * thick), (right, y + 3 * thick))
    for at, x in enumerate(across):
        if kind != "levels":
            line((x, down[0]), (x, bottom), 2 * thick + 1 if has_blocks and at % 3 == 0 else thick)
    if kind == "broken":  # a worn plate, or a scanner that lost some
        for x, y in rng.integers(0, np.array(size), (3 * (len(across) + len(down)), 2)).tolist():
            cv2.circle(lines, (x, y), int(rng.integers(4, CELL // 4)), 0, -1)
    return lines.astype(np.float32) / 255


class _Press:
    """One typeface that prints digits."""

    def __init__(self, rng: np.random.Generator) -> None:
        """Choose the typeface and its size."""
        self._height = rng.uniform(0.45, 0.7)
        self._face = HERSHEY[rng.integers(len(HERSHEY))] if rng.random() < 0.4 else None

    def print(self, covered: np.ndarray, text: str, box: tuple[int, int, int, int]) -> None:
        """A text into the middle of a cell (x, y, width, height) of a sheet."""
        x, y, wide, high = box
        height = self._height * high
        if self._face is None:
            picture = Image.new("L", (3 * wide, 3 * high))
            font = ImageFont.load_default(height / 0.72)  # its digits are 0.72 of its size
            ImageDraw.Draw(picture).text((1.5 * wide, 1.5 * high), text, 255, font, anchor="mm")
            ink = np.array(picture)
        else:
            ink = np.zeros((3 * high, 3 * wide), np.uint8)
            (width, _), _ = cv2.getTextSize(text, self._face, height / 22, 3)
            at = round(1.5 * wide - width / 2), round(1.5 * high + height / 2)
            cv2.putText(ink, text, at, self._face, height / 22, 255, max(2, round(height / 14)), cv2.LINE_AA)
        part = covered[y : y + high, x : x + wide]
        np.maximum(part, ink[high : 2 * high, wide : 2 * wide] / 255, out=part)


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

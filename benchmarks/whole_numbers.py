"""Exact matches on numbers written by rule: `python benchmarks/whole_numbers.py [--count N] [--kind NAME]`.

Decisions about core/reading/number.py are made here. The digits are the validation parts of MNIST and of
core/synthesis/pen_digits.py, which the shipped model never learned from, the strokes of core/synthesis/sheets.py and
held-out typefaces;
what surrounds them is made up: other numbers at every seed.
"""

import argparse
import functools
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.config import TrainingSettings
from core.data import mnist
from core.data.split import split
from core.network import checkpoint
from core.reading import picture, reader
from core.synthesis import drawing, fonts, pen_digits, sheets
from core.synthesis.sheets import BLACK, BLUE, GLYPHS, RED

SIGNS = ("dollar", "euro", "pound", "hash")
MARGIN = 0.7  # of the digits' height: paper around a number


@dataclass(frozen=True)
class Page:
    """A written page: `sheet` (H, W, 3) uint8 and the `text` on it, lines one after the other."""

    sheet: np.ndarray
    text: str


# --- writing ----------------------------------------------------------------------------------------------------------


@functools.cache
def validation_digits() -> list[list[np.ndarray]]:
    """MNIST's validation digits by their label: (28, 28) uint8 each."""
    _, kept = split(mnist.load(train=True), TrainingSettings())
    return [list(kept.images[kept.labels == label].numpy()) for label in range(10)]


@functools.cache
def typefaces() -> list[dict[str, np.ndarray]]:
    """The typefaces of core/synthesis/fonts.py that were held out: each character as ink (48, 48) bool."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for glyph in fonts.load("validation", fonts.LETTERS + fonts.SIGNS + fonts.DIGITS):
        found.setdefault(glyph.typeface, {})[glyph.character] = glyph.ink
    return list(found.values())


def crop(ink: np.ndarray) -> np.ndarray:
    """The part of (H, W) float in [0, 1] that has ink."""
    rows, columns = np.flatnonzero((ink > 0.3).any(1)), np.flatnonzero((ink > 0.3).any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def write_digit(digit: int, height: int, pen: float, rng: np.random.Generator, source: str) -> np.ndarray:
    """One digit, cropped to its ink: (height, W) float32 in [0, 1]. `source` is "mnist", "writers" or "strokes"."""
    if source == "mnist":
        images = validation_digits()[digit]
        small = images[rng.integers(len(images))]
        large = cv2.GaussianBlur(cv2.resize(small, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC), (0, 0), 2)
        ink = crop(np.clip((large.astype(np.float32) - 90) / 60, 0, 1))
        return cv2.resize(
            ink, (max(2, round(ink.shape[1] * height / ink.shape[0])), height), interpolation=cv2.INTER_AREA
        )
    if source == "writers":
        drawn = [one for one in pen_digits.load("validation") if one.label == digit]
        ink = crop(pen_digits.trace(drawn[rng.integers(len(drawn))], height, pen, rng) / 255)
        wide = max(2, round(ink.shape[1] * height / len(ink)))
        return cv2.resize(ink.astype(np.float32), (wide, height), interpolation=cv2.INTER_AREA)
    glyph = rng.choice([name for name in GLYPHS if name[0] == str(digit)])
    side = round(1.8 * height)
    return crop(sheets.write(glyph, (side, side), height - pen, pen, rng, slant=float(rng.normal(0.05, 0.08))))


def write_sign(name: str, height: int, rng: np.random.Generator) -> np.ndarray:
    """A currency sign or the like, cropped: (height, W) float32."""
    ink = crop(drawing.write(drawing.SYMBOLS[name], rng).astype(np.float32))
    width = max(3, round(ink.shape[1] * height / ink.shape[0]))
    return cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)


def write_mark(mark: str, height: int, pen: float, rng: np.random.Generator) -> np.ndarray:
    """A dot, comma, hyphen or slash beside digits of `height`: (about height, W) float32, at its usual place."""
    if mark == "/":
        high = round(rng.uniform(1.1, 1.5) * height)
        canvas = np.zeros((high, high), np.uint8)
        inset = round(pen)
        start, lean = (inset, high - inset), round(rng.uniform(0.25, 0.6) * high)
        cv2.line(canvas, start, (inset + lean, inset), 255, max(1, round(pen)), cv2.LINE_AA)
        return crop(canvas.astype(np.float32) / 255)
    canvas = np.zeros((round(1.25 * height), max(4, round(0.4 * height))), np.uint8)
    x, y = canvas.shape[1] // 2, round(0.95 * height)
    if mark == ".":
        cv2.circle(canvas, (x, y), max(1, round(0.75 * pen)), 255, -1, cv2.LINE_AA)
    elif mark == ",":
        end = (x - round(0.06 * height), y + round(rng.uniform(0.12, 0.22) * height))
        cv2.line(canvas, (x, y), end, 255, max(1, round(pen)), cv2.LINE_AA)
    else:
        half, y = round(0.15 * height), round(0.55 * height)
        cv2.line(canvas, (x - half, y), (x + half, y), 255, max(1, round(pen)), cv2.LINE_AA)
    return canvas.astype(np.float32) / 255


def write_line(
    text: str,
    rng: np.random.Generator,
    height: int,
    gap: tuple[float, float] = (0.12, 0.45),
    source: str = "",
    spread: float = 0.06,
    linked: float = 0.0,
    merged: float = 0.0,
    small_zeros: float = 1.0,
) -> np.ndarray:
    """A line of digits and marks: (H, W) float32 in [0, 1]. `gap` in shares of the height, between the inks of two
    neighbours where they come nearest; below 0 they touch. `spread` of sizes and base lines, as a share; `linked` the
    share of neighbours whose tops hang together, `merged` that of zeros that share a stroke;
    `small_zeros` how high zeros are, as a share of the others."""
    source = source or rng.choice(["mnist", "writers", "strokes"])
    pen = max(1.5, height * rng.uniform(0.07, 0.15))
    line = np.zeros((2 * height, 2 * height * (len(text) + 1)), np.float32)
    right = np.full(2 * height, -1.0)  # of the ink so far, in each row
    end = None  # of the digit before: x and y near its top
    before = ""
    for letter in text:
        if letter in SIGN_OF:
            ink = write_sign(SIGN_OF[letter], height, rng)
        elif letter.isdigit():
            high = height * (1 + rng.normal(0, spread)) * (small_zeros if letter == "0" else 1.0)
            ink = write_digit(int(letter), max(6, round(high)), pen, rng, source)
        else:
            ink = write_mark(letter, height, pen, rng)
        top = height // 2 + round(rng.normal(0, spread) * height) + (height - ink.shape[0] if letter.isdigit() else 0)
        top = min(max(top, 0), 2 * height - ink.shape[0])
        rows = slice(top, top + ink.shape[0])
        left = np.where((ink > 0.3).any(1), (ink > 0.3).argmax(1), 10**6)
        near = cv2.dilate(right[rows].reshape(-1, 1).astype(np.float32), np.ones((max(3, height // 5), 1))).ravel()
        start = 0
        if right.max() >= 0:
            apart = rng.uniform(*gap) * height
            if merged and before == letter == "0" and rng.random() < merged:
                apart = -min(pen, 0.1 * height) * rng.uniform(0.6, 1.1)
            start = round(float((near - left).max() + apart))
        before = letter
        if letter.isdigit() and right.max() >= 0:  # never more than a third over the one before
            start = max(start, round(right.max() - 0.33 * ink.shape[1]))
        elif right.max() >= 0:
            start = max(start, round(right.max()) - ink.shape[1] // 3)
        start = max(start, 0)
        line[rows, start : start + ink.shape[1]] = np.maximum(line[rows, start : start + ink.shape[1]], ink)
        reach = np.where((ink > 0.3).any(1), start + ink.shape[1] - 1 - (ink > 0.3)[:, ::-1].argmax(1), -1.0)
        right[rows] = np.maximum(right[rows], reach)
        if letter.isdigit():
            wide = ink.shape[1]
            if end is not None and rng.random() < linked:
                x, y = start + 0.25 * wide, top + rng.uniform(0.02, 0.15) * height
                sag = rng.uniform(0, 0.2) * height
                path = drawing.spline(np.array([end, ((end[0] + x) / 2, (end[1] + y) / 2 + sag), (x, y)]))
                cv2.polylines(
                    line, [np.round(path).astype(np.int32)], False, 1.0, max(1, round(0.8 * pen)), cv2.LINE_AA
                )
            end = start + 0.75 * wide, top + rng.uniform(0.02, 0.12) * height
        else:
            end = None
    return crop(line)


SIGN_OF = {"$": "dollar", "€": "euro", "£": "pound", "#": "hash"}


def break_strokes(ink: np.ndarray, rng: np.random.Generator, height: int) -> np.ndarray:
    """The same with a few thin cracks through it, as a dry pen leaves them."""
    broken = ink.copy()
    for _ in range(max(1, ink.shape[1] // height)):
        x = int(rng.integers(ink.shape[1]))
        y, lean = int(rng.uniform(0.3, 0.7) * ink.shape[0]), int(rng.normal(0, 0.1) * height)
        half = height // 3
        cv2.line(broken, (x - half, y - lean), (x + half, y + lean), 0, max(1, height // 22))
    return broken


def lay_on(
    ink: np.ndarray, rng: np.random.Generator, height: int, colour=BLACK, paper=(250, 249, 245), grain=0.006
) -> np.ndarray:
    """A line on a page with paper around it: (H, W, 3) float."""
    covered = place(ink, rng, height)
    sheet = sheets.make_paper(covered.shape[::-1], paper, rng, grain)
    return sheets.lay_ink(sheet, covered, colour)


def place(ink: np.ndarray, rng: np.random.Generator, height: int, margin: float = MARGIN) -> np.ndarray:
    """The same with paper around it, more on one side than on the other."""
    around = [(round(height * margin * rng.uniform(0.4, 1.6)), round(height * margin * rng.uniform(0.4, 1.6)))]
    around.append((round(height * margin * rng.uniform(0.4, 1.6)), round(height * margin * rng.uniform(0.4, 1.6))))
    return np.pad(ink, around)


def pick_text(rng: np.random.Generator, low: int = 2, high: int = 8) -> str:
    """A number of `low` to `high` digits."""
    return "".join(map(str, rng.integers(0, 10, rng.integers(low, high + 1))))


# --- kinds of pages ---------------------------------------------------------------------------------------------------

KINDS: dict[str, Callable[[np.random.Generator], tuple[np.ndarray, str]]] = {}


def kind(
    make: Callable[[np.random.Generator], tuple[np.ndarray, str]],
) -> Callable[[np.random.Generator], tuple[np.ndarray, str]]:
    """Register a kind of page under its name."""
    KINDS[make.__name__] = make
    return make


@kind
def single(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """One digit alone: it must stay one."""
    text, height = pick_text(rng, 1, 1), int(rng.integers(40, 180))
    sheet = lay_on(write_line(text, rng, height), rng, height)
    return sheet, text


@kind
def single_broken(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """One digit in pieces."""
    text, height = pick_text(rng, 1, 1), int(rng.integers(60, 180))
    return lay_on(break_strokes(write_line(text, rng, height), rng, height), rng, height), text


@kind
def single_with_neighbours(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """One digit cut out of a number: the ends of its neighbours reach into the picture."""
    height = 60
    left, middle, right = (write_line(pick_text(rng, 1, 1), rng, height) for _ in range(3))
    text = pick_text(rng, 1, 1)
    middle = write_line(text, rng, height)
    sheet = np.zeros((2 * height, 5 * height), np.float32)
    x = 2 * height
    gap = round(0.1 * height)
    for ink, start in (
        (middle, x), (left, x - gap - left.shape[1]), (right, x + middle.shape[1] + gap)
    ):  # fmt: skip
        part = sheet[height // 2 : height // 2 + ink.shape[0], start : start + ink.shape[1]]
        np.maximum(part, ink[:, : part.shape[1]], out=part)
    cut = gap + round(rng.uniform(0.05, 0.18) * height)
    covered = sheet[height // 4 : 2 * height - height // 4, x - cut : x + middle.shape[1] + cut]
    return sheets.lay_ink(np.full((*covered.shape, 3), 0.97, np.float32), covered, BLACK), text


@kind
def filling(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """One digit of few pixels that touches the picture's edges, ink bright or dark: hardly any paper to tell by."""
    side, text = 16, pick_text(rng, 1, 1)
    ink = write_line(text, rng, 80)
    scale = side / max(ink.shape)
    high, wide = (max(1, round(scale * length)) for length in ink.shape)
    wide = min(side, round(wide * np.exp(rng.uniform(0, 0.35))))  # some senders fill the picture both ways
    small = cv2.resize(ink, (wide, high), interpolation=cv2.INTER_AREA)
    small = np.clip(small * rng.uniform(1, 1.7), 0, 1).astype(np.float32)
    above, left = ((side - length) // 2 for length in small.shape)
    sheet = np.zeros((side, side, 1), np.float32)
    sheet[above : above + small.shape[0], left : left + small.shape[1], 0] = small
    return np.repeat(sheet if rng.random() < 0.5 else 1 - sheet, 3, axis=2), text


@kind
def spaced(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Wide apart, on a plain sheet."""
    text, height = pick_text(rng), int(rng.integers(30, 110))
    return lay_on(write_line(text, rng, height, (0.15, 0.7)), rng, height, BLUE), text


@kind
def close(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Close together, many under or over their neighbours."""
    text, height = pick_text(rng), int(rng.integers(30, 110))
    return lay_on(write_line(text, rng, height, (0.03, 0.15)), rng, height), text


@kind
def touching(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Half of them touch."""
    text, height = pick_text(rng, 2, 6), int(rng.integers(40, 110))
    return lay_on(write_line(text, rng, height, (-0.06, 0.06)), rng, height), text


@kind
def broken(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """With cracks through the strokes."""
    text, height = pick_text(rng), int(rng.integers(50, 110))
    return lay_on(break_strokes(write_line(text, rng, height, (0.12, 0.4)), rng, height), rng, height), text


@kind
def uneven(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Sizes and base lines that differ much."""
    text, height = pick_text(rng), int(rng.integers(40, 110))
    return lay_on(write_line(text, rng, height, (0.1, 0.4), spread=0.14), rng, height), text


@kind
def separated(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """With dots and commas for thousands and cents."""
    text, height = pick_text(rng, 3, 8), int(rng.integers(35, 100))
    written = "".join(
        digit + (rng.choice([".", ","]) if (len(text) - at - 1) % 3 == 0 and at < len(text) - 1 else "")
        for at, digit in enumerate(text)
    )
    return lay_on(write_line(written, rng, height, (0.08, 0.25)), rng, height), text


@kind
def signs(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """With a currency sign before or behind, and hyphens between."""
    text, height = pick_text(rng, 3, 6), int(rng.integers(45, 100))
    written = text
    if rng.random() < 0.4:
        at = int(rng.integers(1, len(text)))
        written = text[:at] + "-" + text[at:]
    sign = rng.choice(list(SIGN_OF))
    written = sign + written if rng.random() < 0.5 else written + sign
    return lay_on(write_line(written, rng, height, (0.12, 0.35)), rng, height), text


@kind
def dates(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Day, month and year with slashes between."""
    height = int(rng.integers(45, 100))
    parts = str(rng.integers(1, 32)), str(rng.integers(1, 13)), str(rng.integers(1950, 2030))
    return lay_on(write_line("/".join(parts), rng, height, (0.1, 0.35), spread=0.04), rng, height), "".join(parts)


@kind
def ruled(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """On ruled or squared paper."""
    text, height = pick_text(rng), int(rng.integers(50, 100))
    covered = place(write_line(text, rng, height, (0.12, 0.4)), rng, height)
    sheet = sheets.make_paper(covered.shape[::-1], (250, 249, 245), rng, 0.006)
    sheet = sheets.rule(sheet, height * rng.uniform(0.5, 1.2), (130, 165, 210), 0.6, rng.random() < 0.4)
    return sheets.lay_ink(sheet, covered, rng.choice([BLACK, BLUE])), text


@kind
def boxed(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A field of a form: a box around the number, or one around each digit."""
    text, height = pick_text(rng, 2, 7), int(rng.integers(40, 80))
    pad, thick = round(0.3 * height), max(1, height // 35)
    if rng.random() < 0.5:
        covered = np.pad(write_line(text, rng, height, (0.12, 0.35)), pad)
        high, wide = covered.shape
        edges = [0, wide - thick]
    else:
        cell = round(1.5 * height)
        covered = np.zeros((round(1.7 * height), cell * len(text)), np.float32)
        for at, letter in enumerate(text):
            ink = write_line(letter, rng, height)
            ink = ink[: covered.shape[0], : cell - 8]
            y, x = (covered.shape[0] - ink.shape[0]) // 2, at * cell + (cell - ink.shape[1]) // 2
            covered[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
        high, wide = covered.shape
        edges = [*range(0, wide, cell), wide - thick]
    for edge in edges:
        covered[:, edge : edge + thick] = 0.7
    covered[:thick] = covered[high - thick :] = 0.7
    margin = round(rng.choice([0.0, 0.3, 0.8]) * height)
    covered = np.pad(covered, margin)
    sheet = sheets.make_paper(covered.shape[::-1], (248, 248, 244), rng, 0.006)
    return sheets.lay_ink(sheet, covered, BLUE), text


@kind
def photo(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A phone photograph of a page with a small number on it, a shadow's edge somewhere."""
    text, height = pick_text(rng, 3, 8), int(rng.integers(55, 110))
    ink = write_line(text, rng, height, (0.05, 0.3))
    covered = np.zeros((1280, max(960, ink.shape[1] + 60)), np.float32)
    y = int(rng.integers(200, 900))
    x = int(rng.integers(20, covered.shape[1] - ink.shape[1] - 10))
    covered[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    sheet = sheets.make_paper(covered.shape[::-1], (196, 190, 180), rng, 0.012)
    sheet = sheets.lay_ink(sheet, covered * rng.uniform(0.6, 0.95), (50, 50, 58))
    sheet = sheets.shade(sheet, rng.uniform(0, 0.45), rng.uniform(-1, 1), rng.uniform(0.01, 0.1))
    return cv2.GaussianBlur(sheet, (0, 0), 1.2), text


@kind
def sunlit(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """The same with a patch of sunlight from a window beside the number or across it, its edges soft."""
    text, height = pick_text(rng, 3, 8), int(rng.integers(45, 110))
    ink = write_line(text, rng, height, (0.05, 0.3))
    covered = np.zeros((1280, max(960, ink.shape[1] + 60)), np.float32)
    y, x = int(rng.integers(200, 900)), int(rng.integers(20, covered.shape[1] - ink.shape[1] - 10))
    covered[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    sheet = sheets.make_paper(covered.shape[::-1], (150, 146, 138), rng, 0.008)
    sheet = sheets.lay_ink(sheet, covered * rng.uniform(0.6, 0.95), (40, 40, 48))
    high, wide = covered.shape
    corners = np.array([[0.4, -0.2], [1.2, -0.2], [1.2, 0.7], [0.4, 0.5]]) + rng.normal(0, 0.12, (4, 2))
    if rng.random() < 0.5:
        corners[:, 0] = 1 - corners[:, 0]
    if rng.random() < 0.5:
        corners[:, 1] = 1 - corners[:, 1]
    light: np.ndarray = np.zeros(covered.shape, np.float32)
    cv2.fillPoly(light, [np.round(corners * [wide, high]).astype(np.int32)], 1.0)
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(5, 40))
    sheet = sheet * (1 + rng.uniform(0.2, 0.65) * light[..., None])
    return np.clip(cv2.GaussianBlur(sheet, (0, 0), 1.2), 0, 1), text


@kind
def cheque(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """An amount cut from a scanned cheque: low resolution, waves printed on the paper, a rule, dots, tight margins."""
    text, height = pick_text(rng, 2, 6), 72
    written = text[:-3] + "." + text[-3:] if len(text) > 3 and rng.random() < 0.6 else text
    return scan_cheque(write_line(written, rng, height, (-0.04, 0.25)), rng), text


@kind
def round_cheque(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """The same of a round amount whose zeros hang together."""
    text = pick_text(rng, 1, 3).replace("0", "1") + "0" * int(rng.integers(2, 4))
    return scan_cheque(write_line(text, rng, 72, (-0.04, 0.15), linked=0.7), rng), text


@kind
def merged(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A round amount whose zeros are small and share a stroke."""
    text = pick_text(rng, 1, 3).replace("0", "1") + "0" * int(rng.integers(2, 5))
    height = int(rng.integers(50, 100))
    ink = write_line(text, rng, height, (0.02, 0.2), merged=0.7, small_zeros=rng.uniform(0.5, 1.0))
    return lay_on(ink, rng, height, BLUE), text


def scan_cheque(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line on a cheque's paper, cut out tightly and scanned coarsely: (H, W, 3) float."""
    around = [tuple(int(side) for side in rng.integers(2, 20, 2)) for _ in range(2)]
    covered = np.pad(ink, around)
    y, x = np.mgrid[0 : covered.shape[0], 0 : covered.shape[1]].astype(np.float32)
    lean, bend = rng.uniform(-0.3, 0.3), rng.uniform(0, 6)
    waves = np.sin(2 * np.pi * (y + lean * x + bend * np.sin(x / 60)) / rng.uniform(7, 14))
    sheet = np.full((*covered.shape, 3), rng.uniform(0.65, 0.9), np.float32)
    sheet *= (1 - rng.uniform(0.02, 0.1) * np.clip(waves, 0, 1))[..., None]
    if rng.random() < 0.5:
        at = covered.shape[0] - int(rng.integers(4, 14))
        sheet[at : at + 3] *= 0.55
    sheet = sheets.lay_ink(sheet, covered * rng.uniform(0.5, 0.85), (40, 40, 44))
    return coarsen(sheet, rng)


def coarsen(sheet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same (H, W, 3) float as a coarse, slightly noisy scan."""
    small = cv2.resize(cv2.GaussianBlur(sheet, (0, 0), 1.5), None, fx=0.55, fy=0.55, interpolation=cv2.INTER_AREA)
    return small + rng.normal(0, 0.015, small.shape[:2])[..., None]


@kind
def security_paper(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """An amount on paper printed with fine lines, some as dark as a light pen, between rules; cut out tightly."""
    text, height = pick_text(rng, 2, 6), 72
    if rng.random() < 0.4:
        text = text[:3].replace("0", "1") + "000"[: int(rng.integers(2, 4))]
    written = text[:-3] + rng.choice([".", ","]) + text[-3:] if len(text) > 3 and rng.random() < 0.6 else text
    ink = write_line(written, rng, height, (-0.04, 0.3), linked=0.3 * (rng.random() < 0.5))
    return print_finely(ink, rng), text


@kind
def security_digit(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """One digit cut out of such an amount, with the ends of its neighbours."""
    height, text = 72, pick_text(rng, 1, 1)
    ink = write_line(text, rng, height)
    beside = [write_line(pick_text(rng, 1, 1), rng, height) for _ in range(2)]
    gap, cut = round(rng.uniform(0.02, 0.2) * height), round(rng.uniform(0, 0.25) * height)
    parts = [beside[0][:, max(0, beside[0].shape[1] + gap - cut) :], np.zeros((1, min(gap, cut)), np.float32), ink]
    parts += [np.zeros((1, min(gap, cut)), np.float32), beside[1][:, : max(0, cut - gap)]]
    tall = max(len(part) for part in parts)
    rows = [np.pad(part, ((0, tall - len(part)), (0, 0))) for part in parts]
    return print_finely(np.concatenate(rows, axis=1), rng), text


def print_finely(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ink on paper printed with families of fine lines, scanned coarsely: (H, W, 3) float."""
    around = [tuple(int(side) for side in rng.integers(low, high, 2)) for low, high in ((-4, 16), (2, 30))]
    ink = ink[max(0, -around[0][0]) : len(ink) - max(0, -around[0][1])]
    covered = np.pad(ink, [tuple(max(0, side) for side in sides) for sides in around])
    y, x = np.mgrid[0 : covered.shape[0], 0 : covered.shape[1]].astype(np.float32)
    sheet = np.full((*covered.shape, 3), rng.uniform(0.65, 0.9), np.float32)
    pen = rng.uniform(0.55, 0.85)
    for _ in range(int(rng.integers(1, 4))):
        angle = rng.uniform(-0.9, 0.9)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        bend = rng.uniform(0, 8) * np.sin(along / rng.uniform(20, 90) + rng.uniform(0, 6))
        wave = np.sin(2 * np.pi * (across + bend) / rng.uniform(8, 18))
        lines = np.clip((wave - rng.uniform(0.3, 0.8)) * 4, 0, 1)
        sheet *= (1 - rng.uniform(0.15, 0.65) * pen * lines)[..., None]
    for at in (int(rng.integers(0, 5)), len(covered) - int(rng.integers(4, 9))):
        if rng.random() < 0.5:
            sheet[at : at + 3] *= rng.uniform(0.4, 0.7)
    return coarsen(sheets.lay_ink(sheet, covered * pen, (40, 40, 44)), rng)


@kind
def light_on_dark(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A canvas with light ink."""
    text, height = pick_text(rng, 2, 6), int(rng.integers(30, 110))
    return lay_on(write_line(text, rng, height), rng, height, (255, 255, 255), (8, 10, 40), 0.0), text


@kind
def two_lines(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Two or three lines below each other."""
    texts = [pick_text(rng, 2, 5) for _ in range(int(rng.integers(2, 4)))]
    height = int(rng.integers(40, 80))
    lines = [write_line(text, rng, height, (0.12, 0.35)) for text in texts]
    gap, wide = round(height * rng.uniform(0.35, 0.9)), max(line.shape[1] for line in lines)
    rows = [np.pad(line, ((0, gap), (0, wide - line.shape[1]))) for line in lines]
    return lay_on(np.concatenate(rows)[:-gap], rng, height, RED), " ".join(texts)


@kind
def turned(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A page that lies on its side or upside down, with one line or two."""
    sheet, text = (spaced if rng.random() < 0.6 else two_lines)(rng)
    return np.ascontiguousarray(np.rot90(sheet, int(rng.integers(1, 4)))), text


@kind
def tilted(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A page that lies aslant, by up to 30 degrees."""
    text, height = pick_text(rng), int(rng.integers(30, 110))
    ink = write_line(text, rng, height, (0.15, 0.5))
    high, wide = ink.shape
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), rng.uniform(8, 30) * rng.choice((-1, 1)), 1)
    size = round(abs(turn[0, 0]) * wide + abs(turn[0, 1]) * high), round(abs(turn[0, 1]) * wide + turn[0, 0] * high)
    turn[:, 2] += (size[0] - wide) / 2, (size[1] - high) / 2
    return lay_on(np.clip(cv2.warpAffine(ink, turn, size), 0, 1), rng, height, BLUE), text


@kind
def no_number(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A letter, a sign, a scribble: whatever it is taken for, it is no number."""
    name = rng.choice([*drawing.LETTERS, *drawing.SYMBOLS])
    height = int(rng.integers(60, 150))
    ink = crop(drawing.write({**drawing.LETTERS, **drawing.SYMBOLS}[name], rng).astype(np.float32))
    ink = cv2.resize(ink, None, fx=height / ink.shape[0], fy=height / ink.shape[0], interpolation=cv2.INTER_LINEAR)
    return lay_on(ink, rng, height), ""


@kind
def word(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Letters in a row, some of which touch: no number either."""
    height = int(rng.integers(60, 120))
    names = rng.choice([name for name in drawing.LETTERS if len(name) == 1], int(rng.integers(2, 5)))
    letters = [crop(drawing.write(drawing.LETTERS[name], rng).astype(np.float32)) for name in names]
    scale = height / max(len(letter) for letter in letters)
    line = np.zeros((height, 0), np.float32)
    for letter in letters:
        ink = cv2.resize(letter, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)[:height]
        start = max(0, line.shape[1] + int(rng.uniform(-0.06, 0.2) * height)) if line.size else 0
        grown = np.zeros((height, max(line.shape[1], start + ink.shape[1])), np.float32)
        grown[:, : line.shape[1]] = line
        place = grown[height - len(ink) :, start : start + ink.shape[1]]
        np.maximum(place, ink, out=place)
        line = grown
    return lay_on(line, rng, height), ""


@kind
def lettering(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A word in a typeface of handwriting: no number."""
    face, height = typefaces()[rng.integers(len(typefaces()))], int(rng.integers(50, 120))
    letters = [one for one in fonts.LETTERS if one in face]
    return lay_on(set_line(rng.choice(letters, rng.integers(2, 6)).tolist(), face, height, rng), rng, height), ""


@kind
def typeface(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A number in a typeface of handwriting, some with a sign before or behind it."""
    face, height = typefaces()[rng.integers(len(typefaces()))], int(rng.integers(50, 120))
    text, signs = pick_text(rng), [one for one in "$#%?+" if one in face]
    sign = str(rng.choice(signs)) if rng.random() < 0.5 else ""
    line = sign + text if rng.random() < 0.5 else text + sign
    return lay_on(set_line(line, face, height, rng), rng, height), text


def set_line(text: Sequence[str], face: dict[str, np.ndarray], height: int, rng: np.random.Generator) -> np.ndarray:
    """Characters side by side, all as high as the line: (height, W) float32."""
    parts = []
    for character in text:
        ink = crop(face[character].astype(np.float32))
        wide = max(2, round(ink.shape[1] * height / len(ink)))
        gap = np.zeros((height, round(rng.uniform(0.08, 0.3) * height)), np.float32)
        parts += [gap, np.clip(cv2.resize(ink, (wide, height), interpolation=cv2.INTER_CUBIC), 0, 1)]
    return np.concatenate(parts[1:], axis=1)


def make(name: str, number: int, seed: int = 0) -> Page:
    """The page `number` of a kind; the same for the same seed."""
    sheet, text = KINDS[name](np.random.default_rng([seed, number, *name.encode()]))
    return Page(sheets.to_bytes(sheet), text)


def is_right(found: reader.Reading, page: Page) -> bool:
    """Whether exactly what is written was read; where nothing is, whether it was taken for no number."""
    return found.text == page.text if page.text else not found.is_number


def main() -> int:
    """Read pages of every kind and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60, help="pages of each kind (default 60)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=tuple(KINDS), action="append", help="only this one (all)")
    parser.add_argument("--model", default=checkpoint.in_use())
    options = parser.parse_args()
    conditions = result_file.start([options.model])
    rows: list[Row] = []
    model = checkpoint.load(options.model)
    print(f"model {model.name} {model.version}, {options.count} pages of each kind, seed {options.seed}")
    for name in options.kind or KINDS:
        pages = [make(name, number, options.seed) for number in range(options.count)]
        began = time.perf_counter()
        found = [reader.read(model, picture.from_array(page.sheet)) for page in pages]
        spent = 1000 * (time.perf_counter() - began) / len(pages)
        right = sum(is_right(one, page) for one, page in zip(found, pages, strict=True))
        print(f"{name:24}{right:4} of {len(pages):3} right  {100 * right / len(pages):5.1f} %  {spent:5.1f} ms a page")
        rows.append(Row(name, 100 * right / len(pages), "%", column="right", is_detail=True))
        rows.append(Row(name, spent, "ms", column="a page", is_detail=True))
    result_file.write(Result("whole_numbers", result_file.command_line(), conditions, (*summarize(rows), *rows)))
    return 0


def summarize(rows: list[Row]) -> list[Row]:
    """The mean over all kinds of pages and the kinds that are read worst."""
    right = {row.name: row.value for row in rows if row.column == "right"}
    worst = sorted(right, key=right.__getitem__)[:4]
    note = "worst: " + ", ".join(f"{name} {right[name]:.1f}" for name in worst)
    return [Row(f"read right, mean of {len(right)} kinds of pages", statistics.mean(right.values()), "%", note=note)]


if __name__ == "__main__":
    sys.exit(main())

"""Synthetic documents: handwritten amounts on printed paper, with the exact ink mask that `reading.binarizer` learns.

Cheques, forms and tickets carry fine print against forgery, as dark in a scan as the handwriting. No data set of them
may be shipped, so they are drawn: waves, circles, grids, dots, mottled paper and rules, under digits of MNIST and of
pen_digits.py.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.data.digits import DigitSet
from core.reading.mnist_form import stroke_width
from core.synthesis.drawing import SYMBOLS, crop, spline
from core.synthesis.drawing import write as write_sign
from core.synthesis.non_digits import enlarge
from core.synthesis.numbers import MONEY
from core.synthesis.pen_digits import PenDigit, trace

HEIGHT = 72  # pixels: of the digits, before the document is scanned


@dataclass(frozen=True)
class Sheet:
    """A scan: `grey` (H, W) float32 in [0, 1], dark ink on lighter paper, and where the `ink` is, (H, W) bool."""

    grey: np.ndarray
    ink: np.ndarray


def draw(digits: DigitSet, pen_digits: tuple[PenDigit, ...], rng: np.random.Generator) -> Sheet:
    """A random number on a printed document, scanned. Takes about ten milliseconds."""
    covered = _write_number(digits, pen_digits, rng)
    around = rng.integers(-6, 40, 4)
    covered = covered[max(0, -around[0]) : len(covered) - max(0, -around[1])]
    covered = np.pad(covered, ((max(0, around[0]), max(0, around[1])), (max(0, around[2]), max(0, around[3]))))
    y, x = np.mgrid[0 : covered.shape[0], 0 : covered.shape[1]].astype(np.float32)
    pen = rng.uniform(0.35, 0.9)
    grey = np.full(covered.shape, rng.uniform(0.6, 1.0), np.float32)
    grey *= 1 - pen * _print(x, y, rng)
    grey *= _shade(x, y, rng)
    pressed = np.clip(1 - rng.uniform(0, 0.4) * _mottle(covered.shape, rng.uniform(8, 40), rng) ** 2, 0.4, 1)
    inked = pen * cv2.GaussianBlur(covered.astype(np.float32), (0, 0), rng.uniform(0.4, 1.2)) * pressed
    if rng.random() < 0.5:  # ink and print multiply
        grey *= 1 - inked
    else:  # or the pen covers what is below
        grey = np.minimum(grey, (1 - inked) * grey.max())
    return _scan(grey, covered, rng)


def _write_number(digits: DigitSet, pen_digits: tuple[PenDigit, ...], rng: np.random.Generator) -> np.ndarray:
    """A line of one to seven digits with its dots, dashes and signs: (H, W) bool."""
    sheet = np.zeros((2 * HEIGHT, 12 * HEIGHT), bool)
    pen = HEIGHT * np.exp(rng.uniform(np.log(0.05), np.log(0.17)))
    spread, lean, gap = rng.uniform(0.03, 0.18), rng.normal(0, 0.15), rng.uniform(-0.05, 0.4)
    is_mnist, low_zeros = rng.random() < 0.5, rng.uniform(0.5, 1.0) if rng.random() < 0.4 else 1.0
    right = 4
    for _ in range(int(rng.integers(1, 8))):
        if is_mnist:
            at = int(rng.integers(len(digits)))
            ink, label = enlarge(digits.images[at].numpy(), rng), int(digits.labels[at])
        else:
            one = pen_digits[rng.integers(len(pen_digits))]
            ink, label = trace(one, HEIGHT, pen, rng) > 0, one.label
        high = HEIGHT * (1 + rng.normal(0, spread)) * (low_zeros if label == 0 else 1.0)
        ink = _place(ink, float(np.clip(high, 20, 1.5 * HEIGHT)), pen if is_mnist else 0.0, lean)
        base = round(1.4 * HEIGHT + rng.normal(0, spread) * HEIGHT / 2)
        top = min(max(0, base - len(ink)), len(sheet) - len(ink))
        if right + ink.shape[1] >= sheet.shape[1]:
            break
        sheet[top : top + len(ink), right : right + ink.shape[1]] |= ink
        right = max(2, right + ink.shape[1] + round((gap + rng.normal(0, 0.06)) * HEIGHT))
        if rng.random() < 0.2:
            right += _mark(sheet, right, base, pen, rng)
    if rng.random() < 0.3:
        _sign(sheet, right, pen, rng)
    return crop(sheet)


def _place(ink: np.ndarray, high: float, pen: float, lean: float) -> np.ndarray:
    """Ink (H, W) bool scaled to `high` pixels and slanted by `lean`; strokes `pen` pixels wide where that isn't 0."""
    ink = crop(ink).astype(np.uint8) * 255
    scale = high / len(ink)
    side = round(abs(lean) * len(ink)) + 1
    ink = np.pad(ink, ((0, 0), (side, side)))
    matrix = np.array([[scale, -lean * scale, lean * scale * len(ink) / 2], [0, scale, 0]], np.float32)
    size = max(3, round(ink.shape[1] * scale)), max(3, round(high))
    moved = cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR) > 127
    if pen and moved.any():
        width = stroke_width(moved)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(1, round(abs(width - pen))) + 1,) * 2)
        changed = (cv2.erode if width > pen else cv2.dilate)(np.pad(moved.astype(np.uint8), 8), disc) > 0
        moved = changed if changed.sum() > 0.4 * moved.sum() else moved
    return crop(moved) if moved.any() else np.ones((20, 4), bool)


def _mark(sheet: np.ndarray, x: int, base: int, pen: float, rng: np.random.Generator) -> int:
    """Draw a dot, comma or dash behind a digit; gives its width in pixels."""
    thick, width = max(2, round(pen * rng.uniform(0.8, 1.5))), round(rng.uniform(0.1, 0.4) * HEIGHT)
    if rng.random() < 0.6:
        width, start = thick + 4, (x + 4, base - thick)
        end = start[0] - int(rng.integers(0, 8)), start[1] + int(rng.integers(0, HEIGHT // 5))
    else:
        start = x + 4, base - round(rng.uniform(0.2, 0.7) * HEIGHT)
        end = start[0] + width, start[1] + int(rng.normal(0, 4))
    drawn = np.zeros(sheet.shape, np.uint8)
    cv2.line(drawn, start, end, 1, thick)
    sheet |= drawn > 0
    return width + 4


def _sign(sheet: np.ndarray, x: int, pen: float, rng: np.random.Generator) -> None:
    """Draw a currency sign, another symbol or a flourish behind the digits."""
    if rng.random() < 0.5:
        name = rng.choice(MONEY if rng.random() < 0.5 else list(SYMBOLS))
        ink = _place(write_sign(SYMBOLS[name], rng), HEIGHT * rng.uniform(0.5, 1.2), pen, 0.0)
    else:
        points = np.cumsum(rng.normal(0, 0.3, (5, 2)) * [HEIGHT, HEIGHT / 2], axis=0)
        drawn = np.zeros((3 * HEIGHT, 4 * HEIGHT), np.uint8)
        path = spline(points - points.min(0) + 8)
        cv2.polylines(drawn, [np.round(path).astype(np.int32)], False, 1, max(2, round(pen)))
        ink = crop(drawn > 0)[: 2 * HEIGHT]
    top = (len(sheet) - len(ink)) // 2
    place = sheet[top : top + len(ink), x:][:, : ink.shape[1]]
    place |= ink[:, : place.shape[1]]


# --- paper ------------------------------------------------------------------------------------------------------------


def _print(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The print on the paper: (H, W) float32, from 0 for none to 1 for as dark as the pen."""
    printed = np.zeros(x.shape, np.float32)
    if rng.random() < 0.85:
        for _ in range(int(rng.integers(1, 4))):
            strength = rng.uniform(0.1, 0.9)
            printed = np.maximum(printed, strength * PATTERNS[rng.integers(len(PATTERNS))](x, y, rng))
    if rng.random() < 0.6:
        printed = np.maximum(printed, rng.uniform(0.3, 1.0) * _rules(x.shape, rng))
    return printed


def _waves(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Parallel lines, straight or wavy."""
    angle = rng.uniform(0, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.3)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bend = rng.uniform(0, 10) * np.sin(along / rng.uniform(6, 60) + rng.uniform(0, 6))
    return _lines(across + bend, rng)


def _circles(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Concentric wavy rings: circles near their centre, curved lines far from it."""
    reach = rng.uniform(0.2, 3) * x.shape[1]
    angle = rng.uniform(0, 2 * np.pi)
    left, top = x - x.shape[1] / 2 - reach * np.cos(angle), y - x.shape[0] / 2 - reach * np.sin(angle)
    around = np.arctan2(top, left)
    return _lines(np.hypot(left, top) * (1 + rng.uniform(0, 0.1) * np.sin(rng.integers(2, 20) * around)), rng)


def _lines(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line wherever the phase (pixels) is a multiple of a random spacing."""
    apart = np.exp(rng.uniform(np.log(4), np.log(24)))
    thick = min(rng.uniform(1.0, 4.0), 0.6 * apart)
    distance = np.abs((phase / apart) % 1 - 0.5) * apart
    return np.clip(thick / 2 + 0.5 - distance, 0, 1).astype(np.float32)


def _grid(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two sets of parallel lines that cross."""
    return np.maximum(_waves(x, y, rng), _waves(x, y, rng))


def _dots(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mesh of dots, as in halftone print."""
    apart, angle = rng.uniform(3, 12), rng.uniform(0, np.pi / 2)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    mesh = np.sin(2 * np.pi * along / apart) * np.sin(2 * np.pi * across / apart)
    return np.clip((mesh - rng.uniform(0, 0.6)) * 3, 0, 1).astype(np.float32)


def _grain(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mottled paper."""
    return np.clip(_mottle(x.shape, np.exp(rng.uniform(np.log(0.7), np.log(8))), rng) * 0.7, 0, 1)


PATTERNS = (_waves, _waves, _circles, _circles, _grid, _dots, _grain)


def _mottle(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise with spots of `size` pixels: (H, W) float32, standard deviation 1."""
    small = tuple(max(4, round(side / max(size, 1.0)) + 2) for side in shape)
    coarse = rng.normal(0, 1, small).astype(np.float32)
    noise = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return noise / max(float(noise.std()), 1e-6)


def _rules(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Straight printed lines from edge to edge, mostly near an edge of the paper: (H, W) float32 in [0, 1]."""
    drawn = np.zeros(shape, np.uint8)
    high, wide = shape
    for _ in range(int(rng.integers(1, 4))):
        thick, tilt = int(rng.integers(1, 6)), rng.normal(0, 0.015)
        near = abs(rng.normal(0, 0.06)) if rng.random() < 0.8 else rng.uniform(0, 0.5)
        place = near if rng.random() < 0.5 else 1 - near
        if rng.random() < 0.8:
            at = place * high
            ends = (0, round(at - tilt * wide / 2)), (wide, round(at + tilt * wide / 2))
        else:
            at = place * wide
            ends = (round(at - tilt * high / 2), 0), (round(at + tilt * high / 2), high)
        cv2.line(drawn, *ends, 255, thick, cv2.LINE_AA)
    return drawn.astype(np.float32) / 255


def _shade(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uneven illumination, now and then with the edge of a shadow: (H, W) float32 in [0, 1]."""
    angle = rng.uniform(0, 2 * np.pi)
    along = (x / x.shape[1] - 0.5) * np.cos(angle) + (y / x.shape[0] - 0.5) * np.sin(angle)
    light = 1 - rng.uniform(0, 0.3) * (along + 0.7)
    if rng.random() < 0.1:
        light = light * np.where(along > rng.uniform(-0.4, 0.4), rng.uniform(0.5, 0.8), 1.0)
    return light.astype(np.float32)


def _scan(grey: np.ndarray, ink: np.ndarray, rng: np.random.Generator) -> Sheet:
    """Scan the document at a random resolution, then rescale it as the reader rescales pictures."""
    grey = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.5, 1.8))
    fine = np.exp(rng.uniform(np.log(0.4), np.log(1.0)))
    shown = min(1.1, fine * rng.choice([1.0, rng.uniform(1.0, 2.2)]))
    grey = cv2.resize(grey, None, fx=fine, fy=fine, interpolation=cv2.INTER_AREA)
    grey = grey + rng.normal(0, rng.uniform(0, 0.03), grey.shape).astype(np.float32)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))]
    _, packed = cv2.imencode(".jpg", (np.clip(grey, 0, 1) * 255).astype(np.uint8), quality)
    unpacked = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    assert unpacked is not None, "what was just packed is a picture"
    grey = unpacked.astype(np.float32) / 255
    size = max(8, round(ink.shape[1] * shown)), max(8, round(ink.shape[0] * shown))
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC)
    covered = cv2.resize(ink.astype(np.float32), size, interpolation=cv2.INTER_AREA if shown < 1 else cv2.INTER_LINEAR)
    return Sheet(cv2.GaussianBlur(grey, (0, 0), 0.8), covered > 0.5)

"""Digits that 44 people in Turkey wrote on a tablet: recorded pen trajectories, drawn here with random pens.

They hold writing styles that are rare in MNIST: 1 with an upstroke or a foot, crossed 7, open 4, hooked 9.
E. Alpaydin and F. Alimoglu, "Pen-based recognition of handwritten digits", UCI Machine Learning Repository (1998),
https://doi.org/10.24432/C5MG6K, CC BY 4.0.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch

from core.data.digits import DataError, DigitSet
from core.reading.mnist_form import Trail, fit
from core.synthesis.drawing import DRAWN, spline
from core.workspace import SHIPPED

FILE = "pendigits.csv.gz"
POINTS = 8  # per digit, equally spaced along the trajectory, pen-up movements included
HELD_OUT = 3000  # the last digits of the file are held out for validation
THINNEST, THICKEST = 0.045, 0.14  # pen, as a share of the digit's height
# Narrowest and widest, as shares of the height: the data set has stretched every digit to a square.
WIDTHS = (
    (0.5, 1.0), (0.12, 0.7), (0.5, 1.1), (0.45, 0.95), (0.5, 1.0),
    (0.45, 0.95), (0.4, 0.9), (0.5, 1.0), (0.4, 0.9), (0.4, 0.9),
)  # fmt: skip
RISE = 0.12  # of the height: an upward step at least this long is a pen-up movement between two strokes

Part = Literal["training", "validation"]


@dataclass(frozen=True, eq=False)
class PenDigit:
    """The `strokes` of one digit, each points (N, 2) float64, x to the right and y down in heights of the digit; and
    which `label` it has, 0 to 9."""

    strokes: tuple[np.ndarray, ...]
    label: int


@functools.cache
def load(part: Part, folder: Path = SHIPPED / "data") -> tuple[PenDigit, ...]:
    """The digits of one part, except those whose shape eight points can't show.

    Raises `DataError` where the file is missing or damaged.
    """
    try:
        table = np.loadtxt(folder / FILE, delimiter=",", dtype=np.int64)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(
            f"The file {FILE} in {folder} is missing or damaged. "
            "'git checkout -- data' restores the one that came with the project."
        ) from error
    table = table[-HELD_OUT:] if part == "validation" else table[:-HELD_OUT]
    points = table[:, : 2 * POINTS].reshape(-1, POINTS, 2) / 100
    widths = _find_widths(points)
    digits = []
    for way, label, width in zip(points, table[:, -1].tolist(), widths, strict=True):
        scale = np.array([np.clip(width, *WIDTHS[label]), -1.0])
        strokes = tuple(way[stroke] * scale for stroke in _part(way, label))
        if _is_legible(strokes, label):
            digits.append(PenDigit(strokes, label))
    return tuple(digits)


def make(count: int, seed: int, part: Part = "training", labels: tuple[int, ...] = tuple(range(10))) -> DigitSet:
    """Draw `count` digits with random pens, in MNIST's form: images (count, 28, 28) uint8.

    Only digits with the given labels are drawn. Deterministic for a given seed. Takes about 1.3 milliseconds per digit.
    Raises `DataError` where the file is missing or damaged.
    """
    rng = np.random.default_rng(seed)
    known = [digit for digit in load(part) if digit.label in labels]
    picked = [known[at] for at in rng.integers(0, len(known), count)]
    images = np.stack([draw(digit, rng) for digit in picked])
    return DigitSet(torch.from_numpy(images), torch.tensor([digit.label for digit in picked]))


def draw(digit: PenDigit, rng: np.random.Generator) -> np.ndarray:
    """A digit drawn with a random pen and preprocessed into MNIST's form: (28, 28) uint8."""
    pen = DRAWN * np.exp(rng.uniform(np.log(THINNEST), np.log(THICKEST)))
    return (fit(trace(digit, DRAWN, pen, rng) > 0, Trail()) * 255).round().astype(np.uint8)


def trace(digit: PenDigit, height: int, pen: float, rng: np.random.Generator) -> np.ndarray:
    """A digit on a canvas of its own, its width varied at random: (H, W) uint8, 255 where ink is.

    `pen` is the stroke width and `height` about the digit's height, in pixels.
    """
    wide = np.array([np.exp(rng.normal(0, 0.1)), 1.0])
    sheet = np.zeros((2 * height, round(2.5 * height)), np.uint8)
    for stroke in digit.strokes:
        path = spline(stroke * wide) * height + [height / 2, 1.5 * height]
        cv2.polylines(sheet, [np.round(path * 16).astype(np.int32)], False, 255, max(1, round(pen)), cv2.LINE_8, 4)
    return sheet


def _find_widths(points: np.ndarray) -> np.ndarray:
    """The original width of each digit (N, 8, 2), in heights: (N,).

    The data set stretched every digit to a square. Points were equally spaced as written, so the original width is the
    one that makes the steps between them most equal.
    """
    widths = np.exp(np.linspace(np.log(0.15), np.log(2), 60))
    steps = np.diff(points, axis=1)
    lengths = np.hypot(steps[..., 0, None] * widths, steps[..., 1, None])  # (N, 7, 60)
    return widths[(lengths.std(1) / lengths.mean(1)).argmin(1)]


def _part(way: np.ndarray, label: int) -> list[np.ndarray]:
    """Split a trajectory (8, 2) into its strokes, as indices of its points.

    The data set joins strokes by pen-up movements; those up to the bar of a 5 or 7 and to the stem of a 4 are cut out.
    """
    rises = np.diff(way[:, 1]) > RISE
    lowest = int(way[:, 1].argmin())
    if label == 4:
        rises[0] = False
    elif (label == 5 and way[lowest:, 1].max() > 0.55) or (label == 7 and way[lowest:, 1].max() > 0.25):
        rises[:lowest] = False
    else:
        rises[:] = False
    strokes = np.split(np.arange(POINTS), np.flatnonzero(rises) + 1)
    return [stroke for stroke in strokes if len(stroke) > 1]


def _is_legible(strokes: tuple[np.ndarray, ...], label: int) -> bool:
    """Whether eight points are enough: they span nearly the whole height, and show a 4's stem and a 9's loop."""
    if np.ptp(np.concatenate(strokes)[:, 1]) < 0.85:
        return False
    if label == 4:
        return -strokes[-1][:, 1].min() > 0.5
    if label == 9:
        return _has_loop(strokes)
    return True


def _has_loop(strokes: tuple[np.ndarray, ...]) -> bool:
    """Whether the strokes, drawn thin, enclose an area."""
    side = 64
    sheet = np.zeros((2 * side, 2 * side), np.uint8)
    for stroke in strokes:
        path = spline(stroke) * side + [side / 4, 1.5 * side]
        cv2.polylines(sheet, [np.round(path).astype(np.int32)], False, 255, 4)
    count, _ = cv2.connectedComponents(255 - sheet, connectivity=4)
    return count > 2  # the ink, the paper around it, and what it encloses

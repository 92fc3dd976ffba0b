"""Shapes that the reader finds in drawn pages, digits and others: the detector of non-digits learns from what it meets.

Folds, frames, the edges of paper and letters come as the reader cuts them out, and so do digits with what clings to
them. scripts/collect_page_shapes.py made the file that ships: to read a page takes longer than to learn from it.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from core.data.digits import DataError, DigitSet
from core.data.labels import NO_DIGIT, UNLABELLED
from core.reading.ink import find_ink
from core.reading.looks import Looks
from core.reading.mnist_form import Box, Trail, box_of, fit
from core.reading.one_digit import FoundDigit, NothingFound, find_digit, whole_picture_as_digit
from core.reading.picture import from_array
from core.synthesis.pages import Page
from core.workspace import SHIPPED

FILE = "page_shapes.npz"
ALIKE = 0.8  # cosine similarity of what was found and what is written, both in MNIST's form: found as it is
STRAIGHT = 0.3  # spread across the longest axis, of that along it: less is one straight stroke
BESIDE = 0.1  # of the area of two boxes together that both share: what shares less lies beside the digit

Part = Literal["training", "validation"]


@dataclass(frozen=True, eq=False)
class Shape:
    """What one look at a page took for a digit: its `image` (28, 28) uint8 in MNIST's form and the `label`, 0 to 9 or
    `NO_DIGIT`."""

    image: np.ndarray
    label: int


def collect(page: Page) -> list[Shape]:
    """What the looks at a page take for its digit, each shape once. Takes about 0.1 seconds.

    A digit is what looks like the one that is written there. Where none is, nothing is one, nor is what lies beside it.
    The rest is left out: half a digit, a digit with a rule through it, all of a page whose digit the border cuts, and a
    straight stroke that is no 1, for nothing in its image says so.
    """
    ink = page.ink > 128
    if page.label == UNLABELLED or (page.label != NO_DIGIT and (not ink.any() or _touches_border(ink))):
        return []
    shapes = {}
    for found in _look(page.colours):
        label = NO_DIGIT if page.label == NO_DIGIT else _label(found, ink, page.label)
        if label >= 0 or (label == NO_DIGIT and not _is_straight(found.image)):
            shapes[found.image.tobytes()] = Shape((found.image * 255).round().astype(np.uint8), label)
    return list(shapes.values())


def _look(colours: np.ndarray) -> Iterator[FoundDigit]:
    """Every way the reader has to find one digit in a page (H, W, 3) uint8."""
    picture = from_array(colours)
    looks, by_contrast = Looks(picture), find_ink(picture)
    whole = whole_picture_as_digit(by_contrast)
    if whole:
        yield whole
    for ink in (by_contrast, looks.usual, *looks.others.values()):
        found = find_digit(ink) if ink else None
        if found and not isinstance(found, NothingFound):
            yield found


def _label(found: FoundDigit, ink: np.ndarray, digit: int) -> int:
    """What was found on a page with this `digit`, whose ink (H, W) bool is known."""
    written = fit(ink, Trail())
    alike = (written * found.image).sum() / np.sqrt((written**2).sum() * (found.image**2).sum())
    if alike > ALIKE:
        return digit
    return NO_DIGIT if _overlap(found.box, box_of(ink)) < BESIDE else UNLABELLED


def _is_straight(image: np.ndarray) -> bool:
    """Whether an image (28, 28) shows one straight stroke, upright, level or aslant."""
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(np.argwhere(image > 0.5).T)), 0))
    return bool(spread[0] < STRAIGHT * spread[1])


def _touches_border(ink: np.ndarray) -> bool:
    return bool(ink[[0, -1]].any() or ink[:, [0, -1]].any())


def _overlap(one: Box, other: Box) -> float:
    """The area that two boxes share, of their area together."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0, wide) * max(0, high)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def save(parts: Mapping[Part, Sequence[Shape]], folder: Path = SHIPPED / "data") -> Path:
    """Write the shapes of both parts; gives the path. Raises `OSError` when the disk refuses."""
    columns: dict[str, Any] = {}
    for part, shapes in parts.items():
        columns[f"{part} images"] = np.stack([shape.image for shape in shapes])
        columns[f"{part} labels"] = np.array([shape.label for shape in shapes], np.int8)
    path = folder / FILE
    np.savez_compressed(path, **columns)
    return path


@functools.cache
def load(part: Part, folder: Path = SHIPPED / "data") -> DigitSet:
    """The shapes of one part: images (N, 28, 28) uint8, labels 0 to 9 or `NO_DIGIT`. Raises `DataError` where the file
    is missing or damaged."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            images, labels = file[f"{part} images"], file[f"{part} labels"].astype(np.int64)
    except Exception as error:  # numpy and zipfile report damage in a dozen ways
        raise DataError(
            f"The file {FILE} in {folder} is missing or damaged. "
            "'git checkout -- data' restores the one that came with the project."
        ) from error
    return DigitSet(torch.from_numpy(images), torch.from_numpy(labels))

"""Letters and signs in 233 typefaces of handwriting, each as ink: what people write that is no digit.

The rules of synthesis/non_digits.py know one way to write each letter; here each has one for each hand. They were
drawn from the
typefaces' files by scripts/collect_glyphs.py; whose they are stands in data/README.md. Their digits lie beside them, to
check that such are still read.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from core.data.digits import DataError
from core.reading.mnist_form import Trail, fit
from core.synthesis.drawing import DRAWN, change_pen, crop
from core.workspace import SHIPPED

FILE = "glyphs.npz"
SIDE = 48  # pixels: the longer side of each
# What may pass for a digit in somebody's hand is left out, as in synthesis/non_digits.py: O, I, l, S, Z, B, b, g, q,
# commas, bars.
LETTERS = "AEFHKMNPRTUVWXYadefhkmnprtuwx"
SIGNS = "()[]{}<>?!@#$%&*+=~^;:_-"
DIGITS = "0123456789"
ASIDE = 4  # of every so many typefaces one is kept aside for validation

Part = Literal["training", "validation"]


@dataclass(frozen=True, eq=False)
class Glyph:
    """One `character` of a `typeface`: its `ink` (48, 48) bool, from the upper left corner, as large as fits."""

    typeface: str
    character: str
    ink: np.ndarray


@functools.cache
def load(part: Part, characters: str = LETTERS + SIGNS, folder: Path = SHIPPED / "data") -> tuple[Glyph, ...]:
    """These characters in the typefaces of one part. Raises `DataError` where the file is missing or damaged."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            typefaces, drawn, bits = file["typefaces"], file["characters"], file["bits"]
            ink = np.unpackbits(bits, axis=1).reshape(-1, SIDE, SIDE).astype(bool)
    except Exception as error:  # numpy and zipfile report damage in a dozen ways
        raise DataError(
            f"The file {FILE} in {folder} is missing or damaged. "
            "`git checkout -- data` restores the one that came with the project."
        ) from error
    aside = set(np.unique(typefaces)[::ASIDE].tolist())
    return tuple(
        Glyph(typeface, character, one)
        for typeface, character, one in zip(typefaces.tolist(), drawn.tolist(), ink, strict=True)
        if character in characters and (typeface in aside) == (part == "validation")
    )


def make(count: int, seed: int, part: Part = "training", characters: str = LETTERS + SIGNS) -> np.ndarray:
    """So many of these characters with pens by chance, fitted as a picture's would be: (count, 28, 28) uint8.

    Each of them in turn, in an order by chance. A seed, a set. Takes about a millisecond each. Raises `DataError`
    where the file is missing.
    """
    rng = np.random.default_rng(seed)
    known = load(part, characters)
    orders = [rng.permutation(len(known)) for _ in range(-(-count // len(known)))]
    return np.stack([draw(known[at], rng) for at in np.concatenate(orders)[:count]])


def draw(glyph: Glyph, rng: np.random.Generator) -> np.ndarray:
    """A glyph with a pen by chance, fitted as a picture's would be: (28, 28) uint8."""
    return (fit(write(glyph, rng), Trail()) * 255).round().astype(np.uint8)


def write(glyph: Glyph, rng: np.random.Generator) -> np.ndarray:
    """A glyph, a little leaning, wider or narrower, with another pen: (H, W) bool, as large as
    synthesis/non_digits.py draws."""
    placed = _place(glyph, np.exp(rng.normal(0, 0.12)), rng.normal(0, 0.12))
    return change_pen(placed, rng, -4, 6)  # thicker rather than thinner: typefaces are thin


def _place(glyph: Glyph, wide: float, lean: float) -> np.ndarray:
    """A glyph as large as the things of synthesis/non_digits.py, so much wider and leaning so much to the left: (H,
    W) bool."""
    small = crop(glyph.ink).astype(np.float32)
    scale, margin = DRAWN / max(small.shape), 8
    height, width = (np.array(small.shape) * scale).tolist()
    left = max(0.0, lean * height)
    matrix = np.array([[scale * wide, -lean * scale, margin + left], [0, scale, margin]])
    size = (round(width * wide + abs(lean) * height) + 2 * margin, round(height) + 2 * margin)
    large = cv2.warpAffine(small, matrix, size, flags=cv2.INTER_CUBIC)
    return cv2.GaussianBlur(large, (0, 0), 1.2) > 0.5

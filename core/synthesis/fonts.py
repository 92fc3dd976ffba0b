"""Characters of 233 handwriting fonts: letters and signs to learn from as non-digits, digits to test with.

non_digits.py knows one shape for each letter; here each letter has a shape for each font. scripts/collect_fonts.py drew
them from the font files; data/README.md names the designers and licences.
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
# Characters that can be taken for a digit are left out, as in non_digits.py: O, I, l, S, Z, B, b, g, q, commas, bars.
LETTERS = "AEFHKMNPRTUVWXYadefhkmnprtuwx"
SIGNS = "()[]{}<>?!@#$%&*+=~^;:_-"
DIGITS = "0123456789"
HELD_OUT_EVERY = 4  # one typeface in four is held out for validation

Part = Literal["training", "validation"]


@dataclass(frozen=True, eq=False)
class Glyph:
    """One `character` of a `typeface`: its `ink` (48, 48) bool, scaled to fit, against the upper left corner."""

    typeface: str
    character: str
    ink: np.ndarray


@functools.cache
def load(part: Part, characters: str = LETTERS + SIGNS, folder: Path = SHIPPED / "data") -> tuple[Glyph, ...]:
    """The given characters in every typeface of one part. Raises `DataError` where the file is missing or damaged."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            typefaces, drawn, bits = file["typefaces"], file["characters"], file["bits"]
            ink = np.unpackbits(bits, axis=1).reshape(-1, SIDE, SIDE).astype(bool)
    except Exception as error:  # numpy and zipfile report damage in a dozen ways
        raise DataError(
            f"The file {FILE} in {folder} is missing or damaged. "
            "'git checkout -- data' restores the one that came with the project."
        ) from error
    held_out = set(np.unique(typefaces)[::HELD_OUT_EVERY].tolist())
    return tuple(
        Glyph(typeface, character, one)
        for typeface, character, one in zip(typefaces.tolist(), drawn.tolist(), ink, strict=True)
        if character in characters and (typeface in held_out) == (part == "validation")
    )


def make(count: int, seed: int, part: Part = "training", characters: str = LETTERS + SIGNS) -> np.ndarray:
    """Draw `count` characters with random pens, in MNIST's form: (count, 28, 28) uint8.

    Every character comes once, in random order, before any comes again. Deterministic for a given seed. Takes about a
    millisecond per character. Raises `DataError` where the file is missing or damaged.
    """
    rng = np.random.default_rng(seed)
    known = load(part, characters)
    orders = [rng.permutation(len(known)) for _ in range(-(-count // len(known)))]
    return np.stack([draw(known[at], rng) for at in np.concatenate(orders)[:count]])


def draw(glyph: Glyph, rng: np.random.Generator) -> np.ndarray:
    """A glyph drawn with a random pen and preprocessed into MNIST's form: (28, 28) uint8."""
    return (fit(write(glyph, rng), Trail()) * 255).round().astype(np.uint8)


def write(glyph: Glyph, rng: np.random.Generator) -> np.ndarray:
    """A glyph with a random slant, width and pen: (H, W) bool, `drawing.DRAWN` pixels along its longer side."""
    placed = _place(glyph, np.exp(rng.normal(0, 0.12)), rng.normal(0, 0.12))
    return change_pen(placed, rng, -4, 6)  # thicker rather than thinner: typefaces are thin


def _place(glyph: Glyph, wide: float, lean: float) -> np.ndarray:
    """A glyph enlarged to `drawing.DRAWN` pixels, `wide` times as wide, leaning left by `lean`: (H, W) bool."""
    small = crop(glyph.ink).astype(np.float32)
    scale, margin = DRAWN / max(small.shape), 8
    height, width = (np.array(small.shape) * scale).tolist()
    left = max(0.0, lean * height)
    matrix = np.array([[scale * wide, -lean * scale, margin + left], [0, scale, margin]])
    size = (round(width * wide + abs(lean) * height) + 2 * margin, round(height) + 2 * margin)
    large = cv2.warpAffine(small, matrix, size, flags=cv2.INTER_CUBIC)
    return cv2.GaussianBlur(large, (0, 0), 1.2) > 0.5

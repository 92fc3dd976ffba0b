"""Signed values as crisp pictures: one scale with paper at zero, blue above it, orange below."""

from __future__ import annotations

import numpy as np

from core.figures import digit_images
from core.figures.theme import ACCENT, PAPER, SECOND, rgb

STRIP = 64  # units in a row of a strip
ROW, GAP = 16, 2  # maps in a row of a sheet, and pixels between them
FRAME = 2  # pixels: width of a frame around a part of a digit


def find_limit(values: np.ndarray) -> float:
    """Where the colours of a layer are full: what one value in a hundred exceeds, for a single one would leave all
    others pale."""
    return float(np.quantile(np.abs(values), 0.99)) or float(np.abs(values).max())


def shade(values: np.ndarray, limit: float, dark: bool = False) -> np.ndarray:
    """Values (...) as colours (..., 3) uint8: the paper at 0, full blue at `limit` and above, full orange at -`limit`
    and below. A `limit` of 0 leaves all of it paper."""
    share = np.clip(np.nan_to_num(values) / limit if limit else np.zeros_like(values), -1, 1)[..., None]
    paper, above, below = (np.array(rgb(colour[dark]), np.float64) for colour in (PAPER, ACCENT, SECOND))
    mixed = paper + np.abs(share) * np.where(share > 0, above - paper, below - paper)
    shaded: np.ndarray = mixed.round().astype(np.uint8)
    return shaded


def shade_map(values: np.ndarray, limit: float, times: int, dark: bool = False) -> np.ndarray:
    """A map (H, W) as a picture (H * times, W * times, 3) uint8 of squares."""
    return shade(values, limit, dark).repeat(times, 0).repeat(times, 1)


def map_url(values: np.ndarray, limit: float, times: int = 2, dark: bool = False) -> str:
    """A map (H, W) as the address of a PNG that travels inside the page."""
    return digit_images.as_data_url(digit_images.to_png(shade_map(values, limit, times, dark)))


def strip_url(values: np.ndarray, limit: float, dark: bool = False) -> str:
    """Units (C,) as the address of a PNG: squares in rows of `STRIP`, the first at the top left; what is missing in the
    last row is paper."""
    return digit_images.as_data_url(digit_images.to_png(draw_layer(values, limit, dark)))


def draw_layer(values: np.ndarray, limit: float, dark: bool = False) -> np.ndarray:
    """All maps (C, H, W) of a layer side by side in rows of `ROW`, or its units (C,) as a strip: (height, width, 3)
    uint8, grey between the maps."""
    if values.ndim == 1:
        wide = min(STRIP, len(values))
        padded = np.zeros(-(-len(values) // wide) * wide)
        padded[: len(values)] = values
        return shade_map(padded.reshape(-1, wide), limit, 8, dark)
    times = max(1, 56 // values.shape[1])
    tiles = [shade_map(one, limit, times, dark) for one in values]
    high, wide = tiles[0].shape[:2]
    rows = -(-len(tiles) // ROW)
    sheet = np.full((rows * (high + GAP), ROW * (wide + GAP), 3), 128, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // ROW * (high + GAP), number % ROW * (wide + GAP)
        sheet[top : top + high, left : left + wide] = tile
    return sheet[:-GAP, : min(ROW, len(tiles)) * (wide + GAP) - GAP]


def stack(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures (H, W, 3) uint8 below each other on white, as wide as the widest."""
    wide = max(one.shape[1] for one in pictures)
    padded = [np.pad(one, ((0, 4 * GAP), (0, wide - one.shape[1]), (0, 0)), constant_values=255) for one in pictures]
    return np.concatenate(padded)


def lay_over(digit: np.ndarray, evidence: np.ndarray, limit: float, times: int = 8, dark: bool = False) -> np.ndarray:
    """Evidence (28, 28) in colour with the digit (28, 28) in [0, 1] as a grey shadow behind: (H, W, 3) uint8."""
    colours = shade(evidence, limit, dark).astype(np.float64)
    ink = np.array([255.0] * 3) if dark else np.zeros(3)
    share = 0.3 * digit[..., None]  # strong enough to see the strokes, weak enough for the colours
    mixed = (colours + share * (ink - colours)).round().astype(np.uint8)
    return mixed.repeat(times, 0).repeat(times, 1)


def frame_part(digit: np.ndarray, part: tuple[int, int, int, int], times: int = 8, dark: bool = False) -> np.ndarray:
    """A digit (28, 28) in [0, 1] with a frame around the pixels `part` (top, left, bottom, right; the last two not
    included): (28 * times, 28 * times, 3) uint8."""
    picture = digit_images.enlarge(digit, times)[..., None].repeat(3, axis=2)
    top, left, bottom, right = (side * times for side in part)
    colour = np.array(rgb(SECOND[True]), np.uint8)  # the digit is on black in both themes
    for rows, columns in (
        (slice(top, top + FRAME), slice(left, right)),
        (slice(bottom - FRAME, bottom), slice(left, right)),
        (slice(top, bottom), slice(left, left + FRAME)),
        (slice(top, bottom), slice(right - FRAME, right)),
    ):
        picture[rows, columns] = colour
    return picture


def mark_change(before: np.ndarray, after: np.ndarray, times: int = 8) -> np.ndarray:
    """A digit (28, 28) in [0, 1] and what it became: ink that stays is white, what was added blue, what was taken away
    orange, on black as the digit is in both themes: (28 * times, 28 * times, 3) uint8."""
    stays, added, gone = np.minimum(before, after), np.maximum(after - before, 0), np.maximum(before - after, 0)
    blue, orange = (np.array(rgb(colour[True]), np.float64) for colour in (ACCENT, SECOND))
    mixed = stays[..., None] * 255.0 + added[..., None] * blue + gone[..., None] * orange
    marked: np.ndarray = mixed.clip(0, 255).round().astype(np.uint8)
    return marked.repeat(times, 0).repeat(times, 1)

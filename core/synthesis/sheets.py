"""Handwritten digits on sheets of paper: strokes, pens, paper and light, for the ready samples and the benchmarks.

Every digit is a few strokes through points set by hand, written with a slant, a tremble and a changing pressure.
"""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from core.synthesis.drawing import spline
from core.synthesis.drawing import to_bytes as to_bytes  # who draws a sheet needs it as a picture

Colour = tuple[int, int, int]
Strokes = tuple[tuple[tuple[float, float], ...], ...]
BLACK, WHITE = (28, 28, 32), (255, 255, 255)
BLUE, RED, GREEN, VIOLET = (36, 62, 150), (196, 38, 44), (22, 112, 72), (104, 48, 140)
SMOOTH = 40  # points of the curve from one point set by hand to the next
OVERSAMPLING = 4  # strokes are drawn this many times larger and averaged: smooth edges

# Points of each stroke, in order of writing: x to the right, y down, the digit's height is 1.
GLYPHS: dict[str, Strokes] = {
    "0_round": (
        ((0.40, 0.02), (0.14, 0.14), (0.03, 0.48), (0.12, 0.86), (0.34, 1.0), (0.56, 0.84), (0.64, 0.46), (0.53, 0.12),
         (0.34, 0.01), (0.24, 0.05)),
    ),
    "0_slashed": (
        ((0.38, 0.0), (0.12, 0.16), (0.03, 0.5), (0.12, 0.86), (0.34, 1.0), (0.57, 0.84), (0.65, 0.48), (0.55, 0.14),
         (0.36, 0.0)),
        ((0.56, 0.14), (0.36, 0.48), (0.12, 0.86)),
    ),
    "0_looped": (
        ((0.44, 0.1), (0.2, 0.1), (0.04, 0.42), (0.08, 0.8), (0.3, 1.0), (0.54, 0.86), (0.64, 0.5), (0.54, 0.16),
         (0.36, 0.06), (0.38, 0.2), (0.56, 0.16), (0.7, 0.02)),
    ),
    "1_plain": (((0.22, 0.0), (0.18, 0.34), (0.13, 0.7), (0.1, 1.0)),),
    "1_european": (((0.0, 0.36), (0.18, 0.2), (0.34, 0.0)), ((0.34, 0.0), (0.33, 0.34), (0.31, 0.7), (0.3, 1.0))),
    "1_footed": (
        ((0.08, 0.22), (0.2, 0.13), (0.32, 0.0), (0.32, 0.34), (0.31, 0.7), (0.31, 0.99)),
        ((0.1, 1.0), (0.3, 0.985), (0.52, 1.0)),
    ),
    "2_round": (
        ((0.06, 0.24), (0.16, 0.06), (0.38, 0.0), (0.56, 0.12), (0.55, 0.34), (0.36, 0.62), (0.16, 0.84), (0.02, 0.99)),
        ((0.02, 0.99), (0.3, 0.97), (0.64, 0.98)),
    ),
    "2_looped": (
        ((0.06, 0.2), (0.2, 0.03), (0.42, 0.02), (0.56, 0.18), (0.48, 0.42), (0.3, 0.68), (0.1, 0.92), (0.0, 0.92),
         (0.06, 0.8), (0.24, 0.86), (0.44, 0.99), (0.68, 0.92)),
    ),
    "3_round": (
        ((0.06, 0.14), (0.22, 0.01), (0.46, 0.04), (0.52, 0.22), (0.4, 0.4), (0.22, 0.46)),
        ((0.22, 0.46), (0.46, 0.5), (0.6, 0.7), (0.5, 0.92), (0.26, 1.0), (0.02, 0.88)),
    ),
    "3_flat": (
        ((0.04, 0.03), (0.3, 0.02), (0.58, 0.0)),
        ((0.58, 0.0), (0.42, 0.2), (0.26, 0.4)),
        ((0.26, 0.4), (0.5, 0.44), (0.62, 0.66), (0.52, 0.9), (0.28, 1.0), (0.02, 0.9)),
    ),
    "4_open": (
        ((0.12, 0.0), (0.08, 0.26), (0.03, 0.54), (0.12, 0.6), (0.38, 0.58), (0.68, 0.54)),
        ((0.5, 0.08), (0.48, 0.4), (0.45, 0.72), (0.42, 1.0)),
    ),
    "4_closed": (
        ((0.44, 0.0), (0.26, 0.28), (0.0, 0.66)),
        ((0.0, 0.66), (0.3, 0.66), (0.68, 0.64)),
        ((0.45, 0.0), (0.46, 0.4), (0.46, 0.7), (0.46, 1.0)),
    ),
    "5_two_strokes": (
        ((0.14, 0.03), (0.11, 0.22), (0.08, 0.44), (0.3, 0.38), (0.54, 0.48), (0.6, 0.7), (0.46, 0.94), (0.2, 1.0),
         (0.0, 0.9)),
        ((0.14, 0.04), (0.36, 0.03), (0.6, 0.0)),
    ),
    "5_one_stroke": (
        ((0.62, 0.0), (0.4, 0.02), (0.16, 0.04)),
        ((0.16, 0.04), (0.12, 0.22), (0.1, 0.42)),
        ((0.1, 0.42), (0.34, 0.38), (0.55, 0.5), (0.58, 0.74), (0.42, 0.96), (0.18, 1.0), (0.0, 0.92)),
    ),
    "6_curled": (
        ((0.48, 0.0), (0.26, 0.14), (0.09, 0.42), (0.05, 0.74), (0.2, 0.98), (0.44, 0.96), (0.56, 0.76), (0.46, 0.56),
         (0.26, 0.54), (0.08, 0.72)),
    ),
    "6_straight": (
        ((0.36, 0.0), (0.2, 0.28), (0.07, 0.58), (0.08, 0.86), (0.26, 1.0), (0.46, 0.9), (0.5, 0.7), (0.36, 0.56),
         (0.18, 0.6), (0.07, 0.72)),
    ),
    "7_plain": (
        ((0.02, 0.05), (0.3, 0.04), (0.6, 0.0)),
        ((0.6, 0.0), (0.48, 0.28), (0.34, 0.62), (0.22, 1.0)),
    ),
    "7_crossed": (
        ((0.02, 0.08), (0.14, 0.04), (0.36, 0.05), (0.62, 0.0)),
        ((0.62, 0.0), (0.48, 0.3), (0.34, 0.64), (0.26, 1.0)),
        ((0.2, 0.5), (0.4, 0.47), (0.62, 0.45)),
    ),
    "7_hooked": (
        ((0.03, 0.2), (0.06, 0.04)),
        ((0.06, 0.04), (0.3, 0.06), (0.62, 0.02)),
        ((0.62, 0.02), (0.46, 0.32), (0.36, 0.66), (0.33, 1.0)),
    ),
    "8_one_stroke": (
        ((0.52, 0.12), (0.36, 0.0), (0.14, 0.08), (0.1, 0.26), (0.28, 0.44), (0.5, 0.6), (0.56, 0.82), (0.36, 1.0),
         (0.12, 0.92), (0.06, 0.72), (0.24, 0.52), (0.46, 0.36), (0.54, 0.14)),
    ),
    "8_two_rings": (
        ((0.32, 0.0), (0.15, 0.08), (0.13, 0.3), (0.3, 0.43), (0.47, 0.32), (0.48, 0.1), (0.3, 0.0)),
        ((0.3, 0.44), (0.09, 0.56), (0.06, 0.84), (0.3, 1.0), (0.55, 0.86), (0.53, 0.58), (0.3, 0.43)),
    ),
    "9_straight": (
        ((0.52, 0.14), (0.34, 0.0), (0.12, 0.1), (0.07, 0.34), (0.24, 0.47), (0.44, 0.36), (0.53, 0.13)),
        ((0.53, 0.1), (0.51, 0.4), (0.48, 0.7), (0.45, 1.0)),
    ),
    "9_curved": (
        ((0.54, 0.16), (0.36, 0.0), (0.12, 0.1), (0.08, 0.34), (0.26, 0.47), (0.47, 0.34), (0.54, 0.14), (0.57, 0.46),
         (0.5, 0.82), (0.3, 1.0), (0.08, 0.92)),
    ),
}  # fmt: skip


def write(glyph: str, *arguments: Any, **options: Any) -> np.ndarray:
    """One digit by hand, `glyph` a key of `GLYPHS`; the rest as in `write_strokes`."""
    return write_strokes(GLYPHS[glyph], *arguments, **options)


def write_strokes(
    glyph: Strokes,
    size: tuple[int, int],
    height: float,
    pen: float,
    rng: np.random.Generator,
    centre: tuple[float, float] = (0.5, 0.5),
    slant: float = 0.0,
    tremble: float = 1.0,
) -> np.ndarray:
    """What is written by hand: where the pen touched the paper, (H, W) float32 in [0, 1].

    `glyph` holds its strokes as `GLYPHS` does; `size` (width, height), `height` of the digit and width of the `pen` in
    pixels; `centre` as shares of the size; `slant` leans to the right; `tremble` 0 writes the points exactly.
    """
    strokes = [np.array(stroke) for stroke in glyph]
    points = np.concatenate(strokes)
    middle = (points.min(0) + points.max(0)) / 2
    turn = rng.normal(0, 0.03) * tremble
    lean = np.array([[np.cos(turn), -np.sin(turn) - slant], [np.sin(turn), np.cos(turn)]])
    lean[0] *= 1 + rng.normal(0, 0.05) * tremble
    ink = np.zeros((size[1] * OVERSAMPLING, size[0] * OVERSAMPLING), np.uint8)
    end = None
    for stroke in strokes:
        # The same point twice is a corner: the pen turns there and is not lifted.
        start = stroke[0] + rng.normal(0, 0.012, 2) * tremble if end is None or tuple(stroke[0]) != end[0] else end[1]
        moved = stroke + rng.normal(0, 0.012, stroke.shape) * tremble
        moved[0] = start
        end = (tuple(stroke[-1]), moved[-1])
        path = (spline(moved, SMOOTH) - middle) @ lean.T * height + np.array(centre) * size
        _stroke(ink, path * OVERSAMPLING, pen * OVERSAMPLING, rng, tremble)
    covered = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    return covered.astype(np.float32) / 255


def _stroke(ink: np.ndarray, path: np.ndarray, pen: float, rng: np.random.Generator, tremble: float) -> None:
    """Draw a path (N, 2) into `ink` with a pressure that comes and goes: the pen is thinner where it leaves."""
    along = np.linspace(0, 1, len(path))
    waves = sum(rng.normal(0, 0.08) * np.sin(2 * np.pi * (f * along + rng.random())) for f in (0.7, 1.5, 2.8))
    leaving = np.clip((1 - along) * 7, 0, 1) * 0.35 + 0.65
    pressure = (1 + tremble * waves) * (1 - tremble * (1 - leaving)) if tremble else np.ones(len(path))
    shake = sum(rng.normal(0, 0.04, 2) * np.sin(2 * np.pi * (f * along[:, None] + rng.random())) for f in (3, 5))
    path = path + tremble * pen * shake
    for (x, y), width in zip(path, pen * pressure, strict=True):
        cv2.circle(ink, (round(x * 16), round(y * 16)), max(1, round(width * 8)), 255, -1, cv2.LINE_AA, shift=4)


def make_paper(size: tuple[int, int], colour: Colour, rng: np.random.Generator, grain: float = 0.0) -> np.ndarray:
    """Plain paper (H, W, 3) float32 in [0, 1] with fibres: `grain` is the spread of brightness, as a share."""
    sheet = np.ones((size[1], size[0], 3), np.float32) * np.array(colour, np.float32) / 255
    fibres = cv2.GaussianBlur(rng.normal(0, 1, sheet.shape[:2]).astype(np.float32), (0, 0), 1.1)
    clouds = cv2.resize(rng.normal(0, 1, (5, 5)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    return sheet * (1 + grain * (2 * fibres + 0.7 * clouds))[..., None]


def rule(sheet: np.ndarray, spacing: float, colour: Colour, strength: float, both_ways: bool = False) -> np.ndarray:
    """The paper (H, W, 3) with lines `spacing` pixels apart, squared with `both_ways`; `strength` 0 to 1."""
    lines = np.zeros(sheet.shape[:2], np.float32)
    for at in np.arange(spacing * 0.6, sheet.shape[0], spacing):
        lines[round(at) : round(at) + 1 + sheet.shape[0] // 400] = 1
    if both_ways:
        for at in np.arange(spacing * 0.4, sheet.shape[1], spacing):
            lines[:, round(at) : round(at) + 1 + sheet.shape[1] // 400] = 1
    return lay_ink(sheet, lines * strength, colour)


def shade(sheet: np.ndarray, depth: float, angle: float = 0.35, softness: float = 0.05) -> np.ndarray:
    """The picture with a shadow over half of it: `depth` 0 to 1, its edge at `angle` (radians from upright)."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = ((x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)) / softness
    return sheet * (1 - depth / (1 + np.exp(-np.clip(distance, -50, 50))))[..., None]


def lay_ink(sheet: np.ndarray, covered: np.ndarray, colour: Colour) -> np.ndarray:
    """The paper (H, W, 3) with ink of a colour where `covered` (H, W) says so."""
    return sheet * (1 - covered[..., None]) + covered[..., None] * np.array(colour, np.float32) / 255


def rub(covered: np.ndarray, rng: np.random.Generator, roughness: float = 0.6) -> np.ndarray:
    """Pencil or chalk: the ink holds on the paper's fibres only, softer at its edges."""
    fibres = cv2.GaussianBlur(rng.normal(0, 1, covered.shape).astype(np.float32), (0, 0), 0.8)
    fibres = np.clip(0.75 + roughness * fibres, 0, 1)
    return cv2.GaussianBlur(covered, (0, 0), 0.7) * fibres


def encode(image: Image.Image | np.ndarray, suffix: str, **options: Any) -> bytes:
    """The bytes of a picture file. Options go to Pillow."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    standard: dict[str, dict[str, int]] = {
        "png": {"optimize": True},
        "jpg": {"quality": 82},
        "webp": {"quality": 80, "method": 6},
    }
    image.save(buffer, {"jpg": "JPEG"}.get(suffix, suffix.upper()), **{**standard[suffix], **options})
    return buffer.getvalue()

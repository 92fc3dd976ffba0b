"""Draw the pictures in samples/, the same at every run: `python scripts/draw_samples.py [--folder PATH]`.

Every digit is a few strokes through points set by hand, written with a slant, a tremble and a changing pressure on
paper made up here; only the ones named `mnist` are digits of the MNIST test set, enlarged.
"""

import argparse
import io
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.workspace import SHIPPED

Colour = tuple[int, int, int]
BLACK, WHITE = (28, 28, 32), (255, 255, 255)
BLUE, RED, GREEN, VIOLET = (36, 62, 150), (196, 38, 44), (22, 112, 72), (104, 48, 140)
OVERSAMPLING = 4  # strokes are drawn this many times larger and averaged: smooth edges

# Points of each stroke, in order of writing: x to the right, y down, the digit's height is 1.
GLYPHS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
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


def write(
    glyph: str,
    size: tuple[int, int],
    height: float,
    pen: float,
    rng: np.random.Generator,
    centre: tuple[float, float] = (0.5, 0.5),
    slant: float = 0.0,
    tremble: float = 1.0,
) -> np.ndarray:
    """One digit by hand: where the pen touched the paper, (H, W) float32 in [0, 1].

    `glyph` is a key of `GLYPHS`; `size` (width, height), `height` of the digit and width of the `pen` in pixels;
    `centre` as shares of the size; `slant` leans to the right; `tremble` 0 writes the points exactly.
    """
    strokes = [np.array(stroke) for stroke in GLYPHS[glyph]]
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
        path = (_smooth(moved) - middle) @ lean.T * height + np.array(centre) * size
        _stroke(ink, path * OVERSAMPLING, pen * OVERSAMPLING, rng, tremble)
    covered = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    return covered.astype(np.float32) / 255


def _smooth(points: np.ndarray, pieces: int = 40) -> np.ndarray:
    """A Catmull-Rom spline through points (N, 2): (N * pieces, 2)."""
    around = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, pieces, endpoint=False)[:, None]
    curves = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        curves.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*curves, points[-1:]])


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
    """The paper with printed lines, `spacing` pixels apart; `both_ways` makes it squared. `strength` 0 to 1."""
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


def to_bytes(sheet: np.ndarray) -> np.ndarray:
    """(H, W, 3) float in [0, 1] -> uint8."""
    return (np.clip(sheet, 0, 1) * 255).round().astype(np.uint8)


def encode(image: Image.Image | np.ndarray, suffix: str, **options: object) -> bytes:
    """The bytes of a picture file. Options go to Pillow."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    standard = {"png": {"optimize": True}, "jpg": {"quality": 82}, "webp": {"quality": 80, "method": 6}}[suffix]
    image.save(buffer, {"jpg": "JPEG"}.get(suffix, suffix.upper()), **{**standard, **options})
    return buffer.getvalue()


# --- the pictures -----------------------------------------------------------------------------------------------------

SAMPLES: dict[str, Callable[[np.random.Generator], bytes]] = {}


def sample(name: str) -> Callable:
    """Register a function that draws the picture file `name`; its chance is seeded by that name."""

    def register(draw: Callable[[np.random.Generator], bytes]) -> Callable:
        SAMPLES[name] = draw
        return draw

    return register


@sample("0_slashed_blue_ballpoint.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((360, 400), (247, 246, 240), rng, 0.008)
    return encode(to_bytes(lay_ink(sheet, write("0_slashed", (360, 400), 270, 9, rng, slant=0.12), BLUE)), "jpg")


@sample("0_looped_felt_pen.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((320, 320), (252, 250, 246), rng, 0.006)
    return encode(to_bytes(lay_ink(sheet, write("0_looped", (320, 320), 210, 26, rng), BLACK) * 0.99), "webp")


@sample("0_round_chalk_on_blackboard.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((400, 340), (42, 62, 54), rng, 0.05)
    covered = rub(write("0_round", (400, 340), 230, 15, rng, (0.48, 0.5)), rng, 0.5)
    return encode(to_bytes(lay_ink(sheet, covered * 0.95, (238, 238, 228))), "jpg")


@sample("1_european_on_ruled_paper.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = rule(make_paper((340, 420), (250, 249, 244), rng, 0.006), 58, (120, 160, 205), 0.55)
    return encode(to_bytes(lay_ink(sheet, write("1_european", (340, 420), 240, 8, rng, slant=0.1), BLUE)), "webp")


@sample("1_footed_white_on_black_with_frame.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("1_footed", (240, 240), 160, 17, rng, slant=0.05)
    covered[[0, 1, -2, -1], :] = covered[:, [0, 1, -2, -1]] = 1
    return encode((covered * 255).round().astype(np.uint8), "png")


@sample("1_plain_leaning_green_pen.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((300, 380), (244, 240, 226), rng, 0.01)
    return encode(to_bytes(lay_ink(sheet, write("1_plain", (300, 380), 240, 12, rng, slant=0.22), GREEN)), "jpg")


@sample("2_looped_violet_ink.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("2_looped", (280, 300), 190, 10, rng, slant=0.12)
    return encode(Image.fromarray(to_bytes(lay_ink(np.ones((300, 280, 3)), covered, VIOLET))).quantize(32), "png")


@sample("2_round_shadow_over_half.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((420, 420), (238, 234, 224), rng, 0.012)
    sheet = lay_ink(sheet, write("2_round", (420, 420), 250, 14, rng, (0.5, 0.48)), (30, 34, 52))
    return encode(to_bytes(shade(sheet, 0.42)), "jpg")


@sample("2_small_on_a_large_page.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((600, 480), (249, 248, 243), rng, 0.006)
    return encode(to_bytes(lay_ink(sheet, write("2_round", (600, 480), 92, 5, rng, (0.7, 0.32)), BLACK)), "webp")


@sample("3_flat_top_red_pen.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((340, 380), (250, 248, 242), rng, 0.007)
    return encode(to_bytes(lay_ink(sheet, write("3_flat", (340, 380), 260, 10, rng, slant=0.08), RED)), "jpg")


@sample("3_round_pencil.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((340, 360), (246, 244, 238), rng, 0.01)
    covered = rub(write("3_round", (340, 360), 240, 8, rng, slant=0.06), rng)
    return encode(to_bytes(lay_ink(sheet, covered * 0.62, (92, 92, 98))), "webp")


@sample("3_white_ink_on_transparent.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("3_round", (256, 256), 176, 16, rng)
    alpha = (covered * 255).round().astype(np.uint8)
    return encode(Image.merge("LA", [Image.new("L", (256, 256), 255), Image.fromarray(alpha)]), "png")


@sample("4_closed_black_felt_pen.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("4_closed", (280, 280), 180, 22, rng)
    return encode(((1 - covered) * 255).round().astype(np.uint8), "png")


@sample("4_open_black_ink_on_transparent.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("4_open", (256, 256), 176, 12, rng, slant=0.1)
    alpha = (covered * 255).round().astype(np.uint8)
    return encode(Image.merge("LA", [Image.new("L", (256, 256), 0), Image.fromarray(alpha)]), "png")


@sample("4_open_on_yellow_note.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((360, 360), (252, 226, 110), rng, 0.012)
    return encode(to_bytes(lay_ink(sheet, write("4_open", (360, 360), 230, 11, rng, slant=0.12), BLUE)), "jpg")


@sample("5_photo_with_rotation_tag.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((360, 460), (236, 232, 222), rng, 0.012)
    sheet = lay_ink(sheet, write("5_two_strokes", (360, 460), 270, 11, rng, slant=0.1), (32, 40, 84))
    image = Image.fromarray(to_bytes(shade(sheet, 0.2, 1.2, 0.4)))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side, to be turned a quarter clockwise when shown
    return encode(image.transpose(Image.Transpose.ROTATE_90), "jpg", exif=exif)


@sample("5_one_stroke_on_squared_paper.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = rule(make_paper((380, 400), (250, 250, 247), rng, 0.006), 38, (150, 175, 200), 0.5, both_ways=True)
    return encode(to_bytes(lay_ink(sheet, write("5_one_stroke", (380, 400), 250, 9, rng), BLACK)), "webp")


@sample("5_thin_pencil.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((320, 380), (243, 240, 232), rng, 0.01)
    covered = rub(write("5_two_strokes", (320, 380), 240, 5, rng, slant=0.08), rng, 0.4)
    return encode(to_bytes(lay_ink(sheet, covered * 0.7, (78, 78, 84))), "jpg")


@sample("6_curled_on_pink_paper.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((340, 380), (244, 206, 208), rng, 0.01)
    return encode(to_bytes(lay_ink(sheet, write("6_curled", (340, 380), 250, 13, rng), (56, 40, 60))), "jpg")


@sample("6_sixteen_bits_deep.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("6_straight", (200, 220), 160, 10, rng, slant=0.1)
    return encode(Image.fromarray(((1 - 0.85 * covered) * 61_000).round().astype(np.uint16)), "png")


@sample("6_white_marker_on_blue.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((360, 340), (28, 58, 104), rng, 0.02)
    covered = write("6_curled", (360, 340), 220, 20, rng, slant=-0.04)
    return encode(to_bytes(lay_ink(sheet, covered, (246, 248, 250))), "webp")


@sample("7_crossed_on_squared_paper.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = rule(make_paper((400, 420), (250, 250, 248), rng, 0.006), 42, (130, 165, 210), 0.5, both_ways=True)
    return encode(to_bytes(lay_ink(sheet, write("7_crossed", (400, 420), 270, 10, rng), BLUE)), "webp")


@sample("7_hooked_on_kraft_paper.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((340, 380), (196, 160, 116), rng, 0.025)
    return encode(to_bytes(lay_ink(sheet, write("7_hooked", (340, 380), 250, 15, rng), (34, 28, 26))), "jpg")


@sample("7_plain_in_the_corner.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("7_plain", (320, 320), 96, 9, rng, (0.2, 0.22), slant=0.05)
    return encode(((1 - covered) * 255).round().astype(np.uint8), "png")


@sample("8_one_stroke_red_on_ruled_paper.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = rule(make_paper((360, 420), (251, 250, 245), rng, 0.006), 52, (130, 165, 205), 0.5)
    return encode(to_bytes(lay_ink(sheet, write("8_one_stroke", (360, 420), 270, 10, rng, slant=0.1), RED)), "webp")


@sample("8_two_rings_broad_brush.png")
def _(rng: np.random.Generator) -> bytes:
    covered = write("8_two_rings", (280, 280), 200, 24, rng)
    return encode(((1 - covered) * 255).round().astype(np.uint8), "png")


@sample("8_yellow_on_violet.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((320, 340), (74, 40, 104), rng, 0.02)
    covered = write("8_one_stroke", (320, 340), 230, 16, rng, slant=0.05)
    return encode(to_bytes(lay_ink(sheet, covered, (250, 214, 74))), "webp")


@sample("9_curved_faint_ink.jpg")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((340, 380), (240, 238, 232), rng, 0.006)
    return encode(to_bytes(lay_ink(sheet, write("9_curved", (340, 380), 250, 9, rng) * 0.5, (96, 110, 150))), "jpg")


@sample("9_straight_desk_lamp.webp")
def _(rng: np.random.Generator) -> bytes:
    sheet = make_paper((420, 380), (244, 236, 214), rng, 0.01)
    sheet = lay_ink(sheet, write("9_straight", (420, 380), 240, 12, rng, (0.47, 0.52), slant=0.1), BLACK)
    y, x = np.mgrid[0:380, 0:420].astype(np.float32)
    lamp = np.exp(-(((x - 120) / 330) ** 2) - ((y - 90) / 330) ** 2)
    return encode(to_bytes(sheet * (0.45 + 0.58 * lamp)[..., None]), "webp")


# Position in the MNIST test set, how it is enlarged, paper and ink.
MNIST = (
    (0, Image.Resampling.NEAREST, (0, 0, 0), WHITE),
    (1, Image.Resampling.BICUBIC, (0, 0, 0), WHITE),
    (2, Image.Resampling.BICUBIC, WHITE, BLACK),
    (3, Image.Resampling.NEAREST, (0, 0, 0), WHITE),
    (4, Image.Resampling.BICUBIC, (250, 243, 224), BLUE),
    (7, Image.Resampling.NEAREST, WHITE, (0, 0, 0)),
    (11, Image.Resampling.BICUBIC, (0, 0, 0), (120, 230, 160)),
    (61, Image.Resampling.BICUBIC, (0, 0, 0), WHITE),
)


def draw_mnist(folder: Path) -> list[Path]:
    """Enlarge some MNIST test digits into `folder`; gives their paths."""
    from core.data import mnist

    digits, paths = mnist.load(train=False), []
    for index, method, paper, ink in MNIST:
        small = Image.fromarray(digits.images[index].numpy())
        covered = np.asarray(small.resize((168, 168), method), np.float32) / 255
        sheet = lay_ink(np.ones((168, 168, 3)) * np.array(paper) / 255, covered, ink)
        image = Image.fromarray(to_bytes(sheet)).quantize(64)
        paths.append(folder / f"{int(digits.labels[index])}_mnist_test_{index}_enlarged.png")
        paths[-1].write_bytes(encode(image, "png"))
    return paths


def draw(name: str) -> bytes:
    """The bytes of the sample `name`, the same at every call."""
    return SAMPLES[name](np.random.default_rng(zlib.crc32(name.encode())))


def main() -> None:
    """Write every sample and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=SHIPPED / "samples")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in SAMPLES]
    for path in paths:
        path.write_bytes(draw(path.name))
    paths += draw_mnist(folder)
    sizes = [path.stat().st_size for path in paths]
    print(f"{len(paths)} pictures, {sum(sizes) / 1000:.0f} kB, the largest {max(sizes) / 1000:.0f} kB")


if __name__ == "__main__":
    main()

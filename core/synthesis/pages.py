"""Drawn photographs of pages, with the share of ink in every pixel: what the ink network learns from.

Handwriting lies on paper of every kind (`PAPERS`), under light, and goes through a camera. Nothing here is a picture
somebody took: strokes are MNIST's, those of pen_digits.py, and letters and signs of fonts.py and drawing.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT, UNLABELLED
from core.synthesis import fonts
from core.synthesis.drawing import SYMBOLS, change_pen, crop
from core.synthesis.drawing import write as write_sign
from core.synthesis.non_digits import enlarge
from core.synthesis.patterns import PATTERNS, mottle
from core.synthesis.pen_digits import PenDigit, trace

SMALLEST, LARGEST = 96, 480  # pixels: longer side of a page
FAINTEST = 0.045  # of full scale: ink by which the picture differs less, or less than noise, is not seen: it is no ink
LEGIBLE = 10  # pixels: writing isn't reduced to less than this, or nobody could say what is ink
INKS = (
    (28, 28, 32),
    (36, 62, 150),
    (60, 60, 66),
    (196, 38, 44),
    (22, 112, 72),
    (104, 48, 140),
    (92, 92, 96),
    (30, 40, 90),
)
CHALKS = ((240, 240, 236), (250, 244, 200), (255, 255, 255), (200, 226, 250))


@dataclass(frozen=True, eq=False)
class Page:
    """`colours` (H, W, 3) uint8 and the `ink`, how much of each pixel the pen covers where one can see it: (H, W)
    uint8, 255 for all of it. `paper` is its kind, of `PAPERS`. `label` is the digit, 0 to 9, that is written there by
    itself, `NO_DIGIT` where there is a letter, a sign or nothing, and `UNLABELLED` where there is more."""

    colours: np.ndarray
    ink: np.ndarray
    paper: str
    label: int


@dataclass(frozen=True)
class Hand:
    """Where strokes come from: digits of MNIST, digits drawn on a tablet, and characters of typefaces."""

    digits: DigitSet
    pen_digits: Sequence[PenDigit]
    glyphs: Sequence[fonts.Glyph]


def draw(hand: Hand, rng: np.random.Generator, papers: Sequence[str] | None = None) -> Page:
    """A random page on one of the papers, all by default. Takes about 20 milliseconds."""
    names = list(PAPERS) if papers is None else list(papers)
    paper = names[rng.integers(len(names))]
    longest = round(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
    shape = longest, max(24, round(longest * np.exp(-abs(rng.normal(0, 0.35)))))
    shape = shape if rng.random() < 0.4 else shape[::-1]
    is_chalk = paper == "blackboard"
    covered, height, label = _write(shape, hand, rng)
    sheet = _paper(shape, is_chalk, rng)
    sheet, covered = PAPERS[paper](_Sheet(sheet, covered, height, is_chalk, hand), rng)
    if rng.random() < 0.5:
        sheet = _print_on(sheet, covered, height, is_chalk, hand, rng)
    colour = np.array((CHALKS if is_chalk else INKS)[rng.integers(len(CHALKS if is_chalk else INKS))], np.float32) / 255
    colour = np.clip(colour + rng.normal(0, 0.03, 3), 0, 1).astype(np.float32)
    strongest = rng.uniform(0.7, 1.0) if rng.random() < 0.6 else np.exp(rng.uniform(np.log(0.3), 0.0))
    alpha = (_press(covered, rng) * strongest)[..., None]
    if is_chalk or rng.random() < 0.5:  # the pen covers what is below,
        written = sheet * (1 - alpha) + alpha * colour
    else:  # or both darken
        written = sheet * (1 - alpha * (1 - colour))
    light = _light(shape, rng)[..., None]
    picture, ink = _photograph(written * light, sheet * light, covered, height, paper, rng)
    return Page(picture, (np.clip(ink, 0, 1) * 255).round().astype(np.uint8), paper, label)


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(shape: tuple[int, int], hand: Hand, rng: np.random.Generator) -> tuple[np.ndarray, float, int]:
    """Nothing, one character, or lines of them: (H, W) float32 in [0, 1], their height in pixels and the label."""
    covered = np.zeros(shape, np.float32)
    high, wide = shape
    layout = rng.choice(("nothing", "one", "fills", "line", "lines"), p=(0.1, 0.36, 0.2, 0.17, 0.17))
    if layout == "nothing":
        return covered, 0.3 * high, NO_DIGIT
    pen = np.exp(rng.uniform(np.log(0.018), np.log(0.22)))  # of the height: from a hairline to a marker
    if layout in ("one", "fills"):
        height = high * (
            rng.uniform(0.85, 1.1) if layout == "fills" else np.exp(rng.uniform(np.log(0.1), np.log(0.85)))
        )
        height = max(12.0, min(height, 1.3 * wide))
        slack = 0.08 if layout == "fills" else 0.25
        centre = np.array([wide, high]) * np.clip(rng.normal(0.5, slack, 2), 0.1, 0.9)
        one, label = _character(height, pen, hand, rng)
        _lay(covered, one, centre)
        if rng.random() < 0.15:  # a neighbour's stroke at the edge
            side = wide if rng.random() < 0.5 else 0
            beside, _ = _character(height, pen, hand, rng)
            _lay(covered, beside, np.array([side, centre[1] + rng.normal(0, 0.05) * height]))
        return covered, height, label
    rows = 1 if layout == "line" else int(rng.integers(2, 6))
    height = max(10.0, high / rows * rng.uniform(0.35, 0.85))
    gap, spread = rng.uniform(-0.02, 0.5), rng.uniform(0.02, 0.12)
    for row in range(rows):
        x, y = wide * rng.uniform(-0.05, 0.4), high * (row + 0.5) / rows + rng.normal(0, 0.05) * height
        for _ in range(int(rng.integers(1, 8))):
            one, _ = _character(height * (1 + rng.normal(0, spread)), pen, hand, rng)
            if x > wide:
                break
            _lay(covered, one, np.array([x + one.shape[1] / 2, y + rng.normal(0, spread) * height / 2]))
            x += one.shape[1] + (gap + rng.normal(0, 0.05)) * height
    return covered, height, UNLABELLED


def _character(height: float, pen: float, hand: Hand, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """One character `height` pixels high, its strokes `pen` times as wide: (h, w) float32 in [0, 1], cut to its ink,
    and the digit that it is, or `NO_DIGIT`."""
    source, tall, label = rng.random(), max(48, round(height)), NO_DIGIT
    lean, wide = rng.normal(0, 0.15), np.exp(rng.normal(0, 0.12))
    if source < 0.5:
        one = hand.pen_digits[int(rng.integers(len(hand.pen_digits)))]
        if one.label not in (1, 4, 7) and rng.random() < 0.3:  # straight strokes are what rules are taken for
            one = hand.pen_digits[int(rng.integers(len(hand.pen_digits)))]
        ink, label = trace(one, tall, max(1.5, pen * tall), rng) > 0, one.label
    elif source < 0.82:
        at = int(rng.integers(len(hand.digits)))
        ink, label = enlarge(hand.digits.images[at].numpy(), rng) > 0, int(hand.digits.labels[at])
        ink = change_pen(ink, rng, -4, 14)
    elif source < 0.93:
        ink = fonts.write(hand.glyphs[int(rng.integers(len(hand.glyphs)))], rng)
    else:
        ink = write_sign(SYMBOLS[rng.choice(list(SYMBOLS))], rng)
    ink = crop(ink) if ink.any() else np.ones((40, 5), bool)
    scale = height / len(ink)
    side = abs(lean) * len(ink) + 2
    size = max(2, round((ink.shape[1] * wide + 2 * side) * scale)), max(2, round(height + 2))
    matrix = np.array([[scale * wide, -lean * scale, (side + lean * len(ink) / 2) * scale], [0, scale, 1]], np.float32)
    drawn: np.ndarray = ink.astype(np.float32)
    if scale < 1:
        drawn = cv2.GaussianBlur(drawn, (0, 0), 0.4 / scale)
    drawn = np.clip(cv2.warpAffine(drawn, matrix, size), 0, 1)
    columns = np.flatnonzero((drawn > 0.2).any(0))
    return (drawn[:, columns[0] : columns[-1] + 1] if len(columns) else drawn), label


def _lay(covered: np.ndarray, one: np.ndarray, centre: np.ndarray) -> None:
    """A character on the sheet, its middle at `centre` (x, y); what would be outside is cut off."""
    left, top = round(centre[0] - one.shape[1] / 2), round(centre[1] - len(one) / 2)
    x, y = max(0, left), max(0, top)
    bottom, right = min(len(covered), top + len(one)), min(covered.shape[1], left + one.shape[1])
    if y < bottom and x < right:
        part = one[y - top : bottom - top, x - left : right - left]
        place = covered[y : y + len(part), x : x + part.shape[1]]
        np.maximum(place, part, out=place)


def _press(covered: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How much ink a stroke left: pressure comes and goes, a rough pen skips."""
    pressed = covered * np.clip(1 - rng.uniform(0, 0.5) * mottle(covered.shape, rng.uniform(8, 60), rng) ** 2, 0.3, 1)
    if rng.random() < 0.25:
        fibres = cv2.GaussianBlur(rng.normal(0, 1, covered.shape).astype(np.float32), (0, 0), 0.8)
        pressed = pressed * np.clip(0.8 + rng.uniform(0.2, 0.9) * fibres / fibres.std() * 0.5, 0, 1)
    return pressed.astype(np.float32)


# --- paper ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Sheet:
    """A sheet (H, W, 3) float32 in [0, 1], what will be written on it, and how high that is in pixels."""

    colours: np.ndarray
    covered: np.ndarray
    height: float
    is_dark: bool
    hand: Hand


Drawn = tuple[np.ndarray, np.ndarray]
"""A sheet and what is written on it."""


def _paper(shape: tuple[int, int], is_dark: bool, rng: np.random.Generator) -> np.ndarray:
    """A sheet of some colour with grain of several sizes."""
    if is_dark:
        base: np.ndarray = np.array([[40, 62, 50], [38, 40, 44], [30, 46, 74]][rng.integers(3)], np.float32) / 255
    else:
        base = rng.uniform(0.55, 1.0) * (1 - np.abs(rng.normal(0, 0.05, 3))).astype(np.float32)
    sheet: np.ndarray = np.ones((*shape, 3), np.float32) * base
    strength = np.exp(rng.uniform(np.log(0.002), np.log(0.06)))
    for size in (1.0, 3.0, 12.0):
        sheet *= (1 + strength * rng.uniform(0, 1) * mottle(shape, size, rng))[..., None]
    return sheet


def _lay_print(sheet: np.ndarray, printed: np.ndarray, is_dark: bool, rng: np.random.Generator) -> np.ndarray:
    """Print on the sheet, from hardly visible to darker than any pen: `printed` (H, W) in [0, 1]."""
    strength = np.exp(rng.uniform(np.log(0.08), 0.0)) * printed[..., None]
    tint = np.array((CHALKS if is_dark else INKS)[rng.integers(len(CHALKS))], np.float32) / 255
    return sheet * (1 - strength) + strength * tint


def _mesh(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return x, y


def _lines(
    shape: tuple[int, int], apart: float, thick: float, angle: float, bend: float, rng: np.random.Generator
) -> np.ndarray:
    """Parallel lines `apart` pixels apart at an angle in radians from level, `bend` pixels out of straight."""
    x, y = _mesh(shape)
    across = y * np.cos(angle) - x * np.sin(angle)
    if bend:
        along = x * np.cos(angle) + y * np.sin(angle)
        across = across + bend * np.sin(along / max(shape) * rng.uniform(1, 5) + rng.uniform(0, 6))
    distance = np.abs((across / apart + rng.random()) % 1 - 0.5) * apart
    return np.clip(thick / 2 + 0.5 - distance, 0, 1).astype(np.float32)


def _plain(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """Nothing on it."""
    return sheet.colours, sheet.covered


def _ruled(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """Ruled or squared, straight, aslant or curved."""
    shape = sheet.covered.shape
    apart = max(5.0, sheet.height * np.exp(rng.uniform(np.log(0.25), np.log(1.6))))
    angle = rng.normal(0, 0.03) if rng.random() < 0.5 else rng.uniform(-0.8, 0.8)
    thick, bend = np.exp(rng.uniform(np.log(0.8), np.log(max(1.0, 0.05 * sheet.height + 1)))), 0.0
    if rng.random() < 0.3:
        bend = rng.uniform(0.01, 0.08) * max(shape)
    printed = _lines(shape, apart, thick, angle, bend, rng)
    if rng.random() < 0.65:
        printed = np.maximum(printed, _lines(shape, apart, thick, angle + np.pi / 2, bend, rng))
    return _lay_print(sheet.colours, printed, sheet.is_dark, rng), sheet.covered


def _cells(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """The sides of cells and frames, which cut through the writing or lie at the border of the picture."""
    high, wide = sheet.covered.shape
    printed = np.zeros((high, wide), np.float32)
    thick = max(1.0, np.exp(rng.uniform(np.log(0.01), np.log(0.06))) * max(high, wide))
    for axis in (0, 1):
        length = (high, wide)[axis]
        places = [abs(rng.normal(0, 0.05)) * length, length - abs(rng.normal(0, 0.05)) * length]
        places += list(rng.uniform(0, length, int(rng.integers(0, 3))))
        for place in places:
            if rng.random() < 0.7:
                tilt, one = rng.normal(0, 0.03) * (high, wide)[1 - axis], np.zeros((high, wide), np.uint8)
                ends = ((place - tilt, 0), (place + tilt, (high, wide)[1 - axis]))
                start, end = ((round(b), round(a)) if axis == 0 else (round(a), round(b)) for a, b in ends)
                cv2.line(one, start, end, 255, max(1, round(thick * rng.uniform(0.7, 1.3))), cv2.LINE_AA)
                printed = np.maximum(printed, one.astype(np.float32) / 255)
    return _lay_print(sheet.colours, printed, sheet.is_dark, rng), sheet.covered


def _document(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """Fine print against forgery, as on cheques and tickets."""
    x, y = _mesh(sheet.covered.shape)
    printed = np.zeros(sheet.covered.shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        printed = np.maximum(printed, rng.uniform(0.1, 0.9) * PATTERNS[rng.integers(len(PATTERNS))](x, y, rng))
    return _lay_print(sheet.colours, printed, sheet.is_dark, rng), sheet.covered


def _through(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """Writing on the other side of the sheet shows through: mirrored, blurred, faint."""
    back, *_ = _write(sheet.covered.shape, sheet.hand, rng)
    back = cv2.GaussianBlur(back[:, ::-1], (0, 0), np.exp(rng.uniform(np.log(1.2), np.log(4))))
    tint = np.array(INKS[rng.integers(len(INKS))], np.float32) / 255
    return sheet.colours * (1 - (rng.uniform(0.04, 0.2) * back)[..., None] * (1 - tint)), sheet.covered


def _folded(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """Folds with a light and a dark side, and crumpled paper."""
    colours, (x, y) = sheet.colours, _mesh(sheet.covered.shape)
    for _ in range(int(rng.integers(1, 6))):
        angle, reach = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(1.0), np.log(30)))
        away = (x - rng.uniform(0, x.shape[1])) * np.cos(angle) + (y - rng.uniform(0, x.shape[0])) * np.sin(angle)
        away = away + rng.uniform(0, 4) * mottle(x.shape, 30, rng)
        ridge = np.sign(away) * np.exp(-np.abs(away) / reach) if rng.random() < 0.7 else np.exp(-((away / reach) ** 2))
        colours = colours * (1 + rng.uniform(-0.28, 0.28) * ridge)[..., None]
    return colours, sheet.covered


def _patched(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """Stickers, tape, holes of a binder, a band of highlighter."""
    colours, (high, wide) = sheet.colours.copy(), sheet.covered.shape
    covered = sheet.covered
    for _ in range(int(rng.integers(1, 4))):
        kind, patch = rng.integers(4), np.zeros((high, wide), np.uint8)
        middle = rng.uniform(0, wide), rng.uniform(0, high)
        if kind == 0:
            for hole in np.arange(rng.uniform(0, 30), high, rng.uniform(14, 60)):
                cv2.circle(
                    patch,
                    (round(min(middle[0], 0.15 * wide)), round(hole)),
                    int(rng.integers(2, 9)),
                    255,
                    -1,
                    cv2.LINE_AA,
                )
            colours = colours * (1 - patch[..., None] / 255 * rng.uniform(0.3, 0.9))
            covered = covered * (1 - patch / 255)
            continue
        size = rng.uniform(0.1, 0.9, 2) * (wide, high) * ((1, 1) if kind == 1 else (1, 0.3))
        corners = cv2.boxPoints((middle, (size[0], size[1]), rng.normal(0, 12)))
        cv2.fillPoly(patch, [np.round(corners).astype(np.int32)], 255, cv2.LINE_AA)
        alpha = patch[..., None].astype(np.float32) / 255 * (1.0 if kind == 1 else rng.uniform(0.1, 0.7))
        tint = rng.uniform(0.5, 1.0, 3).astype(np.float32) if kind != 3 else np.array([1, rng.uniform(0.7, 1), 0.3])
        colours = colours * (1 - alpha) + alpha * tint * (colours if kind == 3 else 1.0)
    return colours.astype(np.float32), covered.astype(np.float32)


def _board(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """A blackboard with what was wiped away, or a whiteboard with the lamp in it."""
    colours, (x, y) = sheet.colours, _mesh(sheet.covered.shape)
    wiped, *_ = _write(sheet.covered.shape, sheet.hand, rng)
    # What is hardly wiped is still writing.
    smear = cv2.blur(
        wiped, (round(rng.uniform(0.3, 1.2) * sheet.height) + 3, round(rng.uniform(0.1, 0.4) * sheet.height) + 3)
    )
    cloud = np.clip(mottle(x.shape, rng.uniform(10, 60), rng), 0, 2) * rng.uniform(0, 0.12)
    colours = colours + (rng.uniform(0, 0.25) * smear + cloud)[..., None] * (1 if sheet.is_dark else -1)
    away = np.hypot(x - rng.uniform(0, x.shape[1]), y - rng.uniform(0, x.shape[0])) / max(x.shape)
    glare = rng.uniform(0, 0.5) * np.exp(-((away / rng.uniform(0.05, 0.3)) ** 2))
    return np.clip(colours + glare[..., None], 0, 1).astype(np.float32), sheet.covered


def _screen(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """A screen taken with a phone: moire, and a spreadsheet's thin grid."""
    x, y = _mesh(sheet.covered.shape)
    colours = sheet.colours
    for _ in range(2):
        angle, apart = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(2.2), np.log(14)))
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / apart + rng.uniform(0, 3) * np.sin(y / 40))
        colours = colours * (1 + (rng.uniform(0, 0.1) * wave)[..., None] * rng.uniform(0.3, 1, 3).astype(np.float32))
    if rng.random() < 0.5:
        return _ruled(_Sheet(colours.astype(np.float32), sheet.covered, sheet.height, sheet.is_dark, sheet.hand), rng)
    return colours.astype(np.float32), sheet.covered


def _desk(sheet: _Sheet, rng: np.random.Generator) -> Drawn:
    """A sheet that doesn't fill the picture: the desk, its edge, and a lamp's dark corner around it."""
    high, wide = sheet.covered.shape
    size = np.array([wide, high], np.float32)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * size
    moved = (
        corners + rng.normal(0, 0.06, (4, 2)).astype(np.float32) * size + (size / 2 - corners) * rng.uniform(0, 0.3)
    ).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    inside = cv2.warpPerspective(np.ones((high, wide), np.float32), matrix, (wide, high))[..., None]
    desk = np.ones((high, wide, 3), np.float32) * rng.uniform(0.05, 0.8, 3).astype(np.float32)
    grain = mottle((high, max(4, wide // 8)), 3, rng)
    desk *= (1 + rng.uniform(0, 0.15) * cv2.resize(grain, (wide, high)))[..., None]
    if rng.random() < 0.5:
        desk *= (1 - rng.uniform(0, 0.6) * cv2.GaussianBlur(inside[..., 0], (0, 0), rng.uniform(1, 12)))[..., None]
    colours = cv2.warpPerspective(sheet.colours, matrix, (wide, high))
    return colours + desk * (1 - inside), cv2.warpPerspective(sheet.covered, matrix, (wide, high))


PAPERS: dict[str, Callable[[_Sheet, np.random.Generator], Drawn]] = {
    "plain": _plain,
    "ruled": _ruled,
    "cells": _cells,
    "document": _document,
    "through": _through,
    "folded": _folded,
    "patched": _patched,
    "whiteboard": _board,
    "blackboard": _board,
    "screen": _screen,
    "desk": _desk,
}


def _print_on(
    sheet: np.ndarray, covered: np.ndarray, height: float, is_dark: bool, hand: Hand, rng: np.random.Generator
) -> np.ndarray:
    """Printed words, a stamp, single rules, or a cell's sides, on any paper."""
    shape, kind = covered.shape, rng.integers(4)
    printed: np.ndarray = np.zeros(shape, np.float32)
    if kind == 0:
        for _ in range(int(rng.integers(1, 4))):
            high = max(5, round(height * rng.uniform(0.12, 0.5)))
            x, y = rng.uniform(-0.1, 0.8) * shape[1], rng.uniform(0, 1) * shape[0]
            for _ in range(int(rng.integers(2, 14))):
                ink = crop(hand.glyphs[int(rng.integers(len(hand.glyphs)))].ink).astype(np.float32)
                one = cv2.resize(
                    ink, (max(2, round(ink.shape[1] * high / len(ink))), high), interpolation=cv2.INTER_AREA
                )
                _lay(printed, one, np.array([x, y]))
                x += one.shape[1] * 1.15 + 1
    elif kind == 1:
        round_, middle = np.zeros(shape, np.uint8), (round(rng.uniform(0, shape[1])), round(rng.uniform(0, shape[0])))
        radius = max(5, round(rng.uniform(0.1, 0.5) * min(shape)))
        for part in (1.0, rng.uniform(0.6, 0.9)):
            cv2.circle(round_, middle, round(radius * part), 255, max(1, round(radius * 0.06)), cv2.LINE_AA)
        printed = round_.astype(np.float32) / 255
    elif kind == 2:
        apart, thick = (
            height * rng.uniform(1.2, 4),
            np.exp(rng.uniform(np.log(0.8), np.log(max(1.0, 0.06 * height + 1)))),
        )
        printed = _lines(
            shape, max(6.0, apart), thick, rng.normal(0, 0.05) + (rng.random() < 0.4) * np.pi / 2, 0.0, rng
        )
    else:
        return _cells(_Sheet(sheet, covered, height, is_dark, hand), rng)[0]
    return _lay_print(sheet, printed, is_dark, rng)


# --- camera -----------------------------------------------------------------------------------------------------------


def _photograph(
    written: np.ndarray, sheet: np.ndarray, covered: np.ndarray, height: float, paper: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Lens, sensor and file: the sheet as light shows it with writing `height` pixels high and without, (H, W, 3), and
    what the pen covered, (H, W), float32 in [0, 1] -> (H, W, 3) uint8 and the ink that can be seen, in the same place.
    """
    lens = _choose_lens(height, paper, rng)
    picture, bare = lens.show(written), lens.show(sheet)
    noise = np.exp(rng.uniform(np.log(0.002), np.log(0.06))) if rng.random() < 0.7 else 0.0
    differs = cv2.resize(np.abs(picture - bare).max(2), covered.shape[::-1], interpolation=cv2.INTER_LINEAR)
    ink = lens.turn(covered) * (differs > FAINTEST + noise)
    if noise:
        grain = rng.normal(0, noise, picture.shape).astype(np.float32)
        picture = picture + (grain if rng.random() < 0.5 else grain[..., :1])
    pixels = (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))]
        unpacked = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)
        assert unpacked is not None, "what was just packed is a picture"
        pixels = unpacked
    if pixels.shape[:2] != ink.shape:
        way = (cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_NEAREST)[rng.choice(3, p=(0.6, 0.3, 0.1))]
        pixels = cv2.resize(pixels, ink.shape[::-1], interpolation=way)
    if rng.random() < 0.3:
        pixels = np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return pixels, ink


@dataclass(frozen=True, eq=False)
class _Lens:
    """What a camera does to everything it sees alike: its tone curve, how it was held, blur, motion, few pixels."""

    gamma: float
    is_negative: bool
    degrees: float
    blur: float
    kernel: np.ndarray
    reduced: float

    def show(self, picture: np.ndarray) -> np.ndarray:
        """A picture (H, W, 3) float32 through it, smaller where it is `reduced`."""
        picture = self.turn(np.clip(picture, 0, 1) ** self.gamma)
        if self.is_negative:
            picture = 1 - picture
        if self.blur:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur)
        picture = cv2.filter2D(picture, -1, self.kernel)
        high, wide = picture.shape[:2]
        smaller = max(6, round(wide * self.reduced)), max(6, round(high * self.reduced))
        return cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA) if self.reduced < 1 else picture

    def turn(self, plane: np.ndarray) -> np.ndarray:
        """A picture of any number of channels, as the camera was held."""
        if not self.degrees:
            return plane
        high, wide = plane.shape[:2]
        matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), self.degrees, 1 + abs(self.degrees) / 60)
        return cv2.warpAffine(plane, matrix, (wide, high), borderMode=cv2.BORDER_REFLECT)


def _choose_lens(height: float, paper: str, rng: np.random.Generator) -> _Lens:
    """A camera that leaves writing of so many pixels legible."""
    kernel = np.ones((1, 1), np.float32)
    if rng.random() < 0.12 and height >= 24:
        length = int(rng.integers(3, min(9, round(height / 6))))
        kernel = np.zeros((length, length), np.float32)
        cv2.line(kernel, (0, int(rng.integers(length))), (length - 1, int(rng.integers(length))), 1.0, 1)
    return _Lens(
        gamma=np.exp(rng.normal(0, 0.2)),
        is_negative=paper not in ("whiteboard", "blackboard") and rng.random() < 0.12,
        degrees=rng.normal(0, 8) if rng.random() < 0.3 else 0.0,
        blur=min(np.exp(rng.uniform(np.log(0.4), np.log(2.5))), 0.06 * height) if rng.random() < 0.5 else 0.0,
        kernel=kernel / kernel.sum(),
        reduced=max(np.exp(rng.uniform(np.log(0.06), 0)), min(1.0, LEGIBLE / height)) if rng.random() < 0.3 else 1.0,
    )


def _light(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Slanting light, a vignette, a lamp, the edge of a shadow: (H, W) float32, mostly below 1."""
    x, y = _mesh(shape)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x / shape[1] - 0.5) * np.cos(angle) + (y / shape[0] - 0.5) * np.sin(angle)
    light = 1 - rng.uniform(0, 0.45) * (along + 0.7)
    if rng.random() < 0.35:
        away = np.hypot(x / shape[1] - rng.uniform(0.2, 0.8), y / shape[0] - rng.uniform(0.2, 0.8))
        light = light * (1 - rng.uniform(0.1, 0.75) * np.clip(away / rng.uniform(0.5, 1.0), 0, 1.2) ** 2)
    if rng.random() < 0.3:
        bow = along + rng.uniform(0, 0.3) * (y / shape[0] - 0.5) ** 2 + rng.uniform(0, 0.02) * mottle(shape, 20, rng)
        soft = np.exp(rng.uniform(np.log(0.004), np.log(0.15)))
        light = light * (
            1 - rng.uniform(0.1, 0.65) / (1 + np.exp(-np.clip((bow - rng.uniform(-0.4, 0.4)) / soft, -50, 50)))
        )
    return np.clip(light, 0.08, 1.2).astype(np.float32)

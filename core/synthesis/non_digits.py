"""Non-digits (out-of-distribution examples) drawn by rule: letters, symbols, scribbles, textures, fused digits.

A network that has only ever seen digits takes everything for one; these are the counterexamples, in MNIST's form.
Shapes that can be taken for a digit are left out on purpose: O, I, l, S, Z, B, D, G, b, g, q and the like.
"""

from collections.abc import Callable

import cv2
import numpy as np

from core.config import DIGIT_SIZE
from core.reading.mnist_form import Box, Trail, box_of, fit
from core.synthesis.drawing import (
    LETTERS,
    SHEET,
    SYMBOLS,
    Check,
    change_pen,
    crop,
    draw,
    finish,
    go_on,
    spline,
    to_bytes,
    turn,
    write,
)


def make(count: int, seed: int, check: Check = go_on) -> np.ndarray:
    """Draw `count` non-digits, one of each kind in turn: (count, 28, 28) uint8, ink bright on dark.

    Deterministic for a given seed.
    """
    rng = np.random.default_rng(seed)
    makers = list(KINDS.values())
    made = []
    for number in range(count):
        check()
        made.append(finish(makers[number % len(makers)](rng), rng))
    return np.stack(made)


def make_of_digits(digits: np.ndarray, labels: np.ndarray, count: int, seed: int, check: Check = go_on) -> np.ndarray:
    """Make `count` non-digits out of digits: two in one image, mirrored, on their side, upside down, crossed out.

    Digits (N, 28, 28) uint8, labels (N,) in 0..9 -> (count, 28, 28) uint8. Each change is only made to digits that it
    turns into something else: a mirrored 8 is still an 8. Deterministic for a given seed.
    """
    rng = np.random.default_rng(seed)
    by_label = [np.flatnonzero(labels == label) for label in range(10)]

    def draw(among: str) -> np.ndarray:
        present = [int(label) for label in among if len(by_label[int(label)])] or list(set(labels.tolist()))
        members = by_label[rng.choice(present)]
        return enlarge(digits[rng.choice(members)], rng)

    made = []
    for number in range(count):
        check()
        kind = number % 7
        if kind <= 1:  # two side by side
            first, second = crop(draw("023456789")), crop(draw("0123456789"))
            ink = _beside(first, second, int(rng.integers(-12, 14)), rng)
        elif kind == 2:  # two on top of each other
            ink = np.maximum(
                draw("0234568"), np.roll(draw("123457"), rng.choice([-1, 1], 2) * rng.integers(14, 30, 2), (0, 1))
            )
        elif kind == 3:
            ink = np.rot90(draw("23457"), rng.choice([1, 3]))
        elif kind == 4:
            ink = draw("347")[:, ::-1]
        elif kind == 5:
            ink = np.rot90(draw("347"), 2)
        else:
            digit = np.pad(draw("0123456789") > 0.5, 20)
            ink = digit | cross_out(digit.shape, box_of(digit), rng)
        made.append(to_bytes(fit(ink > 0.5, Trail())))
    return np.stack(made)


def cross_out(shape: tuple[int, ...], box: Box, rng: np.random.Generator) -> np.ndarray:
    """Two or three strokes through what stands in a box of a sheet, a cross over it, or a zigzag: (H, W) bool."""
    x, y, wide, high = box
    kind, lines = rng.integers(3), []
    left, right = x - rng.uniform(0.02, 0.2) * high, x + wide + rng.uniform(0.02, 0.2) * high
    if kind == 0:
        for _ in range(int(rng.integers(2, 4))):
            first, last = y + high * np.clip(rng.normal(0.5, 0.12, 2), 0.2, 0.8)
            lines.append([(left, first), (right, last)])
    elif kind == 1:
        top, foot = y + rng.uniform(-0.05, 0.25) * high, y + rng.uniform(0.75, 1.05) * high
        lines = [[(left, top), (right, foot)], [(left, foot), (right, top)]]
    else:
        across = np.linspace(left, right, max(5, round(rng.uniform(3, 7) * wide / high)))
        up_and_down = y + high * (0.5 + np.where(np.arange(len(across)) % 2, 1, -1) * rng.uniform(0.2, 0.5))
        lines = [list(zip(across, up_and_down, strict=True))]
    sheet, pen = np.zeros(shape, np.uint8), max(2, round(rng.uniform(0.05, 0.12) * high))
    cv2.polylines(sheet, [np.round(line).astype(np.int32) for line in lines], False, 1, pen)
    return sheet > 0


def refit(digits: np.ndarray, seed: int) -> np.ndarray:
    """Redraw digits (N, 28, 28) uint8 with a random pen and preprocess them again: same shape and dtype.

    Non-digits go through these last steps, so digits must too, or the steps themselves would tell the two apart.
    Deterministic for a given seed.
    """
    rng = np.random.default_rng(seed)
    return np.stack([to_bytes(fit(change_pen(enlarge(digit, rng), rng), Trail())) for digit in digits])


def enlarge(digit: np.ndarray, rng: np.random.Generator, factor: int = 5) -> np.ndarray:
    """A digit (28, 28) uint8 as ink on a canvas of `factor` times its size: (H, W) bool."""
    large = cv2.resize(digit, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    ink = large > rng.uniform(80, 150)
    return ink if ink.any() else large >= large.max()


def _scribble(rng: np.random.Generator) -> np.ndarray:
    count = int(rng.integers(7, 30))
    steps = np.cumsum(rng.normal(0, 1, (count, 2)) * rng.uniform(0.4, 1.0), axis=0)
    free = rng.random((count, 2)) * np.ptp(steps, axis=0).max()
    return draw([(steps if rng.random() < 0.5 else free, rng.random() < 0.75)], rng)


def _zigzag(rng: np.random.Generator) -> np.ndarray:
    count = int(rng.integers(4, 12))
    x = np.linspace(0, rng.uniform(0.6, 1.8), count)
    y = (np.arange(count) % 2) * rng.uniform(0.25, 1.0) + rng.normal(0, 0.06, count)
    points = np.stack([x, y], 1)
    points = points[:, ::-1] if rng.random() < 0.5 and count > 5 else points
    return draw([(points, rng.random() < 0.4)], rng)


def _spiral(rng: np.random.Generator) -> np.ndarray:
    turns = rng.uniform(1.9, 4.5)
    angle = np.linspace(0, 2 * np.pi * turns, int(8 * turns)) * rng.choice([-1, 1])
    radius = np.linspace(rng.uniform(0, 0.15), 1, len(angle))
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]
    return draw([(turn(points, rng.uniform(0, 2 * np.pi)), True)], rng, 0.4)


def _loops(rng: np.random.Generator) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi * rng.integers(3, 6), 50)
    x = angle * rng.uniform(0.05, 0.2) + np.cos(angle) * rng.uniform(0.3, 0.8)
    return draw([(np.stack([x, np.sin(angle)], 1), True)], rng, 0.6)


def _polygon(rng: np.random.Generator) -> np.ndarray:
    corners = int(rng.integers(3, 8))
    angle = np.linspace(0, 2 * np.pi, corners + 1) + rng.uniform(0, 2 * np.pi)
    points = np.stack([np.cos(angle), np.sin(angle)], 1)
    strokes = [(points, False)]
    if corners >= 5 and rng.random() < 0.75:  # drawn in one line, every second corner first: a star
        strokes = [(points[[(2 * i) % corners for i in range(corners + 1)]], False)]
    elif corners == 7 or corners >= 5:  # written fast it is a 0: a line across makes it a non-digit
        strokes += [(points[[0, corners // 2]], False)]
    return draw(strokes, rng, 0.7)


def _star(rng: np.random.Generator) -> np.ndarray:
    rays = int(rng.integers(4, 8))
    angle = np.linspace(0, 2 * np.pi, 2 * rays + 1) + rng.uniform(0, 1)
    radius = np.where(np.arange(2 * rays + 1) % 2, rng.uniform(0.25, 0.6), 1.0)
    return draw([(np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None], False)], rng, 0.6)


def _face(rng: np.random.Generator) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 13)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    eye = ring[::3] * rng.uniform(0.03, 0.15)
    apart, height = rng.uniform(0.25, 0.5), rng.uniform(-0.45, -0.15)
    x = np.linspace(-1, 1, 5)
    mouth = np.stack([x * rng.uniform(0.3, 0.6), 0.45 + rng.uniform(-0.25, 0.25) * (x**2 - 0.5)], 1)
    strokes = [
        (ring, True),
        (eye + np.array([-apart, height]), True),
        (eye + np.array([apart, height]), True),
        (mouth, True),
    ]
    if rng.random() < 0.3:
        strokes.append((np.array([[0, -0.1], [-0.1, 0.2], [0.05, 0.2]]), False))
    return draw(strokes, rng, 0.5)


def _lines(rng: np.random.Generator) -> np.ndarray:
    strokes = [(rng.random((2, 2)), False) for _ in range(int(rng.integers(3, 9)))]
    return draw(strokes, rng)


def _arcs(rng: np.random.Generator) -> np.ndarray:
    strokes = []
    for _ in range(int(rng.integers(3, 7))):
        angle = np.linspace(0, rng.uniform(1, 6), 8) + rng.uniform(0, 6)
        points = np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(0.1, 0.6, 2)
        strokes.append((points + rng.random(2), True))
    return draw(strokes, rng)


def _word(rng: np.random.Generator) -> np.ndarray:
    """Two or three letters in a row, fitted together."""
    names = rng.choice(list(LETTERS), int(rng.integers(2, 4)))
    parts = [crop(write(LETTERS[name], rng)) for name in names]
    ink = parts[0]
    for part in parts[1:]:
        ink = _beside(ink, part, int(rng.integers(-4, 12)), rng)
    return ink


def _turned_letter(rng: np.random.Generator) -> np.ndarray:
    names = ("A", "E", "F", "H", "K", "M", "R", "X", "W", "Psi", "sha", "arrow", "house", "hash", "fish", "key")
    name = rng.choice(names)
    return _turn_sheet(write({**LETTERS, **SYMBOLS}[name], rng), rng.uniform(0, 360))


def _code(rng: np.random.Generator) -> np.ndarray:
    """Random squares, as in a QR code or a crossword."""
    cells = int(rng.integers(5, 22))
    pattern = rng.random((cells, cells)) < rng.uniform(0.3, 0.65)
    if cells > 12:
        for rows, columns in (
            (slice(0, 5), slice(0, 5)),
            (slice(0, 5), slice(-5, None)),
            (slice(-5, None), slice(0, 5)),
        ):
            pattern[rows, columns] = True
            pattern[rows, columns][1:4, 1:4] = False
            pattern[rows, columns][2, 2] = True
    return np.kron(pattern, np.ones((100 // cells,) * 2)).astype(bool)


def _texture(rng: np.random.Generator) -> np.ndarray:
    """Smooth noise above a threshold; of some only the largest patch, as preprocessing would leave it."""
    fine = rng.normal(0, 1, (SHEET, SHEET)).astype(np.float32)
    across, along = np.exp(rng.uniform(np.log(1.5), np.log(14), 2))
    cloud = cv2.GaussianBlur(fine, (0, 0), sigmaX=float(across), sigmaY=float(along))
    return _largest(cloud > np.quantile(cloud, rng.uniform(0.5, 0.93)), rng.random() < 0.6)


def _ridges(rng: np.random.Generator) -> np.ndarray:
    """Random thin curved lines: hair, cracks, wood grain."""
    cloud = cv2.GaussianBlur(rng.normal(0, 1, (SHEET, SHEET)).astype(np.float32), (0, 0), rng.uniform(6, 16))
    return _largest(np.abs(cloud) < np.quantile(np.abs(cloud), rng.uniform(0.08, 0.3)), rng.random() < 0.7)


def _stripes(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:SHEET, 0:SHEET] / SHEET
    wave = np.sin(2 * np.pi * (rng.uniform(2, 7) * x + 0.3 * np.sin(rng.uniform(2, 9) * y)))
    if rng.random() < 0.5:
        wave = wave * np.sin(2 * np.pi * rng.uniform(2, 7) * y)
    inside = (np.abs(x - 0.5) < rng.uniform(0.2, 0.5)) & (np.abs(y - 0.5) < rng.uniform(0.3, 0.5))
    return _turn_sheet((wave > rng.uniform(-0.5, 0.5)) & inside, rng.uniform(-40, 40))


def _blobs(rng: np.random.Generator) -> np.ndarray:
    """Filled shapes, alone or a few: stains, thumbs, silhouettes."""
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        corners = int(rng.integers(4, 10))
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        points = np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(6, 40, (corners, 1))
        if rng.random() < 0.6:
            points = spline(np.concatenate([points, points[:1]]))
        centre = rng.uniform(30, SHEET - 30, 2)
        cv2.fillPoly(sheet, [np.round(points + centre).astype(np.int32)], 255)
    return sheet > 0


def _dots(rng: np.random.Generator) -> np.ndarray:
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    for _ in range(int(rng.integers(2, 12))):
        centre = tuple(int(value) for value in rng.integers(15, SHEET - 15, 2))
        axes = tuple(int(value) for value in rng.integers(3, 14, 2))
        cv2.ellipse(sheet, centre, axes, rng.uniform(0, 180), 0, 360, 255, -1)
    return sheet > 0


def _rough(rng: np.random.Generator) -> np.ndarray:
    """A letter or symbol with specks added around it and patches torn out."""
    ink = write(rng.choice([*LETTERS.values(), *SYMBOLS.values()]), rng)
    cloud = cv2.GaussianBlur(rng.normal(0, 1, ink.shape).astype(np.float32), (0, 0), rng.uniform(1, 4))
    near = cv2.dilate(ink.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    torn = (ink & (cloud < np.quantile(cloud, 0.85))) | (near & (cloud < np.quantile(cloud, 0.08)))
    return torn if torn.any() else ink


def _noise(rng: np.random.Generator) -> np.ndarray:
    """Grey noise drawn at 28x28 directly, without preprocessing: (28, 28) float32."""
    grain: np.ndarray
    if rng.random() < 0.5:
        grain = rng.random((DIGIT_SIZE, DIGIT_SIZE)) ** rng.uniform(0.3, 4)
    else:
        grain = rng.random((DIGIT_SIZE, DIGIT_SIZE)) < rng.uniform(0.05, 0.6)
    grain = cv2.GaussianBlur(grain.astype(np.float32), (0, 0), rng.uniform(0.2, 1.5))
    if rng.random() < 0.5:
        grain[:4], grain[-4:], grain[:, :4], grain[:, -4:] = 0, 0, 0, 0
    return (grain / max(grain.max(), 1e-6)).astype(np.float32)


def _letter(rng: np.random.Generator) -> np.ndarray:
    return write(LETTERS[rng.choice(list(LETTERS))], rng)


def _symbol(rng: np.random.Generator) -> np.ndarray:
    return write(SYMBOLS[rng.choice(list(SYMBOLS))], rng)


# Letters and symbols come up most often: people try them first, and they are closest to digits.
KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "letter": _letter,
    "symbol": _symbol,
    "scribble": _scribble,
    "another letter": _letter,
    "another symbol": _symbol,
    "texture": _texture,
    "a third letter": _letter,
    "zigzag": _zigzag,
    "spiral": _spiral,
    "a fourth letter": _letter,
    "polygon": _polygon,
    "star": _star,
    "face": _face,
    "a third symbol": _symbol,
    "lines": _lines,
    "arcs": _arcs,
    "word": _word,
    "turned letter": _turned_letter,
    "code": _code,
    "ridges": _ridges,
    "stripes": _stripes,
    "blobs": _blobs,
    "dots": _dots,
    "loops": _loops,
    "rough": _rough,
    "noise": _noise,
}


def _beside(left: np.ndarray, right: np.ndarray, gap: int, rng: np.random.Generator) -> np.ndarray:
    """Two drawings (H, W) bool side by side; a negative `gap` (pixels) makes them overlap."""
    down = int(rng.integers(0, 12))
    height = max(left.shape[0], right.shape[0] + down)
    start = max(0, left.shape[1] + gap)
    ink = np.zeros((height, max(left.shape[1], start + right.shape[1])), bool)
    ink[: left.shape[0], : left.shape[1]] |= left
    ink[down : down + right.shape[0], start : start + right.shape[1]] |= right
    return ink


def _turn_sheet(ink: np.ndarray, degrees: float) -> np.ndarray:
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.85)
    return cv2.warpAffine(ink.astype(np.uint8) * 255, matrix, (width, height)) > 127


def _largest(ink: np.ndarray, only: bool) -> np.ndarray:
    if not only:
        return ink
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    return labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if len(stats) > 1 else ink

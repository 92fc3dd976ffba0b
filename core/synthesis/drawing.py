"""Letters, symbols and curves drawn with a simulated pen."""

from collections.abc import Callable

import cv2
import numpy as np

from core.reading.mnist_form import Trail, fit

# Called before each of many pictures is drawn, which may take a minute together: what it raises breaks off the drawing.
Check = Callable[[], None]


def go_on() -> None:
    """The check that never breaks anything off."""


SHEET = 120  # pixels: side of the square canvas
DRAWN = 84  # pixels: the longer side of what is drawn on it

# Strokes in order of writing: points as two digits, x to the right and y down, 0 to 9. A stroke that starts with ~ is
# smooth, the others have corners where the points are.
LETTERS = {
    "A": "09 40 89, 26 66",
    "E": "70 10 19 79, 14 64",
    "e": "~15 75 71 40 12 06 29 59 77",
    "F": "10 19, 10 70, 14 64",
    "f": "~71 50 32 34 39, 14 64",
    "H": "10 19, 70 79, 14 75",
    "K": "10 19, 70 15 79",
    "k": "10 19, 63 16 69",
    "M": "09 10 45 80 89",
    "m": "00 09, ~03 30 43 49, ~43 70 83 89",
    "N": "09 00 79 70",
    "n": "10 19, ~14 40 72 79",
    "P": "10 19, ~10 60 83 65 16",
    "R": "10 19, ~10 60 83 65 16, 35 79",
    "r": "10 19, ~14 31 61",
    "T": "00 80, 40 49",
    "t": "~30 37 59 78, 03 73",
    "U": "~00 07 39 69 87 80",
    "V": "00 49 80",
    "W": "00 29 43 69 90",
    "w": "~00 17 29 44 49 68 90",
    "X": "00 89, 80 09",
    "x": "~00 34 69 89, ~80 54 29 09",
    "Y": "00 44 80, 44 49",
    "p": "00 09, ~01 30 62 44 04",
    "d": "70 79, ~73 44 06 29 69 76",
    "Q": "~40 03 16 49 76 82 50 30, 46 99",
    "h": "00 09, ~05 33 65 69",
    "a": "~64 33 06 29 66 62 68 99",
    "ff": "~50 30 22 29, ~90 70 62 69, 04 94",
    "ll": "~10 17 29 38, ~60 67 79 88",
    "th": "20 29, 03 43, 60 69, ~65 73 95 99",
    "An": "09 20 49, 16 36, 54 59, ~56 74 96 99",
    "ok": "~15 06 19 38 36 15, 50 59, 85 57 89",
    "Me": "09 10 34 50 59, ~67 96 85 67 79 99",
    "Yu": "00 23 40, 23 29, ~54 58 79 98 94",
    "alpha": "~91 65 39 07 04 32 65 89 97",
    "beta": "~09 03 30 51 44 23 55 67 38 06",
    "pi": "~13 22 82, 33 29, ~63 67 79",
    "lambda": "~10 31 79, 44 09",
    "Lambda": "09 40 89",
    "Delta": "09 40 89 09",
    "Sigma": "80 00 45 09 89",
    "Phi": "40 49, ~42 14 37 67 84 52 32",
    "Psi": "40 49, ~00 05 37 67 85 80",
    "Omega": "09 29 ,~29 05 21 60 84 69, 69 89",
    "Gamma": "80 10 19",
    "mu": "09 00, ~00 06 36 60, ~60 66 86",
    "eta": "~00 22 26, ~23 50 63 69",
    "zhe": "00 89, 80 09, 40 49",
    "sha": "00 09 89 80, 40 49",
    "ya": "79 70 ,~70 20 12 34 75, 45 09",
    "yu": "00 09, 04 34, ~60 33 36 69 96 93 60",
}
SYMBOLS = {
    "plus": "40 48, 04 84",
    "times": "11 88, 81 18",
    "equals": "03 93, 06 96",
    "minus": "~04 34 64 94",
    "hash": "30 29, 70 69, 03 93, 06 96",
    "asterisk": "40 49, 02 87, 82 07",
    "percent": "80 09, ~10 02 24 42 30 10, ~65 57 79 97 85 65",
    "question": "~02 20 60 72 54 45 46, 48 49",
    "exclamation": "40 46, 48 49",
    "at": "~63 44 46 66 63 67 85 61 20 03 07 39 79",
    "dollar": "~72 41 12 24 65 77 48 17, 40 49",
    "euro": "~81 50 23 26 59 88, 04 64, 06 56",
    "ampersand": "~89 33 31 50 62 34 16 19 49 85",
    "arrow": "04 94, 61 94 67",
    "up": "49 40, 14 40 74",
    "double arrow": "04 94, 21 04 27, 71 94 77",
    "turning arrow": "~09 03 30 82 75, 52 76 94",
    "tick": "05 39 90",
    "greater": "00 84 09",
    "less": "80 04 89",
    "caret": "~07 42 87",
    "braces": "~50 32 34 14 35 37 59",
    "bracket": "~50 21 14 28 59",
    "square brackets": "40 10 19 49",
    "both brackets": "20 00 09 29, 60 80 89 69",
    "parentheses": "~20 03 06 29, ~60 83 86 69",
    "colon": "41 43 52 42, 47 49 58 48",
    "quotes": "20 23, 60 63",
    "tilde": "~06 23 45 67 94",
    "heart": "~42 20 02 25 49 65 82 60 42",
    "house": "04 40 84, 14 19 79 74, 39 36 56 59",
    "tree": "49 46, 06 40 86 06",
    "flower": "~44 20 10 32 44 60 80 63 44 87 78 46 44 27 07 43, 44 49",
    "fish": "~03 31 63 96, ~06 38 66 93, 95 93",
    "lightning": "50 14 54 29",
    "music": "30 38, ~38 17 09 29 38, 30 72",
    "infinity": "~44 20 03 26 44 60 83 66 44",
    "cup": "00 18 68 80 00, ~82 94 75",
    "flag": "09 00 72 04",
    "anchor": "40 49, 23 63, ~05 29 49 69 85",
    "key": "~20 02 24 42 20, 33 89, 77 95",
    "stairs": "09 06 36 33 63 60 90",
    "ladder": "20 29, 70 79, 22 72, 25 75, 27 77",
    "envelope": "02 92 97 07 02, 02 55 92",
    "clock": "~40 13 16 49 76 73 40, 41 45 64",
    "grid": "30 39, 60 69, 03 93, 06 96",
    "crossed box": "00 80 89 09 00, 00 89, 80 09",
    "box": "00 80 89 09 00",
    "triangle": "40 88 08 40",
    "diamond": "40 84 49 04 40",
    "bars": "10 19, 40 49, 70 79",
    "umbrella": "~05 31 61 95, 05 95, ~45 48 28",
    "root": "05 18 30 90",
    "integral": "~80 61 48 29 08, 04 84",
    "pound": "~72 50 32 36 09 49 89, 15 65",
    "pointing hand": "04 34 90 ,~34 37 69 88",
    "cursor": "00 08 26 49 58 46 75 00",
    "wave": "~04 11 27 41 57 71 97",
}


# --- drawing ----------------------------------------------------------------------------------------------------------


def write(glyph: str, rng: np.random.Generator) -> np.ndarray:
    """A letter or symbol in random handwriting: `glyph` as in `LETTERS` -> (H, W) bool."""
    strokes = []
    for text in glyph.split(","):
        text = text.strip()
        points = np.array([[int(point[0]), int(point[1])] for point in text.lstrip("~").split()], float)
        strokes.append((points, text.startswith("~")))
    return draw(strokes, rng)


def draw(strokes: list[tuple[np.ndarray, bool]], rng: np.random.Generator, tremble: float = 1.0) -> np.ndarray:
    """Strokes, each points (N, 2) and whether they are smooth -> (H, W) bool, with a random slant, width and
    tremor; `tremble` scales the tremor."""
    turn, lean = rng.normal(0, 0.08), rng.normal(0.05, 0.15)
    matrix = np.array([[np.cos(turn), -np.sin(turn) - lean], [np.sin(turn), np.cos(turn)]])
    matrix[0] *= np.exp(rng.uniform(-0.45, 0.25))
    everything = np.concatenate([points for points, _ in strokes])
    size = max(np.ptp(everything, axis=0).max(), 1e-6)
    paths = []
    for points, is_smooth in strokes:
        moved = points / size + rng.normal(0, 0.035 * tremble, points.shape)
        moved = moved + rng.normal(0, 0.02 * tremble, 2)
        paths.append((_bend(moved, is_smooth, rng, tremble)) @ matrix.T)
    low = np.min([path.min(0) for path in paths], axis=0)
    high = np.max([path.max(0) for path in paths], axis=0)
    scale = DRAWN / max((high - low).max(), 1e-6)
    pen = max(2, round(DRAWN * np.exp(rng.uniform(np.log(0.035), np.log(0.19)))))
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    for path in paths:
        placed = (path - (low + high) / 2) * scale + SHEET / 2
        cv2.polylines(sheet, [np.round(placed * 16).astype(np.int32)], False, 255, pen, cv2.LINE_8, 4)
    return sheet > 0


def _bend(points: np.ndarray, is_smooth: bool, rng: np.random.Generator, tremble: float) -> np.ndarray:
    """A path (M, 2) through points (N, 2): a Catmull-Rom spline, or lines that are never quite straight."""
    if not is_smooth:
        halfway = (points[:-1] + points[1:]) / 2
        length = np.linalg.norm(np.diff(points, axis=0), axis=1, keepdims=True)
        halfway = halfway + rng.normal(0, 0.04 * tremble, halfway.shape) * length
        pieces = [
            spline(np.stack([start, middle, end]))
            for start, middle, end in zip(points, halfway, points[1:], strict=False)
        ]
        return np.concatenate(pieces)
    return spline(points)


def spline(points: np.ndarray, pieces: int = 8) -> np.ndarray:
    """A Catmull-Rom spline through points (N, 2): (about N * pieces, 2)."""
    around = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, pieces, endpoint=False)[None, :, None]
    a, b, c, d = (around[start : len(around) - 3 + start, None] for start in range(4))
    curves = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([curves.reshape(-1, 2), points[-1:]])


# --- last steps -------------------------------------------------------------------------------------------------------


def finish(drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ink (H, W) bool preprocessed into MNIST's form, or a ready image (28, 28) float32: (28, 28) uint8."""
    if drawn.dtype != bool:
        return to_bytes(drawn)
    if not drawn.any():
        drawn[DRAWN // 2 :, ::7] = True
    return to_bytes(fit(drawn, Trail()))


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Brightness in [0, 1], float, as uint8."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)


def crop(ink: np.ndarray) -> np.ndarray:
    """The part of (H, W) bool that has ink."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def turn(points: np.ndarray, angle: float) -> np.ndarray:
    """Points (N, 2) turned around the origin by `angle` radians."""
    return points @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).T


def change_pen(ink: np.ndarray, rng: np.random.Generator, thinnest: int = -3, thickest: int = 3) -> np.ndarray:
    """Ink (H, W) bool with strokes made thinner or thicker by a random number of pixels from `thinnest` to `thickest`.

    The ink comes back unchanged where less than half of it would remain or more than 2.5 times as much result.
    """
    change = int(rng.integers(thinnest, thickest + 1))
    if change:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(change) + 1,) * 2)
        changed = (cv2.dilate if change > 0 else cv2.erode)(ink.astype(np.uint8), disc) > 0
        if 0.5 < changed.sum() / ink.sum() < 2.5:
            return changed
    return ink

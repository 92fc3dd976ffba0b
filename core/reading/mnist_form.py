"""Ink in MNIST's form: 28x28, fitted into 20 pixels, centred by its mass (LeCun et al., 1998)."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from core.config import DIGIT_SIZE, INK_SIZE
from core.reading.settings import INK

Box = tuple[int, int, int, int]  # x, y, width, height in pixels


@dataclass(frozen=True)
class Stage:
    """One stage of the way: `title`, a `note` that explains it, and `image` (H, W) or (H, W, 3) uint8."""

    title: str
    note: str
    image: np.ndarray


@dataclass
class Trail:
    """The steps taken so far."""

    steps: list[Stage] = field(default_factory=list)

    def add(self, title: str, note: str, image: np.ndarray) -> None:
        """Keep one step; masks and float images, of which [0, 1] is shown, become bytes."""
        if image.dtype == bool:
            image = image.astype(np.uint8) * 255
        elif image.dtype != np.uint8:
            image = cv2.convertScaleAbs(np.maximum(image, 0), alpha=255)
        self.steps.append(Stage(title, note, image))


def stroke_width(ink: np.ndarray) -> float:
    """Mean width of the strokes in pixels: across a stroke, the distance to paper averages a quarter of its width."""
    padded = pad(ink, 1)
    return 4 * float(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[padded > 0].mean()) - 1


def fit(chosen: np.ndarray, trail: Trail) -> np.ndarray:
    """MNIST's recipe: the ink in a 20-pixel box, its centre of mass in the middle of 28x28.

    (H, W) bool with something set -> (28, 28) float32 in [0, 1].
    """
    x, y, width, height = box_of(chosen)
    drawn: np.ndarray = chosen[y : y + height, x : x + width].astype(np.float32)
    # Work at ten times the final size: thickening and antialiasing are then smooth whatever the picture's size was.
    scale = 10 * INK_SIZE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    drawn = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if scale > 1:  # the pixels of a small picture are steps of this size now
        drawn = cv2.GaussianBlur(drawn, (0, 0), 0.5 * scale)
    # Made smaller, a thin stroke covers less than half of each pixel it runs through, and must not fall apart.
    ink = drawn > (0.5 if scale > 1 else 0.3)
    if not ink.any():
        ink = np.ones(size[::-1], bool)
    ink = pad(ink, 30) > 0
    stroke = stroke_width(ink) / 10
    if stroke < INK.thinnest_stroke:
        ink = _grow(ink, round(10 * (INK.thinnest_stroke - stroke)))
    elif stroke > INK.thickest_stroke:
        thinner = ~_grow(~ink, round(10 * min(stroke - INK.thickest_stroke, stroke / 3)))
        ink = thinner if thinner.any() else ink
    trail.add(
        "Stroke width",
        f"Strokes of {stroke:.1f} pixels, as the model would see them, brought near MNIST's own.",
        ink,
    )
    x, y, width, height = box_of(ink)
    return centre(ink[y : y + height, x : x + width].astype(np.float32), trail)


def centre(ink: np.ndarray, trail: Trail) -> np.ndarray:
    """Ink (h, w) float32 in [0, 1], cut to its box, made smaller to 20 pixels and centred by its mass in 28x28."""
    height, width = ink.shape
    scale = INK_SIZE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    image = np.zeros((DIGIT_SIZE, DIGIT_SIZE), np.float32)
    left, top = (DIGIT_SIZE - size[0]) // 2, (DIGIT_SIZE - size[1]) // 2
    image[top : top + size[1], left : left + size[0]] = small
    row, column = centre_of_mass(image)
    middle = (DIGIT_SIZE - 1) / 2
    # Whole pixels, as in MNIST: a fraction would blur the strokes.
    shift = np.array([[1, 0, round(middle - column)], [0, 1, round(middle - row)]], np.float32)
    centred: np.ndarray = np.clip(cv2.warpAffine(image, shift, (DIGIT_SIZE, DIGIT_SIZE)), 0, 1)
    trail.add("What the model sees", "Fitted into 20 pixels, its centre of mass in the middle of 28x28.", centred)
    return centred


def pad(ink: np.ndarray, width: int) -> np.ndarray:
    """A mask (H, W) bool with `width` pixels of paper around it, uint8; a fifth of the time `np.pad` takes."""
    return cv2.copyMakeBorder(ink.astype(np.uint8), width, width, width, width, cv2.BORDER_CONSTANT, value=0)


def _grow(ink: np.ndarray, diameter: int) -> np.ndarray:
    if diameter < 1:
        return ink
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter + 1, diameter + 1))
    return cv2.dilate(ink.astype(np.uint8), disc).astype(bool)


def box_of(ink: np.ndarray) -> Box:
    """x, y, width, height of what is set in a mask (H, W) bool that has something set."""
    x, y, width, height = cv2.boundingRect(ink.astype(np.uint8))
    return x, y, width, height


def gap_between(one: Box, other: Box) -> float:
    """Pixels from one box to another, 0 where they meet."""
    across = max(other[0] - one[0] - one[2], one[0] - other[0] - other[2], 0)
    down = max(other[1] - one[1] - one[3], one[1] - other[1] - other[3], 0)
    return float(np.hypot(across, down))


def centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    """Row and column, in pixels, of the centre of an image (H, W) with some brightness."""
    total = float(image.sum())
    rows, columns = image.sum(1) @ np.arange(image.shape[0]), image.sum(0) @ np.arange(image.shape[1])
    return float(rows) / total, float(columns) / total

"""One digit changed a little or a lot: turned, moved, blurred, covered; and where on the way its answer flips."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from core import words
from core.config import DIGIT_SIZE
from core.network.checkpoint import Checkpoint
from core.network.prediction import predict

POINTS = 61  # of a curve: steps of 6 degrees over a whole turn, for 60 ms
MOST_TOLD = 4  # flips in a sentence; the chart marks all
RUBBER = 3  # pixels: side of the square that is rubbed out at once; a stroke is about as wide
HALVINGS = 12  # of the step in which an answer flips: to a four-thousandth of it


@dataclass(frozen=True)
class Slider:
    """One way to change a digit: its range with the `unit`, the `step` between two positions, and the position at
    which nothing changes (`harmless`). `more` and `less` say what happens above and below that."""

    title: str
    unit: str
    low: float
    high: float
    step: float
    harmless: float
    more: str
    less: str = ""

    def name(self, position: float) -> str:
        """A position with its unit: "41 degrees"."""
        digits = max(0, -math.floor(math.log10(self.step)))
        text = f"{position:.{digits}f}".replace("-", words.MINUS)
        return f"{text} {self.unit}".strip()


SLIDERS = {
    "turn": Slider("Turn", "degrees", -180, 180, 1, 0, "clockwise", "counterclockwise"),
    "right": Slider("Shift sideways", "pixels", -10, 10, 0.5, 0, "to the right", "to the left"),
    "down": Slider("Shift up or down", "pixels", -10, 10, 0.5, 0, "down", "up"),
    "size": Slider("Size", "times", 0.3, 1.8, 0.05, 1, "larger", "smaller"),
    "stroke": Slider("Stroke", "pixels", -2, 5, 0.25, 0, "thicker", "thinner"),
    "blur": Slider("Blur", "pixels", 0, 5, 0.1, 0, "more blurred"),
    "noise": Slider("Noise", "of full brightness", 0, 1, 0.02, 0, "noisier"),
    "contrast": Slider("Contrast", "of the ink's brightness", 0.02, 1, 0.02, 1, "", "paler"),
    "cover": Slider("Cover", "pixels square", 0, 24, 1, 0, "more covered"),
    "cover_right": Slider("Cover, sideways", "pixels", -12, 12, 1, 0, "to the right", "to the left"),
    "cover_down": Slider("Cover, up or down", "pixels", -12, 12, 1, 0, "down", "up"),
}


@dataclass(frozen=True)
class Changes:
    """How a digit is changed; each field is a position of the slider of this name, in its unit. Blur and noise are
    standard deviations; the cover is a square of paper, moved from the middle. `rubbed` are the places, row and column
    of the digit as it was given, around which a square of `RUBBER` pixels is rubbed out before all else."""

    turn: float = 0.0
    right: float = 0.0
    down: float = 0.0
    size: float = 1.0
    stroke: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    contrast: float = 1.0
    cover: float = 0.0
    cover_right: float = 0.0
    cover_down: float = 0.0
    rubbed: tuple[tuple[int, int], ...] = ()

    def move(self, slider: str, position: float) -> Changes:
        """The same with one slider at another position."""
        moved: dict[str, Any] = {slider: position}
        return replace(self, **moved)


def apply(digit: np.ndarray, changes: Changes) -> np.ndarray:
    """A digit (28, 28) float32 in [0, 1], changed; the same again. Noise is the same pattern at every strength."""
    changed = _thicken(rub_out(digit.astype(np.float32), changes.rubbed), changes.stroke)
    if (changes.turn, changes.right, changes.down, changes.size) != (0, 0, 0, 1):
        middle = (DIGIT_SIZE - 1) / 2
        matrix = cv2.getRotationMatrix2D((middle, middle), -changes.turn, changes.size)
        matrix[:, 2] += np.array([changes.right, changes.down])
        changed = cv2.warpAffine(changed, matrix, (DIGIT_SIZE, DIGIT_SIZE), flags=cv2.INTER_LINEAR)
    if changes.cover:
        rows, columns = (
            _cover(changes.cover, DIGIT_SIZE / 2 + moved) for moved in (changes.cover_down, changes.cover_right)
        )
        changed = changed * (1 - np.outer(rows, columns))
    if changes.blur:
        changed = cv2.GaussianBlur(changed, (0, 0), changes.blur, borderType=cv2.BORDER_CONSTANT)
    noise = np.random.default_rng(0).standard_normal((DIGIT_SIZE, DIGIT_SIZE)) * changes.noise
    result: np.ndarray = np.clip(changed * changes.contrast + noise, 0, 1).astype(np.float32)
    return result


def rub_out(digit: np.ndarray, places: Iterable[tuple[int, int]]) -> np.ndarray:
    """A digit (28, 28) with a square of paper around each of the places (row, column)."""
    rubbed, reach = digit.copy(), RUBBER // 2
    for row, column in places:
        rubbed[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = 0
    return rubbed


def _thicken(digit: np.ndarray, pixels: float) -> np.ndarray:
    """A 3x3 maximum widens a stroke by two pixels, a minimum narrows it by two; parts of that are mixed."""
    square, left = np.ones((3, 3), np.uint8), abs(pixels) / 2
    while left > 0:
        whole = cv2.dilate(digit, square) if pixels > 0 else cv2.erode(digit, square)
        digit = digit + min(1.0, left) * (whole - digit)
        left -= 1
    return digit


def _cover(side: float, middle: float) -> np.ndarray:
    """How much of each of 28 pixels a bar of this length around `middle` covers, 0 to 1."""
    edges = np.arange(DIGIT_SIZE)
    covered: np.ndarray = np.clip(np.minimum(edges + 1, middle + side / 2) - np.maximum(edges, middle - side / 2), 0, 1)
    return covered


@dataclass(frozen=True)
class Flip:
    """Where the answer changes on the way up: it is `before` at `low` and `after` at `high`, which are close."""

    low: float
    high: float
    before: int
    after: int


@dataclass(frozen=True)
class Curve:
    """The ten probabilities (N, 10) of one digit at the rising `positions` (N,) of a slider, everything else being as
    it is, and where the answer flips."""

    slider: str
    positions: np.ndarray
    probabilities: np.ndarray
    flips: tuple[Flip, ...]

    @property
    def sentence(self) -> str:
        """Where it flips, outward from the harmless position: "Clockwise: a 6 until 41 degrees, then a 4."."""
        slider = SLIDERS[self.slider]
        if not self.flips:
            return f"Stays {words.a_digit(int(self.probabilities[0].argmax()))} over the whole range."
        start = int(self.probabilities[np.abs(self.positions - slider.harmless).argmin()].argmax())
        up = [(flip.low, flip.before, flip.after) for flip in self.flips if flip.high > slider.harmless]
        # Outward to the left a stretch is what the flip before it led to: just beside a flip another digit may come and
        # go.
        left = [flip for flip in self.flips[::-1] if flip.high <= slider.harmless]
        nearer = [start, *(flip.before for flip in left)]
        down = [(flip.high, digit, flip.before) for flip, digit in zip(left, nearer, strict=False)]
        parts = [_tell(slider, slider.more, up, start)] if slider.more else []
        parts += [_tell(slider, slider.less, down, start)] if slider.less else []
        return " ".join(parts)


def _tell(slider: Slider, direction: str, flips: list[tuple[float, int, int]], start: int) -> str:
    direction = direction[0].upper() + direction[1:]
    if not flips:
        return f"{direction}: {words.a_digit(start)} to the end."
    told = flips[:MOST_TOLD]
    steps = [
        f"{words.a_digit(before)} until {slider.name(at if slider.harmless else abs(at))}" for at, before, _ in told
    ]
    more = f", and {words.count(len(flips) - len(told), 'more flip')}" if len(flips) > len(told) else ""
    return f"{direction}: {', then '.join(steps)}, then {words.a_digit(told[-1][2])}{more}."


def trace(checkpoint: Checkpoint, digit: np.ndarray, changes: Changes, slider: str, points: int = POINTS) -> Curve:
    """The answers to a digit (28, 28) over the whole range of one slider, the others standing as `changes` has them.

    Between two points with different answers the flip is found by halving the step. An answer that comes and goes
    within one step may be missed.
    """
    its = SLIDERS[slider]
    positions = np.linspace(its.low, its.high, points)

    def ask(where: np.ndarray) -> np.ndarray:
        changed = np.stack([apply(digit, changes.move(slider, float(one))) for one in where])
        return np.array([one.probabilities for one in predict(checkpoint, changed)])

    probabilities = ask(positions)
    return Curve(slider, positions, probabilities, find_flips(positions, probabilities.argmax(1), ask))


def find_flips(positions: np.ndarray, answers: np.ndarray, ask: Callable[[np.ndarray], np.ndarray]) -> tuple[Flip, ...]:
    """The flips between neighboring positions (N,) with different answers (N,); `ask` gives the probabilities (M, 10)
    at positions (M,). All of them are halved together."""
    at = np.flatnonzero(answers[:-1] != answers[1:])
    low, high, before, after = positions[at], positions[at + 1], answers[at], answers[at + 1]
    for _ in range(HALVINGS if len(at) else 0):
        middle = (low + high) / 2
        said = ask(middle).argmax(1)
        is_before = said == before
        low, high = np.where(is_before, middle, low), np.where(is_before, high, middle)
        after = np.where(is_before, after, said)
    return tuple(
        Flip(float(one), float(other), int(first), int(then))
        for one, other, first, then in zip(low, high, before, after, strict=True)
    )

"""Slashes of dates and fractions: by itself a slash is a 1, beside the digits of its line it is not."""

from collections.abc import Sequence

import numpy as np

from core.reading.left_out import Sign
from core.reading.number import NumberDigit
from core.reading.settings import NUMBER

Lines = list[list[NumberDigit]]


def part_slashes(lines: Lines) -> tuple[Lines, Lines]:
    """The digits of each line, and the slashes among what was read as digits, line by line.

    A slash stands between digits, is straight, leans further to the right than they do, and is taller; beside one that
    is, it need not be taller.
    """
    places = [_find_slashes(line) for line in lines]
    digits = [
        [one for at, one in enumerate(line) if at not in slashes] for line, slashes in zip(lines, places, strict=True)
    ]
    return digits, [[line[at] for at in sorted(slashes)] for line, slashes in zip(lines, places, strict=True)]


def name_slashes(digits: Lines, slashes: Lines) -> tuple[Sign, ...]:
    """The slashes of each line as signs among its digits."""
    first = np.cumsum([0, *(len(line) for line in digits)]).tolist()
    return tuple(
        Sign("slash", slash.box, start + sum(digit.box[0] < slash.box[0] for digit in line))
        for line, found, start in zip(digits, slashes, first[:-1], strict=True)
        for slash in found
    )


def _find_slashes(line: Sequence[NumberDigit]) -> set[int]:
    """Where slashes stand in a line, counted from 0."""
    shapes = [_measure(digit.ink) for digit in line]
    heights = [digit.box[3] for digit in line]
    leaning, tall = set(), set()
    for at in range(1, len(line) - 1):
        straightness, lean = shapes[at]
        usual = np.median([shape[1] for shape in shapes[:at] + shapes[at + 1 :]])
        height = np.median(heights[:at] + heights[at + 1 :])
        is_straight = line[at].prediction.digit == 1 and straightness < NUMBER.straight
        if is_straight and lean > usual + NUMBER.slash_lean:
            leaning.add(at)
            if heights[at] > NUMBER.slash_height * height:
                tall.add(at)
    return leaning if tall else set()


def _measure(ink: np.ndarray) -> tuple[float, float]:
    """How wide a stroke is for its length, 0 for a line, and how far it leans to the right, in its height; by moments.

    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition" (1998)
    deslant digits by the second.
    """
    rows, columns = np.nonzero(ink)
    spread = np.cov(np.stack([columns, rows]).astype(np.float64)) + np.eye(2) / 12  # of each pixel's own square
    narrow, wide = np.sqrt(np.linalg.eigvalsh(spread))
    return float(narrow / wide), float(-spread[0, 1] / spread[1, 1])

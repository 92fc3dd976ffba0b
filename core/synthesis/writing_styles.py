"""What MNIST's American writers seldom do: slashed and open 0, 1 with an upstroke or a foot, crossed 7."""

import torch
from torch import Generator, Tensor

from core.synthesis.strokes import centre_of_row, draw, extent, point, uniform

Stroke = tuple[Tensor, Tensor]


def add_habits(digits: Tensor, labels: Tensor, share: float, chance: Generator) -> Tensor:
    """About this share of the 0s, 1s and 7s rewritten: (B, 1, 28, 28) float32 in [0, 1], (B,) int64 -> the same."""
    digits = digits.clone()
    picked = uniform(len(digits), 0, 1, chance) < share
    for label, habits in ((0, (_slash, _open)), (1, (_upstroke, _upstroke_and_foot)), (7, (_cross,))):
        members = torch.nonzero(picked & (labels == label)).flatten()
        for habit, those in zip(habits, members.tensor_split(len(habits)), strict=True):
            if len(those):
                digits[those] = habit(digits[those], chance)
    return digits


def _add(digits: Tensor, strokes: list[Stroke], chance: Generator) -> Tensor:
    """All strokes of an image are drawn with the same pen."""
    width = uniform(len(digits), 1.0, 2.8, chance)
    for start, end in strokes:
        digits = torch.maximum(digits, draw(start, end, width))
    return digits


def _slash(digits: Tensor, chance: Generator) -> Tensor:
    left, top, right, bottom = extent(digits)
    reach = uniform(len(digits), -1.5, 1.5, chance)
    return _add(digits, [(point(right + reach, top - reach), point(left - reach, bottom + reach))], chance)


def _open(digits: Tensor, chance: Generator) -> Tensor:
    """A 0 whose ends don't meet at the top."""
    left, top, right, _ = extent(digits)
    x = (left + right) / 2 + uniform(len(digits), -3, 3, chance)
    hole = draw(point(x, top - 1), point(x, top + 3), uniform(len(digits), 1, 4, chance))
    return digits * (1 - hole)


def _upstroke(digits: Tensor, chance: Generator) -> Tensor:
    return _add(digits, [_draw_upstroke(digits, chance)], chance)


def _upstroke_and_foot(digits: Tensor, chance: Generator) -> Tensor:
    _, _, _, bottom = extent(digits)
    x = centre_of_row(digits, bottom - 1)
    half = uniform(len(digits), 2.5, 5, chance)
    foot = (point(x - half, bottom), point(x + half, bottom))
    return _add(digits, [_draw_upstroke(digits, chance), foot], chance)


def _draw_upstroke(digits: Tensor, chance: Generator) -> Stroke:
    """From a short hook to three quarters of the stem, where a 1 looks like a hat."""
    _, top, _, bottom = extent(digits)
    x = centre_of_row(digits, top + 1)
    fall = (bottom - top) * uniform(len(digits), 0.15, 0.75, chance)
    run = fall * uniform(len(digits), 0.5, 1.2, chance)
    return point(x, top + 0.5), point((x - run).clamp_min(1), top + fall)


def _cross(digits: Tensor, chance: Generator) -> Tensor:
    """A bar through the stem: short or longer than the top, level or rising."""
    _, top, _, bottom = extent(digits)
    middle = top + (bottom - top) * uniform(len(digits), 0.4, 0.65, chance)
    x = centre_of_row(digits, middle)
    left, right = (uniform(len(digits), 2.0, 7.0, chance) for _ in range(2))
    tilt = uniform(len(digits), -0.8, 1.6, chance)
    return _add(digits, [(point(x - left, middle + tilt), point(x + right, middle - tilt))], chance)

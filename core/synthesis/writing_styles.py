"""Writing styles that are rare in MNIST: slashed and open 0, 1 with an upstroke or a foot, crossed 7."""

import torch
from torch import Generator, Tensor

from core.synthesis.line_raster import centre_of_row, draw, extent, point, uniform

Stroke = tuple[Tensor, Tensor]


def add_writing_styles(digits: Tensor, labels: Tensor, share: float, rng: Generator) -> Tensor:
    """Redraw about `share` of the 0s, 1s and 7s in another style; the other digits stay as they are.

    `digits` (B, 1, 28, 28) float32 in [0, 1], `labels` (B,) int64 -> a new tensor like `digits`.
    """
    digits = digits.clone()
    picked = uniform(len(digits), 0, 1, rng) < share
    for label, styles in ((0, (_slash, _open)), (1, (_upstroke, _upstroke_and_foot)), (7, (_cross,))):
        members = torch.nonzero(picked & (labels == label)).flatten()
        for redraw, those in zip(styles, members.tensor_split(len(styles)), strict=True):
            if len(those):
                digits[those] = redraw(digits[those], rng)
    return digits


def _add(digits: Tensor, strokes: list[Stroke], rng: Generator) -> Tensor:
    """Draw strokes into the digits, those of one image with the same pen width."""
    width = uniform(len(digits), 1.0, 2.8, rng)
    for start, end in strokes:
        digits = torch.maximum(digits, draw(start, end, width))
    return digits


def _slash(digits: Tensor, rng: Generator) -> Tensor:
    left, top, right, bottom = extent(digits)
    reach = uniform(len(digits), -1.5, 1.5, rng)
    return _add(digits, [(point(right + reach, top - reach), point(left - reach, bottom + reach))], rng)


def _open(digits: Tensor, rng: Generator) -> Tensor:
    """A 0 whose ends don't meet at the top."""
    left, top, right, _ = extent(digits)
    x = (left + right) / 2 + uniform(len(digits), -3, 3, rng)
    hole = draw(point(x, top - 1), point(x, top + 3), uniform(len(digits), 1, 4, rng))
    return digits * (1 - hole)


def _upstroke(digits: Tensor, rng: Generator) -> Tensor:
    return _add(digits, [_draw_upstroke(digits, rng)], rng)


def _upstroke_and_foot(digits: Tensor, rng: Generator) -> Tensor:
    _, _, _, bottom = extent(digits)
    x = centre_of_row(digits, bottom - 1)
    half = uniform(len(digits), 2.5, 5, rng)
    foot = (point(x - half, bottom), point(x + half, bottom))
    return _add(digits, [_draw_upstroke(digits, rng), foot], rng)


def _draw_upstroke(digits: Tensor, rng: Generator) -> Stroke:
    """The upstroke of a 1, from a short hook to one as long as three quarters of the stem."""
    _, top, _, bottom = extent(digits)
    x = centre_of_row(digits, top + 1)
    fall = (bottom - top) * uniform(len(digits), 0.15, 0.75, rng)
    run = fall * uniform(len(digits), 0.5, 1.2, rng)
    return point(x, top + 0.5), point((x - run).clamp_min(1), top + fall)


def _cross(digits: Tensor, rng: Generator) -> Tensor:
    """A bar through the stem: short or longer than the top, level or rising."""
    _, top, _, bottom = extent(digits)
    middle = top + (bottom - top) * uniform(len(digits), 0.4, 0.65, rng)
    x = centre_of_row(digits, middle)
    left, right = (uniform(len(digits), 2.0, 7.0, rng) for _ in range(2))
    tilt = uniform(len(digits), -0.8, 1.6, rng)
    return _add(digits, [(point(x - left, middle + tilt), point(x + right, middle - tilt))], rng)

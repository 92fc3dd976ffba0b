"""Degradations: what cameras, scanners, rough paper and preprocessing do to a digit.

Their kinds and sizes were read off synthetic pages that went through `core.reading.ink`.
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core.config import DIGIT_SIZE
from core.synthesis.line_raster import LAST, choose, draw, extent, point, uniform


def degrade(digits: Tensor, share: float, rng: Generator) -> Tensor:
    """About this share of the images degraded, each in one way: (B, 1, 28, 28) float32 in [0, 1] -> the same."""
    digits = digits.clone()
    chosen = choose(len(digits), share, rng)
    chosen = chosen[torch.randperm(len(chosen), generator=rng, device=rng.device)]
    for change, members in zip(DEGRADATIONS, chosen.tensor_split(len(DEGRADATIONS)), strict=True):
        if len(members):
            digits[members] = change(digits[members], rng)
    return digits


def _blur(digits: Tensor, rng: Generator) -> Tensor:
    return torch.lerp(digits, _soften(digits), uniform(len(digits), 0, 1, rng).view(-1, 1, 1, 1))


def _soften(digits: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(digits, (1, 1, 1, 1)), 3, stride=1)


def _coarsen(digits: Tensor, rng: Generator) -> Tensor:
    """Lower the resolution, as of a small or distant picture."""
    side = int(uniform(1, 10, 20, rng))
    few = F.interpolate(digits, size=side, mode="bilinear", antialias=True, align_corners=False)
    return F.interpolate(few, size=DIGIT_SIZE, mode="bilinear", align_corners=False)


def _fade(digits: Tensor, rng: Generator) -> Tensor:
    return digits.clamp(0, 1) ** torch.exp(uniform(len(digits), -0.7, 0.7, rng)).view(-1, 1, 1, 1)


def _speckle(digits: Tensor, rng: Generator) -> Tensor:
    specks = torch.rand(digits.shape, generator=rng, device=rng.device) > 0.985
    return torch.maximum(digits, (_soften(specks.float()) * 3).clamp(0, 0.8))


def _tremble(digits: Tensor, rng: Generator) -> Tensor:
    """Wavy edges, as patterned paper leaves them: every few pixels another half a pixel to the side."""
    count = len(digits)
    field = torch.randn(count, 2, 10, 10, generator=rng, device=rng.device) / DIGIT_SIZE
    field = F.interpolate(field, size=DIGIT_SIZE, mode="bilinear", align_corners=False).permute(0, 2, 3, 1)
    straight = F.affine_grid(
        torch.eye(2, 3, device=digits.device).expand(count, 2, 3), list(digits.shape), align_corners=False
    )
    return F.grid_sample(digits, straight + field, align_corners=False)


def _fill(digits: Tensor, rng: Generator) -> Tensor:
    """A heavy pen that closes loops."""
    thick = F.max_pool2d(digits, 3, stride=1, padding=1)
    return torch.lerp(digits, thick, uniform(len(digits), 0.6, 1, rng).view(-1, 1, 1, 1))


def _rule(digits: Tensor, rng: Generator) -> Tensor:
    """Part of a ruled line or a form's box along one side."""
    left, top, right, bottom = extent(digits)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    half = 10 * uniform(len(digits), 0.4, 1.1, rng)
    lean = uniform(len(digits), -0.7, 0.7, rng)
    width = uniform(len(digits), 0.4, 1.6, rng)
    away = uniform(len(digits), -1, 1.5, rng)
    level = torch.where(uniform(len(digits), 0, 1, rng) < 0.5, top - away, bottom + away)
    upright = torch.where(uniform(len(digits), 0, 1, rng) < 0.5, left - away, right + away)
    lies = (uniform(len(digits), 0, 1, rng) < 0.7).unsqueeze(1)
    start = torch.where(lies, point(middle_x - half, level - lean), point(upright - lean, middle_y - half))
    end = torch.where(lies, point(middle_x + half, level + lean), point(upright + lean, middle_y + half))
    return torch.maximum(digits, draw(start, end, width))


def _crowd(digits: Tensor, rng: Generator) -> Tensor:
    """A neighbour's stroke that reaches in from the left or the right."""
    left, top, right, bottom = extent(digits)
    on_the_left = uniform(len(digits), 0, 1, rng) < 0.5
    reach = uniform(len(digits), 1, 5, rng)
    inner = torch.where(on_the_left, left - 3 + reach, right + 3 - reach)
    outer = torch.where(on_the_left, inner - 4, inner + 4)
    y = top + (bottom - top) * uniform(len(digits), 0, 1, rng)
    rise = uniform(len(digits), -4, 4, rng)
    stub = draw(point(outer, y + rise), point(inner, y), uniform(len(digits), 1.5, 3, rng))
    return torch.maximum(digits, stub)


def _dot(digits: Tensor, rng: Generator) -> Tensor:
    """A comma or a full stop at the lower right."""
    _, _, right, bottom = extent(digits)
    x = right + uniform(len(digits), 0.5, 3, rng)
    y = bottom + uniform(len(digits), -3, 1.5, rng)
    tail = point(x - uniform(len(digits), 0, 1.5, rng), y + uniform(len(digits), 0, 2.5, rng))
    return torch.maximum(digits, draw(point(x, y), tail, uniform(len(digits), 1.2, 2.8, rng)))


def _gap(digits: Tensor, rng: Generator) -> Tensor:
    """Ink missing along a short cut, where a pen was faint or a line of the paper was taken away."""
    left, top, right, bottom = extent(digits)
    x = left + (right - left) * uniform(len(digits), 0, 1, rng)
    y = top + (bottom - top) * uniform(len(digits), 0, 1, rng)
    length = uniform(len(digits), 1, 5, rng)
    lies = uniform(len(digits), 0, 1, rng) < 0.5
    end = point(torch.where(lies, x + length, x), torch.where(lies, y, y + length))
    return digits * (1 - draw(point(x, y), end, uniform(len(digits), 0.6, 2, rng)))


def _cut(digits: Tensor, rng: Generator) -> Tensor:
    """One side cut off by the picture's edge: up to a tenth of the digit is missing."""
    left, top, right, bottom = extent(digits)
    depth = uniform(len(digits), 0.3, 2.5, rng)
    side = torch.randint(0, 4, (len(digits),), generator=rng, device=rng.device).unsqueeze(1)
    zero, last = torch.zeros_like(left), torch.full_like(left, LAST)
    lines = (
        (point(left + depth - 14, zero), point(left + depth - 14, last)),
        (point(right - depth + 14, zero), point(right - depth + 14, last)),
        (point(zero, top + depth - 14), point(last, top + depth - 14)),
        (point(zero, bottom - depth + 14), point(last, bottom - depth + 14)),
    )
    start, end = (
        torch.stack([torch.where(side == i, line[part], 0.0) for i, line in enumerate(lines)]).sum(0) for part in (0, 1)
    )
    return digits * (1 - draw(start, end, torch.full_like(left, 27.0)))


DEGRADATIONS = (_blur, _coarsen, _fade, _speckle, _tremble, _fill, _rule, _crowd, _dot, _gap, _cut)

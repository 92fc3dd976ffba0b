"""Draws straight lines into batches of 28x28 digits, and the random numbers that place them.

`writing_styles` and `training.degradations` draw with it. Points are x and y in pixels of the image, float32. Random
numbers come from `rng`, a generator on the digits' own device.
"""

import torch
from torch import Generator, Tensor

from core.config import DIGIT_SIZE

LAST = DIGIT_SIZE - 1  # pixels: the last row or column


def uniform(count: int, low: float, high: float, rng: Generator) -> Tensor:
    """`count` random numbers, uniform between `low` and `high`: (count,) float32."""
    return torch.rand(count, generator=rng, device=rng.device) * (high - low) + low


def choose(count: int, share: float, rng: Generator) -> Tensor:
    """Pick each of `count` images with probability `share`: their indices (N,) int64, ascending."""
    return torch.nonzero(uniform(count, 0, 1, rng) < share).flatten()


def point(x: Tensor, y: Tensor) -> Tensor:
    """Points from their coordinates: (B,) and (B,) -> (B, 2)."""
    return torch.stack([x, y], dim=1)


def draw(start: Tensor, end: Tensor, width: Tensor) -> Tensor:
    """One anti-aliased line per image, from (B, 2) to (B, 2), `width` (B,) pixels wide: (B, 1, 28, 28) in [0, 1]."""
    side = torch.arange(DIGIT_SIZE, device=start.device)
    ys, xs = torch.meshgrid(side, side, indexing="ij")
    pixel = torch.stack([xs, ys], dim=-1).view(1, -1, 2).float()  # (1, 784, 2)
    along = (end - start).unsqueeze(1)  # (B, 1, 2)
    offset = pixel - start.unsqueeze(1)  # (B, 784, 2)
    position = ((offset * along).sum(-1) / along.pow(2).sum(-1).clamp_min(1e-6)).clamp(0, 1)
    distance = (offset - position.unsqueeze(-1) * along).norm(dim=-1)
    return (width.view(-1, 1) / 2 + 0.5 - distance).clamp(0, 1).view(-1, 1, DIGIT_SIZE, DIGIT_SIZE)


def extent(digits: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Bounding box of the ink of (B, 1, 28, 28) float32 in [0, 1]: left, top, right and bottom, each (B,)."""
    ink = digits.squeeze(1) > 0.3
    columns, rows = ink.any(1).float(), ink.any(2).float()
    return (
        columns.argmax(1).float(),
        rows.argmax(1).float(),
        LAST - columns.flip(1).argmax(1).float(),
        LAST - rows.flip(1).argmax(1).float(),
    )


def centre_of_row(digits: Tensor, row: Tensor) -> Tensor:
    """Mean x of the ink in one row of each image: (B, 1, 28, 28), `row` (B,) -> (B,)."""
    ink = digits[torch.arange(len(digits), device=row.device), 0, row.round().long().clamp(0, LAST)]  # (B, 28)
    return (ink * torch.arange(DIGIT_SIZE, device=row.device)).sum(1) / ink.sum(1).clamp_min(1e-3)

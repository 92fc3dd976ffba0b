"""Augmentation: changes digits as if another person had written them with another pen.

Everything works on whole batches of tensors; random numbers come from a generator, so a seed gives the same images.
Digits, labels and generator share one device.
"""

import functools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core.config import DIGIT_SIZE
from core.synthesis.line_raster import choose, uniform
from core.synthesis.writing_styles import add_writing_styles
from core.training.degradations import degrade

COARSE = 6  # points a side of the random field from which elastic displacements are made


@dataclass(frozen=True)
class Augmentation:
    """How strongly each image may be changed."""

    rotation: float = 0.0  # degrees, standard deviation is a half of it, never more than it
    scale: float = 0.0  # natural logarithm of the size factor, uniform in +-
    aspect: float = 0.0  # natural logarithm of width over height, uniform in +-
    shear: float = 0.0  # horizontal shift per unit of height, uniform in +-
    shift: float = 0.0  # pixels, uniform in +-
    elastic: float = 0.0  # pixels, standard deviation of a smooth field of displacements
    thickness: float = 0.0  # share of the images whose strokes are made thicker or thinner
    writing_styles: float = 0.0  # share of the 0, 1 and 7 that are slashed or opened, get an upstroke, foot or crossbar
    degradations: float = 0.0  # share of the images that show traces of pens, paper, cameras and preprocessing


# By the names of the setting `augmentation`: core.config.AUGMENTATIONS.
LEVELS: dict[str, Augmentation] = {
    "none": Augmentation(),
    "light": Augmentation(rotation=8, scale=0.08, aspect=0.05, shear=0.08, shift=1.5, elastic=0.4, thickness=0.1),
    "strong": Augmentation(
        rotation=12, scale=0.14, aspect=0.15, shear=0.2, shift=2, elastic=0.9, thickness=0.35, writing_styles=0.15,
        degradations=0.35,
    ),
}  # fmt: skip


def augment(digits: Tensor, labels: Tensor, level: Augmentation, rng: Generator) -> Tensor:
    """Each digit changed on its own: (B, 1, 28, 28) float32 in [0, 1] and (B,) int64 -> (B, 1, 28, 28) in [0, 1].

    Affine and elastic fields after Simard, Steinkraus and Platt, "Best practices for convolutional neural networks
    applied to visual document analysis" (2003).
    """
    if level == Augmentation():
        return digits
    if level.writing_styles:
        digits = add_writing_styles(digits, labels, level.writing_styles, rng)
    digits = F.grid_sample(digits, _displace(len(digits), level, rng), align_corners=False)
    if level.thickness:
        digits = _change_thickness(digits, level.thickness, rng)
    if level.degradations:
        digits = degrade(digits, level.degradations, rng)
    return digits.clamp_(0, 1)


def _displace(count: int, level: Augmentation, rng: Generator) -> Tensor:
    """Where each pixel is read from: (B, 28, 28, 2) float32 in grid_sample's units, -1 to 1 across the image."""
    angle = torch.deg2rad((torch.randn(count, generator=rng, device=rng.device) / 2).clamp_(-1, 1) * level.rotation)
    size = torch.exp(uniform(count, -level.scale, level.scale, rng))
    aspect = torch.exp(uniform(count, -level.aspect, level.aspect, rng) / 2)
    slant = uniform(count, -level.shear, level.shear, rng)
    pixel = 2 / DIGIT_SIZE
    shift_x, shift_y = (uniform(count, -level.shift, level.shift, rng) * pixel for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    # What x, y and 1 add to the two coordinates that a pixel is read from: (B, 2, 3).
    moves = torch.stack(
        [
            torch.stack([cos / size / aspect, (slant * cos - sin) / size, shift_x], dim=1),
            torch.stack([sin / size, (slant * sin + cos) / size * aspect, shift_y], dim=1),
        ],
        dim=1,
    )
    if level.elastic:
        coarse = torch.randn(count, 2, COARSE, COARSE, generator=rng, device=rng.device) * (level.elastic * pixel)
        moves = torch.cat([moves, coarse.flatten(2)], dim=2)
    basis = _displacements(rng.device)[: moves.shape[2]]
    return (moves.flatten(0, 1) @ basis).view(count, 2, DIGIT_SIZE, DIGIT_SIZE).permute(0, 2, 3, 1)


@functools.cache
def _displacements(device: torch.device) -> Tensor:
    """What each pixel makes of x, y, 1 and a coarse field of displacements: (3 + COARSE², 784) float32.

    A coarse random field enlarged smoothly costs a tenth of a Gaussian filter over a fine one; enlarging and affine
    map in one product cost a quarter of `affine_grid` and `interpolate`.
    """
    middle = (torch.arange(DIGIT_SIZE, device=device) + 0.5) * 2 / DIGIT_SIZE - 1
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    single = torch.eye(COARSE**2, device=device).view(-1, 1, COARSE, COARSE)
    enlarged = F.interpolate(single, size=DIGIT_SIZE, mode="bicubic", align_corners=False).flatten(1)
    return torch.cat([torch.stack([x, y, torch.ones_like(x)]).flatten(1), enlarged])


def _change_thickness(digits: Tensor, share: float, rng: Generator) -> Tensor:
    digits = digits.clone()
    chosen = choose(len(digits), share, rng)
    half = len(chosen) // 2
    for members, sign in ((chosen[:half], 1), (chosen[half:], -1)):
        if len(members):
            strength = uniform(len(members), 0, 1, rng).view(-1, 1, 1, 1)
            moved = sign * F.max_pool2d(sign * digits[members], 3, stride=1, padding=1)
            digits[members] = torch.lerp(digits[members], moved, strength * (1.0 if sign > 0 else 0.6))
    return digits

"""A batch of digits -> the same batch, distorted per image, as if other people had written it with other pens.

Everything works on whole batches of tensors; chance comes from a generator, so a seed gives the same distortions.
Digits, labels and generator share one device.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core.config import DIGIT_SIZE
from core.data.digits import DigitSet
from core.network.architectures import to_input
from core.synthesis.line_raster import choose, uniform
from core.synthesis.writing_styles import add_writing_styles
from core.training.degradations import wear


@dataclass(frozen=True)
class Distortion:
    """How far each image may be moved away from what was written."""

    rotation: float = 0.0  # degrees, standard deviation is a half of it, never more than it
    scale: float = 0.0  # natural logarithm of the size factor, uniform in +-
    aspect: float = 0.0  # natural logarithm of width over height, uniform in +-
    shear: float = 0.0  # horizontal shift per unit of height, uniform in +-
    shift: float = 0.0  # pixels, uniform in +-
    elastic: float = 0.0  # pixels, standard deviation of a smooth field of displacements
    thickness: float = 0.0  # share of the images whose strokes are made thicker or thinner
    habits: float = 0.0  # share of the 0, 1 and 7 that are slashed or opened, get an upstroke or a foot, a crossbar
    wear: float = 0.0  # share of the images that pens, paper, cameras and preprocessing have left a trace on


DISTORTIONS: dict[str, Distortion] = {
    "none": Distortion(),
    "light": Distortion(rotation=8, scale=0.08, aspect=0.05, shear=0.08, shift=1.5, elastic=0.4, thickness=0.1),
    "strong": Distortion(
        rotation=12, scale=0.14, aspect=0.15, shear=0.2, shift=2, elastic=0.9, thickness=0.35, habits=0.15, wear=0.35
    ),
}


def distort(digits: Tensor, labels: Tensor, distortion: Distortion, rng: Generator) -> Tensor:
    """Each digit distorted on its own: (B, 1, 28, 28) float32 in [0, 1] and (B,) int64 -> (B, 1, 28, 28) in [0, 1].

    Affine and elastic fields after Simard, Steinkraus and Platt, "Best practices for convolutional neural networks
    applied to visual document analysis" (2003).
    """
    if distortion == Distortion():
        return digits
    if distortion.habits:
        digits = add_writing_styles(digits, labels, distortion.habits, rng)
    digits = F.grid_sample(digits, _displace(len(digits), distortion, rng), align_corners=False)
    if distortion.thickness:
        digits = _change_thickness(digits, distortion.thickness, rng)
    if distortion.wear:
        digits = wear(digits, distortion.wear, rng)
    return digits.clamp_(0, 1)


def preview(digits: DigitSet, augmentation: str, seed: int, count: int = 8) -> np.ndarray:
    """The first digits as a run with this augmentation would see them: (count, 28, 28) uint8."""
    rng = torch.Generator().manual_seed(seed)
    seen = distort(to_input(digits.images[:count]), digits.labels[:count], DISTORTIONS[augmentation], rng)
    return seen.squeeze(1).mul(255).round().to(torch.uint8).numpy()


def _displace(count: int, distortion: Distortion, rng: Generator) -> Tensor:
    """Where each pixel is read from: (B, 28, 28, 2) float32 in grid_sample's units, -1 to 1 across the image."""
    angle = torch.deg2rad(
        (torch.randn(count, generator=rng, device=rng.device) / 2).clamp_(-1, 1) * distortion.rotation
    )
    size = torch.exp(uniform(count, -distortion.scale, distortion.scale, rng))
    aspect = torch.exp(uniform(count, -distortion.aspect, distortion.aspect, rng) / 2)
    slant = uniform(count, -distortion.shear, distortion.shear, rng)
    pixel = 2 / DIGIT_SIZE
    shift_x, shift_y = (uniform(count, -distortion.shift, distortion.shift, rng) * pixel for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = (
        torch.stack([cos / size / aspect, (slant * cos - sin) / size, shift_x], dim=1),
        torch.stack([sin / size, (slant * sin + cos) / size * aspect, shift_y], dim=1),
    )
    grid = F.affine_grid(torch.stack(rows, dim=1), [count, 1, DIGIT_SIZE, DIGIT_SIZE], align_corners=False)
    if distortion.elastic:
        # A coarse random field enlarged smoothly costs a tenth of a Gaussian filter over a fine one.
        coarse = torch.randn(count, 2, 6, 6, generator=rng, device=rng.device) * (distortion.elastic * pixel)
        field = F.interpolate(coarse, size=DIGIT_SIZE, mode="bicubic", align_corners=False)
        grid = grid + field.permute(0, 2, 3, 1)
    return grid


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

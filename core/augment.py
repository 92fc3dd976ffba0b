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
from core.data import DigitSet
from core.model import to_input


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
    habits: float = 0.0  # share of the 0, 1 and 7 that get a slash, an upstroke and foot, a crossbar
    wear: float = 0.0  # share of the images that are blurred, coarsened, faded or speckled


DISTORTIONS: dict[str, Distortion] = {
    "none": Distortion(),
    "light": Distortion(rotation=8, scale=0.08, aspect=0.05, shear=0.08, shift=1.5, elastic=0.4, thickness=0.1),
    "strong": Distortion(
        rotation=14, scale=0.14, aspect=0.12, shear=0.18, shift=2, elastic=0.9, thickness=0.35, habits=0.08, wear=0.3
    ),
}


def distort(digits: Tensor, labels: Tensor, distortion: Distortion, chance: Generator) -> Tensor:
    """Each digit distorted on its own: (B, 1, 28, 28) float32 in [0, 1] and (B,) int64 -> (B, 1, 28, 28) in [0, 1].

    Affine and elastic fields after Simard, Steinkraus and Platt, "Best practices for convolutional neural networks
    applied to visual document analysis" (2003).
    """
    if distortion == Distortion():
        return digits
    if distortion.habits:
        digits = _add_habits(digits, labels, distortion.habits, chance)
    digits = F.grid_sample(digits, _displace(len(digits), distortion, chance), align_corners=False)
    if distortion.thickness:
        digits = _change_thickness(digits, distortion.thickness, chance)
    if distortion.wear:
        digits = _wear(digits, distortion.wear, chance)
    return digits.clamp_(0, 1)


def preview(digits: DigitSet, augmentation: str, seed: int, count: int = 8) -> np.ndarray:
    """The first digits as a run with this augmentation would see them: (count, 28, 28) uint8."""
    chance = torch.Generator().manual_seed(seed)
    seen = distort(to_input(digits.images[:count]), digits.labels[:count], DISTORTIONS[augmentation], chance)
    return seen.squeeze(1).mul(255).round().to(torch.uint8).numpy()


def _uniform(count: int, reach: float, chance: Generator) -> Tensor:
    return (torch.rand(count, generator=chance, device=chance.device) * 2 - 1) * reach


def _chosen(count: int, share: float, chance: Generator) -> Tensor:
    return torch.nonzero(torch.rand(count, generator=chance, device=chance.device) < share).flatten()


def _displace(count: int, distortion: Distortion, chance: Generator) -> Tensor:
    """Where each pixel is read from: (B, 28, 28, 2) float32 in grid_sample's units, -1 to 1 across the image."""
    angle = torch.deg2rad(
        (torch.randn(count, generator=chance, device=chance.device) / 2).clamp_(-1, 1) * distortion.rotation
    )
    size = torch.exp(_uniform(count, distortion.scale, chance))
    aspect = torch.exp(_uniform(count, distortion.aspect, chance) / 2)
    slant = _uniform(count, distortion.shear, chance)
    pixel = 2 / DIGIT_SIZE
    shift_x, shift_y = (_uniform(count, distortion.shift, chance) * pixel for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = (
        torch.stack([cos / size / aspect, (slant * cos - sin) / size, shift_x], dim=1),
        torch.stack([sin / size, (slant * sin + cos) / size * aspect, shift_y], dim=1),
    )
    grid = F.affine_grid(torch.stack(rows, dim=1), [count, 1, DIGIT_SIZE, DIGIT_SIZE], align_corners=False)
    if distortion.elastic:
        # A coarse random field enlarged smoothly costs a tenth of a Gaussian filter over a fine one.
        coarse = torch.randn(count, 2, 6, 6, generator=chance, device=chance.device) * (distortion.elastic * pixel)
        field = F.interpolate(coarse, size=DIGIT_SIZE, mode="bicubic", align_corners=False)
        grid = grid + field.permute(0, 2, 3, 1)
    return grid


def _change_thickness(digits: Tensor, share: float, chance: Generator) -> Tensor:
    digits = digits.clone()
    chosen = _chosen(len(digits), share, chance)
    half = len(chosen) // 2
    for members, sign in ((chosen[:half], 1), (chosen[half:], -1)):
        if len(members):
            strength = torch.rand(len(members), 1, 1, 1, generator=chance, device=chance.device)
            moved = sign * F.max_pool2d(sign * digits[members], 3, stride=1, padding=1)
            digits[members] = torch.lerp(digits[members], moved, strength * (1.0 if sign > 0 else 0.6))
    return digits


def _wear(digits: Tensor, share: float, chance: Generator) -> Tensor:
    """What cameras, scanners and preprocessing leave behind, each on a quarter of the chosen images."""
    digits = digits.clone()
    blurred, coarse, faded, speckled = _chosen(len(digits), share, chance).tensor_split(4)
    if len(blurred):
        soft = F.avg_pool2d(F.pad(digits[blurred], (1, 1, 1, 1)), 3, stride=1)
        digits[blurred] = torch.lerp(
            digits[blurred], soft, torch.rand(len(blurred), 1, 1, 1, generator=chance, device=chance.device)
        )
    if len(coarse):
        size = int(torch.randint(12, 20, (1,), generator=chance, device=chance.device))
        small = F.interpolate(digits[coarse], size=size, mode="bilinear", antialias=True, align_corners=False)
        digits[coarse] = F.interpolate(small, size=DIGIT_SIZE, mode="bilinear", align_corners=False)
    if len(faded):
        gamma = torch.exp(_uniform(len(faded), 0.7, chance)).view(-1, 1, 1, 1)
        digits[faded] = digits[faded].clamp(0, 1) ** gamma
    if len(speckled):
        specks = (
            torch.rand(len(speckled), 1, DIGIT_SIZE, DIGIT_SIZE, generator=chance, device=chance.device) > 0.985
        ).float()
        specks = F.avg_pool2d(F.pad(specks, (1, 1, 1, 1)), 3, stride=1) * 3
        digits[speckled] = torch.maximum(digits[speckled], specks.clamp(0, 0.8))
    return digits


def _add_habits(digits: Tensor, labels: Tensor, share: float, chance: Generator) -> Tensor:
    """Draw what MNIST's American writers seldom do: slashed 0, 1 with a long upstroke or a foot, crossed 7."""
    digits = digits.clone()
    picked = torch.rand(len(digits), generator=chance, device=chance.device) < share
    for label, draw in ((0, _slash), (1, _upstroke), (7, _cross)):
        members = torch.nonzero(picked & (labels == label)).flatten()
        if len(members):
            for start, end in draw(digits[members], chance):
                width = 1.0 + 1.6 * torch.rand(len(members), generator=chance, device=chance.device)
                digits[members] = torch.maximum(digits[members], _stroke(start, end, width))
    return digits


def _stroke(start: Tensor, end: Tensor, width: Tensor) -> Tensor:
    """Straight strokes with soft edges from start (B, 2) to end (B, 2), x and y in pixels -> (B, 1, 28, 28)."""
    side = torch.arange(DIGIT_SIZE, device=start.device)
    ys, xs = torch.meshgrid(side, side, indexing="ij")
    pixel = torch.stack([xs, ys], dim=-1).view(1, -1, 2).float()  # (1, 784, 2)
    along = (end - start).unsqueeze(1)  # (B, 1, 2)
    offset = pixel - start.unsqueeze(1)  # (B, 784, 2)
    position = ((offset * along).sum(-1) / along.pow(2).sum(-1).clamp_min(1e-6)).clamp(0, 1)
    distance = (offset - position.unsqueeze(-1) * along).norm(dim=-1)
    return (width.view(-1, 1) / 2 + 0.5 - distance).clamp(0, 1).view(-1, 1, DIGIT_SIZE, DIGIT_SIZE)


def _extent(digits: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Left, top, right, bottom of the ink, each (B,) float32 in pixels."""
    ink = digits.squeeze(1) > 0.3
    columns, rows = ink.any(1).float(), ink.any(2).float()
    last = DIGIT_SIZE - 1
    return (
        columns.argmax(1).float(),
        rows.argmax(1).float(),
        last - columns.flip(1).argmax(1).float(),
        last - rows.flip(1).argmax(1).float(),
    )


def _centre_of_row(digits: Tensor, row: Tensor) -> Tensor:
    """Where the ink of one row lies: (B, 1, 28, 28), (B,) pixels -> (B,) pixels."""
    ink = digits[
        torch.arange(len(digits), device=row.device), 0, row.round().long().clamp(0, DIGIT_SIZE - 1)
    ]  # (B, 28)
    return (ink * torch.arange(DIGIT_SIZE, device=row.device)).sum(1) / ink.sum(1).clamp_min(1e-3)


def _slash(digits: Tensor, chance: Generator) -> list[tuple[Tensor, Tensor]]:
    left, top, right, bottom = _extent(digits)
    reach = _uniform(len(digits), 1.5, chance)
    return [(torch.stack([right + reach, top - reach], 1), torch.stack([left - reach, bottom + reach], 1))]


def _upstroke(digits: Tensor, chance: Generator) -> list[tuple[Tensor, Tensor]]:
    _, top, _, bottom = _extent(digits)
    top_x = _centre_of_row(digits, top + 1)
    run = 3 + 5 * torch.rand(len(digits), generator=chance, device=chance.device)
    fall = run * (0.7 + 0.8 * torch.rand(len(digits), generator=chance, device=chance.device))
    strokes = [(torch.stack([top_x, top + 0.5], 1), torch.stack([top_x - run, top + fall], 1))]
    if torch.rand(1, generator=chance, device=chance.device) < 0.4:
        foot_x = _centre_of_row(digits, bottom - 1)
        half = 2.5 + 2.5 * torch.rand(len(digits), generator=chance, device=chance.device)
        strokes.append((torch.stack([foot_x - half, bottom], 1), torch.stack([foot_x + half, bottom], 1)))
    return strokes


def _cross(digits: Tensor, chance: Generator) -> list[tuple[Tensor, Tensor]]:
    _, top, _, bottom = _extent(digits)
    middle = top + (bottom - top) * (0.45 + 0.2 * torch.rand(len(digits), generator=chance, device=chance.device))
    centre = _centre_of_row(digits, middle)
    half = 2.5 + 2.5 * torch.rand(len(digits), generator=chance, device=chance.device)
    tilt = _uniform(len(digits), 1.0, chance)
    return [(torch.stack([centre - half, middle + tilt], 1), torch.stack([centre + half, middle - tilt], 1))]

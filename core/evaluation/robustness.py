"""How accuracy falls as the digits are damaged: turned, moved, blurred, covered, each a little more at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core import words
from core.config import DIGIT_SIZE
from core.data.digits import DigitSet
from core.evaluation import report
from core.evaluation.answered import AnsweredSet
from core.evaluation.testset import TestSet
from core.network.architectures import Network, to_input
from core.network.checkpoint import Checkpoint

SAMPLE = 2000  # digits: enough for +-1 % at 95 % accuracy, few enough for all curves in half a minute


@dataclass(frozen=True)
class Damage:
    """One way to damage a digit. `apply` takes (B, 1, 28, 28) float32 in [0, 1], a strength and a generator, and gives
    the same shape; at strength `harmless` nothing changes. `strengths` rise; `axis` names them with their unit."""

    title: str
    axis: str
    strengths: tuple[float, ...]
    harmless: float
    apply: Callable[[Tensor, float, Generator], Tensor]


@dataclass(frozen=True)
class Point:
    """Accuracy at one strength of one damage, with its 95 % interval; shares 0 to 1. `pictures` were read, `when`."""

    damage: str
    strength: float
    accuracy: float
    low: float
    high: float
    pictures: int
    when: datetime


def measure(model: Network, digits: DigitSet, damage: str, strength: float) -> Point:
    """The model's accuracy on digits damaged this much. The same digits meet the same damage whatever the model."""
    found = report.evaluate(model, spoil(digits, damage, strength))
    low, high = found.accuracy_interval
    return Point(damage, strength, found.accuracy, low, high, len(digits), datetime.now().astimezone())


def answer(model: Checkpoint, digits: TestSet, damage: str, strength: float) -> AnsweredSet:
    """The pictures behind a point: a model's answers to the digits of a set damaged this much, as they look then."""
    spoilt = spoil(digits.digits, damage, strength)
    name = f"{digits.name}, {DAMAGES[damage].title.lower()} {strength:g}"
    damaged = replace(digits, name=name, digits=spoilt, others=(), verdicts=())
    return AnsweredSet(report.measure(model, damaged), damaged)


def average(points: list[Point], damage: str) -> float | None:
    """Mean accuracy over the harmful strengths of one damage, 0 to 1; None until all of them are measured."""
    harmful = [strength for strength in DAMAGES[damage].strengths if strength != DAMAGES[damage].harmless]
    found = {point.strength: point.accuracy for point in points if point.damage == damage}
    return sum(found[one] for one in harmful) / len(harmful) if found.keys() >= set(harmful) else None


def source(model: str, data: str, points: list[Point]) -> str:
    """One line that names model, data and time, to stand under the curves of these points, of which there is one.

    `model` is the model's name and version, `data` the name of the set the pictures are from.
    """
    last = max(points, key=lambda point: point.when)
    return f"{model} · {words.count(last.pictures, 'picture')} of {data} · computed {words.time(last.when)}"


def sources(data: str, curves: dict[str, list[Point]]) -> list[str]:
    """The source lines under the curves on one set, one for each model with points; `curves` as for `source`."""
    return [source(model, data, points) for model, points in curves.items() if points]


def measured(curves: dict[str, list[Point]]) -> list[str]:
    """The damages for which any of the curves has a point, in the order of `DAMAGES`."""
    known = {point.damage for points in curves.values() for point in points}
    return [damage for damage in DAMAGES if damage in known]


def sample(digits: DigitSet, count: int = SAMPLE) -> DigitSet:
    """At most `count` of the digits, always the same ones."""
    return digits.pick(sample_places(len(digits), count))


def sample_places(available: int, count: int = SAMPLE) -> Tensor:
    """Which of so many digits `sample` takes: (M,) int64."""
    return torch.randperm(available, generator=torch.Generator().manual_seed(0))[:count]


def spoil(digits: DigitSet, damage: str, strength: float) -> DigitSet:
    """The same digits, damaged. Raises `KeyError` for a name not in `DAMAGES`."""
    rng = torch.Generator().manual_seed(1)
    spoilt = DAMAGES[damage].apply(to_input(digits.images), strength, rng)
    return DigitSet((spoilt.clamp(0, 1) * 255).round().to(torch.uint8).squeeze(1), digits.labels)


def examples(digits: DigitSet, damage: str) -> np.ndarray:
    """One of the digits at each strength of a damage: (N, 28, 28) uint8. A 5 where there is one: it has curves,
    corners and a way up."""
    fives = torch.nonzero(digits.labels == 5).flatten()
    one = digits.pick(fives[:1] if len(fives) else torch.tensor([0]))
    return torch.cat([spoil(one, damage, strength).images for strength in DAMAGES[damage].strengths]).numpy()


def _transform(digits: Tensor, rows: Tensor) -> Tensor:
    """Read each digit (B, 1, 28, 28) through an affine map (B, 2, 3) in grid_sample's units, -1 to 1 across."""
    grid = F.affine_grid(rows, list(digits.shape), align_corners=False)
    return F.grid_sample(digits, grid, align_corners=False)


def _same_for_all(digits: Tensor, rows: list[list[float]]) -> Tensor:
    return _transform(digits, torch.tensor(rows).expand(len(digits), 2, 3))


def _turn(digits: Tensor, degrees: float, rng: Generator) -> Tensor:
    angle = torch.deg2rad(torch.tensor(float(degrees)))
    cos, sin = angle.cos().item(), angle.sin().item()
    return _same_for_all(digits, [[cos, sin, 0.0], [-sin, cos, 0.0]])


def _move(digits: Tensor, pixels: float, rng: Generator) -> Tensor:
    """Each digit in a direction of its own."""
    direction = torch.rand(len(digits), generator=rng) * 2 * torch.pi
    rows = torch.eye(2, 3).repeat(len(digits), 1, 1)
    rows[:, :, 2] = torch.stack([direction.cos(), direction.sin()], 1) * pixels * 2 / DIGIT_SIZE
    return _transform(digits, rows)


def _resize(digits: Tensor, factor: float, rng: Generator) -> Tensor:
    return _same_for_all(digits, [[1 / factor, 0.0, 0.0], [0.0, 1 / factor, 0.0]])


def _blur(digits: Tensor, sigma: float, rng: Generator) -> Tensor:
    if not sigma:
        return digits
    reach = int(3 * sigma + 0.5)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1).float() ** 2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    return F.conv2d(F.conv2d(digits, kernel, padding=(0, reach)), kernel.transpose(2, 3), padding=(reach, 0))


def _add_noise(digits: Tensor, deviation: float, rng: Generator) -> Tensor:
    return digits + deviation * torch.randn(digits.shape, generator=rng)


def _fade(digits: Tensor, left: float, rng: Generator) -> Tensor:
    return digits * left


def _thicken(digits: Tensor, pixels: float, rng: Generator) -> Tensor:
    """A 3x3 maximum widens a stroke by two pixels, a minimum narrows it by two; parts of that are mixed."""
    sign, left = (1 if pixels > 0 else -1), abs(pixels) / 2
    while left > 0:
        digits = torch.lerp(digits, sign * F.max_pool2d(sign * digits, 3, stride=1, padding=1), min(1.0, left))
        left -= 1
    return digits


def _cover(digits: Tensor, side: float, rng: Generator) -> Tensor:
    """A black square somewhere over the middle 20 pixels, where the ink is."""
    corner = 4 + torch.rand(len(digits), 2, generator=rng) * (20 - side)  # (B, 2): top, left
    place = torch.arange(DIGIT_SIZE).view(1, 1, -1)
    inside = (place >= corner.unsqueeze(-1).floor()) & (place < corner.unsqueeze(-1).floor() + side)  # (B, 2, 28)
    hidden = inside[:, 0, :, None] & inside[:, 1, None, :]  # (B, 28, 28)
    return digits.masked_fill(hidden.unsqueeze(1), 0.0)


DAMAGES: dict[str, Damage] = {
    "rotation": Damage("Rotation", "degrees clockwise", (-60, -40, -20, 0, 20, 40, 60), 0, _turn),
    "shift": Damage("Shift", "pixels, in any direction", (0, 1, 2, 3, 4, 6), 0, _move),
    "scale": Damage("Size", "times the usual size", (0.4, 0.6, 0.8, 1.0, 1.2, 1.4), 1.0, _resize),
    "blur": Damage("Blur", "pixels (standard deviation)", (0, 0.5, 1, 1.5, 2, 3), 0, _blur),
    "noise": Damage("Noise", "of full brightness (standard deviation)", (0, 0.1, 0.2, 0.3, 0.4, 0.6), 0, _add_noise),
    "contrast": Damage("Contrast", "of the ink's brightness left", (0.05, 0.1, 0.2, 0.4, 0.7, 1.0), 1.0, _fade),
    "thickness": Damage("Stroke thickness", "pixels thicker, or thinner below 0", (-2, -1, 0, 1, 2, 4), 0, _thicken),
    "occlusion": Damage("Covered part", "pixels, side of a black square", (0, 4, 7, 10, 13, 16), 0, _cover),
}

# Every damage at each of its strengths: the points of all curves, in the order they are measured in.
STEPS = tuple((name, strength) for name, damage in DAMAGES.items() for strength in damage.strengths)

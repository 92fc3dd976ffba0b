"""The loss landscape: how the loss changes where a network's weights are moved, on a line and in a plane."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.data.digits import DigitSet
from core.network.architectures import Network, to_input

LINE = np.linspace(-0.25, 1.5, 29)  # of the way from the first to the last weights; also a little beyond both
PLANE = np.linspace(-1, 1, 15)  # in each direction, in units of each filter's own size


@dataclass(frozen=True)
class Line:
    """The `losses` (N,), in nats, at `shares` (N,) of the straight way from the first weights (0) to the last (1)."""

    shares: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class Plane:
    """The `losses` (N, N), in nats, around the last weights, which lie in the middle; rows and columns are steps of the
    `offsets` (N,) in two random directions."""

    offsets: np.ndarray
    losses: np.ndarray


def measure_loss(network: Network, digits: DigitSet) -> float:
    """The mean loss over digits, in nats."""
    with torch.inference_mode():
        return F.cross_entropy(network.logits(to_input(digits.images)), digits.labels).item()


def follow_line(
    first: Network, last: Network, digits: DigitSet, tell: Callable[[float], None] = lambda share: None
) -> Line:
    """The loss along the straight line from the first weights of a run to its last, and beyond.

    Goodfellow, Vinyals and Saxe, "Qualitatively characterizing neural network optimization problems" (2015). `tell`
    hears how far it is, 0 to 1.
    """
    moved = copy.deepcopy(last)
    ends = first.state_dict(), last.state_dict()
    losses = []
    for done, share in enumerate(LINE.tolist()):
        tell(done / len(LINE))
        mixed = {
            name: torch.lerp(start, ends[1][name], share) if start.is_floating_point() else ends[1][name]
            for name, start in ends[0].items()
        }
        for name, value in mixed.items():
            if name.endswith("running_var"):
                value.clamp_(min=0)  # beyond the ends of the line a variance might be negative
        moved.load_state_dict(mixed)
        losses.append(measure_loss(moved, digits))
    return Line(LINE, np.array(losses))


def cross_plane(
    network: Network, digits: DigitSet, seed: int = 0, tell: Callable[[float], None] = lambda share: None
) -> Plane:
    """The loss in a plane of two random directions around a network. The same seed gives the same plane.

    Each filter's part of a direction is as long as the filter itself: without that, networks with large weights would
    seem flat. Biases and normalization stay. Li et al., "Visualizing the loss landscape of neural nets" (2018). `tell`
    hears how far it is, 0 to 1.
    """
    moved = copy.deepcopy(network)
    rng = torch.Generator().manual_seed(seed)
    one, other = draw_direction(network, rng), draw_direction(network, rng)
    losses = np.zeros((len(PLANE), len(PLANE)))
    for row, down in enumerate(PLANE.tolist()):
        for column, right in enumerate(PLANE.tolist()):
            tell((row * len(PLANE) + column) / losses.size)
            parts = zip(moved.parameters(), network.parameters(), one, other, strict=True)
            for parameter, center, first, second in parts:
                parameter.data.copy_(center + down * first + right * second)
            losses[row, column] = measure_loss(moved, digits)
    return Plane(PLANE, losses)


def draw_direction(network: Network, rng: torch.Generator) -> list[Tensor]:
    """A random direction with a part for each parameter: every filter's, or unit's, as long as its weights, and zeros
    where a parameter has one number for each, as biases have."""
    direction = []
    for parameter in network.parameters():
        weights = parameter.detach()
        drawn = torch.randn(weights.shape, generator=rng)
        if weights.dim() < 2:
            direction.append(torch.zeros_like(weights))
            continue
        lengths = [one.flatten(1).norm(dim=1).view(-1, *[1] * (weights.dim() - 1)) for one in (weights, drawn)]
        direction.append(drawn * lengths[0] / lengths[1])
    return direction

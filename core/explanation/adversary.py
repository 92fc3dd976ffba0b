"""The adversarial twin: a change that no stroke explains, as faint as it can be, which makes a digit another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import DIGIT_SIZE
from core.explanation.saved_picture import read_again, to_levels
from core.network.checkpoint import Checkpoint

STRENGTHS = tuple(level / 255 for level in (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128))  # greys of 255, rising
STEPS = 20  # of PGD
PACE = 2.5 / STEPS  # of its strength: how far a step goes; together they could cross the range twice


@dataclass(frozen=True)
class Twin:
    """A digit and its twin: `before` and `after` (28, 28) float32 in [0, 1], both exact in 256 greys; `said` is what
    the twin is read as. `strength` is the most that a pixel changed, in greys of 255."""

    before: np.ndarray
    after: np.ndarray
    said: int
    strength: int

    @property
    def noise(self) -> float:
        """The size of the noise: the root of its mean square, in greys of 255."""
        return float(np.sqrt(np.mean((self.after - self.before) ** 2))) * 255


def fool_once(checkpoint: Checkpoint, digit: np.ndarray, wanted: int) -> Twin | None:
    """The fast gradient sign method: all pixels one step down the gradient of the loss for the wanted digit.

    Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples" (2015). None where no strength
    suffices."""
    given = _to_batch(digit)
    step = -_slope(checkpoint, given, wanted).sign()
    strengths = torch.tensor(STRENGTHS).view(-1, 1, 1, 1)
    return _take_faintest(checkpoint, digit, (given + strengths * step).clamp(0, 1), wanted)


def fool_by_steps(checkpoint: Checkpoint, digit: np.ndarray, wanted: int) -> Twin | None:
    """Projected gradient descent: many small steps, never farther from the digit than the strength. Madry et al.,
    "Towards deep learning models resistant to adversarial attacks" (2018). None where no strength suffices."""
    given = _to_batch(digit).expand(len(STRENGTHS), -1, -1, -1)
    strengths = torch.tensor(STRENGTHS).view(-1, 1, 1, 1)
    twin = given.clone()
    for _ in range(STEPS):
        twin = twin - PACE * strengths * _slope(checkpoint, twin, wanted).sign()
        twin = torch.minimum(torch.maximum(twin, given - strengths), given + strengths).clamp(0, 1)
    return _take_faintest(checkpoint, digit, twin, wanted)


METHODS: dict[str, Callable[[Checkpoint, np.ndarray, int], Twin | None]] = {
    "PGD": fool_by_steps,
    "FGSM": fool_once,
}


def _to_batch(digit: np.ndarray) -> Tensor:
    return torch.from_numpy(to_levels(digit)).view(1, 1, DIGIT_SIZE, DIGIT_SIZE)


def _slope(checkpoint: Checkpoint, digits: Tensor, wanted: int) -> Tensor:
    """How the loss for the wanted digit rises with each pixel, of the shape of `digits`."""
    digits = digits.detach().requires_grad_()
    wish = torch.full((len(digits),), wanted)
    (slope,) = torch.autograd.grad(F.cross_entropy(checkpoint.model.logits(digits), wish, reduction="sum"), digits)
    return slope


def _take_faintest(checkpoint: Checkpoint, digit: np.ndarray, twins: Tensor, wanted: int) -> Twin | None:
    """The first of the twins, faintest first, that is read as the wanted digit from a saved PNG."""
    before = to_levels(digit)
    for twin in twins[:, 0].numpy():
        after, said = read_again(checkpoint, twin)
        if said == wanted:
            return Twin(before, after, said, round(float(np.abs(after - before).max()) * 255))
    return None

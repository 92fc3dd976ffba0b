"""The smallest change of ink that makes a digit another one: strokes that people write, and few of them."""

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

EXAMPLES = 6  # real digits that are tried side by side, those most like the digit
STEPS = 60  # of the search, for all of them at once
PACE = 0.1  # how far a step moves the mask, at most
MARGIN = 1.5  # units of the logit by which the other digit is to win, so that rounding to 256 greys leaves it
PRICE = 0.06  # of a full pixel of change, in units of the logit
EDGES = 0.5  # of the mask's edges, in units of `PRICE`: whole pieces of strokes rather than specks
LEAST = 0.08  # of full brightness: a smaller change of a pixel is none
SOFT = (0.25, 0.5, 0.25)  # how a mask is softened along rows and columns: pieces two pixels wide at least


@dataclass(frozen=True)
class Change:
    """A digit made another one: `before` and `after` (28, 28) float32 in [0, 1], both exact in 256 greys, and the
    digit that `after` is read as, `wanted`."""

    before: np.ndarray
    after: np.ndarray
    wanted: int

    @property
    def difference(self) -> np.ndarray:
        """Ink added (above 0) and taken away (below 0), (28, 28)."""
        difference: np.ndarray = self.after - self.before
        return difference

    @property
    def pixels(self) -> int:
        """How many pixels differ."""
        return int(np.count_nonzero(self.difference))

    @property
    def ink(self) -> tuple[float, float]:
        """Ink added and ink taken away, in full pixels."""
        difference = self.difference
        return float(difference[difference > 0].sum()), float(-difference[difference < 0].sum())

    def mix(self, share: float) -> np.ndarray:
        """The digit on its way, (28, 28) float32: `share` 0 is before, 1 after."""
        mixed: np.ndarray = (self.before + share * self.difference).astype(np.float32)
        return mixed


def find_examples(digit: np.ndarray, others: np.ndarray, count: int = EXAMPLES) -> np.ndarray:
    """Of real digits (N, 28, 28) uint8 those most like a digit (28, 28) in [0, 1], slightly blurred: (M, 28, 28)
    float32 in [0, 1]."""
    soft = F.avg_pool2d(torch.from_numpy(others).unsqueeze(1).float(), 4).flatten(1) / 255  # (N, 49)
    own = F.avg_pool2d(torch.from_numpy(digit).view(1, 1, DIGIT_SIZE, DIGIT_SIZE), 4).flatten(1)
    nearest = (soft - own).pow(2).sum(1).topk(min(count, len(others)), largest=False).indices.numpy()
    found: np.ndarray = others[nearest].astype(np.float32) / 255
    return found


def change(
    checkpoint: Checkpoint,
    digit: np.ndarray,
    examples: np.ndarray,
    wanted: int,
    tell: Callable[[float], None] = lambda share: None,
) -> Change | None:
    """The smallest change found of a digit (28, 28) float32 in [0, 1] that is read as `wanted`; None where none was.
    What it gives was read again from a saved PNG.

    `examples` (N, 28, 28) are real digits of that kind. A mask says how much of each pixel is taken from one of them;
    gradient descent makes it as small and as smooth as the answer allows, so that ink comes and goes in strokes that
    somebody wrote. After Goyal et al., "Counterfactual visual explanations" (2019), with the mask of Fong and Vedaldi,
    "Interpretable explanations of black boxes by meaningful perturbation" (2017). `tell` hears how far it is, 0 to 1.
    """
    before = to_levels(digit)
    given = torch.from_numpy(before).view(1, 1, DIGIT_SIZE, DIGIT_SIZE)
    difference = torch.from_numpy(examples).unsqueeze(1) - given  # (N, 1, 28, 28)
    mask = torch.full(difference.shape, 0.9, requires_grad=True)
    optimizer = torch.optim.Adam([mask], lr=PACE)
    candidates: list[Change] = []
    for step in range(STEPS):
        soft = _soften(mask)
        changed = given + soft * difference
        lack = _lack(checkpoint.model.logits(changed), wanted)
        loss = lack.sum() + PRICE * _measure(soft, difference).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            mask.clamp_(0, 1)
        if step % 10 == 9:
            candidates += _check(checkpoint, before, (soft * difference).detach(), wanted)
            tell((step + 1) / STEPS)
    return min(candidates, key=lambda one: sum(one.ink), default=None)


def _soften(mask: Tensor) -> Tensor:
    """A mask (N, 1, 28, 28) without its finest detail."""
    line = torch.tensor(SOFT).view(1, 1, 1, -1)
    reach = len(SOFT) // 2
    return F.conv2d(F.conv2d(mask, line, padding=(0, reach)), line.transpose(2, 3), padding=(reach, 0))


def _lack(logits: Tensor, wanted: int) -> Tensor:
    """By how much the wanted digit does not win by `MARGIN` yet: (B, 10) -> (B,)."""
    others = logits.clone()
    others[:, wanted] = -torch.inf
    return F.relu(others.max(1).values + MARGIN - logits[:, wanted])


def _measure(mask: Tensor, difference: Tensor) -> Tensor:
    """The ink that changes, in full pixels, and the edges of the mask: (N,)."""
    edges = mask.diff(dim=2).abs().flatten(1).sum(1) + mask.diff(dim=3).abs().flatten(1).sum(1)
    return (mask * difference.abs()).flatten(1).sum(1) + EDGES * edges


def _check(checkpoint: Checkpoint, before: np.ndarray, differences: Tensor, wanted: int) -> list[Change]:
    """Those of the changes (N, 1, 28, 28) that do what they should after a PNG, without what is too faint to see."""
    found = []
    for difference in differences[:, 0].numpy():
        after, said = read_again(checkpoint, before + np.where(np.abs(difference) < LEAST, 0, difference))
        if said == wanted:
            found.append(Change(before, after, wanted))
    return found

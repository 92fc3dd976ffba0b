"""How the binarizer learns to tell ink from print."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.reading.binarizer import Binarizer, find, normalise
from core.reading.ink import find_contrast
from core.synthesis.documents import Sheet

BATCH, CROP = 16, (64, 160)  # of training: how many parts of sheets at once, and their height and width in pixels
LEARNING_RATE, DECAY, WARM_UP = 4e-3, 1e-3, 0.1
OVERLAP = 0.3  # weight of the Dice loss beside the cross entropy


@dataclass(frozen=True)
class Progress:
    """The training after one step: the step's number from 1, its `loss`, and the network as it is then."""

    number: int
    loss: float
    network: Binarizer


@dataclass(frozen=True)
class InkScore:
    """How well ink was found: precision and recall of its pixels, 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


def learn(sheets: list[Sheet], steps: int, seed: int = 0) -> Iterator[Progress]:
    """Train a network on parts of the sheets, mirrored at random. Deterministic for a given seed. About 0.4 seconds per
    step on two cores."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    seen = [(normalise(find_contrast(sheet.grey, True)).astype(np.float16), sheet.ink) for sheet in sheets]
    network = Binarizer().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, steps, pct_start=WARM_UP)
    for number in range(1, steps + 1):
        parts = [_cut(contrast, ink, rng) for contrast, ink in (seen[at] for at in rng.integers(len(seen), size=BATCH))]
        contrast, wanted = (
            torch.from_numpy(np.stack(side).astype(np.float32))[:, None] for side in zip(*parts, strict=True)
        )
        contrast = contrast * (torch.rand(BATCH, 1, 1, 1) * 0.6 + 0.7)
        logits = network(contrast.contiguous(memory_format=torch.channels_last))
        loss = F.binary_cross_entropy_with_logits(logits, wanted) + OVERLAP * _miss(logits.sigmoid(), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        yield Progress(number, loss.item(), network)


def _cut(contrast: np.ndarray, ink: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A part of a sheet, `CROP` pixels, mirrored at random; a smaller sheet is padded with its border's values."""
    lacks = [max(0, side - have) for side, have in zip(CROP, ink.shape, strict=True)]
    around = [(before := int(rng.integers(lack + 1)), lack - before) for lack in lacks]
    contrast, ink = (np.pad(plane, around, mode="edge") for plane in (contrast, ink))
    y, x = (int(rng.integers(have - side + 1)) for side, have in zip(CROP, ink.shape, strict=True))
    across, down = (slice(None, None, -1 if rng.random() < 0.5 else 1) for _ in range(2))
    window = (slice(y, y + CROP[0]), slice(x, x + CROP[1]))
    return contrast[window][down, across], ink[window][down, across]


def _miss(found: Tensor, wanted: Tensor) -> Tensor:
    """The Dice loss, 0 where both agree: (B, 1, H, W) float32 each -> ()."""
    both = (found * wanted).sum((1, 2, 3))
    return (1 - (2 * both + 1) / (found.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)).mean()


def score(network: Binarizer, sheets: list[Sheet]) -> InkScore:
    """How well a network finds the ink of sheets it has not learned from."""
    was_training = network.training
    network.eval()
    found = [find(network, find_contrast(sheet.grey, True)) > 0.5 for sheet in sheets]
    network.train(was_training)
    both = sum(int((one & sheet.ink).sum()) for one, sheet in zip(found, sheets, strict=True))
    return InkScore(both / max(1, sum(int(x.sum()) for x in found)), both / sum(int(x.ink.sum()) for x in sheets))

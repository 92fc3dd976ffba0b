"""A model's answers on a labelled set; every figure derives from them."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.data import DigitSet
from core.model import to_input

BATCH = 512  # images: large enough to fill two cores, small enough to stay in their cache


@dataclass(frozen=True)
class Report:
    """What a model said of a labelled set: `labels` (N,) int64, `logits` (N, 10) float32."""

    labels: Tensor
    logits: Tensor

    @property
    def answers(self) -> Tensor:
        """The digit with the highest score: (N,) int64."""
        return self.logits.argmax(1)

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return (self.answers == self.labels).double().mean().item()

    @property
    def errors(self) -> int:
        """How many answers are wrong."""
        return int((self.answers != self.labels).sum())

    def loss(self, temperature: float = 1.0) -> float:
        """Mean negative log-probability of the right digit, in nats, with logits divided by `temperature`."""
        return F.cross_entropy(self.logits / temperature, self.labels).item()


def evaluate(model: nn.Module, digits: DigitSet) -> Report:
    """Ask the model about every digit. Leaves the model's training mode as it found it."""
    return Report(digits.labels, torch.cat(list(_answer(model, digits))))


@torch.inference_mode()
def _answer(model: nn.Module, digits: DigitSet) -> Iterator[Tensor]:
    was_training = model.training
    model.eval()
    for start in range(0, len(digits), BATCH):
        yield model.logits(to_input(digits.images[start : start + BATCH]))
    model.train(was_training)


def fit_temperature(report: Report) -> float:
    """The temperature at which the report's loss is least: above 1 the model was too sure, below 1 too shy.

    Guo et al., "On calibration of modern neural networks" (2017). Answers stay the same; only confidence moves.
    """
    low, high = 0.05, 20.0
    golden = (5**0.5 - 1) / 2
    # Golden-section search over the logarithm: the loss has one minimum there.
    a, b = torch.tensor(low).log().item(), torch.tensor(high).log().item()
    for _ in range(40):
        left, right = b - golden * (b - a), a + golden * (b - a)
        if report.loss(2.718281828459045**left) < report.loss(2.718281828459045**right):
            b = right
        else:
            a = left
    return round(2.718281828459045 ** ((a + b) / 2), 4)

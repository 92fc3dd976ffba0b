"""Labelled digits as two tensors."""

from dataclasses import dataclass

import torch
from torch import Tensor


class DataError(RuntimeError):
    """MNIST is missing and can't be downloaded; the message says what to do."""


@dataclass(frozen=True)
class DigitSet:
    """Labelled digits: `images` (N, 28, 28) uint8, ink bright on dark; `labels` (N,) int64 in 0..9 or `NO_DIGIT`."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """The number of digits."""
        return len(self.labels)

    def to(self, device: torch.device) -> "DigitSet":
        """The same digits on `device`."""
        return DigitSet(self.images.to(device), self.labels.to(device))

    def pick(self, index: Tensor) -> "DigitSet":
        """The digits at `index` (M,) int64, in that order."""
        return DigitSet(self.images[index], self.labels[index])

    def first(self, count: int) -> "DigitSet":
        """The first `count` digits, or all where there are fewer."""
        return DigitSet(self.images[:count], self.labels[:count])

    def join(self, others: "DigitSet") -> "DigitSet":
        """These digits followed by `others`, which must be on the same device."""
        return DigitSet(torch.cat([self.images, others.images]), torch.cat([self.labels, others.labels]))

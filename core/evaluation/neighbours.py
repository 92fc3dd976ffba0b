"""Why an answer: the training images most like a digit."""

import torch
import torch.nn.functional as F
from torch import Tensor

from core.data.digits import DigitSet
from core.network.architectures import to_input

DIRECTIONS = 48  # of the 196 in which the blurred digits vary: nine tenths of the variance, a quarter of the memory


class Neighbours:
    """An index of training digits by their looks, slightly blurred so that a shift by a pixel hardly counts.

    Pixels, not a model's features: what is near here doesn't depend on the model that is being questioned. Kept as
    their main directions of variation, 12 MB for MNIST's 60,000.
    """

    def __init__(self, digits: DigitSet) -> None:
        """Read the digits once; about a second for 60,000."""
        some = self._look(digits.images[:: max(1, len(digits) // 6000)])
        # The last eigenvectors of the covariance vary most.
        self._directions = torch.linalg.eigh(torch.cov(some.T)).eigenvectors[:, -DIRECTIONS:]  # (196, 48)
        self._places = torch.cat([self._look(part) @ self._directions for part in digits.images.split(4096)])  # (N, 48)

    def nearest(self, digit: Tensor, count: int = 8) -> Tensor:
        """The `count` most similar digits, the most similar first: (28, 28) uint8 -> (count,) int64 indices."""
        place = self._look(digit.unsqueeze(0)) @ self._directions  # (1, 48)
        return (self._places - place).pow(2).sum(1).topk(count, largest=False).indices

    @staticmethod
    def _look(images: Tensor) -> Tensor:
        """(B, 28, 28) uint8 -> (B, 196) float32."""
        soft = F.avg_pool2d(to_input(images), 3, stride=1, padding=1)
        return F.avg_pool2d(soft, 2).flatten(1)


def doubts_label(label: int, answer: int, nearest: list[int]) -> bool:
    """Whether `label` may be wrong: the model's `answer` differs, and the labels of the `nearest` training images side
    with the answer, all but two, with at most one of them for the label."""
    return label != answer and nearest.count(label) <= 1 and nearest.count(answer) >= len(nearest) - 2

"""A second opinion on a picture: the training images most like it, whatever the model says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.data.digits import DigitSet
from core.evaluation.answered import AnsweredSet
from core.network.architectures import to_input

MOST_ASKED = 400  # misread pictures whose labels are questioned: two seconds
DIRECTIONS = 48  # of the 196 in which the blurred digits vary: nine tenths of the variance, a quarter of the memory


@dataclass(frozen=True)
class Nearest:
    """The training images most like a picture, the most similar first: `places` among the training images (counted
    from 0), `images` (N, 28, 28) uint8 and their labels."""

    places: tuple[int, ...]
    images: np.ndarray
    labels: tuple[int, ...]

    def doubt(self, label: int | None, answer: int) -> bool:
        """Whether `label` may be wrong: the model's `answer` differs, and the neighbours' labels, all but two, side
        with the answer, with at most one of them for the label. A picture without a label (None) is never doubted."""
        if label is None or label == answer:
            return False
        return self.labels.count(label) <= 1 and self.labels.count(answer) >= len(self.labels) - 2


@dataclass(frozen=True)
class Suspect:
    """A picture whose label may be wrong: its place in the set, its label, what it should be, how many of its nearest
    training images are labelled so, and the probability of that answer, 0 to 1."""

    place: int
    label: int
    should_be: int
    votes: int
    confidence: float


def find_suspects(index: Neighbours, answered: AnsweredSet, most: int = MOST_ASKED) -> list[Suspect]:
    """The pictures of a set whose labels may be wrong, the most suspect first.

    Only a misread picture is ever in doubt. Of more than `most` of them, the most confident are asked about: about 5 ms
    each for MNIST.
    """
    found = []
    for place in answered.find_errors()[:most]:
        if not answered.may_doubt_label(place):
            continue
        picture = answered.picture(place)
        nearest = index.nearest(picture.image)
        if picture.label is not None and nearest.doubt(picture.label, picture.answer):
            votes = nearest.labels.count(picture.answer)
            found.append(Suspect(place, picture.label, picture.answer, votes, picture.confidence))
    return sorted(found, key=lambda one: (-one.votes, -one.confidence))


class Neighbours:
    """An index of training digits by their pixels, slightly blurred so that a shift by a pixel hardly counts.

    Pixels, not a model's features: what is near here doesn't depend on the model that is being questioned. Kept as
    their main directions of variation, 12 MB for MNIST's 60,000 beside the digits themselves.
    """

    def __init__(self, digits: DigitSet) -> None:
        """Read the digits once; about a second for 60,000."""
        self._digits = digits
        some = self._soften(digits.images[:: max(1, len(digits) // 6000)])
        # The last eigenvectors of the covariance vary most.
        self._directions = torch.linalg.eigh(torch.cov(some.T)).eigenvectors[:, -DIRECTIONS:]  # (196, 48)
        parts = [self._soften(part) @ self._directions for part in digits.images.split(4096)]
        self._positions = torch.cat(parts)  # (N, 48)

    def nearest(self, digit: np.ndarray, count: int = 8) -> Nearest:
        """The `count` training images most similar to a digit (28, 28) uint8."""
        position = self._soften(torch.from_numpy(digit).unsqueeze(0)) @ self._directions  # (1, 48)
        places = (self._positions - position).pow(2).sum(1).topk(count, largest=False).indices
        found = self._digits.pick(places)
        return Nearest(tuple(places.tolist()), found.images.numpy(), tuple(found.labels.tolist()))

    @staticmethod
    def _soften(images: Tensor) -> Tensor:
        """(B, 28, 28) uint8 -> (B, 196) float32."""
        soft = F.avg_pool2d(to_input(images), 3, stride=1, padding=1)
        return F.avg_pool2d(soft, 2).flatten(1)

"""How a network came to read digits as it does: what it made of one digit, and of many, after some steps of its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from core.config import DIGIT_SIZE
from core.data.digits import DigitSet
from core.explanation import layers
from core.explanation.digit_map import DigitMap
from core.explanation.layers import Layer
from core.network.architectures import Network, to_input

MOST_FILTERS = 64  # that are shown; a fully connected first layer has more


@dataclass(frozen=True)
class Overview:
    """What a network made of many digits: where the `mapped` ones lay on a map, (N, 2) float32, and how often each
    true digit (row) of others was read as each digit (column), `confusion` (10, 10) int64."""

    places: np.ndarray
    confusion: np.ndarray

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return float(np.trace(self.confusion) / max(1, self.confusion.sum()))


@dataclass(frozen=True)
class Frame:
    """What a network made of one digit after `step` steps: `filters` (F, h, w) of its first layer, what that layer
    gives, `values`, maps (C, H, W) or units (C,), the ten `probabilities` (10,), and its `place` on the map."""

    step: int
    filters: np.ndarray
    values: np.ndarray
    probabilities: np.ndarray
    place: tuple[float, float]

    @property
    def answer(self) -> int:
        """The most probable digit, 0 to 9."""
        return int(self.probabilities.argmax())


def look_over(network: Network, mapped: DigitSet, judged: DigitSet, onto: DigitMap) -> Overview:
    """What a network makes of digits to be `mapped` and of others to be `judged`. The directions of the map `onto`, one
    by PCA, stay the same for all states of a run: what moves has moved in the network."""
    with torch.inference_mode():
        places = onto.project(network, mapped.images)
        answers = network.logits(to_input(judged.images)).argmax(1)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (judged.labels.numpy(), answers.numpy()), 1)
    return Overview(places[:, :2], confusion)


def look_at(network: Network, digit: np.ndarray, step: int, onto: DigitMap) -> Frame:
    """What a network made of a digit (28, 28) float32 in [0, 1] after `step` steps."""
    way = layers.follow(network, digit)
    logits = torch.from_numpy(way[-1].values)
    return Frame(
        step,
        find_filters(network, way),
        way[0].values,
        torch.softmax(logits, dim=0).numpy(),
        onto.place(network, digit),
    )


def find_filters(network: Network, way: Sequence[Layer]) -> np.ndarray:
    """What the first layer with weights on a digit's `way` looks for, as pictures: the filters of a convolution, or for
    each unit its weight for every pixel, (F, h, w) float32; at most `MOST_FILTERS`."""
    first = next(filter(None, (layers.find_weights(network, layer) for layer in way)))
    weights = first.get_parameter("weight").detach()[:MOST_FILTERS]
    found: np.ndarray = (weights[:, 0] if weights.dim() == 4 else weights.view(-1, DIGIT_SIZE, DIGIT_SIZE)).numpy()
    return found

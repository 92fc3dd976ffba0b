"""A set with a model's answers, picture by picture: what a cell, a filter or a click shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from torch import Tensor

from core.data.labels import UNLABELLED
from core.evaluation import testset, verdicts
from core.evaluation.report import ERROR_ORDERS, Evaluation
from core.evaluation.testset import TestSet
from core.evaluation.verdicts import Outcome
from core.network.prediction import Verdict

Answered = TypeVar("Answered", bound="AnsweredSet")


@dataclass(frozen=True)
class AnsweredPicture:
    """One picture of a set: its place counted from 0, its `image` (28, 28) uint8 as the model sees it, its label (None
    where nobody gave one), and the ten probabilities in digit order, at the model's temperature."""

    place: int
    name: str
    image: np.ndarray
    label: int | None
    probabilities: tuple[float, ...]

    @property
    def answer(self) -> int:
        """The most likely digit."""
        return max(range(10), key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of the answer, 0.1 to 1."""
        return self.probabilities[self.answer]

    @property
    def second(self) -> int:
        """The second most likely digit."""
        return sorted(range(10), key=self.probabilities.__getitem__)[-2]


@dataclass(frozen=True)
class AnsweredSet:
    """A test set with one model's answers to it, at the model's own temperature. Pictures are named by their place."""

    evaluation: Evaluation
    test_set: TestSet

    def __len__(self) -> int:
        """How many pictures were answered."""
        return len(self.evaluation.report)

    @property
    def temperature(self) -> float:
        """What the logits are divided by before they become a confidence, as on Predict."""
        return self.evaluation.temperature

    def picture(self, place: int) -> AnsweredPicture:
        """The picture at `place` with its answer."""
        digits = self.test_set.digits
        label = int(digits.labels[place])
        return AnsweredPicture(
            place,
            self.test_set.name_of(place),
            digits.images[place].numpy(),
            None if label == UNLABELLED else label,
            self.evaluation.report.probabilities_of(place, self.temperature),
        )

    def may_doubt_label(self, place: int) -> bool:
        """Whether a label may be doubted because of the answer: not where the digit was cut from a picture and the
        reading was unsure, since then it may be the cut that is wrong."""
        verdicts = self.test_set.verdicts
        return not verdicts or verdicts[place] is Verdict.DIGIT

    def behind_cell(self, true: int, read: int, order: str = ERROR_ORDERS[0]) -> list[int]:
        """The pictures behind one cell of the confusion matrix, in one of `ERROR_ORDERS`."""
        return self.evaluation.report.behind_cell(true, read, self.temperature, order).tolist()

    def behind_bin(self, low: float, high: float, temperature: float) -> list[int]:
        """The pictures whose confidence at `temperature` lies in (low, high], the misread ones first."""
        return self.evaluation.report.behind_bin(low, high, temperature).tolist()

    def behind_outcome(self, kind: Outcome) -> list[int]:
        """The pictures of one outcome, the most confident first."""
        return verdicts.behind(self.evaluation, kind)

    def find_errors(
        self,
        true: int | None = None,
        read: int | None = None,
        confidence: tuple[float, float] = (0.0, 1.0),
        order: str = ERROR_ORDERS[0],
    ) -> list[int]:
        """The misread pictures that fit, see `Report.find_errors`."""
        return self.evaluation.report.find_errors(true, read, confidence, order, self.temperature).tolist()

    def least_sure_first(self) -> list[int]:
        """All pictures, the least confident answer first."""
        return self.evaluation.report.confidence(self.temperature).argsort().tolist()

    def pick(self: Answered, index: Tensor) -> Answered:
        """The pictures at `index` (M,) int64 with their answers, in that order."""
        return replace(self, evaluation=self.evaluation.pick(index), test_set=self.test_set.pick(index))


def in_common(first: Answered, second: Answered) -> tuple[Answered, Answered]:
    """Two models' answers to the pictures that both read as one digit, in the same order. Both are answers to one set:
    which pictures of it are one digit may depend on the model."""
    of_first, of_second = testset.in_common(first.test_set, second.test_set)
    return first.pick(of_first), second.pick(of_second)

"""What a run learns from: MNIST's digits, other writers' digits, non-digits and digits cut from numbers.

For a non-digit no answer is right: the network learns to be unsure of it. D. Hendrycks, M. Mazeika and T. Dietterich,
"Deep anomaly detection with outlier exposure" (2019).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from core.config import TrainingSettings
from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.data.split import split
from core.synthesis import non_digits, numbers, pen_digits
from core.synthesis.drawing import Check, go_on
from core.training import hard_examples

# Shares of the extra examples: non-digits drawn by rule, non-digits made of digits, and images cut from numbers.
DRAWN, MADE_OF_DIGITS, CUT_FROM_NUMBERS = 0.4, 0.1, 0.5


class Drawing(Protocol):
    """Examples that are still being drawn: how many is known, they themselves come later."""

    def __len__(self) -> int:
        """How many there will be."""

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; whether drawing is over."""

    def take(self) -> DigitSet:
        """The examples, which are waited for. Raises `DataError` where the data to draw from is missing."""


@dataclass(frozen=True)
class Examples:
    """What one run is given: the `digits` to learn from, the `validation` digits to be evaluated on, and all that it is
    `shown`, the digits first; last, where they are not there yet, those that are `coming`. Labels are 0 to 9; among
    what is shown -1 marks a non-digit."""

    digits: DigitSet
    validation: DigitSet
    shown: DigitSet
    coming: Drawing | tuple[()] = ()

    def __len__(self) -> int:
        """How many examples are shown in an epoch, those that are coming included."""
        return len(self.shown) + len(self.coming)

    @classmethod
    def plain(cls, digits: DigitSet, validation: DigitSet) -> "Examples":
        """Nothing is shown but the digits themselves."""
        return cls(digits, validation, digits)


def gather(mnist: DigitSet, settings: TrainingSettings, check: Check = go_on) -> Examples:
    """Split MNIST's training set as the settings say, and draw what is shown beside the digits to learn from.

    Deterministic for the settings' seed. Drawing takes up to a minute for all of MNIST; what `check`, which is called
    all the time, raises breaks it off.
    """
    digits, validation = pick_digits(mnist, settings)
    return Examples(digits, validation, add_extras(digits, settings, check))


def pick_digits(mnist: DigitSet, settings: TrainingSettings) -> tuple[DigitSet, DigitSet]:
    """The digits to learn from, those that are worth a look where not all are shown, and the validation digits."""
    digits, validation = split(mnist, settings)
    if settings.shown_share < 1:
        digits = hard_examples.choose(digits, settings.shown_share, settings.seed)
    return digits, validation


def count_extras(digits: int, settings: TrainingSettings) -> int:
    """How many examples `add_extras` adds to so many digits."""
    written = _count_pen_digits(digits, settings)
    return written + sum(_count_outliers(digits + written, settings.outlier_exposure))


def add_extras(digits: DigitSet, settings: TrainingSettings, check: Check = go_on) -> DigitSet:
    """The digits, then those of other writers with the same labels, then the examples for outlier exposure."""
    if count := _count_pen_digits(len(digits), settings):
        labels = tuple(digits.labels.unique().tolist())
        digits = digits.join(pen_digits.make(count, settings.seed, labels=labels, check=check).to(digits.images.device))
    if settings.outlier_exposure:
        digits = expose_to_outliers(digits, settings.outlier_exposure, settings.seed, check)
    return digits


def expose_to_outliers(digits: DigitSet, share: float, seed: int, check: Check = go_on) -> DigitSet:
    """`digits` and about `share` times as many others: non-digits, labelled -1, and digits cut from numbers.

    Deterministic for a given seed. Takes about a millisecond for each image that is added.
    """
    by_rule, of_digits, from_numbers = _count_outliers(len(digits), share)
    images, labels = digits.images.cpu().numpy(), digits.labels.cpu().numpy()
    drawn = non_digits.make(by_rule, seed, check)
    made_of_digits = non_digits.make_of_digits(images, labels, of_digits, seed, check)
    none = torch.from_numpy(np.concatenate([drawn, made_of_digits]))
    cut = numbers.make(digits.to(torch.device("cpu")), from_numbers, seed, False, check)
    cut = cut.pick(torch.arange(from_numbers))  # a number's last candidates may be too many
    others = DigitSet(none, torch.full((len(none),), NO_DIGIT)).join(cut)
    return digits.join(others.to(digits.images.device))


def _count_pen_digits(digits: int, settings: TrainingSettings) -> int:
    return max(1, round(settings.pen_digits * digits)) if settings.pen_digits else 0


def _count_outliers(digits: int, share: float) -> tuple[int, ...]:
    """Non-digits drawn by rule, non-digits made of digits, images cut from numbers; nothing where the share is 0."""
    shares = (DRAWN, MADE_OF_DIGITS, CUT_FROM_NUMBERS) if share else ()
    return tuple(max(1, round(part * round(share * digits))) for part in shares)

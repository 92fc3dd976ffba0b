"""What a run learns from: MNIST's digits, other writers' digits, non-digits and digits cut from numbers.

For a non-digit no answer is right: the network learns to be unsure of it. D. Hendrycks, M. Mazeika and T. Dietterich,
"Deep anomaly detection with outlier exposure" (2019).
"""

from dataclasses import dataclass

import numpy as np
import torch

from core.config import TrainingSettings
from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.data.split import split
from core.synthesis import non_digits, numbers, pen_digits
from core.synthesis.drawing import Check, go_on

# Shares of the extra examples: non-digits drawn by rule, non-digits made of digits, and images cut from numbers.
DRAWN, MADE_OF_DIGITS, CUT_FROM_NUMBERS = 0.4, 0.1, 0.5


@dataclass(frozen=True)
class Examples:
    """What one run is given: the `digits` to learn from, the `validation` digits to be evaluated on, and all that it is
    `shown`, the digits first. Labels are 0 to 9; among what is shown -1 marks a non-digit."""

    digits: DigitSet
    validation: DigitSet
    shown: DigitSet

    @classmethod
    def plain(cls, digits: DigitSet, validation: DigitSet) -> "Examples":
        """Nothing is shown but the digits themselves."""
        return cls(digits, validation, digits)


def gather(mnist: DigitSet, settings: TrainingSettings, check: Check = go_on) -> Examples:
    """Split MNIST's training set as the settings say, and draw what is shown beside the digits to learn from.

    Deterministic for the settings' seed. Drawing takes up to a minute for all of MNIST; what `check`, which is called
    all the time, raises breaks it off.
    """
    digits, validation = split(mnist, settings)
    return Examples(digits, validation, add_extras(digits, settings, check))


def add_extras(digits: DigitSet, settings: TrainingSettings, check: Check = go_on) -> DigitSet:
    """The digits, then those of other writers with the same labels, then the examples for outlier exposure."""
    if settings.pen_digits:
        labels = tuple(digits.labels.unique().tolist())
        count = max(1, round(settings.pen_digits * len(digits)))
        digits = digits.join(pen_digits.make(count, settings.seed, labels=labels, check=check).to(digits.images.device))
    if settings.outlier_exposure:
        digits = expose_to_outliers(digits, settings.outlier_exposure, settings.seed, check)
    return digits


def expose_to_outliers(digits: DigitSet, share: float, seed: int, check: Check = go_on) -> DigitSet:
    """`digits` and about `share` times as many others: non-digits, labelled -1, and digits cut from numbers.

    Deterministic for a given seed. Takes about a millisecond for each image that is added.
    """
    count = round(share * len(digits))
    images, labels = digits.images.cpu().numpy(), digits.labels.cpu().numpy()
    drawn = non_digits.make(max(1, round(DRAWN * count)), seed, check)
    made_of_digits = non_digits.make_of_digits(images, labels, max(1, round(MADE_OF_DIGITS * count)), seed, check)
    none = torch.from_numpy(np.concatenate([drawn, made_of_digits]))
    cut = numbers.make(digits.to(torch.device("cpu")), max(1, round(CUT_FROM_NUMBERS * count)), seed, False, check)
    others = DigitSet(none, torch.full((len(none),), NO_DIGIT)).join(cut)
    return digits.join(others.to(digits.images.device))

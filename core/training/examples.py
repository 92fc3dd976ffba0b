"""What a network is shown beside single digits: things that are none, and digits cut from numbers.

For what is none no answer is right: the network learns to be unsure of it. D. Hendrycks, M. Mazeika and T. Dietterich,
"Deep anomaly detection with outlier exposure" (2019).
"""

import numpy as np
import torch

from core.config import TrainingSettings
from core.data.digits import NO_DIGIT, DigitSet
from core.synthesis import non_digits, numbers, pen_digits

DRAWN, REMAINS, CUT = 0.4, 0.1, 0.5  # shares of what is added: drawn by rule, made of digits, cut from numbers


def add(digits: DigitSet, share: float, seed: int) -> DigitSet:
    """`digits` and, for each of them, about `share` of something else, labelled -1 where it is no digit.

    A seed, a set. Takes about a millisecond for each thing that is added.
    """
    count = round(share * len(digits))
    images, labels = digits.images.cpu().numpy(), digits.labels.cpu().numpy()
    drawn = non_digits.make(max(1, round(DRAWN * count)), seed)
    remains = non_digits.make_of_digits(images, labels, max(1, round(REMAINS * count)), seed)
    none = torch.from_numpy(np.concatenate([drawn, remains]))
    cut = numbers.make(digits.to(torch.device("cpu")), max(1, round(CUT * count)), seed, parts=False)
    others = DigitSet(none, torch.full((len(none),), NO_DIGIT)).join(cut)
    return digits.join(others.to(digits.images.device))


def build_training_set(digits: DigitSet, settings: TrainingSettings) -> DigitSet:
    """All that a run learns from: the digits, those of other writers with the same labels, and what is no digit."""
    if settings.pen_digits:
        labels = tuple(digits.labels.unique().tolist())
        count = max(1, round(settings.pen_digits * len(digits)))
        digits = digits.join(pen_digits.make(count, settings.seed, labels=labels).to(digits.images.device))
    return add(digits, settings.outlier_exposure, settings.seed) if settings.outlier_exposure else digits

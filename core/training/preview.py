"""A look at what a run will be shown, before it starts."""

from dataclasses import replace

import torch

from core.config import TrainingSettings
from core.data.digits import DigitSet
from core.network.architectures import to_input
from core.training.augment import LEVELS, augment
from core.training.examples import add_extras


def preview(mnist: DigitSet, settings: TrainingSettings, seed: int, count: int = 8) -> DigitSet:
    """`count` examples as a run with these settings would see them, augmented, in the run's proportions.

    First digits of MNIST without those that are left out, then digits of other writers, then the examples for outlier
    exposure; of each kind that the settings ask for one at least. Deterministic for a given `seed`. Takes 0.15 s.
    """
    rng = torch.Generator().manual_seed(seed)
    kept = (~torch.isin(mnist.labels, torch.tensor(settings.left_out, dtype=mnist.labels.dtype))).nonzero()[:, 0]
    digits = mnist.pick(kept[torch.randperm(len(kept), generator=rng)[:count]])
    shown = add_extras(digits, settings)
    writers = len(add_extras(digits, replace(settings, outlier_exposure=0.0))) - len(digits)
    outliers = len(shown) - len(digits) - writers
    whole = (1 + settings.pen_digits) * (1 + settings.outlier_exposure)
    many_outliers = _part(settings.outlier_exposure * (1 + settings.pen_digits) / whole, count, outliers)
    many_writers = _part(settings.pen_digits / whole, count, writers)
    first = len(digits) + writers
    picked = [
        *range(count - many_outliers - many_writers),
        *range(len(digits), len(digits) + many_writers),
        *(first + place * outliers // many_outliers for place in range(many_outliers)),
    ]
    shown = shown.pick(torch.tensor(picked))
    seen = augment(to_input(shown.images), shown.labels, LEVELS[settings.augmentation], rng)
    return DigitSet(seen.squeeze(1).mul(255).round().to(torch.uint8), shown.labels)


def _part(share: float, count: int, available: int) -> int:
    """How many of `count` examples stand for this share of what is shown: one at least where there is any."""
    return min(available, max(1, round(share * count))) if share else 0

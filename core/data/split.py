"""The split of digits into training and validation set."""

import torch
from torch import Tensor

from core.config import TrainingSettings
from core.data.digits import DigitSet


def split(digits: DigitSet, settings: TrainingSettings) -> tuple[DigitSet, DigitSet]:
    """Training and validation set, stratified: each class has the same share in both. Deterministic for a given seed.

    Together they hold `training_images` digits, with at least one of each class for validation where the class has two.
    Classes in `left_out` are in neither.
    """
    training, validation = places(digits, settings)
    return digits.pick(training), digits.pick(validation)


def places(digits: DigitSet, settings: TrainingSettings) -> tuple[Tensor, Tensor]:
    """Which of the digits `split` puts into the training and which into the validation set: (N,) and (M,) int64,
    rising."""
    rng = torch.Generator().manual_seed(settings.seed)
    share = min(1.0, settings.training_images / len(digits))
    training, validation = [], []
    for label in sorted(set(range(10)) - set(settings.left_out)):
        members = torch.nonzero(digits.labels == label).flatten()
        members = members[torch.randperm(len(members), generator=rng)][: round(len(members) * share)]
        held_out = max(1, round(len(members) * settings.validation_share)) if len(members) > 1 else 0
        validation.append(members[:held_out])
        training.append(members[held_out:])
    return torch.cat(training).sort().values, torch.cat(validation).sort().values


def pick_watched(validation: DigitSet, everything: DigitSet) -> DigitSet:
    """One digit of each class, 0 to 9, to watch during a run, from the validation set, which no gradient ever sees.

    The digit of a class that is left out of the run comes from `everything`.
    """
    picked = []
    for label in range(10):
        source = validation if (validation.labels == label).any() else everything
        picked.append(source.pick(torch.nonzero(source.labels == label).flatten()[:1]))
    return DigitSet(torch.cat([one.images for one in picked]), torch.cat([one.labels for one in picked]))

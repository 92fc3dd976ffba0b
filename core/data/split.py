"""Which digits a run learns from, and which it is judged by."""

import torch

from core.config import TrainingSettings
from core.data.digits import DigitSet


def split(digits: DigitSet, settings: TrainingSettings) -> tuple[DigitSet, DigitSet]:
    """Training and validation part, drawn by the seed, each digit in the same proportion in both (stratified).

    Uses `training_images` of the digits in all, at least one of each class for validation where it has two. Classes
    `left_out` are in neither part.
    """
    rng = torch.Generator().manual_seed(settings.seed)
    share = min(1.0, settings.training_images / len(digits))
    training, validation = [], []
    for label in sorted(set(range(10)) - set(settings.left_out)):
        members = torch.nonzero(digits.labels == label).flatten()
        members = members[torch.randperm(len(members), generator=rng)][: round(len(members) * share)]
        kept_aside = max(1, round(len(members) * settings.validation_share)) if len(members) > 1 else 0
        validation.append(members[:kept_aside])
        training.append(members[kept_aside:])
    return digits.pick(torch.cat(training).sort().values), digits.pick(torch.cat(validation).sort().values)


def pick_watched(validation: DigitSet, everything: DigitSet) -> DigitSet:
    """One digit of each class to watch during a run, 0 to 9: of the validation part, which no gradient ever sees.

    A class left out of the run has no part there: its digit is taken from `everything`.
    """
    picked = []
    for label in range(10):
        source = validation if (validation.labels == label).any() else everything
        picked.append(source.pick(torch.nonzero(source.labels == label).flatten()[:1]))
    return DigitSet(torch.cat([one.images for one in picked]), torch.cat([one.labels for one in picked]))

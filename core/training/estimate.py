"""How long a run will take on this machine."""

import dataclasses
import itertools
import statistics

import torch

from core.config import TrainingSettings
from core.data.digits import DigitSet
from core.training.events import Step
from core.training.examples import Examples
from core.training.loop import Training

STEPS = 6  # that are timed; the first one takes memory and chooses kernels
MOST_MEASURED = 256  # images in a timed step: in larger batches an image costs as much
EVALUATING = 1 / 3  # cost of evaluating an image beside learning from it: one forward pass instead of three passes


def expect(settings: TrainingSettings, seconds_per_image: float) -> float:
    """Seconds a run will take where learning from one image takes `seconds_per_image`."""
    digits = settings.training_images * (10 - len(settings.left_out)) / 10
    added = (1 + settings.pen_digits) * (1 + settings.outlier_exposure)
    shown = (1 - settings.validation_share) * settings.shown_share
    evaluated = settings.validation_share * EVALUATING
    return seconds_per_image * digits * added * (shown + evaluated) * settings.epochs


def what_counts(settings: TrainingSettings) -> TrainingSettings:
    """The settings reduced to what a step's time depends on: those that are equal need to be measured once."""
    names = ("architecture", "augmentation", "device", "precision", "optimiser")
    return TrainingSettings(
        batch_size=min(settings.batch_size, MOST_MEASURED), **{name: getattr(settings, name) for name in names}
    )


def measure(digits: DigitSet, settings: TrainingSettings, threads: int) -> float:
    """Seconds that one image of a run takes here with this many threads: the middle one of five steps, shared out.

    The middle, not the quickest: on a busy machine that one met nobody, and the run will meet as many as the others
    did. The steps have the size of the run's batches: of a small one most of the time goes into the weights, which cost
    the same for one image as for many. Raises `SettingError` when the settings name a device that isn't there.
    """
    torch.set_num_threads(threads)
    small = dataclasses.replace(what_counts(settings), epochs=1, clean_share=0.0, outlier_exposure=0.0, pen_digits=0.0)
    few = digits.pick(torch.arange(small.batch_size * STEPS) % len(digits))
    events = itertools.islice(Training(Examples.plain(few, few), small), STEPS)
    steps = [event for event in events if isinstance(event, Step)]
    times = [later.seconds - earlier.seconds for earlier, later in itertools.pairwise(steps)]
    return statistics.median(times) / small.batch_size

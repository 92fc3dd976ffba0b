"""How long a run will take on this machine."""

import dataclasses
import itertools

import torch

from core.config import TrainingSettings
from core.data.digits import DigitSet
from core.training.events import Step
from core.training.examples import Examples
from core.training.loop import Training

EVALUATING = 1 / 3  # cost of evaluating an image beside learning from it: one forward pass instead of three passes


def expect(settings: TrainingSettings, seconds_per_image: float) -> float:
    """Seconds a run will take where learning from one image takes `seconds_per_image`."""
    digits = settings.training_images * (10 - len(settings.left_out)) / 10 * (1 + settings.pen_digits)
    images = digits * (1 + settings.outlier_exposure) * settings.epochs
    return seconds_per_image * images * (1 - settings.validation_share + settings.validation_share * EVALUATING)


def measure(digits: DigitSet, settings: TrainingSettings, threads: int) -> float:
    """Seconds that one image of a run takes here with this many threads: the quickest of five small steps.

    Raises `SettingError` when the settings name a device that isn't there.
    """
    torch.set_num_threads(threads)
    few = digits.pick(torch.arange(min(64, settings.batch_size) * 6) % len(digits))
    small = dataclasses.replace(
        settings, epochs=1, clean_share=0.0, outlier_exposure=0.0, pen_digits=0.0, batch_size=len(few) // 6
    )
    events = itertools.islice(Training(Examples.plain(few, few), small), 6)
    steps = [event for event in events if isinstance(event, Step)]
    return min(later.seconds - earlier.seconds for earlier, later in itertools.pairwise(steps)) / small.batch_size

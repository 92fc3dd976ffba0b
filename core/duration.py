"""How long a run takes: what to expect before it starts, and durations in words."""

from core.config import TrainingSettings

JUDGING = 1 / 3  # what judging an image costs, beside learning from it: one pass forward instead of three


def expect(settings: TrainingSettings, seconds_per_image: float) -> float:
    """Seconds a run will take when learning from one image takes `seconds_per_image`."""
    digits = settings.training_images * (10 - len(settings.left_out)) / 10 * (1 + settings.pen_digits)
    images = digits * (1 + settings.outliers) * settings.epochs
    return seconds_per_image * images * (1 - settings.validation_share + settings.validation_share * JUDGING)


def show(seconds: float) -> str:
    """A duration as people say it: 1 s, 12 min, 2.5 h."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5940:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"

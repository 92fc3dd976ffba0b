"""Every number a person may change, with its unit, default and bounds."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA_FOLDER = ROOT / "data"
MODELS_FOLDER = ROOT / "models"
SAMPLES_FOLDER = ROOT / "samples"

DIGIT_SIZE = 28  # pixels: side of the square the models read
INK_SIZE = 20  # pixels: side of the box the ink is fitted into, as MNIST's makers did

AUGMENTATIONS = ("none", "light", "strong")
OPTIMISERS = ("sgd", "momentum", "adam", "adamw")
SCHEDULES = ("constant", "cosine", "one-cycle")
POLARITIES = ("auto", "dark on light", "light on dark")


class SettingError(ValueError):
    """A setting outside its bounds; the message says which and what is allowed."""


def option(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    unit: str = "",
) -> Any:
    """A dataclass field that carries what a widget or a command line needs to ask for it."""
    return field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices, "unit": unit})


def check(settings: Any) -> None:
    """Raise `SettingError` for the first field of a settings dataclass that lies outside its bounds."""
    for entry in fields(settings):
        value, rule = getattr(settings, entry.name), entry.metadata
        name = entry.name.replace("_", " ")
        if rule.get("choices") and value not in rule["choices"]:
            raise SettingError(f"{name} must be one of {', '.join(rule['choices'])}, not {value!r}.")
        if rule.get("low") is not None and not value >= rule["low"]:
            raise SettingError(f"{name} must be at least {rule['low']}, not {value}.")
        if rule.get("high") is not None and not value <= rule["high"]:
            raise SettingError(f"{name} must be at most {rule['high']}, not {value}.")


@dataclass(frozen=True)
class PictureLimits:
    """What a file may measure before it is decoded: a small file can unfold into gigabytes."""

    bytes: int = option(25_000_000, "Largest file.", unit="bytes")
    pixels: int = option(50_000_000, "Largest picture; a modern phone takes 12 to 50 million.", unit="pixels")
    side: int = option(1000, "Longer side after reading; a digit needs no more, and time grows with it.", unit="pixels")


@dataclass(frozen=True)
class VerdictSettings:
    """When an answer is worded as doubt."""

    sure: float = option(0.80, "Below this probability the answer is unsure.", low=0.0, high=1.0)
    close: float = option(0.15, "A second-best digit at least this probable is named too.", low=0.0, high=1.0)
    possible: float = option(0.45, "Below this probability it is no digit.", low=0.0, high=1.0)


@dataclass(frozen=True)
class TrainingSettings:
    """One training run. The defaults are the recipe of the shipped model."""

    architecture: str = option("reference", "The network to train.")
    epochs: int = option(30, "How many times the whole training set is shown.", low=1, high=1000, unit="epochs")
    batch_size: int = option(256, "Images per correction of the weights.", low=1, high=8192, unit="images")
    learning_rate: float = option(2e-3, "How big each correction is, at its largest.", low=1e-6, high=10.0)
    optimiser: str = option("adamw", "The rule that turns gradients into corrections.", choices=OPTIMISERS)
    schedule: str = option("one-cycle", "How the learning rate moves during the run.", choices=SCHEDULES)
    weight_decay: float = option(0.05, "How strongly weights are pulled towards zero.", low=0.0, high=1.0)
    dropout: float = option(0.5, "Share of fc1's outputs silenced at random while training.", low=0.0, high=0.95)
    label_smoothing: float = option(0.05, "Share of the target spread over all ten digits.", low=0.0, high=0.5)
    augmentation: str = option("strong", "How much each image is distorted before each look.", choices=AUGMENTATIONS)
    clean_share: float = option(0.1, "Share of the epochs, at the end, that see undistorted images.", low=0.0, high=1.0)
    training_images: int = option(60_000, "Images to learn from, validation included.", low=100, high=60_000)
    validation_share: float = option(1 / 12, "Share of those images kept aside to judge by.", low=0.01, high=0.5)
    seed: int = option(0, "The same seed gives the same run.", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        """Refuse values outside their bounds with `SettingError`."""
        check(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)

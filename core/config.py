"""Every number a person may change, with its unit, default and bounds."""

import shlex
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any

DIGIT_SIZE = 28  # pixels: side of the square the models read
INK_SIZE = 20  # pixels: side of the box the ink is fitted into, as MNIST's makers did

ARCHITECTURES = ("reference", "lenet5", "mlp", "modern")
AUGMENTATIONS = ("none", "light", "strong")
OPTIMISERS = ("sgd", "momentum", "adam", "adamw")
SCHEDULES = ("constant", "cosine", "one-cycle")
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
EXPECTATIONS = ("auto", "one", "number")
POLARITIES = ("auto", "dark on light", "light on dark")


# Settings that runs, models and links of before call otherwise.
RENAMED = {"averaging": "ema_decay", "outliers": "outlier_exposure"}


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
        name = entry.name.replace("_", " ").capitalize()
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
    """When an answer is worded as doubt.

    Of strongly distorted validation digits with a probability of 0.3 to 0.45 two thirds are read right: to call those
    no digit would withhold the answer. Below 0.3 nearly all that comes is none.
    """

    sure: float = option(0.80, "Below this probability the answer is unsure.", low=0.0, high=1.0)
    close: float = option(0.15, "A second-best digit at least this probable is named too.", low=0.0, high=1.0)
    possible: float = option(0.30, "Below this probability it is no digit.", low=0.0, high=1.0)


@dataclass(frozen=True)
class TrainingSettings:
    """One training run. The defaults are the recipe of the shipped model, which had three times as many epochs."""

    architecture: str = option("reference", "The network to train.", choices=ARCHITECTURES)
    epochs: int = option(50, "How many times the whole training set is shown.", low=1, high=1000, unit="epochs")
    batch_size: int = option(256, "Images per correction of the weights.", low=1, high=8192, unit="images")
    learning_rate: float = option(2e-3, "How big each correction is, at its largest.", low=1e-6, high=10.0)
    optimiser: str = option("adamw", "The rule that turns gradients into corrections.", choices=OPTIMISERS)
    schedule: str = option("one-cycle", "How the learning rate moves during the run.", choices=SCHEDULES)
    weight_decay: float = option(0.05, "How strongly weights are pulled towards zero.", low=0.0, high=1.0)
    dropout: float = option(
        0.5,
        "Share of the last hidden layer silenced at random, so that no single part is relied on.",
        low=0.0,
        high=0.95,
    )
    label_smoothing: float = option(
        0.05, "Share of the target spread over all ten digits, against too much certainty.", low=0.0, high=0.5
    )
    ema_decay: float = option(
        0.0,
        "Judge and keep a running average of the weights (EMA): how much of it stays at each step. 0 is off.",
        low=0.0,
        high=0.9999,
    )
    augmentation: str = option("strong", "How much each image is distorted before each look.", choices=AUGMENTATIONS)
    clean_share: float = option(0.1, "Share of the epochs, at the end, that see undistorted images.", low=0.0, high=1.0)
    outlier_exposure: float = option(
        0.3,
        "How much is shown beside the digits, as a share of them: letters, scribbles, two digits in one, for which no "
        "answer is right, and digits cut from numbers.",
        low=0.0,
        high=1.0,
    )
    pen_digits: float = option(
        0.4,
        "How many digits of 44 writers with other habits, crossed 7 and 1 with a foot, are shown beside MNIST's, as a "
        "share of them.",
        low=0.0,
        high=1.0,
    )
    training_images: int = option(
        60_000, "Images to learn from, validation included.", low=100, high=60_000, unit="images"
    )
    validation_share: float = option(
        1 / 12, "Share of those images kept aside to judge by, each digit alike.", low=0.01, high=0.5
    )
    left_out: tuple[int, ...] = option((), "Digits the model never sees, to watch what it makes of them.")
    patience: int = option(
        0,
        "Stop early after this many epochs without a better one. 0 never stops early.",
        low=0,
        high=1000,
        unit="epochs",
    )
    seed: int = option(0, "The same seed gives the same run on the same machine.", low=0, high=2**31 - 1)
    device: str = option("auto", "Where to compute; auto takes a graphics card where there is one.", choices=DEVICES)
    precision: str = option(
        "auto", "Number format of the products; auto takes bfloat16 where the chip has it built in.", choices=PRECISIONS
    )

    def __post_init__(self) -> None:
        """Refuse values outside their bounds with `SettingError`."""
        check(self)
        if not set(self.left_out) <= set(range(10)):
            raise SettingError(f"Left out must be digits from 0 to 9, not {self.left_out}.")
        if len(set(self.left_out)) > 8:
            raise SettingError("Left out must leave at least two digits to tell apart.")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingSettings":
        """Settings from JSON or a web address: numbers may be text, unknown names are passed over.

        Raises `SettingError` for a value that can't be read or lies outside its bounds.
        """
        known = {entry.name: entry for entry in fields(cls)}
        values = {RENAMED.get(name, name): value for name, value in values.items()}
        return cls(**{name: _read(known[name], value) for name, value in values.items() if name in known})

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)

    def command(self, name: str) -> str:
        """The line for a terminal that makes the same run: every setting that isn't the default, as an option."""
        words = ["python", "scripts/train.py", "--name", name]
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value != entry.default:
                values = value if isinstance(value, tuple) else (value,)
                words += [f"--{entry.name.replace('_', '-')}", *map(str, values)]
        return shlex.join(words)


def _read(entry: Field, value: Any) -> Any:
    """A field's value from text, JSON or Python, as the type of its default."""
    try:
        if isinstance(entry.default, tuple):
            return tuple(sorted({int(digit) for digit in value}))
        return type(entry.default)(value)
    except (TypeError, ValueError) as error:
        raise SettingError(f"{entry.name.replace('_', ' ').capitalize()} can't be read from {value!r}.") from error


@dataclass(frozen=True)
class FineTuningSettings:
    """How a copy of a model learns somebody's own digits. Chosen on validation data: benchmarks/fine_tuning.py."""

    images: int = option(10_240, "Images shown in all, own and MNIST's.", low=256, high=60_000, unit="images")
    looks: int = option(30, "How often each own digit is shown, each time distorted.", low=1, high=1000, unit="times")
    batch_size: int = option(128, "Images per correction of the weights.", low=1, high=8192, unit="images")
    learning_rate: float = option(1e-4, "How big each correction is, at its largest.", low=1e-6, high=10.0)

    def __post_init__(self) -> None:
        """Refuse values outside their bounds with `SettingError`."""
        check(self)


@dataclass(frozen=True)
class Preset:
    """A ready choice of settings: what it is called, what to expect, what it sets."""

    title: str
    purpose: str
    settings: TrainingSettings


PRESETS: dict[str, Preset] = {
    "fast": Preset(
        "99 % as fast as possible",
        "One look at every image is enough for 99 of 100.",
        TrainingSettings(
            epochs=1,
            batch_size=64,
            learning_rate=2e-3,
            weight_decay=0.01,
            label_smoothing=0.1,
            ema_decay=0.99,
            augmentation="none",
            clean_share=0.0,
            outlier_exposure=0.0,
            pen_digits=0.0,
            validation_share=1 / 60,
        ),
    ),
    "best": Preset(
        "Best accuracy",
        "The shipped model's recipe, strong distortion, in a third of its 150 epochs.",
        TrainingSettings(),
    ),
    "reference": Preset(
        "As the reference app",
        "Plain SGD, as most first tutorials do it. Slow, instructive.",
        TrainingSettings(
            epochs=30,
            batch_size=128,
            learning_rate=0.5,
            optimiser="sgd",
            schedule="constant",
            weight_decay=0.0,
            label_smoothing=0.0,
            augmentation="none",
            clean_share=0.0,
            outlier_exposure=0.0,
            pen_digits=0.0,
            validation_share=1 / 6,
        ),
    ),
    "surprise": Preset(
        "Learning rate far too high",
        "A surprise for teaching: watch the loss, guess why, lower the rate early in the run.",
        TrainingSettings(
            epochs=3,
            batch_size=128,
            learning_rate=3.0,
            optimiser="sgd",
            schedule="constant",
            weight_decay=0.0,
            label_smoothing=0.0,
            augmentation="none",
            clean_share=0.0,
            outlier_exposure=0.0,
            pen_digits=0.0,
            training_images=12_000,
        ),
    ),
}

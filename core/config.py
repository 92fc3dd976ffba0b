"""Every number a person may change, with its unit, default and bounds."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import Field, asdict, dataclass, field, fields
from fractions import Fraction
from typing import Any

DIGIT_SIZE = 28  # pixels: side of the square the models read
INK_SIZE = 20  # pixels: side of the box the ink is fitted into, as MNIST's makers did

# The networks by name, with their titles. Their classes register under these names in core/network/architectures.py;
# the list stands here because names must be known before torch, which takes seconds, is loaded.
ARCHITECTURES = {
    "reference": "Reference CNN",
    "lenet5": "LeNet-5",
    "mlp": "Multilayer perceptron",
    "modern": "Modern CNN",
}
AUGMENTATIONS = ("none", "light", "strong")
OPTIMISERS = ("sgd", "momentum", "adam", "adamw", "muon")
SCHEDULES = ("constant", "cosine", "one-cycle")
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
EXPECTATIONS = ("auto", "one", "number")  # of a picture with one digit or one number
SHEET = "sheet"  # of a photographed form, table or grid
POLARITIES = ("auto", "dark on light", "light on dark")

# Older runs, models and links know some settings by other names, and older runs and models were made before others
# existed: what they did then is not always today's default.
RENAMED = {"averaging": "ema_decay", "outliers": "outlier_exposure"}
BEFORE_THEY_EXISTED = {"outlier_exposure": 0.0, "pen_digits": 0.0}


class SettingError(ValueError):
    """A setting outside its bounds; the message says which and what is allowed."""


def option(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Collection[str] | None = None,
    unit: str = "",
) -> Any:
    """A dataclass field with its help and bounds, from which widgets and command-line options are made."""
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
    """The largest file and picture that are accepted, checked before decoding: a small file can unpack to gigabytes."""

    bytes: int = option(25_000_000, "Largest file.", unit="bytes")
    pixels: int = option(50_000_000, "Largest picture; a modern phone takes 12 to 50 million.", unit="pixels")
    side: int = option(1000, "Longer side after reading; a digit needs no more, and time grows with it.", unit="pixels")


@dataclass(frozen=True)
class VerdictSettings:
    """When an answer is worded as doubt.

    Of strongly augmented validation digits with a probability of 0.3 to 0.45 two thirds are read right: to call those
    no digit would withhold the answer. Below 0.3 nearly everything is a non-digit.
    """

    sure: float = option(0.80, "Below this probability the answer is unsure.", low=0.0, high=1.0)
    close: float = option(0.15, "A second-best digit at least this probable is named too.", low=0.0, high=1.0)
    possible: float = option(0.30, "Below this probability the answer is: no digit.", low=0.0, high=1.0)


@dataclass(frozen=True)
class TrainingSettings:
    """One training run. The defaults are the recipe of the shipped model, which had three times as many epochs."""

    architecture: str = option("reference", "The network to train.", choices=ARCHITECTURES)
    epochs: int = option(50, "How many times the network sees the whole training set.", low=1, high=1000, unit="epochs")
    batch_size: int = option(256, "Images per training step.", low=1, high=8192, unit="images")
    learning_rate: float = option(
        2e-3, "How far each step moves the weights: the schedule's largest value.", low=1e-6, high=10.0
    )
    optimiser: str = option("adamw", "The rule that turns gradients into weight updates.", choices=OPTIMISERS)
    schedule: str = option("one-cycle", "How the learning rate changes during the run.", choices=SCHEDULES)
    weight_decay: float = option(0.05, "How strongly weights are pulled towards zero.", low=0.0, high=1.0)
    dropout: float = option(
        0.5,
        "Share of the last hidden layer that is dropped at random in each step, so that the network relies on no "
        "single feature.",
        low=0.0,
        high=0.95,
    )
    label_smoothing: float = option(
        0.05,
        "Share of each target that is spread over all ten digits. It keeps the network from becoming overconfident.",
        low=0.0,
        high=0.5,
    )
    ema_decay: float = option(
        0.0,
        "Evaluate and keep an exponential moving average (EMA) of the weights: the share of the average that stays at "
        "each step. 0 turns it off.",
        low=0.0,
        high=0.9999,
    )
    augmentation: str = option(
        "strong", "How much each image is changed at random each time it is shown.", choices=AUGMENTATIONS
    )
    frozen_share: float = option(
        0.0,
        "Share of the run, at its end, in which the first layer stays as it is: a step then takes a fifth less time.",
        low=0.0,
        high=1.0,
    )
    clean_share: float = option(
        0.1, "Share of the epochs, at the end of the run, without augmentation.", low=0.0, high=1.0
    )
    outlier_exposure: float = option(
        0.3,
        "How many extra examples are mixed in, as a share of the digits: half are letters, scribbles and touching "
        "digits, for which every digit is equally wrong, half are digits cut from numbers.",
        low=0.0,
        high=1.0,
    )
    pen_digits: float = option(
        0.4,
        "How many digits from 44 writers with other writing styles (crossed 7, 1 with a foot) are mixed in, as a share "
        "of MNIST's.",
        low=0.0,
        high=1.0,
    )
    training_images: int = option(
        60_000, "MNIST images to use, validation included.", low=100, high=60_000, unit="images"
    )
    validation_share: float = option(
        1 / 12,
        "Share of those images held out for validation, the same share of every digit.",
        low=0.01,
        high=0.5,
    )
    shown_share: float = option(
        1.0,
        "Share of the digits to learn from that the network is shown. Below 1 half of them are the hardest ones, as a "
        "linear classifier sees it, and the others are drawn at random.",
        low=0.01,
        high=1.0,
    )
    left_out: tuple[int, ...] = option((), "Digits the network never sees, to watch what it makes of them.")
    patience: int = option(
        0,
        "Early stopping: end the run after this many epochs without a better validation accuracy. 0 turns it off.",
        low=0,
        high=1000,
        unit="epochs",
    )
    states: int = option(
        24,
        "How many states of the network are kept on the way, at equal ratios of steps and in at most 60 MB, to replay "
        "how it learned. 0 keeps none.",
        low=0,
        high=100,
        unit="states",
    )
    seed: int = option(0, "The same seed gives the same run on the same machine.", low=0, high=2**31 - 1)
    device: str = option("auto", "Where to compute. Automatic uses a GPU if there is one.", choices=DEVICES)
    precision: str = option(
        "auto",
        "Number format for matrix products and convolutions. Automatic uses bfloat16 if the chip supports it natively.",
        choices=PRECISIONS,
    )

    def __post_init__(self) -> None:
        """Refuse values outside their bounds with `SettingError`."""
        check(self)
        if not set(self.left_out) <= set(range(10)):
            raise SettingError(f"Left out must be digits from 0 to 9, not {self.left_out}.")
        if len(set(self.left_out)) > 8:
            raise SettingError("At least two digits must not be left out: with fewer there is nothing to tell apart.")

    @classmethod
    def from_record(cls, values: Any) -> "TrainingSettings":
        """The settings that a run or a model was made with, from the JSON stored beside it, of any age.

        Old names are understood, unknown ones ignored, and settings that did not exist yet take the value that says
        what was done then. Raises `SettingError` for anything else than names with values inside their bounds.
        """
        if not isinstance(values, Mapping):
            raise SettingError(f"Settings must be names with values, not {values!r}.")
        today = {RENAMED.get(str(name), str(name)): value for name, value in values.items()}
        return cls.from_dict({**BEFORE_THEY_EXISTED, **today})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainingSettings":
        """Settings from a form or a web address: numbers may be text, unknown names are ignored, others are defaults.

        Raises `SettingError` for a value that can't be read or lies outside its bounds.
        """
        known = {entry.name: entry for entry in fields(cls)}
        values = {RENAMED.get(name, name): value for name, value in values.items()}
        return cls(**{name: _read(known[name], value) for name, value in values.items() if name in known})

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)

    def command(self, name: str, script: Sequence[str] = ("python", "scripts/train.py"), between: str = " ") -> str:
        """The terminal command that repeats the run, with an option for every setting that isn't the default.

        `script`: the words that start scripts/train.py where the command is read; `between` stands before each option.
        """
        parts = [list(script), ["--name", name]]
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value != entry.default:
                values = value if isinstance(value, tuple) else (value,)
                parts.append([f"--{entry.name.replace('_', '-')}", *map(write, values)])
        return between.join(map(shlex.join, parts))


def write(value: Any) -> str:
    """One value as short text that `TrainingSettings.from_dict` and the scripts read back exactly: 0.002 -> "0.002" ·
    1 / 12 -> "1/12" · "adam" -> "adam"."""
    text = str(value)
    if isinstance(value, float) and len(text) > 8:
        fraction = Fraction(value).limit_denominator(99)
        return str(fraction) if float(fraction) == value else text
    return text


def read_number(text: Any) -> float:
    """A number from what `write` makes of it, a fraction too. Raises `ValueError` or `TypeError` for anything else."""
    if not (isinstance(text, str) and "/" in text):
        return float(text)
    above, _, below = text.partition("/")
    if not float(below):
        raise ValueError(f"nothing can be divided by {below}")
    return float(above) / float(below)


def _read(entry: Field, value: Any) -> Any:
    """A field's value from text, JSON or Python, as the type of its default."""
    if isinstance(entry.default, int) and isinstance(value, float) and not value.is_integer():
        raise SettingError(f"{entry.name.replace('_', ' ').capitalize()} must be a whole number, not {value:g}.")
    try:
        if isinstance(entry.default, tuple):
            return tuple(sorted({int(digit) for digit in value}))
        kind: Any = read_number if isinstance(entry.default, float) else type(entry.default)
        return kind(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise SettingError(f"{entry.name.replace('_', ' ').capitalize()} can't be read from {value!r}.") from error


@dataclass(frozen=True)
class FineTuningSettings:
    """How a copy of a model learns a person's own digits. Chosen on validation data: benchmarks/fine_tuning.py."""

    images: int = option(10_240, "Images shown in total, own digits and MNIST's.", low=256, high=60_000, unit="images")
    repeats: int = option(30, "How often each own digit is shown, augmented each time.", low=1, high=1000, unit="times")
    batch_size: int = option(128, "Images per training step.", low=1, high=8192, unit="images")
    learning_rate: float = option(1e-4, "How far each step moves the weights, at most.", low=1e-6, high=10.0)

    def __post_init__(self) -> None:
        """Refuse values outside their bounds with `SettingError`."""
        check(self)


@dataclass(frozen=True)
class Preset:
    """Settings to start from: their title, what to expect, and the values."""

    title: str
    purpose: str
    settings: TrainingSettings


PRESETS: dict[str, Preset] = {
    "fast": Preset(
        "99 % as fast as possible",
        "One look at each of 59,000 images is enough to read 99 of 100.",
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
        "The shipped model's recipe with strong augmentation, in a third of its 150 epochs.",
        TrainingSettings(),
    ),
    "reference": Preset(
        "Like the reference app",
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
        "For teaching: the rate rises and rises. The loss falls, it shakes, all is lost. Lower the rate while it "
        "shakes, and the run is saved.",
        # With every seed tried the loss shakes for hundreds of steps, which are seconds, before all is lost: Adam's
        # steps are bounded. With plain SGD the network is dead within a dozen steps, before anybody sees it coming.
        TrainingSettings(
            architecture="mlp",
            epochs=40,
            batch_size=128,
            learning_rate=0.2,
            optimiser="adam",
            weight_decay=0.0,
            label_smoothing=0.0,
            augmentation="none",
            clean_share=0.0,
            outlier_exposure=0.0,
            pen_digits=0.0,
            patience=10,
        ),
    ),
}

"""A run's settings and how it ended, in the words of a page."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from core import words
from core.config import ARCHITECTURES, TrainingSettings
from core.training import judgement
from core.training.judgement import Comparison, Diagnosis, Score

if TYPE_CHECKING:
    from core.network.checkpoint import ModelCard
    from core.training.runs import Run

FIELDS = {entry.name: entry for entry in fields(TrainingSettings)}
GROUPS = {
    "Network": ("architecture", "dropout", "ema_decay"),
    "Data": ("training_images", "validation_share", "shown_share", "left_out", "seed"),
    "Optimisation": (
        "epochs", "batch_size", "learning_rate", "optimiser", "schedule", "weight_decay", "label_smoothing",
        "frozen_share", "patience", "states", "device", "precision",
    ),
    "Augmentation": ("augmentation", "clean_share", "outlier_exposure", "pen_digits"),
}  # fmt: skip
# What "training the out-of-distribution detector" means, for a help mark.
DETECTOR = (
    "A small second model learns to tell digits from everything else: letters, scribbles, dirt. With it the app can "
    "answer “no digit”. The network itself doesn't change any more."
)
_LABELS = {
    "architecture": "Network · parameters", "ema_decay": "EMA decay", "training_images": "Images",
    "left_out": "Digits to leave out", "shown_share": "Share of the images shown",
    "frozen_share": "Share with the first layer frozen", "patience": "Early stopping", "states": "States to replay",
    "clean_share": "Share without augmentation",
    "outlier_exposure": "Non-digits (outlier exposure)", "pen_digits": "Digits from other writers",
}  # fmt: skip
_CHOICES = {
    "sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW", "muon": "Muon",
    "constant": "Constant", "cosine": "Cosine", "one-cycle": "One cycle",
    "none": "None", "light": "Light", "strong": "Strong",
    "auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU (CUDA)", "mps": "Apple GPU (MPS)",
}  # fmt: skip


def label(name: str) -> str:
    """The label of a setting's widget, with its unit."""
    text = _LABELS.get(name, name.replace("_", " ").capitalize())
    unit = FIELDS[name].metadata["unit"]
    return f"{text} ({unit})" if unit and unit not in text.lower() else text


def choice(value: str) -> str:
    """The name of one of a setting's fixed choices on a page."""
    return _CHOICES.get(value) or ARCHITECTURES.get(value, value)


def show(settings: TrainingSettings, name: str) -> str:
    """The value of the setting `name` on a page: "Adam", "0.002", "60,000", "3, 9"."""
    value = getattr(settings, name)
    if isinstance(value, str):
        return choice(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or words.NONE
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"


def summarise(settings: TrainingSettings) -> str:
    """The settings that matter most, in one line."""
    parts = [
        choice(settings.architecture),
        words.count(settings.epochs, "epoch"),
        f"batches of {settings.batch_size}",
        f"{choice(settings.optimiser)} at {settings.learning_rate:.4g}",
        f"{choice(settings.schedule).lower()} schedule",
    ]
    if settings.augmentation != "none":
        parts.append(f"{settings.augmentation} augmentation")
    if settings.shown_share < 1:
        parts.append(f"{words.percent(settings.shown_share, 0)} of the images, the hardest among them")
    if settings.training_images < TrainingSettings().training_images:
        parts.append(f"{settings.training_images:,} images")
    if settings.left_out:
        parts.append(f"without {', '.join(map(str, settings.left_out))}")
    return " · ".join(parts)


def describe(run: Run) -> str:
    """A run in one line: its settings and what was changed by hand, or the model that it fine-tuned a copy of."""
    changes = [f"learning rate {change.new:.4g} from step {change.step + 1:,} on" for change in run.rate_changes]
    return " · ".join([f"Fine-tuned from {run.base} on My digits" if run.base else summarise(run.settings), *changes])


def show_share(score: Score) -> str:
    """A share with its 95 % interval: "97.65 % (97.33 % to 97.93 %)"; of few digits without decimals."""
    decimals = 2 if score.count >= 1000 else 0
    share, low, high = (words.percent(value, decimals) for value in (score.share, *score.interval))
    return f"{share} ({low} to {high})"


def compare(comparison: Comparison, name: str) -> str:
    """One model beside the model `name`: "0.52 points better than … (0.31 to 0.74)", or that chance may explain it."""
    if not comparison.is_clear:
        return f"about as good as {name}: the difference is within chance"
    low, high = sorted(abs(value * 100) for value in comparison.interval)
    better = "better" if comparison.gain > 0 else "worse"
    return f"{abs(comparison.gain * 100):.2f} points {better} than {name} ({low:.2f} to {high:.2f})"


def judge(run: Run, mine: ModelCard, used: ModelCard | None = None) -> str:
    """How good the model `mine` of a run is, in bold and in sentences, as Markdown, also beside the model `used` now.

    By the test set, which both have read; the validation digits chose the epoch, and there may be few of them.
    """
    sentences = []
    if test := judgement.score_on_test(mine):
        beside = ""
        if used and (comparison := judgement.compare(mine, used)):
            beside = f", {compare(comparison, f'the model in use ({words.escape_markdown(used.name)})')}"
        sentences.append(f"**{show_share(test)} of MNIST’s {test.count:,} test digits**{beside}.")
        if missing := judgement.left_out(mine):
            digits = " or ".join(map(words.a_digit, missing))
            sentences.append(f"It never saw {digits}, so it is not compared with other models.")
    if validation := judgement.score_on_validation(run):
        sentences.append(f"Of its {validation.count:,} validation digits it reads {show_share(validation)}.")
        if validation.count < judgement.FEW:
            sentences.append("So few digits say little: hold out a larger share for validation.")
    return " ".join(sentences)


def diagnose(run: Run) -> str:
    """What a run that is over came to and what to try next, as sentences; empty where there is nothing to say."""
    best = run.best.epoch if run.best else 0
    match judgement.diagnose(run):
        case Diagnosis.DIVERGED:
            return (
                "It diverged: too large steps made the weights overflow. Divide the learning rate by ten and try again."
            )
        case Diagnosis.GUESSING:
            return (
                "In the end it was hardly better than guessing: the learning rate is probably too high. Divide it by "
                "ten and try again."
            )
        case Diagnosis.HARDLY_LEARNING:
            return (
                "It has learned next to nothing: the learning rate is probably too low. Multiply it by ten and try "
                "again."
            )
        case Diagnosis.TOO_SHORT:
            steps = words.count(run.epochs[-1].step, "step")
            return (
                f"It was too short to learn anything: {steps}, where it takes some hundreds. Let it run longer, with "
                "more epochs or smaller batches."
            )
        case Diagnosis.OVERFITTED:
            return (
                f"It overfitted: after epoch {_lowest(run)} it got better on the digits it learns from and worse on "
                "others. More images or stronger augmentation help, and so does stopping earlier. "
                f"The weights of epoch {best} are kept."
            )
        case Diagnosis.IMPROVING:
            return "It was still improving when it ended: more epochs would make it better."
        case Diagnosis.SETTLED:
            return "It has stopped improving: another network, more images or other augmentation may take it further."
        case Diagnosis.GOOD:
            return "It has learned well."
        case None:
            return ""


def _lowest(run: Run) -> int:
    """The epoch with the lowest validation loss. `run` has one epoch at least."""
    return min(run.epochs, key=lambda epoch: epoch.validation_loss).epoch

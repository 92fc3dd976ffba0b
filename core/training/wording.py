"""A run's settings and how it ended, in the words of a page."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from core import words
from core.config import ARCHITECTURES, TrainingSettings

if TYPE_CHECKING:
    from core.training.runs import Run

FIELDS = {entry.name: entry for entry in fields(TrainingSettings)}
GROUPS = {
    "Network": ("architecture", "dropout", "ema_decay"),
    "Data": ("training_images", "validation_share", "left_out", "seed"),
    "Optimisation": (
        "epochs", "batch_size", "learning_rate", "optimiser", "schedule", "weight_decay", "label_smoothing", "patience",
        "device", "precision",
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
    "left_out": "Digits to leave out", "patience": "Early stopping", "clean_share": "Share without augmentation",
    "outlier_exposure": "Non-digits (outlier exposure)", "pen_digits": "Digits from other writers",
}  # fmt: skip
_CHOICES = {
    "sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW",
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
    if settings.training_images < TrainingSettings().training_images:
        parts.append(f"{settings.training_images:,} images")
    if settings.left_out:
        parts.append(f"without {', '.join(map(str, settings.left_out))}")
    return " · ".join(parts)


def describe(run: Run) -> str:
    """A run in one line: its settings, or the model that it fine-tuned a copy of."""
    return f"Fine-tuned from {run.base} on My digits" if run.base else summarise(run.settings)


def compare(accuracy: float, other: float, name: str) -> str:
    """A validation accuracy beside that of the model `name`, both 0 to 1: "0.20 points better than …"."""
    points = (accuracy - other) * 100
    if abs(points) < 0.005:
        return f"as good as {name}"
    return f"{abs(points):.2f} points {'better' if points > 0 else 'worse'} than {name}"

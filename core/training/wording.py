"""The settings of a run and how it ended, in the words a page uses."""

from dataclasses import fields

from core.config import ARCHITECTURES, TrainingSettings

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
STATUS = {
    "running": "Running", "interrupted": "Interrupted", "finished": "Finished", "stopped": "Stopped",
    "diverged": "Diverged", "failed": "Failed",
}  # fmt: skip
_LABELS = {
    "architecture": "Network · parameters", "ema_decay": "EMA decay", "training_images": "Images",
    "left_out": "Digits to leave out", "patience": "Early stopping", "clean_share": "Share without augmentation",
    "augmentation": "Augmentation", "outlier_exposure": "Non-digits (outlier exposure)",
    "pen_digits": "Digits from other writers",
}  # fmt: skip
_CHOICES = {
    "sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW",
    "constant": "Constant", "cosine": "Cosine", "one-cycle": "One cycle",
    "none": "None", "light": "Light", "strong": "Strong",
    "auto": "Automatic", "cpu": "Processor", "cuda": "NVIDIA GPU (CUDA)", "mps": "Apple GPU (MPS)",
}  # fmt: skip


def label(name: str) -> str:
    """What a setting is called above its widget, with its unit."""
    words = _LABELS.get(name, name.replace("_", " ").capitalize())
    unit = FIELDS[name].metadata["unit"]
    return f"{words} ({unit})" if unit and unit not in words.lower() else words


def choice(value: str) -> str:
    """One of several fixed values."""
    return ARCHITECTURES.get(value) or _CHOICES.get(value, value)


def summarise(settings: TrainingSettings) -> str:
    """A run in one line."""
    parts = [
        choice(settings.architecture),
        f"{settings.epochs} epoch{'s' if settings.epochs > 1 else ''}",
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


def compare(accuracy: float, other: float, name: str) -> str:
    """How a validation accuracy stands beside that of the model `name`, both 0 to 1."""
    points = (accuracy - other) * 100
    if abs(points) < 0.005:
        return f"as good as {name}"
    return f"{abs(points):.2f} points {'better' if points > 0 else 'worse'} than {name}"

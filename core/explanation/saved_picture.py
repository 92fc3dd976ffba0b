"""A digit as a picture file keeps it, 256 greys in a PNG, and what a model says of that."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from core.network.checkpoint import Checkpoint
from core.network.prediction import predict


def to_levels(digit: np.ndarray) -> np.ndarray:
    """A digit (28, 28) in [0, 1] in the 256 greys of a file, float32."""
    levels: np.ndarray = (np.clip(digit, 0, 1) * 255).round().astype(np.float32) / 255
    return levels


def save(digit: np.ndarray) -> bytes:
    """A digit (28, 28) in [0, 1] as a PNG of 28 by 28 greys."""
    buffer = io.BytesIO()
    Image.fromarray((np.clip(digit, 0, 1) * 255).round().astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def load(content: bytes) -> np.ndarray:
    """The digit (28, 28) float32 in [0, 1] in a PNG that `save` made."""
    return np.asarray(Image.open(io.BytesIO(content)), np.float32) / 255


def read_again(checkpoint: Checkpoint, digit: np.ndarray) -> tuple[np.ndarray, int]:
    """A digit as it comes back from a saved PNG, (28, 28) float32, and the digit that the model reads in it."""
    saved = load(save(digit))
    return saved, predict(checkpoint, saved[None])[0].digit

"""A picture read: what was found in it, what the model says, and every step between."""

import os
import threading
from dataclasses import dataclass

import numpy as np

from core.checkpoint import Checkpoint
from core.picture import Picture
from core.predict import Prediction, predict
from core.preprocess import Preprocessed, preprocess

# More readings at once than processors only make each other wait, all of them: the first would be as late as the last.
AT_ONCE = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclass(frozen=True)
class Reading:
    """`prediction` is None where there was no ink to ask the model about; `model` and `version` say who answered."""

    picture: Picture
    found: Preprocessed
    prediction: Prediction | None
    model: str
    version: str

    @property
    def verdict(self) -> str:
        """ "digit", "unsure" or "no digit"."""
        return self.prediction.verdict if self.prediction else "no digit"

    @property
    def text(self) -> str:
        """What was read, "7" for example; empty when no digit."""
        return self.prediction.text if self.prediction else ""

    @property
    def confidence(self) -> float:
        """Probability of the answer, 0 to 1; 0 where the model was not asked."""
        return self.prediction.confidence if self.prediction else 0.0

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Ten values in digit order; all 0 where the model was not asked."""
        return self.prediction.probabilities if self.prediction else (0.0,) * 10

    @property
    def sentence(self) -> str:
        """The answer in words, or why there is none."""
        return self.prediction.sentence if self.prediction else self.found.why_not


def read(
    checkpoint: Checkpoint,
    picture: Picture,
    polarity: str = "auto",
    crop: tuple[float, float, float, float] | None = None,
) -> Reading:
    """Preprocess a picture and ask the model; see `core.preprocess.preprocess` for `polarity` and `crop`."""
    with AT_ONCE:
        found = preprocess(picture, polarity, crop)
        prediction = None
        if found.digit is not None:
            prediction = predict(checkpoint, np.stack([found.digit]))[0]
    return Reading(picture, found, prediction, checkpoint.name, checkpoint.version)

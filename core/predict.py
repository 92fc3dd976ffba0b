"""28x28 digits -> what the model says of them, and how sure it may be."""

from dataclasses import dataclass

import numpy as np
import torch

from core.checkpoint import Checkpoint
from core.config import VerdictSettings

VERDICT = VerdictSettings()


@dataclass(frozen=True)
class Prediction:
    """The answer for one digit: `probabilities` has ten values that sum to 1; `verdict` is "digit", "unsure" or
    "no digit"."""

    probabilities: tuple[float, ...]
    verdict: str

    @property
    def digit(self) -> int:
        """The most probable digit, 0 to 9."""
        return int(np.argmax(self.probabilities))

    @property
    def second(self) -> int:
        """The next most probable digit, 0 to 9."""
        return int(np.argsort(self.probabilities)[-2])

    @property
    def confidence(self) -> float:
        """Probability of the most probable digit, 0.1 to 1."""
        return max(self.probabilities)

    @property
    def text(self) -> str:
        """What was read: "7", or nothing when it is no digit."""
        return "" if self.verdict == "no digit" else str(self.digit)

    @property
    def sentence(self) -> str:
        """The answer in words, doubt first."""
        if self.verdict == "no digit":
            return "This doesn't look like a digit. If it is one, draw it larger or take a clearer picture."
        second = self.probabilities[self.second]
        if self.verdict == "unsure":
            return f"Looks like a {self.digit}, perhaps a {self.second}."
        if second < 0.005:
            return "Sure: no other digit comes near."
        return f"Sure. The next best is {self.second} with {second:.0%}."


@torch.inference_mode()
def predict(checkpoint: Checkpoint, digits: np.ndarray) -> list[Prediction]:
    """Answers for digits (N, 28, 28) float32 in [0, 1], ink bright on dark, by a model in evaluation mode."""
    # One thread: a single digit takes 1.2 ms on one core and up to 69 on two busy ones, which wait for each other.
    torch.set_num_threads(1)
    logits = checkpoint.model.logits(torch.from_numpy(np.ascontiguousarray(digits)).unsqueeze(1))
    probabilities = torch.softmax(logits / checkpoint.temperature, dim=1)
    return [Prediction(tuple(row), _judge(row)) for row in probabilities.tolist()]


def _judge(probabilities: list[float]) -> str:
    second, first = sorted(probabilities)[-2:]
    if first < VERDICT.possible:
        return "no digit"
    return "digit" if first >= VERDICT.sure and second < VERDICT.close else "unsure"

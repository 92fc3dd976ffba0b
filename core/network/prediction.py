"""28x28 digits -> what the model says of them, and how sure it may be."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from core.config import VerdictSettings
from core.network.checkpoint import Checkpoint
from core.network.rejection import Rejection

VERDICT = VerdictSettings()


@dataclass(frozen=True)
class Prediction:
    """The answer for one digit: `probabilities` has ten values that sum to 1; `verdict` is "digit", "unsure" or
    "no digit". `is_strange` where the doubt is not between two digits but whether it is one at all; `likeness` and
    `wholeness` are how much more it looks like a digit than not, and like a whole one than like a part of a number, in
    nats, where the model has learnt to tell."""

    probabilities: tuple[float, ...]
    verdict: str
    is_strange: bool = False
    digit_logit: float | None = None
    whole_digit_logit: float | None = None

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
    def score(self) -> float:
        """How much speaks for this being one whole digit, in nats; negative where more speaks against it."""
        if self.whole_digit_logit is None:
            return math.log(self.confidence / max(1 - self.confidence, 1e-4))
        return self.whole_digit_logit + math.log(self.confidence)

    @property
    def text(self) -> str:
        """What was read: "7", or nothing when it is no digit."""
        return "" if self.verdict == "no digit" else str(self.digit)

    @property
    def sentence(self) -> str:
        """The answer in words, doubt first."""
        if self.verdict == "no digit":
            return "This doesn't look like a digit. If it is one, draw it larger or take a clearer picture."
        if self.is_strange:
            return f"Unusual for a digit. If it is one, it looks like a {self.digit}."
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
    images = torch.from_numpy(np.ascontiguousarray(digits)).unsqueeze(1)  # (N, 1, 28, 28)
    rejection = checkpoint.rejection
    if rejection is None:
        logits, scores = checkpoint.model.logits(images), [(None, None)] * len(images)
    else:
        features = checkpoint.model.features(images)  # (N, C)
        logits = checkpoint.model.fc2(features)
        scores = torch.stack([rejection.digit.score(features), rejection.whole.score(features)], dim=1).tolist()
    probabilities = torch.softmax(logits / checkpoint.temperature, dim=1).tolist()
    return [_judge(tuple(row), *of_row, rejection) for row, of_row in zip(probabilities, scores, strict=True)]


def _judge(
    probabilities: tuple[float, ...],
    digit_logit: float | None,
    whole_digit_logit: float | None,
    rejection: Rejection | None,
) -> Prediction:
    """The probabilities with the verdict that is left of them when what was read looks little like a digit."""
    verdict = _weigh(probabilities)
    if rejection is None or digit_logit >= rejection.doubt or verdict == "no digit":
        return Prediction(probabilities, verdict, False, digit_logit, whole_digit_logit)
    verdict = "unsure" if digit_logit >= rejection.refuse else "no digit"
    return Prediction(probabilities, verdict, True, digit_logit, whole_digit_logit)


def _weigh(probabilities: tuple[float, ...]) -> str:
    second, first = sorted(probabilities)[-2:]
    if first < VERDICT.possible:
        return "no digit"
    return "digit" if first >= VERDICT.sure and second < VERDICT.close else "unsure"

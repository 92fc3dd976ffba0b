"""28x28 digits in, the model's answers and verdicts out."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import torch

from core import words
from core.config import VerdictSettings
from core.network.checkpoint import Checkpoint
from core.network.rejection import Rejection

VERDICT = VerdictSettings()


class Verdict(StrEnum):
    """How sure an answer is."""

    DIGIT = "digit"
    UNSURE = "unsure"
    NO_DIGIT = "no digit"


@dataclass(frozen=True)
class Prediction:
    """The answer for one image: `probabilities` has ten values that sum to 1.

    `is_strange` where the doubt is not between two digits but whether it is one at all. `digit_logit` is the log-odds,
    in nats, that it is a digit, and `whole_digit_logit` that it is a whole digit rather than a part of a number; None
    where the model has no out-of-distribution (OOD) detector.
    """

    probabilities: tuple[float, ...]
    verdict: Verdict
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
        """Log-odds that this is one whole digit, in nats; negative where that is unlikely."""
        if self.whole_digit_logit is None:
            return math.log(self.confidence / max(1 - self.confidence, 1e-4))
        return self.whole_digit_logit + math.log(self.confidence)

    @property
    def text(self) -> str:
        """What was read: "7", or nothing when it is no digit."""
        return "" if self.verdict is Verdict.NO_DIGIT else str(self.digit)

    def less_sure(self) -> "Prediction":
        """The same answer, one step less sure, as one about something that may be no digit."""
        verdict = Verdict.UNSURE if self.verdict is Verdict.DIGIT else Verdict.NO_DIGIT
        return replace(self, verdict=verdict, is_strange=True)

    @property
    def sentence(self) -> str:
        """The answer in words, doubt first."""
        if self.verdict is Verdict.NO_DIGIT:
            return "This doesn't look like a digit."
        if self.is_strange:
            return f"Unusual for a digit. If it is one, it looks like {words.a_digit(self.digit)}."
        second = self.probabilities[self.second]
        if self.verdict is Verdict.UNSURE:
            return f"Looks like {words.a_digit(self.digit)}, perhaps {words.a_digit(self.second)}."
        if second < 0.005:
            return "Sure: no other digit comes near."
        return f"Sure. The next best is {self.second} with {words.probability(second)}."


@torch.inference_mode()
def predict(checkpoint: Checkpoint, digits: np.ndarray) -> list[Prediction]:
    """Answers for digits (N, 28, 28) float32 in [0, 1], ink bright on dark, by a model in evaluation mode."""
    # One thread: a single digit takes 1.2 ms on one core and up to 69 on two busy ones, which wait for each other.
    torch.set_num_threads(1)
    images = torch.from_numpy(np.ascontiguousarray(digits)).unsqueeze(1)  # (N, 1, 28, 28)
    features = checkpoint.model.features(images)  # (N, C)
    logits = checkpoint.model.classify(features)  # (N, 10)
    probabilities = torch.softmax(logits / checkpoint.temperature, dim=1).tolist()
    rejection = checkpoint.rejection
    if rejection is None:
        return [Prediction(tuple(row), _verdict_of(tuple(row))) for row in probabilities]
    scores = torch.stack([rejection.digit.score(features), rejection.whole.score(features)], dim=1).tolist()  # (N, 2)
    return [
        _with_detector(tuple(row), digit, whole, rejection)
        for row, (digit, whole) in zip(probabilities, scores, strict=True)
    ]


def _with_detector(
    probabilities: tuple[float, ...], digit_logit: float, whole_digit_logit: float, rejection: Rejection
) -> Prediction:
    """The answer with the detector's say: it can lower the verdict, and leaves the probabilities alone."""
    verdict, is_strange = judge(probabilities, digit_logit, rejection)
    return Prediction(probabilities, verdict, is_strange, digit_logit, whole_digit_logit)


def judge(
    probabilities: tuple[float, ...], digit_logit: float | None, rejection: Rejection | None
) -> tuple[Verdict, bool]:
    """The verdict on an answer, and whether the doubt is that it may be no digit at all.

    `digit_logit` is the detector's log-odds, in nats, that it is a digit; without a `rejection` it has no say.
    """
    verdict = _verdict_of(probabilities)
    if rejection is None or digit_logit is None or digit_logit >= rejection.doubt or verdict is Verdict.NO_DIGIT:
        return verdict, False
    return (Verdict.UNSURE if digit_logit >= rejection.refuse else Verdict.NO_DIGIT), True


def _verdict_of(probabilities: tuple[float, ...]) -> Verdict:
    """The verdict from the ten probabilities alone."""
    second, first = sorted(probabilities)[-2:]
    if first < VERDICT.possible:
        return Verdict.NO_DIGIT
    return Verdict.DIGIT if first >= VERDICT.sure and second < VERDICT.close else Verdict.UNSURE

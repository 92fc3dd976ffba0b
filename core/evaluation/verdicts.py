"""What Predict's visitors meet: right or wrong, and sure, unsure or refused; and what happens to non-digits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor

from core.data.digits import DigitSet
from core.data.labels import UNLABELLED
from core.evaluation.report import Evaluation, Progress, Report, evaluate, wilson_interval
from core.network.checkpoint import Checkpoint
from core.network.prediction import Verdict


class Outcome(StrEnum):
    """An answer to a labelled picture, with how sure it was. The first is what one wants, the third what costs."""

    RIGHT_SURE = "Right and sure"
    RIGHT_UNSURE = "Right but unsure"
    WRONG_SURE = "Wrong but sure"
    WRONG_UNSURE = "Wrong and unsure"
    REFUSED = "Refused as no digit"


def outcome(is_right: bool, verdict: Verdict) -> Outcome:
    """The outcome of one answer."""
    if verdict is Verdict.NO_DIGIT:
        return Outcome.REFUSED
    if is_right:
        return Outcome.RIGHT_SURE if verdict is Verdict.DIGIT else Outcome.RIGHT_UNSURE
    return Outcome.WRONG_SURE if verdict is Verdict.DIGIT else Outcome.WRONG_UNSURE


def outcomes(evaluation: Evaluation) -> list[Outcome]:
    """The outcome of each picture of a labelled set that was read as one digit, in their order."""
    right = evaluation.report.is_right.tolist()
    return [outcome(*pair) for pair in zip(right, _verdicts_of(evaluation), strict=True)]


def _verdicts_of(evaluation: Evaluation) -> tuple[Verdict, ...]:
    """Those of the evaluation; where nobody judged, confidence alone does."""
    return evaluation.verdicts or evaluation.report.verdicts(evaluation.temperature, None)


def count(evaluation: Evaluation) -> dict[Outcome, int]:
    """How often each outcome came, all five of them. Pictures that never got as far as an answer because no digit was
    found in them are refused too; those read as a number are not counted."""
    found = outcomes(evaluation)
    counts = {kind: found.count(kind) for kind in Outcome}
    counts[Outcome.REFUSED] += evaluation.no_digit
    return counts


def behind(evaluation: Evaluation, kind: Outcome) -> list[int]:
    """The pictures of one outcome, the most confident first: places in the report."""
    chosen = torch.tensor([one is kind for one in outcomes(evaluation)], dtype=torch.bool)
    members = torch.nonzero(chosen).flatten()
    order = evaluation.report.confidence(evaluation.temperature)[members].argsort(descending=True, stable=True)
    return members[order].tolist()


@dataclass(frozen=True)
class OperatingPoint:
    """Where Predict stands between answering everything and answering only what is certain: the share of answers it
    does not call sure, and the accuracy of those it does, each 0 to 1."""

    refused: float
    accuracy: float


def operating_point(evaluation: Evaluation) -> OperatingPoint | None:
    """Predict's own, or None where no answer is sure."""
    sure = torch.tensor([verdict is Verdict.DIGIT for verdict in _verdicts_of(evaluation)], dtype=torch.bool)
    if not sure.any():
        return None
    return OperatingPoint(1 - sure.double().mean().item(), evaluation.report.is_right[sure].double().mean().item())


@dataclass(frozen=True)
class NonDigits:
    """What a model said of `images` (N, 28, 28) uint8 that show no digit; `report` has no labels. `separation` is the
    area under the ROC curve: how often a digit scores higher than a non-digit, 0.5 by chance to 1; None where the model
    has no out-of-distribution detector."""

    images: np.ndarray
    report: Report
    verdicts: tuple[Verdict, ...]
    separation: float | None

    def __len__(self) -> int:
        """How many there are."""
        return len(self.verdicts)

    def count(self, verdict: Verdict) -> int:
        """How many got this verdict; NO_DIGIT is the right one."""
        return self.verdicts.count(verdict)

    def interval(self, verdict: Verdict) -> tuple[float, float]:
        """The 95 % interval of the share that gets this verdict, 0 to 1."""
        return wilson_interval(self.count(verdict), len(self))

    def taken_for_digits(self) -> list[int]:
        """Those that are called a digit, the most confident first, and then those that are unsure: places."""
        order = {Verdict.DIGIT: 0, Verdict.UNSURE: 1}
        sure = self.report.confidence().tolist()
        found = [place for place, verdict in enumerate(self.verdicts) if verdict in order]
        return sorted(found, key=lambda place: (order[self.verdicts[place]], -sure[place]))


def measure_non_digits(
    model: Checkpoint, images: np.ndarray, digits: Report, progress: Progress | None = None
) -> NonDigits:
    """Ask a model about images (N, 28, 28) uint8 that show no digit, and set them against what it said of `digits`."""
    pictures = torch.from_numpy(images)
    nothing = DigitSet(pictures, torch.full((len(pictures),), UNLABELLED))
    report = evaluate(model.model, nothing, progress, model.rejection)
    verdicts = report.verdicts(model.temperature, model.rejection)
    return NonDigits(images, report, verdicts, _separate(digits.digit_logits, report.digit_logits))


def _separate(digits: Tensor | None, others: Tensor | None) -> float | None:
    if digits is None or others is None or not len(digits) or not len(others):
        return None
    from sklearn.metrics import roc_auc_score

    truth = torch.cat([torch.ones(len(digits)), torch.zeros(len(others))])
    return float(roc_auc_score(truth, torch.cat([digits, others])))

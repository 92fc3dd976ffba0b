"""An evaluation as plain values, for JSON: what the script prints and the page gives to take away."""

from __future__ import annotations

from typing import Any

from core.evaluation import verdicts
from core.evaluation.report import REFUSED_SHARES, Evaluation
from core.evaluation.robustness import Point
from core.evaluation.testset import TestSet


def as_facts(evaluation: Evaluation, digits: TestSet, curves: dict[str, list[Point]] | None = None) -> dict[str, Any]:
    """Everything as plain values. Shares are 0 to 1, losses in nats, rows of `confusion` are true digits; "after" means
    after temperature scaling."""
    answers, temperature = evaluation.report, evaluation.temperature
    facts = {
        "model": evaluation.model,
        "version": evaluation.version,
        "data": evaluation.data,
        "when": evaluation.when.isoformat(timespec="seconds"),
        "n": len(answers),
        "read_as_no_digit": evaluation.no_digit,
        "read_as_number": evaluation.numbers,
        "skipped": len(digits.skipped),
        "remarks": list(digits.remarks),
        "accuracy": answers.accuracy,
        "accuracy_interval": list(answers.accuracy_interval),
        "top2_accuracy": answers.top2_accuracy,
        "errors": answers.errors,
        "verdicts": {str(kind): number for kind, number in verdicts.count(evaluation).items()},
        "loss": answers.loss(),
        "loss_after": answers.loss(temperature),
        "brier_after": answers.brier(temperature),
        "ece": answers.calibration_error(),
        "ece_after": answers.calibration_error(temperature),
        "ece_after_interval": list(answers.calibration_interval(temperature)),
        "temperature": temperature,
        "coverage": {f"{share:.2f}": answers.accuracy_when_refusing(share, temperature) for share in REFUSED_SHARES},
        "confusion": answers.confusion.tolist(),
        "per_digit": [
            {
                **{name: value for name, value in vars(score).items() if name != "named"},
                "recall_interval": list(score.recall_interval),
                "precision_interval": list(score.precision_interval),
            }
            for score in answers.per_digit
        ],
        "averages": {
            one.kind: {"precision": one.precision, "recall": one.recall, "f1": one.f1} for one in answers.averages
        },
    }
    if curves:
        facts["robustness"] = {
            model: [
                {
                    "damage": point.damage,
                    "strength": point.strength,
                    "accuracy": point.accuracy,
                    "accuracy_interval": [point.low, point.high],
                    "n": point.pictures,
                }
                for point in points
            ]
            for model, points in curves.items()
        }
    return facts

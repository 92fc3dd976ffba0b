"""An evaluation's tables: per digit, two models side by side, every prediction as CSV."""

from __future__ import annotations

import pandas as pd

from core import words
from core.data.labels import UNLABELLED
from core.evaluation.report import Evaluation, Report
from core.evaluation.testset import OtherReading, ReadAs, TestSet

NOT_ONE_DIGIT = "Not one digit"


def per_digit(report: Report, others: tuple[OtherReading, ...] = ()) -> pd.DataFrame:
    """A row for each digit; shares 0 to 1, missing where nothing was there to divide by. Where there are `others`, a
    column counts how many more pictures of each digit were not read as one digit."""
    rows = [(score.digit, score.precision, score.recall, score.f1, score.support) for score in report.per_digit]
    table = pd.DataFrame(rows, columns=["Digit", "Precision", "Recall", "F1", "Pictures"])
    table = table.astype({"Precision": "Float64", "Recall": "Float64", "F1": "Float64"})
    if others:
        table[NOT_ONE_DIGIT] = [sum(other.label == digit for other in others) for digit in table["Digit"]]
    return table


def comparison(first: Evaluation, second: Evaluation) -> pd.DataFrame:
    """Two models side by side, in words and percent, a row for each figure."""

    def column(evaluation: Evaluation) -> list[str]:
        report = evaluation.report
        low, high = report.accuracy_interval
        return [
            words.percent(report.accuracy),
            f"{words.percent(low)} to {words.percent(high)}",
            f"{report.errors:,}",
            f"{report.loss():.4f}",
            words.percent(report.calibration_error(evaluation.temperature)),
            evaluation.version,
        ]

    index = ["Accuracy", "95 % interval", "Errors", "Loss (nats)", "Calibration error", "Version"]
    return pd.DataFrame({first.model: column(first), second.model: column(second)}, index=index)


def predictions_csv(evaluation: Evaluation, digits: TestSet) -> str:
    """Every picture with label, answer, what it was read as, confidence and the ten probabilities (0 to 1), as CSV.

    Those that were not read as one digit come last: their answer is a number or empty, and they have no probabilities.
    """
    report = evaluation.report
    probabilities = report.probabilities(evaluation.temperature)
    labels = [None if label == UNLABELLED else label for label in report.labels.tolist()]
    table = pd.DataFrame(
        {
            "index": range(len(report)),
            "file": [words.safe_cell(name) for name in digits.names] or "",
            "label": pd.array(labels, dtype="Int64"),
            "answer": report.answers.numpy(),
            "read as": str(ReadAs.DIGIT),
            "confidence": probabilities.amax(1).numpy().round(6),
            **{f"p{digit}": probabilities[:, digit].numpy().round(6) for digit in range(10)},
        }
    )
    others = [
        {"file": words.safe_cell(one.name), "label": one.label, "answer": one.text, "read as": str(one.read_as)}
        for one in digits.others
    ]
    rest = pd.DataFrame(others, columns=table.columns).to_csv(index=False, header=False) if others else ""
    return table.to_csv(index=False) + rest

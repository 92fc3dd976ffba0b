"""An evaluation's tables: per digit, two models side by side, every prediction as CSV."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from core import words
from core.data.labels import UNLABELLED
from core.evaluation.report import Evaluation, Report, wilson_interval
from core.evaluation.robustness import DAMAGES, Point, average
from core.evaluation.testset import OtherReading, ReadAs, TestSet
from core.evaluation.verdicts import Outcome

RECALL_INTERVAL = ("Recall from", "Recall to")  # its 95 % interval
NOT_ONE_DIGIT = "Not one digit"


def per_digit(report: Report, others: tuple[OtherReading, ...] = ()) -> pd.DataFrame:
    """A row for each digit; shares 0 to 1, missing where nothing was there to divide by. Where there are `others`, a
    column counts how many more pictures of each digit were not read as one digit."""
    rows = [
        (score.digit, score.precision, score.recall, score.f1, score.support, *score.recall_interval)
        for score in report.per_digit
    ]
    table = pd.DataFrame(rows, columns=["Digit", "Precision", "Recall", "F1", "Pictures", *RECALL_INTERVAL])
    table = table.astype({"Precision": "Float64", "Recall": "Float64", "F1": "Float64"})
    if others:
        table[NOT_ONE_DIGIT] = [sum(other.label == digit for other in others) for digit in table["Digit"]]
    return table


def averages(report: Report) -> pd.DataFrame:
    """Precision, recall and F1 over all digits in percent as words, a row for each kind of average."""
    rows = [
        (one.kind.capitalize(), *map(words.percent, (one.precision, one.recall, one.f1))) for one in report.averages
    ]
    return pd.DataFrame(rows, columns=["Average", "Precision", "Recall", "F1"])


def verdicts(counts: dict[Outcome, int]) -> pd.DataFrame:
    """How often each outcome came, in words, with its share and the share's 95 % interval."""
    total = sum(counts.values())
    rows = []
    for kind, number in counts.items():
        low, high = wilson_interval(number, total)
        share = words.percent(number / total) if total else words.NONE
        rows.append((str(kind), f"{number:,}", share, f"{words.percent(low)} to {words.percent(high)}"))
    return pd.DataFrame(rows, columns=["Answer", "Pictures", "Share", "95 % interval"])


def robustness(curves: dict[str, list[Point]]) -> pd.DataFrame:
    """Every measured point: damage, strength with its unit, model, and accuracy with its interval, 0 to 1."""
    rows = [
        {
            "damage": DAMAGES[point.damage].title,
            "strength": point.strength,
            "unit": DAMAGES[point.damage].axis,
            "model": model,
            "accuracy": point.accuracy,
            "low": point.low,
            "high": point.high,
            "pictures": point.pictures,
        }
        for model, points in curves.items()
        for point in points
    ]
    return pd.DataFrame(rows)


def robustness_summary(curves: dict[str, list[Point]]) -> pd.DataFrame:
    """The mean accuracy over the harmful strengths of each damage, in words, a column for each model."""
    return pd.DataFrame(
        {
            "Damage": [damage.title for damage in DAMAGES.values()],
            **{
                model: [words.percent(average(points, damage), 1) for damage in DAMAGES]
                for model, points in curves.items()
            },
        }
    )


def confusion(report: Report) -> pd.DataFrame:
    """The confusion matrix as a table: a row for each true digit, a column for each answer."""
    counts = pd.DataFrame(report.confusion.numpy(), columns=[f"read as {digit}" for digit in range(10)])
    counts.insert(0, "true digit", range(10))
    return counts


def comparison(first: Evaluation, second: Evaluation) -> pd.DataFrame:
    """Two models side by side, in words and percent, a row for each figure; loss and calibration with each model's own
    temperature."""

    def column(evaluation: Evaluation) -> list[str]:
        report = evaluation.report
        low, high = report.accuracy_interval
        return [
            words.percent(report.accuracy),
            f"{words.percent(low)} to {words.percent(high)}",
            f"{report.errors:,}",
            f"{report.loss(evaluation.temperature):.4f}",
            words.percent(report.calibration_error(evaluation.temperature)),
            evaluation.version,
        ]

    index = ["Accuracy", "95 % interval", "Errors", "Loss (nats)", "Calibration error", "Version"]
    columns = {first.model: column(first), second.model: column(second)}
    return pd.DataFrame(columns, index=pd.Index(index, name="Figure"))


def predictions_csv(evaluation: Evaluation, digits: TestSet, tags: Mapping[int, str] | None = None) -> str:
    """Every picture with label, answer, what it was read as, confidence, verdict and the ten probabilities (0 to 1), as
    CSV; with `tags`, by place, those too.

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
            "verdict": [str(verdict) for verdict in evaluation.verdicts] or "",
            **{f"p{digit}": probabilities[:, digit].numpy().round(6) for digit in range(10)},
        }
    )
    if tags:
        table["tag"] = [words.safe_cell(tags.get(place, "")) for place in range(len(report))]
    others = [
        {"file": words.safe_cell(one.name), "label": one.label, "answer": one.text, "read as": str(one.read_as)}
        for one in digits.others
    ]
    rest = pd.DataFrame(others, columns=table.columns).to_csv(index=False, header=False) if others else ""
    return table.to_csv(index=False) + rest

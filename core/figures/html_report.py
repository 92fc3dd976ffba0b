"""An evaluation to take away: tables, charts, and one page that opens offline."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from core.data.labels import UNLABELLED
from core.evaluation.report import REFUSED_SHARES, Evaluation, Report
from core.evaluation.robustness import DAMAGES, Point, source
from core.evaluation.testset import ReadAs, TestSet
from core.figures import digit_images, evaluation_charts, export
from core.words import percent

WORST = 20  # errors shown in the page


@dataclass(frozen=True)
class Download:
    """Something to take away: what it is, the name and type of its file, and how its content is made when asked for."""

    title: str
    name: str
    mime: str
    make: Callable[[], str | bytes]


STYLE = """
body { font: 16px/1.5 Helvetica, Arial, sans-serif; color: #1f2328; background: #fff; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.source { color: #5c636b; } .big { font-size: 2rem; font-weight: 700; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid #d9d4c8; }
@media (max-width: 30rem) { th, td { padding: .25rem .35rem; font-size: .875rem; } }
th:first-child, td:first-child { text-align: left; }
svg { max-width: 100%; height: auto; }
.digits { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; width: 9rem; font-size: .875rem; }
figure img { width: 84px; image-rendering: pixelated; display: block; }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem; }
"""


def predictions_csv(evaluation: Evaluation, digits: TestSet) -> str:
    """Every picture with label, answer, what it was read as, confidence and the ten probabilities (0 to 1), as CSV; at
    the end those that were not read as one digit, which have neither number nor probabilities."""
    report = evaluation.report
    probabilities = report.probabilities(evaluation.temperature)
    labels = [None if label == UNLABELLED else label for label in report.labels.tolist()]
    table = pd.DataFrame(
        {
            "index": range(len(report)),
            "file": [_defuse(name) for name in digits.names] or "",
            "label": pd.array(labels, dtype="Int64"),
            "answer": report.answers.numpy(),
            "read as": ReadAs.DIGIT.value,
            "confidence": probabilities.amax(1).numpy().round(6),
            **{f"p{digit}": probabilities[:, digit].numpy().round(6) for digit in range(10)},
        }
    )
    others = [
        {"file": _defuse(one.name), "label": one.label, "answer": one.text, "read as": one.read_as.value}
        for one in digits.others
    ]
    rest = pd.DataFrame(others, columns=table.columns).to_csv(index=False, header=False) if others else ""
    return table.to_csv(index=False) + rest


def _defuse(name: str) -> str:
    """A file's name with an apostrophe in front where a spreadsheet would run it as a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def per_digit_table(report: Report) -> pd.DataFrame:
    """A row for each digit; shares 0 to 1, missing where nothing was there to divide by."""
    rows = [(score.digit, score.precision, score.recall, score.f1, score.support) for score in report.per_digit]
    table = pd.DataFrame(rows, columns=["Digit", "Precision", "Recall", "F1", "Pictures"])
    return table.astype({"Precision": "Float64", "Recall": "Float64", "F1": "Float64"})


def comparison_table(first: Evaluation, second: Evaluation) -> pd.DataFrame:
    """Two models side by side, in words and percent, a row for each figure."""

    def column(evaluation: Evaluation) -> list[str]:
        report = evaluation.report
        low, high = report.accuracy_interval
        return [
            percent(report.accuracy),
            f"{percent(low)} to {percent(high)}",
            f"{report.errors:,}",
            f"{report.loss():.4f}",
            percent(report.calibration_error(evaluation.temperature)),
            evaluation.version,
        ]

    index = ["Accuracy", "95 % interval", "Errors", "Loss (nats)", "Calibration error", "Version"]
    return pd.DataFrame({first.model: column(first), second.model: column(second)}, index=index)


def page(
    evaluation: Evaluation, digits: TestSet, facts: dict[str, Any], curves: dict[str, list[Point]] | None = None
) -> Download:
    """The one self-contained page of an evaluation, see `as_html`."""
    return Download(
        "Report (HTML)",
        f"{_stem(evaluation)}-report.html",
        "text/html",
        lambda: as_html(evaluation, digits, facts, curves),
    )


def tables(evaluation: Evaluation, digits: TestSet) -> tuple[Download, ...]:
    """All predictions and, where the set is labelled, the table per digit, as CSV."""
    stem, mime = _stem(evaluation), "text/csv"
    answers = Download(
        "All predictions (CSV)", f"{stem}-predictions.csv", mime, lambda: predictions_csv(evaluation, digits)
    )
    if not digits.is_labelled:
        return (answers,)
    table = per_digit_table(evaluation.report)
    return answers, Download("Per digit (CSV)", f"{stem}-per-digit.csv", mime, lambda: table.to_csv(index=False))


def pictures(evaluation: Evaluation, title: str, chart: alt.TopLevelMixin) -> tuple[Download, ...]:
    """One of the `charts` as PNG and as SVG."""
    stem = f"{_stem(evaluation)}-{title.lower().replace(' ', '-')}"
    return (
        Download("PNG", f"{stem}.png", "image/png", lambda: export.as_png(chart)),
        Download("SVG", f"{stem}.svg", "image/svg+xml", lambda: export.as_svg(chart)),
    )


def _stem(evaluation: Evaluation) -> str:
    """What a file is called: model, version and data, so that two downloads are told apart."""
    words = f"{evaluation.model} {evaluation.version} {evaluation.data[:60]}"
    return re.sub(r"[^\w.-]+", "-", words).strip("-.")


def charts(evaluation: Evaluation, curves: dict[str, list[Point]]) -> dict[str, alt.TopLevelMixin]:
    """Every chart of an evaluation by its title, in colours for paper, with its source as subtitle."""
    report = evaluation.report
    found = {
        "Confusion matrix": evaluation_charts.confusion_matrix(report).properties(width=380),
        "Confusion matrix by true digit": evaluation_charts.confusion_matrix(report, "By true digit").properties(
            width=380
        ),
        "Per digit": evaluation_charts.per_digit(report).properties(width=480),
        "Reliability": evaluation_charts.reliability(report, evaluation.temperature),
        "Coverage": evaluation_charts.coverage(report, evaluation.temperature).properties(width=360),
    }
    sources = {title: [evaluation.source] for title in found}
    for damage in _measured(curves):
        title = f"Robustness to {DAMAGES[damage].title.lower()}"
        found[title] = evaluation_charts.robustness(curves, damage).properties(width=360)
        sources[title] = robustness_sources(evaluation, curves)
    return {
        title: chart.properties(title=alt.Title(title, subtitle=sources[title], anchor="start"))
        for title, chart in found.items()
    }


def robustness_sources(evaluation: Evaluation, curves: dict[str, list[Point]]) -> list[str]:
    """What stands under the curves: a line for each model that has any, on the evaluation's set."""
    return [source(model, evaluation.data, points) for model, points in curves.items() if points]


def as_html(
    evaluation: Evaluation, digits: TestSet, facts: dict[str, Any], curves: dict[str, list[Point]] | None = None
) -> str:
    """One page with everything in it: no script, no link, no font from elsewhere.

    `facts` are the model's own, its settings among them; `curves` the robustness measured so far, by model name.
    """
    report, temperature = evaluation.report, evaluation.temperature
    low, high = report.accuracy_interval
    title = f"{evaluation.model} on {evaluation.data}"
    parts = [
        f"<h1>{_safe(title)}</h1>",
        f'<p class="source">{_safe(evaluation.source)}</p>',
        *(f"<p>{_safe(remark)}</p>" for remark in digits.remarks),
        f'<p><span class="big">{percent(report.accuracy)}</span> right '
        f"(95 % interval {percent(low)} to {percent(high)}), {report.errors:,} errors of {len(report):,}, "
        f"loss {report.loss():.4f} nats</p>",
        "<h2>Where it is wrong</h2>",
        _svg(
            evaluation_charts.confusion_matrix(report).properties(width=420),
            "Confusion matrix: rows are true digits, columns what they were read as",
        ),
        "<h2>Per digit</h2>",
        _table(per_digit_table(report)),
        "<h2>Can its confidence be trusted?</h2>",
        f"<p>Confidence is off by {percent(report.calibration_error())} on average; with temperature {temperature:g}, "
        f"fitted on the validation split, by {percent(report.calibration_error(temperature))} (expected calibration "
        "error, 15 bins).</p>",
        '<div class="charts">',
        _svg(evaluation_charts.reliability(report, temperature), "Reliability diagram"),
        _svg(
            evaluation_charts.coverage(report, temperature).properties(width=320),
            "Accuracy over the share of refused answers",
        ),
        "</div>",
        "<p>What it would gain by refusing: "
        + "; ".join(
            f"refusing the least sure {100 * share:.0f} % leaves "
            f"{percent(report.accuracy_when_refusing(share, temperature))} right"
            for share in REFUSED_SHARES
        )
        + ".</p>",
        *_robustness(evaluation, curves or {}),
        *_worst(evaluation, digits),
        *_training(facts),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(title)}</title><style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _robustness(evaluation: Evaluation, curves: dict[str, list[Point]]) -> list[str]:
    measured = _measured(curves)
    if not measured:
        return []
    pictures = (
        _svg(
            evaluation_charts.robustness(curves, damage).properties(width=320, height=190, title=DAMAGES[damage].title),
            f"Accuracy over {DAMAGES[damage].title.lower()}",
        )
        for damage in measured
    )
    sources = (f'<p class="source">{_safe(line)}</p>' for line in robustness_sources(evaluation, curves))
    return ["<h2>How robust is it?</h2>", '<div class="charts">', *pictures, "</div>", *sources]


def _measured(curves: dict[str, list[Point]]) -> list[str]:
    known = {point.damage for points in curves.values() for point in points}
    return [damage for damage in DAMAGES if damage in known]


def _worst(evaluation: Evaluation, digits: TestSet) -> list[str]:
    report = evaluation.report
    members = report.wrong(evaluation.temperature)[:WORST].tolist()
    if not members:
        return ["<h2>Errors</h2><p>None.</p>"]
    confidence = report.confidence(evaluation.temperature)
    shown = (
        f'<figure><img alt="A {int(report.labels[index])}, read as {int(report.answers[index])}" '
        f'src="{digit_images.as_data_url(digit_images.digit_png(digits.digits.images[index]))}">'
        f"<figcaption>{int(report.labels[index])} read as {int(report.answers[index])}, "
        f"{percent(confidence[index].item())} sure<br>{_safe(digits.name_of(index))}</figcaption></figure>"
        for index in members
    )
    return [f"<h2>The {len(members)} most confident errors</h2>", '<div class="digits">', *shown, "</div>"]


def _training(facts: dict[str, Any]) -> list[str]:
    """The model's own facts: how it was trained, as far as it is known."""
    if not facts:
        return ["<h2>How it was trained</h2><p>Not known: this model came without its facts.</p>"]
    parts = ["<h2>How it was trained</h2>"]
    if history := facts.get("history"):
        parts.append(
            _svg(evaluation_charts.training_history(history), "Validation accuracy and losses over the epochs")
        )
    else:
        parts.append("<p>The curves of its training were not kept.</p>")
    plain = {name: value for name, value in facts.items() if name not in ("settings", "history")}
    rows = {**plain, **(facts.get("settings") or {})}
    cells = (
        f"<tr><td>{_safe(name.replace('_', ' '))}</td><td>{_safe(_plain(value))}</td></tr>"
        for name, value in rows.items()
    )
    return [*parts, "<table>", *cells, "</table>"]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)


def _table(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{_safe(title)}</th>" for title in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(title, value)}</td>" for title, value in row.items()) + "</tr>"
        for _, row in table.iterrows()
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(title: str, value: Any) -> str:
    if pd.isna(value):
        return "–"
    return percent(float(value)) if title in ("Precision", "Recall", "F1") else f"{int(value):,}"


def _svg(chart: alt.TopLevelMixin, text: str) -> str:
    picture = export.as_svg(chart)
    return picture.replace("<svg ", f'<svg role="img" aria-label="{_safe(text)}" ', 1)


def _safe(text: str) -> str:
    return html.escape(str(text))

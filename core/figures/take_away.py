"""An evaluation's files to take away: the report, tables and charts, each made when it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from core.evaluation import robustness, verdicts
from core.evaluation.facts import as_facts
from core.evaluation.report import Evaluation
from core.evaluation.robustness import DAMAGES, Point
from core.evaluation.testset import TestSet
from core.figures import evaluation_charts, evaluation_tables, export, html_report


@dataclass(frozen=True)
class Download:
    """Something to take away: what it is, the name and type of its file, and how its content is made when asked for."""

    title: str
    name: str
    mime: str
    make: Callable[[], str | bytes]


def report(
    evaluation: Evaluation,
    digits: TestSet,
    facts: dict[str, Any],
    curves: dict[str, list[Point]] | None = None,
    rival: Evaluation | None = None,
) -> Download:
    """The one self-contained page of an evaluation, see `html_report.as_html`."""
    return Download(
        "Report (HTML)",
        f"{_stem(evaluation)}-report.html",
        "text/html",
        lambda: html_report.as_html(evaluation, digits, facts, curves, rival),
    )


def tables(
    evaluation: Evaluation,
    digits: TestSet,
    curves: dict[str, list[Point]] | None = None,
    tags: Mapping[int, str] | None = None,
) -> tuple[Download, ...]:
    """All predictions and, where the set is labelled, the tables as CSV and every figure as JSON."""
    stem, mime = _stem(evaluation), "text/csv"
    answers = Download(
        "All predictions (CSV)",
        f"{stem}-predictions.csv",
        mime,
        lambda: evaluation_tables.predictions_csv(evaluation, digits, tags),
    )
    if not digits.is_labelled:
        return (answers,)
    made = {
        "Per digit": lambda: evaluation_tables.per_digit(evaluation.report, digits.others),
        "Confusion matrix": lambda: evaluation_tables.confusion(evaluation.report),
    }
    if curves:
        made["Robustness"] = lambda: evaluation_tables.robustness(curves)
    return (
        answers,
        *(
            Download(f"{title} (CSV)", f"{stem}-{_slug(title)}.csv", mime, _as_csv(make))
            for title, make in made.items()
        ),
        Download(
            "All figures (JSON)",
            f"{stem}-figures.json",
            "application/json",
            lambda: json.dumps(as_facts(evaluation, digits, curves), indent=1, allow_nan=False),
        ),
    )


def pictures(evaluation: Evaluation, title: str, chart: alt.TopLevelMixin) -> tuple[Download, ...]:
    """One of the `charts` as PNG and as SVG."""
    stem = f"{_stem(evaluation)}-{_slug(title)}"
    return (
        Download("PNG", f"{stem}.png", "image/png", lambda: export.as_png(chart)),
        Download("SVG", f"{stem}.svg", "image/svg+xml", lambda: export.as_svg(chart)),
    )


def charts(evaluation: Evaluation, curves: dict[str, list[Point]]) -> dict[str, alt.TopLevelMixin]:
    """Every chart of an evaluation by its title, in colours for paper, with its source as subtitle."""
    answers = evaluation.report
    found = {
        "Confusion matrix": evaluation_charts.confusion_matrix(answers).properties(width=380),
        "Confusion matrix by true digit": evaluation_charts.confusion_matrix(answers, "By true digit").properties(
            width=380
        ),
        "Per digit": evaluation_charts.per_digit(answers).properties(width=480),
        "Reliability": evaluation_charts.reliability(answers, evaluation.temperature).properties(width=300),
        "Reliability before temperature scaling": evaluation_charts.reliability(answers, 1.0).properties(width=300),
        "Coverage": evaluation_charts.coverage(
            answers, evaluation.temperature, verdicts.operating_point(evaluation)
        ).properties(width=360),
    }
    sources = {title: [evaluation.source] for title in found}
    for damage in robustness.measured(curves):
        title = f"Robustness to {DAMAGES[damage].title.lower()}"
        found[title] = evaluation_charts.robustness(curves, damage).properties(width=360)
        sources[title] = robustness.sources(evaluation.data, curves)
    return {
        title: chart.properties(title=alt.Title(title, subtitle=sources[title], anchor="start"))
        for title, chart in found.items()
    }


def _as_csv(make: Callable[[], pd.DataFrame]) -> Callable[[], str]:
    return lambda: make().to_csv(index=False)


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def _stem(evaluation: Evaluation) -> str:
    """A file's name without its ending: model, version and data, so that no two downloads look the same."""
    name = f"{evaluation.model} {evaluation.version} {evaluation.data[:60]}"
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")

"""An evaluation as one HTML page that opens offline: no script, no link, no font from elsewhere.

The template html_report.html.jinja holds text and layout and escapes all it is given; this file fills it.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import numpy as np
from markupsafe import Markup

from core import words
from core.config import RENAMED
from core.evaluation import robustness, verdicts
from core.evaluation.answered import AnsweredSet
from core.evaluation.comparison import Comparison
from core.evaluation.report import REFUSED_SHARES, Evaluation
from core.evaluation.robustness import DAMAGES, Point
from core.evaluation.testset import TestSet
from core.figures import digit_images, evaluation_charts, evaluation_tables, export

TEMPLATE = "html_report.html.jinja"
WORST = 20  # errors shown in the page
NOT_PLAIN = ("settings", "history")  # facts with a place of their own


def as_html(
    evaluation: Evaluation,
    digits: TestSet,
    facts: dict[str, Any],
    curves: dict[str, list[Point]] | None = None,
    rival: Evaluation | None = None,
) -> str:
    """The page. `facts` are the model's own, its settings among them; `curves` the robustness measured so far, by a
    model's name and version; `rival` is another model's evaluation on the same pictures."""
    report, answered, curves = evaluation.report, AnsweredSet(evaluation, digits), curves or {}
    temperature, point = evaluation.temperature, verdicts.operating_point(evaluation)
    plain = {name: value for name, value in facts.items() if name not in NOT_PLAIN}
    # What was used wins over what was asked for: a precision of "auto" became bfloat16 or float32.
    plain = {
        RENAMED.get(name, name): value
        for name, value in ((facts.get("settings") or {}) | plain).items()
        if value not in ([], {}, "")
    }
    return _template().render(
        evaluation=evaluation,
        report=report,
        remarks=digits.remarks,
        confusion=evaluation_charts.confusion_matrix(report).properties(width=420),
        reliability=[
            (
                f"{when} temperature scaling",
                evaluation_charts.reliability(report, value).properties(width=260, height=260),
                evaluation_charts.describe_reliability(report, value),
            )
            for when, value in (("Before", 1.0), ("After", temperature))
        ],
        coverage=evaluation_charts.coverage(report, temperature, point).properties(width=320),
        coverage_text=evaluation_charts.describe_coverage(report, temperature, point),
        verdicts=evaluation_tables.verdicts(verdicts.count(evaluation)),
        refused=[(share, report.accuracy_when_refusing(share, temperature)) for share in REFUSED_SHARES],
        damages=[
            (
                evaluation_charts.describe_robustness(curves, name),
                evaluation_charts.robustness(curves, name).properties(width=320, height=190, title=DAMAGES[name].title),
            )
            for name in robustness.measured(curves)
        ],
        rival=rival,
        pair=Comparison(report, rival.report) if rival else None,
        comparison=evaluation_tables.comparison(evaluation, rival) if rival else None,
        robustness_sources=robustness.sources(evaluation.data, curves),
        worst=[answered.picture(place) for place in answered.find_errors()[:WORST]],
        others=digits.others,
        worst_shown=WORST,
        has_facts=bool(facts),
        history=zip(
            ("Validation accuracy", "Losses"), evaluation_charts.training_history(facts["history"]), strict=True
        )
        if facts.get("history")
        else None,
        facts=plain,
    )


@functools.cache
def _template() -> jinja2.Template:
    here = jinja2.FileSystemLoader(Path(__file__).parent)
    page = jinja2.Environment(
        loader=here, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page.filters |= {
        "percent": words.percent,
        "probability": words.probability,
        "svg": _svg,
        "png": _png,
        "fact": _fact,
    }
    return page.get_template(TEMPLATE)


def _svg(chart: alt.TopLevelMixin, text: str) -> Markup:
    """A chart inside the page, and in words for those who don't see it."""
    label = Markup('<svg role="img" aria-label="{}" ').format(text)
    return Markup(export.as_svg(chart).replace("<svg ", label, 1))  # its own words are escaped by what drew it


def _png(digit: np.ndarray) -> str:
    """A digit (28, 28) uint8 as an address that needs no request."""
    return digit_images.as_data_url(digit_images.digit_png(digit))


def _fact(value: Any) -> str:
    """A model's fact as people write it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_fact(part)}" for name, part in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)

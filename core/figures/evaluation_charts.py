"""An evaluation's figures: a report in, an Altair chart out; and digits as small pictures."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core import words
from core.evaluation.comparison import Comparison
from core.evaluation.report import REFUSED_SHARES, Report
from core.evaluation.robustness import DAMAGES, Point
from core.evaluation.verdicts import OperatingPoint
from core.figures import digit_images
from core.figures.theme import LINES, PAPER, QUIET, TEXT

MATRIX_VIEWS = ("Counts", "By true digit", "By answer")
SHADES = 0.35  # exponent of the matrix's shades: nine errors still show beside a thousand hits
# The shade from which the other of black and white stands out better; the contrast is never below 4.45.
TURN = {False: 0.87, True: 0.65}
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
FIFTHS = [0, 0.2, 0.4, 0.6, 0.8, 1]
NARROWEST = 0.01  # of an axis of shares: less would spread rounding over the whole chart
# Sizes of the matrix's type, from those of its cells: it is read from the last row of a classroom and on a phone.
CELL_TYPE = alt.ExprRef(expr="max(9, min(0.3 * width / 10, 0.5 * height / 10))")
AXIS_TYPE = alt.ExprRef(expr="max(11, min(0.26 * width / 10, 0.4 * height / 10))")


def shares_from(low: float) -> alt.Scale:
    """A scale of shares from just below `low` up to 1, never narrower than `NARROWEST`."""
    return alt.Scale(domain=[max(0.0, min(low - 0.1 * (1 - low), 1 - NARROWEST)), 1.0], nice=False)


def confusion_matrix(
    report: Report,
    view: str = "Counts",
    hide_diagonal: bool = False,
    chosen: tuple[int, int] | None = None,
    dark: bool = False,
) -> alt.LayerChart:
    """The confusion matrix as a heat map with numbers in its cells, as wide as its place.

    `view` is one of `MATRIX_VIEWS`; shares are in percent of the row ("By true digit") or column ("By answer").
    `chosen` is the (true, predicted) cell to frame. A click on a cell selects its fields `true` and `predicted` under
    the name `cell`.
    """
    counts = report.confusion.tolist()
    rows, columns = [sum(row) for row in counts], [sum(column) for column in zip(*counts, strict=True)]
    cells = pd.DataFrame(
        [
            {
                "true": true,
                "predicted": predicted,
                "count": count,
                "by true": count / rows[true] if rows[true] else None,
                "by answer": count / columns[predicted] if columns[predicted] else None,
                "hidden": hide_diagonal and true == predicted,
                "words": f"{true} read as {predicted}: {words.count(count, 'picture')}",
                "of true": words.percent(count / rows[true]) if rows[true] else words.NONE,
                "of answer": words.percent(count / columns[predicted]) if columns[predicted] else words.NONE,
            }
            for true, row in enumerate(counts)
            for predicted, count in enumerate(row)
        ]
    )
    field = {"Counts": "count", "By true digit": "by true", "By answer": "by answer"}[view]
    cells["shade"] = cells[field].where(~cells["hidden"], 0).fillna(0).astype(float)
    highest = max(cells["shade"].max(), 1e-9)
    cells["shade"] = (cells["shade"] / highest) ** SHADES
    cells["text"] = [
        "" if cell["hidden"] else _cell_text(cell[field], is_share=view != "Counts") for _, cell in cells.iterrows()
    ]
    accent = LINES[dark][0]
    rows_title = "true digit" + (" (each row: 100 %)" if view == "By true digit" else "")
    columns_title = "read as" + (" (each column: 100 %)" if view == "By answer" else "")
    base = alt.Chart(cells).encode(
        x=alt.X(
            "predicted:O",
            title=columns_title,
            axis=alt.Axis(labelAngle=0, orient="bottom", **_matrix_axis()),
        ),
        y=alt.Y("true:O", title=rows_title, axis=alt.Axis(**_matrix_axis())),
        tooltip=[  # of the numbers too: they lie over the middle of their cells
            alt.Tooltip("true:O", title="true digit"),
            alt.Tooltip("predicted:O", title="read as"),
            alt.Tooltip("count:Q", title="pictures", format=",d"),
            alt.Tooltip("of true:N", title="of this true digit"),
            alt.Tooltip("of answer:N", title="of this answer"),
        ],
    )
    select = alt.selection_point(name="cell", fields=["true", "predicted"], toggle=False, clear=False)
    heat = (
        base.mark_rect(cursor="pointer", stroke=QUIET[dark], strokeOpacity=0.25, strokeWidth=0.5)
        .encode(
            color=alt.Color(
                "shade:Q", scale=alt.Scale(domain=[0, 1], range=[PAPER[dark], accent], interpolate="rgb"), legend=None
            ),
            description=alt.Description("words:N"),  # what a screen reader says
        )
        .add_params(select)
    )
    numbers = base.mark_text(fontSize=CELL_TYPE, cursor="pointer", aria=False).encode(
        text="text:N",
        color=alt.condition(
            f"datum.shade > {TURN[dark]}",
            alt.value("black" if dark else "white"),
            alt.value("white" if dark else "black"),
        ),
        opacity=alt.condition("datum.count == 0", alt.value(0.35), alt.value(1.0)),
    )
    layers = [heat, numbers]
    if chosen:
        frame = cells[(cells["true"] == chosen[0]) & (cells["predicted"] == chosen[1])]
        layers.append(
            alt.Chart(frame)
            .mark_rect(aria=False, filled=False, stroke=LINES[dark][1], strokeWidth=2.5)
            .encode(x="predicted:O", y="true:O")
        )
    return alt.LayerChart(layer=layers).properties(height=380)


def _matrix_axis() -> dict[str, Any]:
    return {
        "ticks": False,
        "domain": False,
        "labelFontSize": AXIS_TYPE,
        "titleFontSize": AXIS_TYPE,
        "labelPadding": 6,
        "labelFlush": False,  # the first and the last label stand before their cells too
    }


def _cell_text(value: float | None, is_share: bool) -> str:
    """The text of a cell: a count, or a share without the sign, which the axis has."""
    if value is None or pd.isna(value):
        return words.NONE
    if not is_share:
        return f"{value:,.0f}"
    return words.percent(value, 0 if value in (0, 1) else 1).removesuffix(words.SIGN)


def per_digit(report: Report, dark: bool = False) -> alt.LayerChart:
    """Precision and recall of each digit as two marks on a line with their 95 % intervals, the digit on the y axis."""
    rows = [
        {
            "digit": score.digit,
            "measure": measure,
            "share": share,
            "low": low,
            "high": high,
            "text": words.percent(share),
            "interval": f"{words.percent(low)} to {words.percent(high)}",
        }
        for score in report.per_digit
        for measure, share, (low, high) in (
            ("precision", score.precision, score.precision_interval),
            ("recall", score.recall, score.recall_interval),
        )
        if share is not None
    ]
    table = pd.DataFrame(rows, columns=["digit", "measure", "share", "low", "high", "text", "interval"])
    low = table["low"].min() if len(table) else 0.0
    measures = ["precision", "recall"]
    base = alt.Chart(table).encode(
        y=alt.Y(
            "digit:O",
            title="digit",
            scale=alt.Scale(domain=list(range(10))),
            axis=alt.Axis(grid=True, labelOverlap=False),
        ),
        yOffset=alt.YOffset("measure:N", scale=alt.Scale(domain=measures, paddingOuter=0.6)),
        color=alt.Color(
            "measure:N",
            scale=alt.Scale(domain=measures, range=list(LINES[dark][:2])),
            legend=alt.Legend(title=None, orient="top"),
        ),
        tooltip=["digit:O", "measure:N", alt.Tooltip("text:N", title="share"), alt.Tooltip("interval:N", title="95 %")],
    )
    scale, axis = shares_from(low), alt.Axis(labelExpr=words.TICK, tickCount=5)
    intervals = base.mark_rule(opacity=0.45, strokeWidth=1.5).encode(
        x=alt.X("low:Q", title="right", scale=scale, axis=axis), x2="high:Q"
    )
    marks = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("share:Q", title="right", scale=scale, axis=axis),
        shape=alt.Shape("measure:N", scale=alt.Scale(domain=measures, range=["circle", "diamond"])),
    )
    return alt.LayerChart(layer=[intervals, marks]).properties(height=360)


def reliability(
    report: Report, temperature: float, dark: bool = False, chosen: tuple[float, float] | None = None
) -> alt.LayerChart:
    """Reliability diagram at one temperature: accuracy over confidence, a mark for each bin, the larger the more
    pictures it has, with its 95 % interval. A click on a mark selects its fields `low` and `high` under the name `bin`;
    `chosen` is the bin to ring."""
    rows = [
        {
            "confidence": entry.confidence,
            "accuracy": entry.accuracy,
            "count": entry.count,
            "low": entry.low,
            "high": entry.high,
            "from": entry.interval[0],
            "to": entry.interval[1],
            "sure": words.percent(entry.confidence, 1),
            "right": words.percent(entry.accuracy, 1),
            "interval": f"{words.percent(entry.interval[0], 1)} to {words.percent(entry.interval[1], 1)}",
            "chosen": chosen == (entry.low, entry.high),
        }
        for entry in report.reliability(temperature)
    ]
    x = alt.X(
        "confidence:Q",
        title="confidence",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(labelExpr=words.TICK, values=FIFTHS),
    )
    y_axis: dict[str, Any] = {
        "title": "right answers",
        "scale": alt.Scale(domain=[0, 1]),
        "axis": alt.Axis(labelExpr=words.TICK, values=FIFTHS),
    }
    ideal = (
        alt.Chart(pd.DataFrame({"confidence": [0, 1], "accuracy": [0, 1]}))
        .mark_line(color=QUIET[dark], strokeDash=[4, 4], strokeWidth=1)
        .encode(x=x, y=alt.Y("accuracy:Q", **y_axis))
    )
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=x,
        tooltip=[
            alt.Tooltip("sure:N", title="mean confidence"),
            alt.Tooltip("right:N", title="right answers"),
            alt.Tooltip("interval:N", title="95 %"),
            alt.Tooltip("count:Q", title="pictures", format=",d"),
        ],
    )
    intervals = base.mark_rule(color=LINES[dark][0], opacity=0.4, strokeWidth=1.5).encode(
        y=alt.Y("from:Q", **y_axis), y2="to:Q"
    )
    marks = (
        base.mark_point(filled=True, opacity=1, cursor="pointer", color=LINES[dark][0])
        .encode(
            y=alt.Y("accuracy:Q", **y_axis),
            size=alt.Size("count:Q", scale=alt.Scale(type="sqrt", domainMin=0, range=[25, 400]), legend=None),
            stroke=alt.condition("datum.chosen", alt.value(LINES[dark][1]), alt.value(PAPER[dark])),
            strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(1)),
        )
        .add_params(alt.selection_point(name="bin", fields=["low", "high"], toggle=False, clear=False))
    )
    return alt.LayerChart(layer=[ideal, intervals, marks]).properties(height=300)


def describe_reliability(report: Report, temperature: float) -> str:
    """The reliability diagram in words, for those who don't see it."""
    return "Reliability: " + "; ".join(
        f"{words.percent(entry.confidence, 0)} sure, {words.percent(entry.accuracy, 0)} right in "
        f"{words.count(entry.count, 'picture')}"
        for entry in report.reliability(temperature)
    )


def coverage(
    report: Report, temperature: float, point: OperatingPoint | None = None, dark: bool = False
) -> alt.LayerChart:
    """Accuracy of the answers left over the share of answers refused, least sure first; `point` marks where Predict
    stands. That lies beside the curve where it asks for more than confidence."""
    most = max(0.2, min(0.95, 1.2 * point.refused)) if point else 0.2
    table = pd.DataFrame(report.coverage_curve(most, temperature=temperature), columns=["refused", "accuracy"])
    table["share"] = [words.percent(share, 1) for share in table["refused"]]
    table["right"] = [words.percent(share) for share in table["accuracy"]]
    low = min([table["accuracy"].min()] + ([point.accuracy] if point else []))
    x = alt.X("refused:Q", title="refused, the least sure first", axis=alt.Axis(labelExpr=words.TICK, tickCount=5))
    y = alt.Y(
        "accuracy:Q",
        title="right among the rest",
        axis=alt.Axis(labelExpr=words.TICK, tickCount=5),
        scale=shares_from(low),
    )
    tooltip = [alt.Tooltip("share:N", title="refused"), alt.Tooltip("right:N", title="right among the rest")]
    line = alt.Chart(table).mark_line(color=LINES[dark][0], strokeWidth=2).encode(x=x, y=y, tooltip=tooltip)
    layers: list[alt.Chart] = [line]
    if point:
        here = pd.DataFrame(
            {
                "refused": [point.refused],
                "accuracy": [point.accuracy],
                "share": [words.percent(point.refused, 1)],
                "right": [words.percent(point.accuracy)],
                "name": ["Predict's “sure”"],
            }
        )
        mark = alt.Chart(here).encode(x=x, y=y)
        layers += [
            mark.mark_point(filled=True, size=120, opacity=1, color=LINES[dark][1]).encode(tooltip=tooltip),
            mark.mark_text(align="left", dx=10, dy=12, fontSize=12, color=TEXT[dark]).encode(text="name:N"),
        ]
    return alt.LayerChart(layer=layers).properties(height=300)


def describe_coverage(report: Report, temperature: float, point: OperatingPoint | None = None) -> str:
    """The coverage curve in words, for those who don't see it."""
    curve = ", ".join(
        f"{words.percent(report.accuracy_when_refusing(share, temperature))} with {words.percent(share, 0)} refused"
        for share in (0.0, *REFUSED_SHARES)
    )
    here = ""
    if point:
        here = (
            f". Predict calls {words.percent(1 - point.refused, 1)} sure: {words.percent(point.accuracy)} of them right"
        )
    return f"Accuracy of the rest: {curve}{here}"


def robustness(
    curves: dict[str, list[Point]], damage: str, dark: bool = False, examples: np.ndarray | None = None
) -> alt.LayerChart:
    """Accuracy over the strength of one damage, a line and a 95 % band for each model; `curves` by model name.

    `examples` (N, 28, 28) uint8, a digit at each strength, stand above their points. The scale is stretched towards
    100 %, where models differ. A click on a point selects its fields `model` and `strength` under the name `point`.
    """
    names = list(curves)
    table = pd.DataFrame(
        [
            (
                name,
                point.strength,
                point.accuracy,
                point.low,
                point.high,
                f"{words.percent(point.accuracy, 1)} ({words.percent(point.low, 1)} to {words.percent(point.high, 1)})",
            )
            for name in names
            for point in curves[name]
            if point.damage == damage
        ],
        columns=["model", "strength", "accuracy", "low", "high", "text"],
    )
    axis, strengths = DAMAGES[damage].axis, list(DAMAGES[damage].strengths)
    # Drawn as lines: otherwise the legend would show the pale colour of the bands.
    legend = (
        alt.Legend(title=None, orient="bottom", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=2)
        if len(names) > 1
        else None
    )
    colour = alt.Color("model:N", scale=alt.Scale(domain=names, range=list(LINES[dark][: len(names)])), legend=legend)
    dash = alt.StrokeDash("model:N", scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])), legend=legend)
    # A step each, however far apart: else the pictures of the closest strengths would lie over each other.
    x = alt.X(
        "strength:O",
        title=axis,
        scale=alt.Scale(domain=strengths, padding=0.5),
        axis=alt.Axis(grid=False, labelAngle=0, labelExpr="format(datum.value, '.3~g')", labelOverlap="greedy"),
    )
    scale = alt.Scale(type="pow", exponent=4, domain=[0, 1])
    percent = alt.Axis(labelExpr=words.TICK, values=[0, 0.7, 0.8, 0.9, 0.95, 1], labelOverlap=False)
    base = alt.Chart(table).encode(x=x, color=colour)
    line = base.mark_line().encode(y=alt.Y("accuracy:Q", title="right", scale=scale, axis=percent), strokeDash=dash)
    marks = (
        base.mark_point(filled=True, size=70, opacity=1, cursor="pointer")
        .encode(
            y=alt.Y("accuracy:Q", title="right", scale=scale, axis=percent),
            tooltip=["model:N", alt.Tooltip("strength:O", title=axis), alt.Tooltip("text:N", title="right")],
        )
        .add_params(alt.selection_point(name="point", fields=["model", "strength"], toggle=False, clear=False))
    )
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title="right", scale=scale, axis=percent), y2="high:Q")
    layers: list[alt.Chart] = [band, line, marks]
    if examples is not None:
        pictures = pd.DataFrame(
            {
                "strength": strengths,
                "url": [digit_images.as_data_url(digit_images.digit_png(digit, 1)) for digit in examples],
            }
        )
        layers.append(
            alt.Chart(pictures).mark_image(width=28, height=28, aria=False).encode(x=x, y=alt.value(-20), url="url:N")
        )
    return alt.LayerChart(layer=layers).properties(height=280)


def describe_robustness(curves: dict[str, list[Point]], damage: str) -> str:
    """A damage's curves in words, for those who don't see them."""
    return f"Accuracy over {DAMAGES[damage].title.lower()}: " + "; ".join(
        f"{name}: "
        + ", ".join(f"{words.percent(p.accuracy, 0)} at {p.strength:g}" for p in points if p.damage == damage)
        for name, points in curves.items()
    )


def difference(pair: Comparison, dark: bool = False) -> alt.LayerChart:
    """How much more of each digit the second model reads right, in percentage points, with the 95 % interval. Bars that
    may be luck are pale."""
    rows = [
        {
            "digit": digit,
            "difference": 100 * found.share,
            "low": 100 * found.low,
            "high": 100 * found.high,
            "luck": found.may_be_luck,
            "text": found.text,
        }
        for digit in range(10)
        if (found := pair.difference_of(digit))  # some picture shows the digit
    ]
    table = pd.DataFrame(rows)
    furthest = max(table["high"].max(), -table["low"].min(), 100 * NARROWEST)
    y: dict[str, Any] = {"title": "percentage points", "scale": alt.Scale(domain=[-furthest, furthest])}
    base = alt.Chart(table).encode(
        x=alt.X("digit:O", title="digit", axis=alt.Axis(labelAngle=0)),
        tooltip=["digit:O", alt.Tooltip("text:N", title="difference")],
    )
    bars = base.mark_bar().encode(
        y=alt.Y("difference:Q", **y),
        color=alt.condition("datum.difference < 0", alt.value(LINES[dark][1]), alt.value(LINES[dark][0])),
        opacity=alt.condition("datum.luck", alt.value(0.35), alt.value(1.0)),
    )
    intervals = base.mark_rule(color=TEXT[dark], opacity=0.7).encode(y=alt.Y("low:Q", **y), y2="high:Q")
    return alt.LayerChart(layer=[bars, intervals]).properties(height=260)


def describe_difference(pair: Comparison) -> str:
    """The chart of differences in words, for those who don't see it."""
    found = ((digit, pair.difference_of(digit)) for digit in range(10))
    return ", ".join(f"{digit}: {one.text}" for digit, one in found if one)


def training_history(history: list[dict], dark: bool = False) -> tuple[alt.Chart, alt.Chart]:
    """Accuracy, and losses, over the epochs of a run; each entry of `history` has `epoch`, `validation_accuracy` (0 to
    1), `training_loss` and `validation_loss` (nats)."""
    shares = [entry["validation_accuracy"] for entry in history]
    least = max(0.0, min(min(shares), max(shares) - NARROWEST))  # of one epoch an axis would be one odd figure
    base = alt.Chart(pd.DataFrame(history)).encode(x=alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="d")))
    accuracy = base.mark_line(point=True, color=LINES[dark][0]).encode(
        y=alt.Y(
            "validation_accuracy:Q",
            title="validation accuracy",
            axis=alt.Axis(labelExpr=words.TICK),
            scale=alt.Scale(domain=[least, max(*shares, NARROWEST)], nice=True),
        )
    )
    names = ["training", "validation"]
    loss = (
        base.transform_calculate(training="datum.training_loss", validation="datum.validation_loss")
        .transform_fold([*names], ["part", "loss"])
        .mark_line(point=True)
        .encode(
            y=alt.Y("loss:Q", title="loss (nats)"),
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=names, range=list(LINES[dark][:2])),
                legend=alt.Legend(title=None, orient="top-right"),
            ),
            strokeDash=alt.StrokeDash("part:N", scale=alt.Scale(domain=names, range=list(DASHES[:2])), legend=None),
        )
    )
    return accuracy.properties(width=320, height=200), loss.properties(width=320, height=200)

"""An evaluation's figures: a report in, an Altair chart out; and digits as small pictures."""

import altair as alt
import pandas as pd

from core import words
from core.evaluation.comparison import Comparison
from core.evaluation.report import Report
from core.evaluation.robustness import DAMAGES, Point
from core.figures.theme import LINES, PAPER, QUIET

MATRIX_VIEWS = ("Counts", "By true digit", "By answer")
SHADES = 0.35  # exponent of the matrix's shades: nine errors still show beside a thousand hits
# The shade from which the other of black and white stands out better; the contrast is never below 4.45.
TURN = {False: 0.87, True: 0.65}
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])


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
            }
            for true, row in enumerate(counts)
            for predicted, count in enumerate(row)
        ]
    )
    field = {"Counts": "count", "By true digit": "by true", "By answer": "by answer"}[view]
    cells["shade"] = cells[field].where(~cells["hidden"], 0).fillna(0).astype(float)
    highest = max(cells["shade"].max(), 1e-9)
    cells["shade"] = (cells["shade"] / highest) ** SHADES
    cells = _say(cells, "by true", "by answer")
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
            axis=alt.Axis(labelAngle=0, orient="bottom", ticks=False, domain=False),
        ),
        y=alt.Y("true:O", title=rows_title, axis=alt.Axis(ticks=False, domain=False)),
    )
    select = alt.selection_point(name="cell", fields=["true", "predicted"])
    heat = (
        base.mark_rect(cursor="pointer", stroke=QUIET[dark], strokeOpacity=0.25, strokeWidth=0.5)
        .encode(
            color=alt.Color(
                "shade:Q", scale=alt.Scale(domain=[0, 1], range=[PAPER[dark], accent], interpolate="rgb"), legend=None
            ),
            description=alt.Description("words:N"),  # what a screen reader says
            tooltip=[
                alt.Tooltip("true:O", title="true digit"),
                alt.Tooltip("predicted:O", title="read as"),
                alt.Tooltip("count:Q", title="pictures", format=",d"),
                alt.Tooltip("said by true:N", title="of this true digit"),
                alt.Tooltip("said by answer:N", title="of this answer"),
            ],
        )
        .add_params(select)
    )
    numbers = base.mark_text(fontSize=11, cursor="pointer", aria=False).encode(
        text="text:N",
        color=alt.condition(
            f"datum.shade > {TURN[dark]}",
            alt.value("black" if dark else "white"),
            alt.value("white" if dark else "black"),
        ),
        opacity=alt.condition("datum.count == 0", alt.value(0.35), alt.value(1.0)),
        tooltip=alt.value(None),
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


def _say(table: pd.DataFrame, *shares: str) -> pd.DataFrame:
    """The table, with these columns of shares, 0 to 1, in words too: "accuracy" as "said accuracy", for a tooltip."""
    return table.assign(**{f"said {name}": [words.percent(share) for share in table[name]] for name in shares})


def _cell_text(value: float | None, is_share: bool) -> str:
    """The text of a cell: a count, or a share without the sign, which the axis has."""
    if value is None or pd.isna(value):
        return words.NONE
    if not is_share:
        return f"{value:,.0f}"
    return words.percent(value, 0 if value in (0, 1) else 1).removesuffix(words.SIGN)


def per_digit(report: Report, dark: bool = False) -> alt.Chart:
    """Precision and recall of each digit as two marks on a line, the digit on the y axis."""
    rows = [
        {"digit": score.digit, "measure": measure, "share": share}
        for score in report.per_digit
        for measure, share in (("precision", score.precision), ("recall", score.recall))
        if share is not None
    ]
    table = _say(pd.DataFrame(rows, columns=["digit", "measure", "share"]), "share")
    low = table["share"].min() if len(table) else 0.0
    x = alt.X(
        "share:Q",
        title="right",
        axis=alt.Axis(labelExpr=words.TICK, tickCount=6),
        scale=alt.Scale(domain=[max(0.0, low - 0.1 * (1 - low) - 0.001), 1.0], nice=False),
    )
    y = alt.Y(
        "digit:O", title="digit", scale=alt.Scale(domain=list(range(10))), axis=alt.Axis(grid=True, labelOverlap=False)
    )
    base = alt.Chart(table).encode(x=x, y=y)
    measure = alt.Scale(domain=["precision", "recall"], range=list(LINES[dark][:2]))
    return (
        base.mark_point(filled=True, size=90, opacity=1)
        .encode(
            color=alt.Color("measure:N", scale=measure, legend=alt.Legend(title=None, orient="top")),
            shape=alt.Shape(
                "measure:N", scale=alt.Scale(domain=["precision", "recall"], range=["circle", "diamond"]), legend=None
            ),
            tooltip=["digit:O", "measure:N", alt.Tooltip("said share:N", title="share")],
        )
        .properties(height=360)
    )


def reliability(report: Report, temperature: float, dark: bool = False) -> alt.VConcatChart:
    """Reliability diagram: accuracy over confidence, before and after the temperature, with the counts below."""
    rows = [
        {
            "when": when,
            "confidence": entry.confidence,
            "accuracy": entry.accuracy,
            "count": entry.count,
            "low": entry.low,
            "high": entry.high,
            "none": 0,
        }
        for when, value in (("before", 1.0), ("after", temperature))
        for entry in report.reliability(value)
    ]
    table = _say(pd.DataFrame(rows), "confidence", "accuracy")
    colour = alt.Color(
        "when:N",
        scale=alt.Scale(domain=["before", "after"], range=[LINES[dark][1], LINES[dark][0]]),
        legend=alt.Legend(title=None, orient="top"),
    )
    percent = alt.Scale(domain=[0, 1])
    tooltip = [
        alt.Tooltip("when:N", title="temperature"),
        alt.Tooltip("said confidence:N", title="mean confidence"),
        alt.Tooltip("said accuracy:N", title="accuracy"),
        alt.Tooltip("count:Q", title="pictures", format=",d"),
    ]
    ideal = (
        alt.Chart(pd.DataFrame({"confidence": [0, 1], "accuracy": [0, 1]}))
        .mark_line(color=QUIET[dark], strokeDash=[4, 4], strokeWidth=1)
        .encode(x="confidence:Q", y="accuracy:Q")
    )
    lines = (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=45, filled=True))
        .encode(
            x=alt.X("confidence:Q", title=None, scale=percent, axis=alt.Axis(labels=False)),
            y=alt.Y("accuracy:Q", title="right answers", scale=percent, axis=alt.Axis(labelExpr=words.TICK)),
            color=colour,
            tooltip=tooltip,
        )
    )
    counts = (
        alt.Chart(table)
        .mark_bar(opacity=0.55)
        .encode(
            x=alt.X("low:Q", title="confidence", scale=percent, axis=alt.Axis(labelExpr=words.TICK)),
            x2="high:Q",
            y=alt.Y(
                "count:Q",
                stack=None,
                title="pictures",
                scale=alt.Scale(type="symlog"),
                axis=alt.Axis(values=[0, 10, 100, 1000, 10000]),
            ),
            y2="none:Q",  # the scale has no zero of its own to stand on
            color=colour,
            tooltip=tooltip,
        )
    )
    top = alt.layer(ideal, lines).properties(width=280, height=220)
    return alt.vconcat(top, counts.properties(width=280, height=80), spacing=8)


def coverage(report: Report, temperature: float, dark: bool = False) -> alt.Chart:
    """Accuracy of the answers left over the share of answers refused, least sure first."""
    table = pd.DataFrame(report.coverage_curve(temperature=temperature), columns=["refused", "accuracy"])
    low, table = table["accuracy"].min(), _say(table, "refused", "accuracy")
    return (
        alt.Chart(table)
        .mark_line(color=LINES[dark][0], strokeWidth=2)
        .encode(
            x=alt.X("refused:Q", title="refused, the least sure first", axis=alt.Axis(labelExpr=words.TICK)),
            y=alt.Y(
                "accuracy:Q",
                title="right among the rest",
                axis=alt.Axis(labelExpr=words.TICK, tickCount=5),
                scale=alt.Scale(domain=[low - 0.05 * (1 - low) - 1e-4, 1.0], nice=False),
            ),
            tooltip=[alt.Tooltip("said refused:N", title="refused"), alt.Tooltip("said accuracy:N", title="accuracy")],
        )
        .properties(height=300)
    )


def robustness(curves: dict[str, list[Point]], damage: str, dark: bool = False) -> alt.LayerChart:
    """Accuracy over the strength of one damage, a line and a 95 % band for each model; `curves` by model name."""
    names = list(curves)
    table = pd.DataFrame(
        [
            (name, point.strength, point.accuracy, point.low, point.high)
            for name in names
            for point in curves[name]
            if point.damage == damage
        ],
        columns=["model", "strength", "accuracy", "low", "high"],
    )
    table = _say(table, "accuracy")
    axis = DAMAGES[damage].axis
    # Drawn as lines: otherwise the legend would show the pale colour of the bands.
    legend = (
        alt.Legend(title=None, orient="top", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=2, symbolSize=300)
        if len(names) > 1
        else None
    )
    colour = alt.Color("model:N", scale=alt.Scale(domain=names, range=list(LINES[dark][: len(names)])), legend=legend)
    dash = alt.StrokeDash("model:N", scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])), legend=legend)
    base = alt.Chart(table).encode(
        x=alt.X(
            "strength:Q",
            title=axis,
            axis=alt.Axis(values=list(DAMAGES[damage].strengths), grid=False, format=".3~g", labelOverlap="greedy"),
        ),
        color=colour,
    )
    percent = alt.Axis(labelExpr=words.TICK, values=[0, 0.5, 1])
    line = base.mark_line(point=True).encode(
        y=alt.Y("accuracy:Q", title="right", scale=alt.Scale(domain=[0, 1]), axis=percent),
        strokeDash=dash,
        tooltip=["model:N", alt.Tooltip("strength:Q", title=axis), alt.Tooltip("said accuracy:N", title="accuracy")],
    )
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title="right", axis=percent), y2="high:Q")
    return alt.LayerChart(layer=[band, line]).properties(height=240)


def describe_robustness(curves: dict[str, list[Point]], damage: str) -> str:
    """A damage's curves in words, for those who don't see them."""
    return f"Accuracy over {DAMAGES[damage].title.lower()}: " + "; ".join(
        f"{name}: "
        + ", ".join(f"{words.percent(p.accuracy, 0)} at {p.strength:g}" for p in points if p.damage == damage)
        for name, points in curves.items()
    )


def difference(pair: Comparison, dark: bool = False) -> alt.Chart:
    """How much more of each digit the second model reads right, in percentage points."""
    rows = [
        {"digit": first.digit, "difference": 100 * (second.recall - first.recall)}
        for first, second in zip(pair.first.per_digit, pair.second.per_digit, strict=True)
        if first.recall is not None and second.recall is not None  # some picture shows the digit
    ]
    table = pd.DataFrame(rows)
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("digit:O", title="digit", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("difference:Q", title="percentage points"),
            color=alt.condition("datum.difference < 0", alt.value(LINES[dark][1]), alt.value(LINES[dark][0])),
            tooltip=["digit:O", alt.Tooltip("difference:Q", title="percentage points", format="+.2f")],
        )
        .properties(height=260)
    )


def training_history(history: list[dict], dark: bool = False) -> alt.HConcatChart:
    """Accuracy and losses over the epochs of a run; each entry of `history` has `epoch`, `validation_accuracy` (0 to
    1), `training_loss` and `validation_loss` (nats)."""
    base = alt.Chart(pd.DataFrame(history)).encode(x=alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="d")))
    accuracy = base.mark_line(point=True, color=LINES[dark][0]).encode(
        y=alt.Y(
            "validation_accuracy:Q",
            title="validation accuracy",
            axis=alt.Axis(labelExpr=words.TICK),
            scale=alt.Scale(zero=False),
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
                legend=alt.Legend(title=None, orient="top"),
            ),
            strokeDash=alt.StrokeDash("part:N", scale=alt.Scale(domain=names, range=list(DASHES[:2])), legend=None),
        )
    )
    return alt.hconcat(*(chart.properties(width=320, height=200) for chart in (accuracy, loss)))

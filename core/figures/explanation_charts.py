"""The charts of an explanation: a map to press on, arguments for and against, probabilities along a change."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from core import words
from core.figures.theme import ACCENT, DIGITS, PAPER, QUIET, SECOND, SERIES, TEXT, style


def press_map(
    values: np.ndarray, limit: float, chosen: tuple[int, int], dark: bool = False, side: int = 280
) -> alt.LayerChart:
    """A map (H, W) whose places can be pressed: a click selects `row` and `column` under the name `place`. The `chosen`
    (row, column) is framed; colours as in `layer_images.shade` with the same `limit`. `side` in pixels."""
    high, wide = values.shape
    rows, columns = np.indices(values.shape)
    table = pd.DataFrame(
        {
            "row": rows.ravel(),
            "column": columns.ravel(),
            "value": values.ravel().astype(float).round(6),
        }
    )
    axis = alt.Axis(ticks=False, domain=False, labelOverlap=True, labelAngle=0)
    base = alt.Chart(table).encode(
        x=alt.X("column:O", title="column", axis=axis),
        y=alt.Y("row:O", title="row", axis=axis),
        tooltip=[alt.Tooltip("row:O"), alt.Tooltip("column:O"), alt.Tooltip("value:Q", format=".3f")],
    )
    select = alt.selection_point(name="place", fields=["row", "column"], toggle=False, clear=False)
    scale = alt.Scale(
        domain=[-(limit or 1), 0, limit or 1],
        range=[SECOND[dark], PAPER[dark], ACCENT[dark]],
        interpolate="rgb",
        clamp=True,
    )
    heat = (
        base.mark_rect(cursor="pointer", stroke=QUIET[dark], strokeOpacity=0.25, strokeWidth=0.5, aria=False)
        .encode(color=alt.Color("value:Q", scale=scale, legend=None))
        .add_params(select)
    )
    here = table[(table["row"] == chosen[0]) & (table["column"] == chosen[1])]
    frame = (
        alt.Chart(here)
        .mark_rect(aria=False, filled=False, stroke=TEXT[dark], strokeWidth=2.5)
        .encode(x="column:O", y="row:O")
    )
    return alt.LayerChart(layer=[heat, frame]).properties(height=side * high / max(high, wide), width=side)


def weigh_arguments(rows: Sequence[tuple[str, float]], dark: bool = False) -> alt.Chart:
    """What speaks for an output (blue, to the right) and against it (orange, to the left), one bar a unit in the given
    order: (name, contribution)."""
    table = pd.DataFrame(
        {
            "unit": [name for name, _ in rows],
            "adds": [value for _, value in rows],
            "colour": [ACCENT[dark] if value >= 0 else SECOND[dark] for _, value in rows],
        }
    )
    return (
        alt.Chart(table)
        .mark_bar(height=12)
        .encode(
            y=alt.Y(
                "unit:N",
                sort=None,
                title=None,
                axis=alt.Axis(ticks=False, domain=False, labelLimit=160, labelOverlap=False),
            ),
            x=alt.X("adds:Q", title="adds to the score"),
            color=alt.Color("colour:N", scale=None),
            tooltip=[alt.Tooltip("unit:N"), alt.Tooltip("adds:Q", format="+.3f")],
        )
        .properties(height=max(60, 20 * len(rows)))
    )


def follow_change(
    positions: np.ndarray,
    probabilities: np.ndarray,
    flips: Sequence[tuple[float, str]],
    now: float,
    title: str,
    dark: bool = False,
) -> alt.LayerChart:
    """The ten probabilities (N, 10) of a digit at the positions (N,) of one change, which the x axis names by `title`.

    The digits that win somewhere have a color and their name; the others are grey. `flips` are marked where the answer
    changes, each a position and its name; `now` is where the digit stands.
    """
    winners = list(dict.fromkeys(probabilities.argmax(1).tolist()))
    colours = {digit: SERIES[at % len(SERIES)] for at, digit in enumerate(winners)}
    table = pd.DataFrame(
        [
            {
                "at": float(at),
                "digit": str(digit),
                "probability": float(row[digit]),
                "said": words.probability(float(row[digit])),
                "colour": colours.get(digit, QUIET[dark]),
                "wins": digit in colours,
            }
            for at, row in zip(positions, probabilities, strict=True)
            for digit in range(10)
        ]
    )
    x = alt.X("at:Q", title=title, scale=alt.Scale(domain=[float(positions[0]), float(positions[-1])], nice=False))
    axis = alt.Axis(labelExpr=words.TICK, values=[0, 0.5, 1])
    lines = (
        alt.Chart(table)
        .mark_line(interpolate="monotone", clip=True)
        .encode(
            x=x,
            y=alt.Y("probability:Q", title="probability", scale=alt.Scale(domain=[0, 1.12]), axis=axis),
            detail="digit:N",
            color=alt.Color("colour:N", scale=None),
            size=alt.condition("datum.wins", alt.value(2.5), alt.value(1)),
            opacity=alt.condition("datum.wins", alt.value(1), alt.value(0.5)),
            tooltip=[alt.Tooltip("digit:N"), alt.Tooltip("at:Q", title=title), alt.Tooltip("said:N", title="share")],
        )
    )
    best = table[table["wins"]].sort_values("probability").groupby("digit").tail(1)
    names = (
        alt.Chart(best)
        .mark_text(dy=-9, fontSize=14, fontWeight="bold")
        .encode(x=x, y="probability:Q", text="digit:N", color=alt.Color("colour:N", scale=None))
    )
    marks = pd.DataFrame({"at": [at for at, _ in flips], "name": [name for _, name in flips]})
    rules = (
        alt.Chart(marks)
        .mark_rule(strokeDash=[3, 3], color=QUIET[dark])
        .encode(x="at:Q", tooltip=alt.Tooltip("name:N", title="flips"))
    )
    here = alt.Chart(pd.DataFrame({"at": [now]})).mark_rule(color=TEXT[dark], strokeWidth=2).encode(x="at:Q")
    return style(alt.LayerChart(layer=[rules, here, lines, names]))


def follow_line(shares: np.ndarray, losses: np.ndarray, dark: bool = False) -> alt.LayerChart:
    """The losses (N,) in nats at shares (N,) of the way from a run's first weights to its last; both are marked.

    A logarithmic scale: beyond the last weights a loss of millions would leave a flat line of all the others.
    """
    table = pd.DataFrame(
        {
            "share": shares,
            "loss": np.maximum(losses, 1e-6),
            "text": [words.percent(share, 0) for share in shares.tolist()],
        }
    )
    x = alt.X("share:Q", title="of the way from the first to the last weights", axis=alt.Axis(labelExpr=words.TICK))
    line = (
        alt.Chart(table)
        .mark_line(color=ACCENT[dark], point=alt.OverlayMarkDef(color=ACCENT[dark], size=20))
        .encode(
            x=x,
            y=alt.Y("loss:Q", title="loss (nats)", scale=alt.Scale(type="log")),
            tooltip=[alt.Tooltip("text:N", title="of the way"), alt.Tooltip("loss:Q", format=".3f")],
        )
    )
    ends = alt.Chart(pd.DataFrame({"share": [0.0, 1.0]})).mark_rule(strokeDash=[3, 3], color=QUIET[dark]).encode(x=x)
    return style(alt.LayerChart(layer=[ends, line]))


def cross_plane(offsets: np.ndarray, losses: np.ndarray, dark: bool = False) -> alt.Chart:
    """The losses (N, N) in nats around a network, as squares: the paper where it is least, the accent where it is most;
    a logarithmic scale, for a landscape is flat in its valley and steep outside."""
    rows, columns = np.indices(losses.shape)
    table = pd.DataFrame(
        {"down": offsets[rows.ravel()], "right": offsets[columns.ravel()], "loss": losses.ravel().astype(float)}
    ).round(6)
    axis = alt.Axis(format=".1f", labelOverlap=True, labelAngle=0, ticks=False, domain=False)
    scale = alt.Scale(type="log", range=[PAPER[dark], ACCENT[dark]], interpolate="rgb")
    return (
        alt.Chart(table)
        .mark_rect()
        .encode(
            x=alt.X("right:O", title="one direction (of each filter's size)", axis=axis),
            y=alt.Y("down:O", title="another direction", axis=axis, sort="descending"),
            color=alt.Color("loss:Q", scale=scale, legend=alt.Legend(title="loss (nats)", format=".2~g")),
            tooltip=[alt.Tooltip("right:Q"), alt.Tooltip("down:Q"), alt.Tooltip("loss:Q", format=".3f")],
        )
        .properties(width=340, height=340)
    )


def map_digits(
    places: np.ndarray,
    labels: np.ndarray,
    answers: np.ndarray,
    own: tuple[float, float],
    chosen: int | None = None,
    dark: bool = False,
) -> alt.LayerChart:
    """Digits as dots at their `places` (N, 2), colored by `labels` (N,), the name of each kind in its middle, crosses
    where `answers` (N,) differ; `own` is where the visitor's digit stands, `chosen` the number of the digit that is
    open. A click selects `digit`, a number, under the name `dot`; one drags to move and zooms with Shift and the wheel.
    """
    table = pd.DataFrame(
        {
            "digit": range(len(places)),
            "x": places[:, 0].astype(float).round(3),
            "y": places[:, 1].astype(float).round(3),
            "label": labels.astype(int),
            "read as": answers.astype(int),
        }
    )
    is_wrong = table["label"] != table["read as"]
    axis = None  # the directions have no name and no unit
    x = alt.X("x:Q", axis=axis, scale=alt.Scale(zero=False))
    y = alt.Y("y:Q", axis=axis, scale=alt.Scale(zero=False))
    colour = alt.Color("label:O", scale=alt.Scale(domain=list(range(10)), range=list(DIGITS)), legend=None)
    tooltip = [
        alt.Tooltip("digit:Q", title="test digit", format=",d"),
        alt.Tooltip("label:O", title="labelled"),
        alt.Tooltip("read as:O"),
    ]
    select = alt.selection_point(name="dot", fields=["digit"], toggle=False, clear=False)
    move = alt.selection_interval(name="move", bind="scales", zoom="wheel![event.shiftKey]")
    dots = (
        alt.Chart(table[~is_wrong])
        .mark_circle(size=14, opacity=0.55, cursor="pointer")
        .encode(x=x, y=y, color=colour, tooltip=tooltip)
        .add_params(select, move)
    )
    wrong = (
        alt.Chart(table[is_wrong])
        .mark_point(shape="cross", size=70, filled=True, opacity=1, stroke=TEXT[dark], strokeWidth=0.75)
        .encode(x=x, y=y, color=colour, tooltip=tooltip)
    )
    middles = table.groupby("label", as_index=False)[["x", "y"]].median()
    names = (
        alt.Chart(middles)
        .mark_text(fontSize=22, fontWeight="bold", color=TEXT[dark], stroke=PAPER[dark], strokeWidth=0.5)
        .encode(x=x, y=y, text="label:O")
    )
    yours = pd.DataFrame({"x": [own[0]], "y": [own[1]], "name": ["your digit"]})
    ring = (
        alt.Chart(yours)
        .mark_point(shape="circle", size=260, filled=False, stroke=TEXT[dark], strokeWidth=3, opacity=1)
        .encode(x=x, y=y, tooltip=[alt.Tooltip("name:N", title="here")])
    )
    said = (
        alt.Chart(yours)
        .mark_text(dy=-18, fontSize=13, fontWeight="bold", color=TEXT[dark])
        .encode(x=x, y=y, text="name:N")
    )
    layers = [dots, wrong, names, ring, said]
    if chosen is not None:
        here = table[table["digit"] == chosen]
        layers.append(
            alt.Chart(here)
            .mark_point(shape="square", size=200, filled=False, stroke=SECOND[dark], strokeWidth=2.5, opacity=1)
            .encode(x=x, y=y)
        )
    return alt.LayerChart(layer=layers).properties(height=460).configure_view(stroke=None)

"""The curves of training runs: loss, accuracy, learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

if TYPE_CHECKING:
    from core.training.runs import LogPoint, Score
from core.figures.theme import ACCENT, HEIGHT, QUIET, SECOND, SERIES, style

MOST_POINTS = 60  # of a live curve, which is sent anew each second


def draw_loss(
    log_points: Sequence[LogPoint], scores: Sequence[Score], steps: int, dark: bool = False
) -> alt.LayerChart:
    """Training loss per step, raw and smoothed, and the validation loss after each epoch, over `steps` steps."""
    smooth, value = [], log_points[0].loss if log_points else 0.0
    for number, log_point in enumerate(log_points, start=1):
        value += max(0.06, 1 / number) * (log_point.loss - value)  # the mean at first, soon a running one
        smooth.append(value)
    curve = pd.DataFrame(
        _thin([(log_point.step, log_point.loss, level) for log_point, level in zip(log_points, smooth, strict=True)]),
        columns=["step", "raw", "smooth"],
        dtype="float32",  # half the bytes
    )
    judged = [{"step": score.step, "validation": round(score.validation_loss, 4)} for score in _thin_rows(scores)]
    top = max([*curve["smooth"], *(row["validation"] for row in judged), 0.1]) if len(curve) else 2.5
    x = alt.X("step:Q", title="Step", scale=alt.Scale(domain=[0, steps], nice=False), axis=alt.Axis(tickCount=5))
    y = {"scale": alt.Scale(domain=[0, min(top * 1.15, 1e6)], clamp=False), "title": "Loss (nats)"}
    base = alt.Chart(curve).encode(x=x)
    tips = [alt.Tooltip("step:Q", title="Step"), alt.Tooltip("smooth:Q", title="Training loss", format=".4f")]
    layers = [
        base.mark_line(clip=True, strokeWidth=1, color=QUIET[dark], opacity=0.6).encode(y=alt.Y("raw:Q", **y)),
        base.mark_line(clip=True, strokeWidth=2, color=ACCENT[dark]).encode(y=alt.Y("smooth:Q", **y), tooltip=tips),
        alt.Chart(alt.Data(values=judged))  # a few rows are smaller as text than as a table
        .mark_line(
            clip=True, strokeWidth=1.5, color=SECOND[dark], point=alt.OverlayMarkDef(color=SECOND[dark], size=28)
        )
        .encode(
            x=x,
            y=alt.Y("validation:Q", **y),
            tooltip=[alt.Tooltip("validation:Q", title="Validation loss", format=".4f")],
        ),
    ]
    return style(alt.layer(*layers))


def draw_accuracy(scores: Sequence[Score], epochs: int, best: Score | None, dark: bool = False) -> alt.LayerChart:
    """Validation accuracy after each of `epochs` epochs, the best one marked with its value."""
    rows = [
        {"epoch": score.epoch, "accuracy": round(score.validation_accuracy, 5)}
        for score in {score.epoch: score for score in [*_thin_rows(scores), *([best] if best else [])]}.values()
    ]
    rows.sort(key=lambda row: row["epoch"])
    low = min([0.9, *(row["accuracy"] for row in rows)])
    base = alt.Chart()
    is_best = f"datum.epoch == {best.epoch if best else -1}"
    left = best is not None and best.epoch > epochs / 2
    layers = [
        base.mark_line(color=ACCENT[dark], point=alt.OverlayMarkDef(color=ACCENT[dark], size=28)),
        base.mark_point(color=SECOND[dark], size=110, strokeWidth=2, filled=False).transform_filter(is_best),
        base.mark_text(
            align="right" if left else "left", dx=-9 if left else 9, dy=14, color=SECOND[dark], fontWeight="bold"
        )
        .encode(text=alt.value(f"best {best.validation_accuracy:.2%}" if best else ""))
        .transform_filter(is_best),
    ]
    together = alt.layer(*layers, data=alt.Data(values=rows)).encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch",
            scale=alt.Scale(domain=[0, max(1, epochs)], nice=False),
            axis=alt.Axis(tickMinStep=1, tickCount=min(6, max(1, epochs)), format="d"),
        ),
        y=alt.Y(
            "accuracy:Q",
            title="Validation accuracy",
            scale=alt.Scale(domain=[max(0.0, low - (1 - low) * 0.1), 1], nice=False),
            axis=alt.Axis(format=".1%" if low > 0.85 else ".0%", tickCount=5),
        ),
        tooltip=[alt.Tooltip("epoch:Q", title="Epoch"), alt.Tooltip("accuracy:Q", title="Accuracy", format=".2%")],
    )
    return style(together)


def draw_learning_rate(log_points: Sequence[LogPoint], steps: int, dark: bool = False) -> alt.Chart:
    """The learning rate at each step so far, over `steps` steps."""
    rows = pd.DataFrame(
        _thin([(log_point.step, log_point.learning_rate) for log_point in log_points], most=30),
        columns=["step", "rate"],
        dtype="float32",
    )
    top, axis = max([1e-9, *rows["rate"]]) * 1.1, alt.Axis(format=".3~g", tickCount=3)
    chart = (
        alt.Chart(rows)
        .mark_line(color=ACCENT[dark])
        .encode(
            x=alt.X("step:Q", title="Step", scale=alt.Scale(domain=[0, steps], nice=False), axis=alt.Axis(tickCount=5)),
            y=alt.Y("rate:Q", title=None, scale=alt.Scale(domain=[0, top], nice=False), axis=axis),
            tooltip=[alt.Tooltip("step:Q", title="Step"), alt.Tooltip("rate:Q", title="Learning rate", format=".3g")],
        )
    )
    return style(chart).properties(height=HEIGHT * 2 // 3)


def draw_runs(histories: Mapping[str, Sequence[Score]]) -> alt.LayerChart:
    """Validation accuracy of several runs over their epochs, each line named at its end."""
    rows = pd.DataFrame(
        [
            (name, score.epoch, score.validation_accuracy)
            for name, scores in histories.items()
            for score in _thin_rows(scores)
        ],
        columns=["run", "epoch", "accuracy"],
    )
    colour = alt.Color("run:N", scale=alt.Scale(domain=list(histories), range=list(SERIES)), legend=None)
    base = alt.Chart(rows).encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch",
            scale=alt.Scale(domain=[0, max([1, *rows["epoch"]]) * 1.15], nice=False),
            axis=alt.Axis(tickMinStep=1, tickCount=6, format="d"),
        ),
        y=alt.Y("accuracy:Q", title="Validation accuracy", scale=alt.Scale(zero=False), axis=alt.Axis(format=".1%")),
        color=colour,
        tooltip=["run:N", "epoch:Q", alt.Tooltip("accuracy:Q", format=".2%")],
    )
    last = rows.loc[rows.groupby("run")["epoch"].idxmax()].sort_values("accuracy", ascending=False)
    # A line of text is 14 pixels high, the axis with its title 80.
    line = (rows["accuracy"].max() - rows["accuracy"].min()) * 14 / (HEIGHT - 80)
    last["accuracy"] = _spread(list(last["accuracy"]), line)
    names = (
        alt.Chart(last)
        .mark_text(align="left", dx=7, fontWeight="bold", limit=140)
        .encode(x="epoch:Q", y="accuracy:Q", text="run:N", color=colour)
    )
    return style(base.mark_line(point=alt.OverlayMarkDef(size=28)) + names)


def _spread(falling: Sequence[float], gap: float) -> list[float]:
    """Heights for the names of lines that end at these heights, so that none is written over another."""
    heights: list[float] = []
    for height in falling:
        heights.append(min(height, heights[-1] - gap) if heights else height)
    return heights


def _thin(rows: Sequence[tuple[float, ...]], most: int = MOST_POINTS) -> list[tuple[float, ...]]:
    """At most `most` rows: means of equally many neighbours, the last row as it is."""
    size = -(-len(rows) // most)
    if size <= 1:
        return list(rows)
    groups = [rows[start : start + size] for start in range(0, len(rows) - 1, size)]
    means = [tuple(sum(column) / len(group) for column in zip(*group, strict=True)) for group in groups]
    return [*means, rows[-1]]


def _thin_rows(scores: Sequence[Score]) -> Sequence[Score]:
    """Every so many epochs of a long run, the last one always."""
    size = -(-len(scores) // 30)
    return [*scores[:-1:size], *scores[-1:]] if size > 1 else scores


def percent_axis() -> alt.Axis:
    """An axis of shares with few marks."""
    return alt.Axis(format=".0%", values=[0, 0.5, 1], ticks=False, domain=False)

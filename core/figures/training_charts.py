"""The curves of training runs: loss, accuracy, learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from core import words
from core.figures.theme import ACCENT, HEIGHT, QUIET, SECOND, SERIES, style

if TYPE_CHECKING:
    from core.training.events import Epoch, LogPoint

# Of a live run, whose curves are sent anew each second.
MOST_POINTS = 60
MOST_RATES = 30
MOST_EPOCHS = 30
SLOWEST = 0.06  # weight of the newest loss in the running mean, once enough came before


def draw_loss(
    log_points: Sequence[LogPoint], history: Sequence[Epoch], steps: int, dark: bool = False
) -> alt.LayerChart:
    """Training loss by step, raw and smoothed, and the validation loss after each epoch, over `steps` steps."""
    losses = [point.loss for point in log_points]
    training = pd.DataFrame(
        _average([(point.step, point.loss, mean) for point, mean in zip(log_points, _smooth(losses), strict=True)]),
        columns=["step", "raw", "smooth"],
        dtype="float32",  # half the bytes
    )
    validation = [{"step": epoch.step, "validation": round(epoch.validation_loss, 4)} for epoch in _thin(history)]
    highest = 2.5
    if losses:
        highest = max([*training["smooth"], *(row["validation"] for row in validation), 0.1])
    x = alt.X("step:Q", title="Step", scale=alt.Scale(domain=[0, steps], nice=False), axis=alt.Axis(tickCount=5))
    scale = alt.Scale(domain=[0, min(highest * 1.15, 1e6)], clamp=False)
    raw, smooth, validated = (
        alt.Y(f"{name}:Q", scale=scale, title="Loss (nats)") for name in ("raw", "smooth", "validation")
    )
    tips = [alt.Tooltip("step:Q", title="Step"), alt.Tooltip("smooth:Q", title="Training loss", format=".4f")]
    base = alt.Chart(training).encode(x=x)
    layers = [
        base.mark_line(clip=True, strokeWidth=1, color=QUIET[dark], opacity=0.6).encode(y=raw),
        base.mark_line(clip=True, strokeWidth=2, color=ACCENT[dark]).encode(y=smooth, tooltip=tips),
        alt.Chart(alt.Data(values=validation))  # a few rows are smaller as text than as a table
        .mark_line(
            clip=True, strokeWidth=1.5, color=SECOND[dark], point=alt.OverlayMarkDef(color=SECOND[dark], size=28)
        )
        .encode(x=x, y=validated, tooltip=[alt.Tooltip("validation:Q", title="Validation loss", format=".4f")]),
    ]
    return style(alt.LayerChart(layer=layers))


def draw_accuracy(history: Sequence[Epoch], epochs: int, best: Epoch | None, dark: bool = False) -> alt.LayerChart:
    """Validation accuracy after each of `epochs` epochs; a ring and its value mark `best`, which is one of them."""
    accuracies = {
        epoch.epoch: round(epoch.validation_accuracy, 5) for epoch in [*_thin(history), *([best] if best else [])]
    }
    rows = [
        {"epoch": epoch, "accuracy": accuracy, "said": words.percent(accuracy)}
        for epoch, accuracy in sorted(accuracies.items())
    ]
    lowest = min([0.9, *accuracies.values()])
    base = alt.Chart()
    is_best = f"datum.epoch == {best.epoch if best else -1}"
    stands_left = best is not None and best.epoch > epochs / 2  # of its mark, where there is room
    layers = [
        base.mark_line(color=ACCENT[dark], point=alt.OverlayMarkDef(color=ACCENT[dark], size=28)),
        base.mark_point(color=SECOND[dark], size=110, strokeWidth=2, filled=False).transform_filter(is_best),
        base.mark_text(
            align="right" if stands_left else "left",
            dx=-9 if stands_left else 9,
            dy=14,
            color=SECOND[dark],
            fontWeight="bold",
        )
        .encode(text=alt.value(f"best {words.percent(best.validation_accuracy)}" if best else ""))
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
            scale=alt.Scale(domain=[max(0.0, lowest - (1 - lowest) * 0.1), 1], nice=False),
            axis=alt.Axis(labelExpr=words.TICK, tickCount=5),
        ),
        tooltip=[alt.Tooltip("epoch:Q", title="Epoch"), alt.Tooltip("said:N", title="Accuracy")],
    )
    return style(together)


def draw_learning_rate(log_points: Sequence[LogPoint], steps: int, dark: bool = False) -> alt.Chart:
    """The learning rate at each step so far, over `steps` steps."""
    rows = pd.DataFrame(
        _average([(point.step, point.learning_rate) for point in log_points], most=MOST_RATES),
        columns=["step", "rate"],
        dtype="float32",
    )
    highest, axis = max([1e-9, *rows["rate"]]) * 1.1, alt.Axis(format=".3~g", tickCount=3)
    chart = (
        alt.Chart(rows)
        .mark_line(color=ACCENT[dark])
        .encode(
            x=alt.X("step:Q", title="Step", scale=alt.Scale(domain=[0, steps], nice=False), axis=alt.Axis(tickCount=5)),
            y=alt.Y("rate:Q", title=None, scale=alt.Scale(domain=[0, highest], nice=False), axis=axis),
            tooltip=[alt.Tooltip("step:Q", title="Step"), alt.Tooltip("rate:Q", title="Learning rate", format=".3g")],
        )
    )
    return style(chart).properties(height=HEIGHT * 2 // 3)


def draw_runs(histories: Mapping[str, Sequence[Epoch]]) -> alt.LayerChart:
    """Validation accuracy of several runs by epoch, each line named at its end. `histories`: epochs by a run's name."""
    rows = pd.DataFrame(
        [
            (name, epoch.epoch, epoch.validation_accuracy, words.percent(epoch.validation_accuracy))
            for name, history in histories.items()
            for epoch in _thin(history)
        ],
        columns=["run", "epoch", "accuracy", "said"],
    )
    colour = alt.Color("run:N", scale=alt.Scale(domain=list(histories), range=list(SERIES)), legend=None)
    base = alt.Chart(rows).encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch",
            scale=alt.Scale(domain=[0, max([1, *rows["epoch"]]) * 1.15], nice=False),
            axis=alt.Axis(tickMinStep=1, tickCount=6, format="d"),
        ),
        y=alt.Y(
            "accuracy:Q", title="Validation accuracy", scale=alt.Scale(zero=False), axis=alt.Axis(labelExpr=words.TICK)
        ),
        color=colour,
        tooltip=["run:N", "epoch:Q", alt.Tooltip("said:N", title="accuracy")],
    )
    ends = rows.loc[rows.groupby("run")["epoch"].idxmax()].sort_values("accuracy", ascending=False)
    # A line of text is 14 pixels high, the axis with its title 80.
    text_height = (rows["accuracy"].max() - rows["accuracy"].min()) * 14 / (HEIGHT - 80)
    ends["accuracy"] = _spread(list(ends["accuracy"]), text_height)
    names = (
        alt.Chart(ends)
        .mark_text(align="left", dx=7, fontWeight="bold", limit=140)
        .encode(x="epoch:Q", y="accuracy:Q", text="run:N", color=colour)
    )
    return style(base.mark_line(point=alt.OverlayMarkDef(size=28)) + names)


def _smooth(values: Sequence[float]) -> list[float]:
    """An exponential running mean at each value, at first a plain mean of all values so far."""
    smoothed, mean = [], 0.0
    for number, value in enumerate(values, start=1):
        mean += max(SLOWEST, 1 / number) * (value - mean)
        smoothed.append(mean)
    return smoothed


def _spread(falling: Sequence[float], gap: float) -> list[float]:
    """Falling heights moved down where they lie closer than `gap`: names at line ends don't overlap."""
    heights: list[float] = []
    for height in falling:
        heights.append(min(height, heights[-1] - gap) if heights else height)
    return heights


def _average(rows: Sequence[tuple[float, ...]], most: int = MOST_POINTS) -> list[tuple[float, ...]]:
    """About `most` rows: means of equally many neighbours, then the last row as it is."""
    size = -(-len(rows) // most)
    if size <= 1:
        return list(rows)
    groups = [rows[start : start + size] for start in range(0, len(rows) - 1, size)]
    means = [tuple(sum(column) / len(group) for column in zip(*group, strict=True)) for group in groups]
    return [*means, rows[-1]]


def _thin(history: Sequence[Epoch]) -> Sequence[Epoch]:
    """About `MOST_EPOCHS` of a long run's epochs, evenly spaced, the last one always."""
    size = -(-len(history) // MOST_EPOCHS)
    return [*history[:-1:size], *history[-1:]] if size > 1 else history

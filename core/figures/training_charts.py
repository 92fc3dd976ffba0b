"""The curves of training runs: loss, accuracy, learning rate.

What is no number is left out of every curve: a loss that became infinite ends its line there.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import altair as alt
import pandas as pd

from core import words
from core.figures.theme import ACCENT, HEIGHT, QUIET, SECOND, SERIES, TEXT, style

if TYPE_CHECKING:
    from core.training.events import Epoch, LogPoint, RateChange

Row = TypeVar("Row")

# Of a live run, whose curves are sent anew each second.
MOST_POINTS = 60
MOST_RATES = 60
MOST_EPOCHS = 30
SLOWEST = 0.06  # weight of the newest loss in the running mean, once enough came before
# A network that guesses among ten digits has a loss of 2.3 nats. A multiple of that is a network that goes astray, and
# beside it everything else would be a line at the bottom: the axis becomes logarithmic.
ASTRAY = 9.2
SMALLEST, LARGEST = 1e-4, 1e30  # losses on a logarithmic axis
MARGIN = 1.02  # of the horizontal axes: a point at the end is whole
FEW_COLOURS = len(SERIES)  # runs that can be told apart by their colours
Figure = Literal["validation_accuracy", "validation_loss", "training_loss"]
FIGURES: dict[Figure, str] = {
    "validation_accuracy": "Validation accuracy",
    "validation_loss": "Validation loss (nats)",
    "training_loss": "Training loss (nats)",
}
Axis = Literal["epoch", "seconds"]
AXES: dict[Axis, str] = {"epoch": "Epoch", "seconds": "Training time (minutes)"}


def draw_loss(
    log_points: Sequence[LogPoint],
    history: Sequence[Epoch],
    steps: float,
    changes: Sequence[RateChange] = (),
    dark: bool = False,
) -> alt.LayerChart:
    """Training loss by step, raw and smoothed, and the validation loss after each epoch, over `steps` steps.

    Dashed, beside the validation loss, that of digits it learns from, judged in the same way, where it is known.
    A line marks each of the `changes` of the learning rate by hand. Where the loss went astray the axis is logarithmic.
    """
    points = [point for point in log_points if math.isfinite(point.loss)]
    judged = [epoch for epoch in history if math.isfinite(epoch.validation_loss)]
    every = [*(point.loss for point in points), *(epoch.validation_loss for epoch in judged)]
    is_astray = max(every, default=0.0) > ASTRAY
    bound = _bound if is_astray else float
    losses = [bound(point.loss) for point in points]
    means = [math.exp(mean) for mean in _smooth([math.log(loss) for loss in losses])] if is_astray else _smooth(losses)
    rows = [(point.step, loss, mean) for point, loss, mean in zip(points, losses, means, strict=True)]
    training = pd.DataFrame(
        _join(rows, _peak) if is_astray else _join(rows, _mean),
        columns=["step", "raw", "smooth"],
        dtype="float32",  # half the bytes
    )
    validation = [
        {
            "step": epoch.step,
            "validation": round(_bound(epoch.validation_loss) if is_astray else epoch.validation_loss, 4),
        }
        for epoch in _thin(judged, MOST_EPOCHS)
    ]
    known = [
        {"step": epoch.step, "learned": round(bound(epoch.learnt_loss), 4)}
        for epoch in _thin(judged, MOST_EPOCHS)
        if epoch.learnt_loss is not None and math.isfinite(epoch.learnt_loss)
    ]
    highest = max([*training["smooth"], *(row["validation"] for row in validation), 0.1]) if losses else 2.5
    scale = alt.Scale(domain=[0, highest * 1.15])
    if is_astray:
        scale = alt.Scale(type="log", domain=[min(map(_bound, every)) / 1.5, max(map(_bound, every)) * 1.5], nice=False)
    axis = alt.Axis(tickCount=5)
    if is_astray:
        axis = alt.Axis(tickCount=5, labelExpr="format(datum.value, datum.value < 1e5 ? '~g' : '.0e')")
    x = _count_from_zero("step", "Step", steps)
    raw, smooth, validated = (
        alt.Y(f"{name}:Q", scale=scale, axis=axis, title=f"Loss (nats{', log scale' if is_astray else ''})")
        for name in ("raw", "smooth", "validation")
    )
    tips = [alt.Tooltip("step:Q", title="Step"), alt.Tooltip("smooth:Q", title="Training loss", format=".4~g")]
    base = alt.Chart(training).encode(x=x)
    layers = [
        base.mark_line(clip=True, strokeWidth=1, color=QUIET[dark], opacity=0.6).encode(y=raw),
        base.mark_line(
            clip=True, strokeWidth=2, color=ACCENT[dark], point=len(training) < 3 and _dot(ACCENT[dark])
        ).encode(y=smooth, tooltip=tips),
        alt.Chart(alt.Data(values=validation))  # a few rows are smaller as text than as a table
        .mark_line(clip=True, strokeWidth=1.5, color=SECOND[dark], point=_dot(SECOND[dark]))
        .encode(x=x, y=validated, tooltip=[alt.Tooltip("validation:Q", title="Validation loss", format=".4~g")]),
        *([_dash(known, dark).encode(x=x, y=alt.Y("learned:Q", scale=scale, axis=axis))] if known else []),
        *_mark_changes(changes, steps, x, dark),
    ]
    return style(alt.LayerChart(layer=layers))


def draw_accuracy(history: Sequence[Epoch], epochs: float, best: Epoch | None, dark: bool = False) -> alt.LayerChart:
    """Validation accuracy after each of `epochs` epochs; a ring and its value mark `best`, which is one of them.

    Dashed, the accuracy on digits it learns from, where it is known. A run's first quarter may begin below the axis:
    what comes later is told apart by hundredths of a percent.
    """
    drawn = [*_thin(history, MOST_EPOCHS), *([best] if best else [])]
    accuracies = {epoch.epoch: round(epoch.validation_accuracy, 5) for epoch in drawn}
    ordered = sorted(accuracies.items())
    rows = [{"epoch": epoch, "accuracy": share, "said": words.percent(share)} for epoch, share in ordered]
    known = [
        {"epoch": epoch.epoch, "learned": round(epoch.learnt_accuracy, 5)}
        for epoch in _thin(history, MOST_EPOCHS)
        if epoch.learnt_accuracy is not None
    ]
    settled = [share for _, share in ordered[len(ordered) // 4 :]]
    lowest = min([0.9, *settled]) if len(rows) < 4 else min([0.995, *settled])
    room = (1 - lowest) * 0.1
    base = alt.Chart()
    is_best = f"datum.epoch == {best.epoch if best else -1}"
    stands_left = best is not None and best.epoch > epochs / 2  # of its mark, where there is room
    layers = [
        base.mark_line(clip=True, color=ACCENT[dark], point=_dot(ACCENT[dark])),
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
    scale = alt.Scale(domain=[max(0.0, lowest - room), 1 + room / 3], nice=False)
    y_axis = alt.Axis(labelExpr=words.TICK, tickCount=5)
    x = _count_from_zero("epoch", "Epoch", max(1, epochs))
    y, learned = (
        alt.Y(f"{name}:Q", title="Validation accuracy", scale=scale, axis=y_axis) for name in ("accuracy", "learned")
    )
    tips = [alt.Tooltip("epoch:Q", title="Epoch"), alt.Tooltip("said:N", title="Accuracy")]
    layers = [layer.encode(x=x, y=y, tooltip=tips) for layer in layers]
    if known:
        layers.append(_dash(known, dark).encode(x=x, y=learned))
    return style(alt.LayerChart(layer=layers, data=alt.Data(values=rows)))


def draw_learning_rate(
    log_points: Sequence[LogPoint], steps: float, changes: Sequence[RateChange] = (), dark: bool = False
) -> alt.LayerChart:
    """The learning rate at each step so far, over `steps` steps; a line marks each of the `changes` by hand."""
    rows = pd.DataFrame(
        _keep_jumps([(point.step, point.learning_rate) for point in log_points if math.isfinite(point.learning_rate)]),
        columns=["step", "rate"],
        dtype="float32",
    )
    highest, axis = max([1e-9, *rows["rate"]]) * 1.1, alt.Axis(format=".3~g", tickCount=3)
    x = _count_from_zero("step", "Step", steps)
    line = (
        alt.Chart(rows)
        .mark_line(color=ACCENT[dark], point=len(rows) < 3 and _dot(ACCENT[dark]))
        .encode(
            x=x,
            y=alt.Y("rate:Q", title=None, scale=alt.Scale(domain=[0, highest], nice=False), axis=axis),
            tooltip=[alt.Tooltip("step:Q", title="Step"), alt.Tooltip("rate:Q", title="Learning rate", format=".3g")],
        )
    )
    return style(alt.LayerChart(layer=[line, *_mark_changes(changes, steps, x, dark)])).properties(
        height=HEIGHT * 2 // 3
    )


def draw_runs(
    histories: Mapping[str, Sequence[Epoch]],
    figure: Figure = "validation_accuracy",
    axis: Axis = "epoch",
    dark: bool = False,
) -> alt.LayerChart:
    """One figure of several runs, by epoch or by time. `histories`: epochs by a run's name.

    Up to `FEW_COLOURS` lines have colours and a legend; more are grey. The line under the pointer stands out, with its
    name at its end.
    """
    most = max(5, MOST_EPOCHS * 40 // max(40, len(histories)))
    is_share = figure == "validation_accuracy"
    say = words.percent if is_share else "{:.4g}".format
    rows = pd.DataFrame(
        [
            (name, epoch.epoch, epoch.seconds / 60, getattr(epoch, figure), say(getattr(epoch, figure)))
            for name, history in histories.items()
            for epoch in _thin(history, most)
            if math.isfinite(getattr(epoch, figure))
        ],
        columns=["run", "epoch", "seconds", "value", "said"],
    )
    lowest = rows["value"].min() if len(rows) else 0.0
    reach = max([1e-9 if axis == "seconds" else 1, *rows[axis]])
    top = 1.0 if is_share else min(max([0.1, *rows["value"]]), ASTRAY)
    bottom = max(0.0, lowest - (1 - lowest) * 0.1) if is_share else 0.0
    y_axis = alt.Axis(labelExpr=words.TICK, tickCount=5) if is_share else alt.Axis(tickCount=5)
    under_pointer = alt.selection_point(
        name="pointed", on="pointerover", clear="pointerout", fields=["run"], nearest=True, empty=False
    )
    listed = list(histories)
    colour: Any = alt.value(QUIET[dark])
    if len(listed) <= FEW_COLOURS:
        legend = alt.Legend(title=None, orient="bottom", columns=3, labelLimit=220, symbolStrokeWidth=3)
        colour = alt.Color("run:N", scale=alt.Scale(domain=listed, range=list(SERIES)), legend=legend)
    base = alt.Chart(rows).encode(
        x=_count_from_zero(axis, AXES[axis], reach),
        y=alt.Y(
            "value:Q",
            title=FIGURES[figure],
            axis=y_axis,
            scale=alt.Scale(domain=[bottom, top + (top - bottom) * 0.03], nice=False),
        ),
        detail="run:N",
    )
    tips = [
        alt.Tooltip("run:N", title="Run"),
        alt.Tooltip("epoch:Q", title="Epoch"),
        alt.Tooltip("said:N", title=FIGURES[figure]),
    ]
    pointed = base.transform_filter(under_pointer)
    quiet = 1.0 if len(listed) <= FEW_COLOURS else 0.45
    layers = [
        base.mark_line(clip=True, strokeWidth=1.5, opacity=quiet).encode(color=colour),
        base.mark_point(clip=True, size=28, filled=True, opacity=quiet)
        .encode(color=colour, tooltip=tips)
        .add_params(under_pointer),
        pointed.mark_line(clip=True, strokeWidth=3.5, color=ACCENT[dark]),
        pointed.mark_text(align="right", dx=-6, dy=-10, fontWeight="bold", color=TEXT[dark], limit=260)
        .transform_joinaggregate(last=f"max({axis})", groupby=["run"])
        .transform_filter(f"datum.{axis} == datum.last")
        .encode(text="run:N"),
    ]
    return style(alt.LayerChart(layer=layers)).properties(height=HEIGHT + 60)


def reach(done: float, planned: float) -> float:
    """How far the horizontal axis of a live run goes: all that is planned, or less while only a sliver is done.

    Then the axis doubles now and again, by halves of what is planned, and never ends before a sixteenth of it.
    """
    shown = planned
    while shown / 2 > done * 1.25 and shown > planned / 16:
        shown /= 2
    return shown


def _count_from_zero(field: str, title: str, to: float) -> alt.X:
    """A horizontal axis from 0 to a little more than `to`: labels stand under their ticks, the last point is whole."""
    axis = alt.Axis(labelFlush=False, tickCount=5)
    if field != "seconds":  # whole numbers
        form = "~s" if to >= 100_000 else ",d"
        axis = alt.Axis(labelFlush=False, tickCount=min(5, math.ceil(to)), tickMinStep=1, format=form)
    return alt.X(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, to * MARGIN], nice=False), axis=axis)


def _mark_changes(changes: Sequence[RateChange], steps: float, x: alt.X, dark: bool) -> list[alt.Chart]:
    """A dashed line where the learning rate was changed by hand, with its words where there is room; else none."""
    if not changes:
        return []
    rows, free = [], 0.0  # from which step on there is room for words
    for change in changes:
        said = f"rate {change.new:.3g}" if change.step >= free else ""
        free = change.step + steps * 0.15 if said else free
        rows.append({"step": change.step, "words": said, "change": f"{change.old:.3g} → {change.new:.3g}"})
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=x, tooltip=[alt.Tooltip("step:Q", title="Step"), alt.Tooltip("change:N", title="Learning rate, by hand")]
    )
    return [
        base.mark_rule(clip=True, strokeDash=[4, 3], color=TEXT[dark], opacity=0.7),
        base.mark_text(align="left", baseline="top", dx=4, color=TEXT[dark]).encode(y=alt.value(2), text="words:N"),
    ]


def _dash(rows: list[dict[str, Any]], dark: bool) -> alt.Chart:
    """The line of what is judged on digits that the network learns from."""
    return alt.Chart(alt.Data(values=rows)).mark_line(clip=True, strokeWidth=1.5, strokeDash=[4, 3], color=TEXT[dark])


def _dot(colour: str) -> alt.OverlayMarkDef:
    return alt.OverlayMarkDef(color=colour, size=28)


def _bound(loss: float) -> float:
    return min(max(loss, SMALLEST), LARGEST)


def _smooth(values: Sequence[float]) -> list[float]:
    """An exponential running mean at each value, at first a plain mean of all values so far."""
    smoothed, mean = [], 0.0
    for number, value in enumerate(values, start=1):
        mean += max(SLOWEST, 1 / number) * (value - mean)
        smoothed.append(mean)
    return smoothed


def _join(
    rows: Sequence[tuple[float, ...]], join: Callable[[Sequence[tuple[float, ...]]], tuple[float, ...]]
) -> list[tuple[float, ...]]:
    """About `MOST_POINTS` rows: equally many neighbours joined to one, then the last row as it is."""
    size = -(-len(rows) // MOST_POINTS)
    if size <= 1:
        return list(rows)
    return [*(join(rows[start : start + size]) for start in range(0, len(rows) - 1, size)), rows[-1]]


def _mean(rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))


def _peak(rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """The row with the highest loss, which is what to see of a run that goes astray."""
    return max(rows, key=lambda row: row[1])


def _keep_jumps(rows: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """About `MOST_RATES` of the rows of steps and rates, with both sides of each sudden change: it stays a jump."""
    size = max(1, -(-len(rows) // MOST_RATES))
    kept = set(range(0, len(rows), size)) | {len(rows) - 1}
    jumps = [
        (abs(math.log(max(after[1], 1e-12) / max(before[1], 1e-12))), place)
        for place, (before, after) in enumerate(itertools.pairwise(rows), start=1)
    ]
    usual = statistics.median(jump for jump, _ in jumps) if jumps else 0.0
    sudden = sorted((pair for pair in jumps if pair[0] > max(0.2, 5 * usual)), reverse=True)[: MOST_RATES // 4]
    kept |= {side for _, place in sudden for side in (place - 1, place)}
    return [rows[place] for place in sorted(kept) if place >= 0]


def _thin(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """About `most` of the rows, evenly spaced, the last one always."""
    size = -(-len(rows) // most)
    return [*rows[:-1:size], *rows[-1:]] if size > 1 else rows

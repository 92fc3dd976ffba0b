"""The charts of an explanation: a map to press on, arguments for and against, probabilities along a change."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from core.figures.theme import ACCENT, PAPER, QUIET, SECOND, TEXT


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

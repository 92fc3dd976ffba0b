"""Ten probabilities as labelled bars."""

from __future__ import annotations

import altair as alt
import pandas as pd

from core import words
from core.figures.theme import ACCENT, LARGER, QUIET, TEXT, style

AXIS = alt.Axis(labelExpr=words.TICK, values=[0, 0.5, 1], ticks=False, domain=False)  # few marks
LEAST = 0.0005  # a share that would be said as "<0.1 %" goes without saying
HIGH = 280  # pixels
ROOM = 1.15  # length of the axis: beyond a full bar there is room for its share


def draw_probabilities(
    probabilities: tuple[float, ...], dark: bool = False, presenting: bool = False, marks_winner: bool = True
) -> alt.LayerChart:
    """Ten bars, one a digit and below each other, so that each has room for its share in percent however narrow the
    page is. The highest is in the accent colour if `marks_winner`. `presenting`: large, for a room."""
    winner = max(range(10), key=probabilities.__getitem__) if marks_winner else None
    size = 22 if presenting else 12
    said = [words.probability(value) for value in probabilities]
    table = pd.DataFrame(
        {
            "digit": range(10),
            "probability": probabilities,
            "said": said,
            "label": [text if value >= LEAST else "" for text, value in zip(said, probabilities, strict=True)],
            "colour": [ACCENT[dark] if digit == winner else QUIET[dark] for digit in range(10)],
        }
    )
    base = alt.Chart(table).encode(
        y=alt.Y(
            "digit:O",
            title="Digit",
            axis=alt.Axis(labelFontSize=size, labelBound=False, labelOverlap=False, ticks=False),
        ),
        x=alt.X("probability:Q", title="Probability", scale=alt.Scale(domain=[0, ROOM]), axis=AXIS),
        tooltip=[alt.Tooltip("digit:O", title="Digit"), alt.Tooltip("said:N", title="Probability")],
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=alt.Color("colour:N", scale=None))
    labels = base.mark_text(align="left", dx=5, fontSize=size, color=TEXT[dark]).encode(text="label:N")
    layers: alt.LayerChart = bars + labels
    return style(layers, presenting).properties(height=HIGH * (LARGER if presenting else 1))

"""Ten probabilities as labelled bars."""

from __future__ import annotations

import altair as alt
import pandas as pd

from core.figures.theme import ACCENT, QUIET, TEXT, show_percent, style

AXIS = alt.Axis(format=".0%", values=[0, 0.5, 1], ticks=False, domain=False)  # shares, with few marks


def draw_probabilities(probabilities: tuple[float, ...], dark: bool = False) -> alt.LayerChart:
    """Ten bars, one a digit, the highest in the accent colour, each with its share in percent above it."""
    winner = max(range(10), key=probabilities.__getitem__)
    table = pd.DataFrame(
        {
            "digit": range(10),
            "probability": probabilities,
            "label": [_label_bar(value, digit == winner) for digit, value in enumerate(probabilities)],
            "colour": [ACCENT[dark] if digit == winner else QUIET[dark] for digit in range(10)],
        }
    )
    base = alt.Chart(table).encode(
        x=alt.X("digit:O", title="Digit", axis=alt.Axis(labelAngle=0, labelFontSize=13, ticks=False)),
        y=alt.Y("probability:Q", title="Probability", scale=alt.Scale(domain=[0, 1.12]), axis=AXIS),
        tooltip=[
            alt.Tooltip("digit:O", title="Digit"),
            alt.Tooltip("probability:Q", title="Probability", format=".2%"),
        ],
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=alt.Color("colour:N", scale=None))
    labels = base.mark_text(dy=-7, fontSize=11, color=TEXT[dark]).encode(text="label:N")
    layers: alt.LayerChart = bars + labels
    return style(layers)


def _label_bar(share: float, is_winner: bool) -> str:
    """A bar's share; beside the winner without decimals from 10 % on, or neighbours would run into each other."""
    if share < 0.0005:
        return ""
    return f"{share:.0%}" if share >= 0.0995 and not is_winner else show_percent(share)

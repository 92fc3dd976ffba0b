"""Plain data in, Altair chart out. One font size, one accent, numbers where a reader would look for them."""

import altair as alt
import pandas as pd

ACCENT = "#0b6e99"  # readable on paper and on ink; the chosen or winning thing
QUIET = "#9aa4ad"  # everything beside it
HEIGHT = 210  # pixels


def draw_probabilities(probabilities: tuple[float, ...]) -> alt.LayerChart:
    """Ten bars, one a digit, the highest in the accent colour, each with its share in percent above it."""
    winner = max(range(10), key=probabilities.__getitem__)
    table = pd.DataFrame(
        {
            "digit": range(10),
            "probability": probabilities,
            "label": [_percent(value) for value in probabilities],
            "colour": [ACCENT if digit == winner else QUIET for digit in range(10)],
        }
    )
    base = alt.Chart(table).encode(
        x=alt.X("digit:O", title="Digit", axis=alt.Axis(labelAngle=0, labelFontSize=13, ticks=False)),
        y=alt.Y("probability:Q", title="Probability", scale=alt.Scale(domain=[0, 1.12]), axis=_percent_axis()),
        tooltip=[
            alt.Tooltip("digit:O", title="Digit"),
            alt.Tooltip("probability:Q", title="Probability", format=".2%"),
        ],
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=alt.Color("colour:N", scale=None))
    labels = base.mark_text(dy=-7, fontSize=11).encode(text="label:N")
    return style(bars + labels)


def style(chart: alt.LayerChart | alt.Chart) -> alt.LayerChart | alt.Chart:
    """The look all charts share."""
    return chart.properties(height=HEIGHT).configure_view(stroke=None).configure_axis(titleFontWeight="normal")


def _percent(value: float) -> str:
    return "" if value < 0.0005 else f"{value:.0%}" if value >= 0.995 else f"{value:.1%}"


def _percent_axis() -> alt.Axis:
    return alt.Axis(format=".0%", values=[0, 0.5, 1], ticks=False, domain=False)

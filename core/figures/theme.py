"""One palette, one font size, one height for all charts."""

from __future__ import annotations

import altair as alt

ACCENT = {False: "#0b6e99", True: "#4fb3d9"}  # by whether the page is dark: the chosen or winning thing
TEXT = {False: "#1f2328", True: "#e9e6df"}
QUIET = "#9aa4ad"  # everything beside it
SECOND = "#d9822b"  # a second line beside the accent, told apart by colour-blind eyes too
SERIES = ("#2f8fb8", "#d9822b", "#2f9e77", "#b6609f", "#8a8d1f", "#6a7fdb")  # lines laid over each other
HEIGHT = 210  # pixels


def style(chart: alt.LayerChart | alt.Chart) -> alt.LayerChart | alt.Chart:
    """The look all charts share."""
    return chart.properties(height=HEIGHT).configure_view(stroke=None).configure_axis(titleFontWeight="normal")


def show_percent(share: float) -> str:
    """A probability as a person reads it: 97.3%, and never a 100% that no model can promise."""
    return ">99.9%" if share > 0.999 else f"{share:.1%}"

"""One palette for pages, charts and pictures; one font size and height for the charts. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import altair as alt

    Chart = TypeVar("Chart", alt.Chart, alt.LayerChart)

# Each colour by whether the page is dark. The accent and the paper are those of .streamlit/config.toml.
ACCENT = {False: "#0b6e99", True: "#4fb3d9"}  # the chosen or winning thing
SECOND = {False: "#d55e00", True: "#f0a35e"}  # what stands against it, told apart by colour-blind eyes too
DOUBT = {False: "#a84a00", True: "#f0a35e"}  # an answer that is not sure; white letters on the first reach 4.5:1
QUIET = {False: "#78848e", True: "#8b9099"}  # everything beside them; 3:1 at least against white and paper
PAPER = {False: "#ffffff", True: "#16181c"}  # under charts and in what is exported
TEXT = {False: "#111418", True: "#e9e6df"}
SMALL_TEXT = {False: "#5c636b", True: "#a9adb3"}  # sources, axes; 4.5:1 at least against paper
DANGER = {False: "#b3261e", True: "#f2b8b5"}  # behind what can't be undone
RULE = {False: "#d9d4c8", True: "#3a3f47"}  # lines between rows

# Lines laid over each other, the accent first. Okabe and Ito's colours; up to four, which differ in their dashes too.
LINES = {
    False: (ACCENT[False], SECOND[False], "#3d3d3d", "#8a4f7d"),
    True: (ACCENT[True], SECOND[True], TEXT[True], "#cc79a7"),
}
SERIES = ("#2f8fb8", SECOND[False], "#2f9e77", "#b6609f", "#8a8d1f", "#6a7fdb")  # up to six, on either paper
# The ten digits where each has a colour, always with its name beside: the six above and four that differ from them.
DIGITS = (*SERIES, "#c0508a", "#5f7f8f", "#a86f3d", "#4a90a4")
HEIGHT = 210  # pixels
LARGER = 1.7  # times, for a room


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of "#rrggbb", for pictures made of pixels."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def css(colour: dict[bool, str]) -> str:
    """A colour of this palette as a style sheet writes it: the browser takes the one that fits the page."""
    return f"light-dark({colour[False]}, {colour[True]})"


def style(chart: Chart, presenting: bool = False) -> Chart:
    """The look all charts share; larger where a page is presented to a room."""
    styled: Chart = chart.properties(height=HEIGHT).configure_view(stroke=None).configure_axis(titleFontWeight="normal")
    if presenting:
        size = round(LARGER * 12)
        styled = styled.configure_axis(titleFontWeight="normal", labelFontSize=size, titleFontSize=size)
    return styled

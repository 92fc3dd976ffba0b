"""The loss landscape of a run: on request, for it takes long."""

from __future__ import annotations

import time

import streamlit as st

from core import words
from core.data.digits import DataError, DigitSet
from core.explanation import landscape
from core.explanation.landscape import Line, Plane
from core.network.architectures import Network
from core.training import states
from core.training.runs import Run
from core.ui import replay, resources, shell

MOST = 200  # digits whose loss is measured at each point

memory = st.session_state


def offer(run: Run) -> None:
    """A switch that says what the landscape costs; then both figures, or how far they are."""
    key = ("landscape", run.id)
    known: tuple[Line, Plane] | None = resources.results().find(key)
    st.markdown(
        "**Loss landscape**",
        help="How the loss changes where the weights are moved: on the straight line from the first to the last, and "
        "around the last in two random directions, each filter's part as long as the filter (Li et al., 2018).",
    )
    if known is None and memory.get("landscape_of") != run.id:
        _offer_to_measure(run)
        return
    try:
        found = known or _measure(run, key)
    except (DataError, ValueError) as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    memory.landscape_of = ""
    _show(*found)


def _offer_to_measure(run: Run) -> None:
    try:
        seconds = resources.results().keep(("landscape cost", run.id), lambda: _estimate(run))
    except (DataError, ValueError) as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    st.button(
        f"Measure it: about {words.duration(seconds)}", icon=":material/landscape:", on_click=_begin, args=(run.id,)
    )


def _begin(run: str) -> None:
    memory.landscape_of = run


def _stop() -> None:
    memory.landscape_of = ""


def _estimate(run: Run) -> float:
    """Seconds that all points take, from the second of two."""
    network, digits = _load(run, -1), _choose_digits(run)
    landscape.measure_loss(network, digits)
    began = time.perf_counter()
    landscape.measure_loss(network, digits)
    return (time.perf_counter() - began) * (len(landscape.LINE) + len(landscape.PLANE) ** 2)


def _load(run: Run, at: int) -> Network:
    """The first (0) or the last (-1) state of a run."""
    home = states.find_home(run.id)
    return states.load(home, run.settings.architecture, states.list_steps(home)[at])


def _choose_digits(run: Run) -> DigitSet:
    """Some of the validation digits that the replay judges."""
    return replay.choose_digits(run)[1].first(MOST)


def _measure(run: Run, key: tuple[object, ...]) -> tuple[Line, Plane]:
    """Both figures, saying how far they are; the button stops it, for each press begins this part of the page anew."""
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, "Measuring the loss …")
        st.button("Stop", icon=":material/stop:", on_click=_stop)
    line_share = len(landscape.LINE) / (len(landscape.LINE) + len(landscape.PLANE) ** 2)

    def compute() -> tuple[Line, Plane]:
        first, last, digits = _load(run, 0), _load(run, -1), _choose_digits(run)
        line = landscape.follow_line(first, last, digits, lambda share: tell(share * line_share, "along the line"))
        plane = landscape.cross_plane(
            last, digits, tell=lambda share: tell(line_share + share * (1 - line_share), "in the plane")
        )
        return line, plane

    def tell(share: float, where: str) -> None:
        bar.progress(share, f"Measuring the loss {where} …")

    found = resources.results().keep(key, compute)
    place.empty()
    return found


def _show(line: Line, plane: Plane) -> None:
    from core.figures import explanation_charts

    start, end = (float(line.losses[abs(line.shares - share).argmin()]) for share in (0, 1))
    low, high = float(plane.losses.min()), float(plane.losses.max())
    left, right = st.columns(2, gap="medium")
    with left:
        st.altair_chart(
            explanation_charts.follow_line(line.shares, line.losses, shell.is_dark()),
            alt=f"The loss falls from {start:.2f} nats at the first weights to {end:.2f} at the last.",
        )
        st.caption(
            f"From the first weights, {start:.2f} nats, straight to the last, {end:.2f}. The run itself took another "
            "way."
        )
    with right:
        st.altair_chart(
            explanation_charts.cross_plane(plane.offsets, plane.losses, shell.is_dark()),
            alt=f"The loss around the last weights, from {low:.2f} to {high:.2f} nats; they lie in the middle.",
            width="content",
        )
        st.caption(
            f"Around the last weights, in the middle: {low:.2f} to {high:.2f} nats. Biases and normalization stay."
        )

"""The live run, redrawn each second: progress, figures, curves and controls."""

from __future__ import annotations

import streamlit as st

from core import words
from core.training import wording
from core.training.job import Phase, Snapshot
from core.training.runs import Run
from core.training.wording import FIELDS
from core.ui import resources, run_words
from core.ui.train import curves, watched

STYLE = """
<style>
.st-key-figures [data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
</style>
"""
BUTTON_WIDTH = 120  # pixels, for Pause, Resume and Skip alike: the other buttons stay where the pointer may be

memory = st.session_state


def show() -> None:
    """The live run, and who else sees it."""
    watched.hand_over_drawing()
    _watch_run()
    _watch_learning_rate()
    st.caption(
        "It goes on when you leave this page or close the browser. One run at a time on this server: everyone "
        "who opens this page sees it. Predict keeps answering with the model in use."
    )


@st.fragment(run_every=2.0)
def notice_start() -> None:
    """While there is no run: show one when another visitor starts it."""
    if resources.training_job().snapshot().is_live:
        st.rerun()


@st.fragment(run_every=1.0)
def _watch_run() -> None:
    snapshot = resources.training_job().snapshot()
    run = snapshot.run
    if run is None or not snapshot.is_live:
        st.rerun()
    st.markdown(f"**{words.escape_markdown(run.name)}**  \n:small[{wording.describe(run)}]")
    _show_figures(snapshot)
    _show_progress(run, snapshot)
    _show_controls(snapshot)
    if snapshot.warning:
        st.warning(snapshot.warning, icon=":material/save:")
    if snapshot.phase == Phase.PREPARING:
        draws = run.settings.outlier_exposure or run.settings.pen_digits
        drawing = ", drawing non-digits and digits of other writers; with all images that takes a minute"
        st.caption(f"Getting ready: reading the digits{drawing if draws else ''} …")
        return
    curves.show(run, snapshot)
    watched.show(snapshot)


@st.fragment(run_every=5.0)
def _watch_learning_rate() -> None:
    """Less often than the rest: the figure itself stands above, each second."""
    snapshot = resources.training_job().snapshot()
    if snapshot.run and snapshot.log_points:
        curves.show_learning_rate(snapshot, snapshot.run.steps)


def _show_figures(snapshot: Snapshot) -> None:
    """Validation accuracy, training loss, images a second, time left."""
    epochs = snapshot.epochs
    accuracy, change = "–", None
    if epochs:
        accuracy = words.percent(epochs[-1].validation_accuracy)
        if len(epochs) > 1 and epochs[-1].validation_accuracy != epochs[-2].validation_accuracy:
            change = f"{(epochs[-1].validation_accuracy - epochs[-2].validation_accuracy) * 100:+.2f} points"
    recent = snapshot.log_points[-20:]
    loss = f"{sum(point.loss for point in recent) / len(recent):.4f}" if recent else "–"
    rate = f"{snapshot.images_per_second:,.0f}" if snapshot.images_per_second else "–"
    left = words.duration(snapshot.remaining) if snapshot.remaining is not None else "–"
    with st.container(horizontal=True, gap="medium", key="figures"):
        st.metric(
            "Validation accuracy",
            accuracy,
            change,
            help="Share of the held-out digits that the network reads right. It never learns from these.",
            width=140,
        )
        st.metric("Training loss", loss, help="How surprised the network is by the right answers, in nats.", width=140)
        st.metric("Images a second", rate, width=140)
        st.metric("Time left", {Phase.PAUSED: "paused", Phase.FINISHING: "–"}.get(snapshot.phase, left), width=140)


def _show_progress(run: Run, snapshot: Snapshot) -> None:
    phase, share = run_words.phase(snapshot).capitalize(), run_words.share(snapshot)
    if snapshot.phase == Phase.FINISHING:
        with st.container(gap="xxsmall"):
            st.markdown(f":small[Trained and kept. {phase}, which takes half a minute.]", help=wording.DETECTOR)
            st.progress(share)
        return
    epoch = min(run.settings.epochs, len(snapshot.epochs) + 1)
    st.progress(
        share,
        f"{phase} · epoch {epoch:,} of {run.settings.epochs:,} · {words.duration(snapshot.seconds)} so far"
        f" · learning rate {snapshot.learning_rate:.3g}",
    )


def _show_controls(snapshot: Snapshot) -> None:
    """Pause or resume, change the learning rate, stop and keep, or discard."""
    job = resources.training_job()
    is_busy = snapshot.phase in (Phase.PREPARING, Phase.STOPPING, Phase.FINISHING)
    with st.container(horizontal=True):
        if snapshot.phase == Phase.FINISHING:
            st.button(
                "Skip",
                icon=":material/skip_next:",
                on_click=job.skip,
                key="skip",
                width=BUTTON_WIDTH,
                help="Keep the model without the detector. It will mistake more letters and scribbles for digits.",
            )
        elif snapshot.phase == Phase.PAUSED:
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                type="primary",
                on_click=job.go_on,
                key="go_on",
                width=BUTTON_WIDTH,
            )
        else:
            st.button(
                "Pause",
                icon=":material/pause:",
                on_click=job.pause,
                disabled=is_busy,
                key="pause",
                width=BUTTON_WIDTH,
            )
        st.button(
            "Stop and keep",
            icon=":material/stop:",
            on_click=job.stop,
            kwargs={"keep": True},
            disabled=snapshot.phase in (Phase.STOPPING, Phase.FINISHING),
            key="keep",
            help="End here and keep the best weights so far.",
        )
        with st.popover("Discard", icon=":material/delete:", disabled=snapshot.phase == Phase.STOPPING):
            st.markdown("End the run and delete all of it?")
            st.button("Yes, discard it", type="primary", on_click=job.stop, kwargs={"keep": False}, key="discard")
        with st.popover("Learning rate", icon=":material/speed:", disabled=is_busy):
            _ask_learning_rate(snapshot)


def _ask_learning_rate(snapshot: Snapshot) -> None:
    # The value is given each time: a popover's content is made in the browser only when it is opened, and would
    # then start from the smallest value allowed, and set it.
    rule = FIELDS["learning_rate"].metadata
    st.number_input(
        "Largest learning rate from now on",
        value=float(snapshot.peak),
        min_value=rule["low"],
        max_value=rule["high"],
        step=1e-3,
        format="%.4g",
        key="peak",
        on_change=_change_learning_rate,
        help="The schedule goes on, scaled to this value.",
    )


def _change_learning_rate() -> None:
    resources.training_job().set_peak(memory.peak)

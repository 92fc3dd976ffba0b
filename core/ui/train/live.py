"""The live run, redrawn each second: progress, figures, curves and controls."""

from __future__ import annotations

import streamlit as st

from core import words
from core.figures.theme import DANGER, PAPER, css
from core.training import wording
from core.training.job import Live, Phase
from core.training.wording import FIELDS
from core.ui import resources, run_words, visitor
from core.ui.notices import attempt
from core.ui.train import curves, watched

# What comes and goes each second has its room reserved, so that nothing below moves under a finger.
STYLE = f"""
<style>
.st-key-figures [data-testid="stMetric"] {{ min-height: 6.5rem; }}
.st-key-figures [data-testid="stMetricValue"] {{ font-variant-numeric: tabular-nums; }}
.watched small {{ display: block; min-height: 2lh; }}
.st-key-discard button, [class*="st-key-delete-"] button {{
  background: {css(DANGER)}; border-color: {css(DANGER)}; color: {css(PAPER)}; }} /* can't be undone */
</style>
"""
FACTORS = {"÷ 10": 0.1, "÷ 3": 1 / 3, "× 3": 3.0}  # of the learning rate, one press each
LOSS = (
    "How surprised the network is by the right answers, the mean of the latest steps: 0 if it is sure and right, "
    "2.3 if it guesses among ten. In nats: minus the natural logarithm of the probability it gave to the right answer."
)
BUTTON_WIDTH = 120  # pixels, for Pause and Resume alike: the other buttons stay where the pointer may be

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
    if isinstance(resources.training_job().snapshot(), Live):
        st.rerun()


@st.fragment(run_every=1.0)
def _watch_run() -> None:
    snapshot = resources.training_job().snapshot()
    if not isinstance(snapshot, Live):
        st.rerun()
    run = snapshot.run
    memory.run_seen = run.id
    done = words.percent(run_words.share(snapshot), 0)
    st.set_page_config(page_title=f"{done} · {run_words.phase(snapshot)} · Digit Lab")
    st.markdown(f"**{words.escape_markdown(run.name)}**  \n:small[{wording.describe(run)}]")
    _show_figures(snapshot)
    _show_progress(snapshot)
    _show_controls(snapshot)
    if snapshot.warning:
        st.warning(snapshot.warning, icon=":material/save:")
    if snapshot.phase == Phase.PREPARING or not (snapshot.log_points or snapshot.epochs):
        st.caption("Getting ready: reading the digits …")
        return
    curves.show(snapshot)
    watched.show(snapshot)


@st.fragment(run_every=5.0)
def _watch_learning_rate() -> None:
    """Less often than the rest: the figure itself stands above, each second."""
    snapshot = resources.training_job().snapshot()
    if isinstance(snapshot, Live) and snapshot.log_points:
        curves.show_learning_rate(snapshot)


def _show_figures(snapshot: Live) -> None:
    """Validation accuracy, training loss, images a second, time left."""
    epochs = snapshot.epochs
    accuracy, change, points = "–", None, 0.0
    if epochs:
        accuracy = words.percent(epochs[-1].validation_accuracy)
        if len(epochs) > 1:
            points = round((epochs[-1].validation_accuracy - epochs[-2].validation_accuracy) * 100, 2)
            change = f"{points:+.2f} points" if points else "no change"
    recent = snapshot.log_points[-20:]
    loss = run_words.loss(sum(point.loss for point in recent) / len(recent)) if recent else "–"
    rate = f"{snapshot.images_per_second:,.0f}" if snapshot.images_per_second else "–"
    left = words.duration(snapshot.remaining) if snapshot.remaining is not None else "–"
    with st.container(horizontal=True, gap="medium", key="figures"):
        st.metric(
            "Validation accuracy",
            accuracy,
            change,
            "normal" if points else "off",
            delta_arrow="auto" if points else "off",
            help="Share of the held-out digits that the network reads right. It never learns from these.",
            width=140,
        )
        st.metric("Training loss", loss, help=LOSS, width=140)
        st.metric("Images a second", rate, width=140)
        st.metric("Time left", {Phase.PAUSED: "paused", Phase.FINISHING: "–"}.get(snapshot.phase, left), width=140)


def _show_progress(snapshot: Live) -> None:
    phase, share = run_words.phase(snapshot).capitalize(), run_words.share(snapshot)
    if not snapshot.step:
        st.progress(share, phase)
        return
    epochs = snapshot.run.settings.epochs
    epoch = min(epochs, len(snapshot.epochs) + 1)
    st.progress(
        share,
        f"{phase} · epoch {epoch:,} of {epochs:,} · {words.duration(snapshot.seconds)} so far"
        f" · rate {snapshot.learning_rate:.3g}",
    )


def _show_controls(snapshot: Live) -> None:
    """Pause or resume, change the learning rate, stop and keep, or discard; nothing for a guest."""
    if not visitor.is_owner():
        return
    job = resources.training_job()
    is_busy = snapshot.phase in (Phase.PREPARING, Phase.STOPPING, Phase.FINISHING)
    with st.container(horizontal=True):
        if snapshot.phase == Phase.PAUSED:
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                type="primary",
                on_click=attempt,
                args=(job.go_on,),
                key="go_on",
                width=BUTTON_WIDTH,
            )
        else:
            st.button(
                "Pause",
                icon=":material/pause:",
                on_click=attempt,
                args=(job.pause,),
                disabled=is_busy,
                key="pause",
                width=BUTTON_WIDTH,
            )
        st.button(
            "Stop and keep",
            icon=":material/stop:",
            on_click=attempt,
            args=(job.stop, True),
            disabled=is_busy or not snapshot.step,
            key="keep",
            help="End here and keep the best weights so far; there are some as soon as training has begun.",
        )
        with st.popover("Discard", icon=":material/delete:", disabled=snapshot.phase == Phase.STOPPING):
            st.markdown("End the run and delete all of it?")
            st.button("Yes, discard it", type="primary", on_click=attempt, args=(job.stop, False), key="discard")
        with st.popover("Learning rate", icon=":material/speed:", disabled=is_busy):
            _ask_learning_rate(snapshot)


def _ask_learning_rate(snapshot: Live) -> None:
    """Divide or multiply the rate with one press, or type another one: Enter sets it."""
    st.markdown(
        f"Largest learning rate: **{snapshot.peak:.3g}**  \n"
        ":small[A change counts from the next step on; the schedule goes on, scaled to it.]"
    )
    with st.container(horizontal=True):
        for sign, factor in FACTORS.items():
            st.button(sign, on_click=_multiply_learning_rate, args=(factor,), key=f"rate-{sign}")
    # Empty, so that it never says an older rate than the line above, which others may have changed.
    with st.form("rate", border=False, clear_on_submit=True):
        rule = FIELDS["learning_rate"].metadata
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.number_input(
                "Another learning rate",
                value=None,
                min_value=rule["low"],
                max_value=rule["high"],
                format="%.4g",
                placeholder=f"{rule['low']:g} to {rule['high']:g}",
                key="peak",
                width=160,
            )
            st.form_submit_button("Set", on_click=_set_learning_rate)


def _multiply_learning_rate(factor: float) -> None:
    rule, job = FIELDS["learning_rate"].metadata, resources.training_job()
    if isinstance(snapshot := job.snapshot(), Live):
        attempt(job.set_peak, min(max(float(f"{snapshot.peak * factor:.3g}"), rule["low"]), rule["high"]))


def _set_learning_rate() -> None:
    if memory.peak is not None:
        attempt(resources.training_job().set_peak, memory.peak)

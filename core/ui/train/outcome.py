"""The outcome of the last run, and runs that were interrupted."""

from __future__ import annotations

import streamlit as st

from core import words
from core.network import checkpoint
from core.training import runs, wording
from core.training.events import Epoch
from core.training.job import Phase, Snapshot
from core.training.plans import ResumedRun
from core.training.runs import Run, Status
from core.ui import notices, resources
from core.ui.model_choice import offer_model
from core.ui.notices import attempt
from core.ui.train import curves, downloads, watched

memory = st.session_state


def show(snapshot: Snapshot) -> None:
    """How the run that was live last ended, until the visitor closes it."""
    run = snapshot.run
    if run is None or snapshot.phase != Phase.OVER or memory.get("outcome_seen") == run.id:
        return
    if run.model and run.model not in checkpoint.names():  # deleted since
        return
    went_wrong = run.status in (Status.FAILED, Status.DIVERGED)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch"):
                if run.model and run.best:
                    st.markdown(_sum_up(run, run.best, snapshot.seconds))
                else:
                    icon = ":material/warning:" if went_wrong else ":material/info:"
                    st.markdown(f"{icon} **{words.escape_markdown(run.name)}** · {run.sentence}")
            st.button("", icon=":material/close:", help="Close", on_click=_close, args=(run.id,), type="tertiary")
        if run.model:
            with st.container(horizontal=True):
                offer_model(run.model)
                downloads.offer(run.model, run, notices.PLACE)
        if snapshot.log_points and (run.model or went_wrong):
            curves.show(run, snapshot)
            watched.show(snapshot)
            curves.show_learning_rate(snapshot, snapshot.step)


def offer_resume() -> None:
    """Runs that a killed server left behind."""
    for run in runs.list_runs():
        if run.status == Status.INTERRUPTED and not run.base:
            done = f"after {len(run.epochs)} of {run.settings.epochs} epochs" if run.epochs else "at its beginning"
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f":material/history: **{words.escape_markdown(run.name)}** was interrupted {done}. "
                    "It can be resumed; at most a minute of training is lost."
                )
                st.button(
                    "Resume",
                    icon=":material/play_arrow:",
                    key=f"resume-{run.id}",
                    on_click=attempt,
                    args=(resources.training_job().start, ResumedRun(run)),
                )


def _close(run: str) -> None:
    memory.outcome_seen = run


def _sum_up(run: Run, best: Epoch, seconds: float) -> str:
    """How good the kept model is, also beside the model in use, and how long training took."""
    reached = f"{words.percent(best.validation_accuracy)} on {run.validation_images:,} validation digits"
    return (
        f":material/check_circle: **{run.name}: {reached}**{_compare(run, best)}. {run.sentence} "
        f"It took {words.duration(seconds)}."
    )


def _compare(run: Run, best: Epoch) -> str:
    """The run's model compared with the one in use, by validation accuracy; empty where that is unknown."""
    try:
        card = resources.model_card(checkpoint.in_use())
    except checkpoint.CheckpointError:
        return ""
    theirs = card.facts.get("validation_accuracy")
    if not isinstance(theirs, float) or card.name == run.model:
        return ""
    return f", {wording.compare(best.validation_accuracy, theirs, f'the model in use ({card.name})')}"

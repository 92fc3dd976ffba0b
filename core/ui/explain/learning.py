"""How it was learned: the run behind the model, replayed with the digit that is explained."""

from __future__ import annotations

import streamlit as st

from core import words
from core.training import runs, states
from core.training.runs import Run
from core.ui import replay
from core.ui.explain import about, landscape
from core.ui.explain.subject import Shown

memory = st.session_state


def show(shown: Shown) -> None:
    """The run of the model, or another one that kept states."""
    about.show("learning")
    kept = {run.id: run for run in runs.list_runs() if len(states.list_steps(states.find_home(run.id))) > 1}
    if not kept:
        st.info(
            "No run has been trained here that can be replayed; the models that came with Digit Lab were trained "
            "elsewhere. Train one: it takes a minute.",
            icon=":material/info:",
        )
        st.page_link("pages/2_Train.py", label="Train", icon=":material/model_training:")
        return
    own = next((run.id for run in kept.values() if run.model == shown.model.name), None)
    if memory.get("learning_about") != shown.model.name:  # another model: its own run is what one asks about
        memory.learning_about, memory.learning_run = shown.model.name, own or next(iter(kept))
    chosen = st.selectbox(
        "Run", list(kept), format_func=lambda run: _name(kept[run]), key="learning_run", persist_state="session"
    )
    if not own:
        model, run = words.escape_markdown(shown.model.name), words.escape_markdown(kept[chosen].name)
        st.caption(f"{model} kept no states. This is the run {run}.")
    replay.show(kept[chosen], shown.digit.image, "explain")
    landscape.offer(kept[chosen])


def _name(run: Run) -> str:
    return f"{run.name} · {run.status.capitalize()} · {run.created.replace('T', ' ')[:16]}"

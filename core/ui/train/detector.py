"""How things stand with a kept model's out-of-distribution (OOD) detector, which is trained when its run is over."""

from __future__ import annotations

import streamlit as st

from core import words
from core.network import checkpoint
from core.training import wording
from core.training.detectors import BeingTrained, LeftOut, Trained, Untrained
from core.ui import resources, visitor
from core.ui.notices import attempt

NONE = "This model has no out-of-distribution detector: it mistakes more letters and scribbles for digits."


def show(model: str, place: str) -> None:
    """One line, redrawn while the detector is being trained; `place` tells it from others on the page."""
    try:
        state = resources.training_job().detectors.state(model)
    except checkpoint.CheckpointError:  # deleted a moment ago
        return
    match state:
        case Trained():
            st.markdown(":small[It has an out-of-distribution detector.]", help=wording.DETECTOR)
        case BeingTrained():
            _watch(model, place)
        case LeftOut():
            _offer(model, place, f"{NONE} It was left out.")
        case Untrained(sentence):
            _offer(model, place, f"{NONE} {words.escape_markdown(sentence)}".rstrip())


@st.fragment(run_every=1.0)
def _watch(model: str, place: str) -> None:
    detectors = resources.training_job().detectors
    try:
        state = detectors.state(model)
    except checkpoint.CheckpointError:  # deleted a moment ago
        st.rerun()
    if not isinstance(state, BeingTrained):
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall", width="stretch"):
            st.markdown(
                ":small[It can be used now. Its out-of-distribution detector is being trained and joins it by itself.]",
                help=wording.DETECTOR,
            )
            st.progress(state.done)
        if visitor.is_owner():
            st.button(
                "Leave it out",
                icon=":material/skip_next:",
                on_click=attempt,
                args=(detectors.leave_out, model),
                key=f"leave-out-{place}",
                help="Keep the model without the detector. It will mistake more letters and scribbles for digits.",
            )


def _offer(model: str, place: str, sentence: str) -> None:
    """Say that there is none, and offer to train one; a guest only reads it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":small[{sentence}]", help=wording.DETECTOR)
        if visitor.is_owner():
            st.button(
                "Train its detector",
                icon=":material/model_training:",
                on_click=attempt,
                args=(resources.training_job().detectors.train, model),
                key=f"train-detector-{place}",
            )

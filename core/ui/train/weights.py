"""Models that no run on this page made: uploaded weights; and any model to choose or delete."""

from __future__ import annotations

import streamlit as st

from core import words
from core.network import checkpoint
from core.training import runs
from core.ui import notices, visitor
from core.ui.model_choice import offer_model
from core.ui.notices import attempt

PLACE = "weights_notice"  # where it is said what a click here led to

memory = st.session_state


def bring_in() -> None:
    """Upload weights as a model; choose or delete any model; nothing for a guest."""
    if not visitor.is_owner():
        return
    with st.expander("Upload weights", icon=":material/upload:"):
        file = st.file_uploader(
            "A PyTorch state dict of one of the networks above",
            type=["pth", "pt"],
            max_upload_size=checkpoint.LARGEST // 10**6,
            key=f"weights-{memory.get('uploads', 0)}",
            help="As `torch.save(model.state_dict(), path)` writes it. Nothing in the file is ever run.",
        )
        st.caption(f"Up to {checkpoint.LARGEST // 10**6} MB a file: no network of this app is larger.")
        with st.container():  # empty or not: what stands below keeps its place
            notices.show_notice(PLACE)
        if file:
            st.button(
                "Add to the models",
                icon=":material/add:",
                type="primary",
                on_click=_add,
                args=(file.name, file.getvalue()),
            )
        _choose_among_all()


def _choose_among_all() -> None:
    names = [name for name in checkpoint.names() if name != checkpoint.in_use()]
    if not names:
        return
    st.selectbox("Or choose among all models", names, key="other-model", index=None, placeholder="Choose a model")
    name = memory.get("other-model")
    if not name:
        return
    with st.container(horizontal=True):
        offer_model(name, PLACE, label=f"Use {words.escape_markdown(name)}")
        if name not in checkpoint.ALL_SHIPPED:
            with st.popover("Delete", icon=":material/delete:"):
                st.markdown(f"Delete the weights **{words.escape_markdown(name)}**? This can't be undone.")
                st.button("Yes, delete them", type="primary", key="delete-weights", on_click=_delete, args=(name,))


def _add(file: str, content: bytes) -> None:
    """Check the weights and put them among the models; the new one stands chosen in the box of all models."""
    done = "The weights are among the models now; choose below to use them."
    if name := attempt(checkpoint.add, content, file, place=PLACE, done=done):
        memory["other-model"] = name
    memory.uploads = memory.get("uploads", 0) + 1  # a new key empties the uploader


def _delete(name: str) -> None:
    memory["other-model"] = None
    attempt(runs.delete_model, name, place=PLACE, done=f"{words.escape_markdown(name)} is deleted.")

"""The one button that lets a model answer on every page."""

from __future__ import annotations

import streamlit as st

from core.network import checkpoint
from core.ui import resources
from core.ui.notices import PLACE, attempt


def offer_model(name: str, place: str = PLACE, label: str = "Use this model") -> None:
    """A button that lets the model `name` answer from now on; greyed where it does already.

    What the click led to is said where `notices.show_notice(place)` stands. One such button for each place.
    """
    if name == checkpoint.in_use():
        st.button("In use", icon=":material/check:", disabled=True, key=f"use-{place}")
        return
    st.button(
        label,
        icon=":material/swap_horiz:",
        type="primary",
        key=f"use-{place}",
        on_click=attempt,
        args=(resources.use_model, name),
        kwargs={
            "place": place,
            "done": f"{name} is the model in use now: every page and every visitor is answered by it.",
        },
        help="Every page answers with it at once. The way back is on Train.",
    )

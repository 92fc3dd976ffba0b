"""The one button that lets a model answer on every page."""

from __future__ import annotations

import streamlit as st

from core import words
from core.network import checkpoint
from core.ui import resources, visitor
from core.ui.notices import PLACE, attempt


def offer_model(name: str, place: str = PLACE, label: str = "Use this model") -> None:
    """A button that lets the model `name` answer from now on; greyed where it does already; none for a guest.

    What the click led to is said where `notices.show_notice(place)` stands. One such button for each place.
    """
    if name == checkpoint.in_use():
        st.button("In use", icon=":material/check:", disabled=True, key=f"use-{place}")
        offer_way_back(place)
        return
    if not visitor.is_owner():
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
            "done": f"{words.escape_markdown(name)} is the model in use now, on every page and for every visitor.",
        },
        help="Every page answers with it at once. The way back is in the menu.",
    )


def offer_way_back(place: str = PLACE) -> None:
    """A button that lets the model answer which came with the app; nothing where it does already, or is missing.

    What the click led to is said where `notices.show_notice(place)` stands. One such button for each place.
    """
    shipped = checkpoint.SHIPPED
    if visitor.is_owner() and checkpoint.in_use() != shipped and shipped in checkpoint.names():
        st.button(
            f"Back to {shipped}",
            icon=":material/undo:",
            key=f"back-{place}",
            on_click=attempt,
            args=(resources.use_model, shipped),
            kwargs={"place": place, "done": f"{shipped} is the model in use again."},
            help="The model that came with the app answers again, on every page and for every visitor.",
        )

"""A button for each file that can be taken away."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.figures.take_away import Download


def show(
    files: tuple[Download, ...], icon: str, kind: Literal["primary", "secondary", "tertiary"] = "secondary"
) -> None:
    """A button for each file, which is made when the button is pressed."""
    for file in files:
        st.download_button(file.title, file.make, file.name, file.mime, icon=icon, type=kind, on_click="ignore")

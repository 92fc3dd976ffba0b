"""A picture handed from one page to another: what it is, who read it there, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

import streamlit as st

from core.ui import shell

memory = st.session_state


@dataclass(frozen=True)
class Handed:
    """A picture for Predict: its `name`, the `content` of its file, its `label` where somebody gave one, the name of
    the `model` that read it, and `page`, where it comes from, one of `shell.PAGES`, with what stood in its `address`."""

    name: str
    content: bytes
    label: int | None
    model: str
    page: str
    address: dict[str, str] = field(default_factory=lambda: st.query_params.to_dict())


def open_in_predict(handed: Handed) -> NoReturn:
    """Show a picture on Predict, read by the model that read it here."""
    memory.handed = handed
    st.switch_page("pages/1_Predict.py", query_params={"way": "Samples"})


def take() -> Handed | None:
    """The picture that another page handed on, once."""
    handed: Handed | None = memory.pop("handed", None)
    return handed


def show_way_back(handed: Handed) -> None:
    """A link to the page that the picture comes from; what was open there is open again."""
    label = next(label for path, label, _ in shell.PAGES if path == handed.page)
    st.page_link(handed.page, label=f"Back to {label}", icon=":material/arrow_back:", query_params=handed.address)

"""The question "Wrong? It is a …": one click keeps the right digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import words
from core.ui import resources

if TYPE_CHECKING:
    import numpy as np


def offer_correction(digit: np.ndarray, said: str, model: str, version: str, key: str) -> None:
    """One click says what a picture really shows, and keeps it; another click on the same answer takes that back.

    `digit` (28, 28) float32 in [0, 1] as the model read it; `said` its answer, empty for no digit, by `version` of
    `model`. `key` names the place on the page: one place may show one picture after the other.
    """
    from core.my_digits.store import NO_DIGIT, CorrectionsError

    image = (digit * 255).round().astype("uint8")
    try:
        kept = resources.corrections().find(image)
    except CorrectionsError as error:
        st.error(str(error), icon=":material/error:")
        return
    place = f"correct-{key}"
    if done := st.session_state.pop(f"{place}-done", None):  # a fragment's callback may not show anything itself
        text, icon = done
        st.toast(text, icon=icon)
    st.session_state[place] = kept.label if kept else None  # what is kept, not what was pressed for another picture
    st.pills(
        "Wrong? It is a …",
        [*range(10), NO_DIGIT],
        format_func=lambda label: "no digit" if label == NO_DIGIT else str(label),
        key=place,
        on_change=_correct,
        args=(place, image, said, model, version),
        help="Keeps what the model sees, with your answer and the time, in My digits on the computer this app runs on: "
        "a copy of the model can be fine-tuned on them there. Press the same answer again to take it back.",
    )
    if kept:
        st.page_link("pages/4_My_digits.py", label="Kept in My digits", icon=":material/check:")


def _correct(place: str, image: np.ndarray, said: str, model: str, version: str) -> None:
    from core.my_digits.store import CorrectionsError

    try:
        done = _keep_or_take_back(image, st.session_state[place], said, model, version)
        st.session_state[f"{place}-done"] = (done, ":material/check:")
    except CorrectionsError as error:
        st.session_state[f"{place}-done"] = (str(error), ":material/error:")


def _keep_or_take_back(image: np.ndarray, label: int | None, said: str, model: str, version: str) -> str:
    from core.my_digits.store import NO_DIGIT

    mine = resources.corrections()
    kept = mine.find(image)
    if label is None:
        mine.delete([kept.id] if kept else [])
        return "Taken back: this picture is no longer in My digits."
    mine.keep(image, label, said, model, version)
    what = "no digit" if label == NO_DIGIT else words.a_digit(label)
    before = " instead" if kept and kept.label != label else ""
    return f"Kept in My digits as {what}{before}, in the file {mine.place} of this app."

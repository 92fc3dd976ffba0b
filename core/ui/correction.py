"""The question "Wrong? It is a …": one click keeps the right digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import words
from core.ui import notices, resources

if TYPE_CHECKING:
    import numpy as np


def offer_correction(digit: np.ndarray, said: str, model: str, version: str, key: str) -> None:
    """One click says what a picture really shows, and keeps it; another click on the same answer takes that back.

    `digit` (28, 28) float32 in [0, 1] as the model read it; `said` its answer, empty for no digit, by `version` of
    `model`. `key` names the place on the page: one place may show one picture after the other.
    """
    from core.data.labels import NO_DIGIT
    from core.my_digits.store import CorrectionsError

    image = (digit * 255).round().astype("uint8")
    try:
        kept = resources.corrections().find(image)
    except CorrectionsError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    place = f"correct-{key}"
    notices.show_notice(f"{place}-done", as_toast=True)
    st.session_state[place] = kept.label if kept else None  # what is kept, not what was pressed for another picture
    st.pills(
        "Wrong? It is a …",
        [*range(10), NO_DIGIT],
        format_func=lambda label: "no digit" if label == NO_DIGIT else str(label),
        key=place,
        on_change=_correct,
        args=(place, image, said, model, version),
        help="Keeps what the model sees, your answer and the time in My digits, on the computer this app runs on. "
        "There a copy of the model can be fine-tuned on them. Press the same answer again to take it back.",
    )
    if kept:
        st.page_link("pages/4_My_digits.py", label="Kept in My digits", icon=":material/check:")


def _correct(place: str, image: np.ndarray, said: str, model: str, version: str) -> None:
    label, notice = st.session_state[place], f"{place}-done"
    if done := notices.attempt(_keep_or_take_back, image, label, said, model, version, place=notice):
        notices.note(done, notice)


def _keep_or_take_back(image: np.ndarray, label: int | None, said: str, model: str, version: str) -> str:
    from core.data.labels import NO_DIGIT

    mine = resources.corrections()
    kept = mine.find(image)
    if label is None:
        mine.delete([kept.id] if kept else [])
        return "Taken back: this picture is no longer in My digits."
    mine.keep(image, label, said, model, version)
    what = "no digit" if label == NO_DIGIT else words.a_digit(label)
    before = " instead" if kept and kept.label != label else ""
    return f"Kept in My digits as {what}{before}, in the file {mine.place} of this app."

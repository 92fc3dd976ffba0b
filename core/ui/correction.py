"""The question "Wrong? It is a …": one click keeps the right digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import streamlit as st

from core import words
from core.figures import digit_images
from core.ui import notices, resources, visitor

if TYPE_CHECKING:
    import numpy as np


CHECK = "Can you see the digit here? If not, take it back."  # a longer toast is cut off


class PutRight(Protocol):
    """Who hears of a digit that a person puts right: the batch that its picture belongs to."""

    def said(self, at: int) -> int | None:
        """The label that a person gave to the digit in the place `at`; None where nobody did."""

    def say(self, at: int, label: int | None) -> None:
        """A person gives it a label; None takes that back."""


def offer_correction(
    digit: np.ndarray, said: str, model: str, version: str, key: str, put_right: PutRight | None = None, at: int = 0
) -> None:
    """One click says what a picture really shows, and keeps it; another click on the same answer takes that back.

    `digit` (28, 28) float32 in [0, 1] as the model read it; `said` its answer, empty for no digit, by `version` of
    `model`. `key` names the place on the page: one place may show one picture after the other. `put_right` hears of it,
    as what is in the place `at` of its reading.
    """
    from core.data.labels import NO_DIGIT
    from core.my_digits.store import CorrectionsError

    if not visitor.may_keep():
        return
    image = (digit * 255).round().astype("uint8")
    try:
        kept = resources.corrections().find(image)
    except CorrectionsError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    place = f"correct-{key}"
    notices.show_notice(f"{place}-done", as_toast=True)
    # What is kept or was said of this picture, not what was pressed for another one.
    st.session_state[place] = put_right.said(at) if put_right else kept.label if kept else None
    st.pills(
        "Wrong? It is a …",
        [*range(10), NO_DIGIT],
        format_func=lambda label: "no digit" if label == NO_DIGIT else str(label),
        key=place,
        on_change=_correct,
        args=(place, image, said, model, version, put_right, at),
        help="Keeps what the model sees, your answer and the time in My digits, on the computer this app runs on, "
        f"{visitor.who_sees()}. "
        "There a copy of the model can be fine-tuned on them. Press the same answer again to take it back.",
    )
    if kept:
        st.page_link("pages/4_My_digits.py", label="Kept in My digits", icon=":material/check:")


def _correct(
    place: str, image: np.ndarray, said: str, model: str, version: str, put_right: PutRight | None, at: int
) -> None:
    label, notice = st.session_state[place], f"{place}-done"
    if put_right:  # first: it counts even where the disk refuses to keep it
        put_right.say(at, label)
    if done := notices.attempt(_keep_or_take_back, image, label, said, model, version, place=notice):
        notices.note(done, notice)


def _keep_or_take_back(image: np.ndarray, label: int | None, said: str, model: str, version: str) -> str:
    from core.data.labels import NO_DIGIT

    mine = resources.corrections()
    kept = mine.find(image)
    if label is None:
        if kept is None:
            return "Taken back."
        mine.delete([kept.id])
        return "Taken back: this picture is no longer in My digits."
    mine.keep(image, label, said, model, version)
    what = "no digit" if label == NO_DIGIT else words.a_digit(label)
    before = " instead" if kept and kept.label != label else ""
    seen = "" if label == NO_DIGIT else f"\n\n![What was kept]({digit_images.digit_url(image.tobytes())}) {CHECK}"
    return f"Kept in My digits as {what}{before}.{seen}"

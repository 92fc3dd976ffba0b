"""How a person wants one picture read: the controls, folded away, and a chip that says so and takes it off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core import words
from core.config import POLARITIES
from core.reading.batch import UNADJUSTED, Adjustment

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

Change = Callable[[Adjustment], None]

NARROWEST = 2  # percent: a narrower crop holds no digit

memory = st.session_state


@dataclass(frozen=True)
class Adjusting:
    """One picture that may be adjusted: its `key`, how it is read `now`, and what a `change` calls."""

    key: str
    now: Adjustment
    change: Change


def adjusting(key: str, content: bytes) -> Adjusting:
    """For a picture that is in no batch: what is adjusted belongs to this picture alone, of this `content`, in the
    place `key` of the page."""
    adjustments: dict[str, Adjustment] = memory.setdefault("adjustments", {})
    picture = f"{key}-{hash(content)}"
    return Adjusting(picture, adjustments.get(picture, UNADJUSTED), partial(adjustments.__setitem__, picture))


def offer(picture: Adjusting) -> DeltaGenerator:
    """The controls, which are seldom needed, folded away; beside them what they are set to, to be taken off. Gives the
    place among them where the crop is shown, once there is a picture."""
    left, top, right, bottom = (round(100 * share) for share in picture.now.crop or (0, 0, 1, 1))
    polarity, across, down = (f"{part}-{picture.key}" for part in ("polarity", "across", "down"))
    # What the picture is read with, not what was pressed for another one.
    memory[polarity], memory[across], memory[down] = picture.now.polarity, (left, right), (top, bottom)
    touched = partial(_change, polarity, across, down, picture.change)
    with st.popover("Adjust the reading", icon=":material/tune:"):
        st.segmented_control(
            "Ink and paper",
            POLARITIES,
            format_func=lambda polarity: "automatic" if polarity == "auto" else polarity,
            required=True,
            key=polarity,
            on_change=touched,
            help="Which is darker, the ink or the paper? Automatic looks at the picture.",
        )
        frame = st.container()
        st.slider("Crop, left to right", 0, 100, format=words.SLIDER, key=across, on_change=touched)
        st.slider("Crop, top to bottom", 0, 100, format=words.SLIDER, key=down, on_change=touched)
    if picture.now != UNADJUSTED:
        st.button(
            f"Adjusted: {picture.now.text}",
            icon=":material/close:",
            icon_position="right",
            key=f"adjusted-{picture.key}",
            on_click=picture.change,
            args=(UNADJUSTED,),
            help="Read this picture as it is.",
        )
    return frame


def _change(polarity: str, across: str, down: str, change: Change) -> None:
    (left, right), (top, bottom) = _widen(*memory[across]), _widen(*memory[down])
    crop = (left / 100, top / 100, right / 100, bottom / 100)
    change(Adjustment(memory[polarity], None if crop == (0, 0, 1, 1) else crop))


def _widen(low: int, high: int) -> tuple[int, int]:
    """A part of a side, from `low` to `high` percent, wide enough to hold a digit."""
    low = min(low, 100 - NARROWEST)
    return low, max(high, low + NARROWEST)

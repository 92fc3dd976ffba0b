"""Draw a digit: the canvas with its own Undo and Clear beside the answer, which changes as one draws."""

from __future__ import annotations

import json
import zlib
from functools import partial
from typing import Any

import streamlit as st

from core.reading import picture
from core.ui.predict import answer

SIDE = 280  # pixels: fits a phone 320 pixels wide
MOST_UNDOS = 30  # states of the drawing kept to go back to, a few kB each
PAPER, INK = "#ffffff", "#1f2328"  # on a light page and on a dark one: the picture's own

Drawing = tuple[bytes, bytes]  # the strokes as the canvas wants them back, packed; what they look like, as PNG

memory = st.session_state


@st.fragment
def show() -> None:
    """The canvas and the answer to what is on it."""
    with st.container(key="draw"):
        left, right = st.columns([0.42, 0.58], gap="large")
    with left:
        keep_drawing(show_canvas())
        drawing = newest_drawing()
        with st.container(horizontal=True):
            st.button("Undo", icon=":material/undo:", on_click=undo, disabled=not states())
            st.button("Clear", icon=":material/delete:", on_click=clear, disabled=not drawing)
            if drawing:
                st.download_button("Save", drawing[1], "digit.png", "image/png", icon=":material/download:")
    with right:
        if drawing:
            answer.show(partial(picture.read, drawing[1]), "drawing.png", "draw", "As drawn", drawing[1])
        else:
            answer.show_example(
                "Draw a digit: the answer appears here as you draw, with nothing to press. Without mouse or "
                "touch screen, Upload and Samples work with the keyboard."
            )


def renew() -> None:
    """Start a new canvas from what was drawn: one that was out of sight comes back empty under its old key."""
    memory.canvas_version = memory.get("canvas_version", 0) + 1


def show_canvas() -> Any:
    """The canvas itself; gives what the component knows of it."""
    from streamlit_drawable_canvas import st_canvas  # registers its component: only within a running app

    width = st.slider("Stroke width", 4, 30, 16, key="stroke_width", persist_state="session", format="%d px")
    key = f"canvas-{memory.setdefault('canvas_version', 0)}"
    if key not in memory:  # first shown, or shown again after another page, Undo or Clear
        drawing = newest_drawing()
        memory.canvas_start = json.loads(zlib.decompress(drawing[0])) if drawing else None
    return st_canvas(
        stroke_width=width,
        stroke_color=INK,
        background_color=PAPER,
        width=SIDE,
        height=SIDE,
        initial_drawing=memory.canvas_start,
        return_image_data=True,
        key=key,
    )


def states() -> list[Drawing | None]:
    """What was on the canvas in this visit, the oldest first; None where it was cleared."""
    drawings: list[Drawing | None] = memory.setdefault("drawings", [])
    return drawings


def newest_drawing() -> Drawing | None:
    """What is on the canvas now, if there is ink on it."""
    return states()[-1] if states() else None


def keep_drawing(result: Any) -> None:
    """Remember the newest state of the canvas: the component forgets it when another page is opened."""
    if result.json_data is None or result.image_bytes is None:
        return
    newest = None
    if result.json_data.get("objects"):
        newest = (zlib.compress(json.dumps(result.json_data).encode()), result.image_bytes)
    current = newest_drawing()
    if (newest and newest[1]) != (current and current[1]):
        memory.drawings = [*states(), newest][-MOST_UNDOS:]


def undo() -> None:
    """Back to the state before; also brings back what Clear took away."""
    memory.drawings = states()[:-1]
    renew()


def clear() -> None:
    """An empty canvas; the drawing stays within reach of Undo."""
    memory.drawings = [*states(), None][-MOST_UNDOS:]
    renew()

"""Draw a digit: the canvas with its own Undo and Clear beside the answer, which changes while one draws."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from functools import partial
from typing import Any

import streamlit as st

from core.reading import picture
from core.ui.predict import answer

# What the canvas itself can't do; each part is small.
# - Its tool bar lies over the page and has an Undo and a mode of its own: hidden, ours are below the canvas.
# - It has no name for a screen reader.
# - A button that is pressed and then has nothing more to do drops the keyboard's focus at the top of the page: the next
#   button that can be pressed takes it.
# - A reload forgets the drawing: the browser keeps it as long as its tab lives, and hands it back once.
# - It sends nothing before the pen is lifted: this sends what it looks like meanwhile, once the last was answered.
# - It sends a stroke 200 ms after the pen was lifted, and never when it is out of sight by then: what is pressed sooner
#   is pressed once more when the stroke has left.
AROUND = """
const KEPT = "digit-lab-drawing", EVERY = 150, SENT_AFTER = 300; // milliseconds
const state = (window.digitLabCanvas ??= { isFirst: true, isDown: false, isAsking: false, focused: null });

function findRoot() {
  for (const host of document.querySelectorAll(".st-key-pad *")) {
    const root = host.shadowRoot;
    if (root?.querySelector(".dc-root")) return root;
  }
}

function furnish() {
  const root = findRoot();
  const canvas = root?.querySelector("canvas.upper-canvas");
  if (!canvas || canvas.hasAttribute("aria-label")) return;
  const style = document.createElement("style");
  style.textContent = ".dc-toolbar { display: none !important; }";
  root.append(style);
  canvas.setAttribute("role", "img");
  canvas.tabIndex = -1;
  canvas.setAttribute("aria-label", "Your drawing. Draw a digit here with a mouse, a finger or a pen.");
  root.querySelectorAll("canvas:not(.upper-canvas)").forEach((other) => other.setAttribute("aria-hidden", "true"));
  canvas.addEventListener("pointerdown", () => { state.isDown = true; state.since = performance.now(); });
}

function refocus() {
  const isDone = state.isOurs && (state.focused.disabled || !state.focused.isConnected);
  if (isDone && [document.body, state.focused, null].includes(document.activeElement))
    (document.querySelector(".st-key-pad button:not(:disabled)") ?? findRoot()?.querySelector(".upper-canvas"))
      ?.focus();
}

function look() {
  const root = findRoot();
  const [below, above] = ["lower", "upper"].map((name) => root?.querySelector(`canvas.${name}-canvas`));
  if (!below || !above) return;
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [SIDE, SIDE];
  const pen = sheet.getContext("2d");
  pen.fillStyle = "PAPER";
  pen.fillRect(0, 0, SIDE, SIDE);
  for (const layer of [below, above]) pen.drawImage(layer, 0, 0, SIDE, SIDE);
  return sheet.toDataURL("image/png");
}

function work() {
  furnish();
  refocus();
  if (!state.isDown || state.isAsking || performance.now() - state.since < EVERY) return;
  const seen = look();
  if (!seen || seen === state.seen) return;
  [state.seen, state.isAsking] = [seen, true];
  state.send("meanwhile", seen);
}

const lift = () => {
  if (state.isDown) state.lifted = performance.now();
  state.isDown = false;
};
const hold = (event) => {
  const pressed = event.target.closest?.("a, button, label");
  const left = (state.lifted ?? -Infinity) + SENT_AFTER - performance.now();
  if (!pressed || left <= 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  setTimeout(() => pressed.click(), left);
};
const remember = ({ target }) => {
  [state.focused, state.isOurs] = [target, target.tagName === "BUTTON" && Boolean(target.closest(".st-key-pad"))];
};

export default function ({ data, setTriggerValue }) {
  if (data.kept) sessionStorage.setItem(KEPT, data.kept);
  else if (!state.isFirst) sessionStorage.removeItem(KEPT);
  else if (sessionStorage.getItem(KEPT)) setTriggerValue("restored", sessionStorage.getItem(KEPT));
  [state.isFirst, state.isAsking, state.send] = [false, false, setTriggerValue];
  furnish();
  clearInterval(state.timer); // this runs again after every answer
  state.timer = setInterval(work, EVERY);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, lift);
  document.addEventListener("focusin", remember);
  document.addEventListener("click", hold, true);
  return () => clearInterval(state.timer);
}
"""
SIDE = 280  # pixels: fits a phone 320 pixels wide
STROKE = 16  # pixels
MOST_BYTES = 10**6  # of strokes that a browser hands back, unpacked
MOST_UNDOS = 30  # states of the drawing kept to go back to, a few kB each
PAPER, INK = "#ffffff", "#1f2328"  # on a light page and on a dark one: the picture's own

Drawing = tuple[bytes, bytes]  # the strokes as the canvas wants them back, packed; what they look like, as PNG

memory = st.session_state


@st.fragment
def show() -> None:
    """The canvas and the answer to what is on it."""
    left, right = st.columns([0.42, 0.58], gap="large")
    with left.container(key="pad"):
        strip = st.container(key="strip")
        keep_drawing(show_canvas())
        drawing = newest_drawing()
        with st.container(horizontal=True):
            st.button("Undo", icon=":material/undo:", on_click=undo, disabled=not states())
            st.button("Clear", icon=":material/delete:", on_click=clear, disabled=not drawing)
            if drawing:
                st.download_button("Save", drawing[1], "digit.png", "image/png", icon=":material/download:")
        st.slider("Stroke width", 4, 30, key="stroke_width", persist_state="session", format="%d px", width=SIDE)
        seen = go_along(drawing) or (drawing[1] if drawing else b"")
    reading = None
    with right:
        if seen:
            reading = answer.show(partial(picture.read, seen), "drawing.png", "draw", answer.DRAWN, seen)
        else:
            answer.show_example(
                "Draw a digit: the answer appears here while you draw. Without a mouse or touch screen, use Upload or "
                "Samples: both work with the keyboard."
            )
    with strip:
        answer.show_strip(reading)


def renew() -> None:
    """Start a new canvas from what was drawn: one that was out of sight comes back empty under its old key."""
    memory.canvas_version = memory.get("canvas_version", 0) + 1


def show_canvas() -> Any:
    """The canvas itself; gives what the component knows of it."""
    from streamlit_drawable_canvas import st_canvas  # registers its component: only within a running app

    key = f"canvas-{memory.setdefault('canvas_version', 0)}"
    if key not in memory:  # first shown, or shown again after another page, Undo or Clear
        drawing = newest_drawing()
        memory.canvas_start = json.loads(zlib.decompress(drawing[0])) if drawing else None
    return st_canvas(
        stroke_width=memory.setdefault("stroke_width", STROKE),  # its slider is below, out of the way
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


def go_along(drawing: Drawing | None) -> bytes | None:
    """See to what the canvas itself can't do (`AROUND`); gives what it looks like in the middle of a stroke, as PNG."""
    kept = json.dumps([base64.b64encode(part).decode() for part in drawing]) if drawing else ""
    script = AROUND.replace("SIDE", str(SIDE)).replace("PAPER", PAPER)
    mount = st.components.v2.component("digit_lab_around_canvas", js=script)  # known to the running app alone
    given = mount(
        key="around-canvas",
        data={"kept": kept, "answered": memory.get("meanwhile_answered", 0)},  # what doesn't change isn't sent
        on_restored_change=restore_drawing,
        on_meanwhile_change=count_answer,
    )
    return unpack_picture(given.meanwhile) if given.get("meanwhile") else None


def count_answer() -> None:
    """Let the browser send what the canvas looks like now: what it sent before is being answered."""
    memory.meanwhile_answered = memory.get("meanwhile_answered", 0) + 1


def unpack_picture(address: str) -> bytes | None:
    """The bytes in a data address; None where it is none."""
    try:
        return base64.b64decode(address.partition(";base64,")[2], validate=True) or None
    except binascii.Error:
        return None


def restore_drawing() -> None:
    """Go on with the drawing that the browser kept over a reload; what can't be read is forgotten."""
    if states():
        return
    try:
        strokes, looks = (
            base64.b64decode(part, validate=True) for part in json.loads(memory["around-canvas"].restored)
        )
        objects = json.loads(zlib.decompressobj().decompress(strokes, MOST_BYTES))["objects"]
        picture.read(looks)
    except (ValueError, TypeError, KeyError, zlib.error, picture.PictureError):
        return
    if isinstance(objects, list) and objects:
        memory.drawings = [(strokes, looks)]
        renew()


def undo() -> None:
    """Back to the state before; also brings back what Clear took away."""
    memory.drawings = states()[:-1]
    renew()


def clear() -> None:
    """An empty canvas; the drawing stays within reach of Undo."""
    memory.drawings = [*states(), None][-MOST_UNDOS:]
    renew()

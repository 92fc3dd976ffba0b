"""The straightened picture of a sheet with its cells to click on; those to look at are boxed and carry a mark."""

from __future__ import annotations

import base64
from collections.abc import Callable

import streamlit as st

from core.sheets.stack import InHand, Place

# Arrow keys go from cell to cell, as in a table; the Tab key passes all of them in one step.
CELLS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".sheet");
  const focused = place.contains(place.getRootNode().activeElement);
  place.replaceChildren();
  const picture = document.createElement("img");
  picture.src = data.picture;
  picture.alt = data.alt;
  place.append(picture);
  const buttons = new Map();
  for (const cell of data.cells) {
    const button = document.createElement("button");
    const [left, top, width, height] = cell.box;
    Object.assign(button.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
    const chosen = cell.row === data.chosen[0] && cell.column === data.chosen[1];
    button.className = (cell.doubt ? "doubt " : "") + (chosen ? "chosen" : "");
    button.setAttribute("aria-label", cell.label);
    button.setAttribute("aria-pressed", String(chosen));
    button.title = cell.label;
    button.tabIndex = chosen || (!buttons.size && data.chosen[0] < 0) ? 0 : -1;
    button.onclick = () => setTriggerValue("cell", [cell.row, cell.column]);
    button.onkeydown = (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      const next = step && buttons.get(`${cell.row + step[0]},${cell.column + step[1]}`);
      if (next) { next.focus(); event.preventDefault(); }
    };
    buttons.set(`${cell.row},${cell.column}`, button);
    place.append(button);
    if (chosen && focused) button.focus();
  }
}
"""
STYLE = """
.sheet { position: relative; line-height: 0; }
.sheet img { width: 100%; height: auto; border-radius: 4px; }
.sheet button { position: absolute; background: none; border: 0; padding: 0; cursor: pointer; }
.sheet button:hover { box-shadow: inset 0 0 0 2px #1c6fd1; }
.sheet button:focus-visible { outline: 3px solid #1c6fd1; outline-offset: 1px; }
.sheet .doubt { border: 2px dashed #b84a00; background: rgba(255, 180, 60, .22); }
.sheet .doubt::after { content: "?"; position: absolute; top: 0; right: 0; background: #b84a00; color: #fff;
  font: bold 12px/15px sans-serif; padding: 0 4px; }
.sheet .chosen { border: 3px solid #1c6fd1; }
"""


def show(one: InHand, chosen: Place | None, on_choose: Callable[[Place], None]) -> None:
    """The picture of one sheet; `on_choose` hears of a click on a cell."""
    assert one.sheet is not None, "a refused file has no picture"
    high, wide = one.sheet.picture.shape[:2]
    doubtful, rows = set(one.doubtful), one.rows
    cells = []
    for cell in one.sheet.cells:
        x, y, width, height = cell.box
        place = cell.row, cell.column
        text = (rows[cell.row][cell.column] or "empty") + (", to check" if place in doubtful else "")
        cells.append(
            {
                "row": cell.row,
                "column": cell.column,
                "box": [100 * x / wide, 100 * y / high, 100 * width / wide, 100 * height / high],
                "doubt": place in doubtful,
                "label": f"Row {cell.row + 1}, column {cell.column + 1}: {text}",
            }
        )
    mount = st.components.v2.component(  # known to the running app alone
        "digit_lab_sheet", html='<div class="sheet"></div>', css=STYLE, js=CELLS
    )
    mount(
        key="sheet-picture",
        data={
            "picture": "data:image/jpeg;base64," + base64.b64encode(one.sheet.packed).decode(),
            "alt": "The sheet, straightened",
            "cells": cells,
            "chosen": list(chosen) if chosen else [-1, -1],
        },
        on_cell_change=lambda: _tell(on_choose),
    )


def _tell(on_choose: Callable[[Place], None]) -> None:
    row, column = st.session_state["sheet-picture"].cell
    on_choose((int(row), int(column)))

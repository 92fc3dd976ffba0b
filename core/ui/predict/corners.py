"""The corners of a sheet, typed by a person where it was not found by itself."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from core.reading import picture as pictures
from core.sheets.settings import SHEET
from core.sheets.stack import InHand

NAMES = ("Top left", "Top right", "Bottom right", "Bottom left")
WHOLE = ((0, 0), (100, 0), (100, 100), (0, 100))  # percent of the picture's width and height
LINE = (28, 111, 209)  # blue
LEAST = 0.01  # of the picture: a smaller part is no sheet
SHOWN = 640  # pixels: longer side of the picture with its corners


def offer(one: InHand, read_again: Callable[[InHand, bytes], None]) -> None:
    """Four corners to type, with the picture beside them, and a button that reads what lies inside; closed at first."""
    if one.load is None or not st.toggle("Not found right? Say where its corners are", key=f"corners-{one.name}"):
        return
    picture = pictures.read(one.load(), SHEET.side)
    left, right = st.columns([0.4, 0.6])
    with left:
        table = st.data_editor(
            pd.DataFrame(WHOLE, index=list(NAMES), columns=["Left, %", "Top, %"]),
            key=f"corners-table-{one.name}",
            column_config={
                name: st.column_config.NumberColumn(name, min_value=0, max_value=100, step=0.5, required=True)
                for name in ("Left, %", "Top, %")
            },
            alt="The four corners of the sheet",
        )
        corners = table.to_numpy(dtype=np.float32) / 100
        is_open = cv2.isContourConvex((corners * 1000).astype(np.int32)) and cv2.contourArea(corners) > LEAST
        if not is_open:
            st.warning("These corners cross. They go round the sheet, clockwise.", icon=":material/edit:")
        if st.button("Read it again", icon=":material/crop_free:", disabled=not is_open):
            from core.sheets.layout import cut_out

            part = cut_out(picture, corners)
            done, packed = cv2.imencode(".png", part.colours[..., ::-1])
            assert done, "any picture can be packed"
            read_again(one, packed.tobytes())
            st.rerun()
    with right:
        st.image(_draw(picture.colours, corners), alt="The picture as it came, with the corners")


def _draw(colours: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) uint8, small, with the corners' outline."""
    scale = min(1.0, SHOWN / max(colours.shape[:2]))
    small = cv2.resize(colours, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points = (corners * np.array(small.shape[1::-1])).round().astype(np.int32)
    cv2.polylines(small, [points], True, LINE, 3, cv2.LINE_AA)
    for number, point in enumerate(points):
        cv2.circle(small, tuple(map(int, point)), 9, LINE, -1, cv2.LINE_AA)
        at = int(point[0]) - 4, int(point[1]) + 5
        cv2.putText(small, str(number + 1), at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return small

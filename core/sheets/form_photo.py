"""Finds a printed form in a photograph: its corner marks, which form it is, and where its boxes are."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.sheets import form_store
from core.sheets.form import CODE, CODE_AT, MARKS, PAGE, PREFIX, Form, FormError, find_mark_corners
from core.sheets.grid import Span
from core.sheets.straight import Straight

DENSITY = 8.0  # pixels a mm: a box of 9 mm has 72
RULE = 0.25  # mm: thickness of a box's sides
FEWEST = 3  # corner marks that are enough: one may be torn off or covered by a thumb


@dataclass(frozen=True, eq=False)
class FoundForm:
    """A form in a photograph: which one, the `straight` page with a cell for each box, and how many corner marks were
    seen."""

    form: Form
    straight: Straight
    marks: int


def find_form(colours: np.ndarray) -> FoundForm | None:
    """The form in a picture (H, W, 3) uint8; None where there are no corner marks. Raises `FormError` where there are
    some, but which form it is can't be told, or it isn't known here."""
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    corners, numbers, _ = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(MARKS)).detectMarkers(grey)
    seen = [] if numbers is None else [int(number) for number in np.asarray(numbers).ravel()]
    known = {number: np.asarray(one).reshape(4, 2) for number, one in zip(seen, corners, strict=True) if number < 4}
    if len(known) < 2:
        return None
    if len(set(seen)) < len(seen):
        raise FormError("There are two forms in this picture. Take each one by itself.")
    if len(known) < FEWEST:
        raise FormError("Two corner marks of this form are missing. Take the whole page, with nothing on its corners.")
    given = np.concatenate([known[number] for number in sorted(known)]).astype(np.float32)
    wanted = np.concatenate([find_mark_corners(number) for number in sorted(known)]).astype(np.float32)
    matrix, _ = cv2.findHomography(given, wanted * DENSITY)
    if matrix is None:
        raise FormError("The corner marks of this form don't lie as they should. Take it again, flat and from above.")
    size = round(PAGE[0] * DENSITY), round(PAGE[1] * DENSITY)
    flat = cv2.warpPerspective(colours, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    form = form_store.find(_read_key(flat))
    return FoundForm(form, _lay_out(form, flat), len(known))


def _read_key(flat: np.ndarray) -> str:
    """The key in the QR code of a flat page (H, W, 3) uint8. Raises `FormError` where it can't be read."""
    x, y, side = (round(length * DENSITY) for length in (CODE_AT[0] - 4, CODE_AT[1] - 4, CODE + 8))
    part = cv2.cvtColor(flat[max(0, y) : y + side, x : x + side], cv2.COLOR_RGB2GRAY)
    for way in (part, cv2.GaussianBlur(part, (0, 0), 1.5), cv2.equalizeHist(part)):
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(way)
        if text.startswith(PREFIX):
            return str(text.removeprefix(PREFIX))
    raise FormError(
        "The QR code of this form can't be read. Take it again: sharp, with light on its upper right corner."
    )


def _lay_out(form: Form, flat: np.ndarray) -> Straight:
    """The page with a cell for each box of a form."""
    boxes = form.boxes
    across = sorted({round(edge * DENSITY, 1) for box in boxes for edge in (box.x, box.x + box.side)})
    down = sorted({round(edge * DENSITY, 1) for box in boxes for edge in (box.y, box.y + box.side)})
    cells = tuple(Span(down.index(round(box.y * DENSITY, 1)), across.index(round(box.x * DENSITY, 1))) for box in boxes)
    return Straight(flat, np.array(across), np.array(down), cells, RULE * DENSITY)

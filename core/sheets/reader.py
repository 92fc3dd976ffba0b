"""Reads a sheet: its structure first, then what stands in every cell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np

from core.network.checkpoint import Checkpoint
from core.network.prediction import Verdict
from core.reading import picture as pictures
from core.reading.mnist_form import Box
from core.reading.picture import Picture
from core.reading.reader import Reading, read, read_parts
from core.sheets.cells import Cell, to_part
from core.sheets.form import COLLECTION, Form
from core.sheets.layout import Layout, find_layout
from core.sheets.settings import SHEET
from core.sheets.sheet import EMPTY, NO_DIGIT, ReadCell, Sheet

HIGHEST_MARK = 20
UNTOLD = "The digits are clear; a point, a sign or other ink in the cell is not."
NO_NUMBER = "Left empty: words, or a number that was crossed out."


def read_cells(checkpoint: Checkpoint, layout: Layout) -> Iterator[ReadCell]:
    """What stands in each cell, one after the other in reading order."""
    written = [cell for cell in layout.cells if cell.is_written]
    readings = read_parts(checkpoint, [to_part(cell) for cell in written], "one" if layout.form else "auto")
    for cell, place in zip(layout.cells, layout.places, strict=True):
        box = layout.straight.box(cell.span)
        if not cell.is_written:
            yield _leave_empty(cell, place, box)
            continue
        reading, is_guess = next(readings), False
        if not reading.text and not layout.form and cell.is_seen and min(place) > 0:
            # Where numbers are expected what looks like several digits is one, though it may be words.
            number = next(read_parts(checkpoint, [to_part(cell)], "number"))
            is_guess = all(digit.prediction.verdict is not Verdict.NO_DIGIT for digit in number.digits)
            reading = number if is_guess else reading
        yield _conclude_cell(cell, reading, place, box, is_guess)


def read_sheet(checkpoint: Checkpoint, picture: Picture) -> Sheet | None:
    """Read the sheet in a picture; None where there is none."""
    layout = find_layout(checkpoint, picture)
    return None if layout is None else conclude(checkpoint, layout, tuple(read_cells(checkpoint, layout)))


def read_file(checkpoint: Checkpoint, content: bytes) -> Sheet:
    """Read the sheet in a picture file; where there is none, whatever else it shows becomes a table of one cell, which
    says so. Raises `PictureError` for a file that is no picture, `FormError` for a form that isn't known."""
    picture = pictures.read(content, SHEET.side)
    return read_sheet(checkpoint, picture) or read_other(checkpoint, pictures.read(content))


def read_other(checkpoint: Checkpoint, picture: Picture) -> Sheet:
    """A picture without a sheet as a table of one cell: the number or the digit in it."""
    reading = read(checkpoint, picture)
    kind = "a number" if reading.is_number else "one digit" if reading.text else "no number"
    remark = f"No table found; this looks like {kind}. Is all of the sheet in the picture, in focus and well lit?"
    high, wide = picture.colours.shape[:2]
    cell = ReadCell(
        *(0, 0, reading.text, reading.confidence, reading.verdict, reading.sentence),
        (0, 0, wide, high),
        reading.digits,
    )
    return Sheet(_pack(picture.colours), (cell,), (1, 1), checkpoint.name, checkpoint.version, remark)


def conclude(checkpoint: Checkpoint, layout: Layout, cells: tuple[ReadCell, ...]) -> Sheet:
    """The sheet with all its cells read."""
    packed = _pack(layout.straight.colours)
    if layout.form and layout.form != COLLECTION:
        cells = tuple(_join(layout.form, list(boxes)) for _, boxes in itertools.groupby(cells, _place))
    return Sheet(packed, cells, layout.shape, checkpoint.name, checkpoint.version, layout.remark, layout.form)


def _place(cell: ReadCell) -> tuple[int, int]:
    return cell.row, cell.column


def _join(form: Form, boxes: list[ReadCell]) -> ReadCell:
    """The boxes of one field of a form as one cell."""
    first, column = boxes[0], form.columns[boxes[0].column]
    x, y, _, _ = first.box
    box = x, y, boxes[-1].box[0] + boxes[-1].box[2] - x, first.box[3]
    if column.kind == "tick":
        is_ticked = any(one.verdict != EMPTY for one in boxes)
        return ReadCell(
            first.row, first.column, "x" if is_ticked else "", 1.0, "digit" if is_ticked else EMPTY, "", box
        )
    text = "".join(one.text for one in boxes)
    if column.kind == "decimal" and boxes[-1].text:
        text = f"{text[: -len(boxes[-1].text)] or '0'}.{boxes[-1].text}"
    filled = [at for at, one in enumerate(boxes) if one.verdict != EMPTY]
    if not filled:
        return ReadCell(first.row, first.column, "", 1.0, EMPTY, "", box)
    whole = boxes[:-1] if column.kind == "decimal" else boxes
    # Nobody leaves a box empty between two digits.
    inside = [at for at in filled if at < len(whole)]
    is_whole = not inside or inside == list(range(inside[0], inside[-1] + 1))
    is_sure = is_whole and all(one.verdict in ("digit", EMPTY) and len(one.text) < 2 for one in boxes)
    is_allowed = column.kind != "mark" or (text.isdecimal() and int(text) <= HIGHEST_MARK)
    confidence = float(np.prod([boxes[at].confidence for at in filled]))
    remarks = [boxes[at].remark for at in filled if boxes[at].verdict != "digit"]
    remarks += [] if is_allowed else [f"A mark goes from 0 to {HIGHEST_MARK}."]
    remarks += [] if is_whole else ["A box between two digits is empty."]
    verdict = NO_DIGIT if not text else "digit" if is_sure and is_allowed else "unsure"
    digits = tuple(digit for one in boxes for digit in one.digits)
    remark = " ".join(remarks) or "Sure."
    return ReadCell(first.row, first.column, text, confidence, verdict, remark, box, digits)


def _pack(colours: np.ndarray) -> bytes:
    """A picture (H, W, 3) uint8 as JPEG: of 200 sheets in hand the pixels would be 2 GB."""
    is_done, packed = cv2.imencode(".jpg", colours[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert is_done, "any picture can be packed"
    return packed.tobytes()


def _leave_empty(cell: Cell, place: tuple[int, int], box: Box) -> ReadCell:
    remark = {"dash": "A dash, read as empty.", "ditto": "A ditto mark, read as empty."}.get(cell.sign, "")
    return ReadCell(*place, "", 1.0, EMPTY, remark, box)


def _conclude_cell(cell: Cell, reading: Reading, place: tuple[int, int], box: Box, is_guess: bool) -> ReadCell:
    text, is_sure = to_text(reading, cell.ink)
    if not text and not cell.is_seen:
        # What stands out, the network takes for paper, and the model for no digit: a stain, or what is left of a rule.
        return ReadCell(*place, "", 1.0 - reading.confidence, EMPTY, "", box)
    if not text:
        return ReadCell(
            *place, "", reading.confidence, NO_DIGIT, f"{NO_NUMBER} {reading.sentence}", box, reading.digits
        )
    verdict = "digit" if is_sure and not is_guess else "unsure"
    said = UNTOLD if verdict == "unsure" and reading.verdict == "digit" else reading.sentence
    return ReadCell(*place, text, reading.confidence, verdict, said, box, reading.digits)


def to_text(reading: Reading, ink: np.ndarray) -> tuple[str, bool]:
    """A reading as a cell's text, with its decimal point and its minus, and whether all of it is sure; `ink` (h, w)
    bool is the cell's own."""
    if not reading.digits or not reading.text or len(reading.lines) > 1:
        return reading.text, False
    letters = [str(digit.digit) for digit in reading.digits]
    is_told = not getattr(reading.found, "others", ())
    points = set()
    is_negative = False
    for sign in (*getattr(reading.found, "signs", ()), *getattr(reading.found, "kept", ())):
        if sign.name in ("dot", "comma") and 0 < sign.after < len(letters):
            points.add(sign.after)
        elif sign.name == "minus" and sign.after == 0:
            is_negative = True
        else:
            is_told = False
    # The reader leaves out marks finer than the pen; in a table one at the foot between two digits is seldom a speck.
    fine = _find_points(reading, ink) - points
    for after in sorted(points | fine, reverse=True):
        letters.insert(after, ".")
    is_sure = is_told and not fine and not reading.doubtful and reading.rival is None
    if len(letters) > 1:
        is_sure &= all(digit.confidence >= SHEET.sure_digit for digit in reading.digits)
    return ("-" if is_negative else "") + "".join(letters), is_sure and letters.count(".") < 2


def _find_points(reading: Reading, ink: np.ndarray) -> set[int]:
    """Behind how many digits a small mark stands at the foot of the line, between two of them."""
    boxes = [digit.box for digit in reading.digits]
    height = float(np.median([box[3] for box in boxes]))
    foot = float(np.median([box[1] + box[3] for box in boxes]))
    _, _, stats, centres = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    found = set()
    for (_, y, _, high, area), (x, _) in zip(stats[1:], centres[1:], strict=True):
        if high < SHEET.point * height and area > SHEET.point_area * height**2 and y > foot - 0.5 * height:
            for at, (one, other) in enumerate(itertools.pairwise(boxes)):
                if one[0] + one[2] <= x <= other[0]:
                    found.add(at + 1)
    return found

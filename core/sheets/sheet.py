"""Reads a sheet: its structure, and what stands in every cell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from core.network.checkpoint import Checkpoint
from core.network.prediction import Verdict, predict
from core.reading import picture as pictures
from core.reading.mnist_form import Box, Trail, fit
from core.reading.picture import Picture
from core.reading.reader import Digit, Reading, read
from core.sheets.alignment import align, flatten
from core.sheets.cells import Cell, cut
from core.sheets.form import COLLECTION, Form
from core.sheets.form_photo import FoundForm, find_form
from core.sheets.grid import Grid, find_grid
from core.sheets.outlines import Corners, find_dark, find_outlines
from core.sheets.settings import SHEET
from core.sheets.straight import Straight, straighten
from core.sheets.turn import find_turn

EMPTY = "empty"
HIGHEST_MARK = 20
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ReadCell:
    """What was read in one cell: the `text`, "" where there is no number; how sure, 0 to 1; the `verdict` "digit",
    "unsure", "no digit" or "empty"; a `remark` in words, and the `digits` with their images. `box` (x, y, width and
    height in pixels) is its place in the straightened picture."""

    row: int
    column: int
    text: str
    confidence: float
    verdict: str
    remark: str
    box: Box
    digits: tuple[Digit, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """Whether somebody should look at it."""
        return self.verdict == "unsure"


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet that was read: `packed` is the straightened picture, turned upright, as JPEG, and the `cells` stand in
    reading order, in a table of `shape` rows and columns; a place without a cell belongs to a merged one, or to none.
    `model` and `version` say who read it, `remark` what there is to say of it; `form` is the printed form that it is,
    None where it is none."""

    packed: bytes
    cells: tuple[ReadCell, ...]
    shape: tuple[int, int]
    model: str
    version: str
    remark: str = ""
    form: Form | None = None

    @property
    def picture(self) -> np.ndarray:
        """The straightened picture, (H, W, 3) uint8."""
        unpacked = cv2.imdecode(np.frombuffer(self.packed, np.uint8), cv2.IMREAD_COLOR)
        assert unpacked is not None, "what was packed here is a picture"
        return np.ascontiguousarray(unpacked[..., ::-1])

    @property
    def is_collection(self) -> bool:
        """Whether it is the ready form that collects handwriting."""
        return self.form == COLLECTION

    @property
    def rows(self) -> list[list[str]]:
        """The texts, row by row; "" where a cell is empty."""
        return self._spread("", [cell.text for cell in self.cells])

    @property
    def boxes(self) -> list[list[Box | None]]:
        """The places of the cells in the straightened picture, in the shape of `rows`."""
        places: list[Box | None] = [cell.box for cell in self.cells]
        return self._spread(None, places)

    @property
    def confidences(self) -> list[list[float]]:
        """How sure each text is, 0 to 1, in the shape of `rows`."""
        return self._spread(0.0, [cell.confidence for cell in self.cells])

    @property
    def verdicts(self) -> list[list[str]]:
        """The verdict on each cell, in the shape of `rows`."""
        return self._spread(EMPTY, [cell.verdict for cell in self.cells])

    @property
    def doubtful(self) -> tuple[int, ...]:
        """Which cells somebody should look at, counted from 0 in reading order."""
        return tuple(at for at, cell in enumerate(self.cells) if cell.is_doubtful)

    def _spread(self, missing: T, values: list[T]) -> list[list[T]]:
        table = [[missing] * self.shape[1] for _ in range(self.shape[0])]
        for cell, value in zip(self.cells, values, strict=True):
            table[cell.row][cell.column] = value
        return table


@dataclass(frozen=True, eq=False)
class Layout:
    """The structure of a sheet before it is read: the straightened and upright picture, its cells cut out, and where
    in a table of `shape` each one stands. Cells of one place are boxes for one digit each, of a `form`."""

    straight: Straight
    cells: tuple[Cell, ...]
    places: tuple[tuple[int, int], ...]
    shape: tuple[int, int]
    remark: str = ""
    form: Form | None = None


def find_layout(checkpoint: Checkpoint, picture: Picture) -> Layout | None:
    """The structure of the sheet in a picture, or None where there is none: no rules that form cells, and no several
    numbers that stand in line. Raises `FormError` for a printed form that isn't known."""
    found = find_form(picture.colours)
    if found:
        return _lay_out_form(found)
    dark = find_dark(picture.colours)
    outlines = find_outlines(picture.colours, dark)
    grids = [grid for corners in outlines if (grid := find_grid(dark, corners))]
    best = max(grids, key=lambda grid: grid.worth, default=None)
    if best is None or 1 in best.shape:
        # One long cell beside the other: rules in one direction, with lines of writing between them.
        aligned = _find_without_rules(checkpoint, picture, outlines, dark.scale)
        if best is None or (aligned and len(aligned.cells) > len(best.cells)):
            return aligned
    # Seen from the front its rules are level, and strokes of digits less like them.
    nearer = find_grid(dark, best.corners)
    best = nearer if nearer is not None and nearer.worth >= best.worth else best
    straight = straighten(picture.colours, best, dark.scale)
    cells = cut(straight)
    written = [cell for cell in cells if cell.is_written]
    if written and np.mean([cell.is_crossed for cell in written]) > SHEET.most_crossed:
        return None  # squared paper
    quarters, _ = find_turn(checkpoint, cells)
    if quarters:
        straight = straight.turned(quarters)
        cells = cut(straight)
    return lay_out(straight, cells, _say_others(grids, best))


def _find_without_rules(
    checkpoint: Checkpoint, picture: Picture, outlines: list[Corners], scale: float
) -> Layout | None:
    """Numbers that stand in line, whichever way is up: of the ways to see them one that looks like digits."""
    seen: list[tuple[float, Layout]] = []
    for corners in outlines[-2:]:  # the page, where one was found, and the whole picture
        for quarters in (0, 1):
            straight = align(flatten(picture.colours, corners / scale), quarters)
            if straight is None:
                continue
            cells = cut(straight)
            turn, log_odds = find_turn(checkpoint, cells)
            if turn % 2 == 0 and log_odds > SHEET.least_digits:
                straight = straight.turned(turn)
                seen.append((log_odds, lay_out(straight, cut(straight) if turn else cells)))
    # The page alone holds nothing of the desk: it counts where it looks about as much like digits.
    highest = max((log_odds for log_odds, _ in seen), default=0.0)
    return next((layout for log_odds, layout in seen if log_odds > highest - SHEET.about), None)


def _lay_out_form(found: FoundForm) -> Layout:
    """A printed form: one place for each field, and a row of places where a field collects handwriting."""
    boxes, form = found.form.boxes, found.form
    cells = tuple(cut(found.straight))
    is_collection = form == COLLECTION
    places = tuple(
        (box.row, at % COLLECTION.columns[0].boxes if is_collection else box.field) for at, box in enumerate(boxes)
    )
    shape = len(form.labels), COLLECTION.columns[0].boxes if is_collection else len(form.columns)
    remark = "" if found.marks == 4 else "One corner mark is missing: look whether the boxes lie where they should."
    return Layout(found.straight, cells, places, shape, remark, form)


def lay_out(straight: Straight, cells: list[Cell], remark: str = "") -> Layout:
    """Where in a table each cell stands, by where it begins: rows and columns without any cell, the gaps between boxes,
    don't count, and where a rule was found in two pieces its cells still stand beside each other."""
    boxes = [straight.box(cell.span) for cell in cells]
    columns, rows = (_rank([box[axis] for box in boxes], [box[axis + 2] for box in boxes]) for axis in (0, 1))
    places = tuple(zip(rows, columns, strict=True))
    if len(set(places)) < len(places):  # two cells in one place would lose one
        rows = [sorted({cell.span.row for cell in cells}).index(cell.span.row) for cell in cells]
        columns = [sorted({cell.span.column for cell in cells}).index(cell.span.column) for cell in cells]
        places = tuple(zip(rows, columns, strict=True))
    return Layout(straight, tuple(cells), places, (max(rows) + 1, max(columns) + 1), remark)


def _rank(starts: list[int], lengths: list[int]) -> list[int]:
    """Which row or column each cell is in, by where it starts: pixels, and how long the cells are."""
    near = SHEET.same_row * float(np.median(lengths))
    order = np.argsort(starts, kind="stable")
    ranks, rank = [0] * len(starts), 0
    for before, at in itertools.pairwise(order):
        rank += starts[at] - starts[before] > near
        ranks[at] = rank
    return ranks


def read_cells(checkpoint: Checkpoint, layout: Layout) -> Iterator[ReadCell]:
    """What stands in each cell, one after the other in reading order."""
    for cell, place in zip(layout.cells, layout.places, strict=True):
        yield _read_cell(checkpoint, cell, place, layout.straight.box(cell.span), "one" if layout.form else "auto")


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
    verdict = "no digit" if not text else "digit" if is_sure and is_allowed else "unsure"
    digits = tuple(digit for one in boxes for digit in one.digits)
    remark = " ".join(remarks) or "Sure."
    return ReadCell(first.row, first.column, text, confidence, verdict, remark, box, digits)


def _pack(colours: np.ndarray) -> bytes:
    """A picture (H, W, 3) uint8 as JPEG: of 200 sheets in hand the pixels would be 2 GB."""
    is_done, packed = cv2.imencode(".jpg", colours[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert is_done, "any picture can be packed"
    return packed.tobytes()


def _read_cell(checkpoint: Checkpoint, cell: Cell, place: tuple[int, int], box: Box, expect: str) -> ReadCell:
    if not cell.is_written:
        remark = {"dash": "A dash, read as empty.", "ditto": "A ditto mark, read as empty."}.get(cell.sign, "")
        return ReadCell(*place, "", 1.0, EMPTY, remark, box)
    reading = read(checkpoint, pictures.from_array(cell.colours), expect=expect)
    text, is_sure = to_text(reading, cell.ink)
    is_sure = is_sure and _is_borne_out(checkpoint, cell, reading)
    verdict = "no digit" if not text else "digit" if is_sure else "unsure"
    return ReadCell(*place, text, reading.confidence, verdict, reading.sentence, box, reading.digits)


def _is_borne_out(checkpoint: Checkpoint, cell: Cell, reading: Reading) -> bool:
    """Whether the cell's own ink, told from its rules on the whole sheet, says the same digits as the reading, which
    saw the cell alone; yes where it is in other pieces, for digits may touch."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cell.ink.astype(np.uint8))
    tall = [at for at in range(1, count) if stats[at, cv2.CC_STAT_HEIGHT] > SHEET.lowest * cell.side]
    if len(tall) != len(reading.digits):
        return True
    tall.sort(key=lambda at: int(stats[at, cv2.CC_STAT_LEFT]))
    answers = predict(checkpoint, np.stack([fit(labels == at, Trail()) for at in tall]))
    pairs = zip(answers, reading.digits, strict=True)
    return all(answer.digit == digit.digit and answer.verdict is not Verdict.NO_DIGIT for answer, digit in pairs)


def to_text(reading: Reading, ink: np.ndarray) -> tuple[str, bool]:
    """A reading as a cell's text, with its decimal point and its minus, and whether all of it is sure; `ink` (h, w)
    bool is the cell's own."""
    if not reading.digits or not reading.text or len(reading.lines) > 1:
        return reading.text, False
    letters = [str(digit.digit) for digit in reading.digits]
    is_told = not getattr(reading.found, "others", ())
    points = set()
    is_negative = False
    for sign in getattr(reading.found, "signs", ()):
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


def _say_others(grids: list[Grid], best: Grid) -> str:
    """That there is another table beside the one that was read; "" where there is none."""
    low, high = best.nodes.min((0, 1)), best.nodes.max((0, 1))
    for grid in grids:
        middle = grid.nodes.mean((0, 1))
        if ((middle < low) | (middle > high)).any():
            return "There is another table in this picture; the one with more cells was read."
    return ""

"""A form of one's own: what it asks for, where its boxes are on the page, and how it is printed.

Marks in the corners (ArUco) and a QR code that names the form let its photograph be read without any search.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import segno
from fpdf import FPDF

KINDS = {"digits": "Digits", "mark": "A mark from 0 to 20", "decimal": "A decimal", "tick": "A tick"}
PAGE = 210.0, 297.0  # mm: A4, width and height
MARK = 12.0  # mm: side of a corner mark, six modules
MARK_AT = 10.0  # mm: from the edges of the page; printers leave 5 unprinted
MARKS = cv2.aruco.DICT_4X4_50  # the numbers 0 to 3 stand in the corners, clockwise from the top left
CODE = 24.0  # mm: side of the QR code
CODE_AT = 150.0, 10.0  # mm
PREFIX = "DIGIT-LAB:"  # before the form's key in the QR code
TOP, BOTTOM = 52.0, 268.0  # mm: where the rows may stand
LEFT, RIGHT = 14.0, 196.0  # mm: the same across
LARGEST, SMALLEST = 14.0, 5.5  # mm: side of a box
GAP = 4.0  # mm: between two columns, and for a decimal point
LABEL = 46.0  # mm: width of the row labels
MOST = 60  # letters of a title or label


class FormError(ValueError):
    """A form that can't be printed or is not known; the message says why and what to do."""


@dataclass(frozen=True)
class Column:
    """A column of a form: its `title`, its `kind`, of `KINDS`, and how many `boxes` it has, one a digit; of a decimal
    one more stands behind the point."""

    title: str
    kind: str = "digits"
    boxes: int = 2


@dataclass(frozen=True)
class Box:
    """One box on the page, in mm from its upper left corner, for one digit; `field` counts the fields of its row, and
    `is_decimal` where it stands behind the point."""

    row: int
    field: int
    x: float
    y: float
    side: float
    is_decimal: bool = False


@dataclass(frozen=True)
class Form:
    """What a form asks for: a `title`, a label for each row, and `columns`."""

    title: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """Eight letters that name it, the same for the same form."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8].upper()

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes, row by row. Raises `FormError` where they don't fit on a page."""
        return tuple(self._place())

    def check(self) -> None:
        """Raise `FormError` with a sentence where this can't be a form on one page."""
        if not self.labels or not self.columns:
            raise FormError("A form needs a row and a column at least.")
        for column in self.columns:
            if column.kind not in KINDS or not 1 <= column.boxes <= 12:
                raise FormError("A column has 1 to 12 boxes, and a kind that is known.")
        side, count = self._side(), len(self.labels)
        if side < SMALLEST:
            raise FormError("This form is too wide for a page: leave out a column, or some boxes.")
        if count * (SMALLEST + 1.5) > BOTTOM - TOP:
            most = int((BOTTOM - TOP) / (SMALLEST + 1.5))
            raise FormError(f"At most {most} rows fit on a page. Print the others on a second form.")

    def to_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def _side(self) -> float:
        """The side of a box in mm: as large as fits in both directions."""
        boxes = sum(column.boxes + (column.kind == "decimal") for column in self.columns)
        gaps = GAP * (len(self.columns) - 1 + sum(column.kind == "decimal" for column in self.columns))
        wide = (RIGHT - LEFT - self._label_width() - gaps) / max(boxes, 1)
        high = (BOTTOM - TOP) / max(len(self.labels), 1) - 1.5
        return min(LARGEST, wide, high)

    def _label_width(self) -> float:
        return LABEL if any(len(label) > 2 for label in self.labels) else 12.0

    def _place(self) -> Iterator[Box]:
        self.check()
        side = self._side()
        pitch = min(1.45 * side, (BOTTOM - TOP) / len(self.labels))
        for row in range(len(self.labels)):
            x = LEFT + self._label_width()
            for field, column in enumerate(self.columns):
                for _ in range(column.boxes):
                    yield Box(row, field, x, TOP + row * pitch, side)
                    x += side
                if column.kind == "decimal":
                    yield Box(row, field, x + GAP, TOP + row * pitch, side, is_decimal=True)
                    x += GAP + side
                x += GAP


def from_record(record: Any) -> Form:
    """The form that `Form.to_record` made plain. Raises `FormError` for anything else."""
    try:
        columns = tuple(Column(str(one["title"]), str(one["kind"]), int(one["boxes"])) for one in record["columns"])
        form = Form(str(record["title"]), tuple(str(label) for label in record["labels"]), columns)
    except (TypeError, KeyError, ValueError) as error:
        raise FormError("This is no form that Digit Lab wrote.") from error
    form.check()
    return form


COLLECTION = Form("Handwriting: write each digit ten times", tuple("0123456789"), (Column("", "digits", 10),))
"""The ready form that collects handwriting: each row asks for one digit, ten times."""


def find_mark_corners(number: int) -> list[tuple[float, float]]:
    """The four corners of a corner mark, clockwise from the upper left, in mm; `number` 0 to 3."""
    x = MARK_AT if number in (0, 3) else PAGE[0] - MARK_AT - MARK
    y = MARK_AT if number in (0, 1) else PAGE[1] - MARK_AT - MARK
    return [(x, y), (x + MARK, y), (x + MARK, y + MARK), (x, y + MARK)]


def print_form(form: Form) -> bytes:
    """The form as PDF, one page of A4. Raises `FormError` where it doesn't fit."""
    boxes = form.boxes
    page = FPDF(unit="mm", format="A4")
    page.set_auto_page_break(False)
    page.add_page()
    _draw_marks(page)
    _draw_code(page, form.key)
    page.set_font("Helvetica", "B", 15)
    page.text(28, 24, _latin(form.title))
    page.set_font("Helvetica", "", 9)
    page.text(28, 31, "One digit a box, in blue or black. Keep the corner marks free, and in the photograph.")
    page.set_line_width(0.25)
    page.set_draw_color(110)
    for box in boxes:
        page.rect(box.x, box.y, box.side, box.side)
        if box.is_decimal:
            page.set_fill_color(60)
            page.ellipse(box.x - GAP / 2 - 0.5, box.y + box.side - 1.2, 1.0, 1.0, style="F")
    page.set_font("Helvetica", "", 10)
    for row, label in enumerate(form.labels):
        first = next(box for box in boxes if box.row == row)
        page.text(LEFT, first.y + 0.65 * first.side, _latin(_shorten(label, page, form._label_width() - 3)))
    for field, column in enumerate(form.columns):
        first = next(box for box in boxes if (box.row, box.field) == (0, field))
        page.text(first.x, TOP - 2.5, _latin(column.title[:MOST]))
    return bytes(page.output())


def _draw_marks(page: FPDF) -> None:
    dictionary = cv2.aruco.getPredefinedDictionary(MARKS)
    for number in range(4):
        modules = cv2.aruco.generateImageMarker(dictionary, number, 6)
        (x, y), size = find_mark_corners(number)[0], MARK / 6
        page.set_fill_color(0)
        page.rect(x, y, MARK, MARK, style="F")
        page.set_fill_color(255)
        for row, column in zip(*modules.nonzero(), strict=True):
            page.rect(x + size * float(column), y + size * float(row), size, size, style="F")


def _draw_code(page: FPDF, key: str) -> None:
    code = segno.make(PREFIX + key, error="h", micro=False)
    modules = [list(row) for row in code.matrix]
    size = CODE / len(modules)
    page.set_fill_color(0)
    for row, values in enumerate(modules):
        for column, value in enumerate(values):
            if value:
                page.rect(CODE_AT[0] + column * size, CODE_AT[1] + row * size, size, size, style="F")


def _latin(text: str) -> str:
    """What the PDF's own typeface has letters for; a question mark stands for others."""
    return text[:MOST].encode("latin-1", "replace").decode("latin-1")


def _shorten(text: str, page: FPDF, width: float) -> str:
    while len(text) > 1 and page.get_string_width(_latin(text)) > width:
        text = text[:-1]
    return text

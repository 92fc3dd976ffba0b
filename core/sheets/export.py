"""A sheet to take away: CSV, XLSX with the crops, JSON, and the straightened picture as PNG."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.drawing.image import Image as SheetImage
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from PIL import Image

from core import words
from core.sheets.stack import InHand
from core.sheets.sums import to_number

DECIMALS = 4  # of a confidence
CROP = 56  # pixels: height of a crop in the second sheet
DOUBT = PatternFill("solid", fgColor="FFE2B8")  # behind a text that nobody has looked at


def to_record(one: InHand) -> dict[str, Any]:
    """What the JSON says of one file: `rows` of text, "" where a cell is empty, and `boxes` (x, y, width and height in
    the straightened picture, in pixels), `confidences` and `verdicts` of the same shape."""
    if one.sheet is None:
        return {"file": one.name, "rows": [], "boxes": [], "confidences": [], "verdicts": [], "error": one.refused}
    return {
        "file": one.name,
        "rows": one.rows,
        "boxes": one.sheet.boxes,
        "confidences": [[round(share, DECIMALS) for share in row] for row in one.sheet.confidences],
        "verdicts": one.sheet.verdicts,
        "remark": one.sheet.remark,
        "error": None,
    }


def to_json(stack: Iterable[InHand]) -> str:
    """One JSON object a line, one line a file."""
    return "".join(json.dumps(to_record(one)) + "\n" for one in stack)


def to_csv(rows: Sequence[Sequence[str]]) -> str:
    """A table as CSV; what a spreadsheet would run as a formula has an apostrophe in front, but a negative number."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([[cell if to_number(cell) is not None else words.safe_cell(cell) for cell in row] for row in rows])
    return buffer.getvalue()


def to_png(one: InHand) -> bytes:
    """The straightened picture."""
    assert one.sheet is not None, "a refused file has no picture"
    return _encode(Image.fromarray(one.sheet.picture))


def to_xlsx(one: InHand) -> bytes:
    """A workbook: the table, numbers as numbers, and on a second sheet each cell's crop in the same place."""
    assert one.sheet is not None, "a refused file has no table"
    book = Workbook()
    table = book.active
    assert table is not None, "a new workbook has a sheet"
    table.title = "Table"
    doubtful = set(one.doubtful)
    for row, texts in enumerate(one.rows, start=1):
        for column, text in enumerate(texts, start=1):
            number = to_number(text)
            # 007 is no number to count with: its zeros would be lost.
            is_plain = number is not None and text == str(number)
            cell = table.cell(row, column, float(number) if is_plain and number is not None else text or None)
            if isinstance(cell.value, float) and cell.value.is_integer():
                cell.value = int(cell.value)
            elif text and not is_plain:
                cell.number_format, cell.data_type = "@", "s"
            if (row - 1, column - 1) in doubtful:
                cell.fill, cell.font = DOUBT, Font(italic=True)
    crops = book.create_sheet("Crops")
    picture = Image.fromarray(one.sheet.picture)
    widest: dict[int, int] = {}
    for read in one.sheet.cells:
        x, y, wide, high = read.box
        crop = picture.crop((x, y, x + wide, y + high))
        crop.thumbnail((4 * CROP, CROP))
        crops.add_image(SheetImage(io.BytesIO(_encode(crop))), f"{get_column_letter(read.column + 1)}{read.row + 1}")
        widest[read.column] = max(widest.get(read.column, 0), crop.width)
    for column, width in widest.items():
        crops.column_dimensions[get_column_letter(column + 1)].width = width / 7 + 1  # in letters of 7 pixels
    for row in range(len(one.rows)):
        crops.row_dimensions[row + 1].height = CROP * 0.75 + 3  # in points
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _encode(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()

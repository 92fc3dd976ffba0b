"""What is taken away holds what the table shows."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from openpyxl import load_workbook
from PIL import Image

from core.network.prediction import Prediction, Verdict
from core.reading.reader import Digit
from core.sheets import export, stack, sums
from core.sheets.sheet import ReadCell, Sheet


def make(rows: list[list[str]], unsure: tuple[tuple[int, int], ...] = ()) -> Sheet:
    """A sheet as if it had been read."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((100 * len(rows), 100 * len(rows[0]), 3), 240, np.uint8)).save(buffer, "JPEG")
    cells = tuple(
        ReadCell(
            row,
            column,
            text,
            0.7 if (row, column) in unsure else 0.99,
            "empty" if not text else "unsure" if (row, column) in unsure else "digit",
            "",
            (100 * column, 100 * row, 100, 100),
        )
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    )
    return Sheet(buffer.getvalue(), cells, (len(rows), len(rows[0])), "reference", "1")


ROWS = [["1", "", "007"], ["-2.5", "48", "9"]]


@pytest.fixture
def one() -> stack.InHand:
    return stack.InHand("a.jpg", make(ROWS, unsure=((0, 0), (1, 1))))


def test_the_csv_is_the_table(one):
    assert list(csv.reader(io.StringIO(export.to_csv(one.rows)))) == ROWS


def test_a_correction_is_in_everything_that_is_taken_away(one):
    one.say((1, 1), "43 ?")
    wanted = [ROWS[0], ["-2.5", "43", "9"]]
    assert list(csv.reader(io.StringIO(export.to_csv(one.rows)))) == wanted
    assert json.loads(export.to_json([one]))["rows"] == wanted
    table = load_workbook(io.BytesIO(export.to_xlsx(one)))["Table"]
    assert table["B2"].value == 43


def test_the_workbook_holds_what_the_table_shows_and_every_crop(one):
    book = load_workbook(io.BytesIO(export.to_xlsx(one)))
    table, crops = book.worksheets
    shown = [["" if cell.value is None else str(cell.value) for cell in row] for row in table.iter_rows()]
    assert shown == ROWS
    assert len(crops._images) == 6


def test_no_cell_becomes_a_formula():
    one = stack.InHand("a.jpg", make([["=1+1", "@x"], ["-3", "+4"]]))
    book = load_workbook(io.BytesIO(export.to_xlsx(one)))
    assert all(cell.data_type != "f" for row in book["Table"].iter_rows() for cell in row)
    assert "\n'=1+1" in "\n" + export.to_csv(one.rows)


def test_the_parts_of_the_json_have_one_shape(one):
    record = json.loads(export.to_json([one]))
    for part in ("rows", "boxes", "confidences", "verdicts"):
        assert [len(row) for row in record[part]] == [3, 3]


def test_a_refused_file_is_told_and_has_no_rows():
    record = json.loads(export.to_json([stack.InHand("b.jpg", refused="This is no picture.")]))
    assert (record["rows"], record["error"]) == ([], "This is no picture.")


def test_doubt_goes_from_cell_to_cell_and_ends(one):
    first = one.next_doubtful(None)
    assert first == (0, 0)
    second = one.next_doubtful(first)
    assert second == (1, 1)
    one.say((0, 0), "1")
    one.say((1, 1), "48")
    assert one.next_doubtful(second) is None
    assert one.marked == ROWS


def test_a_sum_that_fits_makes_its_cells_sure_and_one_that_does_not_names_the_culprit():
    rows = [["1", "2", "3"], ["4", "5", "9"], ["6", "7", "19"]]
    sheet, found = sums.weigh(make(rows, unsure=((0, 0), (2, 1))))
    assert [one.fits for one in found] == [True, True, False]
    assert sheet.verdicts[0] == ["digit"] * 3
    assert sheet.verdicts[2][1] == "unsure"
    assert "13 expected, 19 read" in next(cell for cell in sheet.cells if (cell.row, cell.column) == (2, 1)).remark


def test_the_culprit_of_a_sum_is_the_cell_that_another_reading_of_it_would_mend():
    def digit(value: int, second: int, share: float) -> Digit:
        shares = [0.001] * 10
        shares[value], shares[second] = 1 - share, share
        return Digit(Prediction(tuple(shares), Verdict.DIGIT), (0, 0, 9, 9), np.zeros((28, 28), np.float32))

    sheet = make([["1", "2", "3"], ["4", "5", "9"], ["1", "7", "14"]])
    cells = list(sheet.cells)
    cells[6] = replace(cells[6], digits=(digit(1, 7, 0.2),))  # surer than the sheet says of others, but a 7 fits
    read, _ = sums.weigh(replace(sheet, cells=tuple(cells)))
    assert read.cells[6].verdict == "unsure"
    assert "Perhaps this is 7." in read.cells[6].remark
    assert [cell.verdict for cell in read.cells[7:]] == ["digit", "digit"]


def test_ink_that_is_no_number_is_looked_at_but_not_a_head():
    sheet = make([["1", "2"], ["3", "4"]])
    cells = tuple(replace(cell, text="", verdict="no digit") for cell in sheet.cells)
    assert replace(sheet, cells=cells).doubtful == (3,)


def test_numbers_that_are_no_sums_are_left_alone():
    sheet = make([["1", "2", "4"], ["4", "5", "6"], ["6", "7", "19"]])
    assert sums.find_sums(sheet.rows) == []

"""What a column may hold is evidence, and a layout written is the layout read."""

import numpy as np
import pytest
from test_export import make

from core.network.prediction import Prediction, Verdict
from core.reading.reader import Digit
from core.sheets.template import Rule, Template, TemplateError, find_all, keep


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))


def with_digits(sheet, at: int, *shares: dict[int, float]):
    """The sheet with digits in one cell that may be several."""
    from dataclasses import replace

    digits = tuple(
        Digit(
            Prediction(tuple(one.get(digit, 0.001) for digit in range(10)), Verdict.DIGIT),
            (0, 0, 9, 9),
            np.zeros((28, 28), np.float32),
        )
        for one in shares
    )
    cells = list(sheet.cells)
    cells[at] = replace(cells[at], digits=digits)
    return replace(sheet, cells=tuple(cells))


def test_the_likeliest_reading_that_is_allowed_counts_and_is_looked_at():
    sheet = with_digits(make([["77", "3"]]), 0, {7: 0.7, 1: 0.25}, {7: 0.95, 2: 0.02})
    read = Template("Marks", 1, (Rule("range", 20), Rule())).apply(sheet)
    assert read.rows == [["17", "3"]]
    assert read.verdicts == [["unsure", "digit"]]
    assert "77 is not from 0 to 20" in read.cells[0].remark


def test_what_is_allowed_stays_as_it_is():
    sheet = make([["17", "", "2.5"]])
    assert (
        Template("Marks", 1, (Rule("range", 20), Rule("digits", 2), Rule("range", 3))).apply(sheet).rows == sheet.rows
    )


def test_a_sum_is_checked_and_named():
    read = Template("Sums", 2, (Rule(), Rule(), Rule("sum"))).apply(make([["1", "2", "3"], ["4", "5", "8"]]))
    assert [row[2] for row in read.verdicts] == ["digit", "unsure"]
    assert read.cells[5].remark == "9 expected, 8 read."


def test_a_sheet_of_another_shape_says_so_and_keeps_its_cells():
    sheet = make([["99", "2"]])
    read = Template("Marks", 3, (Rule("range", 20),)).apply(sheet)
    assert read.rows == sheet.rows
    assert "3 rows and 1 columns; here are 1 and 2" in read.remark


def test_a_layout_written_is_the_layout_read():
    layouts = [Template("Zähler 7", 9, (Rule("digits", 5),)), Template("Marks", 3, (Rule("range", 20), Rule("sum")))]
    for one in layouts:
        keep(one)
    assert find_all() == sorted(layouts, key=lambda one: one.name.lower())


def test_a_name_without_letters_is_refused():
    with pytest.raises(TemplateError):
        keep(Template("//", 1, (Rule(),)))

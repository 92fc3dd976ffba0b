"""A form that was printed, filled in and photographed gives what was written, without any search."""

import numpy as np
import pypdfium2
import pytest

from core.reading.picture import Picture
from core.sheets import collection, form_store
from core.sheets.form import COLLECTION, PAGE, Column, Form, FormError, from_record, print_form
from core.sheets.layout import find_layout
from core.sheets.reader import read_sheet
from core.sheets.sheet import Sheet
from core.synthesis import tables

DENSITY = 6.0  # pixels a mm
MARKS = Form(
    "Physics, class 8b",
    ("Ada", "Émile", "Grace", "Kurt"),
    (
        Column("First", "mark", 2),
        Column("Second", "decimal", 2),
        Column("Number", "digits", 4),
        Column("Here", "tick", 1),
    ),
)
FILLED = [["12", "7.5", "2048", "x"], ["3", "10.0", "", ""], ["20", "", "91", "x"], ["", "0.5", "7", ""]]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))


def write(form: Form, texts: list[list[str]], clear) -> tables.DrawnTable:
    """The form printed and filled in, one digit a box; whole numbers end in their last box."""
    page = pypdfium2.PdfDocument(print_form(form))[0]
    colours = np.array(page.render(scale=DENSITY * 25.4 / 72).to_pil().convert("RGB"))
    assert abs(colours.shape[1] - PAGE[0] * DENSITY) < 3
    letters = []
    for row, cells in enumerate(texts):
        for field, text in enumerate(cells):
            boxes = [box for box in form.boxes if (box.row, box.field) == (row, field)]
            whole, _, decimal = text.partition(".")
            ones = [box for box in boxes if not box.is_decimal]
            for box, letter in [
                *zip(reversed(ones), reversed(whole), strict=False),
                *zip(boxes[-1:], decimal, strict=False),
            ]:
                place = tuple(round(value * DENSITY) for value in (box.x, box.y, box.side, box.side))
                letters.append(("7" if letter == "x" else letter, place))
    return tables.fill(colours, letters, clear, np.random.default_rng(1))


def read(model, table: tables.DrawnTable) -> Sheet:
    sheet = read_sheet(model, Picture(table.colours, (table.colours.shape[1], table.colours.shape[0])))
    assert sheet is not None
    return sheet


@pytest.mark.parametrize(
    "taken",
    [
        {"turn": 181, "tilt": 0.1, "shade": 0.4},
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ({}, {"turn": 90}, {"turn": 12, "tilt": 0.2}, {"shade": 0.6}, {"scale": 0.75}, {"bend": 0.006})
        ),
    ],
    ids=str,
)
def test_a_filled_form_gives_its_table(taken, clear, model):
    form_store.keep(MARKS)
    photo = tables.photograph(write(MARKS, FILLED, clear), np.random.default_rng(0), **taken)
    assert read(model, photo).rows == FILLED


def test_an_empty_form_has_nothing(clear, model):
    form_store.keep(MARKS)
    photo = tables.photograph(
        write(MARKS, [[""] * 4] * 4, clear), np.random.default_rng(0), turn=4, tilt=0.1, shade=0.3
    )
    sheet = read(model, photo)
    assert sheet.rows == [[""] * 4] * 4
    assert sheet.verdicts == [["empty"] * 4] * 4


def test_a_mark_above_twenty_is_looked_at(clear, model):
    form = Form("Marks", ("Ada",), (Column("Mark", "mark", 2),))
    form_store.keep(form)
    sheet = read(model, write(form, [["72"]], clear))
    assert (sheet.rows, sheet.verdicts) == ([["72"]], [["unsure"]])
    assert "from 0 to 20" in sheet.cells[0].remark


@pytest.mark.slow
def test_a_corner_mark_may_be_torn_off(clear, model):
    form_store.keep(MARKS)
    page = write(MARKS, FILLED, clear)
    page.colours[-200:, :200] = 245
    sheet = read(model, tables.photograph(page, np.random.default_rng(0), turn=5, tilt=0.1))
    assert sheet.rows == FILLED
    assert "corner mark is missing" in sheet.remark


def test_a_form_that_is_not_known_here_says_so(clear, model):
    page = write(Form("Elsewhere", ("1",), (Column("a"),)), [["12"]], clear)
    with pytest.raises(FormError, match="printed elsewhere"):
        find_layout(model, Picture(page.colours, (page.colours.shape[1], page.colours.shape[0])))


def test_two_forms_in_one_picture_are_refused(clear, model):
    form_store.keep(MARKS)
    page = write(MARKS, FILLED, clear).colours
    both = np.concatenate([page, page], axis=1)[::2, ::2]
    with pytest.raises(FormError, match="two forms"):
        find_layout(model, Picture(both, (both.shape[1], both.shape[0])))


def test_a_form_written_is_the_form_read():
    assert form_store.find(form_store.keep(MARKS)) == MARKS
    assert from_record(MARKS.to_record()) == MARKS


@pytest.mark.parametrize("rows, columns", [(0, 1), (3, 0), (60, 1), (2, 9)])
def test_what_does_not_fit_on_a_page_says_so(rows: int, columns: int):
    form = Form("Too much", ("a",) * rows, (Column("b", "digits", 6),) * columns)
    with pytest.raises(FormError, match=r"A form needs|fit on a page|too wide"):
        print_form(form)


def test_no_box_lies_on_another_or_outside_the_page():
    for form in (MARKS, COLLECTION, Form("Long", ("row",) * 30, (Column("a", "decimal", 3), Column("b", "tick", 1)))):
        boxes = form.boxes
        for at, one in enumerate(boxes):
            assert 0 < one.x < one.x + one.side < PAGE[0]
            assert 0 < one.y < one.y + one.side < PAGE[1]
            for other in boxes[at + 1 :]:
                apart = abs(one.x - other.x) > one.side - 1e-6 or abs(one.y - other.y) > one.side - 1e-6
                assert apart


@pytest.mark.slow
def test_collected_handwriting_is_a_hundred_labelled_digits(clear, model):
    texts = [[str(digit) * 10] for digit in range(10)]
    texts[3] = ["3333333335"]  # one was written wrong
    photo = tables.photograph(write(COLLECTION, texts, clear), np.random.default_rng(0), turn=-3, tilt=0.08, shade=0.3)
    sheet = read(model, photo)
    collected = collection.collect(sheet)
    assert len(collected) == 100
    assert sorted(one.label for one in collected) == sorted(list(range(10)) * 10)
    assert collected[0].label == 3
    assert collected[0].said == "5"
    assert sum(one.said == str(one.label) for one in collected) >= 98

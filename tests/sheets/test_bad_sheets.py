"""Photographs that are no easy sheet: each is read right, or refused with a sentence, and nothing is invented."""

import io

import numpy as np
import pytest
from PIL import Image

from core.reading.picture import Picture, PictureError
from core.sheets import reader, stack
from core.sheets.layout import cut_out, find_layout, find_sheet
from core.synthesis import tables
from core.synthesis.non_digits import enlarge
from core.workspace import SHIPPED

ROWS = (("7", "", "12"), ("", "48", "6"), ("90", "3", ""), ("5", "61", "8"))


def as_picture(colours: np.ndarray) -> Picture:
    return Picture(colours, (colours.shape[1], colours.shape[0]))


@pytest.fixture(scope="module")
def flat(clear) -> tables.DrawnTable:
    return tables.draw("grid", clear, np.random.default_rng(3), ROWS)


@pytest.fixture(scope="module")
def small(flat) -> np.ndarray:
    """The sheet at half its size."""
    return np.ascontiguousarray(flat.colours[::2, ::2])


def test_a_table_shows_by_itself_and_one_digit_does_not(small, clear, model):
    found = find_sheet(model, as_picture(small))
    assert found is not None
    assert found.shape == (4, 3)
    digit = enlarge(clear.images[3].numpy(), np.random.default_rng(0), 12)
    assert find_sheet(model, as_picture(np.where(digit[..., None], 30, 240).astype(np.uint8).repeat(3, axis=2))) is None


@pytest.mark.parametrize(
    "name",
    [
        "7_crossed_on_squared_paper.webp",
        pytest.param("5_one_stroke_on_squared_paper.webp", marks=pytest.mark.slow),
        pytest.param("2_round_shadow_over_half.jpg", marks=pytest.mark.slow),
    ],
)
def test_a_ready_sample_of_one_digit_is_no_sheet_by_itself(name: str, model):
    from core.reading import picture

    assert find_sheet(model, picture.read((SHIPPED / "samples" / name).read_bytes(), 2000)) is None


def test_a_blank_form_does_not_show_by_itself(clear, model):
    blank = tables.draw("grid", clear, np.random.default_rng(0), (("",) * 4,) * 4)
    assert find_sheet(model, as_picture(np.ascontiguousarray(blank.colours[::2, ::2]))) is None


def test_a_sheet_cut_at_the_border_keeps_its_whole_cells(small, model):
    cut = np.ascontiguousarray(small[:, : small.shape[1] - 80])  # through the last column
    layout = find_layout(model, as_picture(cut))
    assert layout is not None
    assert layout.shape[0] == 4
    assert layout.shape[1] in (2, 3)
    high, wide = layout.straight.colours.shape[:2]
    for cell in layout.cells:
        x, y, width, height = layout.straight.box(cell.span)
        assert 0 <= x < x + width <= wide
        assert 0 <= y < y + height <= high


def test_of_two_sheets_one_is_read_and_the_other_is_told(small, clear, model):
    other = tables.draw("grid", clear, np.random.default_rng(8), (("1", "2"), ("3", "4"))).colours[::2, ::2]
    both = np.full((small.shape[0] + other.shape[0], max(small.shape[1], other.shape[1]), 3), 235, np.uint8)
    both[: small.shape[0], : small.shape[1]] = small
    both[small.shape[0] :, : other.shape[1]] = other
    layout = find_layout(model, as_picture(both))
    assert layout is not None
    assert layout.shape == (4, 3)
    assert "another table" in layout.remark


@pytest.mark.slow
def test_forty_by_forty_cells_are_all_found(clear, model):
    rows = tuple(tuple("7" if (row + column) % 9 == 0 else "" for column in range(40)) for row in range(40))
    drawn = tables.draw("puzzle", clear, np.random.default_rng(0), rows)
    layout = find_layout(model, as_picture(np.ascontiguousarray(drawn.colours[::2, ::2])))
    assert layout is not None
    assert layout.shape == (40, 40)
    assert len(layout.cells) == 1600


def test_what_lies_inside_typed_corners_is_the_sheet_alone(small, model):
    page = np.full((small.shape[0] * 2, small.shape[1] * 2, 3), 120, np.uint8)
    page[40 : 40 + small.shape[0], 60 : 60 + small.shape[1]] = small
    high, wide = page.shape[:2]
    left, top, right, bottom = 60 / wide, 40 / high, (60 + small.shape[1]) / wide, (40 + small.shape[0]) / high
    part = cut_out(as_picture(page), np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    assert abs(part.colours.shape[0] - small.shape[0]) < 3
    assert abs(part.colours.astype(int) - small[: part.colours.shape[0], : part.colours.shape[1]]).mean() < 6


def test_of_two_hundred_files_three_broken_ones_are_refused_and_the_others_stay():
    from test_export import make

    sheet = make([["1"]])

    def load(number: int) -> bytes:
        return b"broken" if number in (0, 99, 150) else b"whole"

    def read(content: bytes):
        if content == b"broken":
            raise PictureError("This file is damaged.")
        return sheet

    taken = [stack.take(f"{number}.jpg", lambda number=number: load(number), read) for number in range(200)]
    assert [at for at, one in enumerate(taken) if one.refused] == [0, 99, 150]
    assert len(stack.join(taken)) == 197


def test_a_file_that_is_no_picture_is_refused_and_one_without_a_sheet_is_read(model):
    one = stack.take("a.jpg", lambda: b"no picture", lambda content: reader.read_file(model, content))
    assert one.sheet is None
    assert one.refused
    buffer = io.BytesIO()
    Image.new("RGB", (60, 60), "white").save(buffer, "PNG")
    empty = stack.take("b.png", buffer.getvalue, lambda content: reader.read_file(model, content))
    assert empty.sheet is not None
    assert empty.sheet.remark.startswith("No table found; this looks like no number.")
    assert empty.rows == [[""]]

"""A photographed table gives the table that was drawn, however the photograph was taken."""

import numpy as np
import pytest

from core.reading.picture import Picture
from core.sheets.layout import find_layout
from core.sheets.reader import read_sheet
from core.sheets.sheet import Sheet
from core.synthesis import tables

ROWS = (("7", "", "12", "305"), ("", "48", "6", ""), ("90", "3", "", "27"), ("5", "61", "8", "4"))


def as_picture(colours: np.ndarray) -> Picture:
    return Picture(colours, (colours.shape[1], colours.shape[0]))


def read(model, table: tables.DrawnTable) -> list[list[str]]:
    sheet = read_sheet(model, as_picture(table.colours))
    assert sheet is not None, "no table was found"
    for cell in sheet.cells:  # no remark on a doubtful cell says that it is sure
        assert not (cell.is_doubtful and ("Sure" in cell.remark or "of them sure" in cell.remark)), cell
    return sheet.rows


@pytest.fixture(scope="module")
def flat(clear) -> tables.DrawnTable:
    return tables.draw("grid", clear, np.random.default_rng(3), ROWS)


@pytest.mark.parametrize(
    "taken",
    [
        {"turn": 180},
        {"scale": 0.6},
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (
                {},
                {"turn": 8},
                {"turn": 90},
                {"turn": 265},
                {"tilt": 0.25},
                {"shade": 0.6},
                {"scale": 1.6},
                {"bend": 0.02},
            )
        ),
        {"turn": 97, "tilt": 0.15, "shade": 0.4, "bend": 0.015},
    ],
    ids=str,
)
def test_however_it_is_taken_the_table_is_the_same(taken: dict[str, float], flat, model):
    assert read(model, tables.photograph(flat, np.random.default_rng(0), **taken)) == [list(row) for row in ROWS]


@pytest.mark.parametrize(
    "kind",
    ["thin", "plain", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("coloured", "double", "levels"))],
)
def test_whatever_rules_it_has_the_table_is_the_same(kind: str, clear, model):
    rows = (("7", "5", "12"), ("9", "48", "6"), ("90", "3", "1"), ("5", "61", "8"))
    table = tables.draw(kind, clear, np.random.default_rng(4), rows)
    photo = tables.photograph(table, np.random.default_rng(0), turn=3, tilt=0.08)
    assert read(model, photo) == [list(row) for row in rows]


def test_boxes_apart_are_cells_and_what_lies_between_them_is_none(clear, model):
    rows = (("1", "9", "8", "4"), ("2", "0", "2", "6"), ("0", "7", "5", "3"))
    table = tables.draw("boxes", clear, np.random.default_rng(5), rows)
    assert read(model, tables.photograph(table, np.random.default_rng(0), turn=-4, tilt=0.1)) == [
        list(row) for row in rows
    ]


@pytest.mark.parametrize(
    "kind", ["grid", "boxes", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("puzzle", "thin"))]
)
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_an_empty_form_has_no_digit(kind: str, seed: int, clear, model):
    """No 1 from the border of a cell."""
    rng = np.random.default_rng(seed)
    blank = tables.draw(kind, clear, rng, (("",) * 6,) * 7)
    photo = tables.photograph(blank, rng, turn=rng.normal(0, 5), tilt=0.2, shade=0.5, scale=0.8, bend=0.02)
    sheet = read_sheet(model, as_picture(photo.colours))
    assert sheet is not None
    assert sheet.shape == (7, 6)
    assert sheet.rows == [[""] * 6] * 7
    assert sheet.verdicts == [["empty"] * 6] * 7


def test_a_merged_head_is_one_cell(flat, model):
    table = flat.colours.copy()
    margin, high = round(0.8 * tables.CELL), tables.CELL
    width = (table.shape[1] - 2 * margin) // 4
    paper = np.median(table.reshape(-1, 3), axis=0)
    table[margin + 8 : margin + high - 8, margin + width - 8 : margin + width + 9] = paper  # the first rule between
    layout = find_layout(model, as_picture(table))
    assert layout is not None
    assert layout.shape == (4, 4)
    assert (layout.cells[0].span.rows, layout.cells[0].span.columns) == (1, 2)
    assert len(layout.cells) == 15


@pytest.mark.parametrize("seed", range(2))
def test_one_digit_is_no_sheet(seed: int, clear, model):
    from core.synthesis.non_digits import enlarge

    digit = enlarge(clear.images[seed * 3].numpy(), np.random.default_rng(seed), 12)
    colours = np.where(digit[..., None], 30, 240).astype(np.uint8).repeat(3, axis=2)
    assert find_layout(model, as_picture(colours)) is None


@pytest.fixture(scope="module")
def whole(flat, model) -> Sheet:
    """The flat sheet, read."""
    sheet = read_sheet(model, as_picture(flat.colours))
    assert sheet is not None
    return sheet


def test_boxes_lie_on_what_was_read(whole):
    high, wide = whole.picture.shape[:2]
    for row, boxes in enumerate(whole.boxes):
        for column, box in enumerate(boxes):
            assert box is not None
            x, y, width, height = box
            assert 0 <= x < x + width <= wide
            assert 0 <= y < y + height <= high
            darkest = whole.picture[y + 8 : y + height - 8, x + 8 : x + width - 8].min()
            assert (darkest < 140) == bool(ROWS[row][column])


def test_all_parts_of_a_sheet_have_one_shape(whole):
    for part in (whole.rows, whole.boxes, whole.confidences, whole.verdicts):
        assert [len(row) for row in part] == [4] * 4
    assert all(0 <= share <= 1 for row in whole.confidences for share in row)


def test_a_picture_without_a_sheet_says_so_and_reads_what_there_is(clear, model):
    from core.sheets.reader import read_other
    from core.synthesis.non_digits import enlarge

    digit = enlarge(clear.images[14].numpy(), np.random.default_rng(0), 10)
    colours = np.where(digit[..., None], 30, 240).astype(np.uint8).repeat(3, axis=2)
    sheet = read_other(model, as_picture(colours))
    assert sheet.rows == [[str(int(clear.labels[14]))]]
    assert sheet.remark.startswith("No table found; this looks like one digit.")


@pytest.mark.parametrize("name", ["7_crossed_on_squared_paper.webp", "5_one_stroke_on_squared_paper.webp"])
def test_squared_paper_is_no_table(name: str, model):
    from core.reading import picture
    from core.workspace import SHIPPED

    assert find_layout(model, picture.read((SHIPPED / "samples" / name).read_bytes(), 2000)) is None

"""What the reader finds in drawn pages, as examples for the detector of non-digits."""

import cv2
import numpy as np
import pytest

from core.data.digits import DataError
from core.data.labels import NO_DIGIT, UNLABELLED
from core.synthesis import page_shapes
from core.synthesis.page_shapes import Shape, collect
from core.synthesis.pages import Page

PAPER = np.full((120, 90, 3), 230, np.uint8)


def make_page(label: int, *strokes: list[tuple[int, int]], written: int = 1) -> Page:
    """A page with strokes of a pen, of which the first ones are `written`; the rest is printed."""
    colours, ink = PAPER.copy(), np.zeros(PAPER.shape[:2], np.uint8)
    for at, stroke in enumerate(strokes):
        cv2.polylines(colours, [np.array(stroke, np.int32)], False, (30, 30, 40), 6, cv2.LINE_AA)
        if at < written:
            cv2.polylines(ink, [np.array(stroke, np.int32)], False, 255, 6, cv2.LINE_AA)
    return Page(colours, ink, "plain", label)


SEVEN = [(25, 25), (62, 25), (40, 90)]
HOOK = [(20, 40), (40, 20), (40, 60), (60, 40), (60, 90), (20, 90)]


def test_a_digit_that_is_found_as_it_was_written_is_a_digit():
    shapes = collect(make_page(7, SEVEN))
    assert shapes and {shape.label for shape in shapes} == {7}
    assert all(shape.image.shape == (28, 28) and shape.image.dtype == np.uint8 for shape in shapes)


def test_where_no_digit_is_written_nothing_is_one():
    shapes = collect(make_page(NO_DIGIT, HOOK, written=0))
    assert shapes and {shape.label for shape in shapes} == {NO_DIGIT}


@pytest.mark.parametrize("bar", [[(45, 20), (45, 100)], [(20, 60), (70, 60)], [(30, 20), (60, 100)]])
def test_a_straight_stroke_says_nothing(bar):
    """A rule looks as a 1 does: learned as no digit, it would cost the ones."""
    assert not [shape for shape in collect(make_page(NO_DIGIT, bar, written=0)) if shape.label == NO_DIGIT]


def test_what_is_found_in_place_of_the_digit_is_none():
    beside = [(x + 30, y + 25) for x, y in HOOK]
    faint = make_page(7, [(x // 3 + 2, y // 3) for x, y in SEVEN], beside)
    assert {shape.label for shape in collect(faint)} <= {NO_DIGIT, 7}
    assert NO_DIGIT in {shape.label for shape in collect(faint)}


@pytest.mark.parametrize("label", [UNLABELLED, 7])
def test_a_page_of_more_than_a_digit_or_of_less_is_left_out(label):
    cut = [(x, y - 30) for x, y in SEVEN]
    assert collect(make_page(label, cut)) == []


def test_what_is_saved_is_loaded_by_part(tmp_path):
    shapes = [Shape(np.full((28, 28), at, np.uint8), at - 1) for at in range(6)]
    page_shapes.save({"training": shapes[:4], "validation": shapes[4:]}, tmp_path)
    assert page_shapes.load("training", tmp_path).labels.tolist() == [-1, 0, 1, 2]
    assert page_shapes.load("validation", tmp_path).images[:, 0, 0].tolist() == [4, 5]


def test_a_damaged_file_is_a_sentence(tmp_path):
    (tmp_path / page_shapes.FILE).write_bytes(b"not numpy's")
    with pytest.raises(DataError, match="restores the one"):
        page_shapes.load("training", tmp_path)

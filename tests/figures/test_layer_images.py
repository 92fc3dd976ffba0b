"""Signed values as colors: zero is paper, blue is above, orange below, the farther the fuller."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.figures import layer_images, theme

DARK = pytest.mark.parametrize("dark", [False, True])


@DARK
def test_zero_is_paper_and_the_limits_are_the_full_colors(dark):
    shaded = layer_images.shade(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), 1.0, dark).tolist()
    orange, paper, blue = (list(theme.rgb(colour[dark])) for colour in (theme.SECOND, theme.PAPER, theme.ACCENT))
    assert shaded == [orange, orange, paper, blue, blue]


@DARK
@settings(deadline=None)  # other work on the machine
@given(value=st.floats(-1, 1), other=st.floats(-1, 1))
def test_a_larger_value_lies_farther_from_paper(dark, value, other):
    paper = np.array(theme.rgb(theme.PAPER[dark]), float)
    distances = [np.abs(layer_images.shade(np.array([abs(one)]), 1.0, dark)[0] - paper).sum() for one in (value, other)]
    if abs(value) >= abs(other):
        assert distances[0] >= distances[1]


def test_nothing_is_paper_throughout():
    assert (layer_images.shade(np.zeros((3, 4)), 0.0) == 255).all()


@pytest.mark.parametrize(("shape", "size"), [((32, 28, 28), 2), ((64, 7, 7), 4), ((3, 14, 14), 1)])
def test_every_map_stands_on_the_sheet_in_order(shape, size):
    values = np.arange(shape[0], dtype=float)[:, None, None] * np.ones(shape) + 1
    sheet = layer_images.draw_layer(values, float(shape[0]))
    times = max(1, 56 // shape[1])
    side = shape[1] * times
    for number in range(shape[0]):
        row, column = divmod(number, layer_images.ROW)
        top, left = row * (side + layer_images.GAP), column * (side + layer_images.GAP)
        expected = layer_images.shade(np.array([number + 1.0]), float(shape[0]))[0]
        assert (sheet[top : top + side, left : left + side] == expected).all()
    assert sheet.shape[0] == size * (side + layer_images.GAP) - layer_images.GAP


def test_units_stand_in_rows_from_the_top_left():
    strip = layer_images.draw_layer(np.array([1.0, *np.zeros(99)]), 1.0)
    assert strip.shape == (16, 64 * 8, 3)
    assert (strip[:8, :8] == theme.rgb(theme.ACCENT[False])).all() and (strip[8:] == 255).all()


def test_the_frame_is_around_the_part_and_nowhere_else():
    framed = layer_images.frame_part(np.zeros((28, 28)), (3, 5, 10, 20), times=8)
    rows, columns = np.nonzero(framed.any(axis=2))
    assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == (24, 40, 80, 160)
    assert not framed[24 + 2 : 80 - 2, 40 + 2 : 160 - 2].any()


def test_a_change_is_blue_where_ink_comes_and_orange_where_it_goes():
    before, after = np.zeros((28, 28)), np.zeros((28, 28))
    before[0, 0], after[0, 1], before[0, 2], after[0, 2] = 1, 1, 1, 1
    marked = layer_images.mark_change(before, after, times=1)
    assert marked[0, 0].tolist() == list(theme.rgb(theme.SECOND[True]))
    assert marked[0, 1].tolist() == list(theme.rgb(theme.ACCENT[True]))
    assert marked[0, 2].tolist() == [255] * 3 and not marked[1:].any()


def test_pictures_are_stacked_in_order():
    stacked = layer_images.stack([np.zeros((5, 3, 3), np.uint8), np.full((2, 6, 3), 7, np.uint8)])
    assert stacked.shape[1] == 6 and not stacked[:5, :3].any() and (stacked[5 + 8 : 5 + 8 + 2] == 7).all()

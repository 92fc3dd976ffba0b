"""A slash between digits is a sign, and a 1 stays a 1."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from core.reading.slash import name_slashes, part_slashes

HEIGHT = 60


def make_stroke(at: int, lean: float, height: float = 1.0, digit: int = 1) -> SimpleNamespace:
    """A straight stroke that leans to the right by so many of its heights, as the digit that it was read as."""
    high = round(height * HEIGHT)
    ink = np.zeros((high, 2 * high), np.uint8)
    cv2.line(ink, (high // 2, high - 1), (high // 2 + round(lean * high), 0), 1, 6)
    x, y, wide, tall = cv2.boundingRect(ink)
    return SimpleNamespace(
        ink=ink[y : y + tall, x : x + wide] > 0, box=(at, 0, wide, tall), prediction=SimpleNamespace(digit=digit)
    )


def make_ring(at: int, lean: float = 0.0) -> SimpleNamespace:
    ink = np.zeros((HEIGHT, 2 * HEIGHT), np.uint8)
    cv2.ellipse(ink, (HEIGHT, HEIGHT // 2), (18, 26), np.degrees(np.arctan(lean)), 0, 360, 1, 6)
    x, y, wide, tall = cv2.boundingRect(ink)
    return SimpleNamespace(
        ink=ink[y : y + tall, x : x + wide] > 0, box=(at, 0, wide, tall), prediction=SimpleNamespace(digit=0)
    )


def count_slashes(*line) -> int:
    return sum(len(found) for found in part_slashes([list(line)])[1])


@pytest.mark.parametrize("lean", [0.3, 0.5, 0.7])
def test_a_tall_leaning_stroke_between_digits_is_a_slash(lean):
    digits, slashes = part_slashes([[make_ring(0), make_stroke(60, lean, 1.3), make_ring(120)], [make_ring(0)]])
    assert [len(line) for line in digits] == [2, 1] and [len(line) for line in slashes] == [1, 0]
    (sign,) = name_slashes(digits, slashes)
    assert (sign.name, sign.text, sign.after, sign.is_first) == ("slash", "/", 1, False)


@pytest.mark.parametrize("height", [0.9, 1.0, 1.05])
def test_a_1_is_as_tall_as_its_neighbours(height):
    assert not count_slashes(make_ring(0), make_stroke(60, 0.4, height), make_ring(120))


def test_beside_a_slash_another_need_not_be_taller():
    line = make_ring(0), make_stroke(60, 0.5, 1.3), make_ring(120), make_stroke(180, 0.5), make_ring(240)
    assert count_slashes(*line) == 2


@pytest.mark.parametrize("lean", [-0.4, -0.1, 0.0, 0.1])
def test_an_upright_stroke_is_a_1_however_tall(lean):
    assert not count_slashes(make_ring(0), make_stroke(60, lean, 1.4), make_ring(120))


def test_where_all_lean_a_leaning_stroke_is_a_1():
    assert not count_slashes(make_stroke(0, 0.4), make_stroke(60, 0.45, 1.3), make_stroke(120, 0.4))


def test_a_slash_has_a_digit_on_each_side():
    assert not count_slashes(make_stroke(0, 0.5, 1.3), make_ring(60))
    assert not count_slashes(make_ring(0), make_stroke(60, 0.5, 1.3))


def test_what_was_read_as_another_digit_is_none():
    assert not count_slashes(make_ring(0), make_stroke(60, 0.5, 1.3, digit=7), make_ring(120))

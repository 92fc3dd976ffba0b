"""What a way through a line costs: gaps, cuts, odd shapes and ink left out each make a reading worth less."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from core.network.prediction import Prediction, Verdict
from core.reading import number
from core.reading.cuts import Primitive, split
from core.reading.number import Line

HEIGHT = 100


def make(left: int, width: int, patch: int = 0, high: int = HEIGHT, **facts) -> Primitive:
    """A block of ink that stands on the line."""
    return Primitive(np.ones((high, width), bool), (left, HEIGHT - high, width, high), patch, **facts)


def value(*members: Primitive) -> float:
    prior = number._judge_shape(members, HEIGHT)
    assert prior is not None
    return prior


def test_two_patches_taken_for_one_digit_are_worth_less_than_one_of_the_same_outline():
    assert value(make(0, 40), make(40, 40, patch=1)) < value(make(0, 80))


def test_the_wider_the_gap_the_less_they_are_worth_and_too_far_apart_they_are_none():
    values = [value(make(0, 30), make(30 + gap, 30, patch=1)) for gap in (0, 5, 10, 20)]
    assert values == sorted(values, reverse=True) and len(set(values)) == 4
    assert number._judge_shape((make(0, 30), make(30 + 60, 30, patch=1)), HEIGHT) is None


def test_each_side_of_a_cut_costs_something_and_each_stroke_that_it_crosses_more():
    plain, one, two = (value(make(0, 60, part=1, before=crossed)) for crossed in (0.0, 1.0, 2.0))
    assert plain > one > two
    assert value(make(0, 60, part=1, after=1.0)) == one
    assert value(make(0, 60, part=1, before=1.0, after=1.0)) - plain == pytest.approx(2 * (one - plain))


def test_what_is_put_together_again_as_it_was_costs_nothing():
    parts = make(0, 40, part=0, after=1.0), make(40, 40, part=1, before=1.0)
    assert value(*parts) == value(make(0, 80))


def test_wider_and_lower_than_digits_are_is_worth_less():
    assert value(make(0, 80)) == value(make(0, 60)) == 0
    assert 0 > value(make(0, 120)) > value(make(0, 150))
    assert 0 > value(make(0, 40, high=55)) > value(make(0, 40, high=48))
    assert number._judge_shape((make(0, 40, high=30),), HEIGHT) is None


@dataclass(frozen=True)
class Judge:
    """Says the same log-odds of every candidate, or others of those that fill more of their picture's width."""

    narrow: float
    wide: float

    def __call__(self, images: np.ndarray) -> list[Prediction]:
        answers = []
        for image in images:
            is_wide = np.ptp(np.flatnonzero(image.max(0) > 0.5)) >= 15
            log_odds = self.wide if is_wide else self.narrow
            answers.append(Prediction((1.0, *(0.0,) * 9), Verdict.DIGIT, False, log_odds, log_odds))
        return answers


def read(line: list[Primitive], narrow: float, wide: float) -> list[int]:
    """Where the digits begin that are found in one line."""
    found = number.find_digits([Line(tuple(line), HEIGHT)], Judge(narrow, wide))
    return [digit.box[0] for way in found for digit in way]


def test_what_looks_no_digit_at_all_is_left_out_and_what_looks_somewhat_like_one_is_not():
    """Leaving out costs, so that a doubtful digit is kept; a speck is left out for next to nothing."""
    line = [make(0, 40), make(100, 90, patch=1), make(250, 40, patch=2)]
    assert read(line, narrow=5, wide=-2) == [0, 100, 250]
    assert read(line, narrow=5, wide=-8) == [0, 250]
    speck = [make(0, 40), make(100, 10, patch=1, high=10), make(250, 40, patch=2)]
    assert read(speck, narrow=5, wide=5) == [0, 250]


def test_it_costs_less_to_leave_something_out_at_an_end_than_between_digits():
    """Currency signs stand at the ends."""
    between = [make(0, 40), make(100, 90, patch=1), make(250, 40, patch=2)]
    behind = [make(0, 40), make(100, 40, patch=1), make(200, 90, patch=2)]
    before = [make(0, 90), make(150, 40, patch=1), make(250, 40, patch=2)]
    for doubtful in (-3.5, -5.0):
        assert read(between, narrow=5, wide=doubtful) == [0, 100, 250]
        assert read(behind, narrow=5, wide=doubtful) == [0, 100]
        assert read(before, narrow=5, wide=doubtful) == [150, 250]


def test_one_sure_digit_does_not_pay_for_two_bad_ones():
    line = [make(0, 90), make(150, 40, patch=1), make(250, 40, patch=2)]
    assert read(line, narrow=-4.5, wide=6) == read(line, narrow=-4.5, wide=60) == [0]


def test_neighbours_are_joined_only_where_that_gains_more_than_it_costs():
    line = [make(0, 35), make(40, 35, patch=1)]
    assert read(line, narrow=-2.0, wide=2.0) == [0]
    assert read(line, narrow=2.0, wide=2.0) == [0, 40]


def test_the_parts_of_a_cut_patch_hold_its_ink_once_and_agree_on_what_was_crossed():
    """Two rings and a bridge between them."""
    ink = np.zeros((100, 150), bool)
    ink[:, :60] = ink[:, 90:] = ink[45:55, 60:90] = True
    ink[20:80, 20:40] = ink[20:80, 110:130] = False
    parts = split(Primitive(ink, (7, 3, 150, 100), 4), HEIGHT)
    assert len(parts) > 1 and [part.part for part in parts] == list(range(len(parts)))
    again = np.zeros((103, 157), int)
    for part in parts:
        x, y, width, height = part.box
        again[y : y + height, x : x + width] += part.ink
        assert part.patch == 4
    assert (again[3:, 7:] == ink).all()
    assert parts[0].before == parts[-1].after == 0
    assert all(one.after == other.before > 0 for one, other in itertools.pairwise(parts))

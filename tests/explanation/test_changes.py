"""A flip is a flip, and what is not changed stays as it is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import mnist
from core.explanation import changes
from core.explanation.changes import SLIDERS, Changes
from core.network import checkpoint
from core.network.prediction import predict

MODEL = checkpoint.load("modern")
SIX = mnist.load(train=False).images[11].numpy().astype(np.float32) / 255


@pytest.mark.parametrize("slider", ["turn", "noise", *(pytest.param(one, marks=pytest.mark.slow) for one in SLIDERS)])
def test_the_answer_before_a_flip_and_the_one_after_it_differ(slider):
    curve = changes.trace(MODEL, SIX, Changes(cover=8), slider)
    for flip in curve.flips:
        ask = [changes.apply(SIX, replace(Changes(cover=8), **{slider: at})) for at in (flip.low, flip.high)]
        before, after = (one.digit for one in predict(MODEL, np.stack(ask)))
        assert (before, after) == (flip.before, flip.after) and before != after
        assert 0 < flip.high - flip.low < (SLIDERS[slider].high - SLIDERS[slider].low) / 10_000
    stretches = np.flatnonzero(np.diff(curve.probabilities.argmax(1)))
    assert len(curve.flips) == len(stretches)


@pytest.mark.parametrize("slider", SLIDERS)
def test_every_slider_does_nothing_where_it_is_harmless_and_something_elsewhere(slider):
    its = SLIDERS[slider]
    assert its.low <= its.harmless <= its.high
    usual = Changes(cover=6 if slider.startswith("cover_") else 0)
    still = changes.apply(SIX, replace(usual, **{slider: its.harmless}))
    np.testing.assert_array_equal(still, changes.apply(SIX, usual))
    for end in {its.low, its.high} - {its.harmless}:
        assert not np.allclose(changes.apply(SIX, replace(usual, **{slider: end})), still)


def test_without_a_change_the_digit_stays_as_it_is():
    np.testing.assert_array_equal(changes.apply(SIX, Changes()), SIX)


@settings(deadline=None)  # other work on the machine
@given(st.fixed_dictionaries({name: st.floats(its.low, its.high) for name, its in SLIDERS.items()}))
def test_a_changed_digit_is_a_digit_and_the_same_again(positions):
    changed = changes.apply(SIX, Changes(**positions))
    assert changed.shape == (28, 28) and changed.dtype == np.float32
    assert changed.min() >= 0 and changed.max() <= 1
    np.testing.assert_array_equal(changed, changes.apply(SIX, Changes(**positions)))


@pytest.mark.parametrize("place", [(0, 0), (27, 27), (14, 13)])
def test_the_rubber_takes_a_square_of_ink_and_nothing_else(place):
    full = np.ones((28, 28), np.float32)
    rubbed = changes.apply(full, Changes(rubbed=(place,)))
    row, column = np.indices(full.shape)
    near = np.maximum(abs(row - place[0]), abs(column - place[1])) <= changes.RUBBER // 2
    np.testing.assert_array_equal(rubbed, np.where(near, 0, 1))
    np.testing.assert_array_equal(changes.apply(full, Changes(rubbed=(place, place))), rubbed)
    np.testing.assert_array_equal(full, 1)


def test_turning_by_a_right_angle_is_turning_the_picture():
    np.testing.assert_allclose(changes.apply(SIX, Changes(turn=90)), np.rot90(SIX, -1), atol=1e-5)
    np.testing.assert_allclose(changes.apply(SIX, Changes(right=3)), np.roll(SIX, 3, axis=1), atol=1e-5)


def test_flips_are_found_where_they_are():
    def ask(positions):
        """A 3 below 0.317, then a 5."""
        return np.eye(10)[np.where(positions < 0.317, 3, 5)]

    positions = np.linspace(0, 1, 11)
    (flip,) = changes.find_flips(positions, ask(positions).argmax(1), ask)
    assert flip.low < 0.317 <= flip.high and (flip.before, flip.after) == (3, 5)


def test_flips_are_told_outward_from_where_nothing_changes():
    flips = (changes.Flip(-30.2, -30.1, 9, 6), changes.Flip(41.0, 41.1, 6, 4))
    curve = changes.Curve("turn", np.array([-180.0, 0.0, 180.0]), np.eye(10)[[9, 6, 4]], flips)
    assert curve.sentence == (
        "Clockwise: a 6 until 41 degrees, then a 4. Counterclockwise: a 6 until 30 degrees, then a 9."
    )
    still = changes.Curve("turn", np.array([-180.0, 180.0]), np.eye(10)[[8, 8]], ())
    assert still.sentence == "Stays an 8 over the whole range."


def test_a_stretch_is_told_by_its_own_answer_and_not_by_one_that_comes_and_goes_beside_a_flip():
    """To the left of 0 stands a 1, and beyond it a 5; in the flip between them a 4 was met on the way."""
    answers = [5, 5, 1, 7, 7]
    flips = changes.Flip(-60.0, -59.9, 5, 4), changes.Flip(-30.0, -29.9, 1, 7)
    curve = changes.Curve("turn", np.array([-90.0, -61.0, -45.0, 0.0, 90.0]), np.eye(10)[answers], flips)
    assert curve.sentence.endswith("Counterclockwise: a 7 until 30 degrees, then a 1 until 60 degrees, then a 5.")

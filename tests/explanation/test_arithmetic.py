"""The arithmetic of a value gives the value, and what is printed of it adds up."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.explanation import arithmetic, layers

RNG = np.random.default_rng(0)


def places(layer):
    """Some channels with some rows and columns, corners among them."""
    shape = layer.values.shape
    yield from (tuple(RNG.integers(0, side) for side in shape) for _ in range(5))
    yield (0,) * len(shape)
    yield tuple(side - 1 for side in shape)


def test_the_sum_is_the_value_of_the_map(network, digit):
    for layer in layers.follow(network, digit):
        for place in places(layer) if layer.first.is_weighted else ():
            one = arithmetic.add_up(network, layer, *place)
            assert one.total == pytest.approx(float(layer.first.values[place]), abs=1e-4)
            assert one.value == pytest.approx(float(layer.values[place]), abs=1e-4)


def test_a_pooled_value_is_the_largest_of_its_block(network, digit):
    found = layers.follow(network, digit)
    for before, layer in itertools.pairwise(found):
        if "max-pooling" in layer.name:
            for place in places(layer):
                block = arithmetic.find_block(before, layer, *place)
                assert block is not None and block.candidates.shape == (2, 2)
                assert block.following[-1][1] == float(layer.values[place])


def test_a_layer_without_weights_says_so(network, digit):
    for layer in layers.follow(network, digit):
        if not layer.first.is_weighted:
            with pytest.raises(ValueError, match="has no weights to add up"):
                arithmetic.add_up(network, layer, 0)


NUMBERS = arrays.arrays(np.float64, st.integers(1, 40), elements=st.floats(-50, 50, width=32))


@settings(deadline=None)  # other work on the machine
@given(NUMBERS)
def test_printed_numbers_add_up(terms):
    printed = arithmetic.share_out(terms)
    assert np.abs(printed - terms).max() < 1e-3 + 1e-9
    assert round(float(printed.sum()) * 1000) == round(float((terms * 1000).sum()))


@settings(deadline=None)  # other work on the machine
@given(NUMBERS, st.sampled_from([-0.001, 0.0, 0.001]))
def test_printed_numbers_add_up_to_what_is_printed_elsewhere(terms, off):
    total = round(float(terms.sum()), 3) + off
    assert float(arithmetic.share_out(terms, total=total).sum()) == pytest.approx(total, abs=1e-6)

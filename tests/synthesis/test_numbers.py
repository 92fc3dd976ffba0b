"""Synthetic numbers, cut: whole digits keep their label, everything else is a non-digit; seeds decide alone."""

import numpy as np
import pytest
import torch

from core.data import mnist
from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.network import checkpoint
from core.network.prediction import predict
from core.synthesis import numbers
from core.training import examples


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    return mnist.load(train=True).pick(torch.arange(2000))


@pytest.fixture(scope="module")
def cut(digits: DigitSet) -> DigitSet:
    return numbers.make(digits, 400, seed=3)


def test_the_same_seed_makes_the_same_candidates_and_another_seed_others(digits: DigitSet):
    once, again, other = (numbers.make(digits, 30, seed) for seed in (1, 1, 2))
    assert torch.equal(once.images, again.images) and torch.equal(once.labels, again.labels)
    assert not torch.equal(once.images[:20], other.images[:20])


def test_candidates_are_digits_and_non_digits_about_equally_often(cut: DigitSet):
    assert cut.images.dtype == torch.uint8 and cut.images.shape[1:] == (28, 28)
    assert len(cut) >= 400
    assert set(cut.labels.tolist()) == {NO_DIGIT, *range(10)}
    assert 0.3 < (cut.labels == NO_DIGIT).float().mean() < 0.7


def test_a_candidate_labelled_as_a_digit_shows_it(cut: DigitSet):
    """Checked with the shipped network, which reads digits nearly always right."""
    whole = cut.pick(torch.nonzero(cut.labels >= 0).flatten())
    answers = predict(checkpoint.load(checkpoint.SHIPPED), whole.images.numpy().astype(np.float32) / 255)
    right = [answer.digit == label for answer, label in zip(answers, whole.labels.tolist(), strict=True)]
    assert np.mean(right) > 0.93


def test_without_parts_a_non_digit_holds_more_than_one_digit(digits: DigitSet):
    """Two digits side by side fill the width of the picture, where half a digit stands upright."""
    none = [
        made.images[made.labels == NO_DIGIT].float().amax(1) > 100
        for made in (numbers.make(digits, 300, 5, parts) for parts in (True, False))
    ]
    with_parts, without = ((columns.sum(1) > 14).float().mean() for columns in none)
    assert without > with_parts


def test_every_digit_owns_its_ink_from_left_to_right(digits: DigitSet):
    shown = digits.pick(torch.arange(4))
    owner = numbers.write(list(shown.images.numpy()), np.random.default_rng(0))
    bits = [1, 2, 4, 8]
    assert set(np.unique(owner)) <= {0, numbers.OTHER, *range(1, 16)}
    middles = [np.nonzero(owner & bit)[1].mean() for bit in bits]
    assert middles == sorted(middles)


def test_outliers_are_added_behind_the_digits_and_only_they_are_no_digit(digits: DigitSet):
    few = digits.pick(torch.arange(200))
    shown = examples.expose_to_outliers(few, 0.5, seed=0)
    assert torch.equal(shown.images[:200], few.images) and torch.equal(shown.labels[:200], few.labels)
    assert 290 <= len(shown) <= 330
    assert (shown.labels[200:] == NO_DIGIT).float().mean() > 0.5

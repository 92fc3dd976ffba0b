"""The arithmetic of the benchmark on real pictures."""

import math

import numpy as np
import pytest

from benchmarks.realworld import find_auroc, find_share_passing


@pytest.mark.parametrize(
    ("positives", "negatives", "wanted"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], 0.0),
        ([1, 1], [1, 1, 1], 0.5),
        ([1, 3], [2, 2], 0.5),
        ([2, 5], [-math.inf, 3], 0.75),
    ],
)
def test_auroc_is_the_share_of_pairs_in_the_right_order(positives: list, negatives: list, wanted: float):
    assert find_auroc(positives, negatives) == pytest.approx(wanted)


def test_the_threshold_keeps_the_share_of_digits_it_promises():
    digits = list(np.random.default_rng(0).normal(size=1000))
    assert find_share_passing(digits, digits) == pytest.approx(0.97)
    assert find_share_passing(digits, [-math.inf, 99.0]) == 0.5
    assert find_share_passing([1.0] * 97 + [0.0] * 3, [0.5, 0.0, 1.0, 1.0]) == 0.5

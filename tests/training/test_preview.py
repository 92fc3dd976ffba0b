"""The preview shows what the run will show: the digits that it sees, other writers' and non-digits, augmented."""

import itertools

import pytest
import torch

from core.config import AUGMENTATIONS, TrainingSettings
from core.data import mnist
from core.data.labels import NO_DIGIT
from core.training.preview import preview


@pytest.fixture(scope="module")
def digits():
    return mnist.load(train=True).pick(torch.arange(400))


def settings(**values) -> TrainingSettings:
    return TrainingSettings(**{"augmentation": "none", "outlier_exposure": 0.0, "pen_digits": 0.0, **values})


def is_known(image: torch.Tensor, digits) -> bool:
    return bool((digits.images == image).flatten(1).all(1).any())


@pytest.mark.parametrize(("outliers", "writers"), [*itertools.product((0.0, 0.05, 1.0), repeat=2)])
def test_each_kind_that_the_run_is_shown_is_in_the_preview_and_no_other(digits, outliers, writers):
    shown = preview(digits, settings(outlier_exposure=outliers, pen_digits=writers), seed=1)
    own = sum(is_known(image, digits) for image in shown.images)
    assert len(shown) == 8 and own >= 2
    assert (own == 8) == (outliers == writers == 0)
    assert outliers or NO_DIGIT not in shown.labels


@pytest.mark.parametrize("left_out", [(), (0, 1, 2, 3), (0, 1, 2, 3, 4, 5, 6, 7)])
def test_digits_that_are_left_out_are_not_in_it(digits, left_out):
    for seed in range(3):
        shown = preview(digits, settings(left_out=left_out, pen_digits=0.5), seed)
        assert not set(shown.labels.tolist()) & set(left_out)


@pytest.mark.parametrize("level", AUGMENTATIONS)
def test_it_is_augmented_as_the_run_is_and_the_same_for_the_same_seed(digits, level):
    once, again, other = (preview(digits, settings(augmentation=level), seed).images for seed in (3, 3, 4))
    assert torch.equal(once, again) and not torch.equal(once, other)
    assert all(is_known(image, digits) for image in once) == (level == "none")

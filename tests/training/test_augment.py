"""Augmentation changes a digit as far as it says, no further, and leaves it readable."""

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from core.data import mnist
from core.data.digits import DigitSet
from core.network import checkpoint
from core.network.architectures import to_input
from core.training.augment import LEVELS, Augmentation, augment

BOUNDS = {"rotation": 12.0, "scale": 0.14, "aspect": 0.3, "shear": 0.2, "shift": 2.0}
COUNT = 400


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    return mnist.load(train=False).pick(torch.arange(400))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def augmented(digits: DigitSet, level: Augmentation, seed: int = 0) -> Tensor:
    return augment(to_input(digits.images), digits.labels, level, seeded(seed))


def measure(images: Tensor) -> dict[str, Tensor]:
    """What an affine map does to an upright bar, from its moments: each (B,), in the units of `Augmentation`."""
    weights = images.squeeze(1) / images.sum((1, 2, 3)).view(-1, 1, 1)
    y, x = torch.meshgrid(torch.arange(28.0) - 13.5, torch.arange(28.0) - 13.5, indexing="ij")
    centre_x, centre_y = ((weights * place).sum((1, 2)) for place in (x, y))
    off_x, off_y = x - centre_x.view(-1, 1, 1), y - centre_y.view(-1, 1, 1)
    xx, yy, xy = ((weights * product).sum((1, 2)) for product in (off_x**2, off_y**2, off_x * off_y))
    return {
        "rotation": torch.rad2deg(torch.atan2(2 * xy, yy - xx) / 2),
        "scale": (xx * yy - xy**2).log() / 4,
        "aspect": (xx / yy).log() / 2,
        "shear": xy / yy,
        "shift": torch.where(centre_x.abs() > centre_y.abs(), centre_x, centre_y),
    }


@pytest.mark.parametrize("name", BOUNDS)
def test_no_digit_is_turned_moved_or_stretched_further_than_it_says(name):
    place = torch.arange(28.0) - 13.5
    bar = (-((place.view(-1, 1) / 5) ** 2) / 2 - (place / 2.5) ** 2 / 2).exp().view(1, 1, 28, 28)  # smooth
    level, bound = Augmentation(**{name: BOUNDS[name]}), BOUNDS[name]
    changed = augment(bar.repeat(COUNT, 1, 1, 1), torch.full((COUNT,), 5), level, seeded())
    away = measure(changed)[name] - measure(bar)[name]
    assert away.abs().max() < 1.1 * bound
    assert away.max() > 0.8 * bound and away.min() < -0.8 * bound, "to both sides, as far as it may"
    assert away.mean().abs() < 0.15 * bound
    spread = bound / 2 if name == "rotation" else bound / math.sqrt(3)
    assert away.std() == pytest.approx(spread, rel=0.3)


def test_an_elastic_field_bends_by_about_as_many_pixels_as_it_says():
    dot = torch.zeros(COUNT, 1, 28, 28)
    dot[..., 12:16, 12:16] = 1
    for pixels in (0.5, 1.0):
        moved = measure(augment(dot, torch.full((COUNT,), 5), Augmentation(elastic=pixels), seeded()))["shift"]
        assert 0.5 * pixels < moved.std() < 1.2 * pixels


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_so_many_strokes_are_made_thicker_or_thinner_half_of_them_each(share, digits):
    plain = augmented(digits, Augmentation(shift=1e-6))
    changed = augmented(digits, Augmentation(shift=1e-6, thickness=share))
    more = (changed - plain).sum((1, 2, 3))
    assert (more.abs() > 0.1).float().mean().item() == pytest.approx(share, abs=0.08)
    assert (more > 0.1).sum().item() == pytest.approx((more < -0.1).sum().item(), rel=0.2)


@pytest.mark.parametrize("name", LEVELS)
def test_the_shipped_model_still_reads_what_training_shows(name, digits):
    model = checkpoint.load(checkpoint.SHIPPED).model
    with torch.inference_mode():
        answers = model.logits(augmented(digits, LEVELS[name])).argmax(1)
    assert (answers == digits.labels).float().mean() >= 0.9


@pytest.mark.parametrize("field", dataclasses.fields(Augmentation), ids=lambda field: field.name)
def test_every_kind_of_change_is_made_by_itself_and_strong_makes_them_all(field, digits):
    level = LEVELS["strong"]
    alone = Augmentation(**{field.name: getattr(level, field.name)})
    assert (augmented(digits, alone) - to_input(digits.images)).abs().max() > 0.2


def test_each_level_changes_digits_more_than_the_one_before(digits):
    plain = to_input(digits.images)
    none, light, strong = ((augmented(digits, LEVELS[name]) - plain).pow(2).mean() for name in LEVELS)
    assert none == 0 and 0 < 1.5 * light < strong


@pytest.mark.parametrize("name", LEVELS)
def test_the_same_seed_gives_the_same_digits_and_what_was_given_stays_as_it_is(name, digits):
    given, labels = to_input(digits.images), digits.labels
    before = given.clone()
    once, again, other = (augment(given, labels, LEVELS[name], seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(given, before) and torch.equal(once, again)
    assert torch.equal(once, other) == (name == "none")
    assert once.shape == given.shape and once.min() >= 0 and once.max() <= 1

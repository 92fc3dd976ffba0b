"""Laws of damage: harmless means unchanged, the same for every model, and worse the stronger."""

import itertools

import pytest
import torch
from torch import nn

from core.data import mnist
from core.data.digits import DigitSet
from core.evaluation import robustness
from core.evaluation.robustness import DAMAGES
from core.network.architectures import to_input


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    return robustness.sample(mnist.load(train=False), 60)


class Nearest(nn.Module):
    """Knows the undamaged digits by heart and answers with the most similar one."""

    def __init__(self, digits: DigitSet) -> None:
        super().__init__()
        self.known, self.labels = to_input(digits.images).flatten(1), digits.labels

    def logits(self, pictures: torch.Tensor) -> torch.Tensor:
        nearest = torch.cdist(pictures.flatten(1), self.known).argmin(1)
        return nn.functional.one_hot(self.labels[nearest], 10).float()


def test_a_point_knows_how_many_pictures_and_when(digits):
    point = robustness.measure(Nearest(digits), digits, "blur", 0)
    assert point.accuracy == 1 and point.pictures == 60
    line = robustness.source("mine 0123abcd", "MNIST test set", [point])
    assert line.startswith("mine 0123abcd · 60 pictures of MNIST test set · computed 20")


def test_every_damage_has_rising_strengths_one_of_them_harmless_and_both_sides_where_it_has_two():
    """What lies as far on one side as on the other is asked on both: the worse one must not be left out."""
    assert DAMAGES["rotation"].strengths[0] == -DAMAGES["rotation"].strengths[-1]
    for damage in DAMAGES.values():
        assert len(damage.strengths) >= 6 and sorted(damage.strengths) == list(damage.strengths)
        assert damage.harmless in damage.strengths


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_changes_digits_but_not_where_it_is_harmless(name, digits):
    damage = DAMAGES[name]
    assert torch.equal(robustness.spoil(digits, name, damage.harmless).images, digits.images)
    for strength in damage.strengths:
        spoilt = robustness.spoil(digits, name, strength)
        assert spoilt.images.shape == digits.images.shape and spoilt.images.dtype == torch.uint8
        assert torch.equal(spoilt.images, robustness.spoil(digits, name, strength).images), "the same damage each time"
        assert strength == damage.harmless or not torch.equal(spoilt.images, digits.images)


@pytest.mark.parametrize("name", DAMAGES)
def test_the_stronger_the_damage_the_less_is_left_of_the_digit(name, digits):
    damage = DAMAGES[name]

    def changed(strength: float) -> float:
        difference = robustness.spoil(digits, name, strength).images.float() - digits.images.float()
        return difference.pow(2).mean().item()

    for side in (-1, 1):
        away = sorted(
            (abs(strength - damage.harmless), changed(strength))
            for strength in damage.strengths
            if (strength - damage.harmless) * side >= 0
        )
        assert all(one < other for (_, one), (_, other) in itertools.pairwise(away)), away


@pytest.mark.parametrize("name", sorted(set(DAMAGES) - {"noise", "contrast"}))
def test_the_strongest_damage_costs_accuracy(name, digits):
    """Noise and contrast leave the nearest digit where it was, so that this model never errs there."""
    model, damage = Nearest(digits), DAMAGES[name]
    away = sorted(damage.strengths, key=lambda strength: abs(strength - damage.harmless))
    harmless, strongest = (robustness.measure(model, digits, name, strength) for strength in (away[0], away[-1]))
    assert harmless.accuracy == 1.0
    assert strongest.low <= strongest.accuracy < 1.0


def test_curves_of_several_models_name_their_sources_and_their_damages(digits):
    point = robustness.measure(Nearest(digits), digits, "blur", 0)
    curves = {"mine 0123abcd": [point], "nothing yet": []}
    assert robustness.measured(curves) == ["blur"] and robustness.measured({}) == []
    assert robustness.sources("MNIST test set", curves) == [
        robustness.source("mine 0123abcd", "MNIST test set", [point])
    ]


def test_an_example_is_a_five_at_each_strength(digits):
    five = digits.images[digits.labels == 5][0].numpy()
    shown = robustness.examples(digits, "blur")
    assert shown.shape == (6, 28, 28) and (shown[0] == five).all() and not (shown[1] == five).all()


def test_a_shift_moves_ink_by_as_many_pixels(digits):
    dot = torch.zeros(1, 28, 28, dtype=torch.uint8)
    dot[0, 13:15, 13:15] = 255
    moved = robustness.spoil(DigitSet(dot, torch.tensor([1])), "shift", 4).images[0].float()
    rows, columns = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    away = ((rows * moved).sum() / moved.sum() - 13.5) ** 2 + ((columns * moved).sum() / moved.sum() - 13.5) ** 2
    assert away.sqrt().item() == pytest.approx(4, abs=0.1)


def test_clockwise_is_clockwise():
    stroke = torch.zeros(1, 28, 28, dtype=torch.uint8)
    stroke[0, 4:14, 13:15] = 255  # from the middle straight up
    turned = robustness.spoil(DigitSet(stroke, torch.tensor([1])), "rotation", 40).images[0].float()
    assert turned[:14, 15:].sum() > 5 * turned[:14, :13].sum(), "the stroke now points up and to the right"

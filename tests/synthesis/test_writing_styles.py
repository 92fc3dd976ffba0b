"""Writing styles: a 0, 1 or 7 written as others write it is the same digit still."""

import pytest
import torch
from torch import Tensor

from core.data import mnist
from core.data.digits import DigitSet
from core.network import checkpoint
from core.network.architectures import to_input
from core.synthesis.writing_styles import add_writing_styles

STYLED = (0, 1, 7)


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    return mnist.load(train=False).pick(torch.arange(500))


def add(digits: DigitSet, share: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """The digits before and after."""
    plain = to_input(digits.images)
    before = plain.clone()
    after = add_writing_styles(plain, digits.labels, share, torch.Generator().manual_seed(seed))
    assert torch.equal(plain, before), "what was given stays as it is"
    return plain, after


def is_changed(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).abs().amax((1, 2, 3)) > 0.1


@pytest.mark.parametrize("label", STYLED)
def test_every_one_of_them_can_be_written_otherwise_and_keeps_its_ink(label, digits):
    members = digits.pick(torch.nonzero(digits.labels == label).flatten())
    before, after = add(members, 1.0)
    assert is_changed(before, after).float().mean() > 0.9
    left = torch.minimum(before, after).sum((1, 2, 3)) / before.sum((1, 2, 3))
    assert left.min() > 0.8
    with torch.inference_mode():
        answers = checkpoint.load(checkpoint.SHIPPED).model.logits(after).argmax(1)
    assert (answers == label).float().mean() > 0.9


def test_sevens_are_crossed_on_both_sides_of_their_stem(digits):
    before, after = add(digits.pick(torch.nonzero(digits.labels == 7).flatten()), 1.0)
    added = (after - before).squeeze(1)
    rows = added.sum(2).argmax(1)
    stem = torch.stack([one[0, row] for one, row in zip(before, rows, strict=True)])
    middle = ((stem * torch.arange(28.0)).sum(1) / stem.sum(1)).view(-1, 1, 1)
    place = torch.arange(28.0).view(1, 1, -1)
    left, right = (added * (place < middle)).sum((1, 2)), (added * (place > middle)).sum((1, 2))
    assert ((left > 0.5) & (right > 0.5)).float().mean() > 0.8


def test_zeros_are_slashed_or_opened_half_of_them_each_and_ones_only_gain_ink(digits):
    before, after = add(digits.pick(torch.nonzero(digits.labels == 0).flatten()), 1.0)
    more = (after - before).sum((1, 2, 3))
    assert (more > 1).sum().item() == pytest.approx((more < -1).sum().item(), abs=2)
    before, after = add(digits.pick(torch.nonzero(digits.labels == 1).flatten()), 1.0)
    assert (after >= before).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_about_so_many_are_written_otherwise_and_no_other_digit_is(share, digits):
    before, after = add(digits, share)
    changed, styled = is_changed(before, after), torch.isin(digits.labels, torch.tensor(STYLED))
    assert not changed[~styled].any()
    assert changed[styled].float().mean().item() == pytest.approx(share, abs=0.1)

"""Every degradation changes its digits and leaves enough of them to be read."""

import pytest
import torch
from torch import Tensor

from core.data import mnist
from core.data.digits import DigitSet
from core.network import checkpoint
from core.network.architectures import to_input
from core.training import degradations
from core.training.degradations import DEGRADATIONS, degrade


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    return mnist.load(train=False).pick(torch.arange(400))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def is_changed(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).abs().amax((1, 2, 3)) > 0.1


@pytest.mark.parametrize("change", DEGRADATIONS, ids=lambda change: change.__name__.strip("_"))
def test_it_changes_digits_leaves_their_ink_and_the_shipped_model_reads_them(change, digits):
    """Of one digit less may be left: of a 1 that stands at the edge a third. Blur and few pixels spread its ink."""
    plain = to_input(digits.images)
    before = plain.clone()
    changed = change(plain, seeded())
    assert torch.equal(plain, before), "what was given stays as it is"
    assert is_changed(plain, changed).float().mean() > 0.5
    assert (changed.sum((1, 2, 3)) / plain.sum((1, 2, 3))).mean() > 0.8
    assert changed.min() >= 0 and changed.max() <= 1.001
    with torch.inference_mode():
        answers = checkpoint.load(checkpoint.SHIPPED).model.logits(changed).argmax(1)
    assert (answers == digits.labels).float().mean() > 0.9


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 1.0])
def test_so_many_are_degraded_each_in_one_way(share, digits, monkeypatch):
    """The ways stand in for themselves: the first sets a pixel to 0.1, the second to 0.2."""
    marks = [float(number) / 20 for number in range(1, len(DEGRADATIONS) + 1)]

    def mark(value):
        return lambda digits, rng: digits.index_fill(3, torch.tensor([0]), value)

    monkeypatch.setattr(degradations, "DEGRADATIONS", [mark(value) for value in marks])
    found = degrade(torch.zeros(400, 1, 28, 28), share, seeded())[:, 0, 0, 0]
    assert (found > 0).float().mean().item() == pytest.approx(share, abs=0.06)
    counts = [int((found - value).abs().lt(1e-4).sum()) for value in marks]
    assert sum(counts) == int((found > 0).sum()) and max(counts) - min(counts) <= 1


def test_a_whole_batch_is_degraded_where_all_of_it_is_to_be(digits):
    plain = to_input(digits.images)
    assert is_changed(plain, degrade(plain, 1.0, seeded())).float().mean() > 0.8
    assert not is_changed(plain, degrade(plain, 0.0, seeded())).any()

"""A run that is in a hurry: fewer digits, the hardest among them, and a first layer that stays as it is."""

import dataclasses

import pytest
import torch
from torch import nn

from core.config import TrainingSettings
from core.data import mnist
from core.data.split import split
from core.training import hard_examples
from core.training.events import Step
from core.training.examples import gather
from core.training.loop import Training
from core.training.muon import Muon, orthogonalise

SETTINGS = TrainingSettings(
    architecture="lenet5", epochs=1, batch_size=32, training_images=600, validation_share=0.1, augmentation="none",
    pen_digits=0.0, outlier_exposure=0.0, ema_decay=0.9, shown_share=0.5, frozen_share=0.5,
)  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    return mnist.load(train=True).pick(torch.arange(2000))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_is_chosen_of_which_half_are_the_hardest(digits, share):
    chosen = hard_examples.choose(digits, share, seed=3)
    assert len(chosen) == round(share * len(digits))
    margins = hard_examples._margins(digits)
    sorted_margins = margins.sort().values
    whole = {image.numpy().tobytes(): margin for image, margin in zip(digits.images, margins.tolist(), strict=True)}
    found = torch.tensor([whole[image.numpy().tobytes()] for image in chosen.images])
    limit = sorted_margins[round(share * len(digits) / 2) - 1]
    assert (found <= limit + 1e-4).float().mean() >= 0.5
    again, another = (hard_examples.choose(digits, share, seed) for seed in (3, 4))
    assert torch.equal(chosen.images, again.images) and not torch.equal(chosen.images, another.images)


def test_validation_digits_are_the_same_however_few_are_shown(digits):
    few, all_of_them = gather(digits, SETTINGS), gather(digits, dataclasses.replace(SETTINGS, shown_share=1.0))
    assert torch.equal(few.validation.images, all_of_them.validation.images)
    assert len(few.digits) == round(0.5 * len(split(digits, SETTINGS)[0]))


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_the_first_layer_learns_until_it_is_frozen_and_a_resumed_run_is_the_same(digits, optimiser):
    settings = dataclasses.replace(SETTINGS, optimiser=optimiser)
    training = Training(gather(digits, settings), settings)
    first, seen, saved = training.model.conv1.weight, [], None
    for event in training:
        if isinstance(event, Step):
            seen.append(first.detach().clone())
            if event.step == training.steps - 2:
                saved = training.state()
                saved = {**saved, "model": {key: value.clone() for key, value in saved["model"].items()}}
                saved["ema_model"] = {key: value.clone() for key, value in saved["ema_model"].items()}
                saved["optimiser"] = torch.utils._pytree.tree_map_only(torch.Tensor, torch.clone, saved["optimiser"])
    half = round(training.steps / 2)
    assert not torch.equal(seen[half - 2], seen[half - 1])
    assert all(torch.equal(seen[half - 1], later) for later in seen[half:])
    resumed = Training(gather(digits, settings), settings)
    resumed.restore(saved)
    list(resumed)
    for mine, theirs in zip(resumed.model.parameters(), training.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_muons_step_is_orthogonal_and_only_kernels_take_it():
    torch.manual_seed(0)
    found = orthogonalise(torch.randn(16, 150) @ torch.diag(torch.logspace(0, -2, 150)))
    assert torch.linalg.svdvals(found).min() > 0.5 and torch.linalg.svdvals(found).max() < 1.3
    model = nn.ModuleDict({"conv": nn.Conv2d(3, 4, 3), "line": nn.Linear(5, 6)})
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimiser = Muon(model.parameters(), lr=1e-3, weight_decay=0.0)
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimiser.step()
    moved = {name: (value.detach() - before[name]) for name, value in model.named_parameters()}
    assert torch.linalg.svdvals(moved["conv.weight"].flatten(1)).max() < 1.3e-2  # 10 times the rate of the others
    for name in ("conv.bias", "line.weight", "line.bias"):
        assert moved[name].abs().max() == pytest.approx(1e-3, rel=1e-2)  # Adam's first step

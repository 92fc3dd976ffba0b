"""How long a run is said to take: in proportion to what it looks at, whatever the machine."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from core.config import TrainingSettings
from core.data import mnist
from core.training import estimate
from core.training.events import Epoch, Step
from core.training.examples import gather

PLAIN = TrainingSettings(
    epochs=2, training_images=1000, validation_share=0.2, outlier_exposure=0.0, pen_digits=0.0, augmentation="none"
)


def expect(seconds_per_image: float = 1.0, **changes) -> float:
    return estimate.expect(dataclasses.replace(PLAIN, **changes), seconds_per_image)


@pytest.mark.parametrize("times", [2, 7])
def test_twice_the_epochs_the_images_or_the_time_for_each_take_twice_as_long(times):
    longer = pytest.approx(times * expect())
    assert expect(epochs=times * PLAIN.epochs) == longer
    assert expect(training_images=times * PLAIN.training_images) == longer
    assert expect(seconds_per_image=times) == longer


def test_evaluating_a_digit_takes_time_but_less_than_half_of_learning_from_it():
    learned_from = PLAIN.epochs * PLAIN.training_images
    for share in (0.1, 0.3, 0.5):
        learning = (1 - share) * learned_from
        evaluating = expect(validation_share=share) - learning
        assert 0 < evaluating < share * learned_from / 2


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"outlier_exposure": 0.5},
        {"pen_digits": 0.3},
        {"left_out": (1, 2, 3)},
        {"validation_share": 0.4},
        {"shown_share": 0.5},
    ],
)
def test_what_a_run_is_shown_is_what_it_is_expected_to_take(changes):
    settings = dataclasses.replace(PLAIN, **changes)
    examples = gather(mnist.load(train=True).pick(torch.arange(1000)), settings)
    learning = settings.epochs * len(examples.shown)
    assert 0.95 * learning < expect(**changes) < 1.05 * learning + settings.epochs * len(examples.validation)


def test_the_middle_step_counts_and_is_shared_out_over_its_batch(monkeypatch):
    """The first step is slow (memory is taken, kernels are chosen), and on a busy machine the quickest is luck."""
    seen: list[tuple[int, TrainingSettings]] = []

    def train(examples, settings):
        seen.append((len(examples.shown), settings))
        times = (5.0, 9.0, 9.5, 12.0, 13.0, 14.5)
        yield from (Step(at, 6, 1, 1.0, 0.1, settings.batch_size, time) for at, time in enumerate(times, start=1))
        yield Epoch(1, 6, 99.0, 1.0, 1.0, 0.5)

    monkeypatch.setattr(estimate, "Training", train)
    monkeypatch.setattr(estimate, "torch", SimpleNamespace(set_num_threads=lambda count: None, arange=torch.arange))
    few = mnist.load(train=True).pick(torch.arange(50))
    for batch_size in (1, 10, 64, 256, 8192):
        settings = dataclasses.replace(PLAIN, batch_size=batch_size)
        timed = min(estimate.MOST_MEASURED, batch_size)
        assert estimate.measure(few, settings, threads=1) == pytest.approx(1.5 / timed)
        assert seen[-1][0] == 6 * timed and seen[-1][1].batch_size == timed


def test_what_a_step_takes_is_measured_as_the_run_will_take_it():
    """Batches of one were timed as batches of 64, with the usual optimiser: 13 s became five minutes."""
    settings = dataclasses.replace(
        PLAIN, architecture="mlp", batch_size=1, optimiser="adam", augmentation="light", device="cpu",
        precision="float32", epochs=7, seed=3, learning_rate=0.5,
    )  # fmt: skip
    counted = estimate.what_counts(settings)
    for name in ("architecture", "batch_size", "optimiser", "augmentation", "device", "precision"):
        assert getattr(counted, name) == getattr(settings, name)
    assert counted == estimate.what_counts(dataclasses.replace(settings, epochs=1, seed=0, learning_rate=0.1))

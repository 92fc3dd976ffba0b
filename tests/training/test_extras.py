"""Examples drawn by another process are those that this one would draw, and the run is the same either way."""

import dataclasses
import time

import pytest
import torch

from core.config import TrainingSettings
from core.data import mnist
from core.data.digits import DataError
from core.training import extras
from core.training.events import Step, Waiting
from core.training.examples import count_extras, gather
from core.training.loop import Training

SETTINGS = TrainingSettings(
    architecture="mlp", epochs=1, batch_size=8, training_images=120, validation_share=0.2, augmentation="none",
    pen_digits=0.4, outlier_exposure=0.3,
)  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    return mnist.load(train=True).pick(torch.arange(120))


def test_another_process_draws_the_same_and_the_run_is_the_same(digits):
    here, beside = gather(digits, SETTINGS), extras.gather_beside(digits, SETTINGS)
    assert len(here) == len(beside) == len(here.digits) + count_extras(len(here.digits), SETTINGS)
    trained = [Training(examples, SETTINGS) for examples in (here, beside)]
    losses = [[event.loss for event in one if isinstance(event, Step)] for one in trained]
    assert losses[0] == losses[1] and len(losses[0]) == trained[0].steps
    assert torch.equal(trained[1].shown.images, here.shown.images)
    assert torch.equal(trained[1].shown.labels, here.shown.labels)


def test_the_first_epoch_begins_with_digits_alone_and_shows_everything_once(digits):
    training = Training(gather(digits, SETTINGS), SETTINGS)
    order = torch.cat(training._shuffle())
    assert order[: len(training.digits) // 2].max() < len(training.digits)
    assert torch.equal(order.sort().values, torch.arange(len(training.shown)))
    training.epoch = 1
    later = torch.cat(training._shuffle())
    assert later[: len(training.digits) // 2].max() >= len(training.digits)


def test_steps_do_not_wait_for_what_they_do_not_show(digits):
    examples = extras.gather_beside(digits, SETTINGS)
    events = iter(Training(examples, SETTINGS))
    assert not examples.coming.wait(0)  # starting a process takes longer than all of this
    alone = len(examples.digits) // 2 // SETTINGS.batch_size
    assert all(isinstance(next(events), Step) for _ in range(alone))
    assert isinstance(next(events), Waiting)


def test_where_there_is_nothing_to_draw_nothing_is_started(digits):
    plain = dataclasses.replace(SETTINGS, pen_digits=0.0, outlier_exposure=0.0)
    assert not extras.gather_beside(digits, plain).coming


def test_a_process_that_fails_says_why(digits, monkeypatch, tmp_path):
    drawing = extras.DrawnBeside(digits, SETTINGS)
    drawing._thread.join()
    drawing._process.returncode = extras.REFUSED
    drawing._answers[0] = (b"", b"The file is missing.")
    with pytest.raises(DataError, match=r"^The file is missing\.$"):
        drawing.take()


def test_nobody_draws_for_a_run_that_is_gone(digits):
    process = extras.DrawnBeside(digits, SETTINGS)._process  # the object itself is gone at once
    deadline = time.monotonic() + 60
    while process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.returncode < 0

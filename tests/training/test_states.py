"""States on the way: on a log scale, small, those of the run itself, and gone with it."""

import shutil
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from core.config import ARCHITECTURES, TrainingSettings
from core.data import mnist
from core.network.architectures import build
from core.training import runs, states
from core.training.events import End, Step
from core.training.examples import Examples
from core.training.loop import Training
from core.training.runs import RunWriter, Status

DIGITS = mnist.load(train=True).pick(torch.arange(400))
SETTINGS = TrainingSettings(architecture="mlp", epochs=3, batch_size=64, augmentation="none", dropout=0.2)


def begin(settings=SETTINGS):
    return Training(Examples.plain(DIGITS, DIGITS), settings)


def follow(training, writer, until=None):
    """The losses of a run that is written, to its end or until after a step."""
    losses = []
    for event in training:
        if isinstance(event, End):
            break
        writer.add(event)
        if isinstance(event, Step):
            losses.append(event.loss)
            if event.step == until:
                break
    return losses


@pytest.mark.parametrize("steps", [1, 2, 7, 922, 40_000])
@pytest.mark.parametrize("count", [0, 1, 2, 9, 24, 100])
def test_the_plan_goes_from_the_first_step_to_the_last_at_equal_ratios(steps, count):
    plan = states.plan_steps(steps, count)
    assert len(plan) <= count and list(plan) == sorted(set(plan))
    assert plan[:1] == (0,)[:count]
    if count > 2:
        assert plan[-1] == steps
        ratio = steps ** (1 / (count - 2))
        assert all(later <= (earlier + 0.5) * ratio + 0.5 for earlier, later in pairwise(plan[1:]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_all_states_of_a_run_fit_into_their_room(architecture, tmp_path):
    settings = replace(SETTINGS, architecture=architecture, states=100, batch_size=1)
    training = begin(settings)
    planned = len(states.StateWriter(tmp_path, training)._planned)
    (kept,) = (tmp_path / states.FOLDER).iterdir()
    assert planned * kept.stat().st_size < 1.02 * states.MOST_BYTES  # names and headers take a little
    loaded = states.load(tmp_path, architecture, 0)
    for name, value in training.model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value, rtol=1e-3, atol=1e-6)


def test_what_is_kept_is_what_the_run_went_through(tmp_path):
    training = begin()
    writer = RunWriter.create("a run", training, tmp_path)
    follow(training, writer)
    writer.close(Status.FINISHED, "Done.")
    assert states.list_steps(writer.home)[0] == 0 and states.list_steps(writer.home)[-1] == training.steps
    last = states.load(writer.home, "mlp", training.steps)
    for kept, trained in zip(last.parameters(), training.model.parameters(), strict=True):
        torch.testing.assert_close(kept, trained.half().float(), rtol=0, atol=0)


def test_a_run_stopped_early_keeps_its_last_state(tmp_path):
    training = begin()
    writer = RunWriter.create("a run", training, tmp_path)
    follow(training, writer, until=17)
    writer.close(Status.STOPPED, "Stopped.")
    assert states.list_steps(writer.home)[-1] == 17


def test_keeping_states_changes_nothing_resumed_or_not(tmp_path):
    plain = begin(replace(SETTINGS, states=0))
    without = follow(plain, RunWriter.create("none", plain, tmp_path))
    training = begin()
    writer = RunWriter.create("some", training, tmp_path)
    first = follow(training, writer, until=8)
    writer.save(training)
    first += follow(training, writer, until=13)[:0]  # these steps are lost, and happen again
    writer.release()
    resumed = begin()
    again = RunWriter.reopen(runs.read(writer.run.id, tmp_path), resumed, tmp_path)
    assert resumed.step == 8 and max(states.list_steps(writer.home)) <= 8
    assert first + follow(resumed, again) == without
    again.close(Status.FINISHED, "Done.")
    assert states.list_steps(writer.home) == states.plan_steps(resumed.steps, 24)


def test_states_go_with_their_run_and_stay_through_a_new_name(tmp_path):
    training = begin()
    writer = RunWriter.create("a run", training, tmp_path / "runs")
    follow(training, writer)
    writer.close(Status.FINISHED, "Done.")
    kept = states.list_steps(writer.home)
    runs.rename(runs.read(writer.run.id, tmp_path / "runs"), "other", tmp_path / "runs", tmp_path / "models")
    assert states.list_steps(writer.home) == kept
    runs.delete(runs.read(writer.run.id, tmp_path / "runs"), tmp_path / "runs", tmp_path / "models")
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_full_disk_leaves_states_out_and_the_run_alone(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("full")

    training = begin()
    writer = RunWriter.create("a run", training, tmp_path)
    monkeypatch.setattr(states.workspace, "write_atomically", refuse)
    assert len(follow(training, writer)) == training.steps
    writer.release()
    assert states.list_steps(writer.home) == (0,)


def test_weights_that_are_no_numbers_are_not_kept(tmp_path):
    training = begin()
    next(training.model.parameters()).data.fill_(1e5)  # more than half precision has
    states.StateWriter(tmp_path, training)
    assert states.list_steps(tmp_path) == ()


@pytest.mark.parametrize("damage", ["missing", "empty", "of another network"])
def test_a_state_that_cannot_be_read_is_a_sentence(damage, tmp_path):
    states.StateWriter(tmp_path, begin())
    (file,) = (tmp_path / states.FOLDER).iterdir()
    if damage == "missing":
        shutil.rmtree(file.parent)
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        states.StateWriter(tmp_path / "other", begin(replace(SETTINGS, architecture="lenet5")))
        shutil.copy(tmp_path / "other" / states.FOLDER / file.name, file)
    with pytest.raises(ValueError, match="missing or damaged"):
        states.load(tmp_path, "mlp", 0)


def test_the_averaged_weights_are_kept_where_there_are_some(tmp_path):
    settings = replace(SETTINGS, ema_decay=0.9)
    training = begin(settings)
    writer = RunWriter.create("a run", training, tmp_path)
    follow(training, writer, until=10)
    writer.close(Status.STOPPED, "Stopped.")
    kept = dict(states.load(writer.home, "mlp", 10).named_parameters())
    torch.testing.assert_close(kept["fc2.weight"], training.ema_model.fc2.weight.half().float(), rtol=0, atol=0)
    assert build("mlp").state_dict().keys() == kept.keys()

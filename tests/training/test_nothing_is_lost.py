"""What a run leaves behind: finite numbers only, every change of its rate, and files that go or stay as a whole."""

import copy
import dataclasses
import errno
import itertools
import json
import math
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import workspace
from core.config import PRESETS, TrainingSettings
from core.data import mnist
from core.network import checkpoint
from core.network.architectures import build
from core.training import runs, wording
from core.training.events import End, Epoch, RateChange, Step
from core.training.examples import Examples, gather
from core.training.job import TrainingJob
from core.training.loop import Training
from core.training.plans import NewRun
from core.training.runs import Run, RunError, RunWriter, Status

SETTINGS = TrainingSettings(
    architecture="mlp", epochs=2, batch_size=64, training_images=1000, augmentation="none", clean_share=0.0,
    outlier_exposure=0.0, pen_digits=0.0, dropout=0.0, schedule="constant",
)  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    return mnist.load(train=True).pick(torch.arange(1000))


@pytest.fixture
def job(digits, tmp_path, monkeypatch, no_detector):
    monkeypatch.setattr("core.training.job.NICENESS", 0)
    job = TrainingJob(lambda train: digits, tmp_path / "runs", tmp_path / "models", threads=1)
    yield job
    job.stop(keep=False)
    assert job.wait(120)
    job.detectors.close()


# --- a loss that is no number -----------------------------------------------------------------------------------------


def overflow(training: Training) -> None:
    with torch.no_grad():
        next(training.model.parameters())[0, 0] = math.nan


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_weights_that_overflow_at_an_epochs_last_step_end_the_run_and_are_no_epoch(digits, ema_decay):
    training = Training(gather(digits, SETTINGS), dataclasses.replace(SETTINGS, ema_decay=ema_decay))
    events = []
    for event in training:
        events.append(event)
        if isinstance(event, Step) and event.step == training.steps:
            overflow(training)
            if training.ema_model:
                with torch.no_grad():
                    next(training.ema_model.parameters())[0, 0] = math.inf
    *_, end = events
    assert isinstance(end, End) and end.reason == "diverged" and "learning rate of" in end.sentence
    assert "The weights of epoch 1 are kept." in end.sentence
    assert [event.epoch for event in events if isinstance(event, Epoch)] == [1]
    assert training.best.epoch == 1 and checkpoint.are_finite(training.best.weights)


def test_stopped_by_hand_after_an_overflow_it_has_diverged_and_keeps_what_was_good(job, tmp_path, monkeypatch):
    step = Training._train_step

    def break_later(self, batches):
        event = step(self, batches)
        if self.epoch == 1:
            overflow(self)
            job.stop(keep=True)
        return event

    monkeypatch.setattr(Training, "_train_step", break_later)
    job.start(NewRun(dataclasses.replace(SETTINGS, epochs=9)), "broken")
    assert job.wait(120)
    run = job.snapshot().run
    assert run.status is Status.DIVERGED and len(run.epochs) == 1 and run.model == "broken"
    assert checkpoint.are_finite(checkpoint.load("broken", tmp_path / "models").model.state_dict())
    for path in [*tmp_path.glob("*/*.json"), *tmp_path.glob("runs/*/*.json"), *tmp_path.glob("runs/*/*.csv")]:
        assert "nan" not in path.read_text().lower(), path
    for opinion in job.snapshot().watched:
        assert all(map(math.isfinite, opinion.probabilities))


def test_an_older_run_with_a_loss_that_is_no_number_is_read_without_it(tmp_path):
    run = Run(id="old", name="old", settings=SETTINGS, status=Status.FINISHED, steps=20)
    runs._write(run, tmp_path)
    good, bad = Epoch(1, 10, 1.0, 0.5, 0.4, 0.9, True), Epoch(2, 20, 2.0, math.nan, math.nan, 0.9, True)
    (tmp_path / "old" / "epochs.csv").write_text(runs._to_csv(Epoch, [good, bad]))
    assert runs.read("old", tmp_path).epochs == (good,) and "nan" not in runs.read("old", tmp_path).history


def test_digits_learnt_from_are_judged_as_the_validation_digits_are(digits):
    """The training loss is of changed pictures and smoothed labels: only this one shows overfitting."""
    settings = dataclasses.replace(SETTINGS, epochs=20, label_smoothing=0.3, training_images=300, batch_size=16)
    training = Training(gather(digits, settings), settings)
    *_, last = [event for event in training if isinstance(event, Epoch)]
    assert last.learnt_accuracy > 0.99 and last.learnt_loss < last.validation_loss / 2 < last.training_loss
    assert last.learning_rate == pytest.approx(settings.learning_rate)


# --- a rate changed by hand -------------------------------------------------------------------------------------------


def test_a_changed_rate_stands_in_the_run_its_facts_and_its_command(job, tmp_path):
    job.start(NewRun(dataclasses.replace(SETTINGS, epochs=300)), "turned")
    until(lambda: job.snapshot().epochs)
    job.set_peak(1e-4)
    until(lambda: job.snapshot().run.rate_changes)
    assert [change.new for change in runs.list_runs(tmp_path / "runs")[0].rate_changes] == [1e-4]  # at once
    job.stop(keep=True)
    assert job.wait(120)
    (run,) = runs.list_runs(tmp_path / "runs")
    (change,) = run.rate_changes
    assert (change.old, change.new) == (SETTINGS.learning_rate, 1e-4) and 0 < change.step < run.epochs[-1].step
    assert run == dataclasses.replace(job.snapshot().run, epochs=run.epochs)
    facts = checkpoint.describe("turned", tmp_path / "models").facts
    assert facts["rate_changes"] == [dataclasses.asdict(change)]
    assert facts["command"] == run.command and "changed by hand" in run.command
    assert f"learning rate 0.0001 from step {change.step + 1:,} on" in wording.describe(run)
    assert run.epochs[-1].learning_rate == pytest.approx(1e-4)


def until(condition) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_a_change_after_the_last_save_did_not_happen_in_a_run_that_is_resumed(digits, tmp_path):
    training = Training(gather(digits, SETTINGS), SETTINGS)
    writer = RunWriter.create("left", training, tmp_path)
    events = iter(training)
    for at in range(1, 9):
        writer.add(next(events))
        if at in (2, 6):
            writer.change_rate(training, 0.01 * at)
        if at == 4:
            writer.save(training)
    writer.release()
    resumed = Training(gather(digits, SETTINGS), SETTINGS)
    writer = RunWriter.reopen(runs.list_runs(tmp_path)[0], resumed, tmp_path)
    assert writer.run.rate_changes == (RateChange(2, SETTINGS.learning_rate, 0.02),)
    assert resumed.peak == writer.run.peak == 0.02
    writer.release()


@pytest.mark.parametrize("odd", [3, "x", [1], [{"step": 1}], [{"step": "x", "old": 1, "new": 2}]])
def test_changes_that_cannot_be_read_are_a_reason(tmp_path, odd):
    runs._write(Run(id="odd", name="odd", settings=SETTINGS), tmp_path)
    stored = json.loads((tmp_path / "odd" / "run.json").read_text())
    (tmp_path / "odd" / "run.json").write_text(json.dumps({**stored, "rate_changes": odd}))
    with pytest.raises(RunError, match="rate_changes"):
        runs.read("odd", tmp_path)


# --- as a whole or not at all -----------------------------------------------------------------------------------------


class Disk:
    """Lets the first calls that change it pass and refuses the next ones; `root` limits that to one folder."""

    def __init__(self, monkeypatch, passes: int, refuses: int, root: Path) -> None:
        self.passes, self.refuses = passes, refuses
        for place, name in ((Path, "rename"), (Path, "unlink"), (workspace, "write_atomically")):
            real = getattr(place, name)
            monkeypatch.setattr(place, name, self.guard(real, root))

    def guard(self, real, root: Path):
        def call(path, *rest, **named):
            if Path(path).is_relative_to(root):
                if self.passes > 0:
                    self.passes -= 1
                elif self.refuses > 0:
                    self.refuses -= 1
                    raise OSError(errno.EROFS, "Read-only file system")
            return real(path, *rest, **named)

        return call


def look(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock" and not any(part.startswith(".") for part in path.parts)
    }


def lay_down(folder: Path) -> Run:
    """A finished run with a model of three files that is in use."""
    run = Run(id="one", name="old", settings=SETTINGS, status=Status.FINISHED, model="old")
    runs._write(run, folder / "runs")
    checkpoint.save("old", build("lenet5"), {"epoch": 1}, folder / "models")
    (folder / "models" / f"old{checkpoint.REJECTION}").write_bytes(b"detector")
    return run


ACTIONS = {
    "rename": lambda run, folder: runs.rename(run, "new", folder / "runs", folder / "models"),
    "delete": lambda run, folder: runs.delete(run, folder / "runs", folder / "models"),
    "delete the model": lambda run, folder: runs.delete_model("old", folder / "runs", folder / "models"),
}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(ACTIONS)), st.sampled_from(["runs", "models"]), st.integers(0, 6), st.booleans())
def test_on_a_disk_that_refuses_it_happens_as_a_whole_or_not_at_all(tmp_path_factory, action, place, passes, for_good):
    """A folder that is read-only refuses all, another trouble one call of several."""
    folder = tmp_path_factory.mktemp("disk")
    run = lay_down(folder)
    if action == "rename":
        (folder / "models" / "in-use.txt").write_text("old\n")
    before = look(folder)
    with pytest.MonkeyPatch.context() as patch:
        Disk(patch, 0 if for_good else passes, 99 if for_good else 1, folder / place)
        try:
            ACTIONS[action](run, folder)
        except OSError:
            assert look(folder) == before
            return
    after = look(folder)
    assert not any("old" in name for name in after if name.startswith("models/"))
    found = runs.list_all(folder / "runs")
    if action == "rename":
        assert (found[0].name, found[0].model) == ("new", "new") and "models/new.pth" in after
        assert checkpoint.in_use(folder / "models") == "new"
    if action == "delete":
        assert found == [] and not after


def test_weights_of_a_run_that_broke_off_while_they_were_kept_are_named_by_it(job, tmp_path, monkeypatch):
    """They could not be deleted anywhere, and kept their name to themselves."""
    monkeypatch.setattr(NewRun, "conclude", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "Full")))
    job.start(NewRun(SETTINGS), "full")
    assert job.wait(120)
    assert job.snapshot().run.status is Status.FAILED and "Full" in job.snapshot().run.sentence
    assert checkpoint.names(tmp_path / "models") == ["full"]
    (run,) = runs.list_runs(tmp_path / "runs")
    assert run.model == "full"
    runs.delete(run, tmp_path / "runs", tmp_path / "models")
    assert not look(tmp_path)


def test_any_model_can_be_deleted_but_the_shipped_and_the_one_in_use(tmp_path):
    folders = tmp_path / "runs", tmp_path / "models"
    lay_down(tmp_path)
    for shipped in checkpoint.ALL_SHIPPED:
        with pytest.raises(RunError, match="never deleted"):
            runs.delete_model(shipped, *folders)
    checkpoint.choose("old", tmp_path / "models")
    with pytest.raises(RunError, match="in use"):
        runs.delete_model("old", *folders)
    (tmp_path / "models" / "in-use.txt").unlink()
    runs.delete_model("old", *folders)
    assert checkpoint.names(tmp_path / "models") == [] and runs.list_runs(tmp_path / "runs")[0].model is None


# --- getting ready ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pen_digits", "outlier_exposure"])
def test_every_kind_of_drawing_can_be_broken_off(digits, kind):
    drawn = dataclasses.replace(SETTINGS, training_images=300, **{kind: 0.1})
    asked = itertools.count()
    gather(digits, drawn, lambda: next(asked))
    pictures = next(asked)
    assert pictures > 10
    for passes in (0, pictures // 2, pictures - 1):
        checks = iter([None] * passes)
        with pytest.raises(StopIteration):
            gather(digits, drawn, lambda checks=checks: next(checks))


# --- the lesson -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_lesson_on_too_high_a_rate_can_be_seen_and_rescued():
    """The loss falls, shakes for hundreds of steps, and is lost; lowered while it shakes, the run learns on."""
    lesson = PRESETS["surprise"].settings
    training = Training(gather(mnist.load(train=True), lesson), lesson)
    saved, losses = None, []
    for event in training:
        if isinstance(event, Step):
            losses.append(event.loss)
            recent = sorted(losses[-50:])[len(losses[-50:]) // 2]
            if saved is None and event.step > 200 and recent > 1:
                shaking, saved = event.step, copy.deepcopy(training.state())
            if event.step > 200 and recent > 2:
                break
    assert min(losses[:shaking]) < 0.5 and training.step - shaking > 200
    rescued = Training(Examples(training.digits, training.validation, training.shown), lesson)
    rescued.restore(saved)
    rescued.peak /= 10
    after = [event.loss for event, _ in zip(rescued, range(500), strict=False) if isinstance(event, Step)]
    assert sum(after[-50:]) / 50 < 0.8

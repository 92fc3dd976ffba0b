"""Runs on disk: read by name whatever version wrote them, and never lost without a word."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from core.config import SettingError, TrainingSettings
from core.data import mnist
from core.network import checkpoint
from core.training import runs
from core.training.events import End, Epoch, LogPoint, Step
from core.training.examples import Examples, gather
from core.training.loop import Training
from core.training.plans import ResumedRun
from core.training.runs import Run, RunError, RunWriter, Status, UnreadableRun

FORMAT_1 = Path(__file__).parent / "runs_of_format_1"  # written by commit 2074536: one finished, one killed on its way
FINISHED, INTERRUPTED = "20261128-190200-269590", "20261128-190207-576175"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with the runs that an older version left behind."""
    return Path(shutil.copytree(FORMAT_1, tmp_path / "runs", dirs_exist_ok=True))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was trained to its end by this version."""
    digits = mnist.load(train=True).pick(torch.arange(400))
    settings = TrainingSettings(architecture="mlp", epochs=3, batch_size=64, augmentation="none")
    training = Training(Examples.plain(digits, digits), settings)
    writer = RunWriter.create("today", training, tmp_path_factory.mktemp("trained"))
    for event in training:
        if not isinstance(event, End):
            writer.add(event)
    writer.close(Status.FINISHED, "Done.")
    return writer.home


@pytest.fixture
def stored(trained: Path, tmp_path: Path) -> Path:
    """A copy of that folder, in the same folder of runs as `old`."""
    return Path(shutil.copytree(trained, tmp_path / "runs" / trained.name))


def change(home: Path, **values) -> None:
    """Put other values into run.json; None takes one away."""
    facts = json.loads((home / "run.json").read_text()) | values
    (home / "run.json").write_text(json.dumps({name: value for name, value in facts.items() if value is not None}))


# --- runs of older versions -------------------------------------------------------------------------------------------


def test_runs_of_format_1_are_listed_with_their_settings_and_curves(old):
    interrupted, finished = runs.list_all(old)
    assert (finished.id, finished.name, finished.status) == (FINISHED, "Finished before", "finished")
    assert (interrupted.id, interrupted.name, interrupted.status) == (INTERRUPTED, "Interrupted before", "interrupted")
    for run in (finished, interrupted):
        settings = run.settings
        assert (settings.ema_decay, settings.outlier_exposure, settings.pen_digits) == (0.9, 0.0, 0.2)
        assert (settings.architecture, settings.batch_size, settings.left_out) == ("lenet5", 64, ())
        assert (run.parameters, run.training_images, run.validation_images, run.base) == (61_706, 241, 60, None)
    assert (finished.model, finished.steps, len(finished.epochs)) == ("Finished before", 20, 4)
    assert finished.epochs[0] == Epoch(1, 5, 0.1005598, 2.306016, 2.299035, 0.1, is_best=True)
    assert len(runs.read_log_points(FINISHED, old)) == 20
    assert runs.read_log_points(FINISHED, old)[0] == LogPoint(1, 2.304077, 8e-05, 0.03350906, 1909.931)
    assert len(interrupted.epochs) > 100 and len(runs.read_log_points(INTERRUPTED, old)) > 500


def test_the_best_epoch_of_format_1_is_the_last_of_the_most_accurate(old):
    for run in runs.list_runs(old):
        top = max(epoch.validation_accuracy for epoch in run.epochs)
        assert run.best is [epoch for epoch in run.epochs if epoch.validation_accuracy == top][-1]


def test_an_interrupted_run_of_format_1_is_resumed_where_it_was_saved(old):
    run = runs.read(INTERRUPTED, old)
    training = Training(gather(mnist.load(train=True), run.settings), run.settings)
    writer = RunWriter.reopen(run, training, old)
    try:
        state = torch.load(old / INTERRUPTED / "state.pt", weights_only=True)
        assert training.step == state["step"] > 0 and training.steps == run.steps == 2000
        assert training.best.epoch == state["best"]["epoch"] == runs.find_best(writer.epochs).epoch
        for key, value in state["averaged"].items():
            assert torch.equal(training.ema_model.state_dict()[key], value)
        before = writer.epochs[-1]
        for event in training:
            writer.add(event)
            if isinstance(event, Epoch):
                break
        assert writer.epochs[-1].epoch == before.epoch + 1
        assert writer.epochs[-1].training_loss == pytest.approx(before.training_loss, rel=0.3)
        writer.save(training)
    finally:
        writer.release()
    again = runs.read(INTERRUPTED, old)
    assert again.status == "interrupted" and again.epochs[-1].epoch == before.epoch + 1
    assert json.loads((old / INTERRUPTED / "run.json").read_text())["format"] == runs.FORMAT


def test_a_run_from_before_a_setting_existed_did_without_it(old):
    facts = json.loads((old / FINISHED / "run.json").read_text())
    settings = {name: value for name, value in facts["settings"].items() if name not in ("outliers", "pen_digits")}
    change(old / FINISHED, settings=settings)
    read = runs.read(FINISHED, old).settings
    assert (read.outlier_exposure, read.pen_digits, read.ema_decay) == (0.0, 0.0, 0.9)


@pytest.mark.parametrize("values", [None, 3, [], "text", {"epochs": 0}, {"epochs": "x"}, {"learning_rate": [1]}])
def test_settings_that_make_no_sense_are_refused_with_a_sentence(values):
    with pytest.raises(SettingError, match=r"\.$"):
        TrainingSettings.from_record(values)


# --- runs of newer versions, and damaged ones -------------------------------------------------------------------------


def test_a_field_more_in_what_is_stored_costs_no_run(stored):
    """Written by a newer version, read by this one."""
    before = runs.read(stored.name, stored.parent)
    change(stored, weather="fine")
    facts = json.loads((stored / "run.json").read_text())
    change(stored, settings=facts["settings"] | {"gravity": 9.81})
    for name in ("epochs.csv", "steps.csv"):
        with (stored / name).open(newline="") as file:
            rows = list(csv.reader(file))
        with (stored / name).open("w", newline="") as file:
            csv.writer(file).writerows([["weather", *rows[0]], *(["fine", *row] for row in rows[1:])])
    assert runs.list_all(stored.parent) == [before]
    assert runs.read_log_points(stored.name, stored.parent)


def test_a_field_more_in_the_program_costs_no_run(stored, old, monkeypatch):
    """Written by this version or an older one, read by a newer one."""

    @dataclasses.dataclass(frozen=True)
    class NewerEpoch(Epoch):
        test_loss: float = 0.5

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class NewerRun(Run):
        weather: str = "unknown"

    monkeypatch.setattr(runs, "Epoch", NewerEpoch)
    monkeypatch.setattr(runs, "Run", NewerRun)
    found = runs.list_all(stored.parent)
    assert {run.name for run in found} == {"Interrupted before", "Finished before", "today"}
    assert all(isinstance(run, NewerRun) and run.weather == "unknown" for run in found)
    assert all(epoch.test_loss == 0.5 for run in found for epoch in run.epochs)
    # What the newer version writes it reads back, and so does this one.
    row = NewerEpoch(1, 2, 3.0, 0.1, 0.2, 0.9, True, test_loss=0.25)
    (stored / "epochs.csv").write_text(runs._to_csv(NewerEpoch, [row]))
    assert runs.read(stored.name, stored.parent).epochs == (row,)
    monkeypatch.undo()
    assert runs.read(stored.name, stored.parent).epochs == (Epoch(1, 2, 3.0, 0.1, 0.2, 0.9, True),)


def test_an_empty_cell_is_the_fields_default(stored):
    text = (stored / "epochs.csv").read_text().splitlines()
    (stored / "epochs.csv").write_text("\n".join([text[0], *(line.rpartition(",")[0] + "," for line in text[1:])]))
    run = runs.read(stored.name, stored.parent)
    assert len(run.epochs) == 3 and run.best is not None


UNREADABLE = {
    "no text": (lambda home: (home / "run.json").write_bytes(b"\xff\xfe"), "is not JSON"),
    "half a file": (lambda home: (home / "run.json").write_text('{"name": "x", '), "is not JSON"),
    "a list": (lambda home: (home / "run.json").write_text("[1]"), "no names with values"),
    "no name": (lambda home: change(home, name=None), "names no name"),
    "a name that is a number": (lambda home: change(home, name=3), "name is 3"),
    "steps that are text": (lambda home: change(home, steps="many"), "steps is 'many'"),
    "an unknown status": (lambda home: change(home, status="asleep"), "asleep"),
    "settings out of bounds": (lambda home: change(home, settings={"epochs": 0}), "Epochs must be at least 1"),
    "an unknown network": (lambda home: change(home, settings={"architecture": "gone"}), "Architecture must be one of"),
    "a newer format": (lambda home: change(home, format=99), "format 99"),
    "a broken curve": (
        lambda home: (home / "epochs.csv").write_text("epoch,step\n1,2\n"),
        "epochs.csv, line 2: There is no value for seconds",
    ),
    "words for numbers": (
        lambda home: (home / "epochs.csv").write_text((home / "epochs.csv").read_text().replace("\n1,", "\none,", 1)),
        "epochs.csv, line 2",
    ),
}


@pytest.mark.parametrize("damage", UNREADABLE)
def test_a_run_that_cannot_be_read_is_listed_with_its_reason(damage, stored, old):
    spoil, reason = UNREADABLE[damage]
    spoil(stored)
    found = runs.list_all(stored.parent)
    (unreadable,) = [run for run in found if isinstance(run, UnreadableRun)]
    assert unreadable.id == stored.name and len(found) == 3
    assert reason in unreadable.reason and unreadable.reason.endswith(".") and "\n" not in unreadable.reason
    assert [run.name for run in runs.list_runs(stored.parent)] == [
        run.name for run in found if not isinstance(run, UnreadableRun)
    ]
    for ask in (runs.read, runs.find):
        with pytest.raises(RunError, match="can't be read"):
            ask(stored.name, stored.parent)


def test_a_run_that_does_not_exist_is_a_sentence(tmp_path):
    with pytest.raises(RunError, match="can't be read"):
        runs.read("nothing", tmp_path)


# --- today's runs -----------------------------------------------------------------------------------------------------


def test_what_is_written_is_what_is_read(stored):
    run = runs.read(stored.name, stored.parent)
    assert (run.id, run.name, run.status, run.sentence) == (stored.name, "today", Status.FINISHED, "Done.")
    assert json.loads((stored / "run.json").read_text())["format"] == 2
    assert run.history == (stored / "epochs.csv").read_text()
    assert [epoch.epoch for epoch in run.epochs] == [1, 2, 3] and run.epochs[0].is_best


def test_the_best_epoch_is_the_loops_also_where_the_rule_would_name_another(stored):
    """A later version may decide otherwise: what is stored is what was kept."""
    rows = runs.read(stored.name, stored.parent).epochs
    others = [dataclasses.replace(row, is_best=row.epoch == 2) for row in rows]
    (stored / "epochs.csv").write_text(runs._to_csv(Epoch, others))
    assert runs.read(stored.name, stored.parent).best.epoch == 2


def test_a_copied_folder_is_a_run_of_its_own(stored, tmp_path):
    shutil.copytree(stored, stored.parent / "copy")
    assert {run.id for run in runs.list_runs(stored.parent)} == {stored.name, "copy"}
    runs.delete(runs.read("copy", stored.parent), stored.parent, tmp_path / "models")
    assert stored.is_dir() and not (stored.parent / "copy").exists()


def test_a_run_that_fine_tuned_a_model_is_not_resumed(tmp_path):
    run = Run(name="tuned", settings=TrainingSettings(), status=Status.INTERRUPTED, base="reference")
    with pytest.raises(RunError, match="start it again"):
        ResumedRun(run).announce(None, tmp_path, tmp_path)


def test_a_renamed_run_takes_all_files_of_its_model_along(stored, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    for suffix in checkpoint.FILES:
        (models / f"today{suffix}").write_text("{}")
    change(stored, model="today")
    runs.rename(runs.read(stored.name, stored.parent), "tomorrow", stored.parent, models)
    assert {path.name for path in models.iterdir()} == {f"tomorrow{suffix}" for suffix in checkpoint.FILES}
    run = runs.read(stored.name, stored.parent)
    assert run.name == run.model == "tomorrow"


@pytest.mark.parametrize("steps_each", [1, 3, 7])
def test_a_point_of_a_long_runs_curve_is_the_mean_of_its_steps(tmp_path, steps_each):
    """Weighted by images: the last batch of an epoch is smaller than the others."""
    run = Run(name="long", id="long", settings=TrainingSettings(), steps=steps_each * runs.MOST_ROWS)
    writer = RunWriter(run, tmp_path, [])
    steps = [
        Step(at, run.steps, 1, float(at % 5), 0.1 / at, 32 if at % 3 else 8, 0.5 * at)
        for at in range(1, 4 * steps_each + 1)
    ]
    for step in steps:
        writer.add(step)
    writer.release()
    assert len(writer.log_points) == 4
    for number, point in enumerate(writer.log_points):
        mine = steps[number * steps_each : (number + 1) * steps_each]
        images = sum(step.images for step in mine)
        assert point.loss == pytest.approx(sum(step.loss * step.images for step in mine) / images)
        assert point.images_per_second == pytest.approx(images / (0.5 * steps_each))
        assert (point.step, point.learning_rate, point.seconds) == (
            mine[-1].step,
            mine[-1].learning_rate,
            mine[-1].seconds,
        )

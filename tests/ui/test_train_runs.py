"""The runs of a class: chosen with or without a mouse, compared, deleted together."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.config import PRESETS, TrainingSettings
from core.data.digits import DigitSet
from core.network import checkpoint
from core.training import runs
from core.training.detectors import Detectors
from core.training.events import Epoch
from core.training.job import Idle, Live, Over, Phase, Snapshot
from core.training.runs import Run, Status
from core.ui import resources
from core.workspace import SHIPPED

COUNT = 14


class Job:
    """A server on which the last run ended as the test says."""

    threads = 1

    def __init__(self) -> None:
        self.last: Snapshot = Idle()
        self.detectors = Detectors(lambda train: DigitSet(torch.zeros(0), torch.zeros(0)))

    def snapshot(self) -> Snapshot:
        return self.last

    def __getattr__(self, name: str):
        return lambda *_: None  # pause, stop and the like


def make_run(number: int, **values) -> Run:
    settings = replace(PRESETS["fast"].settings, epochs=3, learning_rate=0.001 * number)
    epochs = tuple(
        Epoch(epoch, 10 * epoch, 2.0 * epoch, 0.5, 0.4 / epoch, 0.8 + number / 200 + epoch / 1000, is_best=True)
        for epoch in (1, 2, 3)
    )
    return Run(
        id=f"2026-{number:02}", name=f"Run {number}", status=Status.FINISHED, created=f"2026-01-01T00:00:{number:02}",
        settings=settings, epochs=epochs, validation_images=1000, **values,
    )  # fmt: skip


def store(run: Run, home: Path) -> None:
    (home / "runs" / run.id).mkdir(parents=True)
    runs._write(run, home / "runs")
    (home / "runs" / run.id / "epochs.csv").write_text(runs._to_csv(Epoch, run.epochs))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    job = Job()
    monkeypatch.setattr(resources, "training_job", lambda: job)
    monkeypatch.setattr("core.training.estimate.measure", lambda *_: 1e-4)
    for number in range(1, COUNT + 1):
        store(make_run(number), tmp_path)
    return job


def open_train() -> AppTest:
    app = AppTest.from_file(str(SHIPPED / "Home.py"), default_timeout=180)
    app.switch_page("pages/2_Train.py").run()
    assert not app.exception
    return app


def ids() -> list[str]:
    return [run.id for run in runs.list_all()]


def ticked(app: AppTest) -> list[str]:
    selection = app.session_state[f"runs-{hash(tuple(ids()))}"]["selection"]
    return [ids()[row] for row in selection["rows"]]


def said(app: AppTest) -> str:
    return "\n".join(entry.value for entry in [*app.markdown, *app.caption, *app.success, *app.error])


def chart(app: AppTest) -> str:
    return app.get("vega_lite_chart")[-1].proto.spec


def test_runs_are_chosen_without_a_mouse_and_the_table_follows(job):
    app = open_train()
    app.multiselect(key="chosen-runs").set_value(["2026-03", "2026-01"]).run()
    assert not app.exception and set(ticked(app)) == {"2026-03", "2026-01"}
    app.multiselect(key="chosen-runs").set_value(["2026-01"]).run()
    assert ticked(app) == ["2026-01"] and app.button(key="take-settings")
    app.session_state[f"runs-{hash(tuple(ids()))}"] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    app.run()
    assert app.multiselect(key="chosen-runs").value == ids()[:2]  # and the other way round


def test_a_class_of_runs_is_compared_by_any_figure_and_told_what_differs(job):
    app = open_train()
    app.multiselect(key="chosen-runs").set_value(ids()).run()
    assert "Validation accuracy" in chart(app) and "Point at a line" in said(app)
    app.session_state["runs-figure"], app.session_state["runs-axis"] = "validation_loss", "seconds"
    app.run()
    assert "Validation loss" in chart(app) and "Training time" in chart(app)
    differing = app.dataframe[1].value
    assert list(differing.columns) == ["Run", "Validation accuracy", "Learning rate"] and len(differing) == COUNT
    assert differing["Learning rate"][0] == "0.014"


def test_several_runs_are_deleted_at_once_and_what_cannot_be_is_named(job, monkeypatch):
    app = open_train()
    app.multiselect(key="chosen-runs").set_value(ids()[:5]).run()
    whole = runs.delete

    def delete(run: Run) -> None:
        if run.name == "Run 12":
            raise runs.RunError("Run 12 is the model in use.")
        whole(run)

    monkeypatch.setattr(runs, "delete", delete)
    app.button(key="delete-chosen").click().run()
    assert not app.exception and len(ids()) == COUNT - 4
    assert "4 runs deleted; 1 not. Run 12 is the model in use." in said(app)
    assert ticked(app) == ["2026-12"]  # what is left stays chosen


def test_the_small_curves_of_all_rows_have_one_scale(job):
    columns = open_train().dataframe[0].proto.columns
    assert '"y_min": 0' in columns and '"y_max": 1' in columns


def over(job: Job, **values) -> Run:
    """The last run on the server is over, with a model of its own."""
    run = replace(make_run(20), status=Status.FINISHED, sentence="All 3 epochs done.", **values)
    job.last = Over(run, epochs=run.epochs, step=30, seconds=6.0)
    return run


def test_a_run_that_failed_offers_what_to_try_instead_of_its_model(job, monkeypatch):
    monkeypatch.setattr(checkpoint, "names", lambda folder=None: ["reference", "Run 20"])
    guess = tuple(Epoch(number, 100 * number, 1.0, 2.4, 2.3, 0.1, is_best=True) for number in (1, 2, 3))
    run = over(job, model="Run 20", epochs=guess)
    run = replace(run, settings=replace(run.settings, learning_rate=3.0, optimiser="sgd"))
    job.last = replace(job.last, run=run)
    app = open_train()
    assert "guessing" in said(app) and not [button for button in app.button if button.key == "use-notice"]
    app.button(key="try-suggestion").click().run()
    assert TrainingSettings.from_dict(app.session_state["settings"]) == replace(run.settings, learning_rate=0.3)
    assert "Learning rate: 0.3 instead of 3." in said(app)


def test_the_panel_of_a_run_is_small_for_who_did_not_see_it_train(job, monkeypatch):
    monkeypatch.setattr(checkpoint, "names", lambda folder=None: ["reference", "Run 20"])
    run = over(job, model="Run 20")
    from core.training.events import LogPoint

    job.last = replace(job.last, log_points=(LogPoint(1, 2.0, 0.1, 1.0, 1.0),))
    app = open_train()
    (panel,) = [box for box in app.expander if "Curves" in box.label]
    assert not panel.proto.expanded
    app.session_state["run_seen"] = run.id
    app.run()
    (panel,) = [box for box in app.expander if "Curves" in box.label]
    assert panel.proto.expanded


@pytest.mark.parametrize(
    ("phase", "step", "can_keep"),
    [(Phase.PREPARING, 0, False), (Phase.RUNNING, 0, False), (Phase.RUNNING, 1, True), (Phase.PAUSED, 1, True)],
)
def test_keep_can_be_pressed_as_soon_as_there_is_something_to_keep(job, phase, step, can_keep):
    job.last = Live(make_run(20), phase=phase, step=step, peak=0.3)
    app = open_train()
    assert app.button(key="keep").disabled != can_keep
    assert ("rate" in "".join(bar.proto.text for bar in app.get("progress"))) == bool(step)


@pytest.mark.parametrize(("peak", "sign", "wanted"), [(3.0, "÷ 10", 0.3), (0.3, "÷ 3", 0.1), (9.0, "× 3", 10.0)])
def test_the_rate_is_changed_with_one_press_within_its_bounds(job, peak, sign, wanted):
    changed: list[float] = []
    job.set_peak = changed.append
    job.last = Live(make_run(20), phase=Phase.RUNNING, step=5, peak=peak)
    open_train().button(key=f"rate-{sign}").click().run()
    assert changed == [wanted]

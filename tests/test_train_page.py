"""The Train page without a browser: choosing, watching, pausing, the end, an interrupted run."""

import dataclasses
import math
import time
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core import data, runs, shared
from core.config import PRESETS, ROOT, TrainingSettings
from core.job import TrainingJob
from core.train import Step, Training

SETTINGS = TrainingSettings(
    architecture="lenet5", epochs=400, batch_size=32, training_images=1000, augmentation="none", clean_share=0.0
)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A job of the test's own: its runs and models are nobody else's."""
    few = data.load(train=True).pick(torch.arange(600))
    job = TrainingJob(lambda train: few, tmp_path / "runs", tmp_path / "models", threads=1)
    monkeypatch.setattr(shared, "training_job", lambda: job)
    monkeypatch.setattr(runs.list_runs, "__defaults__", (tmp_path / "runs",))
    yield job
    job.stop(keep=False)
    job.close()


def open_train() -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.run()
    app.switch_page("pages/2_Train.py").run()
    assert not app.exception, [entry.message for entry in app.exception]
    return app


def until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def read(app: AppTest) -> str:
    return "\n".join(entry.value for entry in [*app.markdown, *app.caption, *app.warning, *app.error, *app.success])


def test_presets_set_everything_at_once(job):
    app = open_train()
    app.button(key="preset-reference").click().run()
    assert TrainingSettings.from_dict(app.session_state["settings"]) == PRESETS["reference"].settings
    assert app.number_input(key="setting-learning_rate").value == 0.5
    assert app.query_params["optimiser"] == "sgd"


def test_a_setting_changed_is_remembered_and_in_the_address(job):
    app = open_train()
    app.number_input(key="setting-epochs").set_value(7).run()
    assert app.query_params["epochs"] == "7" and app.session_state["settings"]["epochs"] == 7
    assert "7 epochs" in read(app)


def test_nine_digits_left_out_are_refused_and_nothing_can_be_started(job):
    app = open_train()
    app.session_state["settings"] = {**app.session_state["settings"], "left_out": tuple(range(9))}
    app.run()
    assert "at least two digits" in read(app) and app.button(key="start").disabled


def test_start_shows_the_run_and_stop_its_end(job):
    app = open_train()
    app.session_state["settings"] = dataclasses.asdict(SETTINGS)
    app.run()
    app.button(key="start").click().run()
    until(lambda: job.snapshot().scores and job.snapshot().watched)
    app.run()
    assert not app.exception
    assert [metric.label for metric in app.metric][:2] == ["Validation accuracy", "Training loss"]
    assert "Watched digits" in read(app)
    app.button(key="pause").click().run()
    until(lambda: job.snapshot().phase == "paused")
    app.run()
    assert app.button(key="go_on").label == "Resume"
    app.button(key="discard").click().run()
    assert job.wait(20)
    app.run()
    assert "Stopped and discarded" in read(app) and not app.exception


def test_a_second_start_is_refused_with_a_sentence(job):
    app = open_train()
    job.start(SETTINGS)  # somebody else was quicker
    app.button(key="start").click().run()
    assert "One run at a time" in read(app) and not app.exception


def test_an_interrupted_run_is_offered_and_resumed(job):
    job.start(SETTINGS, "left behind")
    until(lambda: job.snapshot().step)
    job.close()
    (run,) = runs.list_runs()
    job._snapshot = dataclasses.replace(job.snapshot(), phase="idle")  # as after a restart of the server
    app = open_train()
    assert "left behind" in read(app) and "was interrupted" in read(app)
    app.button(key=f"resume-{run.id}").click().run()
    until(lambda: job.snapshot().phase == "running")


def test_a_diverged_run_says_what_to_try(job, monkeypatch):
    broken = Step(step=1, steps=9, epoch=1, loss=math.nan, learning_rate=0.1, images=1, seconds=0.1)
    with monkeypatch.context() as patch:
        patch.setattr(Training, "_correct", lambda self, batch: broken)
        job.start(SETTINGS)
        assert job.wait(20)
    assert job.snapshot().run.status == "diverged"
    assert "Try a learning rate of" in read(open_train())

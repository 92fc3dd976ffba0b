"""The Train page without a browser: choosing, watching, pausing, the end, an interrupted run."""

import dataclasses
import math
import re
import shutil
import threading
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.config import PRESETS, TrainingSettings
from core.data import mnist
from core.network import checkpoint, onnx_export
from core.training import link, runs
from core.training.events import Step
from core.training.job import Idle, TrainingJob
from core.training.loop import Training
from core.training.plans import NewRun
from core.training.wording import GROUPS
from core.ui import resources
from core.ui.train import downloads
from core.workspace import SHIPPED as ROOT

SETTINGS = TrainingSettings(
    architecture="lenet5",
    epochs=400,
    batch_size=32,
    training_images=1000,
    augmentation="none",
    clean_share=0.0,
    outlier_exposure=0.0,
    pen_digits=0.0,
)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A job of the test's own: its runs and models are nobody else's."""
    few = mnist.load(train=True).pick(torch.arange(600))
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    job = TrainingJob(lambda train: few, threads=1)
    monkeypatch.setattr(resources, "training_job", lambda: job)
    monkeypatch.setattr("core.training.detectors.DIGITS", 40)
    monkeypatch.setattr("core.training.job.NICENESS", 0)
    yield job
    job.stop(keep=False)
    job.close()


def open_train(settings: TrainingSettings | None = None) -> AppTest:
    """The page, opened by a link with these settings where some are given."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=180)
    if settings:
        app.query_params.update(link.write(settings))
    app.switch_page("pages/2_Train.py").run()
    assert not app.exception, [entry.message for entry in app.exception]
    return app


def address(app: AppTest) -> dict[str, str]:
    """The settings in the page's address, as the page last wrote it."""
    (script,) = [entry.proto.body for entry in app.get("html") if "history.replaceState" in entry.proto.body] or [""]
    found = re.search(r"\?([^\"]*)", script)
    return dict(parse_qsl(found[1])) if found else {}


def until(condition) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def read(app: AppTest) -> str:
    said = [entry.value for entry in [*app.markdown, *app.caption, *app.warning, *app.error, *app.success]]
    return "\n".join([*said, *(bar.proto.text for bar in app.get("progress"))])


def tick(app: AppTest, *rows: int) -> None:
    """Choose runs in the table."""
    key = f"runs-{hash(tuple(run.id for run in runs.list_all()))}"
    app.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    app.run()
    assert not app.exception


def test_presets_set_everything_at_once(job):
    app = open_train()
    app.button(key="preset-reference").click().run()
    assert TrainingSettings.from_dict(app.session_state["settings"]) == PRESETS["reference"].settings
    assert app.number_input(key="setting-learning_rate").value == 0.5
    assert link.read(address(app)).settings == PRESETS["reference"].settings


def test_a_setting_changed_is_remembered_and_in_the_address(job):
    app = open_train()
    app.number_input(key="setting-epochs").set_value(7).run()
    assert address(app)["epochs"] == "7" and app.session_state["settings"]["epochs"] == 7
    assert "7 epochs" in read(app)


def test_nine_digits_left_out_are_refused_and_nothing_can_be_started(job):
    app = open_train()
    app.session_state["settings"] = {**app.session_state["settings"], "left_out": tuple(range(9))}
    app.run()
    assert "t least two digits" in read(app) and app.button(key="start").disabled


def test_start_shows_the_run_and_stop_its_end(job):
    app = open_train(SETTINGS)
    app.button(key="start").click().run()
    until(lambda: job.snapshot().epochs and job.snapshot().watched)
    app.run()
    assert not app.exception
    assert [metric.label for metric in app.metric][:2] == ["Validation accuracy", "Training loss"]
    assert "Watched digits" in read(app)
    app.button(key="pause").click().run()
    until(lambda: job.snapshot().phase == "paused")
    app.run()
    assert app.button(key="go_on").label == "Resume"
    explain_a_watched_digit(app, 3)
    app.button(key="discard").click().run()
    assert job.wait(120)
    app.run()
    assert "Stopped and discarded" in read(app) and not app.exception


def explain_a_watched_digit(app: AppTest, digit: int) -> None:
    """From "Why?" below a watched digit to Explain, which asks the latest state of the run, and back."""
    links = [entry.proto for entry in app.get("page_link") if entry.proto.label == "Why?"]
    assert len(links) == 10
    app.query_params.update(dict(parse_qsl(links[digit].query_string)))
    app.switch_page("pages/5_Explain.py").run()
    assert not app.exception, [entry.message for entry in app.exception]
    assert f"A watched {digit}" in read(app) and re.search(
        r"still in training: this is its state after step", read(app)
    )
    app.switch_page("pages/2_Train.py").run()


def test_a_drawing_made_on_predict_joins_the_watched_digits_of_its_visitor_alone(job):
    job.start(NewRun(SETTINGS))
    until(lambda: job.snapshot().watched)
    app = open_train()
    before = read(app)
    picture = (ROOT / "samples" / "3_flat_top_red_pen.jpg").read_bytes()
    app.session_state["drawings"] = [(b"its strokes", picture)]
    app.run()
    assert not app.exception, [entry.message for entry in app.exception]
    until(lambda: job.snapshot().own_of(app.session_state["visitor"]))
    app.run()
    assert "joins them" in before and "joins them" not in read(app)
    assert job.snapshot().own_of("somebody else") is None


def test_the_address_stays_bare_until_something_is_chosen_and_then_says_all(job):
    app = open_train()
    assert not address(app)
    for preset in ("best", "fast"):  # the second where it began: the address still says it
        app.button(key=f"preset-{preset}").click().run()
        assert set(address(app)) == {"preset"} and link.read(address(app)).settings == PRESETS[preset].settings
    assert not dict(app.query_params)  # Streamlit's own way would fill the browser's history


def test_a_model_can_be_used_while_its_detector_is_trained_and_the_detector_left_out(job, monkeypatch):
    begun, may_go_on = threading.Event(), threading.Event()

    def learn_slowly(*arguments, **options):
        begun.set()
        yield 0.25
        assert may_go_on.wait(120)
        yield 0.5

    monkeypatch.setattr("core.training.rejection.learn_in_steps", learn_slowly)
    monkeypatch.setattr("core.training.judgement.diagnose", lambda run: None)  # after an epoch it may still guess
    job.start(NewRun(SETTINGS), "hasty")
    until(lambda: job.snapshot().epochs)
    job.stop(keep=True)
    assert job.wait(120) and begun.wait(120)
    app = open_train()
    (said,) = [entry for entry in app.markdown if "detector is being trained" in entry.value]
    assert "letters, scribbles, dirt" in said.proto.help and "It can be used now" in said.value
    app.button(key="use-notice").click().run()
    assert checkpoint.in_use() == "hasty"
    app.button(key="leave-out-notice").click().run()
    may_go_on.set()
    assert job.detectors.wait(120)
    app.run()
    assert not app.exception
    assert [entry for entry in app.markdown if "It was left out" in entry.value]
    assert app.button(key="train-detector-notice")


def test_onnx_is_made_again_when_the_weights_were_written_again(job, monkeypatch):
    made = iter([b"old", b"new"])
    monkeypatch.setattr(onnx_export, "export", lambda model, digits: next(made))
    modified = 1
    assert downloads.make_onnx(checkpoint.SHIPPED, modified) == downloads.make_onnx(checkpoint.SHIPPED, modified)
    assert downloads.make_onnx(checkpoint.SHIPPED, modified + 1) == b"new"


def test_settings_stand_in_the_order_of_their_rows_also_where_columns_are_stacked(job):
    shown = [entry.key.removeprefix("setting-") for entry in open_train().main if "setting-" in str(entry.key)]
    assert shown == [name for names in GROUPS.values() for name in names]


@pytest.mark.usefixtures("no_detector")
def test_what_a_click_among_the_runs_led_to_is_said_there(job):
    job.start(NewRun(dataclasses.replace(SETTINGS, epochs=2)), "first")
    assert job.wait(120)
    app = open_train()
    tick(app, 0)
    app.button(key="take-settings").click().run()
    assert app.session_state["settings"]["epochs"] == 2
    said = [str(getattr(entry, "value", "")) for entry in app.main]
    assert said.index("Runs") < next(place for place, text in enumerate(said) if "are those of first now" in text)


@pytest.mark.usefixtures("no_detector")
def test_a_run_that_cannot_be_read_is_listed_with_its_reason(job, tmp_path):
    job.start(NewRun(dataclasses.replace(SETTINGS, epochs=2)), "first")
    assert job.wait(120)
    (tmp_path / "runs" / "0-broken").mkdir()
    (tmp_path / "runs" / "0-broken" / "run.json").write_text("{")
    app = open_train()
    table = app.dataframe[0].value
    assert list(table["Run"]) == ["first", "0-broken"] and list(table["Status"]) == ["Finished", "Unreadable"]
    assert "can't be read" in table["Settings"][1]
    tick(app, 0, 1)
    assert "0-broken can't be read" in read(app) and len(app.get("vega_lite_chart")) > 0
    tick(app, 1)
    assert "0-broken can't be read" in read(app)
    assert not [button for button in app.button if str(button.key).startswith(("rename-", "take-settings"))]


@pytest.mark.usefixtures("no_detector")
def test_runs_of_the_same_name_are_told_apart_in_their_chart(job, tmp_path):
    job.start(NewRun(dataclasses.replace(SETTINGS, epochs=2)), "first")
    assert job.wait(120)
    (run,) = runs.list_runs()
    shutil.copytree(tmp_path / "runs" / run.id, tmp_path / "runs" / "another")
    facts = tmp_path / "runs" / "another" / "run.json"
    facts.write_text(facts.read_text().replace(run.id, "another").replace(run.created, "2020-01-02T03:04:05+00:00"))
    app = open_train()
    tick(app, 0, 1)
    chart = app.get("vega_lite_chart")[-1]
    assert "first 03:04:05" in chart.proto.spec and f"first {run.created[11:19]}" in chart.proto.spec


def test_a_run_that_cannot_be_resumed_says_so_without_empty_charts(job, tmp_path):
    job.start(NewRun(SETTINGS), "left behind")
    until(lambda: job.snapshot().epochs)
    job.close()
    (run,) = runs.list_runs()
    (tmp_path / "runs" / run.id / "state.pt").write_bytes(b"nothing")
    job._snapshot = Idle()  # as after a restart of the server
    app = open_train()
    app.button(key=f"resume-{run.id}").click().run()
    assert job.wait(120)
    app.run()
    assert "can't be resumed" in read(app) and not app.get("vega_lite_chart") and not app.exception


def test_a_second_start_is_refused_with_a_sentence(job):
    app = open_train()
    job.start(NewRun(SETTINGS))  # somebody else was quicker
    app.button(key="start").click().run()
    assert "One run at a time" in read(app) and not app.exception


def test_an_interrupted_run_is_offered_and_resumed(job):
    job.start(NewRun(SETTINGS), "left behind")
    until(lambda: job.snapshot().step)
    job.close()
    (run,) = runs.list_runs()
    job._snapshot = Idle()  # as after a restart of the server
    app = open_train()
    assert "left behind" in read(app) and "was interrupted" in read(app)
    app.button(key=f"resume-{run.id}").click().run()
    until(lambda: job.snapshot().phase == "running")


def test_a_diverged_run_says_what_to_try(job, monkeypatch):
    broken = Step(step=1, steps=9, epoch=1, loss=math.nan, learning_rate=0.1, images=1, seconds=0.1)
    with monkeypatch.context() as patch:
        patch.setattr(Training, "_train_step", lambda self, batch: broken)
        job.start(NewRun(SETTINGS))
        assert job.wait(120)
    assert job.snapshot().run.status == "diverged"
    assert "Try a learning rate of" in read(open_train())

"""Explain without a browser: every way to a digit, every model, and a sentence where there is none."""

import io
from pathlib import Path

import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.config import TrainingSettings
from core.data import mnist
from core.training.events import End
from core.training.examples import gather
from core.training.loop import Training
from core.training.runs import RunWriter, Status

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180  # the first run loads torch


def open_explain(**address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS).switch_page("pages/5_Explain.py")
    app.query_params.update(address)
    app.run()
    assert_calm(app)
    return app


def assert_calm(app: AppTest) -> None:
    assert not app.exception, [entry.message for entry in app.exception]


def answer(app: AppTest) -> str:
    bodies = [entry.proto.body for entry in app.get("html") if 'class="answer"' in entry.proto.body]
    return bodies[0].split('class="digit">')[1].split("<")[0] if bodies else ""


@pytest.mark.parametrize("model", ["reference", pytest.param("modern", marks=pytest.mark.slow)])
def test_a_test_digit_is_explained_by_either_model(model):
    app = open_explain(digit="mnist-3", explain_model=model)
    assert answer(app) == "0"
    assert any(f"**{layer}" in entry.value for entry in app.main.markdown for layer in ("conv1", "fc2"))


def test_a_digit_that_nobody_keeps_is_replaced_by_another_with_a_sentence():
    app = open_explain(digit="from-0123456789abcdef")
    assert any("no longer kept here" in entry.value for entry in app.info)
    assert answer(app) == "7"


def test_any_test_digit_can_be_chosen_by_its_number():
    app = open_explain()
    app.number_input(key="explain_number").set_value(1).run()
    assert_calm(app)
    assert answer(app) == "2"


def test_a_picture_without_a_digit_says_so():
    buffer = io.BytesIO()
    Image.new("L", (100, 100), 255).save(buffer, "PNG")
    app = open_explain()
    app.segmented_control(key="explain_way").set_value("Picture of your own").run()
    app.file_uploader[0].set_value([("empty.png", buffer.getvalue(), "image/png")]).run()
    assert_calm(app)
    assert any("No digit was found" in entry.value for entry in app.error)


def test_a_sample_is_explained_as_it_is_read():
    app = open_explain(digit="4_closed_black_felt_pen.png")
    assert answer(app) == "4"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of what a visitor made: one small run with its states."""
    home = tmp_path_factory.mktemp("home")
    settings = TrainingSettings(
        architecture="mlp", epochs=1, batch_size=16, training_images=300, augmentation="none", outlier_exposure=0.0,
        pen_digits=0.0, validation_share=0.2, states=5,
    )  # fmt: skip
    training = Training(gather(mnist.load(train=True), settings), settings)
    writer = RunWriter.create("My run", training, home / "runs")
    for event in training:
        if not isinstance(event, End):
            writer.add(event)
    writer.close(Status.FINISHED, "All done.")
    torch.set_num_threads(1)
    return home


def test_without_a_run_nothing_can_be_replayed(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    app = open_explain(view="How it was learned")
    assert any("No run has been trained here" in entry.value for entry in app.info)


def test_a_run_is_replayed_from_its_first_step_to_its_last(run, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(run))
    app = open_explain(view="How it was learned", digit="mnist-3")
    (slider,) = app.select_slider
    assert slider.options[0] == "0" and slider.value == int(slider.options[-1])
    slider.set_value(0).run()
    assert_calm(app)
    assert any("After step 0 of" in entry.value for entry in app.main.markdown)
    # Playing, each run of its part shows the next state; it ends at the last.
    app.button(key="play-explain").click().run()
    seen = [app.select_slider[0].value]
    while seen[-1] != int(slider.options[-1]):
        seen.append(app.run().select_slider[0].value)
        assert_calm(app)
    assert [str(step) for step in seen] == slider.options[1:]
    app.run()
    assert app.button(key="play-explain").label == "Play"


def test_a_part_is_rubbed_out_and_comes_back_and_all_curves_are_shown_at_once():
    app = open_explain(view="Break it", digit="mnist-3")
    app.toggle(key="break_rubber").set_value(True).run()
    rub = next(button for button in app.button if button.label == "Rub out")
    rub.click().run()
    assert_calm(app)
    assert app.session_state["break_now"].rubbed == ((14, 14),)
    next(button for button in app.button if button.label == "Undo").click().run()
    assert app.session_state["break_now"].rubbed == ()
    app.selectbox(key="break_curve").set_value("all").run()
    assert_calm(app)
    said = "\n".join(entry.value for entry in app.main.markdown)
    assert all(f"**{title}**" in said for title in ("Turn", "Contrast", "Cover")) and "**Cover, sideways**" not in said

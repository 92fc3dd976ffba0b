"""Explain without a browser: every way to a digit, every model, and a sentence where there is none."""

import io
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

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

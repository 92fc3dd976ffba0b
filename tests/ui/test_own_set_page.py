"""A set of one's own on Evaluate: the box, the original beside what the model sees, the way to Predict and back."""

# ruff: noqa: F811  (fixtures are taken from the tests of the page as a whole)

import io
import re
from dataclasses import replace

import torch
from PIL import Image
from streamlit.testing.v1 import AppTest
from test_evaluate_page import ROOT, SECONDS, Lab, index, lab, models, own_set, small  # noqa: F401

from core.evaluation.answered import AnsweredSet
from core.evaluation.neighbours import find_suspects
from core.evaluation.report import measure
from core.network.prediction import Verdict
from core.ui import resources


def send(lab: Lab, name: str, content: bytes) -> AppTest:
    page = lab.open("Errors")
    page.selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    page.file_uploader[0].set_value((name, content, "application/octet-stream"))
    return lab.run()


def pictures_of(small, count: int = 20) -> dict[str, bytes]:
    """The first digits as pictures of 84 pixels, so that the original is another picture than what the model sees."""
    files = {}
    for number, label in enumerate(small[1].labels[:count].tolist()):
        buffer = io.BytesIO()
        Image.fromarray(small[1].images[number].numpy()).resize((84, 84)).save(buffer, "PNG")
        files[f"{label}/{number}.png"] = buffer.getvalue()
    return files


def test_the_box_stays_as_the_visitor_leaves_it(lab, small):
    page = send(lab, "mine.zip", own_set(pictures_of(small, 4)))
    assert page.metric and page.session_state["own_box"] is True
    for section in ("Confusion", "Per digit"):
        page.session_state["evaluate_section"] = section
        page = lab.run()
        assert page.session_state["own_box"] is True and page.file_uploader
    page.session_state["own_box"] = False
    page.session_state["evaluate_section"] = "Errors"
    page = lab.run()
    assert page.session_state["own_box"] is False


def test_a_refusal_stands_in_the_box_beside_the_uploader(lab):
    page = send(lab, "broken.zip", b"PK\x03\x04 this is no zip")
    box = next(block for block in page.get("expander") if block.label == "Your own set")
    assert "damaged zip" in box.error[0].value


def test_a_reload_finds_the_set_again_or_says_that_it_is_gone(lab, small):
    page = send(lab, "mine.zip", own_set(pictures_of(small, 4)))
    address = page.query_params["own_set"]
    key = address[0] if isinstance(address, list) else address
    again = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS)
    first, lab.page = lab.page, again
    again.query_params["own_set"] = key
    again.query_params["evaluate_data"] = "Your own set"
    page = lab.open()
    assert page.metric and re.search(r"mine\.zip, \d+ picture", lab.texts())
    assert first.session_state["own_set"] is page.session_state["own_set"]
    lab.page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS)
    lab.page.query_params["own_set"] = "0123456789ab"
    lab.page.query_params["evaluate_data"] = "Your own set"
    page = lab.open()
    assert "no longer kept here" in lab.texts() and not page.metric


def test_what_was_taken_for_the_label_is_said_on_the_page(lab, small):
    files = pictures_of(small, 4)
    named = {f"{number}.png": content for number, content in enumerate(files.values())}
    rows = "\n".join(f"{number}.png,{label}" for number, label in enumerate(small[1].labels[:4].tolist()))
    send(lab, "mine.zip", own_set({**named, "labels.csv": f"file,label\n{rows}".encode()}))
    assert 'Labels were taken from the column "label" of labels.csv.' in lab.texts()


def test_the_original_stands_beside_what_the_model_sees_and_goes_to_predict(lab, small, monkeypatch):
    monkeypatch.setattr(resources, "model_in_use", lambda: lab.models[lab.in_use])
    files = pictures_of(small)
    lab.in_use = "oracle"
    page = lab.open("Errors")
    page.selectbox(key="evaluate_model").set_value("means")
    page.selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    page.file_uploader[0].set_value(("mine.zip", own_set(files), "application/zip"))
    page = lab.run()
    captions = [caption for image in page.get("image") for caption in image.captions]
    assert "As sent" in captions and "What the model sees" in captions
    page = lab.open_in_predict()
    assert page.title[0].value == "Predict"
    handed = page.session_state["sample"].handed
    assert handed.content in files.values() and handed.model == "means" and handed.label in range(10)
    assert page.session_state["last_reading"][1].model == "means", (
        "the model that read it on Evaluate, not the one in use"
    )
    texts = lab.texts()
    assert f"labelled **{handed.label}**" in texts and "Read by means, as there. It is not the model in use." in texts
    assert any("Back to Evaluate" in link.label for link in page.get("page_link"))
    assert files[handed.name.removesuffix(", mine.zip")] == handed.content


def test_where_the_reading_was_unsure_no_label_is_doubted(lab, small):
    page = send(lab, "mine.zip", own_set(pictures_of(small)))
    shown_set = page.session_state["own_set"].for_model(lab.models["means"])
    assert len(shown_set.verdicts) == len(shown_set.digits) and set(shown_set.verdicts) <= set(Verdict)
    test_set = replace(shown_set, digits=replace(shown_set.digits, labels=(shown_set.digits.labels + 1) % 10))
    answered = AnsweredSet(measure(lab.models["means"], test_set), test_set)
    found = {one.place for one in find_suspects(resources.neighbours(), answered)}
    unsure = replace(answered, test_set=replace(test_set, verdicts=(Verdict.UNSURE,) * len(test_set.digits)))
    assert found and all(test_set.verdicts[place] is Verdict.DIGIT for place in found)
    assert not find_suspects(resources.neighbours(), unsure)


def test_a_digit_without_a_file_is_handed_on_as_the_pixels_it_is(lab, small):
    lab.open("Errors")
    page = lab.open_in_predict()
    content = page.session_state["sample"].content
    pixels = torch.tensor(list(Image.open(io.BytesIO(content)).convert("L").tobytes()), dtype=torch.uint8).view(28, 28)
    assert (small[1].images == pixels).flatten(1).all(1).any()

"""Each page run without a browser: every way in, every empty state, every sentence instead of a traceback."""

import base64
import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import streamlit as st
import torch
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest

from core import words, workspace
from core.data import mnist
from core.network import checkpoint
from core.ui import addresses, handover, resources, shell
from core.ui.handover import Handed
from core.workspace import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180  # the first run loads torch
ONE = [(140, 50), (140, 230)]
SEVEN = [(80, 60), (200, 60), (130, 225)]


def make_picture(*strokes: list[tuple[int, int]], size: int = 280) -> bytes:
    """A PNG of dark strokes on white, as the canvas sends it."""
    image = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        pen.line(stroke, fill="#1f2328", width=16, joint="curve")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def open_page(path: str = "pages/1_Predict.py") -> AppTest:
    """A visitor whose first page it is."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS)
    return (app if path == "Home.py" else app.switch_page(path)).run()


def test_a_new_visitors_browser_is_given_time_to_load_the_style_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(shell, "STYLED_AFTER", 0.15)
    monkeypatch.setattr(shell, "time", SimpleNamespace(sleep=waits.append))
    app = open_page("Home.py")
    assert waits == [0.15]
    app.run()
    app.switch_page("pages/4_My_digits.py").run()
    assert waits == [0.15]


def open_predict(way: str) -> AppTest:
    app = open_page()
    app.segmented_control(key="way").set_value(way).run()
    assert_calm(app)
    return app


def assert_calm(app: AppTest) -> None:
    assert not app.exception, [entry.message for entry in app.exception]


def draw(app: AppTest, *strokes: list[tuple[int, int]]) -> None:
    """What the canvas sends after these strokes."""
    content = base64.b64encode(make_picture(*strokes)).decode()
    app.session_state[f"canvas-{app.session_state.canvas_version}"] = {
        "drawing": {
            "raw": {"objects": [{"type": "Path", "path": stroke} for stroke in strokes]},
            "data": f"data:image/png;base64,{content}",
        }
    }
    app.run()
    assert_calm(app)


def upload(app: AppTest, *files: tuple[str, bytes]) -> None:
    app.file_uploader[0].set_value([(name, content, "image/png") for name, content in files]).run()
    assert_calm(app)


def read_answer(app: AppTest) -> str | None:
    """The large digit: "7", "–" where there is none, None before anything was given."""
    for entry in app.get("html"):
        body = entry.proto.body
        if any(f'class="{kind}"' in body for kind in ("answer", "answer number", "answer none")):
            return body.split('class="digit">')[1].split("<")[0]
    return None


def shows_example(app: AppTest) -> bool:
    return any('class="answer example"' in entry.proto.body for entry in app.get("html"))


def read_text(app: AppTest) -> str:
    """All sentences of the page itself."""
    return "\n".join(entry.value for entry in [*app.main.markdown, *app.main.caption, *app.main.error])


# --- every page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["Home.py", *(f"pages/{page.name}" for page in sorted((ROOT / "pages").glob("*.py")))])
def test_every_page_opens_and_names_the_model(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results = resources.Results()  # of few digits: nobody else is shown these
    monkeypatch.setattr(resources, "results", lambda: results)
    monkeypatch.setattr(resources, "digits", lambda train: mnist.load(train=train).pick(torch.arange(500)))
    app = open_page(path)
    assert_calm(app)
    assert app.main.title
    card = checkpoint.describe(checkpoint.in_use())
    sidebar = "\n".join(entry.value for entry in app.sidebar.markdown)
    assert card.name in sidebar
    assert card.version in sidebar
    assert card.test_accuracy is not None
    assert words.percent(card.test_accuracy) in sidebar


def test_home_paints_without_torch() -> None:
    script = """
import sys
import core.ui.warm_up
from streamlit.testing.v1 import AppTest
core.ui.warm_up._warm_up = lambda *_, **__: None  # in the background torch is welcome
app = AppTest.from_file("Home.py", default_timeout=180).run()
assert not app.exception, app.exception
assert app.title[0].value == "Digit Lab"
assert not {"torch", "torchvision", "cv2"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_garbage_is_not_collected_in_front_of_every_answer() -> None:
    assert st.get_option("runner.postScriptGC") is False


@pytest.mark.parametrize("key", ["way", "expect"])
@pytest.mark.parametrize("value", ["", "no such word"])
def test_an_address_with_an_empty_or_unknown_word_opens_the_usual_page(key: str, value: str) -> None:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS).switch_page("pages/1_Predict.py")
    app.query_params[key] = value
    app.run()
    assert_calm(app)
    assert (app.segmented_control(key="way").value, app.segmented_control(key="expect").value) == ("Draw", "auto")
    draw(app, SEVEN)
    assert read_answer(app) == "7"


# --- draw -------------------------------------------------------------------------------------------------------------


def test_nothing_drawn_shows_an_example_and_no_answer() -> None:
    app = open_predict("Draw")
    assert shows_example(app)
    assert read_answer(app) is None
    assert app.button[0].disabled  # Undo
    assert app.button[1].disabled  # Clear


def test_a_drawing_is_read_and_kept() -> None:
    app = open_predict("Draw")
    draw(app, SEVEN)
    assert read_answer(app) == "7"
    assert not shows_example(app)
    app.switch_page("Home.py").run()
    app.switch_page("pages/1_Predict.py").run()
    assert_calm(app)
    assert read_answer(app) == "7"


def test_clear_and_undo() -> None:
    app = open_predict("Draw")
    draw(app, ONE)
    draw(app, SEVEN)
    assert read_answer(app) == "7"
    find_button(app, "Undo").click().run()
    assert read_answer(app) == "1"
    find_button(app, "Clear").click().run()
    assert shows_example(app)
    find_button(app, "Undo").click().run()
    assert read_answer(app) == "1"
    find_button(app, "Undo").click().run()
    assert shows_example(app)
    assert find_button(app, "Undo").disabled


def find_button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def test_the_steps_are_shown_when_asked() -> None:
    app = open_predict("Draw")
    draw(app, SEVEN)
    assert "Paper flattened" not in read_text(app)
    app.toggle(key="steps-draw").set_value(True).run()
    assert_calm(app)
    for title in ("The picture as given", "Paper flattened", "What the model sees", "divided by its temperature"):
        assert title in read_text(app)


def test_the_ways_to_see_a_picture_are_shown_with_what_the_model_said() -> None:
    app = open_predict("Upload")
    grain = np.random.default_rng(0).normal(0, 6, (300, 300, 3))
    paper = np.asarray(Image.open(io.BytesIO(make_picture(SEVEN))).convert("RGB").resize((300, 300)), float)
    content = io.BytesIO()
    Image.fromarray(np.clip(paper + grain, 0, 255).astype(np.uint8)).save(content, "PNG")
    upload(app, ("grain.png", content.getvalue()))
    app.toggle(key=next(one.key for one in app.toggle if one.label == "How it got there")).set_value(True).run()
    assert_calm(app)
    for title in ("Ways to see it", "By contrast", "By the network"):
        assert title in read_text(app)
    shown = {image.alt: image.url for element in app.get("image") for image in element.proto.imgs}
    url = shown["By the network, 28x28"]
    assert np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L")).max() > 200


# --- upload -----------------------------------------------------------------------------------------------------------


def test_one_picture_shows_its_answer() -> None:
    app = open_predict("Upload")
    assert shows_example(app)
    upload(app, ("note.png", make_picture(SEVEN)))
    assert read_answer(app) == "7"
    assert not app.dataframe


def test_a_number_shows_all_its_digits_and_the_details_of_the_chosen_one() -> None:
    app = open_predict("Upload")
    three, one = Image.new("RGB", (840, 280), "white"), Image.open(io.BytesIO(make_picture(SEVEN)))
    for number in range(3):
        three.paste(one, (280 * number, 0))
    buffer = io.BytesIO()
    three.save(buffer, "PNG")
    upload(app, ("three.png", buffer.getvalue()))
    assert read_answer(app) == "777"
    (choice,) = [entry for entry in app.segmented_control if entry.label == "Details of the digit"]
    assert [option.rstrip("\u2060") for option in choice.options] == ["7", "7", "7"]  # told apart by what takes no room
    assert len(set(choice.options)) == 3
    choice.set_value(2).run()
    assert_calm(app)
    app.segmented_control(key="expect").set_value("one").run()
    assert_calm(app)
    assert len(read_answer(app)) == 1


def test_many_pictures_become_a_table_and_a_bad_one_stops_nothing() -> None:
    app = open_predict("Upload")
    files = {
        "7.first.png": make_picture(SEVEN),
        "broken.png": b"this is no picture",
        "1/second.png": make_picture(ONE),
        "5.in-truth-a-one.png": make_picture(ONE),
        "blank.png": make_picture(),
    }
    upload(app, *files.items())
    assert "4 pictures read" in read_text(app)
    assert "1 refused" in read_text(app)
    assert "3 of 4 carry their digit in the name" in read_text(app)
    assert "2 right (66.7\u00a0%), 1 misread" in read_text(app)
    table = app.dataframe[0].value.set_index("file")
    assert table["answer"].to_dict() == {
        "7.first.png": "7",
        "broken.png": "refused",
        "1/second.png": "1",
        "5.in-truth-a-one.png": "1",
        "blank.png": "no digit",
    }
    assert table.loc["broken.png", "verdict"] == "error"
    assert "This is not a picture" in table.loc["broken.png", "remark"]
    assert table.loc["blank.png", "verdict"] == "no digit"
    assert table.loc["1/second.png", "label"] == 1


def test_the_table_of_many_files_words_a_confidence_as_the_answer_does() -> None:
    app = open_predict("Upload")
    upload(app, ("7.png", make_picture(SEVEN)), ("blank.png", make_picture()))
    table = app.dataframe[0]
    confidence = table.value["confidence"]
    worded = table.proto.arrow_data.styler.display_values
    cells = [column.to_pylist() for column in pa.ipc.open_stream(worded).read_all().columns]
    assert [words.probability(confidence[0]), words.NONE] in cells
    assert not any("100" in str(cell) for cell in cells[table.value.columns.get_loc("confidence")])


def test_misread_pictures_can_be_shown_alone() -> None:
    app = open_predict("Upload")
    upload(app, ("7.png", make_picture(SEVEN)), ("3.png", make_picture(ONE)))
    show = next(control for control in app.segmented_control if control.label == "Show")
    show.set_value("Misread").run()
    assert_calm(app)
    assert list(app.dataframe[0].value["file"]) == ["3.png"]


def test_the_same_file_twice_is_no_clash() -> None:
    app = open_predict("Upload")
    upload(app, ("7.png", make_picture(SEVEN)), ("7.png", make_picture(SEVEN)), ("0.png", make_picture(ONE)))
    assert list(app.dataframe[0].value["file"]) == ["0.png", "7.png"]


def test_a_new_choice_replaces_the_one_before() -> None:
    app = open_predict("Upload")
    upload(app, ("note.png", make_picture(SEVEN)))
    assert read_answer(app) == "7"
    upload(app, ("other.png", make_picture(ONE)))
    assert read_answer(app) == "1"
    assert not app.dataframe


def test_a_blank_picture_says_that_there_is_no_digit() -> None:
    app = open_predict("Upload")
    upload(app, ("blank.png", make_picture()))
    assert read_answer(app) == "–"
    assert "There is no ink in this picture." in read_text(app)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is empty"),
        (b"just text", "This is not a picture"),
        (b"%PDF-1.7 ...", "This PDF is damaged"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is an SVG"),
        (make_picture(SEVEN)[:200], "This picture is damaged"),
    ],
)
def test_a_bad_file_is_refused_with_its_sentence(content: bytes, sentence: str) -> None:
    app = open_predict("Upload")
    upload(app, ("bad.png", content))
    assert any(sentence in error.value and "bad.png" in error.value for error in app.error)
    assert read_answer(app) is None


def test_odd_names_are_shown_safely() -> None:
    app = open_predict("Upload")
    names = [
        "../../etc/7.png",
        "日本語 ٣.png",
        "a" * 300 + ".png",
        "line\nbreak\x1b[31m.png",
        "**bold** $x$ :red[y].png",
    ]
    upload(app, *((name, make_picture(SEVEN)) for name in names))
    shown = list(app.dataframe[0].value["file"])
    assert len(shown) == len(names)
    assert all(name.isprintable() and len(name) <= 81 for name in shown)


# --- samples ----------------------------------------------------------------------------------------------------------


def test_every_sample_is_read_right_with_one_click() -> None:
    app = open_predict("Samples")
    assert shows_example(app)
    samples = sorted(path.name for path in (SHIPPED / "samples").glob("*.*") if path.name[0].isdigit())
    assert len(samples) >= 24
    assert {name[0] for name in samples} == set("0123456789")
    for name in samples[:: len(samples) // 8]:
        app.button(key=f"sample-{name}").click().run()
        assert_calm(app)
        assert read_answer(app) == name[0], name


def test_no_sample_looks_blank() -> None:
    app = open_predict("Samples")
    labels = [button.label for button in app.button if button.label.startswith("![")]
    assert len(labels) >= 24
    for label in labels:
        thumbnail = Image.open(io.BytesIO(base64.b64decode(label.split("base64,")[1].partition(")")[0])))
        darkest, brightest = thumbnail.convert("L").getextrema()
        assert brightest - darkest > 30, label[:60]


def test_a_surprise_hides_its_label_until_asked() -> None:
    app = open_predict("Samples")
    find_button(app, "Surprise me").click().run()
    assert_calm(app)
    assert read_answer(app)
    assert "meant" not in read_text(app)
    next(toggle for toggle in app.toggle if toggle.label == "Show the label").set_value(True).run()
    assert f"**{app.session_state.sample.label}**" in read_text(app)


def open_by_address(sample: str) -> AppTest:
    """Predict by a link that names a sample."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS).switch_page("pages/1_Predict.py")
    app.query_params.update(way="Samples", sample=sample)
    app.run()
    assert_calm(app)
    return app


def test_a_picture_that_another_page_offered_is_read_and_read_again_after_a_reload() -> None:
    handed = Handed("from elsewhere", make_picture(SEVEN), 7, "reference", "pages/3_Evaluate.py")
    app = open_page("Home.py")
    app.session_state["offered"] = {handed.address: handed}
    app.switch_page("pages/1_Predict.py")
    app.query_params.update(way="Samples", sample=handed.address)
    app.run()
    assert_calm(app)
    assert read_answer(app) == "7" and "from elsewhere" in read_text(app)
    handover._all_offered()[handed.address] = handed
    assert read_answer(open_by_address(handed.address)) == "7", "somebody still holds it"


@pytest.mark.parametrize("what", ["number", "surprise"])
def test_a_reload_finds_the_chosen_sample_again(what: str) -> None:
    app = open_predict("Samples")
    if what == "surprise":
        find_button(app, "Surprise me").click().run()
    else:
        app.segmented_control(key="samples_kind").set_value("Numbers").run()
        next(button for button in app.main.button if (button.key or "").startswith("sample-number")).click().run()
    chosen = app.session_state["sample"]
    again = open_by_address(chosen.address)
    assert again.session_state["sample"] == chosen and read_answer(again) == read_answer(app)
    assert what == "surprise" or again.segmented_control(key="samples_kind").value == "Numbers"


@pytest.mark.parametrize("address", ["no such sample.png", "../../README.md", "mnist-10000", "mnist-²", "from-0"])
def test_an_address_that_names_no_sample_says_so(address: str) -> None:
    app = open_by_address(address)
    assert shows_example(app) and "no longer kept here" in " ".join(error.value for error in app.error)


def test_the_way_back_from_a_sample_leads_to_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_predict("Samples")
    next(button for button in app.main.button if (button.key or "").startswith("sample-4")).click().run()
    assert read_answer(app) == "4"
    monkeypatch.setattr(addresses, "came_by_history", lambda: True)
    app.query_params.clear()
    app.query_params["way"] = "Samples"
    app.run()
    assert_calm(app)
    assert shows_example(app) and app.segmented_control(key="way").value == "Samples"


# --- the model --------------------------------------------------------------------------------------------------------


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The empty folder of models of a workspace, where none was shipped either."""
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(workspace, "SHIPPED", tmp_path / "nothing")
    (tmp_path / "models").mkdir()
    st.cache_resource.clear()
    yield tmp_path / "models"
    st.cache_resource.clear()


def test_a_missing_model_is_a_sentence(models: Path) -> None:
    app = open_page("Home.py")
    assert_calm(app)
    assert any("no readable model" in error.value for error in app.sidebar.error)
    app.switch_page("pages/1_Predict.py").run()
    assert_calm(app)
    assert any("No model can answer" in error.value for error in app.main.error)


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04 half a file"])
def test_a_corrupt_model_is_a_sentence(models: Path, content: bytes) -> None:
    (models / f"{checkpoint.SHIPPED}.pth").write_bytes(content)
    app = open_page()
    assert_calm(app)
    assert any("can't be read as weights" in error.value for error in app.main.error)


def test_a_model_of_another_network_is_a_sentence(models: Path) -> None:
    import torch

    torch.save(torch.nn.Linear(3, 3).state_dict(), models / f"{checkpoint.SHIPPED}.pth")
    app = open_page()
    assert_calm(app)
    assert any("belongs to another network" in error.value for error in app.main.error)


def test_a_bare_state_dict_answers(models: Path) -> None:
    shipped = ROOT / "models" / f"{checkpoint.SHIPPED}.pth"
    (models / f"{checkpoint.SHIPPED}.pth").write_bytes(shipped.read_bytes())
    app = open_page()
    assert_calm(app)
    assert any("not measured" in entry.value for entry in app.sidebar.markdown)
    draw(app, SEVEN)
    assert read_answer(app) == "7"

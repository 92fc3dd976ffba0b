"""The My digits page and the correction on Predict without a browser: nothing, few, many, while a run is going on."""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core import words
from core.config import FineTuningSettings, TrainingSettings
from core.data import mnist
from core.data.labels import NO_DIGIT
from core.my_digits import database, fine_tuning
from core.my_digits.store import Corrections, CorrectionsError
from core.network import checkpoint
from core.training.examples import gather
from core.training.job import TrainingJob
from core.training.loop import Training
from core.training.plans import NewRun
from core.ui import resources
from core.workspace import SHIPPED as ROOT

DIGITS = mnist.load(train=True).pick(torch.arange(400))
MANY = 80


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corrections:
    """My digits of the test's own."""
    mine = Corrections(tmp_path / "my-digits")
    monkeypatch.setattr(resources, "corrections", lambda: mine)
    return mine


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A job whose runs and models are nobody else's, a small model in use, and fine-tuning in a second."""
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    job = TrainingJob(lambda train: DIGITS, threads=1)
    settings = TrainingSettings(architecture="mlp", epochs=1, batch_size=16, outlier_exposure=0.0, pen_digits=0.0)
    training = Training(gather(DIGITS, settings), settings)
    list(training)
    checkpoint.save("small", training.model, {"settings": settings.as_dict(), "test_accuracy": 0.5})
    checkpoint.choose("small")
    monkeypatch.setattr(resources, "training_job", lambda: job)
    monkeypatch.setattr(fine_tuning, "USUAL", FineTuningSettings(images=512))
    yield job
    job.stop(keep=False)
    job.close()


def keep(mine: Corrections, count: int) -> None:
    for image, label in zip(DIGITS.images[:count], DIGITS.labels[:count], strict=True):
        mine.keep(image.numpy(), int(label), "3", "reference", "abc")


def open_page(path: str = "pages/4_My_digits.py") -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=180)
    app.switch_page(path).run()
    assert not app.exception, [entry.message for entry in app.exception]
    return app


def read(app: AppTest) -> str:
    kinds = (app.main.markdown, app.main.caption, app.main.info, app.main.warning, app.main.error, app.main.success)
    return "\n".join(entry.value for kind in kinds for entry in kind)


def find(app: AppTest, label: str):
    return next((button for button in app.main.button if button.label == label), None)


def pictures(app: AppTest):
    return next(group for group in app.main.button_group if (group.key or "").startswith("chosen-"))


def test_an_empty_page_says_how_to_begin(mine):
    app = open_page()
    assert "Wrong? It is a …" in read(app)
    assert "Draw a digit" in [link.proto.label for link in app.main.get("page_link")]
    assert not find(app, "Fine-tune a copy")


def test_what_is_kept_is_shown_measured_and_can_be_taken_away(mine):
    keep(mine, 4)
    mine.keep(DIGITS.images[9].numpy(), NO_DIGIT, "4", "reference", "abc")
    app = open_page()
    assert "4 of 4 digits right" in read(app) and "1 picture without a digit" in read(app)
    gallery = pictures(app)
    assert [option.split(") ")[1] for option in gallery.options][1:] == ["1", "4", "0", "5"]
    assert find(app, "Fine-tune a copy")
    labels = [entry.proto.label for entry in app.main.get("download_button")]
    assert labels == ["Pictures (.zip)", "Table (.csv)"]


def test_many_come_in_portions(mine):
    keep(mine, MANY)
    app = open_page()
    assert len(pictures(app).options) == 60
    app.main.selectbox[0].select_index(1).run()
    assert len(pictures(app).options) == MANY - 60


def test_a_chosen_picture_is_deleted_and_comes_back_with_undo(mine):
    keep(mine, 3)
    app = open_page()
    pictures(app).set_value([2]).run()
    assert "A 0. reference abc read it as 3" in read(app)
    app.button(key="delete").click().run()
    assert [one.id for one in mine.all()] == [1, 3] and "1 picture deleted" in read(app)
    find(app, "Undo").click().run()
    assert [one.id for one in mine.all()] == [1, 2, 3] and not app.exception
    assert not find(app, "Undo")


def test_the_misread_are_shown_alone_and_a_chosen_one_gets_another_label(mine):
    keep(mine, 4)
    wrong = mine.all()[2]
    mine.relabel([wrong.id], (wrong.label + 1) % 10)
    app = open_page()
    show = app.segmented_control(key="kept_show")
    assert show.options == ["All (4)", "Misread today (1)"]
    show.set_value("misread").run()
    assert len(pictures(app).options) == 1
    pictures(app).set_value([wrong.id]).run()
    next(group for group in app.button_group if (group.key or "").startswith("relabel-")).set_value(wrong.label).run()
    assert not app.exception and mine.all()[2] == wrong
    assert f"1 picture labelled as {words.a_digit(wrong.label)}" in read(app)
    assert "reads all of them right" in read(app)
    assert "shared by everyone who opens it" in read(app)


def test_a_disk_that_refuses_and_a_file_put_aside_are_sentences(mine, tmp_path, monkeypatch):
    (tmp_path / "my-digits").mkdir()
    (tmp_path / "my-digits" / database.NAME).write_bytes(b"no database" * 100)
    app = open_page()
    assert "moved aside unchanged" in read(app) and mine.put_aside()[0] in read(app)

    def refuse():
        raise CorrectionsError("The disk is full.")

    monkeypatch.setattr(mine, "all", refuse)
    assert "The disk is full." in read(open_page())


def test_one_digit_held_out_is_nothing_to_learn_from(mine):
    keep(mine, 3)
    mine.delete([1, 2])
    app = open_page()
    assert "Keep a few more" in read(app) and not find(app, "Fine-tune a copy")


def test_fine_tuning_is_watched_and_its_outcome_can_be_used(mine, job, tmp_path):
    keep(mine, 9)
    app = open_page()
    app.button(key="tune").click().run()
    assert not app.exception and job.snapshot().run.name == "Fine-tuned 1"
    assert job.wait(120)
    app.run()
    assert not app.exception, [entry.message for entry in app.exception]
    assert "Of 3 digits it never learned from" in read(app) and "On MNIST's test set it" in read(app)
    table = app.main.table[0].value
    assert list(table.index) == ["Held out (3)", "Learned from (6)", "MNIST test set (400)"]
    find(app, "Use this model").click().run()
    assert checkpoint.in_use() == "Fine-tuned 1" and find(app, "In use").disabled
    assert "Fine-tuned 1 is the model in use now" in read(app)
    assert app.sidebar.button(key="back-menu").label == "Back to reference"  # on every page
    app.button(key="back-notice").click().run()
    assert checkpoint.in_use() == "reference" and find(app, "Use this model") and not find(app, "Back to reference")


def test_while_another_run_is_going_on_the_page_says_whose(mine, job):
    keep(mine, 9)
    settings = TrainingSettings(architecture="mlp", epochs=1000, training_images=400, batch_size=16)
    job.start(NewRun(settings), "long")
    app = open_page()
    assert "One run at a time: long is going on" in read(app)
    assert not find(app, "Fine-tune a copy") and not find(app, "Stop")


def test_a_fine_tuning_can_be_stopped(mine, job):
    keep(mine, 9)
    slow = FineTuningSettings(images=60_000, batch_size=1)
    job.start(fine_tuning.FineTuning(checkpoint.load("small"), mine.all(), [], slow))
    app = open_page()
    assert any("a copy of small" in entry.proto.text for entry in app.main.get("progress"))
    app.button(key="stop").click().run()
    assert job.wait(120)
    app.run()
    assert "Stopped and discarded" in read(app) and find(app, "Fine-tune a copy")


def choose_sample(app: AppTest) -> None:
    app.segmented_control(key="way").set_value("Samples").run()
    next(button for button in app.main.button if (button.key or "").startswith("sample-7")).click().run()
    assert not app.exception


def correct(app: AppTest, label: int | None) -> None:
    next(group for group in app.main.button_group if group.key == "correct-sample").set_value(label).run()
    assert not app.exception, [entry.message for entry in app.exception]


def test_one_click_on_predict_keeps_a_picture_another_changes_it_a_third_takes_it_back(mine):
    app = open_page("pages/1_Predict.py")
    choose_sample(app)
    correct(app, 1)
    (kept,) = mine.all()
    assert (kept.label, kept.said, kept.model) == (1, "7", checkpoint.in_use())
    assert "Kept in My digits as a 1" in app.toast[0].value
    assert "data:image/png" in app.toast[0].value and "Can you see the digit here?" in app.toast[0].value
    correct(app, 8)
    assert "Kept in My digits as an 8 instead" in app.toast[0].value
    correct(app, NO_DIGIT)
    assert [one.label for one in mine.all()] == [NO_DIGIT]
    again = open_page("pages/1_Predict.py")  # another visitor sees what is kept
    choose_sample(again)
    assert again.session_state["correct-sample"] == NO_DIGIT
    correct(again, None)
    assert mine.all() == []


def test_a_refusing_disk_is_said_where_one_pressed(mine, monkeypatch):
    def refuse(*_):
        raise CorrectionsError("The disk is full.")

    app = open_page("pages/1_Predict.py")
    choose_sample(app)
    monkeypatch.setattr(mine, "keep", refuse)
    correct(app, 1)
    assert "The disk is full." in app.toast[0].value

"""The Evaluate page's states, without a browser: models made on the spot, a part of MNIST, and what a visitor does."""

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from core import words
from core.data import mnist
from core.data.digits import DigitSet
from core.evaluation import robustness, testset
from core.evaluation.neighbours import Neighbours
from core.evaluation.verdicts import Outcome
from core.my_digits.store import Corrections
from core.network import checkpoint
from core.network.architectures import Network, to_input
from core.ui import resources
from core.ui.evaluate import verdicts as verdicts_page

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180  # for one run on a busy machine


class MeanDigits(Network):
    """Answers with the digit whose mean image is nearest: wrong about one time in four, at no cost."""

    def __init__(self, training: DigitSet, known: int = 10, sharpness: float = 0.3) -> None:
        super().__init__(dropout=0.0)
        looks = to_input(training.images).flatten(1)
        self.means = torch.stack([looks[training.labels == digit].mean(0) for digit in range(known)])
        self.sharpness = sharpness

    def features(self, digits: Tensor) -> Tensor:
        return digits.flatten(1)

    def classify(self, features: Tensor) -> Tensor:
        near = -self.sharpness * torch.cdist(features, self.means).pow(2)
        return nn.functional.pad(near, (0, 10 - len(self.means)), value=-50.0)


class Oracle(Network):
    """Never wrong on the digits it was made for."""

    def __init__(self, digits: DigitSet) -> None:
        super().__init__(dropout=0.0)
        self.looks, self.labels = to_input(digits.images).flatten(1), digits.labels

    def features(self, digits: Tensor) -> Tensor:
        return digits.flatten(1)

    def classify(self, features: Tensor) -> Tensor:
        nearest = torch.cdist(features, self.looks).argmin(1)
        return 8.0 * nn.functional.one_hot(self.labels[nearest], 10)


@dataclass
class Lab:
    """The models there are, which one is in use, and the page."""

    models: dict[str, checkpoint.Checkpoint]
    in_use: str
    page: AppTest

    def open(self, section: str = "Confusion") -> AppTest:
        self.page.switch_page("pages/3_Evaluate.py")
        self.page.session_state["evaluate_section"] = section
        return self.run()

    def run(self) -> AppTest:
        self.page.run(timeout=SECONDS)
        assert not self.page.exception, self.page.exception[0].stack_trace
        return self.page

    def open_in_predict(self) -> AppTest:
        """Press the link below the picture that is open."""
        link = next(link for link in self.page.get("page_link") if link.proto.label == "Open in Predict")
        self.page.switch_page("pages/1_Predict.py")
        self.page.query_params.clear()
        self.page.query_params.update(parse_qsl(link.proto.query_string))
        return self.run()

    def texts(self) -> str:
        page = self.page
        blocks = (
            page.markdown,
            page.caption,
            page.header,
            page.subheader,
            page.info,
            page.success,
            page.warning,
            page.error,
        )
        return "\n".join(str(element.value) for block in blocks for element in block)


@pytest.fixture(scope="module")
def small() -> tuple[DigitSet, DigitSet]:
    """Training and test digits, few enough for a page in a blink."""
    return tuple(mnist.load(train=train).pick(torch.arange(size)) for train, size in ((True, 1200), (False, 300)))


@pytest.fixture(scope="module")
def models(small) -> dict[str, checkpoint.Checkpoint]:
    training, test = small
    settings = {"settings": {"training_images": 1200, "seed": 1}, "temperature": 0.9}

    def made(name: str, version: str, model: nn.Module, facts: dict) -> checkpoint.Checkpoint:
        return checkpoint.Checkpoint(name, version, facts, "reference", model.eval())

    return {
        "means": made("means", "11111111", MeanDigits(training), settings),
        "no nine": made("no nine", "22222222", MeanDigits(training, known=9), {}),
        "oracle": made("oracle", "33333333", Oracle(test), settings),
    }


@pytest.fixture(scope="module")
def index(small) -> Neighbours:
    return Neighbours(small[0])


@pytest.fixture
def lab(monkeypatch, small, models, index) -> Lab:
    training, test = small
    found = Lab(dict(models), "means", AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS))
    results = resources.Results()
    monkeypatch.setattr(checkpoint, "names", lambda: list(found.models))
    monkeypatch.setattr(checkpoint, "in_use", lambda: found.in_use)
    monkeypatch.setattr(resources, "model_card", lambda name: found.models[name])
    monkeypatch.setattr(resources, "model", lambda name: found.models[name])
    monkeypatch.setattr(resources, "digits", lambda train: training if train else test)
    monkeypatch.setattr(resources, "results", lambda: results)
    monkeypatch.setattr(resources, "neighbours", lambda: index)
    return found


def test_it_opens_on_the_worst_pair_with_pictures(lab):
    page = lab.open()
    assert [metric.label for metric in page.metric] == [
        "Accuracy",
        "Errors",
        "Wrong but sure",
        "Loss",
        "Calibration",
    ]
    heading = page.header[0].value
    assert " read as " in heading and " 0 pictures" not in heading
    assert thumbnails(page).options, "pictures one can press"
    assert "means 11111111 · MNIST test set, 300 pictures · computed" in lab.texts()
    assert "Nearest training images" in lab.texts()


def thumbnails(page: AppTest):
    """The pictures one can press."""
    return next(choice for choice in page.pills if choice.key.startswith("picked-"))


def press(lab: Lab, label: str) -> AppTest:
    next(button for button in lab.page.button if button.label.startswith(label)).click()
    return lab.run()


def click_cell(page: AppTest, true: int, read: int) -> None:
    """As a browser reports a click on the matrix that is on the page."""
    place = f"matrix-{page.session_state['matrix_number']}"
    page.session_state[place] = {"selection": {"cell": [{"true": true, "predicted": read}]}}


def test_a_click_on_a_cell_and_the_boxes_are_twins(lab):
    page = lab.open()
    click_cell(page, 3, 3)
    page = lab.run()
    assert page.header[0].value.startswith("3 read right")
    assert (page.selectbox(key="true_digit").value, page.selectbox(key="read_digit").value) == (3, 3)
    page.selectbox(key="read_digit").set_value(0)
    page = lab.run()
    assert page.header[0].value.startswith("3 read as 0"), "the boxes win over an older click"


def test_a_cell_clicked_before_opens_again_after_the_boxes_moved_on(lab):
    page = lab.open()
    click_cell(page, 3, 3)
    page = lab.run()
    page.selectbox(key="true_digit").set_value(5)
    page = lab.run()
    click_cell(page, 3, 3)
    page = lab.run()
    assert page.header[0].value.startswith("3 read right")


def test_the_chosen_cell_is_still_open_after_a_look_at_another_section(lab):
    page = lab.open()
    click_cell(page, 3, 3)
    page = lab.run()
    page.selectbox(key="true_digit").set_value(2)
    page.selectbox(key="read_digit").set_value(2)
    lab.run()
    for section in ("Per digit", "Confusion"):
        page.session_state["evaluate_section"] = section
        page = lab.run()
    assert page.header[0].value.startswith("2 read right")


def test_an_empty_cell_says_so_and_a_full_one_is_paged(lab):
    page = lab.open()
    page.selectbox(key="true_digit").set_value(0)
    page.selectbox(key="read_digit").set_value(1)
    lab.run()
    assert "No 0 was read as 1" in lab.texts()
    page.selectbox(key="read_digit").set_value(0)
    page = lab.run()
    before = thumbnails(page).options
    assert len(before) == 12 and page.number_input
    page.number_input[0].set_value(2)
    page = lab.run()
    assert not set(before) & set(thumbnails(page).options)


def test_a_pressed_picture_opens(lab):
    page = lab.open("Errors")
    second = thumbnails(page).options[1]
    place = re.search(r"number ([\d,]+)\]", second)[1]
    thumbnails(page).set_value(int(place.replace(",", "")))
    page = lab.run()
    assert f"number {place}" in lab.texts()
    assert thumbnails(page).value == int(place.replace(",", "")), "the choice itself says which one is open"
    label, answer = re.match(r"!\[an? (\d) read as (\d)", second).groups()
    assert f" {label}→{answer} · " in second, "and each has a caption"


def test_a_picture_is_handed_to_predict(lab):
    lab.open("Errors")
    page = lab.open_in_predict()
    assert page.title[0].value == "Predict"
    sample = page.session_state["sample"]
    assert re.fullmatch(r"number [\d,]+, MNIST test set", sample.name)
    assert Image.open(io.BytesIO(sample.content)).size == (28, 28)


def test_errors_are_filtered_and_sorted(lab):
    page = lab.open("Errors")
    page.selectbox(key="errors_true").set_value(4)
    page.selectbox(key="errors_read").set_value(9)
    page = lab.run()
    labels = thumbnails(page).options
    assert labels and all("a 4 read as 9" in label for label in labels)
    page.slider(key="errors_range").set_value((0, 1))
    lab.run()
    assert "No error matches these filters" in lab.texts()


def test_a_filter_that_leaves_fewer_pages_opens_one_that_is_there(lab):
    page = lab.open("Errors")
    page.number_input[0].set_value(2)
    lab.run()
    assert thumbnails(page).options
    page.slider(key="errors_range").set_value((0, 30))
    page = lab.run()
    assert thumbnails(page).options


@pytest.mark.slow
def test_every_section_opens_for_every_kind_of_model(lab):
    page = lab.open()
    for name in ("no nine", "oracle"):
        page.session_state["evaluate_model"] = name
        for section in (
            "Confusion",
            "Per digit",
            "Errors",
            "Confidence",
            "Robustness",
            "Compare",
            "Verdicts",
            "Download",
        ):
            page.session_state["evaluate_section"] = section
            lab.run()
            assert lab.texts() and "nan" not in lab.texts()


def test_a_perfect_model_has_nothing_to_hide(lab):
    lab.in_use = "oracle"
    page = lab.open("Errors")
    assert "No errors in 300 pictures" in lab.texts() and page.metric[0].value.startswith("100.00")
    lab.page.session_state["evaluate_section"] = "Confusion"
    page = lab.run()
    assert "read right" in page.header[0].value


def test_a_digit_never_answered_gets_a_gap_in_the_table(lab):
    lab.in_use = "no nine"
    page = lab.open("Per digit")
    assert page.dataframe[0].value["Precision"].isna().tolist() == [False] * 9 + [True]


def test_temperature_is_fitted_where_none_is_stored_and_can_be_stored(lab, monkeypatch):
    stored = {}
    monkeypatch.setattr(checkpoint, "add_facts", lambda name, facts: stored.update({name: facts}))
    lab.in_use = "no nine"
    page = lab.open("Confidence")
    assert "No temperature is stored with this model" in lab.texts()
    next(button for button in page.button if button.label.startswith("Store it")).click()
    lab.run()
    assert stored["no nine"]["temperature"] > 0
    lab.page.session_state["evaluate_model"] = "means"
    lab.run()
    assert "Predict uses it" in lab.texts()


def test_two_models_are_compared_in_a_sentence(lab):
    page = lab.open("Compare")
    page.selectbox(key="compare_with").set_value("oracle")
    page = lab.run()
    assert "oracle reads these pictures better" in lab.texts()
    assert list(page.dataframe[0].value.columns) == ["means", "oracle"]
    assert re.search(r"means: \*\*\d\*\* with .* confidence\noracle: \*\*\d\*\* with", lab.texts()), "both side by side"
    assert re.search(r"Accuracy of oracle minus that of means: \*\*\+\d+\.\d\d points \(", lab.texts())
    for which in page.segmented_control(key="compare_which").options:
        count = int(re.search(r"\(([\d,]+)\)", which)[1].replace(",", ""))
        assert ("Only means is right" in which) == (count == 0) or "Both" in which


def test_one_model_alone_cannot_be_compared(lab):
    lab.models = {"means": lab.models["means"]}
    lab.open("Compare")
    assert "only one model so far" in lab.texts()


def test_robustness_is_measured_once_for_all(lab, monkeypatch):
    monkeypatch.setattr(robustness, "sample", lambda digits: digits.pick(torch.arange(60)))
    page = lab.open("Robustness")
    next(button for button in page.button if button.label == "Measure").click()
    page = lab.run()
    assert len(page.get("vega_lite_chart")) == 8
    assert "means 11111111 · 60 pictures of MNIST test set · computed" in lab.texts()
    lab.page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS)
    assert len(lab.open("Robustness").get("vega_lite_chart")) == 8, "a second visitor finds the curves"


def break_model(lab, monkeypatch, name: str) -> None:
    """From now on this model is listed, but its weights can't be loaded."""

    def load(asked: str) -> checkpoint.Checkpoint:
        if asked == name:
            raise checkpoint.CheckpointError(f"{name}.pth can't be read as weights.")
        return lab.models[asked]

    monkeypatch.setattr(resources, "model", load)


def test_a_model_that_cannot_be_loaded_is_said_and_nothing_seems_to_go_on(lab, monkeypatch):
    break_model(lab, monkeypatch, "no nine")
    lab.in_use = "no nine"
    page = lab.open()
    assert "no nine.pth can't be read" in lab.texts() and not page.metric
    assert not page.get("progress")


def test_robustness_and_comparison_go_on_without_a_model_that_cannot_be_loaded(lab, monkeypatch):
    page = lab.open("Robustness")
    break_model(lab, monkeypatch, "no nine")
    page.multiselect(key="robustness_models").set_value(["no nine"])
    lab.run()
    next(button for button in page.button if button.label == "Measure").click()
    page = lab.run()
    assert "no nine.pth can't be read" in lab.texts() and not page.get("progress")
    page.session_state["evaluate_section"] = "Compare"
    page.session_state["compare_with"] = "no nine"
    page = lab.run()
    assert "no nine.pth can't be read" in lab.texts() and not page.get("progress")


def test_a_model_swapped_meanwhile_is_said(lab):
    lab.open()
    lab.in_use = "oracle"
    lab.run()
    assert "The model in use is oracle now. This page still shows means." in lab.texts()


def test_weights_that_changed_meanwhile_leave_the_old_figures_until_asked(lab):
    page = lab.open()
    before = page.metric[0].value
    old = lab.models["means"]
    lab.models["means"] = checkpoint.Checkpoint("means", "99999999", old.facts, "reference", lab.models["oracle"].model)
    page = lab.run()
    assert "version 99999999 now. These are the figures of 11111111." in lab.texts()
    assert page.metric[0].value == before
    next(button for button in page.button if button.label == "Measure the new version").click()
    page = lab.run()
    assert page.metric[0].value.startswith("100.00") and "means 99999999" in lab.texts()
    assert "These are the figures of" not in lab.texts(), "which is no longer so"
    assert not [button for button in page.button if button.label == "Measure the new version"]


def test_the_validation_split_is_the_models_own(lab):
    page = lab.open()
    page.selectbox(key="evaluate_data").set_value("Validation split")
    page = lab.run()
    assert re.search(r"means 11111111 · validation split, \d+ pictures", lab.texts()) and not page.info
    page.selectbox(key="evaluate_model").set_value("no nine")
    lab.run()
    assert "may have learned from these very pictures" in lab.texts()


def own_set(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def as_png(digit: Tensor) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(digit.numpy()).save(buffer, "PNG")
    return buffer.getvalue()


def test_an_own_set_is_measured_and_a_malformed_one_refused(lab, small):
    test = small[1]
    page = lab.open()
    page.selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    assert "Send a set above" in lab.texts() and not page.metric
    page.file_uploader[0].set_value(("broken.zip", b"PK\x03\x04 this is no zip", "application/zip"))
    page = lab.run()
    assert "damaged zip" in lab.texts() and not page.metric
    page.file_uploader[0].set_value([])
    page = lab.run()
    assert "damaged zip" not in lab.texts() and "Send a set above" in lab.texts()
    files = {f"{label}/{n}.png": as_png(test.images[n]) for n, label in enumerate(test.labels[:20].tolist())}
    page.file_uploader[0].set_value(("mine.zip", own_set({**files, "readme.txt": b"by Anna"}), "application/zip"))
    page = lab.run()
    assert "mine.zip, 20 pictures" in lab.texts() and "1 of 21 files could not be used" in lab.texts()
    assert page.metric[0].label == "Accuracy"


def side_by_side(*digits: Tensor) -> Tensor:
    """Digits in one picture, far enough apart to be a number and large enough to be seen as one."""
    gap = torch.zeros(28, 12, dtype=torch.uint8)
    row = torch.cat([part for digit in digits for part in (gap, digit)] + [gap], dim=1)
    return nn.functional.pad(row, (0, 0, 14, 14)).repeat_interleave(4, 0).repeat_interleave(4, 1)


def test_pictures_that_are_not_read_as_one_digit_are_counted_apart(lab, small):
    test = small[1]
    labels = test.labels.tolist()
    files = {f"{label}/{n}.png": as_png(test.images[n]) for n, label in enumerate(labels[:20])}
    empty = as_png(torch.zeros(60, 60, dtype=torch.uint8))
    number = as_png(side_by_side(*(test.images[labels.index(digit)] for digit in (1, 0, 4))))
    lab.open("Errors").selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    sent = own_set({**files, "7/empty.png": empty, "4/number.png": number})
    page.file_uploader[0].set_value(("mine.zip", sent, "application/zip"))
    page = lab.run()
    figures = {metric.label: (metric.value, metric.delta) for metric in page.metric}
    assert figures["Not one digit"] == ("2", "1 number, 1 without a digit")
    assert figures["Errors"][1] == "of 20 pictures", "they are no errors"
    for kind, name, what in (("No digit", "7/empty.png", "without a digit"), ("Read as a number", "4/number.png", "")):
        page.segmented_control(key="errors_kind").set_value(kind)
        page = lab.run()
        assert page.dataframe[0].value["File"].tolist() == [name]
        assert f"1 picture {what or 'read as a number'}" in lab.texts()
    row = page.dataframe[0].value.iloc[0]
    assert row["Read as"].isdigit() and len(row["Read as"]) > 1 and row["Labelled"] == 4
    page = lab.open_in_predict()
    assert page.title[0].value == "Predict" and page.session_state["sample"].content == number


def test_a_set_is_read_by_the_model_that_is_evaluated(lab, small):
    """Which 28x28 pixels are cut from a picture depends on the model, as on Predict: each model reads for itself."""
    test = small[1]
    files = {f"{label}/{n}.png": as_png(test.images[n]) for n, label in enumerate(test.labels[:12].tolist())}
    lab.open().selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    page.file_uploader[0].set_value(("mine.zip", own_set(files), "application/zip"))
    read = []
    original = testset.PictureSet.for_model

    def note(self, model, progress=None):
        read.append(f"{model.name} {model.version}")
        return original(self, model, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(testset.PictureSet, "for_model", note)
        lab.run()
        page.session_state["evaluate_section"] = "Compare"
        page.session_state["compare_with"] = "oracle"
        lab.run()
        lab.run()
    assert read == ["means 11111111", "oracle 33333333"]
    assert "oracle 33333333 · mine.zip" in lab.texts()


def test_a_set_in_which_no_picture_is_one_digit_is_refused_with_a_sentence(lab):
    lab.open().selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    empty = as_png(torch.zeros(60, 60, dtype=torch.uint8))
    page.file_uploader[0].set_value(("mine.zip", own_set({"7/empty.png": empty}), "application/zip"))
    page = lab.run()
    assert "means read no picture in mine.zip as one digit" in lab.texts() and not page.metric


def test_a_files_name_is_shown_as_it_is_never_as_markdown(lab, small):
    name = "![x](http://example.com/a.png)/7.png"
    page = lab.open()
    page.selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    seven = small[1].images[small[1].labels.tolist().index(7)]
    page.file_uploader[0].set_value(("[mine](x).zip", own_set({name: as_png(seven)}), "application/zip"))
    lab.run()
    assert "a.png)/7.png" in lab.texts() and words.escape_markdown("[mine](x).zip") in lab.texts()
    assert "![x](" not in lab.texts() and "[mine](x)" not in lab.texts()


def test_a_set_without_labels_shows_answers_only(lab, small):
    digits = small[1]
    rows = "\n".join(",".join(map(str, row)) for row in digits.images[:25].flatten(1).tolist())
    page = lab.open()
    page.selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    page.file_uploader[0].set_value(("plain.csv", rows.encode(), "text/csv"))
    page = lab.run()
    assert "nobody can say how often it is right" in lab.texts() and not page.metric
    assert page.header[0].value.startswith("What the model answers")
    assert "Labelled **" not in lab.texts()


def test_without_any_model_it_says_what_to_do(lab):
    lab.models = {}
    lab.open()
    assert "There is no model yet" in lab.texts()


def test_a_model_that_was_deleted_meanwhile_is_missed(lab):
    lab.models["other"] = lab.models["oracle"]
    page = lab.open()
    page.selectbox(key="evaluate_model").set_value("other")
    lab.run()
    del lab.models["other"]
    lab.run()
    assert "other was deleted or renamed. This page shows means now." in lab.texts()
    lab.run()
    assert "was deleted" not in lab.texts()


def with_other_split(lab) -> None:
    """A model that held out other digits, and learned from most of those that the first held out."""
    facts = {"settings": {"training_images": 1200, "seed": 2, "validation_share": 0.25}, "temperature": 1.0}
    lab.models["elsewhere"] = checkpoint.Checkpoint(
        "elsewhere", "44444444", facts, "reference", lab.models["oracle"].model
    )


def test_on_a_split_two_models_are_compared_on_what_both_held_out(lab):
    with_other_split(lab)
    lab.open("Compare").selectbox(key="evaluate_data").set_value("Validation split")
    lab.page.session_state["compare_with"] = "elsewhere"
    lab.run()
    found = re.search(r"Compared on the (\d+) pictures that both models held out while training", lab.texts())
    whole = re.search(r"means 11111111 · validation split, (\d+) pictures", lab.texts())
    assert found and 0 < int(found[1]) < int(whole[1])
    assert re.search(rf"elsewhere 44444444 · validation split, {found[1]} pictures", lab.texts())
    lab.page.session_state["compare_with"] = "oracle"
    lab.run()
    assert "Compared on the" not in lab.texts(), "these two held out the same"
    lab.page.session_state["compare_with"] = "no nine"
    page = lab.run()
    assert "How no nine was trained is not known" in lab.texts() and not page.dataframe


def test_on_a_split_no_curve_is_drawn_of_a_model_that_learned_from_it(lab):
    with_other_split(lab)
    page = lab.open("Robustness")
    page.selectbox(key="evaluate_data").set_value("Validation split")
    page = lab.run()
    page.multiselect(key="robustness_models").set_value(["means", "oracle", "elsewhere", "no nine"])
    lab.run()
    assert re.search(r"elsewhere has learned from \d+ of these \d+ pictures", lab.texts())
    assert "no nine may have learned from these pictures" in lab.texts()
    assert "oracle has" not in lab.texts() and "means has" not in lab.texts()


def test_verdicts_are_counted_and_non_digits_measured(lab, monkeypatch):
    monkeypatch.setattr(verdicts_page, "DRAWN", 30)
    page = lab.open("Verdicts")
    table = page.dataframe[0].value
    assert table["Answer"].tolist() == [str(kind) for kind in Outcome]
    assert sum(int(count.replace(",", "")) for count in table["Pictures"]) == 300
    page.selectbox(key="outcome").set_value(str(Outcome.WRONG_SURE))
    page = lab.run()
    wrong = table["Pictures"][list(Outcome).index(Outcome.WRONG_SURE)]
    assert {metric.label: metric.value for metric in page.metric}["Wrong but sure"] == wrong
    press(lab, "Measure")
    assert "Of 30 non-digits **" in lab.texts() and "no out-of-distribution detector" in lab.texts()


def test_few_pictures_get_no_grade(lab, small):
    rows = [
        [label, *image.flatten().tolist()]
        for image, label in zip(small[1].images[:5], small[1].labels[:5], strict=True)
    ]
    page = lab.open()
    page.selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    table = "\n".join(",".join(str(int(value)) for value in row) for row in rows)
    page.file_uploader[0].set_value(("five.csv", table.encode(), "text/csv"))
    page = lab.run()
    assert {metric.label: metric.value for metric in page.metric}["Calibration"] == "Too few pictures"


def test_labels_that_look_wrong_are_listed_and_the_accuracy_without_them(lab, small):
    test = small[1]
    labels = test.labels.clone()
    wrong = [at for at in range(60) if labels[at] == 0][:3]
    labels[wrong] = 1
    rows = "\n".join(
        ",".join(map(str, [int(label), *image.flatten().tolist()]))
        for image, label in zip(test.images[:60], labels[:60], strict=True)
    )
    page = lab.open("Errors")
    page.selectbox(key="evaluate_data").set_value("Your own set")
    page = lab.run()
    page.file_uploader[0].set_value(("planted.csv", rows.encode(), "text/csv"))
    page = lab.run()
    page.segmented_control(key="errors_kind").set_value("Suspect labels")
    page = lab.run()
    table = page.dataframe[-1].value
    assert {f"number {at}" for at in wrong} <= set(table["Picture"])
    assert (table["Looks like"] != table["Labelled"]).all()
    with_them, without = re.search(r"\*\*([\d.]+)\s%\*\* with them, without .*\*\*([\d.]+)\s%", lab.texts()).groups()
    assert float(without) > float(with_them)


def test_several_are_marked_tagged_and_sent_to_my_digits(lab, monkeypatch, tmp_path):
    mine = Corrections(tmp_path)
    monkeypatch.setattr(resources, "corrections", lambda: mine)
    page = lab.open("Errors")
    next(toggle for toggle in page.toggle if toggle.label == "Mark several").set_value(True)
    lab.run()
    everything = int(page.metric[1].value)
    page = press(lab, f"Mark all {everything}")
    press(lab, f"Send {everything} to My digits")
    assert len(mine.all()) == everything and f"Kept {everything} pictures in My digits" in lab.texts()
    assert all(str(one.label) != one.said for one in mine.all()), "each as it is labelled, not as it was read"
    next(box for box in lab.page.text_input if box.label == "Tag").set_value("odd")
    lab.run()
    press(lab, f"Tag {everything} pictures")
    lab.page.segmented_control(key="errors_kind").set_value("Tagged")
    lab.run()
    assert f"{everything} pictures tagged odd" in lab.texts()


def test_a_cell_that_a_link_names_opens(lab):
    lab.page.query_params["true_digit"], lab.page.query_params["read_digit"] = "3", "3"
    assert lab.open().header[0].value.startswith("3 read right")


def test_a_mark_of_the_diagram_and_its_box_are_twins(lab):
    page = lab.open("Confidence")
    box = page.selectbox(key="bin_name")
    name = box.options[-1]
    count = int(re.search(r": ([\d,]+) picture", name)[1].replace(",", ""))
    box.set_value(name)
    page = lab.run()
    assert len(thumbnails(page).options) == min(12, count)
    first = box.options[1]
    low = round(int(re.match(r"\d+", first)[0]) / 100 * 15)
    page.session_state["reliability-After temperature scaling"] = {
        "selection": {"bin": [{"low": low / 15, "high": (low + 1) / 15}]}
    }
    page = lab.run()
    assert page.selectbox(key="bin_name").value == first

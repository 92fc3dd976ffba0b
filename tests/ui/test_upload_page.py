"""Many files on Predict: whatever one does with them, the table, the details and the CSV say the same."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest

from core.my_digits.store import Corrections
from core.network import checkpoint
from core.reading import batch, sources
from core.ui import resources
from scripts import predict

ROOT = Path(__file__).resolve().parents[2]
ONE = [(140, 50), (140, 230)]
SEVEN = [(80, 60), (200, 60), (130, 225)]
ZIGZAG = [(80, 60), (200, 100), (100, 120), (150, 225)]


def make_picture(*strokes: list[tuple[int, int]], width: int = 280) -> bytes:
    image = Image.new("RGB", (width, 280), "white")
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        pen.line(stroke, fill="#1f2328", width=16, joint="curve")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


FILES = {
    "3.png": make_picture(ONE),
    "7.png": make_picture(SEVEN),
    "broken.png": b"this is no picture",
    "seventeen.png": make_picture(ONE, [(x + 280, y) for x, y in SEVEN], width=560),
    "zigzag.png": make_picture(ZIGZAG),
}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The five files, sent to a home of their own."""
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    resources.corrections.clear()
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=180).switch_page("pages/1_Predict.py").run()
    app.segmented_control(key="way").set_value("Upload").run()
    upload(app, FILES)
    return app


def upload(app: AppTest, files: dict[str, bytes]) -> None:
    """All that the uploader holds from now on."""
    app.file_uploader[0].set_value([(name, content, "image/png") for name, content in files.items()]).run()
    assert_all_say_the_same(app)


def run(app: AppTest) -> None:
    app.run()
    assert_all_say_the_same(app)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label.startswith(label)).click()
    run(app)


def choose(app: AppTest, label: str, option: object) -> None:
    next(control for control in app.segmented_control if control.label == label).set_value(option)
    run(app)


def download(app: AppTest) -> dict[str, dict[str, str]]:
    """The rows of the CSV by their file."""
    text = batch.to_csv(app.session_state.pictures.items).decode("utf-8-sig")
    return {row["file"]: row for row in csv.DictReader(io.StringIO(text))}


def read_text(app: AppTest) -> str:
    return "\n".join(entry.value for entry in [*app.main.markdown, *app.main.caption, *app.main.error])


def read_answer(app: AppTest) -> str | None:
    found = [entry.proto.body for entry in app.get("html") if 'class="answer' in entry.proto.body]
    return found[0].split('class="digit">')[1].split("<")[0] if found else None


def assert_all_say_the_same(app: AppTest) -> None:
    """The table shows what the CSV holds, the large answer is that of the chosen row."""
    assert not app.exception, [entry.message for entry in app.exception]
    rows = download(app)
    if not app.dataframe:
        return
    table = app.dataframe[0].value.set_index("file")
    for name, cells in table.iterrows():
        assert cells["answer"] == (rows[name]["answer"] or rows[name]["verdict"].replace("error", "refused"))
        assert cells["right"] == {"True": "Right", "False": "Misread", "": ""}[rows[name]["right"]]
        assert bool(cells["checked"]) == (rows[name]["checked"] == "True")
    chosen = app.session_state.pictures.chosen
    name = app.session_state.pictures.name(chosen)
    assert name in table.index
    assert any(name in entry.value for entry in app.main.markdown)
    assert read_answer(app) == (rows[name]["answer"] or (None if rows[name]["verdict"] == "error" else "–"))


def test_the_page_says_what_the_script_says(app: AppTest) -> None:
    for expect in ("auto", "one", "number"):
        app.segmented_control(key="expect").set_value(expect)
        run(app)
        found = sources.find_in_files(FILES.items())
        model = checkpoint.load(checkpoint.in_use())
        items = list(predict.read_all(model, found.sources, expect, predict.Tally()))
        assert batch.to_csv(app.session_state.pictures.items) == batch.to_csv(items)
    assert download(app)["seventeen.png"]["answer"] == "17"


def test_one_digit_or_a_number_counts_at_the_first_press_after_another_page_too(app: AppTest) -> None:
    app.switch_page("Home.py").run()
    app.switch_page("pages/1_Predict.py").run()
    run(app)
    assert not app.file_uploader[0].value
    app.segmented_control(key="expect").set_value("one")
    run(app)
    rows = download(app)
    assert set(rows) == set(FILES)
    assert len(rows["seventeen.png"]["answer"]) < 2


def test_what_is_taken_from_the_list_leaves_table_and_csv(app: AppTest) -> None:
    left = {name: content for name, content in FILES.items() if name != "3.png"}
    upload(app, left)
    assert set(download(app)) == set(left)
    assert "1 of 3 carry" in read_text(app)
    upload(app, {"7.png": FILES["7.png"]})
    assert read_answer(app) == "7"
    assert not app.dataframe
    upload(app, {})
    assert "An example" in read_text(app)


def test_a_file_sent_after_a_visit_to_another_page_comes_to_the_others(app: AppTest) -> None:
    app.switch_page("Home.py").run()
    app.switch_page("pages/1_Predict.py").run()
    upload(app, {"late.png": FILES["7.png"]})
    assert set(download(app)) == {*FILES, "late.png"}
    upload(app, {})
    assert set(download(app)) == set(FILES)
    press(app, "Forget these pictures")
    assert "An example" in read_text(app)
    assert not app.session_state.pictures.items


def test_a_correction_reaches_row_score_csv_and_my_digits_and_is_taken_back(app: AppTest) -> None:
    assert "1 right (50.0\u00a0%), 1 misread" in read_text(app)
    press(app, "Next")
    press(app, "Previous")
    (pills,) = [group for group in app.get("button_group") if group.label == "Wrong? It is a …"]
    pills.set_value(3)
    run(app)
    row = download(app)["3.png"]
    assert (row["answer"], row["checked"], row["corrected"], row["final"], row["right"]) == (
        "1",
        "True",
        "3",
        "3",
        "True",
    )
    assert "After your corrections 2 of 2 are right" in read_text(app)
    assert [one.label for one in Corrections().all()] == [3]
    (pills,) = [group for group in app.get("button_group") if group.label == "Wrong? It is a …"]
    pills.set_value(None)
    run(app)
    assert download(app)["3.png"]["checked"] == "False"
    assert not Corrections().all()


def test_doubtful_pictures_are_checked_one_after_the_other(app: AppTest) -> None:
    assert "2 to check" in read_text(app)
    choose(app, "Show", "To check")
    assert list(app.dataframe[0].value["file"]) == ["broken.png", "zigzag.png"]
    app.text_input(key="shows").set_value("12")
    press(app, "Check")
    assert download(app)["broken.png"]["corrected"] == "12"
    assert list(app.dataframe[0].value["file"]) == ["zigzag.png"]
    app.text_input(key="shows").set_value("z")
    press(app, "Check")
    assert any("Type the digits" in error.value for error in app.error)
    app.text_input(key="shows").set_value("no")
    press(app, "Check")
    row = download(app)["zigzag.png"]
    assert (row["answer"], row["checked"], row["corrected"]) == ("", "True", "")
    assert "0 to check, 2 checked" in read_text(app)
    press(app, "Undo")
    assert "1 to check, 1 checked" in read_text(app)


def test_the_selection_follows_the_file(app: AppTest) -> None:
    choose(app, "Show", "Refused")
    assert read_answer(app) is None
    choose(app, "Show", "All")
    assert app.session_state.pictures.name(app.session_state.pictures.chosen) == "3.png"
    press(app, "Next")
    upload(app, {name: content for name, content in FILES.items() if name != "3.png"})
    assert app.session_state.pictures.name(app.session_state.pictures.chosen) == "7.png"


def test_an_adjustment_belongs_to_one_picture_and_is_taken_off_by_its_chip(app: AppTest) -> None:
    key = app.session_state.pictures.chosen
    before = download(app)["3.png"]
    app.slider(key=f"across-{key}").set_value((0, 30))
    run(app)
    row = download(app)["3.png"]
    assert row["adjusted"] == "cropped to 0-30\u00a0% across and 0-100\u00a0% down"
    assert row["answer"] != before["answer"]
    chip = f"Adjusted: {row['adjusted']}"
    assert chip in [button.label for button in app.button]
    press(app, "Next")
    assert chip not in [button.label for button in app.button]
    press(app, "Previous")
    press(app, chip)
    assert download(app)["3.png"] == before


def test_an_adjustment_of_a_sample_does_not_stay_for_the_next() -> None:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=180).switch_page("pages/1_Predict.py").run()
    app.segmented_control(key="way").set_value("Samples").run()
    first, second = [button.key for button in app.button if (button.key or "").startswith("sample-")][:2]
    app.button(key=first).click().run()
    next(control for control in app.segmented_control if control.label == "Ink and paper").set_value(
        "light on dark"
    ).run()
    assert "Adjusted: light on dark" in [button.label for button in app.button]
    app.button(key=second).click().run()
    assert "Adjusted: light on dark" not in [button.label for button in app.button]
    app.button(key=first).click().run()
    next(button for button in app.button if button.label == "Adjusted: light on dark").click().run()
    assert not any(button.label.startswith("Adjusted") for button in app.button)


def test_a_zip_and_a_folder_keep_the_rules_of_the_script(app: AppTest) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("7/scan 10.png", "7/scan 2.png", "readme.txt", ".DS_Store"):
            archive.writestr(name, FILES["7.png"])
    upload(app, {"scans.zip": buffer.getvalue(), "set/notes.txt": b"x", "set/7/a.png": FILES["7.png"]})
    rows = download(app)
    assert list(rows) == ["scans.zip/7/scan 2.png", "scans.zip/7/scan 10.png", "set/7/a.png"]
    assert {row["right"] for row in rows.values()} == {"True"}


def test_reading_can_be_stopped_and_goes_on(app: AppTest) -> None:
    many = {f"{number}.png": make_picture(SEVEN, [(number, number), (number + 2, number)]) for number in range(10, 13)}
    app.session_state.pictures.add(sources.find_in_files(many.items()).sources, b"many")
    app.session_state.pictures.stop()
    run(app)
    assert "3 not read yet" in read_text(app)
    assert len(download(app)) == len(FILES)
    press(app, "Read the other 3")
    assert len(download(app)) == len(FILES) + 3

"""The app as visitors meet it: a real browser, a mouse, a finger, a clipboard."""

import base64
import contextlib
import csv
import io
import itertools
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, TimeoutError, expect

from core.workspace import SHIPPED

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["Home", *(path.stem.split("_", 1)[1].replace("_", " ") for path in sorted((ROOT / "pages").glob("*.py")))]

FIRST = 180_000  # milliseconds: for a server's first page, which loads torch, on a busy machine
PHONE = {"width": 390, "height": 844}

# Strokes on the canvas, in its pixels (280 x 280).
ONE = [(140, 50), (140, 230)]
BAR_OF_SEVEN = [(55, 52), (140, 52)]
SEVEN = [(80, 60), (200, 60), (130, 225)]
ZERO = [(140 + 55 * math.sin(turn / 12 * math.pi), 140 - 85 * math.cos(turn / 12 * math.pi)) for turn in range(25)]

WATCH_RUNS = """
() => {
  const app = document.querySelector('[data-testid="stApp"]');
  let begun = window.hasRun = false;
  new MutationObserver((_, watcher) => {
    if (app.dataset.testScriptState !== "notRunning") begun = true;
    else if (begun) { window.hasRun = true; watcher.disconnect(); }
  }).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
}
"""


@pytest.fixture(scope="module")
def drawer(new_shared_page: Callable[..., Page], server) -> Page:
    """A visitor for all tests that draw in a wide window and leave the page in order."""
    return open_predict(new_shared_page(), server)


@pytest.fixture
def predict(drawer: Page, server, request: pytest.FixtureRequest) -> Page:
    """The Predict page with nothing on its canvas, ready to draw on."""
    return wipe(drawer, server, request)


@pytest.fixture(scope="module")
def phone(new_shared_page: Callable[..., Page], server) -> Page:
    """A visitor with a phone, for all tests that draw on one."""
    return open_predict(new_shared_page(has_touch=True, is_mobile=True, viewport=PHONE), server)


@pytest.fixture
def predict_on_phone(phone: Page, server, request: pytest.FixtureRequest) -> Page:
    """The same on a phone."""
    return wipe(phone, server, request)


@pytest.fixture(scope="module")
def sender(new_shared_page: Callable[..., Page], server) -> Page:
    """A visitor for all tests that upload and leave the page in order."""
    return open_predict(new_shared_page(), server, "Upload")


@pytest.fixture
def uploads(sender: Page, server, request: pytest.FixtureRequest) -> Page:
    """Predict's way in for files, without one."""
    if request.session.testsfailed:  # who knows what was left there
        return open_predict(sender, server, "Upload")
    rest(sender)
    forget = sender.get_by_role("button", name=re.compile("^Forget"))
    if forget.count():
        forget.click()
    expect(example(sender)).to_be_visible()
    return sender


def wipe(page: Page, server, request: pytest.FixtureRequest) -> Page:
    """Back to the empty canvas, without loading the page again where that can be spared."""
    if request.session.testsfailed or "/Predict" not in page.url:  # who knows what was left there
        page.mouse.up()
        open_predict(page, server)
    choose(page, "Draw")
    rest(page)
    expect(page.locator("canvas.upper-canvas")).to_have_count(1)
    if count_ink(page) > 0 or not example(page).is_visible():
        press(page, "Clear")
    expect(example(page)).to_be_visible()
    wait_for_ink(page, most=0, least=0)
    return page


@contextlib.contextmanager
def one_run(page: Page) -> Iterator[None]:
    """Wait for the end of the run of the page that is begun inside."""
    page.evaluate(WATCH_RUNS)
    yield
    page.wait_for_function("window.hasRun", timeout=FIRST)


def rest(page: Page) -> None:
    """Wait until the page has come to rest."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def open_predict(page: Page, server, way: str = "Draw") -> Page:
    page.goto(f"{server.url}/Predict")
    expect(page.get_by_role("heading", name="Predict")).to_be_visible(timeout=FIRST)
    choose(page, way)
    if way == "Draw":
        expect(canvas(page)).to_be_visible(timeout=FIRST)
    return page


def choose(page: Page, option: str) -> None:
    """Press one part of a segmented control."""
    radio = page.get_by_role("radio", name=option, exact=True)
    if not radio.is_checked():
        radio.click()
        expect(radio).to_be_checked()


def canvas(page: Page) -> Locator:
    return page.locator("canvas.upper-canvas").last  # there are two while a kept drawing comes back


def answer(page: Page) -> Locator:
    """The large digit, once it is more than an example."""
    return page.locator(".answer:not(.example) .digit")


def example(page: Page) -> Locator:
    return page.locator(".answer.example")


def press(page: Page, name: str) -> None:
    """One of the app's own buttons; the canvas brings an Undo of its own, without a word on it."""
    page.get_by_test_id("stButton").get_by_role("button", name=name).click()


def draw(page: Page, stroke: list[tuple[float, float]], lift: bool = True) -> None:
    """One stroke with the mouse; without `lift` the pen stays on the paper at its end."""
    canvas(page).scroll_into_view_if_needed()
    box = canvas(page).bounding_box()
    (x, y), *rest = [(box["x"] + x, box["y"] + y) for x, y in stroke]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=6)
    if lift:
        page.mouse.up()


def wait_for_stroke(page: Page) -> None:
    """Until the first stroke has reached the page: it follows its answer, which the page begins while one draws."""
    expect(page.get_by_test_id("stButton").get_by_role("button", name="Clear")).to_be_enabled()


def count_ink(page: Page) -> int:
    """Dark pixels on the canvas itself; -1 while Streamlit swaps one canvas for another and both are on the page."""
    return page.locator("canvas.dc-canvas.lower-canvas").evaluate_all(
        """canvases => {
            if (canvases.length !== 1) return -1;
            const canvas = canvases[0];
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let count = 0;
            for (let i = 0; i < pixels.length; i += 4) count += pixels[i + 3] > 128 && pixels[i] < 128;
            return count;
        }"""
    )


def wait_for_ink(page: Page, least: int = 1, most: int = 10**9) -> int:
    """Wait until so many pixels of the canvas are dark: an answer may be painted before the canvas it belongs to."""
    for _ in range(100):
        ink = count_ink(page)
        if least <= ink <= most:
            return ink
        page.wait_for_timeout(50)
    raise AssertionError(f"{ink} pixels of the canvas are dark, not {least} to {most}")


def make_picture(*strokes: list[tuple[float, float]], size: tuple[int, int] = (300, 300), width: int = 18) -> bytes:
    """A PNG of dark strokes on light paper."""
    image = Image.new("RGB", size, "#f4f1e8")
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        pen.line(stroke, fill="#20242c", width=width, joint="curve")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def as_file(name: str, content: bytes) -> dict:
    return {"name": name, "mimeType": "image/png", "buffer": content}


def upload(page: Page, *files: dict) -> None:
    page.get_by_test_id("stFileUploader").locator('input[type="file"]').set_input_files(list(files))


def assert_fits(page: Page, what: str, widths: tuple[int, ...] = (PHONE["width"], 320)) -> None:
    """In a window of each of these widths the page comes to need no scrolling to the side."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": PHONE["height"]})
        try:
            page.wait_for_function(
                """width => innerWidth === width && document.scrollingElement.scrollWidth <= width
                    && [...document.querySelectorAll(".stMain")].every(main => main.scrollWidth <= width)""",
                arg=width,
                timeout=10_000,
            )
        except TimeoutError:
            pytest.fail(f"{what} is wider than {width} pixels")


# --- draw -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digit", "stroke"),
    [("7", SEVEN), *(pytest.param(*drawn, marks=pytest.mark.slow) for drawn in (("1", ONE), ("0", ZERO)))],
)
def test_a_drawn_digit_is_read(predict: Page, digit: str, stroke: list) -> None:
    expect(example(predict)).to_be_visible()
    draw(predict, stroke)
    expect(answer(predict)).to_have_text(digit)
    expect(example(predict)).to_have_count(0)
    expect(predict.get_by_alt_text("The 28x28 digit the model sees")).to_be_visible()
    expect(predict.get_by_test_id("stVegaLiteChart")).to_be_visible()


def test_the_answer_changes_with_each_stroke_and_undo_goes_back(predict: Page) -> None:
    draw(predict, ONE)
    expect(answer(predict)).to_have_text("1")
    draw(predict, BAR_OF_SEVEN)
    expect(answer(predict)).to_have_text("7")
    both = wait_for_ink(predict)
    press(predict, "Undo")
    expect(answer(predict)).to_have_text("1")
    wait_for_ink(predict, most=both - 1)
    press(predict, "Undo")
    expect(example(predict)).to_be_visible()
    wait_for_ink(predict, most=0, least=0)


@pytest.mark.slow
def test_a_stroke_after_undo_adds_to_what_is_left(predict: Page) -> None:
    draw(predict, ONE)
    expect(answer(predict)).to_have_text("1")
    draw(predict, [(30, 250), (250, 30)])
    expect(answer(predict)).not_to_have_text("1")
    both = wait_for_ink(predict)
    press(predict, "Undo")
    expect(answer(predict)).to_have_text("1")
    wait_for_ink(predict, most=both - 1)
    draw(predict, BAR_OF_SEVEN)
    expect(answer(predict)).to_have_text("7")


def test_clear_empties_the_canvas_and_undo_brings_it_back(predict: Page) -> None:
    draw(predict, ZERO)
    expect(answer(predict)).to_have_text("0")
    press(predict, "Clear")
    expect(example(predict)).to_be_visible()
    wait_for_ink(predict, most=0, least=0)
    expect(predict.get_by_test_id("stButton").get_by_role("button", name="Clear")).to_be_disabled()
    press(predict, "Undo")
    expect(answer(predict)).to_have_text("0")
    wait_for_ink(predict)
    press(predict, "Clear")
    wait_for_ink(predict, most=0, least=0)
    draw(predict, ONE)
    expect(answer(predict)).to_have_text("1")


def test_the_drawing_survives_a_visit_to_another_page(predict: Page) -> None:
    draw(predict, ONE)
    expect(answer(predict)).to_have_text("1")
    wait_for_stroke(predict)
    sidebar = predict.get_by_test_id("stSidebar")
    home = sidebar.get_by_role("link", name="Home")
    draw(predict, BAR_OF_SEVEN)
    home.evaluate("link => link.click()")  # before the canvas has sent the last stroke
    expect(predict.get_by_role("heading", name="Digit Lab")).to_be_visible()
    sidebar.get_by_role("link", name="Predict").click()
    expect(answer(predict)).to_have_text("7")
    before = wait_for_ink(predict)
    draw(predict, [(60, 235), (220, 235)])
    wait_for_ink(predict, least=before + 1)


@pytest.mark.slow
def test_the_drawing_survives_a_look_at_the_samples(predict: Page) -> None:
    draw(predict, SEVEN)
    expect(answer(predict)).to_have_text("7")
    wait_for_stroke(predict)
    choose(predict, "Samples")
    expect(canvas(predict)).to_have_count(0)
    choose(predict, "Draw")
    expect(answer(predict)).to_have_text("7")
    wait_for_ink(predict)


@pytest.mark.slow
def test_a_reload_keeps_the_drawing_and_forgets_what_was_cleared(predict: Page) -> None:
    draw(predict, ONE)
    expect(answer(predict)).to_have_text("1")
    wait_for_stroke(predict)
    before = wait_for_ink(predict)
    predict.reload()
    expect(answer(predict)).to_have_text("1")
    wait_for_ink(predict, least=round(0.98 * before), most=round(1.02 * before))
    draw(predict, BAR_OF_SEVEN)
    expect(answer(predict)).to_have_text("7")
    press(predict, "Clear")
    wait_for_ink(predict, most=0, least=0)
    predict.reload()
    expect(canvas(predict)).to_be_visible()
    expect(example(predict)).to_be_visible()
    wait_for_ink(predict, most=0, least=0)


@pytest.mark.slow
def test_two_visitors_do_not_see_each_others_drawings(new_page, server) -> None:
    first, second = open_predict(new_page(), server), open_predict(new_page(), server)
    draw(first, SEVEN)
    draw(second, ONE)
    expect(answer(first)).to_have_text("7")
    expect(answer(second)).to_have_text("1")


def test_drawing_with_a_finger(predict_on_phone: Page) -> None:
    page = predict_on_phone
    canvas(page).scroll_into_view_if_needed()
    box = canvas(page).bounding_box()
    touch = page.context.new_cdp_session(page)
    corners = [(box["x"] + x, box["y"] + y) for x, y in SEVEN]
    points = [
        (a[0] + (b[0] - a[0]) * step / 10, a[1] + (b[1] - a[1]) * step / 10)
        for a, b in itertools.pairwise(corners)
        for step in range(11)
    ]
    for number, (x, y) in enumerate(points):
        kind = "touchMove" if number else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(answer(page)).to_have_text("7")


@pytest.mark.slow
def test_the_drawing_can_be_saved(predict: Page) -> None:
    draw(predict, SEVEN)
    with predict.expect_download() as download:
        predict.get_by_role("button", name="Save").click()
    image = Image.open(download.value.path())
    assert image.format == "PNG"
    assert image.size == (280, 280)


@pytest.mark.slow
def test_an_address_with_empty_words_opens_the_usual_page_also_on_the_way_back(page: Page, server) -> None:
    page.goto(f"{server.url}/Predict?way=&expect=")
    usual = [page.get_by_role("radio", name=name, exact=True) for name in ("Draw", "Automatic")]
    for radio in usual:
        expect(radio).to_be_checked()
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    wait_for_stroke(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="Digit Lab")).to_be_visible()
    page.go_back()
    for radio in usual:
        expect(radio).to_be_checked()
    expect(answer(page)).to_have_text("7")


# --- upload -----------------------------------------------------------------------------------------------------------


def test_an_uploaded_picture_is_read(uploads: Page) -> None:
    page = uploads
    expect(example(page)).to_be_visible()
    upload(page, as_file("note.png", make_picture(SEVEN)))
    expect(answer(page)).to_have_text("7")
    expect(page.get_by_alt_text("The picture note.png")).to_be_visible()


def test_a_pasted_picture_is_read(uploads: Page) -> None:
    page = uploads
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()
    page.evaluate(
        """content => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const clipboard = new DataTransfer();
            clipboard.items.add(new File([bytes], "image.png", { type: "image/png" }));
            document.body.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true, cancelable: true }));
        }""",
        base64.b64encode(make_picture(ZERO)).decode(),
    )
    expect(answer(page)).to_have_text("0")


@pytest.mark.slow
def test_a_bad_file_is_refused_with_a_sentence(uploads: Page) -> None:
    page = uploads
    upload(page, as_file("broken.png", b"this is no picture"))
    expect(page.get_by_role("alert")).to_contain_text("This is not a picture")
    expect(page.get_by_role("alert")).to_contain_text("broken.png")
    expect(answer(page)).to_have_count(0)


def test_several_files_become_a_table(uploads: Page) -> None:
    page = uploads
    files = [
        as_file("7.first.png", make_picture(SEVEN)),
        as_file("broken.png", b"this is no picture"),
        as_file("0.second.png", make_picture(ZERO)),
        as_file("3.really-a-one.png", make_picture(ONE)),
    ]
    upload(page, *files)
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    summary = page.get_by_test_id("stMain")
    expect(summary).to_contain_text("3 pictures read")
    expect(summary).to_contain_text("1 refused")
    expect(summary).to_contain_text("3 of 3 carry their digit in the name")
    expect(summary).to_contain_text("2 right (66.7\u00a0%), 1 misread")

    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name="Save CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert [(row["file"], row["answer"]) for row in rows] == [
        ("0.second.png", "0"),
        ("3.really-a-one.png", "1"),
        ("7.first.png", "7"),
        ("broken.png", ""),
    ]
    assert "This is not a picture" in rows[3]["remark"]
    assert sum(float(rows[0][f"p{digit}"]) for digit in range(10)) == pytest.approx(1, abs=1e-4)

    expect(answer(page)).to_have_text("0")
    heard = table.locator("canvas td")  # by a screen reader
    expect(heard.get_by_text("picture", exact=True)).to_have_count(3)
    assert not [text for text in heard.all_text_contents() if text.startswith("data:")]
    press_row(page, 2)
    expect(answer(page)).to_have_text("7")
    page.keyboard.press("ArrowUp")
    expect(answer(page)).to_have_text("1")
    box = page.get_by_role("textbox", name="What does it show?")
    box.fill("3")
    box.press("Enter")
    expect(answer(page)).to_have_text("7")
    expect(summary).to_contain_text("After your corrections 3 of 3 are right")
    expect(box).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_role("alert")).to_contain_text("This is not a picture")
    page.keyboard.press("Alt+ArrowUp")
    expect(answer(page)).to_have_text("7")

    page.get_by_test_id("stFileUploader").get_by_role("button", name="Remove 7.first.png").click()
    expect(summary).to_contain_text("2 pictures read")


def press_row(page: Page, row: int) -> None:
    """Press the middle of a row; rows are 44 pixels high, drawn on a canvas below a head of 35."""
    table = page.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    x, y = box["x"] + 400, box["y"] + 36 + 44 * row + 22
    page.mouse.move(x, y - 60)
    page.mouse.move(x, y, steps=12)  # as a hand comes: of a mouse that jumps the table may not hear before the press
    page.mouse.down()
    page.mouse.up()


# --- samples ----------------------------------------------------------------------------------------------------------


def test_a_sample_is_read_with_one_click(predict: Page) -> None:
    page = predict
    assert any((SHIPPED / "samples").glob("[0-9]*.*")), "samples/ is empty"
    choose(page, "Samples")
    gallery = page.locator('[class*="st-key-gallery"]')
    buttons = gallery.get_by_role("button")
    expect(buttons.first).to_be_visible()
    digit = buttons.nth(1).get_by_role("img").get_attribute("alt")
    buttons.nth(1).click()
    expect(answer(page)).to_have_text(digit)
    page.wait_for_function("new URL(location.href).searchParams.has('sample')")
    page.reload()
    expect(answer(page)).to_have_text(digit)
    page.go_back()  # from the picture to the pictures
    expect(example(page)).to_be_visible()
    expect(page.get_by_role("radio", name="Samples", exact=True)).to_be_checked()


@pytest.mark.slow
def test_a_surprise_hides_its_label_until_asked(predict: Page) -> None:
    page = predict
    choose(page, "Samples")
    press(page, "Surprise me")
    expect(answer(page)).to_be_visible()
    label = page.get_by_text(re.compile(r"meant an? \d"))
    expect(label).to_have_count(0)
    page.get_by_test_id("stCheckbox").filter(has_text="Show the label").locator("label").click()
    expect(label).to_be_visible()
    press(page, "Surprise me")
    expect(label).to_have_count(0)


@pytest.mark.slow
def test_a_phone_shows_the_answer_to_a_sample_at_once(predict_on_phone: Page) -> None:
    page = predict_on_phone
    choose(page, "Samples")
    page.locator('[class*="st-key-gallery"]').get_by_role("button").nth(1).click()
    expect(answer(page)).to_be_visible()
    expect(answer(page)).to_be_in_viewport(timeout=3000)


# --- the reasons ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_how_it_got_there_shows_each_step(predict: Page) -> None:
    draw(predict, SEVEN)
    expect(answer(predict)).to_have_text("7")
    predict.get_by_test_id("stCheckbox").filter(has_text="How it got there").locator("label").click()
    for title in ("The picture as given", "Paper flattened", "The digit"):
        expect(predict.get_by_alt_text(title, exact=True)).to_be_visible()
    draw(predict, [(100, 140), (190, 140)])
    expect(predict.get_by_alt_text("The picture as given", exact=True)).to_be_visible()
    predict.get_by_test_id("stCheckbox").filter(has_text="How it got there").locator("label").click()
    expect(predict.get_by_alt_text("The picture as given", exact=True)).to_have_count(0)


@pytest.mark.slow
def test_the_polarity_can_be_overridden(page: Page, server) -> None:
    open_predict(page, server, "Upload")
    upload(page, as_file("note.png", make_picture(ZERO)))
    expect(answer(page)).to_have_text("0")
    page.get_by_role("button", name="Adjust the reading").click()
    choose(page, "light on dark")
    expect(answer(page)).not_to_have_text("0")
    choose(page, "dark on light")
    expect(answer(page)).to_have_text("0")


def test_a_number_shows_its_digits_and_each_ones_details(uploads: Page) -> None:
    page = uploads
    right = [(x + 300, y) for x, y in ZERO]
    upload(page, as_file("two.png", make_picture(SEVEN, right, size=(600, 300))))
    expect(answer(page)).to_have_text("70")
    boxed = page.get_by_alt_text("The picture two.png: 7 with")
    expect(boxed).to_be_visible()
    before = boxed.get_attribute("src")
    choose(page, "0\u2060")
    expect(boxed).not_to_have_attribute("src", before)
    expect(page.get_by_alt_text("The 28x28 digit the model sees")).to_be_visible()


@pytest.mark.slow
def test_the_crop_chooses_between_two_digits(page: Page, server) -> None:
    right = [(x + 300, y) for x, y in ZERO]
    open_predict(page, server, "Upload")
    upload(page, as_file("two.png", make_picture(SEVEN, right, size=(600, 300))))
    expect(answer(page)).to_have_text("70")
    choose(page, "One digit")
    expect(page.get_by_test_id("stMain")).to_contain_text("left out")
    page.get_by_role("button", name="Adjust the reading").click()
    ends = page.get_by_role("slider", name="Crop, left to right")
    expect(ends).to_have_count(2)
    ends.nth(1).focus()
    for _ in range(50):
        page.keyboard.press("ArrowLeft")
    expect(answer(page)).to_have_text("7")
    expect(page.get_by_test_id("stMain")).not_to_contain_text("left out")
    ends.nth(1).focus()
    page.keyboard.press("End")
    ends.nth(0).focus()
    for _ in range(50):
        page.keyboard.press("ArrowRight")
    expect(answer(page)).to_have_text("0")


# --- every page -------------------------------------------------------------------------------------------------------


def test_a_deep_link_works_as_a_servers_first_request(fresh_server, page: Page) -> None:
    """To the page that needs most. The other pages' own browser tests begin with a deep link to a server of theirs."""
    open_predict(page, fresh_server)
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar).to_contain_text("Model in use")
    expect(sidebar.get_by_role("link", name="Home")).to_be_visible()
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    assert "Traceback" not in fresh_server.read_log()


@pytest.mark.slow
def test_an_address_in_lower_case_opens_the_page_and_one_of_no_page_says_so(browser, server) -> None:
    page = browser.new_page()  # Streamlit itself complains on the console, where `new_page` allows of nothing
    page.goto(f"{server.url}/predict?way=Samples")
    expect(page.get_by_role("radio", name="Samples", exact=True)).to_be_checked()
    assert page.url == f"{server.url}/Predict?way=Samples"
    page.goto(f"{server.url}/no-such-page")
    expect(page.get_by_text("There is no page “no-such-page” here")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.close()


def test_light_and_dark_are_readable(page: Page, server) -> None:
    """The theme follows the visitor's system at once, on every page."""
    page.goto(server.url)
    sidebar = page.get_by_test_id("stSidebar")
    for name in PAGES:
        sidebar.get_by_role("link", name=name, exact=True).click()
        title = "Digit Lab" if name == "Home" else name
        heading = page.get_by_test_id("stMain").get_by_role("heading", name=title, exact=True)
        expect(heading).to_be_visible()
        for scheme in ("light", "dark"):
            follow(page, scheme)
            for text, ink, paper in (*measure_colours(heading), *measure_colours(sidebar.get_by_role("paragraph"))):
                assert find_contrast(ink, paper) >= 4.5, f"{name}, {scheme}: {text}"


def follow(page: Page, scheme: str) -> None:
    """Wait until the page wears the scheme of a system that changed it; fails where it never does."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(
        """isDark => {
            const paper = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
            return paper.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) < 200 === isDark;
        }""",
        arg=scheme == "dark",
    )


def measure_colours(elements: Locator) -> list[tuple[str, list[float], list[float]]]:
    """The text of each element, its red, green and blue, as painted, and those of what lies under it."""
    return elements.evaluate_all(
        """elements => elements.map(element => {
            const parse = text => text.match(/[\\d.]+/g).map(Number);
            let under = element, paper = [0, 0, 0, 0];
            for (; under; under = under.parentElement) {
                paper = parse(getComputedStyle(under).backgroundColor);
                if (paper.length == 3 || paper[3] == 1) break;
            }
            const ink = parse(getComputedStyle(element).color);
            const alpha = ink[3] ?? 1;
            const painted = [0, 1, 2].map(i => ink[i] * alpha + paper[i] * (1 - alpha));
            return [element.innerText, painted, paper.slice(0, 3)];
        })"""
    )


def find_contrast(one: list[float], other: list[float]) -> float:
    """WCAG's ratio of two colours, 1 to 21."""

    def luminance(colour: list[float]) -> float:
        parts = [value / 255 for value in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_a_phone_needs_no_scrolling_to_the_side(predict_on_phone: Page, server) -> None:
    """Nor a small one; and the answer stands where one draws: both on one screen, with nothing to scroll past."""
    page = predict_on_phone

    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    drawing, digit = canvas(page).bounding_box(), answer(page).bounding_box()
    top, bottom = min(drawing["y"], digit["y"]), max(drawing["y"] + drawing["height"], digit["y"] + digit["height"])
    assert bottom - top <= PHONE["height"]
    page.get_by_test_id("stCheckbox").filter(has_text="How it got there").locator("label").click()
    expect(page.get_by_alt_text("Paper flattened", exact=True)).to_be_visible()
    assert_fits(page, "Draw")
    box = canvas(page).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    choose(page, "Upload")
    upload(page, as_file("7.png", make_picture(SEVEN)), as_file("broken.png", b"this is no picture"))
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert_fits(page, "Upload")
    choose(page, "Samples")
    press(page, "Surprise me")
    expect(answer(page)).to_be_visible()
    assert_fits(page, "Samples")
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Digit Lab")).to_be_visible()
    assert_fits(page, "Home")

"""The Evaluate page in a real browser: a cell, a picture, a filter, a comparison, a report that opens offline."""

import json
import re

import pytest
import torch
from playwright.sync_api import Page, expect
from running_app import contrast, start_server
from test_predict_browser import choose, follow, one_run, rest

from core.network import checkpoint

pytestmark = pytest.mark.browser

SLOW = 180_000  # milliseconds: the first figures of a model on a busy machine


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The app with another, slightly spoilt model beside those shipped, the first in the list to compare with."""
    home = tmp_path_factory.mktemp("home")
    models = home / "models"
    models.mkdir()
    shipped = checkpoint.load(checkpoint.SHIPPED)
    rng = torch.Generator().manual_seed(0)
    spoilt = {
        name: value + 0.03 * value.std() * torch.randn(value.shape, generator=rng) * (40 if "fc2" in name else 1)
        for name, value in shipped.model.state_dict().items()
    }
    torch.save(spoilt, models / "altered.pth")
    (models / "altered.json").write_text(json.dumps(shipped.facts))
    with start_server(home / "log.txt", home) as running:
        yield running


@pytest.fixture(scope="module")
def page(lab, new_shared_page) -> Page:
    """One visitor for all tests that need a wide window, who leaves before the app ends."""
    return new_shared_page()


def open_evaluate(page: Page, lab, section: str = "Confusion") -> Page:
    """A section of the page, which is loaded where it is not open yet."""
    if "/Evaluate" in page.url:
        if not page.get_by_role("radio", name=section, exact=True).is_checked():
            with one_run(page):  # the boxes of the section before are gone
                choose(page, section)
    else:
        page.goto(f"{lab.url}/Evaluate?evaluate_section={section.replace(' ', '+')}")
    expect(page.get_by_role("radio", name=section, exact=True)).to_be_checked(timeout=SLOW)
    return page


def cell(page: Page, true: int, read: int):
    return page.locator(f"path[aria-label^='{true} read as {read}:']").first


def test_a_cell_opens_its_pictures_and_a_picture_its_details(page, lab):
    open_evaluate(page, lab)
    expect(page.get_by_text(re.compile(r"MNIST test set, 10,000 pictures · computed")).first).to_be_visible(
        timeout=SLOW
    )
    expect(page.get_by_role("heading", name=re.compile(r"\d read as \d: "))).to_be_visible()
    cell(page, 7, 7).click(force=True)  # as a hand does: on the number that stands in the cell
    expect(page.get_by_role("heading", name=re.compile("7 read right: "))).to_be_visible()
    expect(page.get_by_text("Nearest training images")).to_be_visible(timeout=SLOW)
    page.get_by_role("combobox", name="True digit").click()
    page.get_by_role("option", name="1", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("1 read as 7: "))).to_be_visible()
    cell(page, 7, 7).click(force=True)  # the cell that was clicked last is news again
    expect(page.get_by_role("heading", name=re.compile("7 read right: "))).to_be_visible()
    pictures = page.get_by_role("radio", name=re.compile("a 7 read as 7"))
    expect(pictures).to_have_count(12)
    before = page.get_by_text(re.compile(r"^number ")).inner_text()
    pictures.nth(3).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"^number "))).not_to_have_text(before)
    expect(pictures.nth(3)).to_be_focused()
    expect(pictures.nth(3)).to_be_checked()


@pytest.mark.slow
def test_another_model_chosen_meanwhile_is_said_at_the_next_click(page, lab):
    open_evaluate(page, lab)
    expect(cell(page, 1, 1)).to_be_visible(timeout=SLOW)
    choice = lab.log.parent / "models" / "in-use.txt"
    choice.write_text("altered\n")
    try:
        cell(page, 1, 1).click(force=True)
        expect(page.get_by_text("The model in use is altered now. This page still shows reference.")).to_be_visible()
        expect(page.get_by_role("heading", name=re.compile("1 read right: "))).to_be_visible()
    finally:
        choice.unlink()


def test_errors_are_filtered_and_one_is_opened_in_predict(page, lab):
    open_evaluate(page, lab, "Errors")
    expect(page.get_by_role("heading", name=re.compile("errors of"))).to_be_visible(timeout=SLOW)
    page.get_by_role("combobox", name="Read as").click()
    page.get_by_role("option", name="3", exact=True).click()
    expect(page.get_by_role("radio", name=re.compile("read as [^3]"))).to_have_count(0)
    expect(page.get_by_role("radio", name=re.compile("read as 3"))).not_to_have_count(0)
    page.get_by_role("link", name="Open in Predict").click()
    expect(page.get_by_role("heading", name="Predict")).to_be_visible(timeout=SLOW)
    expect(page.locator(".answer .digit")).to_have_text("3", timeout=SLOW)
    page.reload()
    expect(page.locator(".answer .digit")).to_have_text("3", timeout=SLOW)
    page.go_back()
    expect(page.get_by_role("radio", name="Errors", exact=True)).to_be_checked(timeout=SLOW)
    expect(page.get_by_role("radio", name=re.compile("read as 3"))).not_to_have_count(0, timeout=SLOW)


@pytest.mark.slow
def test_two_models_are_compared(page, lab):
    open_evaluate(page, lab, "Compare")
    expect(page.get_by_text(re.compile("Equally good models would differ"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("heading", name=re.compile(r"They disagree on \d+ pictures"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"altered: \d with .* confidence"))).to_be_visible()


@pytest.mark.slow
def test_the_report_opens_offline(page, browser, lab, tmp_path):
    open_evaluate(page, lab, "Download")
    with page.expect_download(timeout=SLOW) as download:
        page.get_by_role("button", name="Report (HTML)").click()
    saved = tmp_path / "report.html"
    download.value.save_as(saved)
    context = browser.new_context(offline=True)
    reader = context.new_page()
    reader.goto(saved.as_uri())
    expect(reader.get_by_role("heading", level=1)).to_have_text("reference on MNIST test set")
    expect(reader.get_by_role("img", name=re.compile("^Confusion matrix"))).to_be_visible()
    expect(reader.locator("figure img")).to_have_count(20)
    context.close()


@pytest.mark.slow
def test_a_measurement_can_be_cancelled_and_keeps_what_it_has(page, lab):
    open_evaluate(page, lab, "Robustness")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_text(re.compile(r"Rotation, reference: [1-9] of 49 points"))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile(r"\d+ of 49 points are measured"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_it_fits_a_phone(new_page, lab):
    page = open_evaluate(new_page(viewport={"width": 390, "height": 664}), lab)
    for scheme in ("light", "dark"):
        follow(page, scheme)
        expect(cell(page, 1, 1)).to_be_visible(timeout=SLOW)
        assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
        assert cell(page, 9, 9).bounding_box()["y"] < 664 - 20, "all of the matrix is in sight without scrolling"


@pytest.mark.slow
def test_on_a_phone_a_pressed_picture_and_what_is_said_of_it_are_in_sight(new_page, lab):
    page = open_evaluate(new_page(viewport={"width": 390, "height": 664}), lab, "Errors")
    thumbnail = page.locator("[class*='st-key-gallery'] button").nth(2)
    expect(page.get_by_text("Labelled", exact=False).last).to_be_visible(timeout=SLOW)
    rest(page)
    thumbnail.click()
    expect(page.get_by_text(re.compile("^Labelled .*, read as"))).to_be_in_viewport()
    expect(thumbnail).to_be_in_viewport()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (1024, 768)])
def test_a_projector_shows_the_whole_matrix(new_page, lab, width, height):
    page = new_page(viewport={"width": width, "height": height})
    page.goto(f"{lab.url}/Evaluate?present=true")
    expect(cell(page, 9, 9)).to_be_visible(timeout=SLOW)
    box = cell(page, 9, 9).bounding_box()
    assert box["y"] + box["height"] < height and box["height"] > height / 30


@pytest.mark.slow
def test_beside_the_menu_of_a_tablet_the_matrix_has_the_whole_width(new_page, lab):
    page = open_evaluate(new_page(viewport={"width": 820, "height": 1180}), lab)
    expect(cell(page, 1, 1)).to_be_visible(timeout=SLOW)
    assert cell(page, 1, 1).bounding_box()["width"] > 35


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "paper"), [("light", "#fdfcf9"), ("dark", "#16181c")])
def test_words_stand_out_on_buttons_and_axes(page, lab, scheme, paper):
    follow(open_evaluate(page, lab, "Download"), scheme)
    button = page.get_by_role("button", name="Report (HTML)")
    expect(button).to_be_visible(timeout=SLOW)
    words, ground = button.evaluate(
        "button => [getComputedStyle(button.querySelector('p')).color, getComputedStyle(button).backgroundColor]"
    )
    assert contrast(words, ground) >= 4.5
    page.get_by_text("Confusion", exact=True).click()
    axis = page.locator("[data-testid=stVegaLiteChart] text", has_text="true digit").first
    expect(axis).to_be_visible()
    assert contrast(axis.evaluate("text => getComputedStyle(text).fill"), paper) >= 4.5

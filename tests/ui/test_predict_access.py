"""Predict on a phone, with a keyboard and with a screen reader: one visit each, for a browser is slow."""

import re

import pytest
from playwright.sync_api import Page, expect
from test_predict_browser import SEVEN, answer, canvas, choose, draw, open_predict, rest

from core.ui.predict.camera import REFUSED

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 664}}  # what an iPhone leaves of a page


@pytest.fixture(scope="module")
def phone(new_shared_page) -> Page:
    """One phone for the tests that open Predict as usual."""
    return new_shared_page(**PHONE)


def test_a_phone_shows_canvas_and_answer_together_while_the_pen_is_down(phone: Page, server) -> None:
    page = open_predict(phone, server)
    strip = page.locator(".strip")
    expect(canvas(page)).to_have_attribute("aria-label", re.compile("Draw a digit here"))
    draw(page, SEVEN, lift=False)
    expect(strip.locator(".digit")).to_have_text("7")  # the pen still touches the paper
    for part in (strip, canvas(page)):
        box = part.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 664
    page.mouse.up()
    expect(answer(page)).to_have_text("7")
    expect(page.locator(".dc-toolbar")).to_be_hidden()  # the component's own tools
    clear = page.get_by_role("button", name="Clear")
    expect(clear).to_be_enabled()  # the stroke is sent a moment after the pen is lifted
    rest(page)
    clear.focus()
    page.keyboard.press("Enter")
    expect(clear).to_be_disabled()
    page.wait_for_function("document.activeElement.textContent.trim().endsWith('Undo')")
    choose(page, "A number")
    page.wait_for_function("new URL(location.href).searchParams.get('expect') === 'number'")


def test_the_answer_to_any_sample_is_in_sight_and_its_button_keeps_the_focus(phone: Page, server) -> None:
    page = open_predict(phone, server, "Samples")
    last = page.locator('[class*="st-key-sample-9_straight"] button')
    last.focus()
    page.keyboard.press("Enter")
    expect(answer(page)).to_have_text("9")
    expect(answer(page)).to_be_in_viewport()
    expect(last).to_be_focused()
    expect(last).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.st-key-gallery button[aria-pressed="true"]')).to_have_count(1)


@pytest.mark.slow
def test_a_page_without_https_says_why_there_is_no_camera(new_page, server) -> None:
    page = new_page(**PHONE)
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { get: () => false })")
    open_predict(page, server, "Upload")
    choose(page, "Camera")
    expect(page.get_by_text(REFUSED)).to_be_visible()
    expect(page.get_by_test_id("stCameraInput")).to_be_hidden()

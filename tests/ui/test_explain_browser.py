"""Explain in a real browser: from an answer to its reasons, each view looked at and pressed."""

import re

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

LONG = 180_000  # milliseconds: for what waits for the model on a busy machine


def test_why_leads_from_an_answer_to_the_sum_behind_a_value(server, page):
    page.goto(f"{server.url}/Predict?way=Samples&sample=7_plain_in_the_corner.png")
    page.get_by_role("link", name="Why?").click(timeout=LONG)
    expect(page.get_by_role("heading", name="Explain")).to_be_visible(timeout=LONG)
    expect(page.locator(".st-key-subject .digit")).to_have_text("7", timeout=LONG)
    assert re.search(r"digit=from-[0-9a-f]{16}", page.url)
    page.locator(".st-key-layer-1 button").nth(3).click()
    expect(page.get_by_text("Pooled from")).to_be_visible(timeout=LONG)
    page.locator(".st-key-layer-0 button").nth(2).click()
    expect(page.get_by_text(re.compile("The 25 products add up to"))).to_be_visible(timeout=LONG)
    column = page.get_by_role("spinbutton", name="Column")
    column.fill("3")
    column.press("Enter")
    expect(page.get_by_text(re.compile(r"column 3 sees 5×5 pixels"))).to_be_visible(timeout=LONG)
    page.get_by_role("link", name="Back to Predict").click()
    expect(page.get_by_role("heading", name="Predict")).to_be_visible(timeout=LONG)
    page.goto("about:blank")


@pytest.mark.slow
def test_a_digit_is_turned_until_it_flips_put_back_and_kept(app, page, home):
    page.goto(f"{app.url}/Explain?digit=mnist-11&view=Break+it")
    expect(page.get_by_text(re.compile("Clockwise: a 6 until"))).to_be_visible(timeout=LONG)
    slider = page.get_by_role("slider", name="Turn (degrees)")
    slider.focus()
    page.keyboard.press("End")
    answer = page.locator(".answer[aria-live] .digit")
    expect(answer).to_have_text("9", timeout=LONG)
    page.get_by_role("radiogroup", name="Wrong? It is a …").get_by_text("6", exact=True).click()
    expect(page.get_by_text("Kept in My digits as a 6").first).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Undo").click()
    expect(answer).to_have_text("6", timeout=LONG)
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()
    page.goto("about:blank")


@pytest.mark.slow
def test_the_evidence_is_asked_for_another_digit_and_checked(server, page):
    page.goto(f"{server.url}/Explain?digit=mnist-4&view=Why,+and+why+not")
    expect(page.get_by_text("Evidence for a 4", exact=True)).to_be_visible(timeout=LONG)
    page.locator(".st-key-reasons_against").get_by_text("9", exact=True).click()
    expect(page.get_by_text("Evidence for a 4 and not a 9")).to_be_visible(timeout=LONG)
    page.get_by_text("Check it with shuffled weights").click()
    expect(page.get_by_text(re.compile("The two maps agree by"))).to_be_visible(timeout=LONG)
    for method in ("Integrated gradients", "Grad-CAM"):
        page.locator(".st-key-method").get_by_text(method).click()
        expect(page.get_by_text(re.compile(f"{method}: It can.t tell"))).to_be_visible(timeout=LONG)
        expect(page.get_by_role("img", name=re.compile("Evidence for a 4 and not a 9: most"))).to_be_visible()
    page.goto("about:blank")


@pytest.mark.slow
def test_a_digit_is_made_another_one_and_has_a_twin(server, page):
    page.goto(f"{server.url}/Explain?digit=mnist-4&view=What+would+change+it")
    page.locator(".st-key-change_to").get_by_text("9", exact=True).click(timeout=LONG)
    expect(page.get_by_text(re.compile("Saved as a PNG and read again it is a 9"))).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile(r"No pixel changes by more than"))).to_be_visible(timeout=LONG)
    page.get_by_role("slider", name="How much of the change").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile("Read as 4 with"))).to_be_visible(timeout=LONG)
    page.get_by_role("slider", name="Budget").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile("No change of at most 10 pixels"))).to_be_visible(timeout=LONG)
    page.goto("about:blank")


@pytest.mark.slow
def test_the_digit_stands_on_a_map_and_another_one_is_opened(app, page, home):
    page.goto(f"{app.url}/Explain?digit=mnist-4&view=Among+all+digits&explain_model=reference")
    expect(page.locator('[aria-label^="A map of 10,000 test digits by PCA"]')).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("The map by t-SNE is being computed"))).to_be_visible(timeout=LONG)
    expect(page.locator('[aria-label^="A map of 10,000 test digits by t-SNE"]')).to_be_visible(timeout=3 * LONG)
    assert (home / "maps" / "reference.npz").is_file()
    number = page.get_by_role("spinbutton", name="Test digit", exact=True)
    number.fill("11")
    number.press("Enter")
    expect(page.get_by_role("img", name="Test digit 11, a 6").first).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Explain this one").click()
    expect(page.locator(".st-key-subject .digit")).to_have_text("6", timeout=LONG)
    page.goto("about:blank")

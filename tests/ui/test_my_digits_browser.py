"""Corrections in a real browser: correct an answer, see it, delete it, bring it back, fine-tune, use."""

import re

import pytest

from core.data import mnist
from core.my_digits.store import Corrections

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

LONG = 180_000  # milliseconds: for what waits for the model on a busy machine


def open_sample(page, number: int) -> None:
    page.locator("[class*=st-key-gallery] button").nth(number).click(timeout=LONG)
    expect(page.get_by_text("Wrong? It is a …")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("radio", checked=True)).to_have_count(
        3, timeout=LONG
    )  # the way in, what to read, which samples; no pill


def choose(page, label: str):
    return page.locator("[class*=st-key-correct-sample]").get_by_text(label, exact=True)


def test_an_answer_is_put_right_seen_deleted_and_brought_back(app, page, home):
    mine = Corrections(home / "my-digits")
    page.goto(f"{app.url}/Predict?way=Samples")
    for number, label in enumerate("123"):
        open_sample(page, number)
        choose(page, label).click()
        expect(page.get_by_text(f"Kept in My digits as a {label}")).to_be_visible(timeout=LONG)
    answers = page.get_by_role("radiogroup", name="Wrong? It is a …")
    answers.get_by_role("radio", name="4", exact=True).focus()  # the answers are reachable without a mouse
    page.keyboard.press("Space")
    expect(page.get_by_text("Kept in My digits as a 4 instead")).to_be_visible(timeout=LONG)
    assert [one.label for one in mine.all()] == [1, 2, 4]

    page.get_by_role("link", name="Kept in My digits").click()
    expect(page.get_by_role("button", name=re.compile("^4 read as"))).to_be_visible(timeout=LONG)
    page.get_by_role("button", name=re.compile("^4 read as")).click()
    page.get_by_role("button", name="Delete 1 picture").click(timeout=LONG)
    expect(page.get_by_text("1 picture deleted")).to_be_visible(timeout=LONG)
    assert [one.label for one in mine.all()] == [1, 2]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=re.compile("^4 read as"))).to_be_visible(timeout=LONG)
    page.goto("about:blank")


@pytest.mark.slow
def test_a_copy_learns_what_was_put_right_and_is_used(app, page, home):
    mine, digits = Corrections(home / "my-digits"), mnist.load(train=True)
    for image, label in zip(digits.images[:3], digits.labels[:3], strict=True):
        mine.keep(image.numpy(), int(label), "8", "reference", "abc")
    page.goto(f"{app.url}/My_digits")
    page.get_by_role("button", name="Fine-tune a copy").click(timeout=LONG)
    expect(page.get_by_text("a copy of reference").first).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Use this model").click(timeout=2 * LONG)
    expect(page.get_by_role("button", name="In use")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("stSidebar").get_by_text("Fine-tuned 1")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("MNIST test set (10,000)")).to_be_visible()
    assert (home / "models" / "in-use.txt").read_text().strip() == "Fine-tuned 1"
    page.goto("about:blank")

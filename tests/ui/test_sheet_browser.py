"""A photographed sheet as visitors meet it: sent, two cells put right with the keyboard, kept and taken away."""

import csv
import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.data import mnist
from core.synthesis import tables

pytestmark = pytest.mark.browser

FIRST = 180_000  # milliseconds: for a server's first page, which loads torch, on a busy machine
ROWS = (("7", "12", "3"), ("", "48", "6"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph of a table of two rows and three columns."""
    rng = np.random.default_rng(3)
    table = tables.photograph(tables.draw("grid", mnist.load(train=False), rng, ROWS), rng, turn=4, tilt=0.1)
    path = tmp_path_factory.mktemp("photo") / "marks.jpg"
    cv2.imwrite(str(path), table.colours[..., ::-1])
    return path


def test_a_sheet_is_put_right_with_the_keyboard_and_taken_away(new_page, server, photo: Path):
    page: Page = new_page()
    page.goto(f"{server.url}/Predict?expect=sheet")
    page.locator('input[type="file"]').wait_for(state="attached", timeout=FIRST)
    page.locator('input[type="file"]').set_input_files(str(photo))
    cells = page.locator(".st-key-sheet-picture button")
    expect(cells).to_have_count(6, timeout=FIRST)
    for at, text in ((0, "81"), (3, "9")):
        row, column = divmod(at, 3)
        cells.nth(at).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"Row {row + 1}, column {column + 1}", exact=True)).to_be_visible()
        shows = page.get_by_label("What stands here?")
        shows.fill(text)
        shows.press("Enter")
        expect(cells.nth(at)).to_have_attribute("aria-label", f"Row {row + 1}, column {column + 1}: {text}")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    taken = Path(download.value.path()).read_text(encoding="utf-8-sig")
    read = list(csv.reader(io.StringIO(taken)))
    assert (read[0][0], read[1][0]) == ("81", "9")
    assert [len(row) for row in read] == [3, 3]


@pytest.mark.slow
def test_arrow_keys_go_from_cell_to_cell(new_page, server, photo: Path):
    page: Page = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(f"{server.url}/Predict?expect=sheet")
    page.locator('input[type="file"]').wait_for(state="attached", timeout=FIRST)
    page.locator('input[type="file"]').set_input_files(str(photo))
    cells = page.locator(".st-key-sheet-picture button")
    expect(cells).to_have_count(6, timeout=FIRST)
    cells.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(cells.nth(4)).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

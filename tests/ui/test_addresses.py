"""Whatever stands in a page's address, the page opens as usual: nobody's link is a crash."""

import dataclasses
import logging
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.config import TrainingSettings

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["Home.py", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "pages").glob("*.py")))]
SECONDS = 180  # the first run loads torch
ODD = ["no such word", "-1", "nan", "7" * 300 + "<b>ü</b> \u202e\N{SLIGHTLY SMILING FACE}\n"]
SETTINGS = {entry.name for entry in dataclasses.fields(TrainingSettings)}


def names_in_code() -> set[str]:
    """What the pages ask their address for by name."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "core").rglob("*.py"))
    asked = re.findall(r"(?:query_params|parameters)(?:\.get\(|\[)[\"'](\w+)[\"']", code)
    return {*asked, "way", "expect", "present", "model", "data", "preset", "name", "evaluate_section"}


def visit(page: str, address: dict[str, str]) -> AppTest:
    """Somebody who opens a page by a link."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=SECONDS)
    if page != "Home.py":
        app.switch_page(page)
    app.query_params.update(address)
    return app.run()


def names_of(page: str) -> set[str]:
    """Every name that may mean something there: a widget's key is its name in the address."""
    keys = {str(key) for key in visit(page, {}).session_state._state.filtered_state}
    return {key for key in keys if re.fullmatch(r"[\w -]+", key)} | names_in_code() | SETTINGS


def assert_opens(page: str, address: dict[str, str]) -> None:
    app = visit(page, address)
    shown = [entry.message for entry in app.exception]
    assert not shown, (address, shown)
    assert app.title, address


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_empty_words_in_an_address_open_the_usual_page(page: str, caplog: pytest.LogCaptureFixture):
    logging.getLogger("streamlit").propagate = True
    assert_opens(page, dict.fromkeys(names_of(page), ""))
    assert "default value" not in caplog.text  # Streamlit's warning of a value that is set twice


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_odd_word_in_an_address_opens_a_page(page: str):
    """All names at once, and each that no widget knows alone: a page that stops at the first would hide the second."""
    names = names_of(page)
    for value in ODD:
        assert_opens(page, dict.fromkeys(names, value))
    for name in names_in_code():
        assert_opens(page, {name: ODD[0]})

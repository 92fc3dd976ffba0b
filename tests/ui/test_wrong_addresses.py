"""An address in another spelling opens the page that is meant; any other leads to the first page with a sentence."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest
from test_widgets import ROOT

from core.ui import addresses, shell

ADDRESSES = {
    "Home": "",
    "Predict": "Predict",
    "Train": "Train",
    "Evaluate": "Evaluate",
    "My digits": "My_digits",
    "Explain": "Explain",
}
PATHS = [path for path, _, _ in shell.PAGES]


def test_every_page_has_its_address() -> None:
    assert [label for _, label, _ in shell.PAGES] == list(ADDRESSES)


@given(st.sampled_from(list(ADDRESSES)), st.lists(st.booleans(), min_size=9, max_size=9), st.sampled_from(" _-"))
def test_a_page_is_found_in_any_case_and_with_any_space(label: str, is_upper: list[bool], space: str) -> None:
    letters = (letter.upper() if up else letter.lower() for letter, up in zip(label, is_upper, strict=False))
    asked = "".join(letters).replace(" ", space)
    for written in (asked, quote(asked), asked + "/"):
        assert addresses.find_meant(written, PATHS) == ADDRESSES[label]


@given(st.text(max_size=40))
def test_any_other_address_is_no_page(asked: str) -> None:
    found = addresses.find_meant(asked, PATHS)
    assert found is None or found in ADDRESSES.values()
    assert addresses.find_meant(f"no {asked} page", PATHS) is None


@pytest.mark.parametrize(("asked", "sentence"), [("predict", ""), ("**foo**", "There is no page"), ("", "")])
def test_the_first_page_answers_for_what_is_no_page(asked: str, sentence: str, monkeypatch) -> None:
    monkeypatch.setattr(PagesManager, "intended_page_name", asked)
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.run()
    assert not app.exception
    assert len(app.warning) == bool(sentence) and all(sentence in warning.value for warning in app.warning)
    styles = [element.proto.body for element in app.get("html")]
    assert (addresses.UNSEEN in styles) == bool(asked)  # Streamlit's own window is out of sight until it is closed

"""What nobody foresaw is a sentence with a reference, wherever it happens; how Streamlit stops and reruns is not."""

import logging
import re

import pytest
import streamlit as st
from streamlit import error_util
from streamlit.testing.v1 import AppTest

from core.ui import crash

SECRET = "/home/somebody/secret.py"


@pytest.fixture(autouse=True)
def _crashes_are_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server; undone afterwards."""
    monkeypatch.setattr(error_util, "show_uncaught_app_exception", crash.show)


FAIL = f"""
import streamlit as st
def fail():
    raise KeyError("{SECRET}")
"""
PLACES = {
    "on the page": "with st.columns(2)[0]:\n    fail()",
    "in a callback": "st.button('Fail', on_click=fail)",
    "in a fragment": "st.fragment(fail)()",
    "while it is imported": "from core.ui import no_such_module",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_crash_is_a_sentence_with_the_way_on_and_a_reference(place: str, tmp_path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "1_Other.py").write_text("")
    (tmp_path / "Home.py").write_text(FAIL + PLACES[place])
    with caplog.at_level(logging.ERROR):
        app = AppTest.from_file(str(tmp_path / "Home.py")).run()
        if app.button:
            app.button[0].click().run()
    assert not app.exception
    (box,) = app.error
    reference = re.search(r"reference \*\*(\w{6})\*\*", box.value)[1]
    assert reference in caplog.text  # and with it where and what it was
    assert re.search(rf"{reference}.*(KeyError|ImportError) at .*\.py:\d+", caplog.text)
    shown = " ".join(str(element.proto) for element in app.main)
    assert SECRET not in shown and "Error" not in shown and "To the first page" in shown


def test_stop_and_rerun_are_no_crashes():
    def page() -> None:
        import streamlit as st

        if "again" not in st.session_state:
            st.session_state.again = True
            st.rerun()
        st.write("seen")
        st.stop()

    app = AppTest.from_function(page).run()
    assert not app.exception and not app.error
    assert app.markdown[0].value == "seen"


def test_streamlit_still_asks_at_the_place_that_is_taken_over(monkeypatch: pytest.MonkeyPatch):
    """Its own name: were it to move, visitors would see a grey box without a way on."""
    seen = []
    monkeypatch.setattr(error_util, "show_uncaught_app_exception", seen.append)
    error_util.handle_user_script_exception(ValueError("x"), None)
    assert len(seen) == 1


def test_no_details_are_shown_even_without_our_own_page():
    assert st.get_option("client.showErrorDetails") == "none"

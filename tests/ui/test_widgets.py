"""The widgets that several pages share, each alone; and how pages use such as are not theirs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ui import addresses, handover

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "Home.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "core" / "ui").rglob("*.py")]


def choose() -> None:
    import streamlit as st

    from core.ui import widgets

    st.session_state.answer = widgets.choice("Way", ("Draw", "Upload", "Samples"), "way", default="Upload")


def open_at(**address: str) -> AppTest:
    app = AppTest.from_function(choose)
    app.query_params.update(address)
    app.run()
    assert not app.exception, [entry.message for entry in app.exception]
    return app


@pytest.mark.parametrize("value", ["", "no such way", "draw"])
def test_an_empty_or_unknown_word_in_the_address_is_the_usual_choice(value: str) -> None:
    app = open_at(way=value)
    assert app.session_state.answer == app.segmented_control(key="way").value == "Upload"
    app.segmented_control(key="way").set_value("Draw").run()
    assert app.session_state.answer == "Draw"


def test_an_address_carries_a_choice() -> None:
    app = open_at(way="Samples")
    assert app.session_state.answer == app.segmented_control(key="way").value == "Samples"


def test_what_an_address_does_not_say_is_as_before_but_as_usual_on_the_way_back(monkeypatch) -> None:
    app = open_at(way="Samples")
    app.query_params.clear()
    for came_back, way in ((False, "Samples"), (True, "Upload")):
        monkeypatch.setattr(addresses, "came_by_history", lambda came_back=came_back: came_back)
        app.session_state.answered_address = set()  # as on every arrival
        app.run()
        assert app.session_state.answer == way


def offer_more_than_are_kept() -> None:
    from core.ui import handover

    for at in range(handover.MOST_OFFERED + 3):
        handover.memory.last = handover.Handed(f"{at}.png", b"", None, "", "pages/3_Evaluate.py")
        handover.keep(handover.memory.last)


def test_of_many_pictures_that_were_offered_the_last_ones_can_be_opened() -> None:
    app = AppTest.from_function(offer_more_than_are_kept).run()
    assert not app.exception
    offered = app.session_state.offered
    assert len(offered) == handover.MOST_OFFERED
    assert list(offered)[-1] == app.session_state.last.address


def find_calls(name: str) -> Iterator[tuple[ast.FunctionDef, ast.Call]]:
    """Every call of a method of this name on a page, with the function it is made in."""
    for path in PAGES:
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
                yield from ((function, call) for call in calls if getattr(call.func, "attr", "") == name)


def test_whoever_may_send_a_file_is_told_how_large_it_may_be() -> None:
    """Streamlit marks a file that is too large in red, and says why only to a mouse."""
    uploaders = list(find_calls("file_uploader"))
    assert len(uploaders) >= 4
    for function, call in uploaders:
        assert "max_upload_size" in [keyword.arg for keyword in call.keywords], function.name
        assert re.search(r"Up to \{[^}]*\} MB a file", ast.unparse(function)), function.name


def test_a_screen_reader_hears_no_bytes_of_a_picture_in_a_table() -> None:
    assert [function.name for function, _ in find_calls("ImageColumn")] == ["picture_column"]


def test_pages_are_opened_by_links() -> None:
    """From a page that code switched to Back leads to the old page with the new one's parameters, or without any."""
    assert not [path for path in PAGES if "switch_page(" in path.read_text(encoding="utf-8")]


def test_ten_probabilities_are_said_in_words_too() -> None:
    def show() -> None:
        from core.ui import widgets

        widgets.probabilities((0.9, 0.1, 0, 0, 0, 0, 0, 0, 0, 0))

    app = AppTest.from_function(show, default_timeout=60).run()
    assert not app.exception
    (chart,) = app.get("vega_lite_chart")
    assert chart.proto.alt == "Probability of each digit: 0 90.0\u00a0%, 1 10.0\u00a0%, " + ", ".join(
        f"{digit} <0.1\u00a0%" for digit in range(2, 10)
    )

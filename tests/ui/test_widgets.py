"""The widgets that several pages share, each alone."""

import pytest
from streamlit.testing.v1 import AppTest


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

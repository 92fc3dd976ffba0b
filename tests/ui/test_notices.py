"""What a click led to is said once, where it was made; what a person can cause is a sentence, a fault is not hidden."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import words
from core.config import SettingError
from core.my_digits.store import CorrectionsError
from core.network.checkpoint import CheckpointError
from core.training.runs import RunError
from core.ui import notices


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> dict:
    """A visit's memory without a running app."""
    memory: dict = {}
    monkeypatch.setattr(st, "session_state", memory)
    return memory


def refuse(error: Exception) -> None:
    raise error


def test_what_was_done_is_said_and_its_result_given(memory: dict) -> None:
    assert notices.attempt(max, 3, 7, done="Seven it is.") == 7
    assert memory == {notices.PLACE: ("Seven it is.", False)}


def test_a_click_with_nothing_to_say_says_nothing(memory: dict) -> None:
    assert notices.attempt(max, 3, 7) == 7
    assert memory == {}


@pytest.mark.parametrize("kind", [CheckpointError, CorrectionsError, RunError, SettingError])
def test_a_refusal_is_its_own_sentence_at_the_place_of_the_click(memory: dict, kind: type[Exception]) -> None:
    assert notices.attempt(refuse, kind("No such thing."), place="below", done="Done.") is None
    assert memory == {"below": ("No such thing.", True)}


def test_a_refusing_disk_is_a_sentence(memory: dict) -> None:
    notices.attempt(refuse, OSError(28, "No space left on device"))
    assert memory[notices.PLACE] == (
        "The disk refused: No space left on device. Free some space or allow writing, then try again.",
        True,
    )


def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        notices.attempt(refuse, ZeroDivisionError())


def test_a_notice_is_shown_once_and_only_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def page() -> None:
        from core.ui import notices

        notices.show_notice()
        notices.show_notice("below")

    app = AppTest.from_function(page)
    app.session_state["below"] = ("Not possible.", True)
    app.run()
    assert [error.value for error in app.error] == ["Not possible."] and not app.success
    app.session_state[notices.PLACE] = ("Done.", False)
    app.run()
    assert [entry.value for entry in app.success] == ["Done."] and not app.error
    assert not app.run().success


@pytest.mark.parametrize("as_toast", [False, True])
def test_why_something_is_not_done_is_plain_text(monkeypatch: pytest.MonkeyPatch, as_toast: bool) -> None:
    """It may hold a name. What is done is Markdown: its names are escaped already."""
    monkeypatch.undo()

    def page(as_toast: bool) -> None:
        from core.ui import notices

        notices.show_notice(as_toast=as_toast)

    app = AppTest.from_function(page, args=(as_toast,))
    for text, is_refusal in (("**a_b_** is there.", True), ("**a** is deleted.", False)):
        app.session_state[notices.PLACE] = (text, is_refusal)
        app.run()
        (shown,) = app.toast if as_toast else (*app.error, *app.success)
        assert shown.value == (words.escape_markdown(text) if is_refusal else text)

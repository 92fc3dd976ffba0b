"""The result of the last click: done, or why not, shown once where it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import streamlit as st

from core import words
from core.access.roles import NotAllowed
from core.access.tokens import TokenError
from core.config import SettingError
from core.network.checkpoint import CheckpointError
from core.training.runs import RunError

Gives = TypeVar("Gives")
Takes = TypeVarTuple("Takes")

PLACE = "notice"  # below a page's title; other places of a page have names of their own


def attempt(action: Callable[[*Takes], Gives], *arguments: *Takes, place: str = PLACE, done: str = "") -> Gives | None:
    """Do what a button promises and keep a sentence for `show_notice(place)`: `done`, or why it could not be done.

    For callbacks, which run before the page: gives what `action` gave, or None where it failed. Other errors than
    those a person can cause are raised.
    """
    from core.my_digits.store import CorrectionsError  # imports torch: the first page does without

    try:
        result = action(*arguments)
    except (CheckpointError, CorrectionsError, NotAllowed, RunError, SettingError, TokenError) as error:
        st.session_state[place] = (str(error), True)
        return None
    except OSError as error:
        st.session_state[place] = (words.refused_by_disk(error), True)
        return None
    if done:
        note(done, place)
    return result


def note(done: str, place: str = PLACE) -> None:
    """Keep the sentence that something is done for `show_notice(place)`: Markdown, names in it escaped already."""
    st.session_state[place] = (done, False)


def refuse(why: str, place: str = PLACE) -> None:
    """Keep the sentence why something was not done for `show_notice(place)`: plain text, as an error says it."""
    st.session_state[place] = (why, True)


def show_notice(place: str = PLACE, as_toast: bool = False) -> None:
    """Show the result of the last click here, once; as a toast where a line would move what is being read."""
    if notice := st.session_state.pop(place, None):
        text, is_refusal = notice
        icon = ":material/error:" if is_refusal else ":material/check_circle:"
        show = st.toast if as_toast else st.error if is_refusal else st.success
        show(words.escape_markdown(text) if is_refusal else text, icon=icon)

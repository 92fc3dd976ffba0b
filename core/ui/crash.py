"""What a page shows when something happens that nobody foresaw: one sentence, the way on, a reference for the log."""

from __future__ import annotations

import logging
import secrets
import traceback

import streamlit as st
from streamlit import error_util

KEY = "unforeseen"  # of the box: tests look for it

_log = logging.getLogger(__name__)
_show_as_usual = error_util.show_uncaught_app_exception


def take_over() -> None:
    """From now on every page of this server shows `show` instead of Streamlit's box, which names paths and code.

    The place is Streamlit's own, behind its log and before its page: it hears of pages, callbacks and fragments, and
    never of the exceptions by which `st.rerun` and `st.stop` work. Its box, without details (.streamlit/config.toml),
    is what would be seen were that place to move.
    """
    error_util.show_uncaught_app_exception = show


def show(ex: BaseException) -> None:
    """Say on the page that something went wrong; Streamlit has written the traceback into the log."""
    reference = secrets.token_hex(3).upper()
    last = traceback.extract_tb(ex.__traceback__)[-1:]
    place = "".join(f" at {frame.filename}:{frame.lineno}" for frame in last)
    _log.error("Reference %s, shown on the page: %s%s", reference, type(ex).__name__, place)
    try:
        with st.container(key=KEY):
            st.error(
                "Something unexpected went wrong on this page. Reload it; if that doesn't help, start again from the "
                f"first page and give whoever runs this app the reference **{reference}**, which is also in its log.",
                icon=":material/error:",
            )
            st.page_link("Home.py", label="To the first page", icon=":material/home:")
    except Exception:  # a page in so odd a state that nothing more can be put on it
        _show_as_usual(ex)

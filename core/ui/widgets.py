"""Widgets that several pages share: a choice among a few words, and ten probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from core import words
from core.ui import shell

T = TypeVar("T")


def choice(
    label: str,
    options: Sequence[T],
    key: str,
    on_change: Callable[[], None] | None = None,
    *,
    default: T | None = None,
    format_func: Callable[[T], str] = str,
    in_address: bool = True,
    help: str | None = None,
) -> T:
    """One of a few options as a segmented control that is never empty; `default` is the first unless given.

    The choice outlives a visit to another page. `in_address`: it is also part of the page's address under its key, so
    that a link can carry it, and `label` is only read out; without, the label is shown.
    """
    usual = options[0] if default is None else default
    # `?way=` empties even a control that must not be empty. The address wins on the first run; on the next, this does.
    if st.session_state.get(key, usual) is None:
        st.session_state[key] = usual
    chosen: T | None = st.segmented_control(
        label,
        options,
        format_func=format_func,
        default=usual,
        required=True,
        key=key,
        help=help,
        label_visibility="collapsed" if in_address else "visible",
        persist_state="session",
        bind="query-params" if in_address else None,
        on_change=on_change,
    )
    if chosen is None:
        st.rerun()
    return chosen


def probabilities(shares: Sequence[float], key: str | None = None, marks_winner: bool = True) -> None:
    """Ten bars, one a digit, each `shares` 0 to 1; the same in words for those who don't see them. Where nothing was
    read, none is marked as the winner."""
    from core.figures import probability_chart  # imports altair: pages paint their frame first

    st.altair_chart(
        probability_chart.draw_probabilities(tuple(shares), shell.is_dark(), shell.is_presenting(), marks_winner),
        width="stretch",
        key=key,
        alt="Probability of each digit: "
        + ", ".join(f"{digit} {words.probability(share)}" for digit, share in enumerate(shares)),
    )

"""Widgets that several pages share: a choice among a few words, and ten probabilities."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from core import words
from core.ui import addresses, shell

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

T = TypeVar("T")

# Streamlit stacks columns on a phone alone: beside its menu a tablet has hardly more room. Here the width decides that
# is really there.
SIDE_BY_SIDE = """
<style>
@media (min-width: 641px) {
  .stMain [data-testid="stColumn"] { min-width: min(100%, 10rem); }
  .stMain [data-testid="stColumn"]:has([data-testid="stVegaLiteChart"], [data-testid="stDataFrame"]) {
    min-width: min(100%, 22rem); }
  .stMain [data-testid="stColumn"] [data-testid="stColumn"] { min-width: 0; }
}
</style>
"""

PRESSED = """
const all = (window.digitLabPressed ??= new Map());

function mark() {
  for (const { names, pressed } of all.values())
    for (const name of names) {
      const button = document.getElementsByClassName(name)[0]?.querySelector("button");
      const state = String(name === pressed);
      if (!button || button.getAttribute("aria-pressed") === state) continue;
      button.setAttribute("aria-pressed", state);
      if (name === pressed) button.scrollIntoView({ block: "nearest", inline: "nearest" }); // a link may have chosen it
    }
}

export default function ({ data, key }) {
  all.set(key, data);
  mark();
  const timer = setInterval(mark, 300); // a button may be painted after this
  return () => { clearInterval(timer); all.delete(key); };
}
"""

# What was pressed stays in sight too: it is moved to the top, where what it opens begins out of sight or almost.
INTO_SIGHT = """
const MOST = 0.75; // of the window's height: a beginning further down shows no more than a title
const chosen = (window.digitLabChosen ??= new Map());

export default function ({ data, key }) {
  const before = chosen.get(key);
  chosen.set(key, data.chosen);
  if (before === undefined || before === data.chosen) return;
  const [from, opened] = [data.from, data.opened].map((name) => document.getElementsByClassName(name)[0]);
  if (opened?.getBoundingClientRect().top > MOST * window.innerHeight) from?.scrollIntoView({ block: "start" });
}
"""

# A table is painted; beside it stands another one for those who don't see it, with a picture's whole data as its words.
SAY_PICTURES = """
export default function ({ data }) {
  const say = () => {
    for (const cell of document.querySelectorAll("canvas td"))
      if (cell.textContent.startsWith("data:image/")) cell.textContent = data.word;
  };
  const observer = new MutationObserver(say); // rows come and go while one scrolls
  observer.observe(document.body, { childList: true, characterData: true, subtree: true });
  say();
  return () => observer.disconnect();
}
"""


def choice(
    label: str,
    options: Sequence[T],
    key: str,
    on_change: Callable[[], None] | None = None,
    *,
    default: T | None = None,
    format_func: Callable[[T], str] = str,
    in_address: bool = True,
    shows_label: bool | None = None,
    help: str | None = None,
) -> T:
    """One of a few options as a segmented control that is never empty; `default` is the first unless given.

    The choice outlives a visit to another page. `in_address`: it is also part of the page's address under its key, as
    the option itself, so that a link can carry it; Streamlit's own binding would write what `format_func` makes of it.
    `shows_label`: unless said, the label of what is in the address is only read out.
    """
    usual = options[0] if default is None else default
    if st.session_state.get(key) is None:
        st.session_state[key] = usual
    if in_address and key not in (answered := shell.answered_address()):
        answered.add(key)
        before, given = st.session_state[key], st.query_params.get(key)
        unsaid = usual if addresses.came_by_history() else before
        st.session_state[key] = next((option for option in options if str(option) == given), unsaid)
        if on_change and st.session_state[key] != before:
            on_change()
    chosen: T | None = st.segmented_control(
        label,
        options,
        format_func=format_func,
        required=True,
        key=key,
        help=help,
        label_visibility="visible" if (not in_address if shows_label is None else shows_label) else "collapsed",
        persist_state="session",
        on_change=on_change,
    )
    if chosen is None:
        st.rerun()
    if in_address:
        addresses.write(key, "" if chosen == usual else str(chosen))
    return chosen


def mark_pressed(keys: Sequence[str], pressed: str, key: str = "pressed") -> None:
    """Of buttons that choose one of several pictures, by their keys, mark the `pressed` one, for eyes and for screen
    readers; "" marks none. The buttons stay what they are, and so keep the keyboard's focus, which a button loses that
    changes its `type`. `key`: each group of buttons on a page has one of its own, which begins with "pressed"."""
    act = st.components.v2.component("digit_lab_pressed", js=PRESSED)  # known to the running app alone
    act(key=key, data={"names": [_class_of(one) for one in keys], "pressed": _class_of(pressed)})


def bring_into_sight(key: str, opened: str, chosen: int) -> None:
    """Where another thing was `chosen` in the container `key` and what that opens, the container `opened`, is out of
    sight below, as on a phone, the page moves up."""
    act = st.components.v2.component("digit_lab_into_sight", js=INTO_SIGHT)  # known to the running app alone
    act(
        key=f"pressed-into-sight-{key}",
        data={"from": _class_of(key), "opened": _class_of(opened), "chosen": chosen},
    )


def picture_column(label: str, width: int | None = None, help: str | None = None) -> ColumnConfig:
    """A column of a table that holds pictures as data URLs; a screen reader says "picture" instead of their bytes."""
    say = st.components.v2.component("digit_lab_say_pictures", js=SAY_PICTURES)  # known to the running app alone
    say(key=f"pressed-pictures-{label}", data={"word": "picture"})
    return st.column_config.ImageColumn(label, width=width, help=help)


def _class_of(key: str) -> str:
    """The class that Streamlit gives the element with this key."""
    return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key)


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

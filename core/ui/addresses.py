"""The address of a page, and what the browser's Back and Forward make of it, where Streamlit leaves that to pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import words

# Streamlit makes a new entry in the browser's history whenever it writes parameters, without those written here; and on
# the way to another page it first makes one of this page with that one's. Back would have to be pressed twice. So what
# it writes on a page takes the place of the entry, and on the way to another page nothing is written.
TAKE_OVER = """
const ours = (window.digitLabAddress ??= takeOver());

function takeOver() {
  const [push, words] = [window.history.pushState.bind(window.history), new Map()];
  let leavesUntil = 0;
  window.history.pushState = (state, title, given) => {
    const address = new URL(given, window.location.href);
    const isHere = address.pathname === window.location.pathname;
    if (isHere && performance.now() < leavesUntil) return;
    leavesUntil = 0;
    if (!isHere) return push(state, title, given);
    for (const [key, [path, word]] of words) if (path === address.pathname) write(address, key, word);
    window.history.replaceState(state, title, address);
  };
  document.addEventListener("click", ({ target }) => {
    const isLink = target.closest?.('[data-testid="stPageLink-NavLink"]');
    if (isLink) leavesUntil = performance.now() + 5000; // milliseconds; a link to this very page leads nowhere
  }, true);
  return { push, words };
}

function write(address, key, word) {
  if (word) address.searchParams.set(key, word);
  else address.searchParams.delete(key);
}
"""
# Without a new entry Back leaves the page, as one expects; a step is undone by Back.
WRITE = """
export default function ({ data }) {
  const address = new URL(window.location.href);
  ours.words.set(data.key, [address.pathname, data.word]);
  write(address, data.key, data.word);
  if (address.href === window.location.href) return;
  if (data.is_step) ours.push(window.history.state, "", address);
  else window.history.replaceState(window.history.state, "", address);
}
"""
# Streamlit opens a window of its own, which names folders and stays until it is closed, and shows the first page below.
# A page that is loaded anew in place of the wrong address closes it too. Until it is closed it is out of sight; the app
# has no such window of its own.
UNSEEN = '<style>div:has(> [data-testid="stDialog"]), [data-testid="stDialog"] { display: none !important; }</style>'
LEAD_ON = """
export default function ({ data }) {
  if (data.page !== null) {
    window.location.replace(new URL(data.page + window.location.search, window.location.href));
    return;
  }
  let tries = 50;
  const timer = setInterval(() => {
    const close = document.querySelector('[data-testid="stDialog"] button[aria-label="Close"]');
    close?.click();
    if (close || !tries--) clearInterval(timer);
  }, 100);
  return () => clearInterval(timer);
}
"""


def came_by_history() -> bool:
    """Whether the browser's Back or Forward led here: then what the address doesn't say is as usual, as it was there.

    Streamlit knows, and has no public name for it.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def write(key: str, word: str, is_step: bool = False) -> None:
    """Let the page's address carry a `word` under a `key`; an empty word takes the key out. `is_step`: it is a step
    that the browser's Back takes back; else Back leaves the page."""
    act = st.components.v2.component("digit_lab_address", js=TAKE_OVER + WRITE)  # known to the running app alone
    act(key=f"address-{key}", data={"key": key, "word": word, "is_step": is_step})


def take_over() -> None:
    """See to it that one press of Back comes back from a page that a link led to."""
    nothing_more = "export default function () {}"
    act = st.components.v2.component("digit_lab_history", js=TAKE_OVER + nothing_more)  # known to the running app alone
    act(key="address-history")


def answer_unknown(pages: Iterable[str]) -> None:
    """On the first page, which Streamlit shows where there is no page at an address: lead on to the one that was meant,
    or say that there is none. `pages` are the files of all pages.

    Streamlit knows what was asked for, and has no public name for it.
    """
    context = get_script_run_ctx()
    asked = (context.pages_manager.intended_page_name or "") if context else ""
    if not asked:
        return
    st.html(UNSEEN)
    page = find_meant(asked, pages)
    act = st.components.v2.component("digit_lab_wrong_address", js=LEAD_ON)  # known to the running app alone
    act(key="address-wrong", data={"page": page})
    if page is None:
        st.warning(
            f"There is no page “{words.escape_markdown(unquote(asked))}” here. Choose one below, or in the menu.",
            icon=":material/wrong_location:",
        )


def find_meant(asked: str, pages: Iterable[str]) -> str | None:
    """The address of the page that somebody who wrote `asked` means, in whatever case, with spaces or hyphens; empty
    for the first page. None where there is no such page. "predict" -> "Predict", "My%20Digits/" -> "My_digits"."""
    addresses = {path: re.sub(r"^\d+_", "", Path(path).stem) for path in pages}
    meant = _simplify(asked)
    found = next((path for path, address in addresses.items() if _simplify(address) == meant), None)
    return None if found is None else addresses[found] if Path(found).parent.name else ""


def _simplify(address: str) -> str:
    return re.sub(r"[\s_-]+", " ", unquote(address).strip("/")).strip().casefold()

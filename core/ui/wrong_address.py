"""An address that no page has: another spelling of a page's opens it, any other is answered with a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import words

# Streamlit opens a window of its own, which names folders and stays until it is closed, and shows the first page below.
# A page that is loaded anew in place of the wrong address closes it too.
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


def answer(pages: Iterable[str]) -> None:
    """On the first page, which Streamlit shows where there is no page at an address: lead on to the one that was meant,
    or say that there is none. `pages` are the files of all pages.

    Streamlit knows what was asked for, and has no public name for it.
    """
    context = get_script_run_ctx()
    asked = (context.pages_manager.intended_page_name or "") if context else ""
    if not asked:
        return
    page = find_meant(asked, pages)
    lead = st.components.v2.component("digit_lab_wrong_address", js=LEAD_ON)  # known to the running app alone
    lead(key="address-wrong", data={"page": page})
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

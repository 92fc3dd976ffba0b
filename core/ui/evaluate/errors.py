"""All misread pictures, filtered and sorted."""

from __future__ import annotations

import streamlit as st

from core import words
from core.evaluation.report import ERROR_ORDERS
from core.ui import widgets
from core.ui.evaluate import pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed, show_source

ANY = "any"


@st.fragment
def show(shown: Shown) -> None:
    """Filters above, the pictures that fit below."""
    rerun_when_model_changed()
    errors = shown.evaluation.report.errors
    if not errors:
        st.success(f"Not one error in {words.count(len(shown), 'picture')}.", icon=":material/check:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _ask_for_digit("True digit", "errors_true")
        read = _ask_for_digit("Read as", "errors_read")
        low, high = st.slider(
            "Confidence", 0, 100, (0, 100), format="%d %%", key="errors_range", width=240, persist_state="session"
        )
        order = widgets.choice("Show first", ERROR_ORDERS, key="errors_order", in_address=False)
    members = shown.find_errors(true, read, (low / 100, high / 100), order)
    st.subheader(f"{words.count(len(members), 'error')} of {errors:,}")
    if not members:
        st.markdown("No error fits this choice. Widen it to see more.")
        return
    pictures.show_gallery(shown, members, f"errors-{true}-{read}-{order}")
    show_source(shown.evaluation.source)


def _ask_for_digit(label: str, key: str) -> int | None:
    """A digit, or None for any."""
    chosen = st.selectbox(label, [ANY, *range(10)], key=key, width=110, persist_state="session")
    return None if chosen == ANY else chosen

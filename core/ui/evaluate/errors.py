"""All misread pictures, filtered and sorted; and those that were not read as one digit."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import words
from core.evaluation.report import ERROR_ORDERS
from core.evaluation.testset import OtherReading, PictureSet, ReadAs
from core.ui import widgets
from core.ui.evaluate import pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed, show_source

KINDS = {"Misread": ReadAs.DIGIT, "Read as a number": ReadAs.NUMBER, "No digit": ReadAs.NO_DIGIT}
ANY = "any"

memory = st.session_state


@st.fragment
def show(shown: Shown) -> None:
    """Filters above, the pictures that fit below."""
    rerun_when_model_changed()
    kind = ReadAs.DIGIT
    if shown.test_set.others:
        kind = KINDS[widgets.choice("Pictures", list(KINDS), key="errors_kind", in_address=False)]
    if kind == ReadAs.DIGIT:
        _show_misread(shown)
    else:
        _show_others(shown, kind)


def _show_misread(shown: Shown) -> None:
    errors = shown.evaluation.report.errors
    if not errors:
        st.success(f"Not one error in {words.count(len(shown), 'picture')}.", icon=":material/check:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _ask_for_digit("True digit", "errors_true")
        read = _ask_for_digit("Read as", "errors_read")
        low, high = st.slider(
            "Confidence", 0, 100, (0, 100), format=words.SLIDER, key="errors_range", width=240, persist_state="session"
        )
        order = widgets.choice("Show first", ERROR_ORDERS, key="errors_order", in_address=False)
    members = shown.find_errors(true, read, (low / 100, high / 100), order)
    st.subheader(f"{words.count(len(members), 'error')} of {errors:,}")
    if not members:
        st.markdown("No error matches these filters. Widen them to see more.")
        return
    pictures.show_gallery(shown, members, f"errors-{true}-{read}-{order}")
    show_source(shown.evaluation.source)


def _ask_for_digit(label: str, key: str) -> int | None:
    """A digit, or None for any."""
    chosen = st.selectbox(label, [ANY, *range(10)], key=key, width=110, persist_state="session")
    return None if chosen == ANY else chosen


def _show_others(shown: Shown, kind: ReadAs) -> None:
    """Pictures that were read as a number or as no digit: which, what was read, and why; one of them to open."""
    found = [other for other in shown.test_set.others if other.read_as == kind]
    what = "read as a number" if kind == ReadAs.NUMBER else "without a digit"
    st.subheader(
        f"{words.count(len(found), 'picture')} {what}",
        help="What Predict says of these pictures too. They count neither as right nor as wrong.",
    )
    if not found:
        return
    columns = {
        "File": [other.name for other in found],
        "Labelled": [other.label for other in found],
        "Read as": [other.text or words.NONE for other in found],
        "Why": [other.why for other in found],
    }
    st.dataframe(pd.DataFrame(columns), hide_index=True, alt=f"Pictures {what}, by file")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Picture", found, format_func=lambda other: other.name, key=f"errors_{kind}", width=320)
        if st.button("Open in Predict", icon=":material/open_in_new:"):
            memory.predict_given = {"name": f"{shown.test_set.name} {chosen.name}", "picture": _content(shown, chosen)}
            st.switch_page("pages/1_Predict.py", query_params={"way": "Samples"})
    show_source(shown.evaluation.source)


def _content(shown: Shown, chosen: OtherReading) -> bytes:
    """The file of a picture as it was sent."""
    sent = shown.asked.pictures if isinstance(shown.asked, PictureSet) else ()
    return next(file.content for file in sent if (file.name, file.label) == (chosen.name, chosen.label))

"""All misread pictures, filtered and sorted; labels that look wrong; and what was not read as one digit."""

from __future__ import annotations

import pandas as pd
import streamlit as st
import torch

from core import words
from core.data.digits import DataError
from core.evaluation.neighbours import MOST_ASKED, find_suspects
from core.evaluation.report import ERROR_ORDERS
from core.evaluation.testset import OtherReading, PictureSet, ReadAs
from core.ui import resources, widgets
from core.ui.evaluate import look, marking, pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed

MISREAD, SUSPECT, TAGGED = "Misread", "Suspect labels", "Tagged"
OTHERS = {"Read as a number": ReadAs.NUMBER, "No digit": ReadAs.NO_DIGIT}
ANY = "any"

memory = st.session_state


@st.fragment
def show(shown: Shown) -> None:
    """Filters above, the pictures that fit below."""
    rerun_when_model_changed()
    kinds = [MISREAD, SUSPECT, *(OTHERS if shown.test_set.others else ()), *([TAGGED] if marking.tags(shown) else [])]
    if memory.get("errors_kind") not in kinds:
        memory.errors_kind = MISREAD
    kind = widgets.choice("Pictures", kinds, key="errors_kind", in_address=False)
    if kind == MISREAD:
        _show_misread(shown)
    elif kind == SUSPECT:
        _show_suspects(shown)
    elif kind == TAGGED:
        _show_tagged(shown)
    else:
        _show_others(shown, OTHERS[kind])


def _show_misread(shown: Shown) -> None:
    errors = shown.evaluation.report.errors
    if not errors:
        st.success(f"No errors in {words.count(len(shown), 'picture')}.", icon=":material/check:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _ask_for_digit("True digit", "errors_true")
        read = _ask_for_digit("Read as", "errors_read")
        low, high = st.slider(
            "Confidence",
            0,
            100,
            (0, 100),
            format=words.SLIDER,
            key="errors_range",
            width=240,
            persist_state="session",
            bind="query-params",
        )
        order = st.selectbox(
            "Show first", ERROR_ORDERS, key="errors_order", width=160, persist_state="session", bind="query-params"
        )
    members = shown.find_errors(true, read, (low / 100, high / 100), order)
    look.heading(f"{words.count(len(members), 'error')} of {errors:,}")
    if not members:
        st.markdown("No error matches these filters. Widen them to see more.")
        return
    pictures.show_gallery(shown, members, f"errors-{true}-{read}-{order}")


def _ask_for_digit(label: str, key: str) -> int | None:
    """A digit, or None for any."""
    chosen = st.selectbox(label, [ANY, *range(10)], key=key, width=110, persist_state="session", bind="query-params")
    return None if chosen == ANY else chosen


def _show_suspects(shown: Shown) -> None:
    """Labels that look wrong, the most suspect first, and what the accuracy is without them."""
    try:
        key = ("suspects", shown.evaluation.model, shown.evaluation.version, shown.test_set.key)
        found = resources.results().keep(key, lambda: find_suspects(resources.neighbours(), shown))
    except DataError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    answers = shown.evaluation.report
    look.heading(
        f"{words.count(len(found), 'label')} of {len(shown):,} may be wrong",
        help="A misread picture whose nearest training images, compared as pictures, nearly all side with the model's "
        "answer and not with the label. Look at each: some are only badly written.",
    )
    if answers.errors > MOST_ASKED:
        st.caption(f"Only the {MOST_ASKED} most confident of {answers.errors:,} errors were looked at.")
    if not found:
        st.markdown("No error looks like a wrong label.")
        return
    rest = torch.ones(len(shown), dtype=torch.bool)
    rest[[one.place for one in found]] = False
    without = answers.pick(rest.nonzero().flatten())
    left = "nothing is left without them"
    if len(without):
        left = f"without these pictures **{words.percent(without.accuracy)}**"
    st.markdown(f"Accuracy is **{words.percent(answers.accuracy)}** with them, {left}.")
    pictures.show_gallery(shown, [one.place for one in found], "suspects")
    table = pd.DataFrame(
        {
            "Picture": [shown.test_set.name_of(one.place) for one in found],
            "Labelled": [one.label for one in found],
            "Looks like": [one.should_be for one in found],
            f"Of {pictures.NEIGHBOURS} neighbours": [one.votes for one in found],
            "Confidence": [words.probability(one.confidence) for one in found],
        }
    )
    st.dataframe(table, hide_index=True, alt=f"{words.count(len(found), 'suspect label')}, the most suspect first")


def _show_tagged(shown: Shown) -> None:
    """The pictures with one of the visitor's tags."""
    tags = marking.tags(shown)
    tag = st.selectbox("Tag", sorted(set(tags.values())), key="errors_tag", width=240)
    members = [place for place, one in tags.items() if one == tag]
    look.heading(f"{words.count(len(members), 'picture')} tagged {words.escape_markdown(tag)}")
    pictures.show_gallery(shown, members, f"tagged-{tag}")


def _show_others(shown: Shown, kind: ReadAs) -> None:
    """Pictures that were read as a number or as no digit: which, what was read, and why; one of them to open."""
    found = [other for other in shown.test_set.others if other.read_as == kind]
    what = "read as a number" if kind == ReadAs.NUMBER else "without a digit"
    look.heading(
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
        pictures.offer_to_predict(shown, chosen.name, _content(shown, chosen), chosen.label)


def _content(shown: Shown, chosen: OtherReading) -> bytes:
    """The file of a picture as it was sent."""
    sent = shown.asked.pictures if isinstance(shown.asked, PictureSet) else ()
    return next(file.content for file in sent if (file.name, file.label) == (chosen.name, chosen.label))

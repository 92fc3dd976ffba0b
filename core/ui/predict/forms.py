"""Print a form of one's own, and what to do with handwriting that the ready form has collected."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core import words
from core.sheets import collection, form_store
from core.sheets.form import COLLECTION, KINDS, Column, Form, FormError, print_form
from core.sheets.stack import InHand
from core.ui import notices, resources, widgets

KEPT = "collected-kept"  # where it is said that digits were kept
READY = {"own": "A form of your own", "collection": "Collect handwriting"}
COLUMNS = pd.DataFrame({"Title": ["Mark"], "Kind": [KINDS["mark"]], "Boxes": [2]})
FIRST = 12  # doubtful boxes that are shown

memory = st.session_state


def show() -> None:
    """A form to print: one's own, or the ready one."""
    which = widgets.choice("Form", list(READY), "form_kind", format_func=READY.__getitem__, in_address=False)
    if which == "collection":
        st.markdown(
            "Ten rows of ten boxes: whoever fills it in writes each digit ten times. A photograph of it, sent as a "
            "sheet, becomes a hundred labelled digits, for My digits or as a zip."
        )
        st.download_button(
            "Print it (PDF)", print_form(COLLECTION), "handwriting.pdf", "application/pdf", icon=":material/print:"
        )
        return
    left, right = st.columns(2, gap="large")
    with left:
        title = st.text_input("Title", "Marks", max_chars=60, key="form_title", persist_state="session")
        labels = st.text_area(
            "Rows: one label a line, typed or pasted", "Ada\nGrace\nKurt", height=180, key="form_labels",
            persist_state="session",
        )  # fmt: skip
    with right:
        st.caption("Columns")
        table = st.data_editor(
            COLUMNS,
            num_rows="dynamic",
            hide_index=True,
            key="form_columns",
            column_config={
                "Kind": st.column_config.SelectboxColumn("Kind", options=list(KINDS.values()), required=True),
                "Boxes": st.column_config.NumberColumn("Boxes", min_value=1, max_value=12, step=1, required=True),
            },
            alt="The columns of the form",
        )
    form = Form(title.strip(), _to_labels(labels), _to_columns(table))
    try:
        pdf = print_form(form)
    except FormError as error:
        st.warning(words.escape_markdown(str(error)), icon=":material/edit:")
        return
    st.download_button(
        "Print it (PDF)",
        pdf,
        "form.pdf",
        "application/pdf",
        icon=":material/print:",
        on_click=_keep_form,
        args=(form,),
        help="The form is kept on the computer this app runs on, so that its photographs can be read there.",
    )
    st.caption(f"{words.count(len(form.labels), 'row')}, form {form.key}. Its photographs are read as a sheet.")
    notices.show_notice()


def _keep_form(form: Form) -> None:
    notices.attempt(form_store.keep, form)


def _to_labels(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _to_columns(table: pd.DataFrame) -> tuple[Column, ...]:
    kinds = {title: kind for kind, title in KINDS.items()}
    whole = table.dropna(subset=["Kind", "Boxes"])
    return tuple(
        Column("" if pd.isna(row.Title) else str(row.Title), kinds[row.Kind], int(row.Boxes))
        for row in whole.itertuples()
    )


def show_collected(one: InHand) -> None:
    """The handwriting of a sheet: what should be looked at first, and where the digits may go."""
    if one.sheet is None:
        return
    found = collection.collect(one.sheet)
    doubtful = [box for box in found if box.is_doubtful]
    usable = [box for box in found if box.image is not None and box.said == str(box.label)]
    st.markdown(
        f"**{words.count(len(usable), 'labelled digit')}** of {len(found)} boxes were read as their row says; "
        f"{len(doubtful)} should be looked at."
    )
    picture = one.sheet.picture
    with st.container(horizontal=True):
        for box in doubtful[:FIRST]:
            x, y, wide, high = box.place
            said = f"read as {box.said}" if box.said else "nothing read"
            st.image(picture[y : y + high, x : x + wide], f"{box.label}: {said}", width=72, alt="A box to look at")
    with st.container(horizontal=True):
        st.download_button(
            "Labelled digits (zip)",
            partial(collection.to_zip, usable),
            "handwriting.zip",
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
        st.button(
            "Keep them in My digits",
            icon=":material/school:",
            disabled=not usable,
            on_click=_keep,
            args=(one, usable),
            help="Keeps what the model saw of every digit, its label and the time, on the computer this app runs on, "
            "shared by everyone who opens it.",
        )
    notices.show_notice(KEPT)


def _keep(one: InHand, usable: list[collection.Collected]) -> None:
    sheet, mine = one.sheet, resources.corrections()
    if sheet is None:
        return

    def keep() -> None:
        for box in usable:
            if box.image is not None:
                mine.keep((box.image * 255).round().astype("uint8"), box.label, box.said, sheet.model, sheet.version)

    notices.attempt(keep, place=KEPT, done=f"Kept in My digits: {words.count(len(usable), 'digit')}.")

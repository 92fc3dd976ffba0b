"""Layouts of sheets that are alike: one is kept from a sheet that was checked, and others are read by it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import words
from core.sheets import template
from core.sheets.sheet import Sheet
from core.sheets.stack import InHand
from core.ui import notices

KEPT = "layout-kept"  # where it is said that a layout was kept
NONE = "None"

memory = st.session_state


def choose() -> None:
    """Which layout sheets are read by from now on; nothing where none is kept."""
    kept = template.find_all()
    if not kept:
        return
    names = [NONE, *(one.name for one in kept)]
    if memory.get("sheet_layout") not in names:
        memory.sheet_layout = NONE
    st.selectbox(
        "Layout of the sheets",
        names,
        key="sheet_layout",
        persist_state="session",
        help="What a column may hold counts as evidence when its cells are read. It applies to what you send next.",
    )


def apply(sheet: Sheet) -> Sheet:
    """A sheet with what the chosen layout says of its cells."""
    name = memory.get("sheet_layout", NONE)
    chosen = next((one for one in template.find_all() if one.name == name), None)
    return chosen.apply(sheet) if chosen else sheet


def offer(one: InHand) -> None:
    """Say what the columns of a sheet hold, and keep that under a name."""
    if one.sheet is None or one.sheet.form or not st.toggle("Keep this layout for others like it", key="layout-offer"):
        notices.show_notice(KEPT)
        return
    columns = one.sheet.shape[1]
    table = st.data_editor(
        pd.DataFrame(
            {
                "Column": range(1, columns + 1),
                "Holds": [template.KINDS["any"]] * columns,
                "Limit": [20] * columns,
            }
        ),
        hide_index=True,
        disabled=["Column"],
        key=f"layout-rules-{one.name}-{columns}",
        column_config={
            "Holds": st.column_config.SelectboxColumn("Holds", options=list(template.KINDS.values()), required=True),
            "Limit": st.column_config.NumberColumn("Limit", min_value=1, max_value=1_000_000, step=1, required=True),
        },
        alt="What each column holds",
    )
    kinds = {title: kind for kind, title in template.KINDS.items()}
    rules = tuple(template.Rule(kinds[row.Holds], int(row.Limit)) for row in table.itertuples())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the layout", max_chars=60, key="layout-name")
        layout = template.Template(name.strip(), one.sheet.shape[0], rules)
        st.button("Keep layout", icon=":material/save:", on_click=_keep, args=(layout,))
    notices.show_notice(KEPT)


def _keep(layout: template.Template) -> None:
    try:
        notices.attempt(template.keep, layout, place=KEPT, done=f"Kept: {words.escape_markdown(layout.name)}.")
    except template.TemplateError as error:
        notices.refuse(str(error), KEPT)

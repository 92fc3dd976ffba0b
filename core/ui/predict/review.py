"""Many pictures on one page: how many are right, a table to choose from, and one after the other to be checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from core import words
from core.figures import digit_images
from core.reading.batch import (
    NOTHING,
    Adjustment,
    Batch,
    Group,
    Item,
    RefusedFile,
    parse_answer,
    show_name,
    tabulate,
    to_csv,
)
from core.ui import notices, widgets
from core.ui.predict import adjust, answer

ROW = 44  # pixels: height of a table's row
HEAD = 37  # pixels: height of the table's head, with its borders
MOST_ROWS = 6  # that are seen at once: the details below stay in sight
CHOSEN = "rgba(79, 179, 217, .22)"  # the row whose details are shown, on paper and on ink

memory = st.session_state


def sum_up(pictures: Batch) -> None:
    """How many were read, how many wait to be checked, and how many are right where names carry the digit."""
    items = pictures.items
    refused = sum(isinstance(item, RefusedFile) for item in items)
    checked = sum(Group.CHECKED.holds(item) for item in items)
    parts = [f"**{words.count(len(items) - refused, 'picture')} read**"]
    parts += [f"{refused} refused"] if refused else []
    parts += [f"{len(pictures.waiting)} not read yet"] if pictures.waiting else []
    parts += [f"{sum(Group.TO_CHECK.holds(item) for item in items)} to check"]
    parts += [f"{checked} checked"] if checked else []
    st.markdown(f"{', '.join(parts)}. {_score(items)}")


def save(pictures: Batch) -> None:
    """What was read and what a person says of it, to take away."""
    st.download_button(
        "Save CSV",
        to_csv(pictures.items),
        "digits.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="One line a picture: the answer as it was read, what you corrected, and what counts in the end. A "
        "spreadsheet makes 7 of 007, unless you tell it on import that these columns are text.",
    )


def _score(items: list[Item]) -> str:
    """How many are right as they were read, and after what a person put right; empty where no name carries a digit."""
    read = [item for item in items if not isinstance(item, RefusedFile)]
    labelled = [item for item in items if replace(item, checked=None).is_right is not None]
    if not labelled:
        return ""
    first = sum(bool(replace(item, checked=None).is_right) for item in labelled)
    final = sum(bool(item.is_right) for item in labelled)
    share = f"{first} right ({words.percent(first / len(labelled), 1)}), {len(labelled) - first} misread"
    sentence = share if first < len(labelled) else "right" if first == 1 else f"all {first} right"
    after = f" After your corrections {final} of {len(labelled)} are right." if final != first else ""
    return f"{len(labelled)} of {len(read)} carry their digit in the name of the file or folder: **{sentence}**.{after}"


def show(pictures: Batch) -> None:
    """The table over the full width, and below it the chosen picture with what one says of it."""
    ask_for_group(pictures)
    if not pictures.shown:
        st.caption("Nothing is left here.")
        return
    show_table(pictures)
    chosen = next(item for item in pictures.shown if item.key == pictures.chosen)
    check(pictures, chosen)
    show_details(pictures, chosen)


def ask_for_group(pictures: Batch) -> None:
    """Which pictures to show, with how many they are."""
    items = pictures.items
    counts = {group: sum(map(group.holds, items)) for group in Group}
    always = (Group.ALL, Group.TO_CHECK, pictures.group)
    memory.group = pictures.group
    st.segmented_control(
        "Show",
        [group for group in Group if counts[group] or group in always],
        format_func=lambda group: f"{group} ({counts[group]})",
        required=True,
        key="group",
        on_change=lambda: pictures.show(Group(memory.group)),
        label_visibility="collapsed",
    )


def show_table(pictures: Batch) -> None:
    """The files as a table to sort and to choose from: a click anywhere in a row, or the arrow keys, choose it."""
    items = pictures.shown
    keys = [item.key for item in items]
    at = keys.index(pictures.chosen) if pictures.chosen else 0
    table = tabulate(items)
    thumbnails = map(pictures.thumbnail, keys)
    table.insert(0, "picture", [digit_images.as_data_url(png) if png else "" for png in thumbnails])
    # An empty cell would not say whether the picture was refused or held no digit.
    table["answer"] = table["answer"].where(table["answer"] != "", table["verdict"].replace("error", "refused"))
    table["right"] = table["right"].map({True: "Right", False: "Misread"}).fillna("")
    table["checked"] = [_say_checked(item) for item in items]
    # A style sets the words of a cell and leaves the number below to sort by.
    style = table.style.format({"confidence": words.probability}, na_rep=words.NONE)
    columns = ["picture", "answer", "checked", "right", "confidence", "file", "remark"]
    unused = {name for name in ("checked", "right") if not table[name].any()}
    # The cell that was clicked last may be in another row now. None is, where one clicked outside the table.
    clicked = memory.files["selection"]["cells"] if "files" in memory else []
    if clicked and clicked[0][0] != at:
        memory.files = {"selection": {"rows": [], "columns": [], "cells": [(at, clicked[0][1])]}}
    st.dataframe(
        style.set_properties(subset=([at], columns), **{"background-color": CHOSEN}),
        hide_index=True,
        on_select=partial(_choose_row, pictures, keys),
        selection_mode="single-cell",
        key="files",
        row_height=ROW,
        height=HEAD + ROW * min(len(items), MOST_ROWS),
        column_order=[name for name in columns if name not in unused],
        column_config={
            "picture": widgets.picture_column("Picture", width=60),
            "answer": st.column_config.TextColumn("Answer", width=95),
            "checked": st.column_config.TextColumn("Checked", width=85),
            "right": st.column_config.TextColumn("Right?", width=75),
            "confidence": st.column_config.NumberColumn("Confidence", width=92),
            "file": st.column_config.TextColumn("File", width=170),
            "remark": st.column_config.TextColumn("Remark", width="large"),
        },
        placeholder=words.NONE,
        alt="What was read in each file",
    )


def _choose_row(pictures: Batch, keys: list[str]) -> None:
    cells = memory.files["selection"]["cells"]
    if cells:
        pictures.choose(keys[cells[0][0]])


def _say_checked(item: Item) -> str:
    """A tick for a picture that a person looked at, with what it shows where that is not what was read."""
    if item.checked is None:
        return ""
    return "✓" if item.checked == item.text else f"✓ {item.checked or NOTHING}"


def check(pictures: Batch, chosen: Item) -> None:
    """One after the other: to the next and the previous one, and a place to type what the picture shows."""
    keys = [item.key for item in pictures.shown]
    at = keys.index(chosen.key)
    steps, form = st.columns(2, gap="medium", vertical_alignment="bottom")
    with steps:
        st.markdown(f"**{at + 1} of {len(keys)}** · {words.escape_markdown(show_name(chosen.name, 40))}")
        with st.container(horizontal=True):
            st.button("Previous", shortcut="Alt+Up", disabled=at == 0, on_click=pictures.step, args=(-1,))
            st.button("Next", shortcut="Alt+Down", disabled=at == len(keys) - 1, on_click=pictures.step, args=(1,))
            st.button("Undo", icon=":material/undo:", disabled=not pictures.can_undo, on_click=pictures.undo)
    with (
        form,
        st.form("check", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(
            "What does it show? Enter alone: as it was read",
            key="shows",
            placeholder=chosen.final or NOTHING,
            help="Type the right digits and press Enter to correct the table and the CSV; “no” for no digit. "
            "Then comes the next picture.",
        )
        st.form_submit_button("Check", on_click=_check, args=(pictures,))
    notices.show_notice("shows-refused")


def _check(pictures: Batch) -> None:
    try:
        pictures.check_and_go_on(parse_answer(memory.shows))
    except ValueError as error:
        notices.refuse(str(error), "shows-refused")


@dataclass(frozen=True)
class _PutRight:
    """Tells a batch which digits of a picture a person puts right."""

    pictures: Batch
    key: str

    def said(self, at: int) -> int | None:
        return self.pictures.put_right(self.key, at)

    def say(self, at: int, label: int | None) -> None:
        self.pictures.correct(self.key, at, label)


def show_details(pictures: Batch, item: Item) -> None:
    """One picture: its answer, or why it was refused."""
    if isinstance(item, RefusedFile):
        st.error(words.escape_markdown(f"{show_name(item.name)}: {item.remark}"), icon=":material/broken_image:")
        return
    answer.show_given(
        partial(pictures.reading, item.key),
        item.name,
        "upload",
        "As given",
        adjust.Adjusting(item.key, item.adjustment, partial(_adjust, pictures, item.key)),
        _PutRight(pictures, item.key),
    )


def _adjust(pictures: Batch, key: str, adjustment: Adjustment) -> None:
    pictures.adjust(key, adjustment)
    pictures.read(key)  # now, even where others wait because somebody stopped them

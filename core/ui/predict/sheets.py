"""Photographs of forms, tables and grids: each becomes a table beside its picture, to be checked and taken away."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from core import words
from core.reading import sources
from core.reading.batch import show_name
from core.sheets import export, stack, sums
from core.ui import notices, resources, widgets
from core.ui.predict import corners, forms, layouts, sheet_picture

if TYPE_CHECKING:
    from core.sheets.sheet import Sheet
    from core.sheets.stack import InHand, Place

LARGEST = 200  # MB: a zip or a PDF of many sheets
KEPT = "sheet-kept"  # where it is said that digits were kept
TASKS = {"read": "Read a photograph", "print": "Print a form"}
ROW = 35  # pixels: height of a table's row
MOST_ROWS = 14  # that are seen at once
DOUBT_STYLE = "background-color: rgba(255, 180, 60, .35)"  # to be read on white and on black

memory = st.session_state


def show() -> None:
    """The sheets that were sent, and the one that is looked at; or a form to print."""
    task = widgets.choice("What to do", list(TASKS), "sheet_task", format_func=TASKS.__getitem__, in_address=False)
    if task == "print":
        forms.show()
        return
    layouts.choose()
    st.file_uploader(
        "Drop photographs of forms, tables or grids here, or choose them",
        accept_multiple_files=True,
        max_upload_size=LARGEST,
        key=f"sheets-{memory.setdefault('sheets_version', 0)}",
        on_change=take_in,
    )
    st.caption(
        f"Pictures, or zips and PDFs of many. Up to {LARGEST} MB a file. Nothing is stored: sheets are forgotten when "
        "you leave or reload the page, except digits you keep in My digits."
    )
    take_over()
    read_waiting()
    if memory.get("sheet_by_itself"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("This shows a table, so it is read as a sheet.")
            st.button("Read it as one digit or a number", icon=":material/undo:", on_click=_go_back)
    sheets: list[InHand] = memory.setdefault("sheets", [])
    if not sheets:
        st.caption(
            "A photograph of the whole page is enough: it is straightened, its cells are found and read, and what is "
            "not sure is marked. Rules are not needed where numbers stand in rows and columns."
        )
        return
    one = choose_sheet(sheets)
    if one.sheet is None:
        st.error(words.escape_markdown(f"{show_name(one.name)}: {one.refused}"), icon=":material/broken_image:")
    else:
        show_sheet(one)
        if one.sheet.is_collection:
            forms.show_collected(one)
    take_away(one, sheets)


def take_over() -> None:
    """Pictures that were sent elsewhere on the page, to be read as sheets."""
    if handed := memory.pop("sheets_handed", None):
        memory.setdefault("sheets_waiting", []).extend(sources.find_in_files(handed).sources)


def _go_back() -> None:
    """A person wants what showed a table read as any other picture."""
    memory.sheet_by_itself = False
    memory.expect = "auto"


def take_in() -> None:
    """What a person sent waits to be read; what was taken out of the uploader goes."""
    given = memory[f"sheets-{memory.sheets_version}"] or []
    waiting: list[sources.Source] = memory.setdefault("sheets_waiting", [])
    seen: set[str] = memory.setdefault("sheets_seen", set())
    for file in given:
        if file.file_id not in seen:
            seen.add(file.file_id)
            waiting += sources.find_in_files([(file.name, file.getvalue())]).sources


def read_waiting() -> None:
    """Read what is new, sheet by sheet; what was read stays whatever comes after it."""
    waiting: list[sources.Source] = memory.get("sheets_waiting", [])
    if not waiting:
        return
    sheets: list[InHand] = memory.setdefault("sheets", [])
    place, total = st.empty(), len(waiting)
    while waiting:
        source = waiting[0]
        said = f"{words.escape_markdown(show_name(source.name, 40))}"
        many = f" ({total - len(waiting) + 1} of {total})" if total > 1 else ""
        with place.container():
            sheets.append(stack.take(source.name, source.load, partial(_read, said + many)))
        waiting.pop(0)
    place.empty()
    memory.sheet_file = len(sheets) - total
    look_at(sheets[memory.sheet_file].next_doubtful(None))


def _read(said: str, content: bytes) -> Sheet:
    """Read one sheet; the straightened picture is shown as soon as there is one, then how many cells are read."""
    from core.reading import picture
    from core.sheets import layout, reader
    from core.sheets.settings import SHEET

    model = resources.model_in_use()
    bar = st.progress(0.0, f"Looking for a table in {said} …")
    found = layout.find_layout(model, picture.read(content, SHEET.side))
    if found is None:
        return reader.read_other(model, picture.read(content))
    st.image(found.straight.colours, width=420, alt="The straightened sheet")
    cells = []
    for cell in reader.read_cells(model, found):
        cells.append(cell)
        bar.progress(len(cells) / len(found.cells), f"Reading {said}: cell {len(cells)} of {len(found.cells)}")
    return layouts.apply(reader.conclude(model, found, tuple(cells)))


def choose_sheet(sheets: list[InHand]) -> InHand:
    """The sheet that is looked at; of several a person chooses, those with most to check first."""
    if len(sheets) == 1:
        return sheets[0]
    order = sorted(range(len(sheets)), key=lambda at: -len(sheets[at].doubtful))
    if memory.get("sheet_file") not in order:
        memory.sheet_file = order[0]
    at = st.selectbox(
        "Sheet",
        order,
        format_func=lambda at: f"{show_name(sheets[at].name, 50)} ({_sum_up(sheets[at])})",
        key="sheet_file",
        on_change=lambda: look_at(None),
    )
    return sheets[at]


def _sum_up(one: InHand) -> str:
    return "refused" if one.sheet is None else f"{len(one.doubtful)} to check" if one.doubtful else "nothing to check"


def look_at(place: Place | None) -> None:
    """Show one cell's crop and reading."""
    memory.sheet_cell = place


def show_sheet(one: InHand) -> None:
    """One sheet: its picture, the cell that is looked at, and the table."""
    assert one.sheet is not None, "a refused file has no picture"
    if one.sheet.remark:
        st.info(one.sheet.remark, icon=":material/info:")
    rows, columns = one.sheet.shape
    left, right = st.columns(2, gap="large")
    with left:
        sheet_picture.show(one, memory.get("sheet_cell"), look_at)
    with right:
        still = f"**{len(one.doubtful)} to check**, marked with a question mark" if one.doubtful else "nothing to check"
        size = f"{words.count(rows, 'row')}, {words.count(columns, 'column')}"
        st.markdown(f"{size}: {still}.")
        check_cell(one)
        show_table(one)
        show_sums(one)
        layouts.offer(one)
    corners.offer(one, read_again)


def read_again(one: InHand, content: bytes) -> None:
    """Read a sheet anew; what a person said of its cells is forgotten, for they are other cells."""
    sheets: list[InHand] = memory.sheets
    with st.empty().container():
        anew = stack.take(one.name, lambda: content, partial(_read, words.escape_markdown(show_name(one.name, 40))))
    anew.load = one.load
    sheets[sheets.index(one)] = anew
    memory.sheet_edits = memory.get("sheet_edits", 0) + 1
    look_at(anew.next_doubtful(None))


def check_cell(one: InHand) -> None:
    """The cell that is looked at: its crop, what was read, and a place to type what it shows; Enter goes on to the next
    cell that is not sure."""
    place: Place | None = memory.get("sheet_cell")
    cell = one.cell(place) if place else None
    if cell is None or one.sheet is None or place is None:
        st.button(
            "Next to check", icon=":material/arrow_forward:", disabled=not one.doubtful, on_click=_go_on, args=(one,)
        )
        return
    x, y, wide, high = cell.box
    picture, words_ = st.columns([0.4, 0.6], vertical_alignment="center")
    with picture:
        st.image(one.sheet.picture[y : y + high, x : x + wide], width=180, alt="The cell, cut out")
    with words_:
        st.markdown(f"**Row {place[0] + 1}, column {place[1] + 1}**")
        st.caption(words.escape_markdown(cell.remark) or "Nothing is written here.")
        if cell.digits:
            seen = np.concatenate([digit.image for digit in cell.digits], axis=1)
            large = cv2.resize(seen, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
            st.image(large, "What the model saw", alt="The cell's digits, 28 by 28 pixels each")
    with st.form("cell", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "What stands here? Enter goes on to the next to check",
            one.rows[place[0]][place[1]],
            key=f"cell-{one.name}-{place}-{memory.get('sheet_edits', 0)}",
        )
        st.form_submit_button("Check", on_click=_check, args=(one, place))


def _check(one: InHand, place: Place) -> None:
    one.say(place, memory[f"cell-{one.name}-{place}-{memory.get('sheet_edits', 0)}"])
    memory.sheet_edits = memory.get("sheet_edits", 0) + 1
    look_at(one.next_doubtful(place) or place)


def _go_on(one: InHand) -> None:
    look_at(one.next_doubtful(memory.get("sheet_cell")))


def show_table(one: InHand) -> None:
    """The table: a click on a cell shows it; a switch makes all of it a table to type into."""
    columns = [str(column + 1) for column in range(len(one.rows[0]))]
    height = ROW * (min(len(one.rows), MOST_ROWS) + 1) + 3
    alt = "What was read; a question mark stands behind what should be checked"
    if st.toggle("Type into the table", key="sheet-typing"):
        edit_table(one, columns, height, alt)
        return
    frame = _to_frame(one.marked, columns)
    doubtful = set(one.doubtful)

    def colour(table: pd.DataFrame) -> pd.DataFrame:
        styles = [
            [DOUBT_STYLE if (row, at) in doubtful else "" for at in range(len(columns))] for row in range(len(table))
        ]
        return pd.DataFrame(styles, index=table.index, columns=table.columns)

    key = f"sheet-look-{one.name}-{memory.get('sheet_edits', 0)}"
    st.dataframe(
        frame.style.apply(colour, axis=None),
        key=key,
        on_select=partial(_take_click, key),
        selection_mode="single-cell",
        column_config={name: st.column_config.TextColumn(name, width=64) for name in columns},
        height=height,
        alt=alt,
    )


def _take_click(key: str) -> None:
    for row, column in memory[key]["selection"]["cells"]:
        look_at((int(row), int(column) - 1))


def _to_frame(rows: list[list[str]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    frame.index = pd.RangeIndex(1, len(rows) + 1)
    return frame


def edit_table(one: InHand, columns: list[str], height: int, alt: str) -> None:
    """The table to type into. It stays as it is while a person types; what is said elsewhere makes it anew."""
    made_of = one.name, memory.get("sheet_edits", 0)
    if memory.get("sheet_table", (None,))[0] != made_of:
        memory.sheet_table = made_of, one.marked
    key = f"sheet-table-{made_of}"
    st.data_editor(
        _to_frame(memory.sheet_table[1], columns),
        key=key,
        on_change=_take_edits,
        args=(one, key),
        column_config={name: st.column_config.TextColumn(name, width=64) for name in columns},
        height=height,
        alt=alt,
    )


def _take_edits(one: InHand, key: str) -> None:
    for row, changes in memory[key]["edited_rows"].items():
        for column, text in changes.items():
            one.say((int(row), int(column) - 1), text or "")


def show_sums(one: InHand) -> None:
    """Written sums that don't fit, and, where a person wants them, the sums of all rows and columns."""
    for wrong in (found for found in sums.find_sums(one.rows) if not found.fits):
        st.warning(wrong.sentence, icon=":material/functions:")
    if not st.toggle("Sums of rows and columns", key="sheet-sums"):
        return
    rows = one.rows
    across = [str(sums.total(row)) for row in rows]
    down = [str(sums.total(column)) for column in zip(*rows, strict=True)]
    st.dataframe(pd.DataFrame({"Row": range(1, len(rows) + 1), "Sum": across}), hide_index=True, alt="Sums of the rows")
    st.dataframe(
        pd.DataFrame({"Column": range(1, len(down) + 1), "Sum": down}), hide_index=True, alt="Sums of the columns"
    )


def take_away(one: InHand, sheets: list[InHand]) -> None:
    """The table as files, what was put right for My digits, and an empty page."""
    rows = stack.join(sheets) if len(sheets) > 1 else one.rows
    with st.container(horizontal=True):
        save = partial(st.download_button, icon=":material/download:", on_click="ignore")
        save("CSV", export.to_csv(rows).encode("utf-8-sig"), "sheet.csv", "text/csv", key="sheet-csv")
        save("JSON", export.to_json(sheets), "sheet.json", "application/json", key="sheet-json")
        if one.sheet is not None:
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            save("XLSX", partial(export.to_xlsx, one), "sheet.xlsx", kind, key="sheet-xlsx")
            save("PNG", partial(export.to_png, one), "sheet.png", "image/png", key="sheet-png")
        lessons = one.lessons
        if lessons:
            st.button(
                f"Keep {words.count(len(lessons), 'corrected digit')} in My digits",
                icon=":material/school:",
                on_click=_keep,
                args=(one,),
                help="Keeps what the model saw of the digits that you put right, your answers and the time, on the "
                "computer this app runs on, shared by everyone who opens it.",
            )
        st.button("Forget the sheets", icon=":material/delete:", on_click=forget)
    notices.show_notice(KEPT)


def _keep(one: InHand) -> None:
    sheet, mine = one.sheet, resources.corrections()
    if sheet is None:
        return

    def keep() -> None:
        for image, label, said in one.lessons:
            mine.keep((image * 255).round().astype("uint8"), label, said, sheet.model, sheet.version)

    notices.attempt(keep, place=KEPT, done=f"Kept in My digits: {words.count(len(one.lessons), 'digit')}.")


def forget() -> None:
    """Back to an empty page, the uploader too."""
    for name in (
        "sheet_by_itself",
        "sheets",
        "sheets_waiting",
        "sheets_seen",
        "sheet_cell",
        "sheet_file",
        "sheet_table",
    ):
        memory.pop(name, None)
    memory.sheets_version += 1

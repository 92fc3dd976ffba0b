"""The confusion matrix, and the pictures behind the chosen cell beside it."""

from __future__ import annotations

import streamlit as st

from core import words
from core.evaluation.report import ERROR_ORDERS
from core.figures import evaluation_charts
from core.ui import shell, widgets
from core.ui.evaluate import look, pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed

memory = st.session_state


@st.fragment
def show(shown: Shown) -> None:
    """The matrix on the left, a cell's pictures on the right; opens on the pair that is confused most."""
    rerun_when_model_changed()
    _choose_cell(shown)
    left, right = st.columns([3, 2] if shell.is_presenting() else [1, 1], gap="large")
    with left:
        _show_matrix(shown)
    with right:
        _show_cell(shown)


def _choose_cell(shown: Shown) -> None:
    """The worst pair of another model or other data; else the cell that was clicked since the last look."""
    worst = shown.evaluation.report.worst_pair()
    if memory.get("cell_of") != shown.evaluation.source:
        from_link = _cell_in_address() if "cell_of" not in memory else None
        memory.cell_of = shown.evaluation.source
        memory.true_digit, memory.read_digit = from_link or worst
        _forget_click()
    elif (clicked := _clicked_cell()) and clicked != memory.last_click:
        memory.last_click = clicked
        memory.true_digit, memory.read_digit = clicked
    memory.setdefault("true_digit", worst[0])
    memory.setdefault("read_digit", worst[1])


def _show_matrix(shown: Shown) -> None:
    answers = shown.evaluation.report
    with st.container(key="matrix_ways"):  # on a phone and for a room it stands below the matrix
        view = widgets.choice("Show", evaluation_charts.MATRIX_VIEWS, key="matrix_view", in_address=False)
        hide = st.toggle(
            "Hide the right answers", key="matrix_hide", help="Leaves the diagonal empty.", persist_state="session"
        )
    true, read = answers.worst_pair()
    chart = evaluation_charts.confusion_matrix(
        answers, view, hide, (memory.true_digit, memory.read_digit), dark=shell.is_dark()
    )
    with st.container(key="matrix"):  # look.STYLE says how high: as high as the screen has room
        st.altair_chart(
            chart,
            height="stretch",
            key=f"matrix-{memory.matrix_number}",
            on_select="rerun",
            selection_mode="cell",
            alt=f"Confusion matrix, {shown.evaluation.source}. Most frequent: {true} read as {read}, "
            f"{words.count(int(answers.confusion[true, read]), 'picture')}.",
        )


def _show_cell(shown: Shown) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _ask_for_digit("True digit", "true_digit", help="The same as clicking a cell of the matrix.")
        read = _ask_for_digit("Read as", "read_digit")
        order = st.selectbox("Show first", ERROR_ORDERS, key="cell_order", width=160, persist_state="session")
    members = shown.behind_cell(true, read, order)
    verb = "read right" if true == read else f"read as {read}"
    look.heading(f"{true} {verb}: {words.count(len(members), 'picture')}")
    if members:
        pictures.show_gallery(shown, members, f"cell-{true}-{read}-{order}", beside=False)
    else:
        st.markdown(f"No {true} was {verb}. Choose another cell.")


def _ask_for_digit(label: str, key: str, help: str | None = None) -> int:
    return st.selectbox(
        label,
        range(10),
        key=key,
        width=110,
        help=help,
        on_change=_forget_click,
        persist_state="session",
        bind="query-params",
    )


def _cell_in_address() -> tuple[int, int] | None:
    """The cell that a link names, as (true, read), or None."""
    found = [st.query_params.get(key, "") for key in ("true_digit", "read_digit")]
    if all(len(digit) == 1 and digit in "0123456789" for digit in found):
        return int(found[0]), int(found[1])
    return None


def _forget_click() -> None:
    """Start with a new matrix: the old one would keep quiet when the cell that is selected in it is clicked again."""
    memory.last_click = None
    memory.matrix_number = memory.get("matrix_number", 0) + 1


def _clicked_cell() -> tuple[int, int] | None:
    """The cell selected in the matrix, as (true, predicted), or None."""
    state = memory.get(f"matrix-{memory.matrix_number}") or {}
    points = state.get("selection", {}).get("cell") or []
    return (int(points[-1]["true"]), int(points[-1]["predicted"])) if points else None

"""All runs in a table: tick several to compare their curves, tick one to use, download, rename or delete it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import words
from core.figures import training_charts
from core.network import checkpoint
from core.training import runs, wording
from core.training.runs import Run, UnreadableRun
from core.ui import notices, resources
from core.ui.model_choice import offer_model
from core.ui.notices import attempt
from core.ui.train import downloads, form

PLACE = "runs_notice"  # where it is said what a click here led to
COLUMNS = ["Run", "Validation accuracy", "Curve", "Status", "Duration", "Settings", "Parameters", "Started"]
CURVE_EPOCHS = 60  # of the small curve in a row: the latest
ROW_HEIGHT, MOST_HEIGHT = 35, 400  # pixels

memory = st.session_state


def show() -> None:
    """The table, also of runs that can't be read; the curves of the ticked ones, and what can be done with one."""
    st.subheader("Runs", anchor=False)
    snapshot = resources.training_job().snapshot()
    live = snapshot.run.id if snapshot.run and snapshot.is_live else ""
    listed = [run for run in runs.list_all() if run.id != live]
    if not listed:
        notices.show_notice(PLACE)
        st.caption("Runs appear here once they have ended, with their settings, accuracy and curve.")
        return
    ticked = _show_table(listed)
    if not ticked:
        st.caption("Tick one run to use, rename, download or delete it; tick several to compare their curves.")
    readable = [run for run in ticked if isinstance(run, Run)]
    for run in ticked:
        if isinstance(run, UnreadableRun):
            st.warning(run.reason, icon=":material/warning:")
    _show_curves(readable)
    with st.container():  # empty or not: what stands below keeps its place
        notices.show_notice(PLACE)
    if len(ticked) == len(readable) == 1:
        _show_run(readable[0])


def _show_table(listed: Sequence[Run | UnreadableRun]) -> list[Run | UnreadableRun]:
    """One row a run, the newest first; gives the ticked ones."""
    event = st.dataframe(
        _tabulate(listed),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs-{hash(tuple(run.id for run in listed))}",
        height=min(MOST_HEIGHT, 38 + ROW_HEIGHT * len(listed)),
        column_config={
            "Run": st.column_config.TextColumn(width=140),  # by itself as wide as the first names, others are cut off
            "Validation accuracy": st.column_config.NumberColumn(format=words.COLUMN),
            "Curve": st.column_config.LineChartColumn(width="small", help="Validation accuracy by epoch"),
        },
        placeholder="–",
    )
    return [listed[row] for row in event["selection"]["rows"] if row < len(listed)]


def _tabulate(listed: Sequence[Run | UnreadableRun]) -> pd.DataFrame:
    in_use = checkpoint.in_use()
    rows = [_describe(run, in_use) if isinstance(run, Run) else _excuse(run) for run in listed]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"Validation accuracy": "float64", "Parameters": "Int64"})


def _describe(run: Run, in_use: str) -> dict[str, Any]:
    return {
        "Run": run.name,
        "Validation accuracy": run.best.validation_accuracy * 100 if run.best else None,
        "Curve": [epoch.validation_accuracy for epoch in run.epochs][-CURVE_EPOCHS:],
        "Status": "In use" if run.model == in_use else run.status.capitalize(),
        "Duration": words.duration(run.seconds) if run.epochs else "–",
        "Settings": wording.describe(run),
        "Parameters": run.parameters,
        "Started": run.created.replace("T", " ")[:19],
    }


def _excuse(run: UnreadableRun) -> dict[str, Any]:
    return {"Run": run.id, "Status": "Unreadable", "Settings": run.reason}


def _show_curves(ticked: Sequence[Run]) -> None:
    """Validation accuracy of the ticked runs, as far as they finished an epoch."""
    names = [run.name for run in ticked]  # runs made in a terminal may share a name
    best, histories = {}, {}
    for run in ticked:
        if run.best:
            name = run.name if names.count(run.name) == 1 else f"{run.name} {run.created[11:19]}"
            best[name], histories[name] = run.best.validation_accuracy, run.epochs
    if histories:
        st.altair_chart(
            training_charts.draw_runs(histories),
            width="stretch",
            alt="Validation accuracy by epoch. "
            + "; ".join(f"{name}: best {words.percent(best[name])}" for name in best),
        )


def _show_run(run: Run) -> None:
    st.markdown(f"**{words.escape_markdown(run.name)}** · {run.sentence}  \n:small[{wording.describe(run)}]")
    with st.container(horizontal=True):
        if run.model and run.model in checkpoint.names():
            offer_model(run.model, PLACE)
            downloads.offer(run.model, run, PLACE)
        if not run.base:
            st.button(
                "Use its settings", icon=":material/tune:", on_click=_take_settings, args=(run,), key="take-settings"
            )
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", value=run.name, key=f"name-{run.id}", max_chars=80)
            st.button("Rename", key=f"rename-{run.id}", on_click=_rename, args=(run,))
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown(
                f"Delete **{words.escape_markdown(run.name)}**, its curves and its weights? This can't be undone."
            )
            st.button(
                "Yes, delete it",
                type="primary",
                key=f"delete-{run.id}",
                on_click=attempt,
                args=(runs.delete, run),
                kwargs={"place": PLACE, "done": f"{run.name} is deleted."},
            )


def _take_settings(run: Run) -> None:
    form.take_settings(run.settings)
    notices.note(
        f"The settings above are those of {words.escape_markdown(run.name)} now: Start begins a new run with them.",
        PLACE,
    )


def _rename(run: Run) -> None:
    name = memory[f"name-{run.id}"].strip()
    attempt(
        runs.rename,
        run,
        name,
        place=PLACE,
        done=f"{words.escape_markdown(run.name)} is called {words.escape_markdown(name)} now.",
    )

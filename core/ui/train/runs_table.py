"""All runs in a table: tick several to compare or delete them, tick one to use, download, rename or delete it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import words
from core.figures import training_charts
from core.figures.training_charts import AXES, FIGURES
from core.network import checkpoint
from core.training import runs, wording
from core.training.job import Live
from core.training.runs import Run, RunError, UnreadableRun
from core.training.wording import FIELDS
from core.ui import notices, resources, shell, visitor
from core.ui.model_choice import offer_model
from core.ui.notices import attempt
from core.ui.train import detector, downloads, form, history
from core.ui.widgets import choice

PLACE = "runs_notice"  # where it is said what a click here led to
COLUMNS = ["Run", "Validation accuracy", "Curve", "Status", "Duration", "Settings", "Parameters", "Started"]
CURVE_EPOCHS = 60  # of the small curve in a row: the latest
ROW_HEIGHT, MOST_HEIGHT = 35, 400  # pixels

memory = st.session_state


def show() -> None:
    """The table, also of runs that can't be read; the curves of the chosen ones, and what can be done with them."""
    st.header("Runs", anchor=False)
    snapshot = resources.training_job().snapshot()
    live = snapshot.run.id if isinstance(snapshot, Live) else ""
    listed = [run for run in runs.list_all() if run.id != live]
    if not listed:
        notices.show_notice(PLACE)
        st.caption("Runs appear here once they have ended, with their settings, accuracy and curve.")
        return
    chosen = _choose(listed)
    readable = [run for run in chosen if isinstance(run, Run)]
    for run in chosen:
        if isinstance(run, UnreadableRun):
            st.warning(run.reason, icon=":material/warning:")
    _show_curves(readable)
    _show_differences(readable)
    with st.container():  # empty or not: what stands below keeps its place
        notices.show_notice(PLACE)
    if len(chosen) == len(readable) == 1:
        _show_run(readable[0])
    elif readable and visitor.is_owner():
        _offer_to_delete(readable)


def _choose(listed: Sequence[Run | UnreadableRun]) -> list[Run | UnreadableRun]:
    """The runs that are ticked in the table or chosen in the box above it, which works without a mouse."""
    by_id = {run.id: run for run in listed}
    table = f"runs-{hash(tuple(by_id))}"
    if table not in memory:  # a run was added or deleted: what was chosen stays so
        _tick(table, [list(by_id).index(run) for run in memory.get("chosen-runs", []) if run in by_id])
    memory["chosen-runs"] = [listed[row].id for row in memory[table]["selection"]["rows"] if row < len(listed)]
    names = _tell_apart(listed)
    st.multiselect(
        "Chosen runs",
        list(by_id),
        format_func=lambda run: names[run],
        key="chosen-runs",
        placeholder="Choose here, or tick rows of the table",
        help="Choose one to use, rename, download or delete it; several to compare or delete them.",
        wrap=False,
        on_change=lambda: _tick(table, [list(by_id).index(run) for run in memory["chosen-runs"]]),
    )
    _show_table(listed, table)
    return [by_id[run] for run in memory["chosen-runs"]]


def _tick(table: str, rows: list[int]) -> None:
    memory[table] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def _tell_apart(listed: Sequence[Run | UnreadableRun]) -> dict[str, str]:
    """A name for each run by its id: runs made in a terminal may share one, and then say when they began."""
    names = [run.name if isinstance(run, Run) else run.id for run in listed]
    return {
        run.id: f"{name} {run.created[11:19]}" if isinstance(run, Run) and names.count(name) > 1 else name
        for run, name in zip(listed, names, strict=True)
    }


def _show_table(listed: Sequence[Run | UnreadableRun], key: str) -> None:
    """One row a run, the newest first."""
    st.dataframe(
        _tabulate(listed),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        height=min(MOST_HEIGHT, 38 + ROW_HEIGHT * len(listed)),
        column_config={
            "Run": st.column_config.TextColumn(width=140),  # by itself as wide as the first names, others are cut off
            "Validation accuracy": st.column_config.NumberColumn(format=words.COLUMN),
            "Curve": st.column_config.LineChartColumn(
                width="small",
                help=f"Validation accuracy by epoch, from 0 to {words.percent(1, 0)} in every row",
                y_min=0,
                y_max=1,
            ),
        },
        placeholder="–",
    )


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


def _show_curves(chosen: Sequence[Run]) -> None:
    """One figure of the chosen runs, as far as they finished an epoch."""
    names = _tell_apart(chosen)
    finished = [run for run in chosen if run.epochs]
    if not finished:
        return
    with st.container(horizontal=True):
        figure = choice(
            "Figure", list(FIGURES), "runs-figure", format_func=lambda name: FIGURES[name], in_address=False
        )
        axis = choice("By", list(AXES), "runs-axis", format_func=lambda name: AXES[name], in_address=False)
    st.altair_chart(
        training_charts.draw_runs({names[run.id]: run.epochs for run in finished}, figure, axis, shell.is_dark()),
        width="stretch",
        alt=f"{FIGURES[figure]} by {AXES[axis].lower()}. Best validation accuracy: "
        + "; ".join(f"{names[run.id]} {words.percent(run.best.validation_accuracy)}" for run in finished if run.best),
    )
    if len(finished) > training_charts.FEW_COLOURS:
        st.caption("Point at a line to see which run it is.")


def _show_differences(chosen: Sequence[Run]) -> None:
    """A table of the settings in which several runs differ."""
    if len(chosen) < 2:
        return
    names = _tell_apart(chosen)
    differing = [name for name in FIELDS if len({getattr(run.settings, name) for run in chosen}) > 1]
    if not differing:
        st.caption("The settings of these runs are the same.")
        return
    rows = [
        {
            "Run": names[run.id],
            "Validation accuracy": words.percent(run.best.validation_accuracy if run.best else None),
            **{wording.label(name): wording.show(run.settings, name) for name in differing},
        }
        for run in chosen
    ]
    st.markdown("**What differs in their settings**")
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=min(MOST_HEIGHT, 38 + ROW_HEIGHT * len(rows)))


def _show_run(run: Run) -> None:
    st.markdown(f"**{words.escape_markdown(run.name)}** · {run.sentence}  \n:small[{wording.describe(run)}]")
    if run.model and not run.base:
        detector.show(run.model, PLACE)
    _offer_actions(run)
    history.offer(run, "run")


def _offer_actions(run: Run) -> None:
    """What can be done with a run."""
    with st.container(horizontal=True):
        if run.model and run.model in checkpoint.names():
            offer_model(run.model, PLACE)
            downloads.offer(run.model, run, PLACE)
        if not run.base:
            st.button(
                "Use its settings", icon=":material/tune:", on_click=_take_settings, args=(run,), key="take-settings"
            )
        if not visitor.is_owner():
            return
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", value=run.name, key=f"name-{run.id}", max_chars=checkpoint.LONGEST)
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
                kwargs={"place": PLACE, "done": f"{words.escape_markdown(run.name)} is deleted."},
            )


def _offer_to_delete(chosen: Sequence[Run]) -> None:
    """Delete several runs at once."""
    count = words.count(len(chosen), "run")
    with st.popover(f"Delete {count}", icon=":material/delete:"):
        st.markdown(f"Delete {count}, their curves and their weights? This can't be undone.")
        st.button(
            "Yes, delete them",
            type="primary",
            key="delete-chosen",
            on_click=attempt,
            args=(_delete, chosen),
            kwargs={"place": PLACE, "done": f"{count} deleted."},
        )


def _delete(chosen: Sequence[Run]) -> None:
    """Delete what can be deleted. Raises `RunError` with the reasons where something can't."""
    refused = []
    for run in chosen:
        try:
            runs.delete(run)
        except RunError as error:
            refused.append(str(error))
        except OSError as error:
            refused.append(f"{run.name}: {words.refused_by_disk(error)}")
    if refused:
        deleted = words.count(len(chosen) - len(refused), "run")
        raise RunError(f"{deleted} deleted; {len(refused)} not. {' '.join(dict.fromkeys(refused))}")


def _take_settings(run: Run) -> None:
    form.take_settings(run.settings)
    notices.note(
        f"The settings above are those of {words.escape_markdown(run.name)} now: Start begins a new run with them.",
        PLACE,
    )


def _rename(run: Run) -> None:
    name = form.normalise(memory[f"name-{run.id}"])
    attempt(
        runs.rename,
        run,
        name,
        place=PLACE,
        done=f"{words.escape_markdown(run.name)} is called {words.escape_markdown(name)} now.",
    )

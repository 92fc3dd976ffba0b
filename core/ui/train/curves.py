"""The curves of one run: loss, validation accuracy, learning rate."""

from __future__ import annotations

import streamlit as st

from core import words
from core.figures import export, training_charts
from core.training.job import Snapshot
from core.training.runs import Run
from core.ui import shell


def show(run: Run, snapshot: Snapshot) -> None:
    """Loss and validation accuracy side by side: of a live run over all that is planned, else over what was done."""
    steps, epochs, best = run.steps, run.settings.epochs, snapshot.best
    if not snapshot.is_live:
        steps, epochs = max(1, snapshot.step), len(snapshot.epochs)
    left, right = st.columns(2)
    with left:
        st.markdown(":small[**Loss** · each step, :primary[smoothed], :orange[validation]]")
        now = f"{snapshot.log_points[-1].loss:.3f} now" if snapshot.log_points else "no step yet"
        st.vega_lite_chart(
            export.specify(training_charts.draw_loss, snapshot.log_points, snapshot.epochs, steps, shell.is_dark()),
            width="stretch",
            key="loss",
            alt=f"Loss by step: {now}",
        )
    with right:
        st.markdown(":small[**Accuracy** on the validation digits, after each epoch]")
        st.vega_lite_chart(
            export.specify_once(training_charts.draw_accuracy, snapshot.epochs, epochs, best, shell.is_dark()),
            width="stretch",
            key="accuracy",
            alt=f"Validation accuracy by epoch: best {words.percent(best.validation_accuracy)}"
            if best
            else "No epoch finished yet",
        )


def show_learning_rate(snapshot: Snapshot, steps: int) -> None:
    """The learning rate at each step so far, over `steps` steps."""
    st.markdown(":small[**Learning rate** by step]")
    st.vega_lite_chart(
        export.specify(training_charts.draw_learning_rate, snapshot.log_points, steps, shell.is_dark()),
        width="stretch",
        key="rate",
        alt=f"Learning rate by step: {snapshot.learning_rate:.3g} now",
    )

"""The few figures one came for, and where they come from."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import words
from core.ui.evaluate.measured import Shown, show_source


def show(shown: Shown) -> None:
    """Accuracy, errors, loss and calibration of a labelled set; remarks, files left out and source of any set."""
    if shown.test_set.is_labelled:
        _show_figures(shown)
    if remarks := shown.test_set.remarks:
        st.info("  \n".join(map(words.escape_markdown, remarks)), icon=":material/info:")
    if skipped := shown.test_set.skipped:
        with st.expander(f"Files left out ({len(skipped):,})"):
            st.dataframe(
                pd.DataFrame([(entry.name, entry.why) for entry in skipped], columns=["File", "Why"]),
                hide_index=True,
            )
    show_source(shown.evaluation.source)


def _show_figures(shown: Shown) -> None:
    answers, temperature = shown.evaluation.report, shown.temperature
    low, high = answers.accuracy_interval
    with st.container(horizontal=True, gap="medium"):
        _show_figure(
            "Accuracy",
            words.percent(answers.accuracy),
            f"{words.percent(low)} to {words.percent(high)}",
            "Share of right answers. Below it the 95 % interval (Wilson): where the accuracy on many more such "
            "pictures would lie.",
        )
        _show_figure(
            "Errors",
            f"{answers.errors:,}",
            f"of {words.count(len(answers), 'picture')}",
            "How many answers differ from the label.",
        )
        if others := shown.evaluation.numbers + shown.evaluation.no_digit:
            _show_figure(
                "Not one digit",
                f"{others:,}",
                f"{words.count(shown.evaluation.numbers, 'number')}, {shown.evaluation.no_digit:,} without a digit",
                "Pictures in which this model reads a number, or no digit at all, as on Predict. They count neither as "
                "right nor as wrong. Errors lists them.",
            )
        _show_figure(
            "Loss",
            f"{answers.loss():.4f}",
            "nats, lower is better",
            "How surprised the model is by the right digit, on average; 0 would mean never. After temperature "
            f"scaling, see Confidence, it is {answers.loss(temperature):.4f}.",
        )
        _show_figure(
            "Calibration",
            answers.calibration_grade(temperature),
            f"confidence off by {words.percent(answers.calibration_error(temperature))}",
            "Expected calibration error: how far confidence and the share of right answers lie apart. "
            "Good below 1 %, fair below 3 %.",
        )


def _show_figure(label: str, value: str, note: str, text: str) -> None:
    """One figure of the headline, a note below it, the explanation behind its help mark."""
    st.metric(label, value, delta=note, delta_color="off", delta_arrow="off", help=text, width="content")

"""The main figures, and where they come from."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import words
from core.evaluation import verdicts
from core.evaluation.report import GRADED_FROM
from core.evaluation.verdicts import Outcome
from core.ui.evaluate.measured import Shown, show_source


def show(shown: Shown) -> None:
    """The figures of a labelled set; remarks, files left out and source of any set."""
    if shown.test_set.is_labelled:
        _show_figures(shown)
    if remarks := shown.test_set.remarks:
        st.info("  \n".join(map(words.escape_markdown, remarks)), icon=":material/info:")
    if skipped := shown.test_set.skipped:
        with st.expander(f"Files left out ({len(skipped):,})"):
            st.dataframe(
                pd.DataFrame([(entry.name, entry.why) for entry in skipped], columns=["File", "Why"]),
                hide_index=True,
                alt=f"{words.count(len(skipped), 'file')} left out, each with the reason why",
            )
    with st.container(key="fine_print"):  # on a phone and for a room it stands at the page's end
        if shown.test_set.is_labelled:
            st.caption(
                "Loss, calibration and every confidence on this page: after temperature scaling (temperature "
                f"{shown.temperature:g}, fitted on the model's validation split)."
            )
        show_source(shown.evaluation.source)


def _show_figures(shown: Shown) -> None:
    answers, temperature = shown.evaluation.report, shown.temperature
    low, high = answers.accuracy_interval
    counts = verdicts.count(shown.evaluation)
    with st.container(horizontal=True, gap="medium", key="headline"):
        _show_figure(
            "Accuracy",
            words.percent(answers.accuracy),
            f"{words.percent(low)} to {words.percent(high)}",
            "Share of right answers. Below it the 95 % interval (Wilson): other sets of as many such pictures would "
            "mostly give an accuracy in about this range.",
        )
        _show_figure(
            "Errors",
            f"{answers.errors:,}",
            f"of {words.count(len(answers), 'picture')}",
            "How many answers differ from the label.",
        )
        _show_figure(
            "Wrong but sure",
            f"{counts[Outcome.WRONG_SURE]:,}",
            f"{words.count(counts[Outcome.REFUSED], 'digit')} refused",
            "Errors that Predict would call sure: nothing warns of them. Below: digits of which Predict would say that "
            "they are none. Verdicts has all counts and the pictures.",
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
            f"{answers.loss(temperature):.4f}",
            "lower is better",
            "How surprised the model is by the right digit, on average; 0 would mean never. "
            "(Cross-entropy, with natural logarithms: the unit is the nat.)",
        )
        low, high = answers.calibration_interval(temperature)
        interval = f"{words.percent(low, 1)} to {words.percent(high, 1)}"
        _show_figure(
            "Calibration",
            answers.calibration_grade(temperature) or "Too few pictures",
            f"confidence off by {interval}",
            f"Expected calibration error, {words.percent(answers.calibration_error(temperature))} here with the 95 % "
            "interval below: how far confidence and the share of right answers lie apart. Good below 1 %, fair below "
            f"3 %. It comes out too high in small sets: fewer than {GRADED_FROM} pictures get no grade, nor does an "
            "interval that reaches from good to poor.",
        )


def _show_figure(label: str, value: str, note: str, text: str) -> None:
    """One figure of the headline, a note below it, the explanation behind its help mark."""
    st.metric(label, value, delta=note, delta_color="off", delta_arrow="off", help=text, width="content")

"""The scores of each digit: a sortable table and its chart."""

from __future__ import annotations

import streamlit as st

from core import words
from core.figures import evaluation_charts, evaluation_tables
from core.ui import shell
from core.ui.evaluate.measured import Shown

SHARES = {
    "Precision": "Of the answers that named this digit, the share that was right.",
    "Recall": "Of the pictures that show this digit, the share that was read right.",
    "F1": "The harmonic mean of precision and recall: high only when both are.",
}


def show(shown: Shown) -> None:
    """Precision, recall and F1 of each digit, and over all of them."""
    answers = shown.evaluation.report
    table, chart = st.columns([1, 1], gap="large")
    with table:
        scores = evaluation_tables.per_digit(answers, shown.test_set.others)
        scores = scores.drop(columns=[*evaluation_tables.RECALL_INTERVAL])  # the chart has them, and the CSV
        st.dataframe(
            scores.assign(**{name: 100 * scores[name] for name in SHARES}),
            hide_index=True,
            height="content",
            placeholder=words.NONE,
            column_config={
                **{
                    name: st.column_config.NumberColumn(format=words.COLUMN, help=text) for name, text in SHARES.items()
                },
                "Pictures": st.column_config.NumberColumn(format="localized", help="How many show this digit."),
                evaluation_tables.NOT_ONE_DIGIT: st.column_config.NumberColumn(
                    "Other", format="localized", help="How many more show it but were read as a number or as no digit."
                ),
            },
            alt="Precision, recall, F1 and number of pictures for each digit",
        )
        st.dataframe(
            evaluation_tables.averages(answers),
            hide_index=True,
            alt="Averages over the digits: "
            + "; ".join(
                f"{one.kind} precision {words.percent(one.precision)}, recall {words.percent(one.recall)}, F1 "
                f"{words.percent(one.f1)}"
                for one in answers.averages
            ),
        )
        st.caption(
            "Macro: each digit counts the same. Weighted: each as often as it is shown. The lines in the chart are "
            "95 % intervals."
        )
        st.caption("A dash: the model never gave this answer, or no picture shows this digit.")
    with chart:
        st.altair_chart(
            evaluation_charts.per_digit(answers, dark=shell.is_dark()),
            alt="Precision and recall of each digit: "
            + ", ".join(
                f"{score.digit}: {words.percent(score.precision)} and {words.percent(score.recall)}"
                for score in answers.per_digit
            ),
        )

"""Can its confidence be trusted? Reliability before and after the temperature, and what refusing would bring."""

from __future__ import annotations

import streamlit as st

from core import words
from core.evaluation.report import REFUSED_SHARES
from core.figures import evaluation_charts
from core.network import checkpoint
from core.ui import shell
from core.ui.evaluate.measured import Shown, show_source


def show(shown: Shown) -> None:
    """Reliability on the left, accuracy over refused answers on the right."""
    reliability, coverage = st.columns(2, gap="large")
    with reliability:
        _show_reliability(shown)
    with coverage:
        _show_coverage(shown)
    show_source(shown.evaluation.source)


def _show_reliability(shown: Shown) -> None:
    answers, temperature = shown.evaluation.report, shown.temperature
    st.subheader(
        "Is 90 % sure right nine times in ten?",
        help="On the dashed line, yes. Below it the model is overconfident, above it underconfident. Bins with few "
        "pictures, see the counts below, are noisy.",
    )
    before = words.percent(answers.calibration_error())
    after = words.percent(answers.calibration_error(temperature))
    kind = "overconfident" if temperature > 1 else "underconfident" if temperature < 1 else "well calibrated"
    st.markdown(
        f"Confidence was off by **{before}** on average; after temperature scaling it is off by **{after}**.",
        help="Expected calibration error over 15 bins of confidence.",
    )
    st.altair_chart(
        evaluation_charts.reliability(answers, temperature, dark=shell.is_dark()),
        width="content",
        alt=f"Reliability diagram; calibration error {before} before and {after} after.",
    )
    st.markdown(
        f"Temperature **{temperature:.2f}**: before scaling, the model was {kind}.",
        help="Logits are divided by it before they become probabilities. Fitted on the validation split, never on "
        "the test set. Answers stay the same; only confidence moves.",
    )
    _offer_to_store(shown)


def _offer_to_store(shown: Shown) -> None:
    """Say whether Predict uses the temperature; offer to store it where it doesn't yet."""
    if "temperature" in shown.card.facts:
        st.caption("It is stored with the model, and Predict uses it.")
        return
    if shown.evaluation.version != shown.card.version:
        return  # it was fitted for other weights than those that would get it
    st.caption("No temperature is stored with this model; Predict shows its confidence unscaled.")
    if st.button("Store it with the model", icon=":material/save:"):
        try:
            checkpoint.add_facts(shown.card.name, {"temperature": shown.temperature})
        except OSError as error:
            st.error(f"It could not be stored: {error.strerror}. Is models/ writable?", icon=":material/error:")
        else:
            st.rerun()


def _show_coverage(shown: Shown) -> None:
    answers, temperature = shown.evaluation.report, shown.temperature
    st.subheader("If it may refuse the least sure", help="The fewer answers it must give, the more of them are right.")
    st.markdown(
        "  \n".join(
            f"Refusing {words.percent(share, 0)}: "
            f"**{words.percent(answers.accuracy_when_refusing(share, temperature))}** of the rest are right"
            for share in REFUSED_SHARES
        )
    )
    st.altair_chart(
        evaluation_charts.coverage(answers, temperature, dark=shell.is_dark()),
        alt="Accuracy of the rest over the share of refused answers",
    )

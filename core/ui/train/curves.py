"""The curves of one run: loss, validation accuracy, learning rate."""

from __future__ import annotations

import streamlit as st

from core import words
from core.figures import export, training_charts
from core.figures.theme import ACCENT, QUIET, SECOND, TEXT, css
from core.training.job import Live, Over
from core.ui import run_words, shell

STYLE = """
<style>
.curve { display: flex; flex-wrap: wrap; gap: 0 .75em; font-size: .8125rem; margin: 0; }
.curve i { display: inline-block; width: 1.1em; border-top: .2em solid; vertical-align: middle; }
.curve i.dashed { border-top-style: dashed; }
</style>
"""


def show(snapshot: Live | Over) -> None:
    """Loss and validation accuracy side by side: of a live run over all that is planned, else over what was done."""
    best, is_dark = snapshot.best, shell.is_dark()
    steps, epochs = _reach(snapshot)
    learned = [("training digits", css(TEXT))] if any(epoch.learnt_loss for epoch in snapshot.epochs) else []
    left, right = st.columns(2)
    with left:
        st.html(
            _entitle(
                "Loss",
                ("each step", css(QUIET)),
                ("smoothed", css(ACCENT)),
                ("validation", css(SECOND)),
                *learned,
            )
        )
        now = run_words.loss(snapshot.log_points[-1].loss) + " now" if snapshot.log_points else "no step yet"
        st.vega_lite_chart(
            export.specify(
                training_charts.draw_loss,
                snapshot.log_points,
                snapshot.epochs,
                steps,
                snapshot.run.rate_changes,
                is_dark,
            ),
            width="stretch",
            key="loss",
            alt=f"Loss by step: {now}",
        )
    with right:
        st.html(_entitle("Accuracy", ("validation digits", css(ACCENT)), *learned))
        st.vega_lite_chart(
            export.specify_once(training_charts.draw_accuracy, snapshot.epochs, epochs, best, is_dark),
            width="stretch",
            key="accuracy",
            alt=f"Validation accuracy by epoch: best {words.percent(best.validation_accuracy)}"
            if best
            else "No epoch finished yet",
        )


def show_learning_rate(snapshot: Live | Over) -> None:
    """The learning rate at each step so far, over the same steps as the loss."""
    st.html(_entitle("Learning rate", ("by step", css(ACCENT))))
    st.vega_lite_chart(
        export.specify(
            training_charts.draw_learning_rate,
            snapshot.log_points,
            _reach(snapshot)[0],
            snapshot.run.rate_changes,
            shell.is_dark(),
        ),
        width="stretch",
        key="rate",
        alt=f"Learning rate by step: {snapshot.learning_rate:.3g} now",
    )


def _reach(snapshot: Live | Over) -> tuple[float, float]:
    """How far the axes go, in steps and in epochs."""
    if isinstance(snapshot, Over):
        return max(1, snapshot.step), len(snapshot.epochs)
    run = snapshot.run
    share = training_charts.reach(snapshot.step, run.steps) / max(1, run.steps)
    if run.settings.epochs * share < 10:  # whole numbers of few epochs would jump
        share = min(1.0, 10 / run.settings.epochs)
    return run.steps * share, run.settings.epochs * share


def _entitle(title: str, *lines: tuple[str, str]) -> str:
    """A chart's title, with the name of each of its lines behind a dash of its colour."""
    kinds = {"training digits": "dashed"}
    named = "".join(
        f'<span><i class="{kinds.get(name, "")}" style="border-color: {colour}"></i> {name}</span>'
        for name, colour in lines
    )
    return f'<p class="curve"><b>{title}</b>{named}</p>'

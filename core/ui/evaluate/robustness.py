"""How accuracy falls as the pictures are damaged, for one or several models."""

from __future__ import annotations

import functools

import streamlit as st

from core.evaluation import robustness
from core.evaluation.robustness import DAMAGES, Point
from core.figures import digit_images, evaluation_charts
from core.network import checkpoint
from core.ui import resources, shell
from core.ui.evaluate import curves
from core.ui.evaluate.measured import Shown, show_source

MOST_MODELS = 4  # lines a chart keeps apart

Todo = list[tuple[checkpoint.ModelCard, curves.Step]]


def show(shown: Shown) -> None:
    """Which models, a button to measure what is missing, and the curves."""
    as_read = f", as {shown.card.name} reads them, and they are" if shown.test_set.read_by else ","
    st.markdown(
        f"Accuracy on {min(robustness.SAMPLE, len(shown)):,} of these pictures as they are damaged more "
        f"and more. Every model gets the same pictures{as_read} damaged in the same way."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect(
            "Models",
            checkpoint.names(),
            default=[shown.card.name],
            max_selections=MOST_MODELS,
            key="robustness_models",
            persist_state="session",
        )
        cards = [resources.model_card(name) for name in names]
        todo = [(card, step) for card in cards for step in curves.missing(card, shown.test_set)]
        start = st.button("Measure", type="primary", icon=":material/play_arrow:", disabled=not todo)
    if start:
        _measure(shown, todo)
    elif todo:
        total = len(cards) * len(robustness.STEPS)
        known = f"{total - len(todo)} of {total} points are measured. " if len(todo) < total else ""
        st.info(f"{known}Measuring takes about half a minute per model on two cores.", icon=":material/timer:")
    _show_curves(shown, {curves.title(card): curves.find(card, shown.test_set) for card in cards})


def _measure(shown: Shown, todo: Todo) -> None:
    """Measure point by point. Cancel, like any click, ends the run of this script; what was measured stays."""
    progress = st.progress(0.0, "Measuring …")
    place = st.empty()
    place.button("Cancel", icon=":material/close:")
    part = robustness.sample(shown.test_set.digits)
    try:
        for done, (card, step) in enumerate(todo):
            progress.progress(done / len(todo), f"{DAMAGES[step[0]].title}, {card.name}: {done} of {len(todo)} points")
            model = resources.model(card.name).model
            resources.results().keep(
                curves.key(card, shown.test_set, step),
                functools.partial(robustness.measure, model, part, *step),
            )
    except checkpoint.CheckpointError as error:
        st.error(str(error), icon=":material/error:")
    progress.empty()
    place.empty()


def _show_curves(shown: Shown, measured: dict[str, list[Point]]) -> None:
    """A chart for each damage, with one digit at each strength below it; `measured` by the model's title."""
    columns = st.columns(2, gap="large")
    with_points = robustness.measured(measured)
    for place, (name, damage) in enumerate(DAMAGES.items()):
        with columns[place % 2]:
            st.markdown(f"**{damage.title}**")
            if name in with_points:
                st.altair_chart(
                    evaluation_charts.robustness(measured, name, dark=shell.is_dark()),
                    key=f"curve-{name}",
                    alt=evaluation_charts.describe_robustness(measured, name),
                )
            marks = ", ".join(f"{strength:g}" for strength in damage.strengths)
            examples = robustness.examples(shown.test_set.digits, name)
            st.image(
                digit_images.as_data_url(digit_images.strip_png(examples)),
                alt=f"A digit at {marks} {damage.axis}",
            )
            st.caption(f"{marks} {damage.axis}")
    for line in robustness.sources(shown.evaluation.data, measured):
        show_source(line)

"""How accuracy falls as the pictures are damaged, for one or several models."""

from __future__ import annotations

import functools

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import words
from core.evaluation import held_out, robustness
from core.evaluation.held_out import ValidationSplit
from core.evaluation.robustness import DAMAGES, Point
from core.figures import evaluation_charts, evaluation_tables
from core.network import checkpoint
from core.ui import resources, shell
from core.ui.evaluate import curves, look, pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed, show_source

MOST_MODELS = 4  # lines a chart keeps apart
NONE = "choose a point"

Todo = list[tuple[checkpoint.ModelCard, curves.Step]]
Curves = dict[str, list[Point]]

memory = st.session_state


def show(shown: Shown) -> None:
    """Which models, a button to measure what is missing, the curves, and the pictures behind a point."""
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
        cards = _leave_out_who_learned(shown, [resources.model_card(name) for name in names])
        todo = [(card, step) for card in cards for step in curves.missing(card, shown.test_set)]
        start = st.button("Measure", type="primary", icon=":material/play_arrow:", disabled=not todo)
    if start:
        _measure(shown, cards, todo)
        return
    if todo:
        total = len(cards) * len(robustness.STEPS)
        known = f"{total - len(todo)} of {total} points are measured. " if len(todo) < total else ""
        st.info(f"{known}Measuring takes about half a minute per model on two cores.", icon=":material/timer:")
    if refused := memory.pop("robustness_refused", None):
        st.error(words.escape_markdown(refused), icon=":material/error:")
    _show_curves(shown, _find(shown, cards))


def _leave_out_who_learned(shown: Shown, cards: list[checkpoint.ModelCard]) -> list[checkpoint.ModelCard]:
    """On a validation split only models that have not learned from it; says of the others why they are not asked."""
    if not isinstance(shown.asked, ValidationSplit):
        return cards
    allowed = []
    for card in cards:
        learned = held_out.count_learned(card.facts, shown.test_set, shown.asked.training)
        if card.name == shown.card.name or learned == 0:
            allowed.append(card)
            continue
        how = (
            f"has learned from {learned:,} of these {len(shown):,} pictures"
            if learned
            else "may have learned from these pictures: how it was trained is not known"
        )
        st.warning(
            f"{words.escape_markdown(card.name)} {how}, so its curve would say "
            "nothing. Choose the MNIST test set above, which no model has "
            "learned from.",
            icon=":material/warning:",
        )
    return allowed


def _find(shown: Shown, cards: list[checkpoint.ModelCard]) -> Curves:
    return {curves.title(card): curves.find(card, shown.test_set) for card in cards}


def _measure(shown: Shown, cards: list[checkpoint.ModelCard], todo: Todo) -> None:
    """Measure point by point, each curve drawn as soon as it is whole. Cancel, like any click, ends the run of this
    script; what was measured stays."""
    progress = st.progress(0.0, "Measuring …")
    st.button("Cancel", icon=":material/close:")
    places = _make_places()
    part = robustness.sample(shown.test_set.digits)
    # One damage after the other, not one model: whoever watches sees the first curves of all models at once.
    order = {step: place for place, step in enumerate(robustness.STEPS)}
    todo = sorted(todo, key=lambda entry: order[entry[1]])
    try:
        for done, (card, step) in enumerate(todo):
            progress.progress(
                done / len(todo),
                f"{DAMAGES[step[0]].title}, {words.escape_markdown(card.name)}: {done} of {len(todo)} points",
            )
            model = resources.model(card.name).model
            resources.results().keep(
                curves.key(card, shown.test_set, step),
                functools.partial(robustness.measure, model, part, *step),
            )
            if done + 1 == len(todo) or todo[done + 1][1][0] != step[0]:
                places[step[0]].altair_chart(_draw(shown, _find(shown, cards), step[0]))
    except checkpoint.CheckpointError as error:
        memory.robustness_refused = str(error)
    st.rerun()  # the button has nothing left to measure


def _make_places() -> dict[str, DeltaGenerator]:
    """A place for each damage's chart under its name, two beside each other."""
    columns, places = st.columns(2, gap="large"), {}
    for place, (name, damage) in enumerate(DAMAGES.items()):
        with columns[place % 2]:
            st.markdown(f"**{damage.title}**")
            places[name] = st.empty()
    return places


def _draw(shown: Shown, measured: Curves, damage: str) -> evaluation_charts.alt.LayerChart:
    examples = robustness.examples(shown.test_set.digits, damage)
    return evaluation_charts.robustness(measured, damage, shell.is_dark(), examples)


def _show_curves(shown: Shown, measured: Curves) -> None:
    """A chart for each damage, and under it a summary."""
    with_points = robustness.measured(measured)
    if with_points:
        st.caption("The scale is stretched towards 100 %, where models differ. Click a point to see what was misread.")
        _show_summary(measured)
        _show_point(shown, measured)
    places = _make_places()
    for name in DAMAGES:
        chart = _draw(shown, measured, name)
        if name in with_points:
            places[name].altair_chart(
                chart,
                key=f"curve-{name}",
                on_select="rerun",
                selection_mode="point",
                alt=evaluation_charts.describe_robustness(measured, name),
            )
        else:
            marks = ", ".join(f"{strength:g}" for strength in DAMAGES[name].strengths)
            places[name].altair_chart(chart, alt=f"A digit at {marks} {DAMAGES[name].axis}; no curve yet")
    for line in robustness.sources(shown.evaluation.data, measured):
        show_source(line)


def _show_summary(measured: Curves) -> None:
    complete = {title: points for title, points in measured.items() if points}
    table = evaluation_tables.robustness_summary(complete)
    with st.expander("Mean accuracy for each kind of damage"):
        st.dataframe(
            table,
            hide_index=True,
            height="content",
            alt="Mean accuracy over the harmful strengths of each damage: "
            + "; ".join(" ".join(map(str, row)) for row in table.itertuples(index=False)),
        )


@st.fragment
def _show_point(shown: Shown, measured: Curves) -> None:
    """The misread pictures behind a point of a curve, damaged as they were."""
    rerun_when_model_changed()
    points = {
        f"{title}, {DAMAGES[point.damage].title.lower()} {point.strength:g}": (title, point)
        for title, found in measured.items()
        for point in found
    }
    if (clicked := _find_click(points)) and clicked != memory.get("last_point"):
        memory.last_point = memory.robustness_point = clicked
    if memory.get("robustness_point") not in points:
        memory.robustness_point = NONE
    name = st.selectbox(
        "Misread pictures of",
        [NONE, *points],
        key="robustness_point",
        width=420,
        help="The same as clicking a point of a curve.",
    )
    if name not in points:
        return
    title, point = points[name]
    card = next(one for one in map(resources.model_card, checkpoint.names()) if curves.title(one) == title)
    key = ("damaged", card.name, card.version, shown.test_set.key, point.damage, point.strength)
    with st.spinner("Damaging and asking …"):
        part = shown.test_set.pick(robustness.sample_places(len(shown.test_set.digits)))
        found = resources.results().keep(
            key, lambda: robustness.answer(resources.model(card.name), part, point.damage, point.strength)
        )
    damaged = Shown(found.evaluation, found.test_set, card, found.test_set)
    members = damaged.find_errors()
    look.heading(f"{words.count(len(members), 'picture')} of {len(damaged):,} misread: {words.escape_markdown(name)}")
    if members:
        pictures.show_gallery(damaged, members, f"damaged-{name}")


def _find_click(points: dict[str, tuple[str, Point]]) -> str | None:
    """The point that is selected in one of the charts, by its name in the box; the one clicked last where several
    charts have one."""
    found = {}
    for damage in DAMAGES:
        state = memory.get(f"curve-{damage}") or {}
        for mark in (state.get("selection", {}).get("point") or [])[-1:]:
            found[damage] = f"{mark['model']}, {DAMAGES[damage].title.lower()} {mark['strength']:g}"
    before = memory.get("robustness_clicks", {})
    memory.robustness_clicks = found
    new = [name for damage, name in found.items() if before.get(damage) != name and name in points]
    return new[-1] if new else None

"""The section Download: the report, the tables and the charts as files."""

from __future__ import annotations

import streamlit as st

from core.evaluation import robustness
from core.evaluation.report import Evaluation
from core.evaluation.testset import TestSet
from core.figures import take_away
from core.network import checkpoint
from core.ui import resources
from core.ui.evaluate import curves, download_buttons, look, marking
from core.ui.evaluate.measured import Shown

memory = st.session_state


def show(shown: Shown) -> None:
    """The report, the tables, and a chart at a time."""
    measured = _find_curves(shown)
    report, tables, charts = st.columns(3, gap="large")
    with report:
        look.heading("Report")
        st.markdown("One page with settings, figures and the worst errors. It opens offline.")
        rival = _find_rival(shown)
        page = take_away.report(shown.evaluation, shown.test_set, shown.card.facts, measured, rival)
        download_buttons.show((page,), ":material/description:", "primary")
        parts = [f"the comparison with {rival.model}"] if rival else []
        parts += ["the robustness of " + ", ".join(measured)] if measured else []
        if parts:
            st.caption(f"With {' and '.join(parts)}.")
        if not measured:
            st.caption("Measure the robustness first, and its curves are part of the report.")
        if not rival:
            st.caption("Compare it with another model first, and that is part of it too.")
    with tables:
        look.heading("Tables")
        files = take_away.tables(shown.evaluation, shown.test_set, measured, marking.tags(shown))
        download_buttons.show(files, ":material/table:")
    with charts:
        look.heading("Charts")
        drawn = take_away.charts(shown.evaluation, measured)
        title = st.selectbox("Chart", list(drawn), key="take_away_chart", persist_state="session")
        with st.container(horizontal=True):
            download_buttons.show(take_away.pictures(shown.evaluation, title, drawn[title]), ":material/image:")


def _find_curves(shown: Shown) -> dict[str, list[robustness.Point]]:
    """What is measured of this model, and of the others chosen under Robustness, on these pictures."""
    names = [shown.card.name, *(name for name in memory.get("robustness_models", []) if name != shown.card.name)]
    known = checkpoint.names()
    cards = [resources.model_card(name) for name in names if name in known]
    found = {curves.title(card): curves.find(card, shown.test_set) for card in cards}
    return {title: points for title, points in found.items() if points}


def _find_rival(shown: Shown) -> Evaluation | None:
    """The evaluation of the model it was compared with, where both were asked about the very same pictures."""
    name = memory.get("compare_with")
    if not name or name == shown.card.name or name not in checkpoint.names() or not isinstance(shown.asked, TestSet):
        return None
    version = resources.model_card(name).version
    found = resources.results().find(("evaluation", name, shown.asked.key, shown.asked.name, version))
    return found.evaluation if found else None

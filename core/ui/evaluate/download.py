"""Everything as files to download."""

from __future__ import annotations

import streamlit as st

from core.figures import take_away
from core.ui.evaluate import curves, downloads
from core.ui.evaluate.measured import Shown, show_source


def show(shown: Shown) -> None:
    """The report, the tables, and a chart at a time."""
    points = curves.find(shown.card, shown.test_set)
    measured = {curves.title(shown.card): points} if points else {}
    report, tables, charts = st.columns(3, gap="large")
    with report:
        st.subheader("Report")
        st.markdown("One page with settings, figures and the worst errors. It opens offline.")
        page = take_away.report(shown.evaluation, shown.test_set, shown.card.facts, measured)
        downloads.offer((page,), ":material/description:", "primary")
        if not points:
            st.caption("Measure the robustness first, and its curves are part of the report.")
    with tables:
        st.subheader("Tables")
        downloads.offer(take_away.tables(shown.evaluation, shown.test_set), ":material/table:")
    with charts:
        st.subheader("Charts")
        drawn = take_away.charts(shown.evaluation, measured)
        title = st.selectbox("Chart", list(drawn), key="take_away_chart", persist_state="session")
        with st.container(horizontal=True):
            downloads.offer(take_away.pictures(shown.evaluation, title, drawn[title]), ":material/image:")
    show_source(shown.evaluation.source)

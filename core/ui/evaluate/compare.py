"""Another model on the same pictures: who is better, where, and is it luck?"""

from __future__ import annotations

import streamlit as st

from core import words
from core.evaluation.answered import in_common
from core.evaluation.comparison import Comparison
from core.figures import evaluation_charts, evaluation_tables
from core.network import checkpoint
from core.ui import resources, shell
from core.ui.evaluate import measured, pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed, show_source


def show(shown: Shown) -> None:
    """The verdict in a sentence, the figures side by side, the pictures on which the two disagree."""
    others = [name for name in checkpoint.names() if name != shown.card.name]
    if not others:
        st.info("There is only one model so far. Train another one to compare it with.", icon=":material/info:")
        st.page_link("pages/2_Train.py", label="Open Train", icon=":material/arrow_forward:")
        return
    name = st.selectbox("Compare with", others, key="compare_with", width=240, persist_state="session")
    try:
        other = measured.answer(resources.model_card(name), shown.asked)
    except measured.REFUSALS as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    pictures_read = max(len(shown), len(other))
    shown, other = in_common(shown, other)
    if not len(shown):
        st.info("There is no picture that both models read as one digit.", icon=":material/info:")
        return
    if len(shown) < pictures_read:
        st.caption(f"Compared on the {words.count(len(shown), 'picture')} that both read as one digit.")
    pair = Comparison(shown.evaluation.report, other.evaluation.report)
    st.markdown(
        pair.verdict(shown.card.name, name),
        help="McNemar's exact test: only pictures on which just one of the two is right can tell them apart. With "
        f"equally good models they would split like tosses of a coin. p = {pair.p_value:.3g}.",
    )
    table, chart = st.columns([1, 1], gap="large")
    with table:
        st.dataframe(evaluation_tables.comparison(shown.evaluation, other.evaluation), height="content")
    with chart:
        st.altair_chart(
            evaluation_charts.difference(pair, dark=shell.is_dark()),
            alt=f"How many percentage points more of each digit {name} reads right than {shown.card.name}",
        )
        st.caption(f"Above 0: {name} reads more of this digit right than {shown.card.name}.")
    show_source(shown.evaluation.source)
    show_source(other.evaluation.source)
    _show_disagreements(shown, other, pair.disagreements)


@st.fragment
def _show_disagreements(shown: Shown, other: Shown, members: list[int]) -> None:
    """The pictures on which the two answers differ; the open one through the eyes of both."""
    rerun_when_model_changed()
    st.subheader(f"They disagree on {words.count(len(members), 'picture')}")
    if members:
        sentence = st.empty()
        picked = pictures.show_gallery(shown, members, f"compare-{shown.card.name}-{other.card.name}")
        second = other.picture(picked)
        sure = words.probability(second.confidence)
        sentence.markdown(f"{other.card.name} reads the open picture as **{second.answer}** with {sure} confidence.")

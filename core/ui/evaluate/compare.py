"""Another model on the same pictures: who is better, where, and is it luck?"""

from __future__ import annotations

import streamlit as st

from core import words
from core.evaluation import held_out
from core.evaluation.answered import in_common
from core.evaluation.comparison import Comparison, Which
from core.evaluation.held_out import ValidationSplit
from core.figures import evaluation_charts, evaluation_tables
from core.network import checkpoint
from core.ui import resources, shell, widgets
from core.ui.evaluate import look, measured, pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed, show_source


def show(shown: Shown) -> None:
    """The verdict in a sentence, the figures side by side, the pictures on which the two disagree."""
    others = [name for name in checkpoint.names() if name != shown.card.name]
    if not others:
        st.info("There is only one model so far. Train another one to compare it with.", icon=":material/info:")
        st.page_link("pages/2_Train.py", label="Open Train", icon=":material/arrow_forward:")
        return
    name = st.selectbox(
        "Compare with", others, key="compare_with", width=240, persist_state="session", bind="query-params"
    )
    if isinstance(shown.asked, ValidationSplit) and (unknown := _find_unknown(shown.card, resources.model_card(name))):
        st.warning(
            f"How {words.escape_markdown(unknown)} was trained is not known: it may have learned from these very "
            "pictures, and would look better than it is. Choose the MNIST test set above, which no model has learned "
            "from.",
            icon=":material/warning:",
        )
        return
    try:
        other = measured.answer(resources.model_card(name), shown.asked)
    except measured.REFUSALS as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    pictures_read = max(len(shown), len(other))
    shown, other = in_common(shown, other)
    both = "held out while training" if isinstance(shown.asked, ValidationSplit) else "read as one digit"
    if not len(shown):
        st.info(f"There is no picture that both models {both}.", icon=":material/info:")
        return
    if len(shown) < pictures_read:
        st.info(
            f"Compared on the {words.count(len(shown), 'picture')} that both models {both}; all other figures of this "
            "page are about more.",
            icon=":material/info:",
        )
    pair = Comparison(shown.evaluation.report, other.evaluation.report)
    st.markdown(
        words.escape_markdown(pair.verdict(shown.card.name, name)),
        help="McNemar's exact test: only pictures on which just one of the two is right can tell them apart. With "
        f"equally good models they would split like tosses of a coin. p = {pair.p_value:.3g}.",
    )
    st.markdown(
        f"Accuracy of {words.escape_markdown(name)} minus that of {words.escape_markdown(shown.card.name)}: "
        f"**{pair.difference.text}**.",
        help="The difference of the two accuracies in percentage points, with its 95 % interval (Agresti and Min, for "
        "two answers to the same pictures). An interval with 0 in it: neither is shown to be better.",
    )
    table, chart = st.columns([1, 1], gap="large")
    with table:
        st.dataframe(
            evaluation_tables.comparison(shown.evaluation, other.evaluation),
            height="content",
            alt=f"Accuracy, errors, loss and calibration of {shown.card.name} and {name}",
        )
        st.caption("Loss and calibration: each with its own temperature.")
    with chart:
        st.altair_chart(
            evaluation_charts.difference(pair, dark=shell.is_dark()),
            alt=f"How many percentage points more of each digit {name} reads right than {shown.card.name}: "
            + evaluation_charts.describe_difference(pair),
        )
        st.caption(
            f"Above 0: {words.escape_markdown(name)} reads more of this digit "
            "right. The lines are 95 % intervals; a pale bar may be luck."
        )
    if len(shown) < pictures_read:  # else the page's own line says the same
        show_source(shown.evaluation.source)
    show_source(other.evaluation.source)
    _show_pictures(shown, other, pair)


def _find_unknown(*cards: checkpoint.ModelCard) -> str:
    """The name of one of the models whose training is not known, or nothing."""
    return next((card.name for card in cards if not held_out.is_known(card.facts)), "")


@st.fragment
def _show_pictures(shown: Shown, other: Shown, pair: Comparison) -> None:
    """Pictures on which one, the other or both are wrong; the open one through the eyes of both."""
    rerun_when_model_changed()
    first, second = (words.escape_markdown(one.card.name) for one in (shown, other))
    titles = {
        Which.DISAGREE: "Different answers",
        Which.ONLY_FIRST: f"Only {first} is right",
        Which.ONLY_SECOND: f"Only {second} is right",
        Which.BOTH_WRONG: "Both wrong",
    }
    found = {which: pair.find(which, (shown.temperature, other.temperature)) for which in Which}
    which = widgets.choice(
        "Pictures",
        list(Which),
        key="compare_which",
        format_func=lambda one: f"{titles[one]} ({len(found[one]):,})",
        in_address=False,
    )
    members = found[which]
    heading = "They disagree" if which is Which.DISAGREE else titles[which]
    look.heading(
        f"{heading} on {words.count(len(members), 'picture')}",
        help="The widest gap between the two confidences first.",
    )
    if members:
        key = f"compare-{shown.card.name}-{other.card.name}-{which.name}"
        pictures.show_gallery(shown, members, key, against=other)

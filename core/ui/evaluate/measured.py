"""What the page is about: the chosen model, the chosen pictures, and the model's answers to them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core import words
from core.data.digits import DataError
from core.evaluation import report, testset
from core.evaluation.answered import AnsweredSet
from core.evaluation.held_out import ValidationSplit
from core.evaluation.set_formats import TestSetError
from core.network import checkpoint
from core.ui import resources
from core.ui.evaluate import look, own_set

MNIST, VALIDATION, OWN = SETS = ("MNIST test set", "Validation split", "Your own set")

REFUSALS = (checkpoint.CheckpointError, DataError, TestSetError)  # what `answer` raises, each with a sentence

Asked = testset.TestSet | testset.PictureSet | ValidationSplit

memory = st.session_state


@dataclass(frozen=True)
class Shown(AnsweredSet):
    """The answers that the page is about, the model that gave them, and what it was asked: pictures that another model
    may read otherwise."""

    card: checkpoint.ModelCard
    asked: Asked


def ask() -> Shown:
    """Two boxes, a model and a set; measured if not done before. Says what is missing and stops."""
    look.apply()
    names = checkpoint.names()
    if not names:
        st.title("Evaluate")
        st.info("There is no model yet. Train one, and this page shows where it is wrong.", icon=":material/info:")
        st.stop()
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", key="evaluate_asked"
    ):
        st.title("Evaluate", width="content")
        name = _ask_for_one("Model", names, "evaluate_model", checkpoint.in_use())
        chosen = _ask_for_one("Pictures", SETS, "evaluate_data")
    try:
        card = resources.model_card(name)
        shown = answer(card, _choose_set(chosen))
    except REFUSALS as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        st.stop()
    if chosen == OWN:
        own_set.offer_turn(card.name, card.version, shown)
    _say_when_model_is_gone(name, names)
    _say_when_model_changed(name)
    return shown


def answer(card: checkpoint.ModelCard, asked: Asked) -> Shown:
    """A model's answers to a set, found or measured now. Raises one of `REFUSALS`.

    When the model's weights changed since this visitor saw its figures, the old ones stay until asked.
    """
    place = (card.name, asked.key, asked.name)
    versions = memory.setdefault("shown_version", {})  # by model and set: whose figures this visitor sees
    seen = versions.get(place, card.version)
    old = resources.results().find(("evaluation", *place, seen)) if seen != card.version else None
    if old and not _ask_for_new_version(card, seen):
        return Shown(old.evaluation, old.test_set, card, asked)
    versions[place] = card.version
    found = resources.results().keep(("evaluation", *place, card.version), lambda: _measure(card.name, asked))
    if old:
        st.rerun()  # above stands still that these are the figures of the old version
    return Shown(found.evaluation, found.test_set, card, asked)


def show_source(line: str) -> None:
    """The source line under every figure: model, version, data and time."""
    st.caption(words.escape_markdown(line))


def rerun_when_model_changed() -> None:
    """For a fragment: when another model was chosen, run the whole page."""
    if checkpoint.in_use() != memory.in_use_at_last_run:
        st.rerun()


def _ask_for_one(label: str, options: list[str] | tuple[str, ...], key: str, usual: str = "") -> str:
    default = options.index(usual) if usual in options else 0
    return st.selectbox(label, options, default, key=key, width=220, bind="query-params", persist_state="session")


def _choose_set(chosen: str) -> Asked:
    """The pictures to evaluate on; asks for the visitor's own set where it is missing, and stops."""
    if chosen == MNIST:
        return resources.results().keep(("test set",), lambda: testset.TestSet(MNIST, resources.digits(train=False)))
    if chosen == VALIDATION:
        return ValidationSplit(resources.digits(train=True))
    return own_set.ask()


def _ask_for_new_version(card: checkpoint.ModelCard, seen: str) -> bool:
    """Whether the visitor wants the figures of the model's new version."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            f"{words.escape_markdown(card.name)} has changed: it is "
            f"version {card.version} now. These are the figures of {seen}.",
            icon=":material/update:",
        )
        return st.button("Measure the new version", type="primary", key=f"renew-{card.name}")


def _measure(name: str, asked: Asked) -> AnsweredSet:
    """Let the model read every picture and answer, saying how far it has got."""
    progress, doing = st.progress(0.0, "Loading the model …"), ""

    def tell(share: float) -> None:
        progress.progress(share, f"{doing} … {words.percent(share, 0)}")

    try:
        model = resources.model(name)
        doing = "Reading your pictures"
        test_set = asked.for_model(model, tell)
        doing = f"Evaluating {words.count(len(test_set.digits), 'digit')}"
        return AnsweredSet(report.measure(model, test_set, tell), test_set)
    finally:
        progress.empty()


def _say_when_model_is_gone(name: str, names: list[str]) -> None:
    """The visitor looked at a model that somebody has deleted or renamed meanwhile: the page shows another one."""
    before = memory.get("evaluated_model")
    if before and before not in names:
        gone, now = words.escape_markdown(before), words.escape_markdown(name)
        st.warning(f"{gone} was deleted or renamed. This page shows {now} now.", icon=":material/delete:")
    memory.evaluated_model = name


def _say_when_model_changed(name: str) -> None:
    """The visitor came for the model in use; say so when meanwhile another one was chosen."""
    in_use = memory.in_use_at_last_run = checkpoint.in_use()
    if name != in_use and memory.get("model_in_use_seen", in_use) != in_use:
        st.info(
            f"The model in use is {words.escape_markdown(in_use)} "
            f"now. This page still shows {words.escape_markdown(name)}.",
            icon=":material/update:",
        )
    else:
        memory.model_in_use_seen = in_use

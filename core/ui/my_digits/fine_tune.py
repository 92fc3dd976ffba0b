"""Fine-tune a copy of the model in use on the kept digits: offer it, watch it, and see what it changed."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import words
from core.my_digits import fine_tuning, store
from core.my_digits.fine_tuning import Change
from core.my_digits.store import Correction
from core.network import checkpoint
from core.network.checkpoint import Checkpoint
from core.training import judgement, runs
from core.training.job import Live, Over, Phase
from core.ui import model_choice, notices, resources, run_words, visitor
from core.ui.my_digits.kept import IN_BRACKETS, show_share
from core.ui.train import durations


def show(model: Checkpoint, kept: list[Correction]) -> None:
    """The run if there is one, else the offer where there are digits to learn from; below, the newest outcome.

    Last of all how long it will take: the first time, measuring that takes a second.
    """
    duration = None
    is_live = isinstance(resources.training_job().snapshot(), Live)
    if is_live or (visitor.is_owner() and any(one.is_digit for one in kept)):
        st.header("Fine-tune a copy", anchor=False)
        if is_live:
            watch()
        else:
            duration = offer(model, kept)
    show_outcome()
    if duration:
        plan = fine_tuning.FineTuning(model, *store.hold_out(kept), fine_tuning.USUAL)
        seconds = plan.expect(durations.measure(plan.training_settings))
        duration.markdown(f":small[About {words.duration(seconds)} on this machine.]")


def offer(model: Checkpoint, kept: list[Correction]) -> DeltaGenerator | None:
    """Say what fine-tuning will do, with a button that starts it; gives the empty place for how long it will take."""
    learned, held_out = store.hold_out(kept)
    usual = fine_tuning.USUAL
    if not learned:
        st.caption("Every third digit is held out for evaluation. Keep a few more, and a copy can learn from them.")
        return None
    st.markdown(
        f"A copy of **{words.escape_markdown(model.name)}** learns from "
        f"**{words.count(len(learned), 'digit')}** of yours, each shown "
        f"{usual.repeats} times with augmentation, among {usual.images:,} pictures in all. The others are MNIST's, so "
        f"that it doesn't forget them. Every third of yours is held out, **{len(held_out)}** now: no copy ever learns "
        "from these, so they show whether it reads your writing better. The model in use stays as it is."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Fine-tune a copy", type="primary", icon=":material/school:", on_click=start, args=(model, kept), key="tune"
        )
        return st.empty()


def start(model: Checkpoint, kept: list[Correction]) -> None:
    """Start the run, if no other one is going on."""
    plan = fine_tuning.FineTuning(model, *store.hold_out(kept), fine_tuning.USUAL)
    notices.attempt(resources.training_job().start, plan)


@st.fragment(run_every=1.0)
def watch() -> None:
    """The progress of the one run of this server, no matter who started it."""
    job = resources.training_job()
    snapshot = job.snapshot()
    if not isinstance(snapshot, Live):
        st.rerun()
    run = snapshot.run
    if run.base:
        st.progress(
            run_words.share(snapshot),
            f"**{words.escape_markdown(run.name)}**, a copy of "
            f"{words.escape_markdown(run.base)}: {run_words.phase(snapshot)} …{_say_left(snapshot)}",
        )
    else:
        st.info(
            f"One run at a time: {words.escape_markdown(run.name)} is going on. Wait for its end, or stop it.",
            icon=":material/hourglass_top:",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.base and visitor.is_owner():
            stopping = snapshot.phase == "stopping"
            st.button(
                "Stop",
                icon=":material/stop:",
                on_click=notices.attempt,
                args=(job.stop, False),
                disabled=stopping,
                key="stop",
            )
        st.page_link("pages/2_Train.py", label="Watch it on Train", icon=":material/monitoring:")


def _say_left(snapshot: Live) -> str:
    """How long the training will go on, at the speed it has."""
    is_training = snapshot.phase == Phase.RUNNING and snapshot.remaining
    return f" about {words.duration(snapshot.remaining or 0)} left" if is_training else ""


def show_outcome() -> None:
    """The newest fine-tuned copy: before and after, and the choice to use it."""
    snapshot = resources.training_job().snapshot()
    if isinstance(snapshot, Over) and (last := snapshot.run).base and not last.model:
        st.warning(f"{words.escape_markdown(last.name)}: {last.sentence}", icon=":material/info:")
    names = checkpoint.names()
    for run in runs.list_runs():
        if run.base and run.model in names:
            base, changes = fine_tuning.read_changes(resources.model_card(run.model).facts)
            if changes:
                show_changes(run.model, base, changes)
                return


def show_changes(name: str, base: str, changes: tuple[Change, ...]) -> None:
    """Before and after in a table, what it means in a sentence, and what can be done with the model `name`."""
    with st.container(border=True):
        st.markdown(f"### {words.escape_markdown(name)}, a copy of {words.escape_markdown(base)}\n{sum_up(changes)}")
        st.table(
            pd.DataFrame(
                {
                    "Pictures": [f"{one.name} ({one.count:,})" for one in changes],
                    "Right before": [show_share(one.before, one.count) for one in changes],
                    "Right after": [show_share(one.after, one.count) for one in changes],
                }
            ).set_index("Pictures")
        )
        st.caption(
            f"{IN_BRACKETS} A copy has seen the pictures it learned from: only those held out are an honest measure."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            model_choice.offer_model(name)
            st.page_link("pages/2_Train.py", label="All runs", icon=":material/list:")


def sum_up(changes: tuple[Change, ...]) -> str:
    """What was gained and what was forgotten, in two sentences."""
    named = {one.name: one for one in changes}
    own, test = named.get(fine_tuning.HELD_OUT), named[fine_tuning.TEST]
    gained = "No digits were held out: whether it reads others of yours better is not known."
    if own:
        gained = (
            f"Of {own.count} digits it never learned from, it reads {own.after} right; before, it was {own.before}."
        )
    change = judgement.Comparison(judgement.Score(test.after, test.count), judgement.Score(test.before, test.count))
    kept_up = "is about as good as before"
    if change.is_clear:
        kept_up = "is better than before" if change.gain > 0 else "has forgotten something"
    return (
        f"{gained} On MNIST's test set it {kept_up}: {test.count - test.after} of {test.count:,} misread; "
        f"before, it was {test.count - test.before}."
    )

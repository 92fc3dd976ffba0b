"""The outcome of the last run, and runs that were interrupted."""

from __future__ import annotations

import streamlit as st

from core import words
from core.config import TrainingSettings
from core.network import checkpoint
from core.training import judgement, runs, wording
from core.training.job import Over
from core.training.plans import ResumedRun
from core.training.runs import Run, Status
from core.training.wording import FIELDS
from core.ui import notices, resources, visitor
from core.ui.model_choice import offer_model
from core.ui.notices import attempt
from core.ui.train import curves, detector, downloads, form, watched

memory = st.session_state


def show(snapshot: Over) -> None:
    """How the run that was live last ended, until the visitor closes it."""
    run = snapshot.run
    if memory.get("outcome_seen") == run.id or (run.model and run.model not in checkpoint.names()):  # deleted since
        return
    went_wrong = run.status in (Status.FAILED, Status.DIVERGED)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch"):
                if run.model and run.best and run.status is not Status.FAILED:
                    st.markdown(_sum_up(run, snapshot.seconds))
                else:
                    icon = ":material/warning:" if went_wrong else ":material/info:"
                    said = f"{run.sentence} {wording.diagnose(run) if went_wrong else ''}".rstrip()
                    st.markdown(f"{icon} **{words.escape_markdown(run.name)}** · {said}")
            st.button("", icon=":material/close:", help="Close", on_click=_close, args=(run.id,), key="close-outcome")
        if run.model or went_wrong:
            _offer_next(run)
        if run.model and not run.base:
            detector.show(run.model, notices.PLACE)
        if snapshot.log_points and (run.model or went_wrong):
            # Whoever saw it train sees its end; for everyone else Start is what the page is opened for.
            with st.expander("Curves and watched digits", expanded=memory.get("run_seen") == run.id):
                curves.show(snapshot)
                watched.show(snapshot)
                curves.show_learning_rate(snapshot)


def _offer_next(run: Run) -> None:
    """What can be done with the model of a run, and the settings that are worth a try after it."""
    diagnosis = judgement.diagnose(run)
    has_failed = diagnosis is not None and diagnosis.is_failure  # its model stays in the table of runs
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.model and not has_failed:
            offer_model(run.model)
        if suggested := judgement.suggest(run):
            st.button(
                "Try that",
                icon=":material/lightbulb:",
                type="primary" if has_failed else "secondary",
                key="try-suggestion",
                on_click=_take_suggestion,
                args=(run, suggested),
                help=_name_change(run, suggested),
            )
        if run.model:
            evaluated = {"evaluate_model": run.model}
            st.page_link(
                "pages/3_Evaluate.py", label="Evaluate it", icon=":material/query_stats:", query_params=evaluated
            )
            if run.model == checkpoint.in_use():
                st.page_link("pages/1_Predict.py", label="Draw with it", icon=":material/draw:")
            downloads.offer(run.model, run, notices.PLACE)


def _take_suggestion(run: Run, suggested: TrainingSettings) -> None:
    form.take_settings(suggested)
    as_in = f"Everything else is as in {words.escape_markdown(run.name)}; press Start to try it."
    notices.note(f"{_name_change(run, suggested)} {as_in}")


def _name_change(run: Run, suggested: TrainingSettings) -> str:
    """What the suggested settings change, as a sentence: "Learning rate: 0.3 instead of 3."."""
    return " ".join(
        f"{wording.label(name)}: {wording.show(suggested, name)} instead of {wording.show(run.settings, name)}."
        for name in FIELDS
        if getattr(suggested, name) != getattr(run.settings, name)
    )


def offer_resume() -> None:
    """Runs that a killed server left behind; nothing for a guest."""
    for run in runs.list_runs() if visitor.is_owner() else ():
        if run.status == Status.INTERRUPTED and not run.base:
            done = f"after {len(run.epochs)} of {run.settings.epochs} epochs" if run.epochs else "at its beginning"
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f":material/history: **{words.escape_markdown(run.name)}** was interrupted {done}. "
                    "It can be resumed from where it was last saved, usually within its last minute."
                )
                st.button(
                    "Resume",
                    icon=":material/play_arrow:",
                    key=f"resume-{run.id}",
                    on_click=attempt,
                    args=(resources.training_job().start, ResumedRun(run)),
                )


def _close(run: str) -> None:
    memory.outcome_seen = run


def _sum_up(run: Run, seconds: float) -> str:
    """How good the kept model is, also beside the model in use, what the run came to, and how long it took."""
    try:
        mine, used = (resources.model_card(name) for name in (run.model or "", checkpoint.in_use()))
        judged = wording.judge(run, mine, used)
    except checkpoint.CheckpointError:  # deleted a moment ago
        judged = ""
    diagnosis = judgement.diagnose(run)
    icon = ":material/warning:" if diagnosis and diagnosis.is_failure else ":material/check_circle:"
    return (
        f"{icon} **{words.escape_markdown(run.name)}** · {judged} {wording.diagnose(run)}  \n"
        f":small[{run.sentence} It took {words.duration(seconds)}.]"
    )

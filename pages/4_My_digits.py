"""The digits visitors put right: see them, take them away, measure the model on them, fine-tune a copy on them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sized
from typing import Any

import pandas as pd
import streamlit as st

from core.ui import resources, shell

shell.open_page("My digits")

from PIL import Image

from core.config import DIGIT_SIZE, SettingError
from core.evaluation.report import wilson_interval
from core.figures import digit_images
from core.my_digits import fine_tuning, store
from core.my_digits.fine_tuning import Change
from core.my_digits.store import Correction, CorrectionsError
from core.network import checkpoint
from core.training import runs

MOST = 60  # pictures shown at once
IN_BRACKETS = "In brackets where the share on many more such pictures would lie, with 95 % probability."

# Pills as tiles: the picture, what it is, what it is read as.
STYLE = """
<style>
.st-key-kept button { width: 5.2rem; height: auto; padding: .4rem .2rem; border-radius: .5rem; }
.st-key-kept button p { display: flex; flex-direction: column; align-items: center; gap: .1rem; white-space: normal; }
.st-key-kept button img { width: 3.5rem !important; height: 3.5rem !important; max-height: none !important;
  object-fit: contain; image-rendering: pixelated; border-radius: .25rem; }
</style>
"""

st.html(STYLE)
memory = st.session_state
mine = resources.corrections()
job = resources.training_job()


def main() -> None:
    """What is kept, how the model reads it, and a copy of the model that learns it."""
    st.title("My digits")
    st.caption(
        "Pictures whose answer somebody put right on Predict, 28 pixels wide and high, as the model read them. They "
        f"lie in the file {mine.place} of this app and nowhere else."
    )
    show_notice()
    try:
        model, kept = resources.model_in_use(), mine.all()
    except (CorrectionsError, checkpoint.CheckpointError) as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    mention_put_aside()
    if kept:
        show_measure(model, kept)
        show_gallery(model, kept)
        offer_export(kept)
    else:
        invite()
    if any(one.is_digit for one in kept) or job.snapshot().is_live:
        st.subheader("Fine-tune a copy", anchor=False)
        if job.snapshot().is_live:
            watch_run()
        else:
            offer_fine_tuning(model, kept)
    show_outcome()


def show_notice() -> None:
    """What the last click led to; what was deleted can be brought back."""
    if failed := memory.pop("my_digits_failed", ""):
        st.error(failed, icon=":material/error:")
    if deleted := memory.get("my_digits_deleted"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.success(f"{count(deleted, 'picture')} deleted.", icon=":material/delete:", width=260)
            st.button("Undo", icon=":material/undo:", on_click=undo)


def attempt(action: Callable[..., Any], *arguments: Any) -> Any:
    """Do what a button promises, or say why not."""
    try:
        return action(*arguments)
    except (CorrectionsError, runs.RunError, SettingError, checkpoint.CheckpointError) as error:
        memory.my_digits_failed = str(error)
    except OSError as error:
        memory.my_digits_failed = f"The disk refused: {error.strerror or error}."


def mention_put_aside() -> None:
    """A file that was no good is never deleted; somebody may know what to do with it."""
    if names := mine.put_aside():
        st.warning(
            f"A file that could not be read as My digits was put aside whole, and a new one begun: {', '.join(names)} "
            f"in `{mine.path.parent.name}/`. The command `sqlite3 FILE .recover` can often save what is in it; move it "
            "elsewhere, and this notice is gone.",
            icon=":material/inventory_2:",
        )


def invite() -> None:
    """The empty page says how to begin."""
    st.info(
        "Nothing is kept yet. Under every answer on Predict stands “Wrong? It is a …”: one click on the right digit "
        "keeps the picture here.",
        icon=":material/edit_note:",
    )
    if st.button("Draw a digit", type="primary", icon=":material/draw:"):
        st.switch_page("pages/1_Predict.py", query_params={"way": "Draw"})


# --- what is kept -----------------------------------------------------------------------------------------------------


def read_now(model: checkpoint.Checkpoint, kept: list[Correction]) -> dict[int, str]:
    """What the model in use says of each picture today, by the picture's number: "7", empty for no digit."""
    key = ("my digits", model.name, model.version, tuple(one.id for one in kept))
    said = resources.results().keep(key, lambda: store.answer(model, kept))
    return dict(zip((one.id for one in kept), said, strict=True))


def show_measure(model: checkpoint.Checkpoint, kept: list[Correction]) -> None:
    """How the model in use fares on them, and what that is worth."""
    said = read_now(model, kept)
    digits, others = ([one for one in kept if one.is_digit is wanted] for wanted in (True, False))
    sentences = []
    if digits:
        right = sum(said[one.id] == one.text for one in digits)
        sentences.append(
            f"**{model.name}**, the model in use, reads **{right} of {count(digits, 'digit')} right**, "
            f"{show_share(right, len(digits))}. Most were kept because they were misread: this says how much there "
            "is to learn, not how good the model is."
        )
    if others:
        refused = sum(said[one.id] == one.text for one in others)
        sentences.append(f"{count(others, 'picture')} more without a digit: it says so of {refused}.")
    st.markdown(" ".join(sentences), help=IN_BRACKETS)


def show_gallery(model: checkpoint.Checkpoint, kept: list[Correction]) -> None:
    """The pictures, the newest first; chosen ones can be looked at and deleted."""
    newest = kept[::-1]
    if len(newest) > MOST:
        starts = range(0, len(newest), MOST)
        start = st.selectbox(
            "Pictures", starts, format_func=lambda start: f"{start + 1} to {min(start + MOST, len(newest))}", width=180
        )
        newest = newest[start : start + MOST]
    said, by_number = read_now(model, kept), {one.id: one for one in newest}
    with st.container(key="kept"):
        chosen = st.pills(
            "Choose pictures to see more of them or to delete them",
            list(by_number),
            selection_mode="multi",
            format_func=lambda number: label(by_number[number], said[number]),
            key=f"chosen-{memory.get('gallery', 0)}",
        )
    chosen = [number for number in chosen if number in by_number]
    for number in chosen[:5]:
        st.markdown(f":small[{describe(by_number[number], said[number])}]")
    if chosen:
        st.button(
            f"Delete {count(chosen, 'picture')}",
            icon=":material/delete:",
            on_click=delete,
            args=(chosen,),
            key="delete",
        )


def label(one: Correction, said: str) -> str:
    """The picture over its digit; one that is misread today names the wrong answer, too."""
    answer = "" if said == one.text else f" :small[read as {said or 'no digit'}]"
    return f"![]({draw(one.image.tobytes())}) {one.text or 'no digit'}{answer}"


def describe(one: Correction, said: str) -> str:
    """Everything known of one picture, in a line."""
    return (
        f"{f'A {one.text}' if one.is_digit else 'No digit'}. {one.model} {one.version} read it as "
        f"{one.said or 'no digit'} on {one.created:%Y-%m-%d at %H:%M} UTC; the model in use says "
        f"{said or 'no digit'} today."
    )


def delete(chosen: list[int]) -> None:
    """Delete for good, but for an Undo in this visit."""
    memory.my_digits_deleted = attempt(mine.delete, chosen)
    memory.gallery = memory.get("gallery", 0) + 1


def undo() -> None:
    """Bring back what was deleted last."""
    attempt(mine.restore, memory.pop("my_digits_deleted"))


def offer_export(kept: list[Correction]) -> None:
    """To take away, or to be judged by on Evaluate."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, kind, content, icon in (
            ("Pictures", "zip", store.to_zip, ":material/folder_zip:"),
            ("Table", "csv", store.to_csv, ":material/table:"),
        ):
            st.download_button(
                f"{name} (.{kind})", content(kept), f"my-digits.{kind}", icon=icon, on_click="ignore", key=kind,
                help="Evaluate reads it as your own set.",
            )  # fmt: skip


@st.cache_data(show_spinner=False, max_entries=2000)
def draw(pixels: bytes) -> str:
    """28x28 bytes as a picture that a label can show."""
    buffer = io.BytesIO()
    Image.frombytes("L", (DIGIT_SIZE, DIGIT_SIZE), pixels).save(buffer, "PNG")
    return digit_images.as_data_url(buffer.getvalue())


# --- fine-tuning ------------------------------------------------------------------------------------------------------


def offer_fine_tuning(model: checkpoint.Checkpoint, kept: list[Correction]) -> None:
    """Say what will happen, and let it happen."""
    learnt, aside = store.set_apart(kept)
    usual = fine_tuning.USUAL
    if not learnt:
        st.caption("Every third digit is kept aside to judge by. Keep some more: then a copy can learn from them.")
        return
    st.markdown(
        f"A copy of **{model.name}** learns from **{count(learnt, 'digit')}** of yours, each shown {usual.looks} times "
        f"with small distortions, among {usual.images:,} pictures in all. The others are MNIST's, so that it doesn't "
        f"forget them. Every third of yours is kept aside, **{len(aside)}** now: no copy ever learns from these, so "
        "they tell whether it reads your writing better. It takes less than half a minute and leaves the model in use "
        "as it is."
    )
    st.button(
        "Fine-tune a copy", type="primary", icon=":material/school:", on_click=start, args=(model, kept), key="tune"
    )


def start(model: checkpoint.Checkpoint, kept: list[Correction]) -> None:
    """Begin on the server's one place for training."""
    attempt(lambda: job.fine_tune(fine_tuning.FineTuning(model, *store.set_apart(kept), fine_tuning.USUAL)))


@st.fragment(run_every=1.0)
def watch_run() -> None:
    """How far the one run of this server is, whoever started it."""
    snapshot = job.snapshot()
    if not snapshot.is_live:
        st.rerun()
    run = snapshot.run
    if not run.base:
        st.info(
            f"One run at a time: {run.name} is going on. Wait for its end, or stop it.", icon=":material/hourglass_top:"
        )
    else:
        share = min(1.0, snapshot.step / max(1, run.steps))
        words = {"preparing": "getting ready", "paused": "paused", "stopping": "stopping"}.get(
            snapshot.phase, "learning"
        )
        if snapshot.step and snapshot.step == run.steps:
            words = "measuring what it reads now, and what it forgot"
        st.progress(share, f"**{run.name}**, a copy of {run.base}: {words} …")
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.base:
            stopping = snapshot.phase == "stopping"
            st.button("Stop", icon=":material/stop:", on_click=job.stop, args=(False,), disabled=stopping, key="stop")
        st.page_link("pages/2_Train.py", label="Watch it on Train", icon=":material/monitoring:")


def show_outcome() -> None:
    """The newest fine-tuned copy: before and after, and the choice to use it."""
    last = job.snapshot()
    if last.phase == "over" and last.run.base and not last.run.model:
        st.warning(f"{last.run.name}: {last.run.sentence}", icon=":material/info:")
    names = checkpoint.names()
    for run in runs.list_runs():
        if run.base and run.model in names:
            base, changes = fine_tuning.read_changes(resources.model_card(run.model).facts)
            if changes:
                show_changes(run, base, changes)
                return


def show_changes(run: runs.Run, base: str, changes: tuple[Change, ...]) -> None:
    """Before and after in a table, what it means in a sentence, and what can be done."""
    with st.container(border=True):
        st.markdown(f"#### {run.name}, a copy of {base}\n{sum_up(changes)}")
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
            f"{IN_BRACKETS} A copy has seen the pictures it learnt from: only those kept aside are an honest measure."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if run.model == checkpoint.in_use():
                st.button("In use", icon=":material/check:", disabled=True)
            else:
                st.button(
                    "Use this model",
                    type="primary",
                    icon=":material/swap_horiz:",
                    on_click=attempt,
                    args=(resources.use_model, run.model),
                    help="Every page answers with it at once; Train has the way back.",
                )
            st.page_link("pages/2_Train.py", label="All runs", icon=":material/list:")


def sum_up(changes: tuple[Change, ...]) -> str:
    """What was gained and what was forgotten, in two sentences."""
    named = {one.name: one for one in changes}
    own, test = named.get(fine_tuning.ASIDE), named[fine_tuning.TEST]
    gained = "No digits were kept aside: whether it reads others of yours better is not known."
    if own:
        gained = f"Of {own.count} digits it never learnt from it reads {own.after} right, before {own.before}."
    forgot = "nothing" if test.after >= test.before else "a little"
    return (
        f"{gained} On MNIST's test set it forgot {forgot}: {test.count - test.after} of {test.count:,} misread, before "
        f"{test.count - test.before}."
    )


def show_share(right: int, total: int) -> str:
    """A share with its 95 % interval, as exactly as so many pictures allow: "25% (9% to 53%)"."""
    low, high = wilson_interval(right, total)
    exact = 0 if total < 1000 else 2
    return f"{right / total:.{exact}%} ({low:.{exact}%} to {high:.{exact}%})"


def count(things: Sized, word: str) -> str:
    """ "1 picture", "2 pictures"."""
    return f"{len(things):,} {word}{'' if len(things) == 1 else 's'}"


main()

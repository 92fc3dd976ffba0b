"""What is kept: how the model in use reads it, the pictures to look at, relabel and delete, files to download."""

from __future__ import annotations

import streamlit as st

from core import words
from core.data.labels import NO_DIGIT
from core.evaluation.report import wilson_interval
from core.figures import digit_images, theme
from core.my_digits import store
from core.my_digits.store import Correction
from core.network import checkpoint
from core.network.checkpoint import Checkpoint
from core.ui import handover, notices, resources, widgets

MOST = 60  # pictures shown at once
IN_BRACKETS = (
    "In brackets: the 95 % interval, the range in which the share on many more such pictures would most likely lie."
)

# Pills as tiles of one size: the picture, what it is, and, on a marked one, what it is misread as.
STYLE = f"""
<style>
.st-key-kept button {{ width: 5.2rem; height: 7.5rem; align-items: flex-start; padding: .4rem .2rem;
  border-radius: .5rem; }}
.st-key-kept button:has(p > span) {{ border-color: {theme.css(theme.DOUBT)}; border-width: 2px; }}
.st-key-kept button p {{ display: flex; flex-direction: column; align-items: center; gap: .1rem; white-space: normal; }}
.st-key-kept button img {{ width: 3.5rem !important; height: 3.5rem !important; max-height: none !important;
  object-fit: contain; image-rendering: pixelated; border-radius: .25rem; }}
</style>
"""

memory = st.session_state


def show_notice() -> None:
    """The result of the last click; what was deleted can be brought back during this visit."""
    notices.show_notice()
    if deleted := memory.get("my_digits_deleted"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.success(f"{words.count(len(deleted), 'picture')} deleted.", icon=":material/delete:", width=260)
            st.button("Undo", icon=":material/undo:", on_click=undo)


def mention_put_aside() -> None:
    """Name the unreadable files that were moved aside: they are never deleted, and may still be repaired."""
    mine = resources.corrections()
    if names := mine.put_aside():
        st.warning(
            f"A file that could not be read as My digits was moved aside unchanged, and a new one was started: "
            f"{words.escape_markdown(', '.join(names))} beside {words.escape_markdown(mine.place)}. "
            "The command `sqlite3 FILE .recover` can often save "
            "what is in it; move it elsewhere, and this notice is gone.",
            icon=":material/inventory_2:",
        )


def invite() -> None:
    """An empty page: say how to begin."""
    st.info(
        "Nothing is kept yet. Below every answer on Predict is the question “Wrong? It is a …”: one click on the right "
        "digit keeps the picture here.",
        icon=":material/edit_note:",
    )
    st.page_link("pages/1_Predict.py", label="Draw a digit", icon=":material/draw:", query_params={"way": "Draw"})


def show(model: Checkpoint, kept: list[Correction]) -> None:
    """All that is kept, at least one picture."""
    st.html(STYLE)
    said = read_now(model, kept)
    show_measure(model, kept, said)
    show_gallery(kept, said)
    offer_export(kept)


def read_now(model: Checkpoint, kept: list[Correction]) -> dict[int, str]:
    """What the model in use says of each picture today, by the picture's number: "7", empty for no digit."""
    key = ("my digits", model.name, model.version, tuple(one.id for one in kept))
    said = resources.results().keep(key, lambda: store.answer(model, kept))
    return dict(zip((one.id for one in kept), said, strict=True))


def show_measure(model: Checkpoint, kept: list[Correction], said: dict[int, str]) -> None:
    """How many the model in use reads right, and what that says."""
    digits, others = ([one for one in kept if one.is_digit is wanted] for wanted in (True, False))
    sentences = []
    if digits:
        right = sum(said[one.id] == one.text for one in digits)
        sentences.append(
            f"**{words.escape_markdown(model.name)}**, the model in use, reads "
            f"**{right} of {words.count(len(digits), 'digit')} right**, {show_share(right, len(digits))}. "
            "Most were kept because they were misread: this says how much there is to learn, not how good the model is."
        )
    if others:
        refused = sum(said[one.id] == one.text for one in others)
        sentences.append(
            f"Also kept: {words.count(len(others), 'picture')} without a digit; the model says so of {refused}."
        )
    st.markdown(" ".join(sentences), help=IN_BRACKETS)


def show_gallery(kept: list[Correction], said: dict[int, str]) -> None:
    """The pictures, the newest first, all or the misread; chosen ones can be looked at, relabelled and deleted."""
    misread = [one for one in kept if said[one.id] != one.text]
    counts = {"all": f"All ({len(kept)})", "misread": f"Misread today ({len(misread)})"}
    show_only = widgets.choice("Show", list(counts), "kept_show", format_func=counts.__getitem__)
    newest = (misread if show_only == "misread" else kept)[::-1]
    if not newest:
        st.caption("The model in use reads all of them right.")
        return
    if len(newest) > MOST:
        starts = range(0, len(newest), MOST)
        start = st.selectbox(
            "Pictures", starts, format_func=lambda start: f"{start + 1} to {min(start + MOST, len(newest))}", width=180
        )
        newest = newest[start : start + MOST]
    by_number = {one.id: one for one in newest}
    with st.container(key="kept"):
        chosen = st.pills(
            "Choose pictures to see their details, change their label or delete them",
            list(by_number),
            selection_mode="multi",
            format_func=lambda number: label(by_number[number], said[number]),
            key=f"chosen-{memory.get('gallery', 0)}-{show_only}",
        )
    chosen = [number for number in chosen if number in by_number]
    for number in chosen[:5]:
        one = by_number[number]
        st.markdown(f":small[{describe(one, said[number])}]")
        name, label_of = f"Picture {number} of My digits", one.label if one.is_digit else None
        handover.offer_to_explain(one.image, name, label_of, checkpoint.in_use(), "pages/4_My_digits.py")
    if chosen:
        key = f"relabel-{memory.get('gallery', 0)}"
        st.pills(
            f"{'It shows' if len(chosen) == 1 else 'They all show'} a …",
            [*range(10), NO_DIGIT],
            format_func=lambda digit: "no digit" if digit == NO_DIGIT else str(digit),
            key=key,
            on_change=relabel,
            args=(chosen, key),
            help="Gives the chosen pictures this label.",
        )
        st.button(
            f"Delete {words.count(len(chosen), 'picture')}",
            icon=":material/delete:",
            on_click=delete,
            args=(chosen,),
            key="delete",
        )


def label(one: Correction, said: str) -> str:
    """The picture over its digit; one that is misread today names the wrong answer, too."""
    answer = "" if said == one.text else f" :small[read as {said or 'no digit'}]"
    return f"![]({digit_images.digit_url(one.image.tobytes())}) {one.text or 'no digit'}{answer}"


def describe(one: Correction, said: str) -> str:
    """Everything known of one picture, in a line."""
    by = f" by {words.escape_markdown(one.nickname)}" if one.nickname else ""
    shown = words.a_digit(one.text).capitalize() if one.is_digit else "No digit"
    return (
        f"{shown}{by}. {one.model} {one.version} read it as "
        f"{one.said or 'no digit'} on {one.created:%Y-%m-%d at %H:%M} UTC; the model in use says "
        f"{said or 'no digit'} today."
    )


def relabel(chosen: list[int], key: str) -> None:
    """Give the chosen pictures the label that was pressed."""
    digit = memory[key]
    what = "no digit" if digit == NO_DIGIT else words.a_digit(digit)
    done = f"{words.count(len(chosen), 'picture')} labelled as {what}."
    notices.attempt(resources.corrections().relabel, chosen, digit, done=done)
    memory.gallery = memory.get("gallery", 0) + 1


def delete(chosen: list[int]) -> None:
    """Delete for good, but for an Undo in this visit."""
    memory.my_digits_deleted = notices.attempt(resources.corrections().delete, chosen)
    memory.gallery = memory.get("gallery", 0) + 1


def undo() -> None:
    """Bring back what was deleted last."""
    notices.attempt(resources.corrections().restore, memory.pop("my_digits_deleted"))


def offer_export(kept: list[Correction]) -> None:
    """Downloads of everything kept, which Evaluate reads as a set of one's own."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for title, kind, content, icon in (
            ("Pictures", "zip", store.to_zip, ":material/folder_zip:"),
            ("Table", "csv", store.to_csv, ":material/table:"),
        ):
            st.download_button(
                f"{title} (.{kind})", content(kept), f"my-digits.{kind}", icon=icon, on_click="ignore", key=kind,
                help="Evaluate reads it as your own set.",
            )  # fmt: skip


def show_share(right: int, total: int) -> str:
    """A share with its 95 % interval, with as many decimals as the number of pictures allows: "25 % (9 % to 53 %)"."""
    low, high = wilson_interval(right, total)
    decimals = 0 if total < 1000 else 2
    share, least, most = (words.percent(value, decimals) for value in (right / total, low, high))
    return f"{share} ({least} to {most})"

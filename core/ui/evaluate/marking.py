"""Several pictures at once: tag them, or send them to My digits."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core import words
from core.ui import notices, resources, visitor
from core.ui.evaluate.measured import Shown

memory = st.session_state


def tags(shown: Shown) -> dict[int, str]:
    """This visitor's tags on the pictures of a set, by place."""
    found: dict[int, str] = memory.setdefault("picture_tags", {}).setdefault(shown.test_set.key, {})
    return found


def ask(shown: Shown, part: list[int], key: str, caption: Callable[[int], str]) -> int:
    """Which of the pictures on the open page, `part`, are marked; `caption` words and draws one. Marks survive turning
    the page. Gives the place of the picture to open: the one that was pressed last."""
    marked, place = _marked(shown, key), f"marked-{key}-{part[0]}"
    memory[place] = [one for one in part if one in marked]
    st.pills(
        "Press every picture you want",
        part,
        format_func=caption,
        selection_mode="multi",
        key=place,
        on_change=_remember,
        args=(marked, part, place, f"picked-{key}"),
    )
    picked = memory.get(f"picked-{key}")
    return picked if picked in part else part[0]


def act(shown: Shown, members: list[int], key: str) -> None:
    """What to do with the marked ones of `members`, all pictures of the gallery."""
    marked = _marked(shown, key)
    marked &= set(members)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(f"Mark all {len(members):,}", key=f"all-{key}", on_click=marked.update, args=(members,))
        st.button("Mark none", key=f"none-{key}", on_click=marked.clear, disabled=not marked)
        if visitor.may_keep():
            st.button(
                f"Send {len(marked):,} to My digits",
                key=f"send-{key}",
                icon=":material/edit_note:",
                disabled=not (marked and shown.test_set.is_labelled),
                on_click=_send,
                args=(shown, frozenset(marked), f"sent-{key}"),
                help="Each with the digit it is labelled with. There a copy of the model can be fine-tuned on them.",
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tag = st.text_input("Tag", key=f"tag-{key}", width=160, max_chars=40, placeholder="slanted")
        st.button(
            f"Tag {words.count(len(marked), 'picture')}",
            key=f"do-tag-{key}",
            disabled=not marked,
            on_click=_tag,
            args=(shown, frozenset(marked), tag),
            help="Errors shows tagged pictures, and the CSV of all predictions has the tags. They are kept until you "
            "close this tab. An empty tag takes tags off.",
        )
    notices.show_notice(f"sent-{key}")


def _marked(shown: Shown, key: str) -> set[int]:
    """The places that are marked in one gallery of one set."""
    found: set[int] = memory.setdefault("marked", {}).setdefault((key, shown.test_set.key), set())
    return found


def _remember(marked: set[int], part: list[int], place: str, picked: str) -> None:
    now = set(memory[place])
    if changed := now ^ (marked & set(part)):
        memory[picked] = min(changed)
    marked -= set(part)
    marked |= now


def _tag(shown: Shown, marked: frozenset[int], tag: str) -> None:
    known = tags(shown)
    for place in marked:
        known.pop(place, None)
        if tag.strip():
            known[place] = tag.strip()


def _send(shown: Shown, marked: frozenset[int], notice: str) -> None:
    if done := notices.attempt(_keep, shown, marked, place=notice):
        notices.note(done, notice)


def _keep(shown: Shown, marked: frozenset[int]) -> str:
    mine = resources.corrections()
    for place in sorted(marked):
        picture = shown.picture(place)
        if picture.label is not None:
            mine.keep(picture.image, picture.label, str(picture.answer), shown.card.name, shown.card.version)
    return f"Kept {words.count(len(marked), 'picture')} in My digits, as they are labelled."

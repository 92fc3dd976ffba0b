"""Pictures one can press, and the pressed one in detail: the same wherever pictures are shown on this page."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import streamlit as st
from PIL import Image

from core import words
from core.data.digits import DataError
from core.evaluation import testset
from core.evaluation.answered import AnsweredPicture
from core.evaluation.testset import PictureFile
from core.figures import digit_images
from core.reading.picture import read as read_picture
from core.ui import handover, resources, widgets
from core.ui.evaluate import marking
from core.ui.evaluate.measured import Shown
from core.ui.handover import Handed

NEIGHBOURS = 8
ORIGINAL = 336  # pixels: longer side, twice what the page gives it

memory = st.session_state


def show_gallery(
    shown: Shown,
    members: list[int],
    key: str,
    beside: bool = True,
    against: Shown | None = None,
    can_mark: bool = True,
) -> int:
    """Pictures one can press, a page at a time, and the pressed one in detail, beside them or below.

    `members` are places in the set, at least one; `against` is another model's answers to the same pictures, shown
    beside the first's. Several can be marked at once where `can_mark`. Gives the place of the open picture.
    """
    per_page = 20 if beside else 12
    pages = math.ceil(len(members) / per_page)
    page = min(memory.get(f"page-{key}", 1), pages)
    if pages > 1:
        memory[f"page-{key}"] = page  # a filter may have left fewer pages than the one that was open
    part = members[(page - 1) * per_page : page * per_page]
    gallery, detail = st.columns(2, gap="large") if beside else (st.container(), st.container())
    with gallery:
        is_marking = can_mark and memory.get(f"mark-{key}", False)
        with st.container(key=f"gallery-{key}"):
            if is_marking:
                picked = marking.ask(shown, part, key, lambda place: _caption(shown.picture(place)))
            else:
                picked = _ask_for_one(shown, part, key)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if pages > 1:
                st.number_input(f"Page (of {pages:,})", 1, pages, key=f"page-{key}", width=160)
            if can_mark:
                st.toggle("Mark several", key=f"mark-{key}", help="To tag them, or to send them to My digits.")
        if is_marking:
            marking.act(shown, members, key)
    with detail, st.container(key=f"detail-{key}"):
        _show_picture(shown, shown.picture(picked), against)
    widgets.bring_into_sight(f"gallery-{key}", f"detail-{key}", picked)
    return picked


def _ask_for_one(shown: Shown, part: list[int], key: str) -> int:
    """The pictures as options of one choice: a screen reader hears which is open, and the keyboard stays on it."""
    place = f"picked-{key}"
    if memory.get(place) not in part:
        memory[place] = part[0]
    picked = st.pills(
        "Pictures",
        part,
        format_func=lambda member: _caption(shown.picture(member)),
        required=True,
        key=place,
        label_visibility="collapsed",
    )
    return part[0] if picked is None else picked


def _caption(picture: AnsweredPicture) -> str:
    """A thumbnail: the picture, said in words to those who can't see it, and under it "9→4 · 58 %"."""
    truth = "" if picture.label is None else f"{words.a_digit(picture.label)} "
    sure = words.probability(picture.confidence)
    address = digit_images.as_data_url(digit_images.digit_png(picture.image))
    name = words.escape_markdown(picture.name)
    was = "" if picture.label in (None, picture.answer) else f"{picture.label}→"
    text = f"{was}{picture.answer} · {sure}"
    return f"![{truth}read as {picture.answer}, {sure} sure, {name}]({address}) {text}"


def _show_picture(shown: Shown, picture: AnsweredPicture, against: Shown | None = None) -> None:
    """One picture: label, answer, probabilities, what the model sees, the nearest training images."""
    what = "" if picture.label is None else f": {words.a_digit(picture.label)}"
    with st.container(border=True):
        sent = testset.sent_as(shown.asked, shown.test_set, picture.place)
        left, right = st.columns([1, 2])
        with left:
            if sent:
                _show_original(sent, what)
            st.image(
                digit_images.as_data_url(digit_images.digit_png(picture.image, 6)),
                width=168,
                alt=f"The digit as the model sees it{what}",
                caption="What the model sees" if sent else None,
            )
        with right:
            st.markdown(f"{_say_answer(picture)} with {words.probability(picture.confidence)} confidence.")
            st.markdown(_say_second(picture))
            st.caption(words.escape_markdown(picture.name))
            content = sent.content if sent else digit_images.digit_png(picture.image, 1)
            with st.container(horizontal=True, gap="small"):
                title = name_in_set(shown, picture.name)
                handover.offer_to_explain(picture.image, title, picture.label, shown.card.name, "pages/3_Evaluate.py")
                offer_to_predict(shown, picture.name, content, picture.label)
        _show_probabilities(shown, picture, against)
        _show_neighbours(picture, shown.may_doubt_label(picture.place))


def offer_to_predict(shown: Shown, name: str, content: bytes, label: int | None) -> None:
    """A link that shows a picture on Predict, read by the model that this page shows."""
    title = name_in_set(shown, name)
    handover.offer_to_predict(Handed(title, content, label, shown.card.name, "pages/3_Evaluate.py"))


def name_in_set(shown: Shown, name: str) -> str:
    """The name of a picture with that of its set, as another page shows it."""
    return f"{name}, {shown.test_set.name}" if name != shown.test_set.name else name


def _show_original(sent: PictureFile, what: str) -> None:
    """The picture as it was sent, upright and reduced."""
    key = ("as sent", hashlib.sha256(sent.content).digest())
    small = resources.results().keep(key, lambda: _draw_original(sent.content))
    st.image(digit_images.as_data_url(small), width=168, alt=f"The picture as it was sent{what}", caption="As sent")


def _draw_original(content: bytes) -> bytes:
    """A picture file as a PNG of about `ORIGINAL` pixels; the pixels of a tiny one stay sharp."""
    image = Image.fromarray(read_picture(content).colours)
    image.thumbnail((ORIGINAL, ORIGINAL))
    times = max(1, ORIGINAL // max(image.size))
    return digit_images.to_png(np.asarray(image).repeat(times, axis=0).repeat(times, axis=1))


def _show_probabilities(shown: Shown, picture: AnsweredPicture, against: Shown | None) -> None:
    """The ten bars; of two models those of both, each under its name."""
    if against is None:
        widgets.probabilities(picture.probabilities, key=f"bars-{picture.place}")
        return
    for column, answers in zip(st.columns(2), (shown, against), strict=True):
        with column:
            one = answers.picture(picture.place)
            sure = words.probability(one.confidence)
            st.markdown(f"{words.escape_markdown(answers.card.name)}: **{one.answer}** with {sure} confidence")
            widgets.probabilities(one.probabilities, key=f"bars-{answers.card.name}-{picture.place}")


def _say_answer(picture: AnsweredPicture) -> str:
    if picture.label is None:
        return f"Read as **{picture.answer}**"
    if picture.label == picture.answer:
        return f"Read right: **{picture.answer}**"
    return f"Labelled **{picture.label}**, read as **{picture.answer}**"


def _say_second(picture: AnsweredPicture) -> str:
    share = picture.probabilities[picture.second]
    if share < 0.0005:  # what would read "<0.1 %"
        return "No other digit comes near."
    return f"The next best is {picture.second} with {words.probability(share)}."


def _show_neighbours(picture: AnsweredPicture, may_doubt: bool) -> None:
    """The training images most alike, and a doubt about the label where they speak against it."""
    try:
        nearest = resources.neighbours().nearest(picture.image, NEIGHBOURS)
    except DataError:
        return
    labels = ", ".join(map(str, nearest.labels))
    st.markdown(
        "Nearest training images",
        help="The training images most alike, compared as pictures, slightly blurred. It does not depend on the model: "
        "an independent second opinion.",
    )
    st.image(
        digit_images.as_data_url(digit_images.strip_png(nearest.images, times=2)),
        width=480,
        alt=f"The most similar training images are labelled {labels}",
    )
    st.caption(f"Labelled {labels}")
    if may_doubt and nearest.doubt(picture.label, picture.answer):
        st.markdown(
            f":material/help: Perhaps the label is wrong: pictures like this one are labelled {picture.answer}."
        )

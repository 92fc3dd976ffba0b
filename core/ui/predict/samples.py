"""Pick a sample: the gallery, a random MNIST digit, or a picture that another page handed on."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from core import words
from core.data.digits import DataError
from core.figures import digit_images
from core.network import checkpoint
from core.reading import picture
from core.ui import addresses, handover, notices, resources, shell, widgets
from core.ui.predict import answer
from core.workspace import SHIPPED

GONE = "sample_gone"  # where it is said that there is no such picture
TEST_DIGIT = "mnist-"  # in the address, before its number
THUMBNAIL = 144  # pixels: longer side, twice what the gallery gives it
# What the gallery shows at once, by the first word of a sample's file name; a digit's begins with the digit.
KINDS = {"Digits": "", "Numbers": "number", "No digits": "not", "Misread": "hard"}
ABOUT = {
    "Numbers": "Several digits: each is found and read on its own.",
    "No digits": "What isn't a digit should be refused, with a reason instead of a guess.",
    "Misread": "Digits that the shipped model misreads, often confidently. You can see why.",
}

memory = st.session_state


@dataclass(frozen=True)
class Sample:
    """The picture that is open: `address` stands for it in the page's address, `content` are a file's bytes, `label` is
    what was meant, None where nobody says."""

    address: str
    name: str
    content: bytes
    label: int | None = None
    title: str = "As given"
    handed: handover.Handed | None = None


def take_over() -> None:
    """Open the picture that the page's address names: a sample, or what another page hands on, to be read by the model
    that read it there."""
    if "sample" in (answered := shell.answered_address()):
        return
    answered.add("sample")
    address, before = st.query_params.get("sample", ""), memory.get("sample")
    if not address:
        if addresses.came_by_history():
            memory.sample = None
        return
    if before and before.address == address:
        return
    memory.sample = sample = find(address)
    if sample is None and GONE not in memory:
        notices.refuse("The picture that this address names is no longer kept here. Choose another one.", GONE)
    elif sample and sample.handed:
        memory.expect = "auto"  # as it was read there
    elif sample and sample.name == address:
        memory.samples_kind = kind_of(address)


def find(address: str) -> Sample | None:
    """The picture that an address names; None where there is none, or where it is no longer kept."""
    if handed := handover.find(address):
        return Sample(address, handed.name, handed.content, handed=handed)
    if address in dict(list_samples()):
        return open_sample(address)
    number = address.removeprefix(TEST_DIGIT)
    is_number = number != address and number.isascii() and number.isdecimal() and len(number) < 6
    return open_test_digit(int(number)) if is_number else None


def show() -> None:
    """The gallery: one click reads a picture. A surprise is a random MNIST test digit whose label stays hidden."""
    sample: Sample | None = memory.get("sample")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button("Surprise me", icon=":material/casino:", type="primary", on_click=surprise)
        kind = widgets.choice("Kind of samples", list(KINDS), "samples_kind", in_address=False, shows_label=False)
    # Back closes the picture: the first one is a step, others take its place.
    addresses.write("sample", sample.address if sample else "", memory.pop("sample_is_step", False))
    notices.show_notice(GONE)
    with st.container(key="samples"):
        left, right = st.columns([0.42, 0.58], gap="large")
    with left:
        if kind in ABOUT:
            st.caption(ABOUT[kind])
        show_gallery(kind, sample.name if sample else "")
    with right:
        if not sample:
            answer.show_example("Press a picture, or let yourself be surprised.")
            return
        model = _show_origin(sample.handed) if sample.handed else ""
        if sample.label is not None and st.toggle("Show the label", key=f"label-{sample.address}"):
            st.markdown(f"The person who wrote it meant {words.article(sample.label)} **{sample.label}**.")
        answer.show(partial(picture.read, sample.content), sample.name, "sample", sample.title, sample.content, model)


def show_gallery(kind: str, chosen: str) -> None:
    """The samples of one kind, each with its title below it; the chosen one is marked.

    Every button stays the button it was: one that becomes another loses the keyboard's focus.
    """
    gallery = {f"sample-{name}": (name, thumbnail) for name, thumbnail in list_samples() if kind_of(name) == kind}
    with st.container(key="frame"), st.container(horizontal=True, key="gallery", gap="xsmall"):
        for key, (file, thumbnail) in gallery.items():
            st.button(
                f"![{label_in(file)}]({thumbnail}) :small[{title_of(file)}]", key=key, on_click=choose, args=(file,)
            )
    widgets.mark_pressed(list(gallery), f"sample-{chosen}")


def _show_origin(handed: handover.Handed) -> str:
    """What was handed on from another page, who reads it, and the way back. Gives the name of the model that reads it,
    empty for the model in use."""
    handover.show_way_back(handed)
    label = "" if handed.label is None else f" · labelled **{handed.label}**"
    st.markdown(words.escape_markdown(handed.name) + label)
    if handed.model == checkpoint.in_use():
        return ""
    model = words.escape_markdown(handed.model)
    if handed.model not in checkpoint.names():
        st.caption(f"{model}, which read it there, is gone. The model in use reads it here.")
        return ""
    st.caption(f"Read by {model}, as there. It is not the model in use.")
    return handed.model


@st.cache_data(show_spinner=False)
def list_samples() -> list[tuple[str, str]]:
    """Name and thumbnail of every sample, in the order of their names."""
    gallery = []
    for path in sorted((SHIPPED / "samples").glob("*.*")):
        if path.suffix.lstrip(".").lower() in picture.SUFFIXES:
            image = Image.fromarray(picture.read(path.read_bytes()).colours)
            image.thumbnail((THUMBNAIL, THUMBNAIL))
            gallery.append((path.name, digit_images.as_data_url(digit_images.to_png(np.asarray(image)))))
    return gallery


def kind_of(name: str) -> str:
    """The kind of a sample: a key of `KINDS`."""
    first = name.partition("_")[0]
    return next((kind for kind, word in KINDS.items() if word == first), "Digits")


def label_in(name: str) -> str:
    """The digit that a sample's file name begins with; empty for the other kinds."""
    return name[0] if name[0].isdigit() else ""


def title_of(name: str) -> str:
    """What a sample's file name says in words: "0_round_chalk_on_blackboard.jpg" -> "Round chalk on blackboard"."""
    kind, *rest = Path(name).stem.split("_")
    if kind == "hard":
        rest = rest[1:]
    title = " ".join(rest).replace("mnist", "MNIST")
    return title[:1].upper() + title[1:]


def open_sample(name: str) -> Sample:
    """One picture of the gallery."""
    kind, _, rest = name.partition("_")
    label = int(rest[0]) if kind == "hard" else None
    return Sample(name, name, (SHIPPED / "samples" / name).read_bytes(), label, title_of(name))


def open_test_digit(index: int | None) -> Sample | None:
    """A digit of MNIST's test set, any one for None; no digit, and a sentence on the page, where it can't be had."""
    try:
        digits = resources.digits(train=False)
    except DataError as error:
        notices.refuse(str(error), GONE)
        return None
    index = random.randrange(len(digits)) if index is None else index
    if index >= len(digits):
        return None
    content = digit_images.digit_png(digits.images[index].numpy(), 1)
    name = f"MNIST test digit {index:,}"
    return Sample(f"{TEST_DIGIT}{index}", name, content, int(digits.labels[index]), name)


def choose(name: str) -> None:
    """Read one picture of the gallery."""
    _show_next(open_sample(name))


def surprise() -> None:
    """Read a random MNIST test digit."""
    _show_next(open_test_digit(None))


def _show_next(sample: Sample | None) -> None:
    memory.sample_is_step = memory.get("sample") is None
    memory.sample = sample

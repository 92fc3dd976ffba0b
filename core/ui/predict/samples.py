"""Pick a sample: the gallery, a random MNIST digit, or a picture that another page handed on."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from PIL import Image

from core import words
from core.data.digits import DataError
from core.figures import digit_images
from core.network import checkpoint
from core.reading import picture
from core.ui import handover, resources
from core.ui.predict import answer
from core.workspace import SHIPPED

THUMBNAIL = 144  # pixels: longer side, twice what the gallery gives it

memory = st.session_state


@dataclass(frozen=True)
class Sample:
    """The picture that is open: `content` as a file's bytes; `label` what was meant, None where nobody says."""

    name: str
    content: bytes
    label: int | None = None
    handed: handover.Handed | None = None


def take_over() -> None:
    """Open a picture that another page handed on, to be read by the model that read it there."""
    if handed := handover.take():
        memory.sample = Sample(handed.name, handed.content, handed=handed)
        memory.way = "Samples"
        memory.expect = "auto"  # as it was read there


def show() -> None:
    """The gallery: one click reads a picture. A surprise is a random MNIST test digit whose label stays hidden."""
    st.button("Surprise me", icon=":material/casino:", type="primary", on_click=surprise)
    sample: Sample | None = memory.get("sample")
    with st.container(key="samples"):  # on a phone the answer comes above the gallery (core/ui/shell.py's STYLE)
        left, right = st.columns([0.42, 0.58], gap="large")
    with left.container(horizontal=True, key="gallery", gap="small"):
        for name, thumbnail in list_samples():
            st.button(
                f"![Sample {words.escape_markdown(name)}]({thumbnail})",
                key=f"sample-{name}",
                on_click=choose,
                args=(name,),
                type="primary" if sample and sample.name == name else "secondary",
            )
    with right:
        if not sample:
            answer.show_example("Press a picture, or let yourself be surprised.")
            return
        model = _show_origin(sample.handed) if sample.handed else ""
        answer.show(partial(picture.read, sample.content), sample.name, "sample", content=sample.content, model=model)
        if sample.label is not None and st.toggle("Show the label", key=f"label-{sample.name}"):
            st.markdown(f"The person who wrote it meant {words.article(sample.label)} **{sample.label}**.")


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


def choose(name: str) -> None:
    """Read one picture of the gallery."""
    memory.sample = Sample(name, (SHIPPED / "samples" / name).read_bytes())


def surprise() -> None:
    """Read a random MNIST test digit."""
    try:
        digits = resources.digits(train=False)
    except DataError as error:
        memory.sample = None
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    index = random.randrange(len(digits))
    content = digit_images.digit_png(digits.images[index].numpy(), 1)
    memory.sample = Sample(f"MNIST test digit {index:,}", content, int(digits.labels[index]))

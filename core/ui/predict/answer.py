"""What was read in one picture: the digit first, how sure it is, and how it was found."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st
from PIL import Image, ImageOps

from core import words
from core.config import POLARITIES
from core.figures import boxes, digit_images
from core.reading import batch, picture, reader
from core.reading.mnist_form import Stage
from core.reading.one_digit import FoundDigit
from core.ui import correction, resources, widgets

SQUARE = 320  # pixels: side of a shown picture, twice what a page gives it

Crop = tuple[float, float, float, float]  # left, top, right, bottom as shares of the picture
Load = Callable[[], picture.Picture]  # gives the picture, decoded only where it has not been read yet

memory = st.session_state


def show(load: Load, name: str, key: str, caption: str = "As given", content: bytes = b"", model: str = "") -> None:
    """Everything there is to say of one picture: its answer, and below it what that depends on.

    `key`, `content` and `model` as in `read`.
    """
    answer = st.container()  # above the controls that it depends on
    with st.container(horizontal=True, vertical_alignment="center"):
        polarity, crop = ask_for_overrides(key)
        steps = st.toggle("How it got there", key=f"steps-{key}", help="Every step from your picture to the model's.")
    try:
        reading = read(load, key, polarity, crop, content, model)
    except picture.PictureError as error:
        answer.error(words.escape_markdown(f"{batch.show_name(name)}: {error}"), icon=":material/broken_image:")
        return
    with answer:
        show_reading(reading, name, caption, key)
    if steps:
        show_steps(reading.found.steps)
        st.caption(resources.model_in_use().about_confidence)


def show_example(invitation: str) -> None:
    """An example of an answer, greyed, until there is one, and how to get one."""
    st.html('<div class="answer example"><span class="digit">7</span><span class="confidence">97.3&nbsp;%</span></div>')
    st.caption(f"An example. {invitation}")


def read(
    load: Load, key: str, polarity: str = "auto", crop: Crop | None = None, content: bytes = b"", model: str = ""
) -> reader.Reading:
    """Read a picture, or give the last reading again where nothing it depends on has changed.

    `key` names the file, or the place on the page; a place that shows one picture after the other tells them apart by
    their `content`. `model` is the name of the one that answers, if it isn't the model in use.

    Raises `PictureError` for bytes that are no picture.
    """
    answering = resources.model(model) if model else resources.model_in_use()
    asked = (key, hash(content), polarity, crop, memory.expect, answering.name, answering.version)
    reading: reader.Reading
    last_asked, reading = memory.get("last_reading", (None, None))
    if last_asked != asked:
        reading = reader.read(answering, load(), polarity, crop, memory.expect)
        memory.last_reading = (asked, reading)
    return reading


def show_reading(reading: reader.Reading, name: str, caption: str, key: str) -> None:
    """What was read and how sure it is, in words, then one digit's details, or each of a number's on choosing it."""
    confidence = words.probability(reading.confidence) if reading.text else "no digit"
    kind = "answer number" if reading.is_number else "answer" if reading.text else "answer none"
    st.html(
        f'<div class="{kind}" role="status" aria-live="polite"><span class="digit">{reading.text or "–"}</span>'
        f'<span class="confidence">{escape(confidence)}</span></div>'
    )
    st.markdown(reading.sentence)
    if reading.is_number:
        show_number(reading, name, key)
        return
    if reading.text and (warning := batch.warn_of_others(reading)):
        st.markdown(f":material/info: {warning}")
    if reading.prediction:
        widgets.probabilities(reading.probabilities)
    with st.container(horizontal=True):
        show_square(boxes.mark_digit(reading), caption, f"The picture {batch.show_name(name)}")
        if isinstance(reading.found, FoundDigit):
            show_what_the_model_sees(reading.found.image)
    if isinstance(reading.found, FoundDigit):
        correction.offer_correction(reading.found.image, reading.text, reading.model, reading.version, key)


def show_number(reading: reader.Reading, name: str, key: str) -> None:
    """The picture with a box around each digit, and the details of the one that is chosen."""
    digits = reading.digits
    place = st.container()
    chosen = st.segmented_control(
        "Details of the digit",
        range(len(digits)),
        format_func=lambda number: f"{number + 1}: {digits[number].digit}",  # equal names would be one choice
        default=reading.doubtful[0] if reading.doubtful else 0,
        required=True,
        key=f"digit-{zlib.crc32(repr([digit.box for digit in digits]).encode())}",
        help="Counted in reading order. The box of the chosen one is thicker.",
    )
    sentence = ", ".join(f"{digit.digit} with {words.probability(digit.confidence)}" for digit in digits)
    place.image(
        digit_images.as_data_url(digit_images.to_png(boxes.mark_number(reading, chosen))),
        alt=f"The picture {batch.show_name(name)}: {sentence}",
        width="stretch",
    )
    digit = digits[chosen]
    st.markdown(digit.prediction.sentence)
    left, right = st.columns([0.38, 0.62], vertical_alignment="center")
    with left:
        show_what_the_model_sees(digit.image)
    with right:
        widgets.probabilities(digit.prediction.probabilities)
    correction.offer_correction(digit.image, str(digit.digit), reading.model, reading.version, f"{key}-{chosen}")


def show_what_the_model_sees(image: np.ndarray) -> None:
    """The (28, 28) digit, float in [0, 1], in large crisp pixels."""
    show_square(digit_images.enlarge(image, 10), "What the model sees", "The 28x28 digit the model sees")


def show_square(pixels: np.ndarray, caption: str | None, alt: str) -> None:
    """A picture (H, W) or (H, W, 3) uint8 in a square of its own, the same size for all.

    As a data URL: a file of its own would be gone when the next rerun comes before the browser has fetched it.
    """
    image = Image.fromarray(pixels).convert("RGBA")
    larger = Image.Resampling.NEAREST if max(image.size) < SQUARE else Image.Resampling.LANCZOS
    square = np.asarray(ImageOps.pad(image, (SQUARE, SQUARE), larger))
    st.image(digit_images.as_data_url(digit_images.to_png(square)), caption=caption, alt=alt, width=150)


def ask_for_overrides(key: str) -> tuple[str, Crop | None]:
    """Polarity and crop, folded away: automatic is right nearly always."""
    with st.popover("Adjust the reading", icon=":material/tune:"):
        polarity = st.segmented_control(
            "Ink and paper",
            POLARITIES,
            default="auto",
            required=True,
            key=f"polarity-{key}",
            help="Which is darker, the ink or the paper? Automatic looks at the picture.",
        )
        across = st.slider("Crop, left to right", 0, 100, (0, 100), format=words.SLIDER, key=f"across-{key}")
        down = st.slider("Crop, top to bottom", 0, 100, (0, 100), format=words.SLIDER, key=f"down-{key}")
    if across[1] - across[0] < 2 or down[1] - down[0] < 2:
        st.caption("The crop is too narrow to hold a digit; the whole picture is read.")
        return polarity, None
    crop = (across[0] / 100, down[0] / 100, across[1] / 100, down[1] / 100)
    return polarity, None if crop == (0, 0, 1, 1) else crop


def show_steps(stages: tuple[Stage, ...]) -> None:
    """Each stage of preprocessing as a picture with its title and a line of explanation."""
    with st.container(horizontal=True):
        for number, stage in enumerate(stages, start=1):
            with st.container(width=150):
                show_square(stage.image, None, stage.title)
                st.markdown(f"**{number}. {stage.title}**  \n:small[{stage.note}]")

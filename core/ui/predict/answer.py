"""What was read in one picture: the digit first, how sure it is, and how it was found."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image, ImageOps

from core import words
from core.figures import boxes, digit_images, steps
from core.reading import batch, picture, reader
from core.reading.mnist_form import Stage
from core.reading.one_digit import FoundDigit
from core.ui import correction, handover, resources, widgets
from core.ui.predict import adjust

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

UNSEEN = "\u2060"  # takes no room; tells equal names apart, which would be one choice
ABOUT_HYPOTHESES = (
    "Which marks are ink is a guess. The picture is seen in several ways, by contrast and by a network that learned "
    "what a pen's strokes look like; the model is asked about each, and the one that looks most like a digit counts. "
    "It is sure only where a second way says so too. Nats measure how much more it looks like a digit than not."
)
ABOUT_STEPS = (
    "The model only knows small pictures: a bright digit on black, in the middle of 28 by 28 pixels. "
    "These steps make such a picture of yours."
)
DRAWN = "As drawn"  # the caption of a drawing: advice differs from that for a picture
SQUARE = 320  # pixels: side of a shown picture, twice what a page gives it

EXAMPLE = 0.973  # the confidence of the example

Load = Callable[[], picture.Picture]  # gives the picture, decoded only where it has not been read yet

memory = st.session_state


def show(
    load: Load, name: str, key: str, caption: str = "As given", content: bytes = b"", model: str = ""
) -> reader.Reading | None:
    """Everything there is to say of one picture: its answer, and below it what that depends on.

    `key`, `content` and `model` as in `read`. Gives what was read; None where it is no picture, which is said.
    """
    # A drawing is one picture, though it changes with each stroke.
    adjusting = adjust.adjusting(key, b"" if caption == DRAWN else content)
    give = partial(read, load, key, adjusting.now.polarity, adjusting.now.crop, content, model)
    return show_given(give, name, key, caption, adjusting)


def show_given(
    give: Callable[[], reader.Reading],
    name: str,
    key: str,
    caption: str,
    adjusting: adjust.Adjusting,
    put_right: correction.PutRight | None = None,
) -> reader.Reading | None:
    """As `show`, of a reading that somebody else gives, who is told how to read otherwise by `adjusting`, and of every
    digit that a person puts right by `put_right`."""
    answer = st.container()  # above the controls that it depends on
    with st.container(horizontal=True, vertical_alignment="center"):
        frame = adjust.offer(adjusting)
        explain = st.toggle("How it got there", key=f"steps-{key}", help="Every step from your picture to the model's.")
    try:
        reading = give()
    except picture.PictureError as error:
        answer.error(words.escape_markdown(f"{batch.show_name(name)}: {error}"), icon=":material/broken_image:")
        return None
    if crop := adjusting.now.crop:
        show_crop(frame, reading, crop)
    with answer:
        show_reading(reading, name, caption, key, put_right)
    if explain:
        st.markdown(ABOUT_STEPS)
        show_steps(reading.found.steps)
        if len(reading.hypotheses) > 1:
            show_hypotheses(reading.hypotheses)
        st.caption(resources.model_in_use().about_confidence)
    return reading


def show_example(invitation: str) -> None:
    """An example of an answer, greyed, until there is one, and how to get one."""
    confidence = words.probability(EXAMPLE)
    st.html(
        '<div class="answer example" aria-hidden="true"><span class="digit">7</span>'
        f'<span class="confidence">{escape(confidence)}</span></div>'
    )
    st.caption(f"An example. {invitation}")


def show_strip(reading: reader.Reading | None) -> None:
    """The answer in one line, for where the page is narrow and the answer itself is out of sight. It says nothing new:
    a screen reader has the answer itself."""
    said = '<span class="sentence">Draw a digit</span>'
    if reading:
        confidence = words.probability(reading.confidence) if reading.text else "No digit"
        said = (
            f'<span class="digit">{reading.text}</span><span class="confidence">{escape(confidence)}</span>'
            f'<span class="sentence">{escape(reading.sentence)}</span>'
        )
    st.html(f'<div class="strip" aria-hidden="true">{said}</div>')


def read(
    load: Load,
    key: str,
    polarity: str = "auto",
    crop: batch.Crop | None = None,
    content: bytes = b"",
    model: str = "",
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


def show_reading(
    reading: reader.Reading, name: str, caption: str, key: str, put_right: correction.PutRight | None = None
) -> None:
    """What was read and how sure it is, in words, then one digit's details, or each of a number's on choosing it."""
    confidence = words.probability(reading.confidence) if reading.text else "No digit"
    kind = "answer number" if reading.is_number else "answer" if reading.text else "answer none"
    text = "<br>".join(reading.lines) or "–"
    st.html(
        f'<div class="{kind}" role="status" aria-live="polite"><span class="digit">{text}</span>'
        f'<span class="confidence">{escape(confidence)}</span></div>'
    )
    st.markdown(reading.sentence if reading.text or not reading.prediction else advise(reading, caption))
    if reading.is_number:
        show_number(reading, name, key, put_right)
        return
    if reading.prediction and reading.text:  # the shares of what is no digit say nothing
        widgets.probabilities(reading.probabilities)
    with st.container(horizontal=True):
        show_square(boxes.mark_digit(reading), caption, f"The picture {batch.show_name(name)}")
        if isinstance(reading.found, FoundDigit):
            show_what_the_model_sees(reading.found.image)
    if isinstance(reading.found, FoundDigit):
        offer_why(reading.found.image, reading, name)
        correction.offer_correction(reading.found.image, reading.text, reading.model, reading.version, key, put_right)


def advise(reading: reader.Reading, caption: str) -> str:
    """What was refused, and what to do if it is a digit after all: that depends on where it comes from."""
    again = "clear the canvas and draw it once more" if caption == DRAWN else "take the picture from closer, or crop it"
    return f"{reading.sentence} If it is one, {again}."


def show_number(reading: reader.Reading, name: str, key: str, put_right: correction.PutRight | None = None) -> None:
    """The picture with a box around each digit, and the details of the one that is chosen."""
    digits = reading.digits
    place = st.container()
    chosen = st.segmented_control(
        "Details of the digit",
        range(len(digits)),
        format_func=lambda number: f"{digits[number].digit}{UNSEEN * number}",
        default=reading.doubtful[0] if reading.doubtful else 0,
        required=True,
        key=f"digit-{zlib.crc32(repr([digit.box for digit in digits]).encode())}",
        help="In reading order. The box of the chosen one is thicker; orange boxes are unsure.",
    )
    sentence = ", ".join(f"{digit.digit} with {words.probability(digit.confidence)}" for digit in digits)
    place.image(
        digit_images.as_data_url(digit_images.to_png(boxes.mark_number(reading, chosen))),
        alt=f"The picture {batch.show_name(name)}: {sentence}",
        width="stretch",
    )
    digit = digits[chosen]
    st.markdown(digit.prediction.sentence)
    widgets.probabilities(digit.prediction.probabilities)
    show_what_the_model_sees(digit.image)
    offer_why(digit.image, reading, name)
    correction.offer_correction(
        digit.image, str(digit.digit), reading.model, reading.version, f"{key}-{chosen}", put_right, chosen
    )


def offer_why(image: np.ndarray, reading: reader.Reading, name: str) -> None:
    """The way to Explain, with the (28, 28) digit that the answer is about."""
    handover.offer_to_explain(image, batch.show_name(name, 40), None, reading.model, "pages/1_Predict.py")


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


def show_crop(place: DeltaGenerator, reading: reader.Reading, crop: batch.Crop) -> None:
    """What is left of the picture: a frame around it, shade over the rest."""
    marked = boxes.mark_crop(reading.picture.colours, crop)
    place.image(
        digit_images.as_data_url(digit_images.to_png(marked)),
        alt="The picture, with a frame around the part that is read",
        width=min(260, marked.shape[1]),
    )


def show_steps(stages: tuple[Stage, ...]) -> None:
    """Each stage of preprocessing as a picture with its title and a line of explanation."""
    with st.container(horizontal=True):
        for number, stage in enumerate(stages, start=1):
            with st.container(width=150):
                show_square(stage.image, None, stage.title)
                st.markdown(f"**{number}. {stage.title}**  \n:small[{stage.note}]")


def show_hypotheses(hypotheses: tuple[reader.Hypothesis, ...]) -> None:
    """The ways to see one digit in the picture with what the model said of each, the likeliest first."""
    st.markdown("**Ways to see it**", help=ABOUT_HYPOTHESES)
    with st.container(horizontal=True):
        for stage in steps.show_hypotheses(hypotheses):
            with st.container(width=150):
                show_square(stage.image, None, f"{stage.title}, 28x28")
                st.markdown(f"**{stage.title}**  \n:small[{stage.note}]")

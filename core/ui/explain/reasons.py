"""Why, and why not: where on the digit the evidence for an answer lies, for any digit, or for one against another."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import words
from core.explanation import evidence
from core.explanation.evidence import METHODS, Evidence, NoMethod, Question
from core.figures import digit_images, layer_images
from core.ui import resources, shell, widgets
from core.ui.explain import about, sums
from core.ui.explain.subject import Shown

NOBODY = "any other"
# What each method can't tell.
LIMITS = {
    "Occlusion": "It can't tell what several covered places together would do, and a covered digit is one that the "
    "model never learned from.",
    "Integrated gradients": "It can't tell about strokes that are missing: where there is no ink, there is no share. "
    "And the way from empty paper is one of many.",
    "Grad-CAM": "It can't tell finer than the last convolution's maps, which are a few places wide. And it gives each "
    "map one weight for all places, while a fully connected layer behind it weighs each place on its own: where it "
    "contradicts the other two, believe them.",
}

memory = st.session_state


def show(shown: Shown) -> None:
    """The evidence on the digit; beside it, if one likes, what a network that knows nothing makes of it."""
    about.show("reasons")
    question, method, is_checked = _ask(shown)
    try:
        found = find(shown, method, question)
        check = find(shown, method, question, is_shuffled=True) if is_checked else None
    except NoMethod as error:
        st.info(words.escape_markdown(f"{error} Choose another method."), icon=":material/info:")
        return
    with st.container(horizontal=True, gap="large"):
        with st.container(width=300):
            _show_one(shown, found, f"Evidence {say(question)}")
        if check:
            with st.container(width=300):
                _show_one(shown, check, "The same from shuffled weights")
    st.markdown(tell(found, method, question))
    if check:
        alike = evidence.compare(found.pixels, check.pixels)
        st.markdown(
            f"The two maps agree by {sums.number(alike)}, where 1 is the same map and 0 has nothing in common. "
            "Evidence that looks the same from shuffled weights tells of the digit's shape, not of what was learned."
        )
    st.caption(f"{method}: {LIMITS[method]}")


def _ask(shown: Shown) -> tuple[Question, str, bool]:
    """For which digit, rather than which, by which method, and whether to check it."""
    if memory.get("reasons_about") != shown.digit.address:  # another digit: its own answer is what one asks about
        memory.reasons_about, memory.reasons_for = shown.digit.address, shown.prediction.digit
    method = widgets.choice("Method", list(METHODS), "method", shows_label=True)
    digit = widgets.choice("Why a …", list(range(10)), "reasons_for", in_address=False)
    others = [NOBODY, *(str(other) for other in range(10) if other != digit)]
    if memory.get("reasons_against") not in others:
        memory.reasons_against = NOBODY
    against = widgets.choice("and not a …", others, "reasons_against", in_address=False)
    is_checked = st.toggle(
        "Check it with shuffled weights",
        key="reasons_check",
        help="The same method on the same network with its learned numbers in random places.",
    )
    return Question(digit, None if against == NOBODY else int(against)), method, is_checked


def question_now(shown: Shown) -> Question:
    """What this view asks at the moment, or would ask first where nobody opened it for this digit."""
    if memory.get("reasons_about") != shown.digit.address:
        return Question(shown.prediction.digit)
    against = memory.get("reasons_against", NOBODY)
    return Question(memory.reasons_for, None if against in (NOBODY, str(memory.reasons_for)) else int(against))


def find(shown: Shown, method: str, question: Question, is_shuffled: bool = False) -> Evidence:
    """The evidence, found before or now. Raises `NoMethod` where the network has no place for the method."""
    results = resources.results()

    def compute() -> Evidence:
        network = shown.model.model
        return METHODS[method](
            evidence.shuffle_weights(network) if is_shuffled else network, shown.digit.image, question
        )

    found: Evidence = results.keep(key_of(shown, method, question, is_shuffled), compute)
    return found


def key_of(shown: Shown, method: str, question: Question, is_shuffled: bool = False) -> tuple[object, ...]:
    """Under which the evidence is kept."""
    return "evidence", *shown.key, method, question, is_shuffled


def say(question: Question) -> str:
    """What the evidence is for: "for a 4 and not a 9"."""
    rather = "" if question.against is None else f" and not {words.a_digit(question.against)}"
    return f"for {words.a_digit(question.digit)}{rather}"


def draw(shown: Shown, found: Evidence, dark: bool) -> np.ndarray:
    """The evidence over the digit as a picture (280, 280, 3) uint8, its strongest pixel in full color."""
    return layer_images.lay_over(shown.digit.image, found.pixels, float(np.abs(found.pixels).max()), 10, dark)


def _show_one(shown: Shown, found: Evidence, title: str) -> None:
    limit = float(np.abs(found.pixels).max())
    st.markdown(f"**{title}**")
    st.image(
        digit_images.as_data_url(digit_images.to_png(draw(shown, found, shell.is_dark()))),
        width=280,
        alt=f"{title}: {describe(found.pixels)}",
    )
    st.caption(f"Blue speaks for it, orange against it; full color is {sums.number(limit)}.")


def tell(found: Evidence, method: str, question: Question) -> str:
    """The figures behind the picture, in a sentence."""
    wanted = f"the score {say(question)}"
    if method == "Integrated gradients":
        return (
            f"All pixels together: {sums.number(float(found.pixels.sum()))}. That is what {wanted}, "
            f"{sums.number(found.score)}, is above that of empty paper, {sums.number(found.empty)}."
        )
    if method == "Occlusion":
        low, high = float(found.pixels.min()), float(found.pixels.max())
        worst = f"; at the orange places it would rise, by {sums.number(-low)} at most" if low < 0 else ""
        return (
            f"A square of {evidence.PATCH}×{evidence.PATCH} pixels of paper on the bluest place lowers {wanted} by "
            f"{sums.number(high)}, of {sums.number(found.score)}{worst}."
        )
    return f"Where the last maps raise {wanted} it is blue, where they lower it orange."


def describe(pixels: np.ndarray) -> str:
    """Where most speaks for and against, in words for those who don't see it."""
    parts = []
    for word, values in (("for it", pixels), ("against it", -pixels)):
        if values.max() > 0:
            row, column = np.unravel_index(int(values.argmax()), values.shape)
            where = words.name_place(int(row), int(column), (values.shape[0], values.shape[1]))
            parts.append(f"most {word} at {where}")
    return ", ".join(parts) or "no evidence"

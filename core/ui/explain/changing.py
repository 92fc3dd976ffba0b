"""What would change it: the smallest change of ink that makes the digit another one, and its adversarial twin."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import words
from core.data.digits import DataError
from core.explanation import adversary, changes, counterfactual
from core.explanation.adversary import Twin
from core.explanation.counterfactual import Change
from core.figures import digit_images, layer_images
from core.network.prediction import predict
from core.ui import resources, shell, widgets
from core.ui.explain import about
from core.ui.explain.subject import Shown

POINTS = 21  # on the way from the digit to the changed one, before a flip is found between two of them
WIDE = 168  # pixels of a shown digit

memory = st.session_state


def show(shown: Shown) -> None:
    """Which digit it should become; then the change with its slider, and beside it the twin with its noise."""
    about.show("change")
    wanted = _ask(shown)
    left, right = st.columns([0.6, 0.4], gap="large")
    with left:
        st.markdown(f"**The smallest change that makes it {words.a_digit(wanted)}**")
        _show_change(shown, wanted)
    with right:
        st.markdown("**Its adversarial twin**")
        _show_twin(shown, wanted)


def _ask(shown: Shown) -> int:
    """The digit it should become: at first the next most probable one."""
    about_it = (shown.digit.address, shown.model.name)
    if memory.get("change_about") != about_it or memory.get("change_to") == shown.prediction.digit:
        memory.change_about, memory.change_to = about_it, shown.prediction.second
    others = [digit for digit in range(10) if digit != shown.prediction.digit]
    return widgets.choice("Make it a …", others, "change_to", in_address=False)


def key_of(shown: Shown, wanted: int) -> tuple[object, ...]:
    """Under which the change of the digit into another one is kept."""
    return "counterfactual", *shown.key, wanted


def find(shown: Shown, wanted: int) -> Change | None:
    """The smallest change, found before or now, saying how far the search is; None where none was found. Raises
    `DataError` where MNIST is missing."""
    key = key_of(shown, wanted)
    known: tuple[Change | None] | None = resources.results().find(key)
    if known is None:
        training = resources.digits(train=True)
        place = st.empty()
        bar = place.progress(0.0, "Looking for the smallest change …")

        def tell_share(share: float) -> None:
            bar.progress(share, "Looking for the smallest change …")

        def search() -> tuple[Change | None]:
            others = training.images[training.labels == wanted].numpy()
            examples = counterfactual.find_examples(shown.digit.image, others)
            return (counterfactual.change(shown.model, shown.digit.image, examples, wanted, tell_share),)

        known = resources.results().keep(key, search)
        place.empty()
    return known[0]


def _show_change(shown: Shown, wanted: int) -> None:
    budget = st.slider("Budget", 10, 200, 100, 10, format="%d pixels", key="change_budget", persist_state="session")
    try:
        found = find(shown, wanted)
    except DataError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    if found is None or found.pixels > budget:
        needs = "" if found is None else f" The smallest one found changes {found.pixels}."
        st.info(
            f"No change of at most {budget} pixels was found that makes it {words.a_digit(wanted)}.{needs}",
            icon=":material/info:",
        )
        return
    percents = st.slider("How much of the change", 0, 100, 100, format=words.SLIDER, key="change_share")
    now = found.mix(percents / 100)
    prediction = predict(shown.model, now[None])[0]
    added, gone = found.ink
    with st.container(horizontal=True, gap="medium"):
        marked = layer_images.mark_change(found.before, now)
        st.image(
            digit_images.as_data_url(digit_images.to_png(marked)),
            width=WIDE,
            alt=f"The digit with ink added in blue and taken away in orange, read as {prediction.digit}",
            caption="Blue is added, orange taken away",
        )
        st.image(
            digit_images.as_data_url(digit_images.digit_png(now, 8)),
            width=WIDE,
            alt=f"The changed digit, read as {prediction.digit}",
            caption="As the model sees it",
        )
    st.markdown(f"Read as **{prediction.digit}** with {words.probability(prediction.confidence)}. {tell(shown, found)}")
    st.caption(
        f"{words.count(found.pixels, 'pixel')} of 784 change: as much ink as {added:.1f} full pixels is added, "
        f"{gone:.1f} taken away. Saved as a PNG and read again it is {words.a_digit(found.wanted)}."
    )
    widgets.probabilities(prediction.probabilities, key="change-bars")


def tell(shown: Shown, found: Change) -> str:
    """Where on the way the answer flips: "A 4 until 62 % of the change, then a 9."."""

    def ask(shares: np.ndarray) -> np.ndarray:
        mixed = np.stack([found.mix(float(share)) for share in shares])
        return np.array([one.probabilities for one in predict(shown.model, mixed)])

    shares = np.linspace(0, 1, POINTS)
    flips = changes.find_flips(shares, ask(shares).argmax(1), ask)
    if not flips:
        return ""
    steps = ", then ".join(f"{words.a_digit(flip.before)} until {words.percent(flip.low, 0)}" for flip in flips)
    return f"{steps[0].upper()}{steps[1:]} of the change, then {words.a_digit(flips[-1].after)}."


def _show_twin(shown: Shown, wanted: int) -> None:
    method = widgets.choice("Method", list(adversary.METHODS), "twin_method", in_address=False)
    key = ("twin", *shown.key, wanted, method)
    with st.spinner("Looking for the faintest noise …"):
        (twin,) = resources.results().keep(
            key, lambda: (adversary.METHODS[method](shown.model, shown.digit.image, wanted),)
        )
    if twin is None:
        st.info(
            f"{method} found no noise that makes it {words.a_digit(wanted)}, up to {_strongest()} of 255 greys.",
            icon=":material/info:",
        )
        return
    _draw_twin(twin)


def _strongest() -> int:
    return round(255 * adversary.STRENGTHS[-1])


def _draw_twin(twin: Twin) -> None:
    noise = layer_images.shade_map((twin.after - twin.before) * 255, twin.strength, 8, shell.is_dark())
    with st.container(horizontal=True, gap="medium"):
        st.image(
            digit_images.as_data_url(digit_images.digit_png(twin.after, 8)),
            width=WIDE,
            alt=f"The twin, read as {twin.said}",
            caption=f"Read as {twin.said}",
        )
        st.image(
            digit_images.as_data_url(digit_images.to_png(noise)),
            width=WIDE,
            alt="The noise alone, blue where it is brighter and orange where it is darker",
            caption="The noise alone, strengthened",
        )
    st.markdown(
        f"No pixel changes by more than **{twin.strength} of 255 greys**, the typical one by {twin.noise:.0f}. To the "
        f"model this is {words.a_digit(twin.said)}."
    )

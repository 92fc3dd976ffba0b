"""Among all digits: where this one stands on a map of the test digits, by what the last hidden layer makes of them."""

from __future__ import annotations

import streamlit as st

from core import words
from core.data.digits import DataError, DigitSet
from core.explanation import digit_map
from core.explanation.digit_map import DigitMap
from core.figures import digit_images
from core.ui import resources, shell, widgets
from core.ui.explain import about, map_maker
from core.ui.explain.subject import Shown
from core.ui.predict import samples

WAYS = ("t-SNE", "PCA")
NEAREST = 8

memory = st.session_state


def show(shown: Shown) -> None:
    """The map: by PCA at once, by t-SNE when it is ready; your digit on it, and the digit one presses."""
    about.show("among")
    try:
        test = resources.digits(train=False)
    except DataError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    maker, name, version = map_maker.shared(), shown.model.name, shown.model.version
    embedded = maker.find(name, version)
    flat = embedded or _lay_out(shown, test)
    if embedded is None:
        maker.start(name, version, flat)
        st.fragment(_wait, run_every=1.0)(name, version)
        one = flat
    else:
        way = widgets.choice("Map", WAYS, "map_way", in_address=False)
        one = embedded if way == "t-SNE" else _lay_out(shown, test)
    _show_map(shown, test, one)


def _lay_out(shown: Shown, test: DigitSet) -> DigitMap:
    """The map by PCA, made before or now, saying how far it is."""
    key = ("flat map", shown.model.name, shown.model.version)
    known: DigitMap | None = resources.results().find(key)
    if known is None:
        place = st.empty()
        said = f"Asking the last hidden layer about {words.count(len(test), 'test digit')} …"
        bar = place.progress(0.0, said)
        known = resources.results().keep(
            key, lambda: digit_map.lay_out(shown.model.model, test, lambda share: _progress(bar, share, said))
        )
        place.empty()
    return known


def _progress(bar: st.delta_generator.DeltaGenerator, share: float, said: str) -> None:
    bar.progress(share, said)


def _wait(name: str, version: str) -> None:
    """How far the map by t-SNE is; the page is drawn anew when it is there."""
    share = map_maker.shared().share(name, version)
    if share is None:
        st.rerun()
    st.progress(share, f"This is the map by PCA. The map by t-SNE is being computed: {words.percent(share, 0)}")


@st.fragment
def _show_map(shown: Shown, test: DigitSet, one: DigitMap) -> None:
    from core.figures import explanation_charts

    own = one.place(shown.model.model, shown.digit.image)
    chosen: int | None = memory.get("map_digit")
    wrong = int((one.answers != one.labels).sum())
    way = "t-SNE" if one.is_embedded else "PCA"
    left, right = st.columns([0.7, 0.3], gap="medium")
    with left:
        st.altair_chart(
            explanation_charts.map_digits(one.places, one.labels, one.answers, own, chosen, shell.is_dark()),
            on_select=_press,
            key="digit_map",
            alt=f"A map of {len(one.places):,} test digits by {way}, colored by digit, {wrong} of them misread. Your "
            f"digit lies among {_say_nearest(shown, test, one)}.",
        )
        st.caption(
            f"{way} of the last hidden layer · {words.count(len(one.places), 'test digit')} · {wrong} misread, as "
            "crosses. Press a dot to see its picture; drag to move, Shift and the wheel to zoom, double click to go "
            "back."
        )
    with right:
        _show_nearest(shown, test, one)
        st.number_input(
            "Test digit",
            0,
            len(test) - 1,
            value=None,
            key="map_digit",
            help="The same as pressing its dot.",
        )
        if chosen is not None:
            _show_digit(test, one, chosen)


def _press() -> None:
    dots = memory.digit_map["selection"].get("dot")
    if dots and "digit" in dots[0]:
        memory.map_digit = int(dots[0]["digit"])


def _show_digit(test: DigitSet, one: DigitMap, number: int) -> None:
    """The picture behind a dot, and the way to have it explained."""
    label, answer = int(one.labels[number]), int(one.answers[number])
    st.image(
        digit_images.as_data_url(digit_images.digit_png(test.images[number].numpy(), 5)),
        width=140,
        alt=f"Test digit {number}, {words.a_digit(label)}",
    )
    st.markdown(f"Test digit {number:,}: labelled **{label}**, read as **{answer}**.")
    if st.button("Explain this one", icon=":material/account_tree:"):
        memory.explain_address = f"{samples.TEST_DIGIT}{number}"
        st.rerun()


def _say_nearest(shown: Shown, test: DigitSet, one: DigitMap) -> str:
    labels = [int(one.labels[number]) for number in one.nearest(shown.model.model, shown.digit.image, NEAREST)]
    return f"digits labelled {', '.join(map(str, labels))}"


def _show_nearest(shown: Shown, test: DigitSet, one: DigitMap) -> None:
    """The test digits that are most like yours to the model."""
    near = one.nearest(shown.model.model, shown.digit.image, NEAREST)
    st.markdown("Most like your digit, to the model")
    st.image(
        digit_images.as_data_url(digit_images.strip_png(test.images[near].numpy(), times=1, gap=2)),
        width="stretch",
        alt=f"The nearest test digits: {_say_nearest(shown, test, one)}",
    )
    st.caption(f"Labelled {', '.join(str(int(one.labels[number])) for number in near)}")

"""Break it: change the digit with sliders until the answer flips, and see where on the way it does."""

from __future__ import annotations

import streamlit as st

from core import words
from core.config import DIGIT_SIZE
from core.explanation import changes
from core.explanation.changes import SLIDERS, Changes
from core.figures import digit_images
from core.network.prediction import predict
from core.ui import correction, resources, shell, widgets
from core.ui.explain import about
from core.ui.explain.subject import Shown

USUAL = Changes()
MOST_UNDOS = 50
ALL = "all"  # instead of a slider's name: the curves of all
CURVE = 358  # pixels: width of each of them, two side by side or one on a phone
STYLE = """
<style>
.st-key-sliders { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr));
  gap: .25rem 1.5rem; }
</style>
"""

memory = st.session_state


def show(shown: Shown) -> None:
    """The sliders, the changed digit with its answer, and the curve of one slider with its flips."""
    about.show("break")
    st.html(STYLE)
    left, right = st.columns([0.42, 0.58], gap="large")
    with right:
        now = _ask(shown)
    changed = changes.apply(shown.digit.image, now)
    prediction = predict(shown.model, changed[None])[0]
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.image(
                digit_images.as_data_url(digit_images.digit_png(changed, 8)),
                width=168,
                alt=f"The changed digit, read as {prediction.digit}",
            )
            sure = words.probability(prediction.confidence)
            st.html(
                f'<div class="answer" role="status" aria-live="polite"><span class="digit">{prediction.digit}</span>'
                f'<span class="confidence">{sure}</span></div>',
                width="content",
            )
        st.markdown(prediction.sentence)
        widgets.probabilities(prediction.probabilities, key="break-bars")
    _show_curves(shown, now)
    if now != USUAL:
        st.markdown("**Keep in My digits**")
        name, version = shown.model.name, shown.model.version
        correction.offer_correction(changed, prediction.text, name, version, "explain-break")


def _ask(shown: Shown) -> Changes:
    """Where the sliders stand, and what was rubbed out."""
    for name, slider in SLIDERS.items():
        memory.setdefault(_key(name), float(slider.harmless))
    past: list[Changes] = memory.setdefault("break_past", [])
    with st.container(horizontal=True):
        st.button("Reset", icon=":material/restart_alt:", on_click=_set, args=(USUAL,), disabled=_now() == USUAL)
        st.button("Undo", icon=":material/undo:", on_click=_undo, disabled=not past)
    with st.container(key="sliders"):
        for name, slider in SLIDERS.items():
            if not _moves_something(name, memory[_key("cover")]):
                continue
            st.slider(
                f"{slider.title} ({slider.unit})",
                float(slider.low),
                float(slider.high),
                step=float(slider.step),
                key=_key(name),
                format="%g",
                on_change=_note,
                args=(name,),
                persist_state="session",
            )
    if st.toggle("Rubber", key="break_rubber", help="Rub out parts of the digit, before the sliders change it."):
        _offer_rubber(shown)
    memory.break_now = _now()
    return memory.break_now


def _key(name: str) -> str:
    return f"break-{name}"


def _now() -> Changes:
    return Changes(
        **{name: float(memory[_key(name)]) for name in SLIDERS}, rubbed=memory.setdefault("break_rubbed", ())
    )


def _offer_rubber(shown: Shown) -> None:
    """The digit to press on, and the same by numbers for who can't."""
    from core.figures import explanation_charts

    rubbed: tuple[tuple[int, int], ...] = memory.setdefault("break_rubbed", ())
    row, column = rubbed[-1] if rubbed else (DIGIT_SIZE // 2, DIGIT_SIZE // 2)
    st.altair_chart(
        explanation_charts.press_map(
            changes.rub_out(shown.digit.image, rubbed), 1.0, (row, column), shell.is_dark(), side=240
        ),
        on_select=_press_rubber,
        key="break_rubber_map",
        alt=f"The digit to rub out parts of; {words.count(len(rubbed), 'place')} rubbed out",
        width="content",
    )
    st.caption(f"A press rubs out {changes.RUBBER}×{changes.RUBBER} pixels.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Row", 0, DIGIT_SIZE - 1, DIGIT_SIZE // 2, key="break_rubber_row", width=120)
        st.number_input("Column", 0, DIGIT_SIZE - 1, DIGIT_SIZE // 2, key="break_rubber_column", width=120)
        st.button("Rub out", icon=":material/ink_eraser:", on_click=_rub_at_numbers)


def _press_rubber() -> None:
    places = memory.break_rubber_map["selection"].get("place")
    if places:
        _rub(int(places[0]["row"]), int(places[0]["column"]))


def _rub_at_numbers() -> None:
    _rub(memory.break_rubber_row, memory.break_rubber_column)


def _rub(row: int, column: int) -> None:
    _remember()
    memory.break_rubbed = (*memory.break_rubbed, (row, column))


def _note(name: str) -> None:
    """Somebody moved a slider: its curve is what one wants to see."""
    _remember()
    memory.break_curve = name


def _remember() -> None:
    """Where things stand can be gone back to."""
    memory.break_past = [*memory.break_past, memory.break_now][-MOST_UNDOS:]


def _set(wanted: Changes) -> None:
    _remember()
    _put(wanted)


def _undo() -> None:
    _put(memory.break_past.pop())


def _put(wanted: Changes) -> None:
    for name in SLIDERS:
        memory[_key(name)] = getattr(wanted, name)
    memory.break_rubbed = wanted.rubbed


def _show_curves(shown: Shown, now: Changes) -> None:
    """The curve of one slider, at first of the one that was moved last, or all of them."""
    name = st.selectbox(
        "Curve over the range of",
        [*SLIDERS, ALL],
        format_func=lambda one: SLIDERS[one].title if one in SLIDERS else "All sliders",
        key="break_curve",
        width=240,
        persist_state="session",
    )
    if name != ALL:
        _show_curve(shown, now, name)
        return
    with st.container(horizontal=True, gap="medium"):
        for each in filter(lambda one: _moves_something(one, now.cover), SLIDERS):
            with st.container(width=CURVE):
                st.markdown(f"**{SLIDERS[each].title}**")
                _show_curve(shown, now, each)


def _show_curve(shown: Shown, now: Changes, name: str) -> None:
    """The ten probabilities over the whole range of one slider, the others standing where they are."""
    from core.figures import explanation_charts

    slider = SLIDERS[name]
    key = ("change", *shown.key, name, now.move(name, slider.harmless))
    curve = resources.results().keep(key, lambda: changes.trace(shown.model, shown.digit.image, now, name))
    st.markdown(curve.sentence)
    flips = [
        (flip.high, f"{words.a_digit(flip.before)} until {slider.name(flip.low)}, then {words.a_digit(flip.after)}")
        for flip in curve.flips
    ]
    st.altair_chart(
        explanation_charts.follow_change(
            curve.positions,
            curve.probabilities,
            flips,
            getattr(now, name),
            f"{slider.title.lower()} ({slider.unit})",
            shell.is_dark(),
        ),
        key=f"break-curve-{name}",
        alt=f"The ten probabilities over the range of {slider.title.lower()}. {curve.sentence}",
    )


def _moves_something(name: str, cover: float) -> bool:
    """Whether a slider can change anything: without a cover there is none to move."""
    return cover > 0 or not name.startswith("cover_")

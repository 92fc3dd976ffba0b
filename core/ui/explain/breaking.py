"""Break it: change the digit with sliders until the answer flips, and see where on the way it does."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from core import words
from core.explanation import changes
from core.explanation.changes import SLIDERS, Changes
from core.figures import digit_images
from core.network.prediction import predict
from core.ui import correction, resources, shell, widgets
from core.ui.explain import about
from core.ui.explain.subject import Shown

USUAL = Changes()
MOST_UNDOS = 50
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
        now = _ask()
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
    _show_curve(shown, now)
    if now != USUAL:
        st.markdown("**Keep in My digits**")
        name, version = shown.model.name, shown.model.version
        correction.offer_correction(changed, prediction.text, name, version, "explain-break")


def _ask() -> Changes:
    """Where the sliders stand."""
    for name, slider in SLIDERS.items():
        memory.setdefault(_key(name), float(slider.harmless))
    past: list[Changes] = memory.setdefault("break_past", [])
    with st.container(horizontal=True):
        st.button("Reset", icon=":material/restart_alt:", on_click=_set, args=(USUAL,), disabled=_now() == USUAL)
        st.button("Undo", icon=":material/undo:", on_click=_undo, disabled=not past)
    with st.container(key="sliders"):
        for name, slider in SLIDERS.items():
            if name.startswith("cover_") and not memory[_key("cover")]:
                continue  # nothing to move
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
    memory.break_now = _now()
    return memory.break_now


def _key(name: str) -> str:
    return f"break-{name}"


def _now() -> Changes:
    return Changes(**{name: float(memory[_key(name)]) for name in SLIDERS})


def _note(name: str) -> None:
    """Somebody moved a slider: where it stood can be gone back to, and its curve is what one wants to see."""
    memory.break_past = [*memory.break_past, memory.break_now][-MOST_UNDOS:]
    memory.break_curve = name


def _set(wanted: Changes) -> None:
    memory.break_past = [*memory.break_past, memory.break_now][-MOST_UNDOS:]
    _put(wanted)


def _undo() -> None:
    _put(memory.break_past.pop())


def _put(wanted: Changes) -> None:
    for name, position in asdict(wanted).items():
        memory[_key(name)] = position


def _show_curve(shown: Shown, now: Changes) -> None:
    """The ten probabilities over the whole range of one slider, at first of the one that was moved last."""
    from core.figures import explanation_charts

    name = st.selectbox(
        "Curve over the range of",
        list(SLIDERS),
        format_func=lambda one: SLIDERS[one].title,
        key="break_curve",
        width=240,
        persist_state="session",
    )
    slider = SLIDERS[name]
    others = {**asdict(now), name: slider.harmless}
    key = ("change", *shown.key, name, tuple(others.values()))
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
            asdict(now)[name],
            f"{slider.title.lower()} ({slider.unit})",
            shell.is_dark(),
        ),
        alt=f"The ten probabilities over the range of {slider.title.lower()}. {curve.sentence}",
    )

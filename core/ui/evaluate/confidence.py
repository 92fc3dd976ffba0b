"""Can its confidence be trusted? Reliability before or after the temperature, and what refusing would bring."""

from __future__ import annotations

import streamlit as st

from core import words
from core.access.roles import NotAllowed
from core.evaluation import verdicts
from core.evaluation.report import REFUSED_SHARES, Bin
from core.figures import evaluation_charts
from core.network import checkpoint
from core.ui import shell, visitor, widgets
from core.ui.evaluate import look, pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed

AFTER, BEFORE = "After temperature scaling", "Before"

memory = st.session_state


def show(shown: Shown) -> None:
    """Reliability on the left, accuracy over refused answers on the right, the pictures of a bin below."""
    reliability, coverage = st.columns(2, gap="large")
    with coverage:
        _show_coverage(shown)
    with reliability:
        _show_reliability(shown)


@st.fragment
def _show_reliability(shown: Shown) -> None:
    rerun_when_model_changed()
    answers = shown.evaluation.report
    look.heading(
        "Is 90 % sure right nine times in ten?",
        help="On the dashed line, yes. Below it the model is overconfident, above it underconfident. The larger a "
        "mark, the more pictures it has; the line through it is its 95 % interval.",
    )
    when = widgets.choice("Confidence", (AFTER, BEFORE), key="reliability_when", in_address=False)
    temperature = shown.temperature if when == AFTER else 1.0
    low, high = (words.percent(share) for share in answers.calibration_interval(temperature))
    st.markdown(
        f"Confidence is off by **{words.percent(answers.calibration_error(temperature))}** on average "
        f"(95 % interval {low} to {high}).",
        help="Expected calibration error over 15 bins of confidence. It comes out too high in small sets.",
    )
    bins = answers.reliability(temperature)
    chosen = _choose_bin(shown, when, bins)
    st.altair_chart(
        evaluation_charts.reliability(
            answers, temperature, dark=shell.is_dark(), chosen=(chosen.low, chosen.high) if chosen else None
        ),
        key=f"reliability-{when}",
        on_select="rerun",
        selection_mode="bin",
        alt=evaluation_charts.describe_reliability(answers, temperature),
    )
    _say_temperature(shown)
    bins_by_name = {_name(entry): entry for entry in bins}
    name = st.selectbox(
        "Pictures with a confidence of",
        [NOTHING, *bins_by_name],
        key="bin_name",
        width=280,
        help="The same as clicking a mark of the diagram. Misread pictures come first.",
    )
    if name in bins_by_name:
        entry = bins_by_name[name]
        pictures.show_gallery(shown, shown.behind_bin(entry.low, entry.high, temperature), f"bin-{when}-{name}", False)


NOTHING = "choose a mark"


def _choose_bin(shown: Shown, when: str, bins: tuple[Bin, ...]) -> Bin | None:
    """The bin that was clicked since the last look, else the one in the box; None where none is chosen."""
    by_name = {_name(entry): entry for entry in bins}
    state = memory.get(f"reliability-{when}") or {}
    points = state.get("selection", {}).get("bin") or []
    clicked = next(
        (name for name, entry in by_name.items() if points and abs(entry.low - points[-1]["low"]) < 1e-6), None
    )
    mark = (shown.evaluation.source, when, clicked)
    if clicked and memory.get("last_bin") != mark:
        memory.last_bin, memory.bin_name = mark, clicked
    if memory.get("bin_name") not in by_name:
        memory.bin_name = NOTHING
    return by_name.get(memory.bin_name)


def _name(entry: Bin) -> str:
    """A bin in words: "93 % to 100 %: 9,812 pictures"."""
    low, high = words.percent(entry.low, 0), words.percent(entry.high, 0)
    return f"{low} to {high}: {words.count(entry.count, 'picture')}"


def _say_temperature(shown: Shown) -> None:
    """What the temperature says of the bare network, and whether Predict uses it; an offer to store it where not."""
    temperature = shown.temperature
    kind = "overconfident" if temperature > 1 else "underconfident" if temperature < 1 else "well calibrated"
    st.markdown(
        f"Temperature **{temperature:.2f}**: on its validation split the bare network is {kind}.",
        help="Logits are divided by it before they become probabilities. Fitted on the validation split, never on "
        "the pictures above, which may say otherwise. Answers stay the same; only confidence moves.",
    )
    if "temperature" in shown.card.facts:
        st.caption("It is stored with the model, and Predict uses it.")
        return
    if shown.evaluation.version != shown.card.version or not visitor.is_owner():
        return  # it was fitted for other weights than those that would get it, or is the owner's to store
    st.caption("No temperature is stored with this model; Predict shows its confidence unscaled.")
    if st.button("Store it with the model", icon=":material/save:"):
        try:
            checkpoint.add_facts(shown.card.name, {"temperature": shown.temperature})
        except NotAllowed as error:
            st.error(words.escape_markdown(str(error)), icon=":material/error:")
        except OSError as error:
            st.error(
                f"It could not be stored: {words.escape_markdown(error.strerror or str(error))}. Is models/ writable?",
                icon=":material/error:",
            )
        else:
            st.rerun()


def _show_coverage(shown: Shown) -> None:
    answers, temperature = shown.evaluation.report, shown.temperature
    look.heading("If it may refuse the least sure", help="The fewer answers it must give, the more of them are right.")
    st.markdown(
        "  \n".join(
            f"Refusing {words.percent(share, 0)}: "
            f"**{words.percent(answers.accuracy_when_refusing(share, temperature))}** of the rest are right"
            for share in REFUSED_SHARES
        )
    )
    point = verdicts.operating_point(shown.evaluation)
    st.altair_chart(
        evaluation_charts.coverage(answers, temperature, point, dark=shell.is_dark()),
        alt=evaluation_charts.describe_coverage(answers, temperature, point),
    )
    if point:
        st.markdown(
            f"Predict calls **{words.percent(1 - point.refused, 1)}** of these answers sure, and "
            f"**{words.percent(point.accuracy)}** of those are right.",
            help="The mark in the chart. Predict asks more than a high confidence: no other digit may come near, and "
            "the picture must look like a digit. So the mark may lie beside the curve.",
        )

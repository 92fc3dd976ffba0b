"""The settings of the next run: four presets, every setting below, a link to hand out, and Start."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import streamlit as st

from core import words, workspace
from core.config import PRESETS, Preset, SettingError, TrainingSettings
from core.figures import digit_images
from core.network import checkpoint
from core.training import link, wording
from core.training.plans import NewRun
from core.training.wording import FIELDS
from core.ui import resources, shell
from core.ui.notices import attempt
from core.ui.train import durations
from core.ui.train.durations import Pending

if TYPE_CHECKING:
    from core.data.digits import DigitSet

STEPS = {"learning_rate": 1e-3, "weight_decay": 0.01, "ema_decay": 0.01, "training_images": 1000, "batch_size": 32}
# A line an option: where there is little room, a browser breaks them between their dashes. Windows has no such sign.
NEW_LINE = " " if os.name == "nt" else " \\\n  "
STYLE = """
<style>
.st-key-setting-left_out [role] { flex-wrap: wrap; } /* all ten digits in sight */
/* For screen readers only: which preset a button chooses stands above it for everyone else. */
[class*="st-key-preset-"] button p span { position: absolute; clip-path: inset(50%); width: 1px; overflow: hidden;
  white-space: nowrap; }
.st-key-address { position: absolute; } /* takes no room */
@media (max-width: 640px) { .st-key-start-row { flex-direction: column; align-items: stretch !important; } }
</style>
"""

memory = st.session_state


def open_link() -> None:
    """Once a session: begin with the settings that the page's address names."""
    if "settings" not in memory:
        asked = {name: value for name, value in st.query_params.items() if name != shell.IN_ADDRESS}
        opened = link.read(asked)
        memory.settings, memory.link_refused = opened.settings.as_dict(), opened.refused
        memory.run_name, memory.link_given = opened.name, bool(asked)


def take_settings(settings: TrainingSettings) -> None:
    """Replace all settings of the form at once."""
    memory.settings, memory.link_refused = settings.as_dict(), ""
    for name in FIELDS:
        memory.pop(f"setting-{name}", None)


def show() -> list[Pending]:
    """Ask for everything a run needs. Returns the empty places that wait for a duration: it takes time to measure.

    Whatever is wrong with the settings, there are as many elements in the same order: an open box stays open, and what
    is measured later finds its place.
    """
    pending: list[Pending] = []
    with st.container():
        if memory.link_refused:
            st.warning(
                words.escape_markdown(f"Not all of this link can be used. {memory.link_refused}"),
                icon=":material/link_off:",
            )
    faults = {name: fault for name in FIELDS if (fault := _find_fault(name))}
    settings = None if faults else TrainingSettings.from_dict(memory.settings)
    _offer_start(settings, faults, pending)
    _show_presets(settings, pending)
    st.header("Settings", anchor=False)
    for group, names in wording.GROUPS.items():
        with st.expander(group):  # a label that told the values would close it at every change
            for first in range(0, len(names), 3):  # a row at a time: on a phone they keep their order
                for column, name in zip(st.columns(3), names[first : first + 3], strict=False):
                    with column:
                        _ask(name)
                        with st.container():
                            if name in faults:
                                st.markdown(f":small[:red[:material/error: {faults[name]}]]")
            if group == "Augmentation":
                with st.container():
                    if settings:
                        _preview(settings)
    with st.expander("Name, link, terminal"):
        _show_name_and_link(settings)
    return pending


def _find_fault(name: str) -> str:
    """Why a setting's value can't be used, as a sentence; "" if it can."""
    value = memory.settings[name]
    try:
        TrainingSettings.from_dict({name: value})
    except SettingError as error:
        return str(error)
    if name == "device" and value not in _list_devices():
        return f"This machine has no {wording.choice(value)}. Choose another device."
    return ""


@st.cache_resource(show_spinner=False)
def _list_devices() -> tuple[str, ...]:
    """The devices that a run can use here, "auto" first."""
    from core.training import device

    return ("auto", *device.list_present())


def _write_address(settings: TrainingSettings | None) -> None:
    """Keep the address in step once something was chosen. Before, it stays bare.

    Streamlit's own way adds a page to the browser's history at each change: Back would leave the page only after as
    many presses, and change nothing before.
    """
    is_usual = settings == PRESETS[link.USUAL].settings and not memory.link_given
    with st.container(key="address"):
        if settings and not is_usual:
            memory.link_given = True
            address = json.dumps(link.address("", settings, _name())).replace("<", "\\u003c")
            st.html(
                f"<script>history.replaceState(history.state, '', {address})</script>", unsafe_allow_javascript=True
            )


def _offer_start(settings: TrainingSettings | None, faults: Collection[str], pending: list[Pending]) -> None:
    _write_address(settings)
    with st.container(horizontal=True, vertical_alignment="center", key="start-row"):
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=bool(faults or _find_fault_of_name()),
            on_click=_start,
            key="start",
        )
        with st.container(width="stretch", gap="xxsmall"):
            line, place = st.empty(), st.empty()
            if settings:
                line.markdown(f"**{wording.summarise(settings)}**")
                pending.append(Pending(place, settings, in_detail=True))
            else:
                wrong = ", ".join(f"**{wording.label(name)}**" for name in faults)
                line.markdown(f":red[:material/error: Correct this below before you start: {wrong}.]")
            if fault := _find_fault_of_name():
                place.markdown(f":red[:material/error: {fault}]")


def normalise(name: str) -> str:
    """A typed name without spaces around it, its accents written the usual one of several ways."""
    return unicodedata.normalize("NFC", name).strip()


def _name() -> str:
    """The name that was typed, "" for none."""
    return normalise(memory.get("run_name") or "")


def _find_fault_of_name() -> str:
    """Why the run can't be called as was typed, as a sentence; "" if it can. Start asks whether it is taken."""
    return "" if not _name() or checkpoint.fits(_name()) else checkpoint.NAME_RULE


def _start() -> None:
    """Start, and keep what was typed where that is refused."""
    memory.link_refused = ""

    def start() -> bool:
        for name in FIELDS:  # pressed right after a value was typed: which of the two is heard first is not known
            if f"setting-{name}" in memory:
                _remember(name)
        settings = TrainingSettings.from_dict(memory.settings)
        resources.training_job().start(NewRun(settings), _name() or None)
        return True

    if attempt(start):
        memory.run_name = ""


def _show_presets(settings: TrainingSettings | None, pending: list[Pending]) -> None:
    """One card for each preset, with what to expect."""
    for column, (key, preset) in zip(st.columns(len(PRESETS)), PRESETS.items(), strict=True):
        with column.container(border=True, height="stretch", vertical_alignment="distribute"):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{preset.title}**  \n:small[{preset.purpose}]")
                pending.append(Pending(st.empty(), preset.settings))
            _offer_preset(key, preset, is_chosen=settings == preset.settings)


def _offer_preset(key: str, preset: Preset, is_chosen: bool) -> None:
    st.button(
        f"{'Chosen' if is_chosen else 'Choose'} :small[{preset.title}]",
        key=f"preset-{key}",
        icon=":material/check:" if is_chosen else None,
        on_click=take_settings,
        args=(preset.settings,),
        width="stretch",
    )


def _ask(name: str) -> None:
    """One setting as a widget: a choice, a set of digits, or a number."""
    entry, key = FIELDS[name], f"setting-{name}"
    rule, value = entry.metadata, memory.settings[name]
    usual: Any = entry.default
    label = wording.label(name)
    common: dict[str, Any] = {"key": key, "on_change": _remember, "args": (name,)}
    if rule["choices"]:
        memory.setdefault(key, value)
        present = _list_devices() if name == "device" else rule["choices"]
        options = [choice for choice in rule["choices"] if choice in present or choice == value]
        st.selectbox(label, options, format_func=lambda choice: _show_choice(name, choice), help=rule["help"], **common)
    elif isinstance(usual, tuple):
        memory.setdefault(key, list(value))
        st.pills(label, range(10), selection_mode="multi", help=rule["help"], **common)
    else:
        # Neither bounds nor whole numbers are left to the browser: it would keep what it refuses to itself, and Start
        # would run something else than what stands there.
        memory.setdefault(key, float(value))
        is_whole = isinstance(usual, int)
        st.number_input(
            label,
            step=float(STEPS.get(name, 1 if is_whole else 0.05)),
            format="%.10g" if is_whole else "%.4g",
            help=f"{rule['help']} From {rule['low']:,.10g} to {rule['high']:,.10g}.",
            **common,
        )


def _remember(name: str) -> None:
    """Copy a widget's value: Streamlit forgets the widget on another page, the session keeps the copy."""
    value = memory[f"setting-{name}"]
    if isinstance(value, list):
        value = tuple(sorted(value))
    elif isinstance(value, float):
        if value != memory.settings[name]:
            value = float(f"{value:.10g}")  # + and − leave 0.15000000000000002 behind
        if isinstance(FIELDS[name].default, int) and value.is_integer():
            value = int(value)
    memory.settings = {**memory.settings, name: value}


def _show_choice(name: str, choice: str) -> str:
    text = wording.choice(choice)
    return f"{text} · {durations.count_parameters(choice):,}" if name == "architecture" else text


def _preview(settings: TrainingSettings) -> None:
    """Eight examples as the network will see them."""
    seen = _make_preview(
        settings.augmentation,
        settings.outlier_exposure,
        settings.pen_digits,
        settings.left_out,
        memory.get("another-look", 0),
    )
    kinds = ["digits"]
    if settings.pen_digits:
        kinds.append("digits of other writers")
    if settings.outlier_exposure:
        kinds.append("non-digits and digits cut from numbers")
    what = f"Eight examples as the network sees them: {', then '.join(kinds)}."
    st.html(digit_images.show(seen.images.numpy(), what))
    st.caption(what)
    st.button("Look at others", icon=":material/refresh:", on_click=_look_again)


@st.cache_data(show_spinner=False, max_entries=50)
def _make_preview(
    augmentation: str, outlier_exposure: float, pen_digits: float, left_out: tuple[int, ...], seed: int
) -> DigitSet:
    from core.training.preview import preview

    settings = TrainingSettings(
        augmentation=augmentation, outlier_exposure=outlier_exposure, pen_digits=pen_digits, left_out=left_out
    )
    return preview(resources.digits(train=True), settings, seed)


def _look_again() -> None:
    memory["another-look"] = memory.get("another-look", 0) + 1


def _show_name_and_link(settings: TrainingSettings | None) -> None:
    st.text_input(
        "Name of the run",
        key="run_name",
        placeholder="chosen for you",
        max_chars=checkpoint.LONGEST,
        persist_state="session",
        help="Its model gets the same name. Letters and digits of any script, spaces, dots, dashes and apostrophes.",
    )
    fault = _find_fault_of_name()
    with st.container():
        if fault:
            st.markdown(f":small[:red[:material/error: {fault}]]")
    with st.container():
        if settings and not fault:
            st.markdown("A link with these settings, to share:")
            st.code(link.address(st.context.url or "", settings, _name()), language=None, wrap_lines=True)
            script = workspace.script("train")
            where = "" if script[0] == workspace.COMMAND else ", in the folder of this app"
            st.markdown(f"The same run in a terminal{where}:")
            st.code(settings.command(_name() or "my-model", script, NEW_LINE), language=None, wrap_lines=True)

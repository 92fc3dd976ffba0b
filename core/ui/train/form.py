"""The settings of the next run: four presets, every setting below, a link to hand out, and Start."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import words
from core.config import PRESETS, SettingError, TrainingSettings
from core.figures import digit_images
from core.training import link, wording
from core.training.plans import NewRun
from core.training.wording import FIELDS
from core.ui import resources
from core.ui.notices import attempt
from core.ui.train import durations
from core.ui.train.durations import Pending

STEPS = {"learning_rate": 1e-3, "weight_decay": 0.01, "ema_decay": 0.01, "training_images": 1000, "batch_size": 32}
STYLE = """
<style>
.st-key-setting-left_out [role] { flex-wrap: wrap; } /* all ten digits in sight */
</style>
"""

memory = st.session_state


def open_link() -> None:
    """Once a session: begin with the settings that the page's address names."""
    if "settings" not in memory:
        settings, memory.link_refused = link.read(st.query_params)
        memory.settings, memory.link_given = settings.as_dict(), bool(st.query_params)


def take_settings(settings: TrainingSettings) -> None:
    """Replace all settings of the form at once."""
    memory.settings, memory.link_refused = settings.as_dict(), ""
    for name in FIELDS:
        memory.pop(f"setting-{name}", None)


def show() -> list[Pending]:
    """Ask for everything a run needs. Returns the empty places that wait for a duration: it takes time to measure."""
    pending: list[Pending] = []
    if memory.link_refused:
        st.warning(
            "Some settings in this link can't be used; the defaults are "
            f"used instead. {words.escape_markdown(memory.link_refused)}"
        )
    settings = _read_settings()
    _offer_start(settings, pending)
    _show_presets(settings, pending)
    st.subheader("Settings", anchor=False)
    for group, names in wording.GROUPS.items():
        with st.expander(group):  # a label that told the values would close it at every change
            for first in range(0, len(names), 3):  # a row at a time: on a phone they keep their order
                for column, name in zip(st.columns(3), names[first : first + 3], strict=False):
                    with column:
                        _ask(name)
            if group == "Augmentation" and settings:
                _preview(settings)
    with st.expander("Name, link, terminal"):
        _show_name_and_link(settings)
    return pending


def _read_settings() -> TrainingSettings | None:
    try:
        settings = TrainingSettings.from_dict(memory.settings)
    except SettingError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return None
    _write_link(settings)
    return settings


def _write_link(settings: TrainingSettings) -> None:
    """Keep the address in step once something was chosen. Before, it stays bare: going back would come back here."""
    wanted = link.write(settings)
    is_usual = settings == PRESETS["fast"].settings and not memory.link_given
    if not is_usual and dict(st.query_params) != wanted:
        memory.link_given = True
        st.query_params.from_dict(wanted)


def _offer_start(settings: TrainingSettings | None, pending: list[Pending]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=settings is None,
            on_click=_start,
            key="start",
        )
        if settings:
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(f"**{wording.summarise(settings)}**")
                pending.append(Pending(st.empty(), settings, in_detail=True))


def _start() -> None:
    memory.link_refused = ""
    settings, name = memory.settings, memory.get("run_name") or None
    attempt(lambda: resources.training_job().start(NewRun(TrainingSettings.from_dict(settings)), name))
    memory.run_name = ""


def _show_presets(settings: TrainingSettings | None, pending: list[Pending]) -> None:
    """One card for each preset, with what to expect."""
    for column, (key, preset) in zip(st.columns(len(PRESETS)), PRESETS.items(), strict=True):
        is_chosen = settings == preset.settings
        with column.container(border=True, height="stretch", vertical_alignment="distribute"):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{preset.title}**  \n:small[{preset.purpose}]")
                pending.append(Pending(st.empty(), preset.settings))
            st.button(
                "Chosen" if is_chosen else "Choose",
                key=f"preset-{key}",
                icon=":material/check:" if is_chosen else None,
                on_click=take_settings,
                args=(preset.settings,),
                width="stretch",
                help=f"Use the settings “{preset.title}”.",
            )


def _ask(name: str) -> None:
    """One setting as a widget: a choice, a set of digits, or a number within its bounds."""
    entry, key = FIELDS[name], f"setting-{name}"
    rule, value = entry.metadata, memory.settings[name]
    usual: Any = entry.default
    label = wording.label(name)
    common: dict[str, Any] = {"key": key, "help": rule["help"], "on_change": _remember, "args": (name,)}
    if rule["choices"]:
        memory.setdefault(key, value)
        st.selectbox(label, rule["choices"], format_func=lambda choice: _show_choice(name, choice), **common)
    elif isinstance(usual, tuple):
        memory.setdefault(key, list(value))
        st.pills(label, range(10), selection_mode="multi", **common)
    else:
        kind = type(usual)
        memory.setdefault(key, kind(value))
        st.number_input(
            label,
            min_value=kind(rule["low"]),
            max_value=kind(rule["high"]),
            step=STEPS.get(name, 1 if kind is int else 0.05),
            format="%d" if kind is int else "%.4g",
            **common,
        )


def _remember(name: str) -> None:
    """Copy a widget's value: Streamlit forgets the widget on another page, the session keeps the copy."""
    value = memory[f"setting-{name}"]
    memory.settings = {**memory.settings, name: tuple(sorted(value)) if isinstance(value, list) else value}


def _show_choice(name: str, choice: str) -> str:
    text = wording.choice(choice)
    return f"{text} · {durations.count_parameters(choice):,}" if name == "architecture" else text


def _preview(settings: TrainingSettings) -> None:
    """Eight training digits as the network will see them."""
    from core.training import augment

    seen = augment.preview(resources.digits(train=True), settings.augmentation, seed=memory.get("another-look", 0))
    st.html(digit_images.show(seen, f"Eight digits with {settings.augmentation} augmentation"))
    st.caption("Eight digits as the network sees them.")
    if settings.augmentation != "none":
        st.button("Augment again", icon=":material/refresh:", on_click=_look_again)


def _look_again() -> None:
    memory["another-look"] = memory.get("another-look", 0) + 1


def _show_name_and_link(settings: TrainingSettings | None) -> None:
    st.text_input(
        "Name of the run",
        key="run_name",
        placeholder="chosen for you",
        max_chars=80,
        help="Its model gets the same name. Letters, digits, spaces, dots and dashes.",
    )
    if settings:
        st.markdown("A link with these settings, to share:")
        st.code(link.address(st.context.url or "", settings), language=None, wrap_lines=True)
        st.markdown("The same run in a terminal:")
        st.code(settings.command(memory.get("run_name") or "my-model"), language="bash", wrap_lines=True)

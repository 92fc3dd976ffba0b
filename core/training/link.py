"""A run's settings in a web address and back: who opens it sees exactly what was handed out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from urllib.parse import urlencode

from core.config import PRESETS, RENAMED, SettingError, TrainingSettings

NONE = "none"  # of the digits: an empty value gets lost on the way
PLAIN = re.compile(r"[A-Za-z0-9.+-]{1,40}")  # what a setting's value can look like; anything else isn't repeated


def write(settings: TrainingSettings) -> dict[str, str]:
    """Every setting as text by its name, so that the link means the same when presets and defaults have moved on."""
    return {
        name: ("".join(map(str, value)) or NONE) if isinstance(value, tuple) else str(value)
        for name, value in settings.as_dict().items()
    }


def address(page: str, settings: TrainingSettings) -> str:
    """`page`, an address with or without parameters of its own, with these settings instead."""
    return f"{page.partition('?')[0]}?{urlencode(write(settings))}"


def read(parameters: Mapping[str, str]) -> tuple[TrainingSettings, str]:
    """The settings that an address names, over the fastest preset's, and a sentence for each that can't be used.

    Parameters that are no setting are passed over.
    """
    known = {entry.name for entry in fields(TrainingSettings)}
    chosen, refused = PRESETS["fast"].settings, []
    for name, value in ((RENAMED.get(name, name), value) for name, value in parameters.items()):
        if name not in known:
            continue
        if not PLAIN.fullmatch(value):
            refused.append(f"{name.replace('_', ' ').capitalize()} can't be read.")
            continue
        wanted = "" if name == "left_out" and value == NONE else value
        try:
            chosen = TrainingSettings.from_dict({**chosen.as_dict(), name: wanted})
        except SettingError as error:
            refused.append(str(error))
    return chosen, " ".join(refused)

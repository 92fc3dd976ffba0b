"""A run's settings as a web address, and back: everyone who opens the link sees the same settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from urllib.parse import urlencode

from core.config import PRESETS, RENAMED, SettingError, TrainingSettings

NO_DIGITS = "none"  # left out: an empty value gets lost on the way
VALUE = re.compile(r"[A-Za-z0-9.+-]{1,40}")  # of any setting; a page doesn't repeat anything else from an address


def write(settings: TrainingSettings) -> dict[str, str]:
    """All settings as text by name, defaults too: the link still means the same when a default changes."""
    return {
        name: ("".join(map(str, value)) or NO_DIGITS) if isinstance(value, tuple) else str(value)
        for name, value in settings.as_dict().items()
    }


def address(page: str, settings: TrainingSettings) -> str:
    """The address `page` with these settings in place of its own parameters."""
    return f"{page.partition('?')[0]}?{urlencode(write(settings))}"


def read(parameters: Mapping[str, str]) -> tuple[TrainingSettings, str]:
    """The settings in the parameters of an address, and the reasons why some of them can't be used ("" if none).

    What is missing or can't be used is as in the preset "fast". Unknown parameters are ignored.
    """
    known = {entry.name for entry in fields(TrainingSettings)}
    chosen, refused = PRESETS["fast"].settings, []
    for name, value in ((RENAMED.get(name, name), value) for name, value in parameters.items()):
        if name not in known:
            continue
        if not VALUE.fullmatch(value):
            refused.append(f"{name.replace('_', ' ').capitalize()} can't be read.")
            continue
        wanted = "" if name == "left_out" and value == NO_DIGITS else value
        try:
            chosen = TrainingSettings.from_dict({**chosen.as_dict(), name: wanted})
        except SettingError as error:
            refused.append(str(error))
    return chosen, " ".join(refused)

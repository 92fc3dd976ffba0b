"""A run's settings as a web address, and back: everyone who opens the link sees the same settings.

A link names a preset and what differs from it: `?preset=surprise-1f0c&epochs=5`. The four characters after the preset's
name are a fingerprint of its values: a link that is older than a change to the preset says so when it is opened.
"""

from __future__ import annotations

import difflib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from core import config
from core.config import PRESETS, RENAMED, SettingError, TrainingSettings
from core.network import checkpoint

USUAL = "fast"  # the preset of a link that names none
NO_DIGITS = "none"  # left out: an empty value gets lost on the way
NEWER = ("states", "shown_share", "frozen_share")  # settings that links were written without: they don't age one
VALUE = re.compile(r"[A-Za-z0-9.+/-]{1,40}")  # of any setting; a page doesn't repeat anything else from an address
WORD = re.compile(r"[A-Za-z_]{1,40}")  # a parameter's name that a page may repeat


@dataclass(frozen=True)
class Opened:
    """What a link asks for: settings, a run's `name`, and sentences on what was `refused`; both may be ""."""

    settings: TrainingSettings
    name: str = ""
    refused: str = ""


def write(settings: TrainingSettings, name: str = "") -> dict[str, str]:
    """The preset that is nearest to the settings, what differs from it, and the run's `name` where it has one."""
    values = settings.as_dict()
    differing = {
        preset: {field: value for field, value in values.items() if value != usual.settings.as_dict()[field]}
        for preset, usual in PRESETS.items()
    }
    nearest = min(differing, key=lambda preset: len(differing[preset]))
    return {
        "preset": f"{nearest}-{_fingerprint(PRESETS[nearest].settings)}",
        **{field: _as_text(value) for field, value in differing[nearest].items()},
        **({"name": name} if name else {}),
    }


def address(page: str, settings: TrainingSettings, name: str = "") -> str:
    """The address `page` with these settings in place of its own parameters."""
    return f"{page.partition('?')[0]}?{urlencode(write(settings, name), safe='/')}"


def read(parameters: Mapping[str, str]) -> Opened:
    """What the parameters of an address ask for. What is missing or can't be used is as in the named preset."""
    known = {entry.name for entry in fields(TrainingSettings)}
    preset, refused = _find_preset(parameters.get("preset", USUAL))
    chosen, name = PRESETS[preset].settings, ""
    for field, value in ((RENAMED.get(field, field), value) for field, value in parameters.items()):
        if field == "preset":
            continue
        if field == "name":
            name = value if checkpoint.fits(value) else ""
            refused += [] if name else ["The run's name can't be used."]
        elif field not in known:
            refused.append(_answer_unknown(field, known))
        elif not VALUE.fullmatch(value):
            refused.append(f"{field.replace('_', ' ').capitalize()} can't be read.")
        else:
            wanted = "" if field == "left_out" and value == NO_DIGITS else value
            try:
                chosen = TrainingSettings.from_dict({**chosen.as_dict(), field: wanted})
            except SettingError as error:
                refused.append(str(error))
    return Opened(chosen, name, " ".join(refused))


def _find_preset(asked: str) -> tuple[str, list[str]]:
    """The preset's key, and what there is to say about it."""
    preset, _, print_then = asked.partition("-")
    if preset not in PRESETS:
        return USUAL, [f"There is no such preset: choose one of {', '.join(PRESETS)}."]
    if print_then and print_then != _fingerprint(PRESETS[preset].settings):
        title = PRESETS[preset].title
        return preset, [f"The preset “{title}” has changed since this link was made: check the settings."]
    return preset, []


def _answer_unknown(field: str, known: set[str]) -> str:
    if not WORD.fullmatch(field):
        return "Part of this link is not a setting."
    near = difflib.get_close_matches(field, sorted(known), n=1)
    return f"“{field}” is no setting{f'; perhaps “{near[0]}” was meant' if near else ''}."


def _fingerprint(settings: TrainingSettings) -> str:
    """Four characters that change when a value does."""
    usual = TrainingSettings().as_dict()
    values = {name: value for name, value in settings.as_dict().items() if name not in NEWER or value != usual[name]}
    return f"{zlib.crc32(json.dumps(values, sort_keys=True).encode()) & 0xFFFF:04x}"


def _as_text(value: Any) -> str:
    return ("".join(map(str, value)) or NO_DIGITS) if isinstance(value, tuple) else config.write(value)

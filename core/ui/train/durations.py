"""How big a network is and how long a run will take here; measured last, so that nothing else on the page waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import words
from core.config import SettingError, TrainingSettings
from core.training import wording
from core.ui import resources


@dataclass(frozen=True)
class Pending:
    """An empty place on the page that waits for the duration of a run with these settings."""

    place: DeltaGenerator
    settings: TrainingSettings
    in_detail: bool = False  # with the network's size and the number of cores


def fill_in(pending: Iterable[Pending]) -> None:
    """Write each duration in its place. Measuring takes a second or two the first time."""
    for waiting in pending:
        try:
            about = words.duration(_expect(waiting.settings))
        except SettingError as error:
            waiting.place.markdown(f":small[{words.escape_markdown(str(error))}]")
            continue
        if waiting.in_detail:
            waiting.place.markdown(f":small[{_describe(waiting.settings, about)}]", help=wording.DETECTOR)
        else:
            waiting.place.markdown(f":small[About {about} here.]")


@st.cache_resource(show_spinner=False)
def count_parameters(architecture: str) -> int:
    """The number of parameters of a network; it is built without memory for its weights."""
    from core.network import architectures

    return architectures.count_parameters(architectures.build_without_memory(architecture))


def _describe(settings: TrainingSettings, about: str) -> str:
    threads = resources.training_job().threads
    cores = "one core" if threads == 1 else f"{threads} cores"
    return (
        f"{count_parameters(settings.architecture):,} parameters. About {about} on {cores} here, "
        "then half a minute in which the model already answers while its out-of-distribution detector is trained."
    )


def _expect(settings: TrainingSettings) -> float:
    """Seconds a run will take. Raises `SettingError` when the settings name a device that isn't there."""
    from core.training import estimate

    return estimate.expect(settings, measure(settings))


def measure(settings: TrainingSettings) -> float:
    """Seconds that learning from an image takes here. Takes a second the first time; raises as `_expect` does."""
    from core.training import estimate

    return _measure(estimate.what_counts(settings))


@st.cache_resource(show_spinner=False, ttl=600)
def _measure(settings: TrainingSettings) -> float:
    """Seconds an image takes with these settings."""
    from core.training import estimate

    return estimate.measure(resources.digits(train=True), settings, resources.training_job().threads)

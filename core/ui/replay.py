"""How it came to be learned: a run state by state, with a slider, as a film, and as a file; on Train and on Explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import streamlit as st

from core import words
from core.data.digits import DataError, DigitSet
from core.explanation import digit_map, replay
from core.explanation.digit_map import DigitMap
from core.explanation.replay import Frame, Overview
from core.figures import digit_images, film, layer_images
from core.training import states
from core.training.runs import Run
from core.ui import resources, shell, widgets

PACES = {"Slow": 2.0, "Medium": 1.0, "Fast": 0.5}  # seconds a state
MANY = 500  # digits on the map, and as many in the matrix: together half a second a state
SMALL, WIDE = 168, 340  # pixels of the digit, and of the map and the matrix: on a phone too

memory = st.session_state


@dataclass(frozen=True)
class Reel:
    """A run's states as they are replayed: what each made of many digits; `onto` is the map that they share."""

    steps: tuple[int, ...]
    overviews: tuple[Overview, ...]
    onto: DigitMap


@dataclass(frozen=True)
class Film:
    """A reel with one digit (28, 28) float32 in [0, 1] in it: a frame for each state."""

    reel: Reel
    image: np.ndarray
    frames: tuple[Frame, ...]

    @property
    def limits(self) -> tuple[float, float]:
        """The values at which filters and maps have their full colour: those of the last state, in all of them."""
        last = self.frames[-1]
        return layer_images.find_limit(last.filters), layer_images.find_limit(last.values)

    @property
    def last(self) -> int:
        """The step at which the run ended."""
        return self.reel.steps[-1]

    def draw(self, at: int) -> np.ndarray:
        """One picture of the film, (H, W, 3) uint8."""
        onto = self.reel.onto
        return film.compose(
            self.image,
            self.frames[at],
            self.reel.overviews[at],
            onto.labels,
            film.find_bounds(onto.places),
            self.limits,
            self.last,
        )


def show(run: Run, image: np.ndarray, key: str) -> None:
    """The replay of a run with a digit (28, 28) float32 in [0, 1]: its answer, the filters, the first maps, the map of
    test digits, the confusion matrix. `key`: a page may show two."""
    steps = states.list_steps(states.find_home(run.id))
    if len(steps) < 2:
        st.info(
            "This run kept no states to replay: it is older than they are, or the setting “States to replay” was 0.",
            icon=":material/info:",
        )
        return
    try:
        shown = _prepare(run, steps, image)
    except (DataError, ValueError) as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    slider, playing = f"replay-{key}-{run.id}", f"playing-{key}"
    memory.setdefault(slider, steps[-1])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_playing = memory.get(playing, False)
        st.button(
            "Pause" if is_playing else "Play",
            icon=":material/pause:" if is_playing else ":material/play_arrow:",
            key=f"play-{key}",
            on_click=_toggle,
            args=(playing, slider, steps),
            width=120,
        )
        pace = widgets.choice("Pace", list(PACES), f"pace-{key}", default="Medium", in_address=False)
    st.fragment(_watch, run_every=PACES[pace] if is_playing else None)(shown, slider, playing, is_playing)
    _offer_film(run, shown, PACES[pace], key)


def _toggle(playing: str, slider: str, steps: tuple[int, ...]) -> None:
    """Play or pause; from the beginning where the film is at its end."""
    memory[playing] = not memory.get(playing, False)
    if memory[playing] and memory.get(slider) == steps[-1]:
        memory[slider] = steps[0]
        memory[f"{playing}-began"] = True  # the first picture stays for its time


def _pause(playing: str) -> None:
    memory[playing] = False


def _watch(shown: Film, slider: str, playing: str, has_played: bool) -> None:
    """One state, and while the film plays the next one each time."""
    if has_played and not memory[playing]:  # somebody paused it: the button above is to say so
        st.rerun()
    steps = shown.reel.steps
    at = steps.index(memory[slider]) if memory.get(slider) in steps else len(steps) - 1
    if memory.get(playing) and not memory.pop(f"{playing}-began", False):
        if at == len(steps) - 1:
            memory[playing] = False
            st.rerun()
        at += 1
    memory[slider] = steps[at]
    st.select_slider("Step", steps, format_func=lambda step: f"{step:,}", key=slider, on_change=_pause, args=(playing,))
    _show_state(shown, at)


def _show_state(shown: Film, at: int) -> None:
    frame, overview, onto, dark = shown.frames[at], shown.reel.overviews[at], shown.reel.onto, shell.is_dark()
    answer = f"read as {frame.answer} with {words.probability(float(frame.probabilities.max()))}"
    judged = int(overview.confusion.sum())
    right = f"{words.percent(overview.accuracy, 1)} of {words.count(judged, 'validation digit')} read right"
    st.markdown(f"After step {frame.step:,} of {shown.last:,}: **{answer}** · {right}")
    with st.container(horizontal=True, gap="medium"):
        _show(digit_images.enlarge(shown.image, 8), SMALL, f"The digit, {answer}")
        _show(
            film.draw_bars(frame.probabilities, dark),
            round(SMALL * film.BARS[0] / film.BARS[1]),
            f"Ten probabilities: {answer}",
        )
        filters = layer_images.draw_layer(frame.filters, shown.limits[0], dark)
        _show(filters, min(WIDE, filters.shape[1]), "The filters of the first layer", "Filters of the first layer")
    maps = layer_images.draw_layer(frame.values, shown.limits[1], dark)
    _show(maps, "content", "What the first layer makes of the digit", "What the first layer makes of the digit")
    with st.container(horizontal=True, gap="medium"):
        places = film.draw_places(overview.places, onto.labels, frame.place, film.find_bounds(onto.places), dark)
        _show(
            places,
            WIDE,
            f"A map of {len(onto.labels):,} test digits by what the last hidden layer makes of them",
            f"{len(onto.labels):,} test digits by PCA of the last hidden layer, in the directions of the last state; "
            "the ring is your digit",
        )
        _show(
            film.draw_confusion(overview.confusion, dark),
            WIDE,
            f"Confusion matrix: {right}",
            f"Rows: what {words.count(judged, 'validation digit')} are; columns: what they were read as",
        )


def _show(picture: np.ndarray, width: int | Literal["content"], alt: str, caption: str | None = None) -> None:
    st.image(digit_images.as_data_url(digit_images.to_png(picture)), width=width, alt=alt, caption=caption)


def _offer_film(run: Run, shown: Film, pace: float, key: str) -> None:
    """The film as a file, made when its button is pressed."""

    def make(write: Callable[[Sequence[np.ndarray], float], bytes]) -> bytes:
        return write([shown.draw(at) for at in range(len(shown.frames))], pace)

    with st.popover("Save as a film", icon=":material/movie:"):
        for end, mime, write in (("gif", "image/gif", film.as_gif), ("mp4", "video/mp4", film.as_mp4)):
            st.download_button(
                end.upper(),
                partial(make, write),
                f"{run.name}.{end}",
                mime,
                on_click="ignore",
                key=f"film-{end}-{key}",
            )


def _prepare(run: Run, steps: tuple[int, ...], image: np.ndarray) -> Film:
    """The film, made before or now, saying how far it is. Raises `DataError` or `ValueError` with a sentence."""
    results, home, architecture = resources.results(), states.find_home(run.id), run.settings.architecture
    place = st.empty()

    def tell(done: int) -> None:
        many = words.count(len(steps), "state")
        place.progress(done / len(steps), f"Replaying {many} of {words.escape_markdown(run.name)} …")

    def wind() -> Reel:
        mapped, judged = choose_digits(run)
        onto = digit_map.lay_out(states.load(home, architecture, steps[-1]), mapped)
        overviews = []
        for done, step in enumerate(steps):
            tell(done)
            overviews.append(replay.look_over(states.load(home, architecture, step), mapped, judged, onto))
        return Reel(steps, tuple(overviews), onto)

    reel = results.keep(("reel", run.id, steps), wind)

    def expose() -> Film:
        frames = []
        for done, step in enumerate(steps):
            tell(done)
            frames.append(replay.look_at(states.load(home, architecture, step), image, step, reel.onto))
        return Film(reel, image, tuple(frames))

    shown = results.keep(("film", run.id, steps, image.tobytes()), expose)
    place.empty()
    return shown


def choose_digits(run: Run) -> tuple[DigitSet, DigitSet]:
    """Test digits for the map, and digits of the run's own validation split for the matrix; the same every time."""
    from core.data import split

    training = resources.digits(train=True)
    held_out = split.places(training, run.settings)[1]
    some = held_out[:: max(1, len(held_out) // MANY)]
    return resources.digits(train=False).first(MANY), training.pick(some)

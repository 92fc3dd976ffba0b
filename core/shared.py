"""The one door between Streamlit and core: the menu, the model in use, the data sets. Nothing heavy at the top."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from core import checkpoint, tile
from core.config import ROOT

if TYPE_CHECKING:
    import numpy as np

    from core.corrections import Corrections
    from core.data import DigitSet
    from core.explain import Neighbours
    from core.job import TrainingJob

PAGES = (
    ("Home.py", "Home", ":material/home:"),
    ("pages/1_Predict.py", "Predict", ":material/draw:"),
    ("pages/2_Train.py", "Train", ":material/model_training:"),
    ("pages/3_Evaluate.py", "Evaluate", ":material/query_stats:"),
    ("pages/4_Explain.py", "Explain", ":material/lightbulb:"),
    ("pages/4_My_digits.py", "My digits", ":material/edit_note:"),
)


# What the theme can't say. The answer is the largest thing on the page; samples are pictures one can press.
STYLE = """
<style>
.block-container { padding-top: 2.5rem; max-width: 72rem; }
@media (max-width: 768px) { .block-container { padding-top: 4.5rem; } } /* the header lies over the page here */
.answer { display: flex; align-items: baseline; gap: 1.25rem; line-height: 1; margin: 0 0 .25rem; }
.answer .digit { font-size: clamp(5rem, 16vw, 8.5rem); font-weight: 700; font-variant-numeric: tabular-nums; }
.answer.number { flex-wrap: wrap; row-gap: .25rem; }
.answer.number .digit { font-size: clamp(2.5rem, 9vw, 5rem); line-height: 1.1; overflow-wrap: anywhere; }
.answer .confidence { font-size: 1.75rem; opacity: .75; font-variant-numeric: tabular-nums; }
.answer.example { opacity: .35; }
.answer.none .digit { font-weight: 200; opacity: .5; } /* a dash as bold as a digit is a black bar */
.st-key-draw [data-testid="stColumn"]:first-child { min-width: 290px; } /* the canvas does not shrink */
[data-testid="stImage"] img { border: 1px solid rgba(128, 128, 128, .35); }
@media (max-width: 640px) {
  .st-key-samples [data-testid="stHorizontalBlock"]:has(.answer) { flex-direction: column-reverse; }
}
/* Streamlit writes white on the dark theme's light accent, and axes in a grey too pale for paper. */
.stApp :is([data-testid="stBaseButton-primary"], [data-tag] span) { color: light-dark(#fff, #16181c); }
.stApp [data-testid="stVegaLiteChart"] text[fill="#808495"] { fill: #5c636b; }
[class*="st-key-gallery"] button { padding: .25rem; min-height: 0; }
[class*="st-key-gallery"] button img { height: 4.5rem; max-height: none; width: 4.5rem; object-fit: contain;
  border-radius: .25rem; vertical-align: middle; }
</style>
"""
ICON = tile.as_data_url((ROOT / ".streamlit" / "icon.png").read_bytes())


class ModelInUse:
    """The one model that answers every page and visitor. Loaded once, and again when its file or the choice changes."""

    def __init__(self) -> None:
        """Nothing is read before it is asked for."""
        self._lock = threading.Lock()
        self._card: tuple[object, checkpoint.ModelCard] | None = None
        self._loaded: tuple[object, checkpoint.Checkpoint] | None = None

    def card(self) -> checkpoint.ModelCard:
        """Its name, version and facts, without torch."""
        with self._lock:
            key = self._key()
            if self._card is None or self._card[0] != key:
                self._card = (key, checkpoint.describe(key[0]))
            return self._card[1]

    def load(self) -> checkpoint.Checkpoint:
        """The model itself, ready to answer. Raises `CheckpointError` when its file is no good."""
        with self._lock:
            key = self._key()
            if self._loaded is None or self._loaded[0] != key:
                self._loaded = (key, checkpoint.load(key[0]))
                # Weights live as long as the server: out of the collector's sight, its passes stay short.
                gc.collect()
                gc.freeze()
            return self._loaded[1]

    @staticmethod
    def _key() -> tuple:
        name = checkpoint.in_use()
        stamps = []
        for suffix in (".pth", ".json", checkpoint.REJECTION):
            path = checkpoint.MODELS_FOLDER / f"{name}{suffix}"
            stamps.append(path.stat().st_mtime_ns if path.is_file() else 0)
        return (name, *stamps)


@st.cache_resource(show_spinner=False)
def _model_in_use() -> ModelInUse:
    return ModelInUse()


def model_in_use() -> checkpoint.Checkpoint:
    """The model every page answers with. Raises `CheckpointError` when its file is no good."""
    return _model_in_use().load()


@st.cache_resource(show_spinner="Reading MNIST …")
def digits(train: bool) -> DigitSet:
    """MNIST's training or test set, one copy for all visitors. Raises `DataError` with a sentence."""
    from core import data

    return data.load(train)


def open_page(title: str, needs_torch: bool = True) -> None:
    """Set up a page: its title, the menu, the model in use. Every page calls this first, before its heavy imports.

    A page that needs torch waits here until the warm-up is through: two threads that import the same large packages
    at once can meet half-made modules.
    """
    st.set_page_config(page_title=f"{title} · Digit Lab", page_icon=ICON, layout="wide")
    st.html(STYLE)
    with st.sidebar:
        for path, label, symbol in PAGES:
            if (ROOT / path).is_file():
                st.page_link(path, label=label, icon=symbol)
        st.divider()
        _show_model()
        if title != "Train":
            _show_run()
    thread = warm_up(0.3 if needs_torch else 1.5)
    if needs_torch and thread.is_alive():
        with st.spinner("Starting the model, which takes a few seconds once …"):
            thread.join()


def is_dark() -> bool:
    """Whether the visitor sees the dark theme."""
    return st.context.theme.type == "dark"


def _show_model() -> None:
    """The small block every page ends its menu with."""
    try:
        card = _model_in_use().card()
    except checkpoint.CheckpointError as error:
        st.error(str(error), icon=":material/error:")
        return
    origin = " · shipped" if card.is_shipped else ""
    accuracy = "test accuracy not measured"
    if card.test_accuracy is not None:
        accuracy = f"{card.test_accuracy:.2%} on the MNIST test set"
    st.caption("Model in use", help="Every page and every visitor is answered by this model.")
    st.markdown(f"**{card.name}**{origin}  \n:small[version {card.version}]  \n:small[{accuracy}]")


def _show_run() -> None:
    """While a run is going on, whoever started it: how far it is, and the way to it. Nothing otherwise."""
    # Only a live run is asked again: thirty idle visitors would make ten reruns a second for nothing.
    is_live = training_job().snapshot().is_live
    st.fragment(_draw_run, run_every=3.0 if is_live else None)()


def _draw_run() -> None:
    snapshot = training_job().snapshot()
    if snapshot.is_live:
        st.divider()
        st.caption("Training" if snapshot.phase != "paused" else "Training, paused")
        st.progress(min(1.0, snapshot.step / max(1, snapshot.run.steps)), snapshot.run.name)
        st.page_link("pages/2_Train.py", label="Watch it", icon=":material/monitoring:")


@st.cache_resource(show_spinner=False)
def training_job() -> TrainingJob:
    """The one training run of this server."""
    from core.job import TrainingJob

    def load(train: bool) -> DigitSet:
        from core import data

        return data.load(train)

    return TrainingJob(load)


@st.cache_resource(show_spinner=False)
def corrections() -> Corrections:
    """My digits: what visitors put right."""
    from core.corrections import Corrections

    return Corrections()


def offer_correction(digit: np.ndarray, said: str, model: str, version: str, key: str) -> None:
    """One click says what a picture really shows, and keeps it; another click on the same answer takes that back.

    `digit` (28, 28) float32 in [0, 1] as the model read it; `said` its answer, empty for no digit, by `version` of
    `model`. `key` names the place on the page: one place may show one picture after the other.
    """
    from core.corrections import NO_DIGIT, CorrectionsError

    image = (digit * 255).round().astype("uint8")
    try:
        kept = corrections().find(image)
    except CorrectionsError as error:
        st.error(str(error), icon=":material/error:")
        return
    place = f"correct-{key}"
    if done := st.session_state.pop(f"{place}-done", None):  # a fragment's callback may not show anything itself
        text, icon = done
        st.toast(text, icon=icon)
    st.session_state[place] = kept.label if kept else None  # what is kept, not what was pressed for another picture
    st.pills(
        "Wrong? It is a …",
        [*range(10), NO_DIGIT],
        format_func=lambda label: "no digit" if label == NO_DIGIT else str(label),
        key=place,
        on_change=_correct,
        args=(place, image, said, model, version),
        help="Keeps what the model sees, with your answer and the time, in My digits on the computer this app runs on: "
        "a copy of the model can be fine-tuned on them there. Press the same answer again to take it back.",
    )
    if kept:
        st.page_link("pages/4_My_digits.py", label="Kept in My digits", icon=":material/check:")


def _correct(place: str, image: np.ndarray, said: str, model: str, version: str) -> None:
    from core.corrections import CorrectionsError

    try:
        done = _keep_or_take_back(image, st.session_state[place], said, model, version)
        st.session_state[f"{place}-done"] = (done, ":material/check:")
    except CorrectionsError as error:
        st.session_state[f"{place}-done"] = (str(error), ":material/error:")


def _keep_or_take_back(image: np.ndarray, label: int | None, said: str, model: str, version: str) -> str:
    from core.corrections import NO_DIGIT

    mine = corrections()
    kept = mine.find(image)
    if label is None:
        mine.delete([kept.id] if kept else [])
        return "Taken back: this picture is no longer in My digits."
    mine.keep(image, label, said, model, version)
    what = "no digit" if label == NO_DIGIT else f"a {label}"
    before = " instead" if kept and kept.label != label else ""
    return f"Kept in My digits as {what}{before}, in the file {mine.place} of this app."


def use_model(name: str) -> None:
    """Let this model answer on every page from now on. Raises `CheckpointError` when its file is no good."""
    checkpoint.choose(name)


def describe_model() -> None:
    """One line about the model in use and its data, for the first page."""
    try:
        card = _model_in_use().card()
    except checkpoint.CheckpointError as error:
        st.error(str(error), icon=":material/error:")
        return
    parameters = card.facts.get("parameters")
    size = f" with {parameters:,} parameters" if isinstance(parameters, int) else ""
    accuracy = f", {card.test_accuracy:.2%} right on the 10,000 MNIST test digits" if card.test_accuracy else ""
    st.caption(f"The model in use is **{card.name}**, a network{size}{accuracy}.")


@st.cache_resource(show_spinner=False)
def warm_up(_delay: float = 0.0) -> threading.Thread:
    """Load torch, the model and what Predict needs on a thread, once a server, so that no visitor waits for it.

    Begins after `_delay` seconds: importing torch holds Python's lock, and the page that asks for it is painted first.
    """
    models = _model_in_use()
    thread = threading.Thread(target=_warm_up, args=(models, _delay), name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm_up(models: ModelInUse, delay: float) -> None:
    time.sleep(delay)
    import altair
    import numpy as np

    from core import data, picture, predict, preprocess

    with contextlib.suppress(checkpoint.CheckpointError):  # the page says so; here is nobody to tell
        checkpoint_in_use = models.load()
        stroke = np.pad(np.zeros((40, 4), np.uint8), 30, constant_values=255)
        predict.predict(checkpoint_in_use, np.stack([preprocess.preprocess(picture.from_array(stroke)).digit]))
    altair.Chart(altair.Data(values=[])).mark_bar().to_dict()
    if not data.is_unpacked():
        threading.Thread(target=_unpack_data, name="unpack", daemon=True).start()


def _unpack_data() -> None:
    # In a process of its own: reading through torchvision would cost this one 160 MB for good.
    subprocess.run([sys.executable, "-m", "core.data"], cwd=ROOT, check=False, capture_output=True)


class Results:
    """What took long to compute, for all visitors: the latest results by a key that names everything they depend on."""

    MOST = 400  # a report on 10,000 pictures takes half a megabyte, a point of a curve next to nothing

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple, Any] = OrderedDict()

    def find(self, key: tuple) -> Any | None:
        """The result kept under `key`, or None."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def keep(self, key: tuple, compute: Callable[[], Any]) -> Any:
        """The result under `key`, computed on all cores where it is not yet known."""
        known = self.find(key)
        if known is None:
            from core.evaluate import use_all_cores

            use_all_cores()
            known = compute()
            with self._lock:
                self._known[key] = known
                while len(self._known) > self.MOST:
                    self._known.popitem(last=False)
        return known


@st.cache_resource(show_spinner=False)
def results() -> Results:
    """The one store of results."""
    return Results()


def model_card(name: str) -> checkpoint.ModelCard:
    """Name, version and facts of any model, read again when its files change. Raises `CheckpointError`."""
    return _model_card(name, _stamp(name))


def model(name: str) -> checkpoint.Checkpoint:
    """Any model, ready to answer; the one in use is not loaded twice. Raises `CheckpointError`."""
    if name == checkpoint.in_use():
        return model_in_use()
    return _model(name, _stamp(name))


def _stamp(name: str) -> tuple[int, ...]:
    paths = [checkpoint.MODELS_FOLDER / f"{name}{suffix}" for suffix in (".pth", ".json")]
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)


@st.cache_resource(show_spinner=False, max_entries=50)
def _model_card(name: str, stamp: tuple[int, ...]) -> checkpoint.ModelCard:
    return checkpoint.describe(name)


@st.cache_resource(show_spinner="Loading the model …", max_entries=3)
def _model(name: str, stamp: tuple[int, ...]) -> checkpoint.Checkpoint:
    return checkpoint.load(name)


@st.cache_resource(show_spinner="Reading the training images …")
def neighbours() -> Neighbours:
    """An index of the 60,000 training digits by their looks. Raises `DataError` where MNIST can't be had."""
    from core.explain import Neighbours

    return Neighbours(digits(train=True))

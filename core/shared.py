"""The one door between Streamlit and core: the menu, the model in use, the data sets. Nothing heavy at the top."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING

import streamlit as st

from core import checkpoint
from core.config import ROOT

if TYPE_CHECKING:
    from core.data import DigitSet

PAGES = (
    ("Home.py", "Home", ":material/home:"),
    ("pages/1_Predict.py", "Predict", ":material/draw:"),
    ("pages/2_Train.py", "Train", ":material/model_training:"),
    ("pages/3_Evaluate.py", "Evaluate", ":material/query_stats:"),
    ("pages/4_Explain.py", "Explain", ":material/lightbulb:"),
)


class ModelInUse:
    """The one model every page and visitor is answered by. Loaded once; loaded again when its file or choice changes."""

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
        for suffix in (".pth", ".json"):
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


def open_page(title: str, icon: str = "digit") -> None:
    """Set up a page: its title, the menu, the model in use. Every page calls this first."""
    st.set_page_config(
        page_title=f"{title} · Digit Lab", page_icon=str(ROOT / ".streamlit" / "icon.png"), layout="wide"
    )
    st.html(STYLE)
    with st.sidebar:
        for path, label, symbol in PAGES:
            if (ROOT / path).is_file():
                st.page_link(path, label=label, icon=symbol)
        st.divider()
        _show_model()
    warm_up()


def _show_model() -> None:
    try:
        card = _model_in_use().card()
    except checkpoint.CheckpointError as error:
        st.error(str(error), icon=":material/error:")
        return
    accuracy = (
        f"{card.test_accuracy:.2%} on the MNIST test set"
        if card.test_accuracy is not None
        else "test accuracy not measured"
    )
    st.caption("Model in use", help="Every page and every visitor is answered by this model.")
    st.markdown(
        f"**{card.name}** {'· shipped' if card.is_shipped else ''}  \n:small[version {card.version}]  \n:small[{accuracy}]"
    )


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Load torch, the model and what Predict needs on a thread, once a server, so that no visitor waits for it."""
    thread = threading.Thread(target=_warm_up, name="warm-up", daemon=True)
    thread.start()
    return thread

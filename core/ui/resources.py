"""Shared by all visitors: the model in use, the data sets, the training run, results that took long."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from core.access.allowance import Allowance
from core.network import checkpoint

if TYPE_CHECKING:
    from core.data.digits import DigitSet
    from core.evaluation.neighbours import Neighbours
    from core.my_digits.store import Corrections
    from core.training.job import TrainingJob

Result = TypeVar("Result")


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

    @property
    def is_loaded(self) -> bool:
        """Whether the model in use is in memory, so that the next answer waits for nothing."""
        return self._loaded is not None and self._loaded[0] == self._key()

    @staticmethod
    def _key() -> tuple[str, tuple[int, ...]]:
        name = checkpoint.in_use()
        return name, checkpoint.stamp(name)


@st.cache_resource(show_spinner=False)
def shared_model() -> ModelInUse:
    """The one holder of the model in use."""
    return ModelInUse()


def model_in_use() -> checkpoint.Checkpoint:
    """The model every page answers with. Raises `CheckpointError` when its file is no good."""
    return shared_model().load()


@st.cache_resource(show_spinner="Reading MNIST …")
def digits(train: bool) -> DigitSet:
    """MNIST's training or test set, one copy for all visitors. Raises `DataError` with a sentence."""
    from core.data import mnist

    return mnist.load(train)


@st.cache_resource(show_spinner=False)
def training_job() -> TrainingJob:
    """The one training run of this server."""
    from core.training.job import TrainingJob

    def load(train: bool) -> DigitSet:
        from core.data import mnist

        return mnist.load(train)

    return TrainingJob(load)


@st.cache_resource(show_spinner=False)
def corrections() -> Corrections:
    """My digits: what visitors put right."""
    from core.my_digits.store import Corrections

    return Corrections()


@st.cache_resource(show_spinner=False)
def allowance() -> Allowance:
    """How many pictures each guest may have read in an hour."""
    return Allowance()


def use_model(name: str) -> None:
    """Let this model answer on every page from now on. Raises `CheckpointError` when its file is no good."""
    checkpoint.choose(name)


class Results:
    """What took long to compute, for all visitors: the latest results by a key that names everything they depend on."""

    MOST = 400  # a report on 10,000 pictures takes half a megabyte, a point of a curve next to nothing

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        # A lock for each key that is being computed.
        self._gates: weakref.WeakValueDictionary[tuple[object, ...], threading.Lock] = weakref.WeakValueDictionary()

    def find(self, key: tuple[object, ...]) -> Any | None:
        """The result kept under `key`, or None."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def keep(self, key: tuple[object, ...], compute: Callable[[], Result]) -> Result:
        """The result under `key`, computed on all cores where it is not yet known.

        Who asks for what is being computed waits for it; where that is given up, the next one computes. Not to be
        called by `compute` with the same key.
        """
        with self._lock:
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            known: Result | None = self.find(key)
            if known is None:
                from core.evaluation.report import use_all_cores

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
    return _model_card(name, checkpoint.stamp(name))


def model(name: str) -> checkpoint.Checkpoint:
    """Any model, ready to answer; the one in use is not loaded twice. Raises `CheckpointError`."""
    if name == checkpoint.in_use():
        return model_in_use()
    return _model(name, checkpoint.stamp(name))


@st.cache_resource(show_spinner=False, max_entries=50)
def _model_card(name: str, stamp: tuple[int, ...]) -> checkpoint.ModelCard:
    return checkpoint.describe(name)


@st.cache_resource(show_spinner="Loading the model …", max_entries=3)
def _model(name: str, stamp: tuple[int, ...]) -> checkpoint.Checkpoint:
    return checkpoint.load(name)


@st.cache_resource(show_spinner="Reading the training images …")
def neighbours() -> Neighbours:
    """An index of the 60,000 training digits by their pixels. Raises `DataError` where MNIST is missing."""
    from core.evaluation.neighbours import Neighbours

    return Neighbours(digits(train=True))

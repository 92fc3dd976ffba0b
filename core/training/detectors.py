"""Out-of-distribution (OOD) detectors of kept models, trained behind their runs: the models answer meanwhile.

state          what it means                                        what comes next
Untrained      the model has none: its server ended before, or      BeingTrained, when somebody asks for it
               nobody asked for one yet
BeingTrained   it waits for its turn, or is being trained           Trained; LeftOut; Untrained when it fails
Trained        the file lies beside the model                       nothing
LeftOut        somebody did not want to wait; the model's facts     BeingTrained, when somebody asks for it
               say so
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core import words
from core.access.roles import owners_only
from core.config import SettingError, TrainingSettings
from core.network import checkpoint
from core.network.checkpoint import CheckpointError

if TYPE_CHECKING:
    from core.data.digits import DigitSet

# torch is imported by the thread that trains: a page that only asks for a state costs nothing.

# Digits from which a run's model learns to tell non-digits: twelve seconds on one core. Twice as many take twice the
# time and let 6 instead of 8 of 100 drawn things pass.
DIGITS = 4000
NICENESS = 10  # niceness of the thread, 0 to 19: answering comes first, then a run that goes on


@dataclass(frozen=True)
class Untrained:
    """The model has no detector. `sentence` says what went wrong where something did."""

    sentence: str = ""


@dataclass(frozen=True)
class BeingTrained:
    """The model will have a detector. `done`: the share that is done, 0 to 1."""

    done: float = 0.0


@dataclass(frozen=True)
class Trained:
    """The model has a detector."""


@dataclass(frozen=True)
class LeftOut:
    """The model has no detector because somebody wanted none."""


State = Untrained | BeingTrained | Trained | LeftOut


class Detectors:
    """Trains detectors one after the other. Every method may be called from any thread at any time."""

    def __init__(self, load_digits: Callable[[bool], DigitSet], folder: Path | None = None) -> None:
        """`load_digits(True)` gives MNIST's training set; `folder` is the one of the models."""
        self._load_digits, self._folder = load_digits, folder
        self._change = threading.Condition()
        self._waiting: deque[str] = deque()  # models; the first one is being trained
        self._done = 0.0
        self._failed: dict[str, str] = {}
        self._thread: threading.Thread | None = None
        self._is_closed = False
        # A thread of torch that is alive when the interpreter ends aborts the process.
        atexit.register(self.close)

    @owners_only("train a detector")
    def train(self, name: str) -> None:
        """Train the detector of this model as soon as those before it are done; returns at once."""
        with self._change:
            if name in self._waiting or self._is_closed:
                return
            self._failed.pop(name, None)
            self._waiting.append(name)
            if not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="detectors", daemon=True)
                self._thread.start()

    @owners_only("leave out a detector")
    def leave_out(self, name: str) -> None:
        """Keep this model without a detector; one that is being trained is given up. Raises `OSError` when the disk
        refuses."""
        with self._change:
            if name in self._waiting:
                self._waiting.remove(name)
        checkpoint.add_facts(name, {checkpoint.LEFT_OUT: True}, self._folder)

    def state(self, name: str) -> State:
        """How things stand with this model's detector. Raises `CheckpointError` when there is no such model."""
        with self._change:
            if name in self._waiting:
                return BeingTrained(self._done if name == self._waiting[0] else 0.0)
            sentence = self._failed.get(name, "")
        if checkpoint.has_rejection(name, self._folder):
            return Trained()
        is_left_out = checkpoint.describe(name, self._folder).facts.get(checkpoint.LEFT_OUT) is True
        return LeftOut() if is_left_out else Untrained(sentence)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being trained; whether that came in `timeout` seconds."""
        if self._thread:
            self._thread.join(timeout)
        return not (self._thread and self._thread.is_alive())

    def close(self) -> None:
        """Give up what is being trained, for the server's own end: the models stay, without detectors."""
        with self._change:
            self._is_closed = True
            self._waiting.clear()
        self.wait()

    def _work(self) -> None:
        """The thread: one detector after the other until none is wanted."""
        from core.data.digits import DataError

        lower_priority(NICENESS)
        while True:
            with self._change:
                if not self._waiting:
                    self._thread = None
                    return
                name, self._done = self._waiting[0], 0.0
            sentence = ""
            try:
                self._train(name)
            except (CheckpointError, SettingError, DataError) as error:
                sentence = str(error)
            except OSError as error:
                sentence = words.refused_by_disk(error)
            except Exception as error:  # a fault of ours: the visitor sees a sentence, the next model gets its turn
                sentence = f"Training it stopped because of a fault in the program: {error}"
            with self._change:
                if sentence:
                    self._failed[name] = sentence
                if name in self._waiting:
                    self._waiting.remove(name)

    def _train(self, name: str) -> None:
        import torch

        from core.data.split import split
        from core.training.rejection import learn_in_steps

        torch.set_num_threads(1)
        model = checkpoint.load(name, self._folder)
        settings = TrainingSettings.from_record(model.facts.get("settings", {}))
        training, validation = split(self._load_digits(True), settings)
        steps = learn_in_steps(model.model, model.version, training, validation, count=DIGITS)
        while True:
            try:
                share = next(steps)
            except StopIteration as done:
                detector = done.value
                break
            with self._change:
                if name not in self._waiting:  # nobody wants it any more
                    return
                self._done = share
        # Renamed or deleted meanwhile, the model is found by its weights, or not at all.
        for now in (name, *checkpoint.names(self._folder)):
            try:
                if checkpoint.describe(now, self._folder).version == model.version:
                    checkpoint.save_rejection(now, detector, self._folder)
                    return
            except CheckpointError:
                continue


def lower_priority(niceness: int) -> None:
    """Give this thread, and those it starts, a lower priority than the ones that answer visitors.

    Linux only: elsewhere the system's call means the whole process.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)

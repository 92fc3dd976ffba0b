"""The kinds of run and how they differ: a new run, or an interrupted one that is resumed.

The third kind, fine-tuning a copy of a model, is core/my_digits/fine_tuning.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.config import TrainingSettings
from core.training import runs
from core.training.runs import Run, RunError, RunWriter

if TYPE_CHECKING:
    from core.data.digits import DigitSet
    from core.network.checkpoint import Checkpoint
    from core.training.loop import Training

# torch is imported by the methods that train: planning a run does not wait for it.


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to train: the loop, the writer that holds its folder, ten or so digits to watch."""

    training: Training
    writer: RunWriter
    watched: DigitSet


class Plan(Protocol):
    """What the job asks of any kind of run, so that it needs to know none by name."""

    @property
    def takes_all_cores(self) -> bool:
        """Whether somebody waits for the end, so that no core is left for answering other visitors."""

    @property
    def needs_detector(self) -> bool:
        """Whether the kept model's out-of-distribution (OOD) detector is to be trained when the run is over."""

    def announce(self, name: str | None, runs_folder: Path | None, models_folder: Path | None) -> Run:
        """The run before it begins, under `name` or one that is chosen for it. Returns at once, without torch.

        Raises `RunError` when the name won't do or the run can't be begun.
        """

    def prepare(self, run: Run, mnist: DigitSet, runs_folder: Path | None) -> Prepared:
        """Make the announced `run` ready, from MNIST's training set. Somebody waits for the first step: what takes long
        is left to the steps.

        Raises `SettingError`, `RunError`, or `OSError` when the disk refuses.
        """

    def conclude(self, kept: Checkpoint, test: DigitSet, models_folder: Path | None) -> None:
        """What is left to do for a model that was kept, before the run is over. Raises `OSError` when the disk
        refuses."""


@dataclass(frozen=True)
class NewRun:
    """A run from random weights."""

    settings: TrainingSettings
    takes_all_cores: bool = False
    needs_detector: bool = True

    def announce(self, name: str | None, runs_folder: Path | None, models_folder: Path | None) -> Run:
        """The next free name where none is given."""
        name = name or runs.propose_name(runs_folder, models_folder)
        runs.check_name(name, runs_folder, models_folder)
        return Run(name=name, settings=self.settings)

    def prepare(self, run: Run, mnist: DigitSet, runs_folder: Path | None) -> Prepared:
        """Begin to draw the examples, build the network, make the run's folder."""
        training, watched = _build(run.settings, mnist)
        return Prepared(training, RunWriter.create(run.name, training, runs_folder), watched)

    def conclude(self, kept: Checkpoint, test: DigitSet, models_folder: Path | None) -> None:
        """Nothing: the model is as it will be."""


@dataclass(frozen=True)
class ResumedRun:
    """An interrupted run, from its last saved state to its end."""

    run: Run
    takes_all_cores: bool = False
    needs_detector: bool = True

    def announce(self, name: str | None, runs_folder: Path | None, models_folder: Path | None) -> Run:
        """The run under its own name. Refuses one that fine-tuned a model: what it learned from isn't saved with it."""
        if self.run.base:
            raise RunError(
                f"{self.run.name} fine-tuned a model, which takes little time: start it again on the page My digits."
            )
        return self.run

    def prepare(self, run: Run, mnist: DigitSet, runs_folder: Path | None) -> Prepared:
        """Begin to draw the same examples again and go back to the saved state."""
        training, watched = _build(run.settings, mnist)
        return Prepared(training, RunWriter.reopen(run, training, runs_folder), watched)

    def conclude(self, kept: Checkpoint, test: DigitSet, models_folder: Path | None) -> None:
        """Nothing: the model is as it will be."""


def _build(settings: TrainingSettings, mnist: DigitSet) -> tuple[Training, DigitSet]:
    """The training as the settings say, and one digit of each class to watch."""
    import torch

    from core.data.split import pick_watched
    from core.training.extras import gather_beside
    from core.training.loop import Training

    training = Training(gather_beside(mnist, settings), settings)
    return training, pick_watched(training.validation.to(torch.device("cpu")), mnist)

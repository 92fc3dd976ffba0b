"""What a training run reports as it goes: steps, epochs, its end. One class for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Step:
    """One training step. `step` counts from 1; `loss` in nats; `images` in this step's batch.

    `seconds`: time spent training so far; pauses and whatever the reader does between two events don't count.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    learning_rate: float
    images: int
    seconds: float


@dataclass(frozen=True)
class Epoch:
    """One pass over the training set, evaluated on the validation set.

    Losses in nats, accuracies 0 to 1, `seconds` as in `Step`. `is_best`: no epoch before it was more accurate, so that
    its weights replaced the ones kept until then.

    The training loss is the mean over the epoch's steps, of changed pictures and a network that drops values: it does
    not compare with the validation loss. What does is `learnt_loss` and `learnt_accuracy`: some of the digits the
    network learns from, as they are, judged as the validation digits are. None in older records, as is the learning
    rate of the epoch's last step.
    """

    epoch: int
    step: int
    seconds: float
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    is_best: bool = False
    learnt_loss: float | None = None
    learnt_accuracy: float | None = None
    learning_rate: float | None = None


@dataclass(frozen=True)
class End:
    """Why the run is over: all epochs done, stopped early, or a loss that is no longer a number; as a sentence."""

    reason: Literal["finished", "early", "diverged"]
    sentence: str


@dataclass(frozen=True)
class Waiting:
    """The next step needs examples that are still being drawn. Comes several times a second, until they are there."""


Event = Step | Epoch | End | Waiting


@dataclass(frozen=True)
class RateChange:
    """The schedule's largest learning rate, changed by hand after `step`: from `old` to `new`."""

    step: int
    old: float
    new: float


@dataclass(frozen=True)
class LogPoint:
    """One point of the curves between epochs.

    `loss` in nats, the mean over the steps since the point before; `seconds` of training; images a second.
    """

    step: int
    loss: float
    learning_rate: float
    seconds: float
    images_per_second: float


def is_best(accuracy: float, best_before: float | None) -> bool:
    """Whether the weights of an epoch are kept: it is at least as accurate as the best before it, None for the first.

    Of equally accurate epochs the last is kept: it was trained longest, at the lowest learning rate.
    """
    return best_before is None or accuracy >= best_before


def find_best(epochs: Sequence[Epoch]) -> Epoch | None:
    """The epoch whose weights are kept, None before the first is over."""
    return next((epoch for epoch in reversed(epochs) if epoch.is_best), None)


def mark_best(epochs: Iterable[Epoch]) -> tuple[Epoch, ...]:
    """The same epochs with `is_best` as the loop would have decided it, for records that don't say."""
    marked: list[Epoch] = []
    highest: float | None = None
    for epoch in epochs:
        marked.append(replace(epoch, is_best=is_best(epoch.validation_accuracy, highest)))
        if marked[-1].is_best:
            highest = epoch.validation_accuracy
    return tuple(marked)

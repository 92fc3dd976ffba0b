"""What a training run reports as it goes: steps, epochs, its end."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Step:
    """One correction of the weights. `step` counts from 1; `loss` in nats; `images` of this step.

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
    """One pass over the training set, judged on the validation set. `seconds` as in `Step`."""

    epoch: int
    step: int
    seconds: float
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    is_best: bool


@dataclass(frozen=True)
class End:
    """Why the run is over: all epochs done, stopped early, or a loss that is no number any more; as a sentence."""

    reason: Literal["finished", "early", "diverged"]
    sentence: str


Event = Step | Epoch | End

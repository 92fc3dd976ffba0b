"""How good the model of a run is, beside another one, and what the run came to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core.config import TrainingSettings
from core.training.events import Epoch
from core.training.runs import Run, Status

if TYPE_CHECKING:
    from core.network.checkpoint import ModelCard

FEW = 300  # validation digits below which their accuracy says little: of 300, one more or less is a third of a point
GOOD = 0.99  # validation accuracy from which on more epochs gain tenths of a point at most
FALLS = 0.95  # of a loss that is still falling: what is left of it after the last quarter of the epochs, at most
RISES = 1.2  # of a network that overfits: how many times its smallest value the validation loss has become
LOST = 0.7  # of the loss of a guess: what is left of it where a network that learns no more has learned next to nothing
# At which each optimiser learns digits quickly. A run that learned nothing took larger steps than are good, or smaller.
USUAL_RATES = {"sgd": 0.1, "momentum": 0.01, "adam": 1e-3, "adamw": 1e-3, "muon": 1e-3}
# Steps: a shorter run shows too little of its rate to blame that, unless its loss has risen. At the usual rates, with
# batches of 64, the networks here take 30 (Adam, one hidden layer) to 170 (momentum, LeNet-5) to come down to `LOST`.
SHORT = 200
RISEN = 1.5  # times the loss of a guess, of which no network begins: only too large steps lead there
UNEVEN = 1.2  # how much more often than its share the commonest digit occurs: MNIST's 1 makes up 11.2 %, not 10 %


@dataclass(frozen=True)
class Score:
    """How many of `count` digits were read right. At least one."""

    right: int
    count: int

    @property
    def share(self) -> float:
        """Of digits read right, 0 to 1."""
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share on many more such digits lies with 95 % probability: low and high, 0 to 1."""
        from core.evaluation.report import wilson_interval

        return wilson_interval(self.right, self.count)


@dataclass(frozen=True)
class Comparison:
    """Two models on the same digits: how much better the first one is, with the 95 % interval of that."""

    mine: Score
    theirs: Score

    @property
    def gain(self) -> float:
        """How much larger the first share is, -1 to 1."""
        return self.mine.share - self.theirs.share

    @property
    def interval(self) -> tuple[float, float]:
        """Of the gain, low and high. A little wide: which of the digits each one misreads is not known here.

        From the two shares' own intervals: Newcombe, "Interval estimation for the difference between independent
        proportions" (1998), method 10.
        """
        (low, high), (their_low, their_high) = self.mine.interval, self.theirs.interval
        below = math.hypot(self.mine.share - low, their_high - self.theirs.share)
        above = math.hypot(high - self.mine.share, self.theirs.share - their_low)
        return self.gain - below, self.gain + above

    @property
    def is_clear(self) -> bool:
        """Whether chance alone would hardly make such a difference."""
        low, high = self.interval
        return low > 0 or high < 0


class Diagnosis(StrEnum):
    """What a run came to."""

    DIVERGED = "diverged"  # a loss that is no number any more
    GUESSING = "guessing"  # hardly better than one answer for everything, after too large steps
    HARDLY_LEARNING = "hardly learning"  # hardly better than that either, after too small steps
    TOO_SHORT = "too short"  # hardly better than that either, after so few steps that nobody knows why
    OVERFITTED = "overfitted"  # better and better on what it learns from, worse on other digits
    IMPROVING = "improving"  # ended before it was done learning
    SETTLED = "settled"  # no better any more, and less than good
    GOOD = "good"

    @property
    def is_failure(self) -> bool:
        """Whether the run did not learn, or lost what it had learned: a page warns of it."""
        return self in (Diagnosis.DIVERGED, Diagnosis.GUESSING, Diagnosis.HARDLY_LEARNING, Diagnosis.TOO_SHORT)


def score_on_test(card: ModelCard) -> Score | None:
    """How a model did on the MNIST test set when it was made, None where that was never counted."""
    errors, count = card.facts.get("test_errors"), card.facts.get("test_digits", 10_000)
    if not isinstance(errors, int) or not isinstance(count, int) or not 0 <= errors <= count or not count:
        return None
    return Score(count - errors, count)


def score_on_validation(run: Run) -> Score | None:
    """How the best epoch did on the digits held out for validation, None before the first is over."""
    if not run.best or not run.validation_images:
        return None
    return Score(round(run.best.validation_accuracy * run.validation_images), run.validation_images)


def left_out(card: ModelCard) -> tuple[int, ...]:
    """The digits a model never saw, as far as its facts say."""
    settings = card.facts.get("settings")
    digits: Any = settings.get("left_out", ()) if isinstance(settings, dict) else ()
    return tuple(digits)


def compare(mine: ModelCard, theirs: ModelCard) -> Comparison | None:
    """Two models on the digits that both have read: the MNIST test set.

    Their validation digits are not the same, and one may have learned from the other's. None where one of the two was
    never measured or never saw some of the digits, and for a model and itself.
    """
    first, second = score_on_test(mine), score_on_test(theirs)
    if not first or not second or first.count != second.count or mine.name == theirs.name:
        return None
    return None if left_out(mine) or left_out(theirs) else Comparison(first, second)


def diagnose(run: Run) -> Diagnosis | None:
    """What a run that is over came to, from its epochs alone; None where no epoch was finished.

    Not for a run that fine-tuned a model: one epoch, judged by what it changed.
    """
    if run.status is Status.DIVERGED:
        return Diagnosis.DIVERGED
    if run.base or not run.epochs or not run.validation_images:
        return None
    last = run.epochs[-1]
    guess = math.log(_classes(run.settings))  # the loss of a network that gives every digit the same probability
    losses = [epoch.validation_loss for epoch in run.epochs]
    ending, quarter = _mean_of_last_quarter(losses), _quarter(losses)
    is_falling = ending <= FALLS * _mean_of_last_quarter([guess, *losses][:-quarter])
    if _is_guess(last.validation_accuracy, run) or (ending >= LOST * guess and not is_falling):
        has_risen = max(max(one.training_loss, one.validation_loss) for one in run.epochs) >= RISEN * guess
        if last.step < SHORT and not has_risen:
            return Diagnosis.TOO_SHORT
        is_fast = run.peak >= USUAL_RATES[run.settings.optimiser]
        return Diagnosis.GUESSING if is_fast else Diagnosis.HARDLY_LEARNING
    lowest = run.epochs[losses.index(min(losses))]
    if ending >= RISES * lowest.validation_loss and _has_learned_more(last, lowest):
        return Diagnosis.OVERFITTED
    if last.validation_accuracy >= GOOD and run.validation_images >= FEW:
        return Diagnosis.GOOD
    return Diagnosis.IMPROVING if is_falling else Diagnosis.SETTLED


def suggest(run: Run) -> TrainingSettings | None:
    """The settings to try next, one change away from the run's own; None where there is nothing to mend."""
    settings, rate = run.settings, run.peak
    match diagnose(run):
        case Diagnosis.DIVERGED | Diagnosis.GUESSING if rate >= 1e-5:
            return replace(settings, learning_rate=float(f"{rate / 10:.2g}"))
        case Diagnosis.HARDLY_LEARNING if rate <= 1:
            return replace(settings, learning_rate=float(f"{rate * 10:.2g}"))
        case Diagnosis.TOO_SHORT if (epochs := _epochs_of_enough(run)) > settings.epochs:
            return replace(settings, epochs=epochs)
        case Diagnosis.IMPROVING if settings.epochs <= 500:
            return replace(settings, epochs=2 * settings.epochs)
        case Diagnosis.OVERFITTED if settings.augmentation != "strong":
            return replace(settings, augmentation="strong")
        case Diagnosis.OVERFITTED if settings.training_images < 60_000:
            return replace(settings, training_images=60_000)
        case _:
            return None


def _classes(settings: TrainingSettings) -> int:
    return 10 - len(settings.left_out)


def _epochs_of_enough(run: Run) -> int:
    """In how many epochs a run takes twice the steps that are short; the most there may be where it takes more."""
    last = run.epochs[-1]
    return min(1000, math.ceil(2 * SHORT * last.epoch / max(1, last.step)))


def _is_guess(accuracy: float, run: Run) -> bool:
    """Whether one answer for every picture may be right as often."""
    score = Score(round(accuracy * run.validation_images), run.validation_images)
    return score.interval[0] <= UNEVEN / _classes(run.settings)


def _has_learned_more(later: Epoch, earlier: Epoch) -> bool:
    """Whether the later epoch does better on what it learns from; on the training loss where no other is known."""
    if later.learnt_loss is None or earlier.learnt_loss is None:
        return later.training_loss < earlier.training_loss
    return later.learnt_loss < earlier.learnt_loss


def _quarter(values: Sequence[float]) -> int:
    return max(1, len(values) // 4)


def _mean_of_last_quarter(values: Sequence[float]) -> float:
    return sum(values[-_quarter(values) :]) / _quarter(values)

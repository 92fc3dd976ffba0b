"""Digits that lie on their side or are mirrored, as EMNIST's do: noticed by what a model reads when they are turned."""

from dataclasses import dataclass

import torch

from core import words
from core.data.digits import DigitSet
from core.data.turn import TURNS, Turn
from core.evaluation.report import evaluate, wilson_interval
from core.network.architectures import Network

SAMPLE = 400  # digits: enough to tell 98 % from 40 % seven times over, read in a blink
LEAST_ACCURACY = 0.8  # of turned digits: below it the set is hard rather than turned


@dataclass(frozen=True)
class Suggestion:
    """A turn that makes many more digits right: accuracy on a sample as it is, and turned, each 0 to 1."""

    turn: Turn
    accuracy: float
    turned: float

    @property
    def sentence(self) -> str:
        """Why to turn them."""
        return (
            f"These digits seem to lie on their side: {words.percent(self.accuracy, 0)} of a sample are read right, "
            f"{self.turn.sentence} {words.percent(self.turned, 0)} would be."
        )


def suggest(model: Network, digits: DigitSet) -> Suggestion | None:
    """The turn with which a model reads labelled digits right, where it does not as they are; None for all other sets.

    The 95 % intervals of both must lie apart, so that chance suggests nothing. Eight readings of a sample.
    """
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))[:SAMPLE]
    some = digits.pick(order)
    as_it_is = evaluate(model, some)
    if as_it_is.accuracy >= LEAST_ACCURACY:
        return None
    turned = {turn: evaluate(model, turn_digits(some, turn)) for turn in TURNS}
    best = max(TURNS, key=lambda turn: turned[turn].accuracy)
    found = turned[best]
    low, high = (wilson_interval(len(some) - one.errors, len(some)) for one in (found, as_it_is))
    if found.accuracy < LEAST_ACCURACY or low[0] <= high[1]:
        return None
    return Suggestion(best, as_it_is.accuracy, found.accuracy)


def turn_digits(digits: DigitSet, turn: Turn) -> DigitSet:
    """The same digits, turned, with their labels."""
    return DigitSet(torch.from_numpy(turn.apply(digits.images.numpy())), digits.labels)

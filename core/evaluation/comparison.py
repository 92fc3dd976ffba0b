"""Two models on the same digits: which is better, and whether that could be luck."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import torch

from core import words
from core.evaluation.report import Report


class Which(StrEnum):
    """Pictures on which two models are looked at."""

    DISAGREE = "They disagree"
    ONLY_FIRST = "Only the first is right"
    ONLY_SECOND = "Only the second is right"
    BOTH_WRONG = "Both are wrong"


@dataclass(frozen=True)
class Difference:
    """How much more the second model reads right than the first, in shares of the pictures, -1 to 1, with the 95 %
    interval."""

    share: float
    low: float
    high: float

    @property
    def may_be_luck(self) -> bool:
        """Whether equally good models are within the interval."""
        return self.low <= 0 <= self.high

    @property
    def text(self) -> str:
        """In percentage points: "+0.12 points (-0.05 to +0.29)"."""
        share, low, high = (words.points(value) for value in (self.share, self.low, self.high))
        return f"{share} points ({low} to {high})"


@dataclass(frozen=True)
class Comparison:
    """Two models' reports on the same pictures. Raises `ValueError` when the labels differ."""

    first: Report
    second: Report

    def __post_init__(self) -> None:
        """Two sets of pictures can't be compared picture by picture."""
        if not torch.equal(self.first.labels, self.second.labels):
            raise ValueError("The two reports are about different pictures.")

    @property
    def only_first(self) -> int:
        """Pictures the first model reads right and the second wrong."""
        return int((self.first.is_right & ~self.second.is_right).sum())

    @property
    def only_second(self) -> int:
        """Pictures the second model reads right and the first wrong."""
        return int((self.second.is_right & ~self.first.is_right).sum())

    @property
    def p_value(self) -> float:
        """McNemar's exact test, two-sided: how likely equally good models differ at least as much as these, 0 to 1.

        McNemar, "Note on the sampling error of the difference between correlated proportions" (1947).
        """
        from scipy.stats import binomtest

        discordant = self.only_first + self.only_second
        return float(binomtest(self.only_first, discordant).pvalue) if discordant else 1.0

    @property
    def difference(self) -> Difference:
        """On all pictures together."""
        return _difference(self.only_first, self.only_second, len(self.first))

    def difference_of(self, digit: int) -> Difference | None:
        """On the pictures that show one digit; None where there are none."""
        shows = self.first.labels == digit
        gained = int((shows & self.second.is_right & ~self.first.is_right).sum())
        lost = int((shows & self.first.is_right & ~self.second.is_right).sum())
        return _difference(lost, gained, int(shows.sum())) if shows.any() else None

    def find(self, which: Which, temperatures: tuple[float, float] = (1.0, 1.0)) -> list[int]:
        """Places in the set of the pictures of one kind, the widest gap in confidence first; `temperatures` are the
        first and the second model's."""
        first, second = self.first.is_right, self.second.is_right
        chosen = {
            Which.DISAGREE: self.first.answers != self.second.answers,
            Which.ONLY_FIRST: first & ~second,
            Which.ONLY_SECOND: second & ~first,
            Which.BOTH_WRONG: ~first & ~second,
        }[which]
        members = torch.nonzero(chosen).flatten()
        gap = (self.first.confidence(temperatures[0]) - self.second.confidence(temperatures[1])).abs()[members]
        return members[gap.argsort(descending=True, stable=True)].tolist()

    def verdict(self, first: str, second: str) -> str:
        """McNemar's test in a sentence. `first` and `second` are the models' names."""
        discordant = self.only_first + self.only_second
        if discordant == 0:
            return f"{first} and {second} are right on exactly the same pictures: nothing tells them apart here."
        split = (
            f"On {words.count(discordant, 'picture')} just one of the two is right: {first} on {self.only_first:,}, "
            f"{second} on {self.only_second:,}."
        )
        by_luck = (
            f"Equally good models would differ at least this much in {words.percent(self.p_value, 1)} of such test sets"
        )
        if self.p_value >= 0.05:
            return f"{split} {by_luck}: this may well be luck, so neither is shown to be better."
        better = first if self.only_first > self.only_second else second
        return f"{split} {by_luck}: hardly luck, {better} reads these pictures better."


def _difference(lost: int, gained: int, pictures: int) -> Difference:
    """The difference of two shares of the same pictures, with the interval of Agresti and Min, "Simple improved
    confidence intervals for comparing matched proportions" (2005): it makes sense for few pictures too."""
    trials = pictures + 2
    centre = (gained - lost) / trials
    deviation = math.sqrt(max(0.0, gained + lost + 1 - (gained - lost) ** 2 / trials)) / trials
    low, high = max(-1.0, centre - 1.96 * deviation), min(1.0, centre + 1.96 * deviation)
    return Difference((gained - lost) / pictures, low, high)

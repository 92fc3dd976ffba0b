"""Two models on the same digits: which is better, and whether that may be luck."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core import words
from core.evaluation.report import Report


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
    def disagreements(self) -> list[int]:
        """Places in the set of the pictures on which the answers differ, the widest gap in confidence first."""
        members = torch.nonzero(self.first.answers != self.second.answers).flatten()
        gap = (self.first.confidence() - self.second.confidence()).abs()[members]
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

"""The points of robustness curves measured so far, by anyone."""

from __future__ import annotations

from core.evaluation import robustness
from core.evaluation.robustness import Point
from core.evaluation.testset import TestSet
from core.network.checkpoint import ModelCard
from core.ui import resources

Step = tuple[str, float]  # a damage and one of its strengths


def title(card: ModelCard) -> str:
    """The title of a model's curves."""
    return f"{card.name} {card.version}"


def key(card: ModelCard, test_set: TestSet, step: Step) -> tuple:
    """The key that a point of a curve is kept under."""
    return ("robustness", card.name, card.version, test_set.key, *step)


def find(card: ModelCard, test_set: TestSet) -> list[Point]:
    """All points of a model on a set that are measured."""
    found = (resources.results().find(key(card, test_set, step)) for step in robustness.STEPS)
    return [point for point in found if point]


def missing(card: ModelCard, test_set: TestSet) -> list[Step]:
    """The steps of a model on a set that are not measured."""
    return [step for step in robustness.STEPS if not resources.results().find(key(card, test_set, step))]

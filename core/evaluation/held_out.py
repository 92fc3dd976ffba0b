"""Pictures that a model has not learned from: its own validation split, and what two models both held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.data.digits import DigitSet
from core.data.split import places
from core.evaluation import testset
from core.evaluation.report import Progress
from core.evaluation.testset import TestSet, training_settings
from core.network.checkpoint import Checkpoint


@dataclass(frozen=True)
class ValidationSplit:
    """What each model held out of MNIST's training set. Which pictures these are depends on the model that is asked:
    `for_model` gives its own, and two models are compared on those that both held out."""

    training: DigitSet
    name: str = "validation split"
    key: str = "validation"

    def for_model(self, model: Checkpoint, progress: Progress | None = None) -> TestSet:
        """The digits that this model held out."""
        return testset.validation(model.facts, self.training)


def is_known(facts: dict[str, Any]) -> bool:
    """Whether it is known which digits the model with these facts has learned from."""
    return training_settings(facts) is not None


def count_learned(facts: dict[str, Any], validation: TestSet, training: DigitSet) -> int | None:
    """How many pictures of a validation split the model with these facts has learned from; None where that is not
    known. `training` is MNIST's training set."""
    settings = training_settings(facts)
    if settings is None:
        return None
    return len(set(places(training, settings)[0].tolist()) & set(validation.places))

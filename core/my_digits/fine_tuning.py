"""A copy of a model, taught somebody's own digits among MNIST's, and what that changed."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from core.config import FineTuningSettings, TrainingSettings
from core.data.digits import DigitSet
from core.data.split import split
from core.evaluation.report import evaluate
from core.my_digits.store import Correction, count_right, to_digits
from core.network import checkpoint
from core.network.architectures import build
from core.network.checkpoint import Checkpoint
from core.training.loop import Training

USUAL = FineTuningSettings()
FACTS = "fine_tuning"  # where a model's facts say what it was fine-tuned from and what that changed
LEARNT, ASIDE, TEST = "Learnt from", "Kept aside", "MNIST test set"


@dataclass(frozen=True)
class Change:
    """How many of `count` pictures were read right `before` and `after`."""

    name: str
    count: int
    before: int
    after: int


@dataclass(frozen=True)
class FineTuning:
    """What to teach to whom: own digits to learn from (`learnt`, at least one) and others to judge by (`aside`)."""

    base: Checkpoint
    learnt: list[Correction]
    aside: list[Correction]
    settings: FineTuningSettings

    @property
    def training_settings(self) -> TrainingSettings:
        """One gentle pass over the mixture. The split is the base model's: what judged it was never learnt from."""
        return replace(
            _settings_of(self.base),
            architecture=self.base.architecture,
            epochs=1,
            batch_size=self.settings.batch_size,
            learning_rate=self.settings.learning_rate,
            optimiser="adamw",
            schedule="cosine",
            ema_decay=0.0,
            augmentation="strong",
            clean_share=0.0,
            outlier_exposure=0.0,
            pen_digits=0.0,
        )

    def prepare(self, digits: DigitSet) -> Training:
        """The training of a copy; the base model is only read. `digits` is MNIST's training set."""
        settings = self.training_settings
        training, validation = split(digits, settings)
        model = build(self.base.architecture, settings.dropout)
        model.load_state_dict(self.base.model.state_dict())
        return Training(self.mix(training), validation, settings, model)

    @property
    def watched(self) -> DigitSet:
        """At most ten of the own digits, to watch while they are learnt."""
        return to_digits(self.learnt[:10])

    def mix(self, training: DigitSet) -> DigitSet:
        """Own digits, each several times, among `training` digits drawn by the seed.

        Of very many own digits each is shown less often: at least half of what is shown is MNIST's, against forgetting.
        """
        total = self.settings.images
        own = min(self.settings.looks * len(self.learnt), total // 2)
        rng = torch.Generator().manual_seed(self.training_settings.seed)
        drawn = training.pick(torch.randperm(len(training), generator=rng)[: total - own])
        repeated = to_digits(self.learnt).pick(torch.arange(own) % len(self.learnt))
        return DigitSet(torch.cat([drawn.images, repeated.images]), torch.cat([drawn.labels, repeated.labels]))

    def conclude(self, name: str, test: DigitSet, folder: Path | None = None) -> None:
        """Compare the model kept as `name` with its base, give it the base's rejection head, write both beside it.

        Gentle as the training is, the head still fits the copy's features (benchmarks/README.md says how well);
        learning one anew would take longer than all the rest. Raises `OSError` when the disk refuses.
        """
        tuned = checkpoint.load(name, folder)
        if self.base.rejection:
            head = replace(self.base.rejection, version=tuned.version)
            checkpoint.save_rejection(name, head, folder)
            tuned = replace(tuned, rejection=head)
        before, after = (_count_test_errors(one, test) for one in (self.base, tuned))
        changes = [
            Change(what, len(own), count_right(self.base, own), count_right(tuned, own))
            for what, own in ((ASIDE, self.aside), (LEARNT, self.learnt))
            if own
        ]
        changes.append(Change(TEST, len(test), len(test) - before, len(test) - after))
        facts = {
            "data": f"{len(self.learnt)} of My digits among MNIST's training images",
            "command": "the page My digits",
            FACTS: {"base": self.base.name, "version": self.base.version, "changes": [asdict(one) for one in changes]},
        }
        checkpoint.add_facts(name, facts, folder)


def read_changes(facts: dict[str, Any]) -> tuple[str, tuple[Change, ...]]:
    """The base model's name and what fine-tuning changed, from a model's facts; "" and () for any other model."""
    try:
        found = facts[FACTS]
        return str(found["base"]), tuple(Change(**one) for one in found["changes"])
    except (KeyError, TypeError):
        return "", ()


def _settings_of(base: Checkpoint) -> TrainingSettings:
    """How the base was trained; the usual way where nobody knows."""
    settings = base.facts.get("settings")
    return TrainingSettings.from_dict(settings) if isinstance(settings, dict) else TrainingSettings()


def _count_test_errors(model: Checkpoint, test: DigitSet) -> int:
    """From the model's facts where they speak of this test set: asking anew takes seconds."""
    known = model.facts.get("test_errors")
    return known if isinstance(known, int) and len(test) == 10_000 else evaluate(model.model, test).errors

"""A copy of a model, fine-tuned on a person's own digits mixed with MNIST's, and what that changed."""

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
from core.training import runs
from core.training.estimate import EVALUATING
from core.training.examples import Examples
from core.training.loop import Training
from core.training.plans import Prepared
from core.training.runs import Run, RunWriter

USUAL = FineTuningSettings()
MNIST_TEST = 10_000  # digits of the test set, read once in the end
FACTS = "fine_tuning"  # where a model's facts say what it was fine-tuned from and what that changed
LEARNED, HELD_OUT, TEST = "Learned from", "Held out", "MNIST test set"
RENAMED = {"Kept aside": HELD_OUT, "Learnt from": LEARNED}  # in the facts of older models


@dataclass(frozen=True)
class Change:
    """How many of `count` pictures were read right `before` and `after`."""

    name: str
    count: int
    before: int
    after: int


@dataclass(frozen=True)
class FineTuning:
    """One of the plans of `core.training.job`: a copy of `base` learns own digits (`learned`, at least one).

    `held_out` are others of the same person, to be evaluated on.
    """

    base: Checkpoint
    learned: list[Correction]
    held_out: list[Correction]
    settings: FineTuningSettings
    takes_all_cores: bool = True  # somebody waits for it
    needs_detector: bool = False  # it gets its base's

    @property
    def training_settings(self) -> TrainingSettings:
        """One pass over the mixture at a low learning rate, on the base model's own split: what it was validated on it
        never learns from."""
        return replace(
            _settings_of(self.base),
            architecture=self.base.architecture,
            epochs=1,
            batch_size=self.settings.batch_size,
            learning_rate=self.settings.learning_rate,
            optimiser="adamw",
            schedule="cosine",
            ema_decay=0.0,
            shown_share=1.0,
            frozen_share=0.0,
            augmentation="strong",
            clean_share=0.0,
            outlier_exposure=0.0,
            pen_digits=0.0,
        )

    def expect(self, seconds_per_image: float) -> float:
        """Seconds it will take where learning from one image takes `seconds_per_image`: what is shown, and the digits
        that are read before and after, which cost a third."""
        read = MNIST_TEST + self.training_settings.training_images * self.training_settings.validation_share
        return seconds_per_image * (self.settings.images + read * EVALUATING)

    def announce(self, name: str | None, runs_folder: Path | None, models_folder: Path | None) -> Run:
        """The next free name where none is given."""
        name = name or runs.propose_name(runs_folder, models_folder, "Fine-tuned")
        runs.check_name(name, runs_folder, models_folder)
        return Run(name=name, settings=self.training_settings, base=self.base.name)

    def prepare(self, run: Run, mnist: DigitSet, runs_folder: Path | None) -> Prepared:
        """The training of a copy, with at most ten of the own digits to watch."""
        training = self.build(mnist)
        return Prepared(
            training, RunWriter.create(run.name, training, runs_folder, run.base), to_digits(self.learned[:10])
        )

    def build(self, mnist: DigitSet) -> Training:
        """The training of a copy; the base model is only read. `mnist` is the training set."""
        settings = self.training_settings
        training, validation = split(mnist, settings)
        model = build(self.base.architecture, settings.dropout)
        model.load_state_dict(self.base.model.state_dict())
        return Training(Examples.plain(self.mix(training), validation), settings, model)

    def mix(self, training: DigitSet) -> DigitSet:
        """Own digits, each several times, among `training` digits drawn by the seed.

        If there are very many own digits, each is shown less often: at least half of what is shown is MNIST's, against
        forgetting.
        """
        total = self.settings.images
        own = min(self.settings.repeats * len(self.learned), total // 2)
        rng = torch.Generator().manual_seed(self.training_settings.seed)
        drawn = training.pick(torch.randperm(len(training), generator=rng)[: total - own])
        repeated = to_digits(self.learned).pick(torch.arange(own) % len(self.learned))
        return drawn.join(repeated)

    def conclude(self, kept: Checkpoint, test: DigitSet, models_folder: Path | None) -> None:
        """Compare the copy with its base, give it the base's OOD detector, write both beside it. Takes seconds.

        Fine-tuning moves the weights so little that the detector still fits the copy's features (benchmarks/README.md
        says how well); training one anew would take longer than all the rest. Raises `OSError` when the disk refuses.
        """
        if self.base.rejection:
            detector = replace(self.base.rejection, version=kept.version)
            checkpoint.save_rejection(kept.name, detector, models_folder)
            kept = replace(kept, rejection=detector)
        changes = [
            Change(what, len(own), count_right(self.base, own), count_right(kept, own))
            for what, own in ((HELD_OUT, self.held_out), (LEARNED, self.learned))
            if own
        ]
        before, after = _count_test_errors(self.base, test), kept.facts["test_errors"]
        changes.append(Change(TEST, len(test), len(test) - before, len(test) - after))
        facts = {
            "data": f"{len(self.learned)} of My digits among MNIST's training images",
            "command": "the page My digits",
            FACTS: {"base": self.base.name, "version": self.base.version, "changes": [asdict(one) for one in changes]},
        }
        checkpoint.add_facts(kept.name, facts, models_folder)


def read_changes(facts: dict[str, Any]) -> tuple[str, tuple[Change, ...]]:
    """The base model's name and what fine-tuning changed, from a model's facts; "" and () for any other model."""
    try:
        found = facts[FACTS]
        changes = tuple(Change(**{**one, "name": RENAMED.get(one["name"], one["name"])}) for one in found["changes"])
        return str(found["base"]), changes
    except (KeyError, TypeError):
        return "", ()


def _settings_of(base: Checkpoint) -> TrainingSettings:
    """How the base was trained; the defaults where that is not known."""
    return TrainingSettings.from_record(base.facts["settings"]) if "settings" in base.facts else TrainingSettings()


def _count_test_errors(model: Checkpoint, test: DigitSet) -> int:
    """Errors on the test set, from the model's facts where they are there: counting anew takes seconds."""
    known = model.facts.get("test_errors")
    return known if isinstance(known, int) and len(test) == 10_000 else evaluate(model.model, test).errors

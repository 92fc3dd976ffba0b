"""The training loop: a generator of events. It never draws, prints or saves; whoever iterates does."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from core.augment import DISTORTIONS, distort
from core.config import TrainingSettings
from core.data import DigitSet
from core.evaluate import evaluate
from core.model import to_input

WARM_UP = 0.15  # share of a one-cycle run in which the learning rate rises


@dataclass(frozen=True)
class Step:
    """One correction of the weights. `step` counts from 1; `loss` in nats; `images` of this step."""

    step: int
    steps: int
    epoch: int
    loss: float
    learning_rate: float
    images: int


@dataclass(frozen=True)
class Epoch:
    """One pass over the training set, judged on the validation set. `seconds` since the run began."""

    epoch: int
    seconds: float
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    is_best: bool


def steps_per_epoch(images: int, settings: TrainingSettings) -> int:
    """Corrections in one pass over `images` images; the last batch may be smaller."""
    return math.ceil(images / settings.batch_size)


def learning_rate(progress: float, settings: TrainingSettings) -> float:
    """The learning rate at `progress` of the run, 0 to 1.

    "one-cycle" rises linearly and falls on a cosine; L. N. Smith and N. Topin, "Super-convergence" (2018).
    """
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "cosine":
        return settings.learning_rate * (1 + math.cos(math.pi * progress)) / 2
    if progress < WARM_UP:
        return settings.learning_rate * (0.04 + 0.96 * progress / WARM_UP)
    return settings.learning_rate * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2


def make_optimiser(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """The optimiser that `settings` name, over all of the model's parameters."""
    parameters, rate, decay = model.parameters(), settings.learning_rate, settings.weight_decay
    match settings.optimiser:
        case "sgd" | "momentum":
            momentum = 0.9 if settings.optimiser == "momentum" else 0.0
            return torch.optim.SGD(parameters, lr=rate, momentum=momentum, weight_decay=decay, fused=True)
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
        case _:
            return torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.99), weight_decay=decay, fused=True)


def train(
    model: nn.Module, training: DigitSet, validation: DigitSet, settings: TrainingSettings
) -> Iterator[Step | Epoch]:
    """Teach `model` in place, one event per step and one per epoch.

    Same seed, settings, thread count and machine: the same losses. Dropout draws from torch's global generator, which
    each epoch seeds anew; shuffling and distortion have a generator of their own.
    """
    # Channels last: the convolutions' own order on a CPU, about a third less time per step.
    model.to(memory_format=torch.channels_last).train()
    optimiser = make_optimiser(model, settings)
    per_epoch = steps_per_epoch(len(training), settings)
    steps = per_epoch * settings.epochs
    first_clean_epoch = settings.epochs - round(settings.epochs * settings.clean_share)
    began, best, step = time.perf_counter(), (-1.0, 0.0), 0
    for epoch in range(settings.epochs):
        chance = torch.Generator().manual_seed(settings.seed * 100_003 + epoch)
        torch.manual_seed(settings.seed * 100_003 + epoch)
        distortion = DISTORTIONS[settings.augmentation if epoch < first_clean_epoch else "none"]
        losses = 0.0
        for index in torch.randperm(len(training), generator=chance).split(settings.batch_size):
            rate = learning_rate(step / steps, settings)
            for group in optimiser.param_groups:
                group["lr"] = rate
            labels = training.labels[index]
            digits = distort(to_input(training.images[index]), labels, distortion, chance)
            loss = F.cross_entropy(
                model.logits(digits.contiguous(memory_format=torch.channels_last)),
                labels,
                label_smoothing=settings.label_smoothing,
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            losses += loss.item() * len(index)
            yield Step(step, steps, epoch + 1, loss.item(), rate, len(index))
        report = evaluate(model, validation)
        score = (report.accuracy, -report.loss())
        yield Epoch(
            epoch=epoch + 1,
            seconds=time.perf_counter() - began,
            training_loss=losses / len(training),
            validation_loss=-score[1],
            validation_accuracy=score[0],
            is_best=score > best,
        )
        best = max(best, score)

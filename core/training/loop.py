"""The training loop: a generator of events. It never draws, prints or saves; its caller does."""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import TrainingSettings
from core.evaluation.report import evaluate
from core.network import checkpoint
from core.network.architectures import Dropout, Network, build, to_input
from core.training.augment import LEVELS, Augmentation, augment
from core.training.device import choose_device, choose_precision, hold_on_to_memory
from core.training.events import End, Epoch, Event, Step, Waiting, is_best
from core.training.examples import Examples
from core.training.muon import Muon

WARM_UP = 0.15  # share of a one-cycle run in which the learning rate rises
PROGRESS = ("step", "epoch", "position", "improved", "seconds", "peak", "_losses")  # of a run: saved with its state
BATCHES_AHEAD = 16  # batches augmented at once on a GPU: one alone leaves it idle for two thirds of a step
# Of the digits it learns from, as many as validation digits are judged after each epoch, within these bounds: in a run
# of 60,000 that takes half a percent of the time.
LEAST_LEARNED, MOST_LEARNED = 100, 1000
# Of the first epoch's digits, the share that is shown before anything else: meanwhile the rest is drawn. It takes about
# as long to draw the usual extras as to learn from this.
ALONE = 0.5
WAIT = 0.2  # seconds to wait for them between two `Waiting` events
EMA_INTERVAL = 8  # steps between two updates of the averaged weights: at each step it would cost 1.5 % of the time


@dataclass(frozen=True)
class Best:
    """The best epoch so far: its weights on the CPU, in `state_dict`'s form."""

    epoch: int
    validation_accuracy: float
    validation_loss: float
    weights: dict[str, Tensor]


def steps_per_epoch(images: int, settings: TrainingSettings) -> int:
    """Training steps in one pass over `images` images; the last batch may be smaller."""
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
        case "muon":
            return Muon(parameters, rate, decay)
        case _:
            return torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.99), weight_decay=decay, fused=True)


def new_model(settings: TrainingSettings) -> Network:
    """The network that `settings` name, with random weights from the seed; torch's shared generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return build(settings.architecture, settings.dropout)


class Training:
    """One run: iterate over it for its events. Between two events `state()` holds all that is needed to go on.

    Same seed, settings, thread count and machine: the same losses, whether or not the run was interrupted. All random
    numbers come from two generators of its own, seeded anew at each step.

    Under `torch.distributed` each process takes its share of every batch; gradients are averaged, so that the run is
    the one a single process would make (except for batch normalisation and random numbers, which each process has for
    itself).
    """

    def __init__(self, examples: Examples, settings: TrainingSettings, model: Network | None = None) -> None:
        """A run at its beginning; `model`, a new one by default, is trained in place.

        Raises `SettingError` when the settings name a device that isn't there.
        """
        self.settings = settings
        self.device = choose_device(settings)
        self.precision = choose_precision(settings, self.device)
        if self.device.type == "cpu":
            hold_on_to_memory()
        self.digits, self.validation = examples.digits, examples.validation.to(self.device)
        count = min(len(self.digits), max(LEAST_LEARNED, min(MOST_LEARNED, len(self.validation))))
        self._some_learned = self.digits.pick(torch.arange(count) * len(self.digits) // count).to(self.device)
        self.shown, self._coming = examples.shown.to(self.device), examples.coming
        self._count = len(examples)
        # Channels last: the convolutions' own order on a CPU, about a third less time per step.
        self.model = (model or new_model(settings)).to(self.device).to(memory_format=torch.channels_last).train()
        self.ema_model = copy.deepcopy(self.model).eval() if settings.ema_decay else None
        self.optimiser = make_optimiser(self.model, settings)
        self.steps = steps_per_epoch(self._count, settings) * settings.epochs
        # The first layer's gradient costs a fifth of a step on a CPU, and it learns soonest. A. Brock and others,
        # "FreezeOut: accelerate training by progressively freezing layers" (2017).
        layers = (list(layer.parameters()) for layer in self.model.children())
        self._first_layer = next(parameters for parameters in layers if parameters)
        self._frozen_from = round(self.steps * (1 - settings.frozen_share))
        self.peak = settings.learning_rate  # the schedule's largest value; may be changed between two steps
        self.best: Best | None = None
        self.improved = 0  # the last epoch whose accuracy was higher than any before
        self.seconds = 0.0
        self.step = self.epoch = self.position = 0  # steps and epochs done; batches done of the epoch that is going on
        self._losses = 0.0  # summed over the images of the epoch that is going on
        self._dropout_rng, self._augmentation_rng = torch.Generator(self.device), torch.Generator(self.device)
        self._batches_ahead = BATCHES_AHEAD if self.device.type == "cuda" else 1
        self._augmented: tuple[int, list[Tensor]] = (-1, [])  # the step some batches begin at, and those batches
        for module in self.model.modules():
            if isinstance(module, Dropout):
                module.rng = self._dropout_rng
        self._rank, self._processes = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        self._logits = (
            self.model.logits if self._processes == 1 else nn.parallel.DistributedDataParallel(_Logits(self.model))
        )

    @property
    def evaluated_model(self) -> Network:
        """The network that is evaluated and kept: the EMA model where there is one, else the trained one."""
        return self.ema_model or self.model

    def rate_at(self, step: int) -> float:
        """The learning rate of the step after `step` others, with the largest value as it is now."""
        return learning_rate(step / self.steps, self.settings) * self.peak / self.settings.learning_rate

    def __iter__(self) -> Iterator[Event]:
        """One event per step and one per epoch, at last the `End`. Starts where the run stands.

        While the next step needs examples that are still being drawn there is a `Waiting` now and then.
        """
        while self.epoch < self.settings.epochs:
            batches = self._shuffle()
            while self.position < len(batches):
                if not self._is_drawn(batches):
                    yield Waiting()
                    continue
                event = self._train_step(batches)
                if not math.isfinite(event.loss):
                    yield self.diverge()
                    return
                yield event
            epoch = self.end_epoch()
            if epoch is None:
                yield self.diverge()
                return
            yield epoch
            if (
                self.best
                and 0 < self.settings.patience <= self.epoch - self.improved
                and self.epoch < self.settings.epochs
            ):
                yield End("early", f"Early stopping: no higher validation accuracy since epoch {self.improved}.")
                return
        yield End(
            "finished", f"All {self.settings.epochs} epochs done." if self.settings.epochs > 1 else "One epoch done."
        )

    def end_epoch(self) -> Epoch | None:
        """Evaluate on the validation set and keep the weights if this is the best epoch. Ends it where it stands.

        None where the weights have overflowed: such an epoch has no loss, and nothing of it is kept.
        """
        began = time.perf_counter()
        report = evaluate(self.evaluated_model, self.validation)
        learned = evaluate(self.evaluated_model, self._some_learned)
        accuracy, loss = report.accuracy, report.loss()
        weights = self.evaluated_model.state_dict()
        if not math.isfinite(loss + learned.loss()) or not checkpoint.are_finite(weights):
            return None
        self.epoch += 1
        before = self.best.validation_accuracy if self.best else None
        if before is None or accuracy > before:
            self.improved = self.epoch
        if is_new_best := is_best(accuracy, before):
            kept = {key: value.detach().cpu().clone() for key, value in weights.items()}
            self.best = Best(self.epoch, accuracy, loss, kept)
        seen = min(self.position * self.settings.batch_size, self._count)
        mean_loss, self._losses, self.position = self._losses / max(1, seen), 0.0, 0
        self.seconds += time.perf_counter() - began
        return Epoch(
            self.epoch, self.step, self.seconds, mean_loss, loss, accuracy, is_new_best,
            learned.loss(), learned.accuracy, self.rate_at(max(0, self.step - 1)),
        )  # fmt: skip

    def diverge(self) -> End:
        """The end of a run whose weights have overflowed, with what to try."""
        kept = (
            f"The weights of epoch {self.best.epoch} are kept."
            if self.best
            else "No epoch was finished, nothing is kept."
        )
        return End(
            "diverged",
            f"The loss is no longer a number at step {self.step}: too large steps made the weights overflow. "
            f"Try a learning rate of {self.peak / 10:.2g} or less. {kept}",
        )

    def state(self) -> dict[str, Any]:
        """Everything needed to go on after this event, for `torch.save`: weights, optimiser, best epoch, progress."""
        best = self.best and {**vars(self.best)}
        return {
            "model": self.model.state_dict(),
            "ema_model": self.ema_model.state_dict() if self.ema_model else None,
            "optimiser": self.optimiser.state_dict(),
            "best": best,
            **{name: getattr(self, name) for name in PROGRESS},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state()` was taken, by this version or an older one; needs the same data and settings."""
        self.model.load_state_dict(state["model"])
        if self.ema_model:
            self.ema_model.load_state_dict(state["ema_model"] if "ema_model" in state else state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best = Best(**state["best"]) if state["best"] else None
        for name in PROGRESS:
            setattr(self, name, state[name])

    def _shuffle(self) -> tuple[Tensor, ...]:
        """The epoch's batches as indices into what is shown, the same in all processes.

        The first epoch begins with digits alone, whether or not the rest is there: the run is the same each time.
        """
        order = torch.Generator(self.device).manual_seed(self.settings.seed * 100_003 + self.epoch)
        shuffled = torch.randperm(self._count, generator=order, device=self.device)
        if self.epoch == 0:
            is_digit = shuffled < len(self.digits)
            is_first = is_digit & (is_digit.cumsum(0) <= ALONE * len(self.digits))
            shuffled = torch.cat([shuffled[is_first], shuffled[~is_first]])
        batches: tuple[Tensor, ...] = shuffled.split(self.settings.batch_size)
        return batches

    def _is_drawn(self, batches: tuple[Tensor, ...]) -> bool:
        """Whether all is there that the next step takes; what has come since is added to what is shown."""
        if not self._coming:
            return True
        ahead = self.position % self._batches_ahead
        needed = torch.cat(batches[self.position - ahead : self.position - ahead + self._batches_ahead])
        if needed.max() < len(self.shown):
            return True
        if not self._coming.wait(WAIT):
            return False
        self.shown, self._coming = self.shown.join(self._coming.take().to(self.device)), ()
        return True

    def _train_step(self, batches: tuple[Tensor, ...]) -> Step:
        """Train on the next batch. `batches` are all of the epoch."""
        began = time.perf_counter()
        batch = batches[self.position]
        rate = self.rate_at(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        frozen = self._first_layer if self.step >= self._frozen_from else []
        for parameter in frozen:
            parameter.requires_grad_(self._processes > 1)  # processes that exchange gradients wait for all of them
        self._dropout_rng.manual_seed(self._draw_seeds(self.step)[0])
        # DDP averages over processes: with this weight each image counts the same, also in a batch of unequal shares.
        weight = len(batch[self._rank :: self._processes]) * self._processes / len(batch)
        labels = self.shown.labels[self._share(batch)]
        digits = self._augment(batches)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == torch.bfloat16):
            logits = self._logits(digits.contiguous(memory_format=torch.channels_last))
            loss = (
                F.cross_entropy(logits, self._targets(labels), label_smoothing=self.settings.label_smoothing) * weight
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for parameter in frozen:
            parameter.grad = None
        self.optimiser.step()
        self._update_ema()
        if self._processes > 1:
            loss = loss.detach().clone()
            dist.all_reduce(loss, dist.ReduceOp.SUM)
            loss /= self._processes
        self.step += 1
        self.position += 1
        value = loss.item()
        self._losses += value * len(batch)
        self.seconds += time.perf_counter() - began
        return Step(self.step, self.steps, self.epoch + 1, value, rate, len(batch), self.seconds)

    def _share(self, batch: Tensor) -> Tensor:
        """The part of a batch for this process, one image at least: each must take part in exchanging gradients."""
        mine = batch[self._rank :: self._processes]
        return mine if len(mine) else batch[:1]

    def _draw_seeds(self, step: int) -> tuple[int, int]:
        """For dropout and augmentation at this step, in this process: no generator has to be saved to go on."""
        dropout, augmentation = np.random.SeedSequence((self.settings.seed, step, self._rank)).generate_state(2)
        return int(dropout), int(augmentation)

    def _augment(self, batches: tuple[Tensor, ...]) -> Tensor:
        """This process's part of the next batch, augmented: (B, 1, 28, 28) float32 in [0, 1]."""
        ahead = self.position % self._batches_ahead
        first = self.step - ahead
        if self._augmented[0] != first:
            start = self.position - ahead
            shares = [self._share(batch) for batch in batches[start : start + self._batches_ahead]]
            index = torch.cat(shares)
            self._augmentation_rng.manual_seed(self._draw_seeds(first)[1])
            digits = augment(
                to_input(self.shown.images[index]), self.shown.labels[index], self._level(), self._augmentation_rng
            )
            self._augmented = first, list(digits.split([len(share) for share in shares]))
        return self._augmented[1][ahead]

    def _targets(self, labels: Tensor) -> Tensor:
        """What the network should answer: (B,) labels as they are, or (B, 10) shares where some may be non-digits."""
        if not self.settings.outlier_exposure:
            return labels
        shares = F.one_hot(labels.clamp_min(0), 10).float()
        shares[labels < 0] = 0.1
        return shares

    def _level(self) -> Augmentation:
        """How strongly the epoch that is going on is augmented."""
        first_clean_epoch = self.settings.epochs - round(self.settings.epochs * self.settings.clean_share)
        return LEVELS[self.settings.augmentation if self.epoch < first_clean_epoch else "none"]

    @torch.no_grad()
    def _update_ema(self) -> None:
        """Move the EMA model a little towards the trained one; further in the first steps, which begin far off."""
        steps = EMA_INTERVAL if self.step >= EMA_INTERVAL else 1  # a run may be over after a few
        if not self.ema_model or self.step % steps:
            return
        share = 1 - min(self.settings.ema_decay, (1 + self.step) / (10 + self.step)) ** steps
        for mean, value in zip(self.ema_model.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(value, share)
        for buffer, latest in zip(self.ema_model.buffers(), self.model.buffers(), strict=True):
            buffer.copy_(latest)


class _Logits(nn.Module):
    """A network whose `forward` gives logits: DistributedDataParallel watches `forward` only."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    def forward(self, digits: Tensor) -> Tensor:
        return self.model.logits(digits)

"""How a model learns what is no digit."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core.data.digits import NO_DIGIT, DigitSet
from core.network.architectures import Dropout, to_input
from core.training.augment import DISTORTIONS, distort

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.data.digits import NO_DIGIT, DigitSet
    from core.network.rejection import Rejection
from core.network.checkpoint import load, save_rejection
from core.network.rejection import HIDDEN, Head, Rejection

# Things drawn by rule, letters and signs of typefaces, left behind by digits, and cut from numbers, for each digit.
JUNK, GLYPHS, REMAINS, PIECES = 1.0, 0.5, 0.3125, 1.5
PEN_DIGITS = 0.5  # digits of other writers, for each digit
MOST_JUDGED = 5000  # validation digits that set the limits
EPOCHS, BATCH, LEARNING_RATE = 8, 256, 2e-3
SILENCED = 0.2  # share of the features silenced while training: junk nobody drew here is then caught more often
# Shares of distorted validation digits that are doubted and refused for it. Of undistorted ones 0.8 % are doubted, so
# that 99 % are kept with room to spare. To refuse a digit is worse than to doubt a scribble aloud: it is for what is
# nearly always none.
DOUBTED, REFUSED = 0.03, 0.0005
LOOKS = 2  # at each of those digits, each time distorted: of 5,000 scores the limit of one in 2,000 would be chance


def learn(
    model: nn.Module, version: str, training: DigitSet, validation: DigitSet, seed: int = 0, count: int = 8000
) -> Rejection:
    """Train a head for the weights `version` of a network that has `features`; the network is only read.

    `count` of the training digits are shown once as they are, half of them once more with another pen, half as many of
    other writers, and as many things that are none: the time grows with it. Both limits are set by digits of the
    validation set alone, distorted: it is known beforehand what share of digits is lost, whatever the junk.
    """
    *_, head = learn_in_steps(model, version, training, validation, seed, count)
    return head


def learn_in_steps(
    model: nn.Module, version: str, training: DigitSet, validation: DigitSet, seed: int = 0, count: int = 8000
) -> Iterator[float | Rejection]:
    """As `learn`, for somebody who wants to see how far it is or to stop: shares done, 0 to 1, at last the head."""
    from core.synthesis import fonts, non_digits, numbers, pen_digits

    cpu = torch.device("cpu")
    training, validation = training.to(cpu), validation.to(cpu)
    # A copy: the model may be answering visitors. Channels last: a third less time per digit.
    reader = copy.deepcopy(model).to(cpu, memory_format=torch.channels_last).eval()
    rng = Generator().manual_seed(seed)
    shown = training.pick(torch.randperm(len(training), generator=rng)[:count])
    again = shown.pick(torch.arange(len(shown) // 2))
    yield 0.0
    drawn = non_digits.make(round(JUNK * len(shown)), seed)
    yield 0.2
    remains = non_digits.make_of_digits(shown.images.numpy(), shown.labels.numpy(), round(REMAINS * len(shown)), seed)
    written = fonts.make(round(GLYPHS * len(shown)), seed)
    things = torch.from_numpy(np.concatenate([drawn, written, remains]))
    yield 0.25
    others_hands = pen_digits.make(round(PEN_DIGITS * len(shown)), seed)
    cut = numbers.make(shown.join(others_hands), round(PIECES * len(shown)), seed)
    yield 0.45
    rewritten = replace(again, images=torch.from_numpy(non_digits.refit(again.images.numpy(), seed)))
    yield 0.5
    digits = torch.cat([_read(reader, some, rng) for some in (shown, rewritten, others_hands)])
    yield 0.6
    others = _read(reader, DigitSet(things, torch.full((len(things),), NO_DIGIT)), rng)
    yield 0.7
    of_pieces = _read(reader, cut, rng)
    judged = torch.arange(len(validation))[:MOST_JUDGED].repeat(LOOKS)
    features = _read(reader, validation.pick(judged), rng)
    yield 0.8
    digit = _train(digits, others, rng).round()
    yield 0.9
    whole = _train(of_pieces[cut.labels >= 0], of_pieces[cut.labels < 0], rng).round()
    scores = digit.score(features)
    yield Rejection(version, digit, whole, scores.quantile(DOUBTED).item(), scores.quantile(REFUSED).item())


@torch.inference_mode()
def _read(model: nn.Module, digits: DigitSet, rng: Generator) -> Tensor:
    """Features (N, C) of images after the distortion that digits and junk share.

    Unlike in training many 0, 1 and 7 are written the European way: none of them may be taken for junk.
    """
    distortion = replace(DISTORTIONS["strong"], habits=0.3)
    return torch.cat(
        [
            model.features(
                distort(to_input(images), labels, distortion, rng).contiguous(memory_format=torch.channels_last)
            )
            for images, labels in zip(digits.images.split(BATCH), digits.labels.split(BATCH), strict=True)
        ]
    )


def _train(digits: Tensor, others: Tensor, rng: Generator) -> Head:
    """Fit the two layers: (N, C) features of digits and (M, C) of others, both sides weighing the same."""
    inputs = torch.cat([digits, others]).clone()  # inference tensors can't be trained on
    wanted = torch.cat([torch.ones(len(digits)), torch.zeros(len(others))])
    weight = torch.where(wanted > 0, len(inputs) / (2 * len(digits)), len(inputs) / (2 * len(others)))
    mean, spread = inputs.mean(0), inputs.std(0) + 0.05
    parameters = [
        (torch.rand(HIDDEN, inputs.shape[1], generator=rng) * 2 - 1) / inputs.shape[1] ** 0.5,
        torch.zeros(HIDDEN),
        (torch.rand(HIDDEN, generator=rng) * 2 - 1) / HIDDEN**0.5,
        torch.zeros(()),
    ]
    hidden, hidden_bias, output, output_bias = (value.requires_grad_(True) for value in parameters)
    silence = Dropout(SILENCED)
    silence.rng = rng
    optimiser = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=1e-4, fused=True)
    size = min(BATCH, len(inputs))
    batches = len(inputs) // size
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, EPOCHS * batches)
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = torch.randperm(len(inputs), generator=rng)
        batch = order[step % batches * size :][:size]
        values = silence((inputs[batch] - mean) / spread)
        scores = F.relu(F.linear(values, hidden, hidden_bias)) @ output + output_bias
        loss = F.binary_cross_entropy_with_logits(scores, wanted[batch], weight[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():  # the scaling goes into the weights
        scaled = hidden / spread
        return Head(scaled, hidden_bias - scaled @ mean, output.detach(), output_bias.detach())


def add_rejection(
    name: str, training: DigitSet, validation: DigitSet, folder: Path | None = None, count: int = 8000
) -> Path:
    """Teach a saved model to say "no digit": learn a head from its features, write it as `NAME.rejection.npz`.

    Takes about a minute on one core for `count` digits; the model's own files stay as they are. Give the parts of MNIST
    it was trained and judged on. Raises `CheckpointError` when the model can't be loaded, `OSError` when the disk
    refuses.
    """
    from core.training.rejection import learn

    found = load(name, folder)
    return save_rejection(name, learn(found.model, found.version, training, validation, count=count), folder)

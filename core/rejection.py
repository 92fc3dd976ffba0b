"""A small second opinion: does this look like a digit at all? It reads the network's features and changes none of them.

Learnt on digits, MNIST's and other writers', against the junk of core/junk.py, the letters of core/glyphs.py and the
pieces of core/pieces.py, in one or two minutes on one core, half of it drawing; the shipped one from seven times as
many, in fifteen. The ten probabilities stay what they are: a network that knows only ten answers is as sure of a letter
as of a digit.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core.augment import DISTORTIONS, distort
from core.data import DigitSet
from core.model import Dropout, to_input

# Things drawn by rule, letters and signs of typefaces, left behind by digits, and cut from numbers, for each digit.
JUNK, GLYPHS, REMAINS, PIECES = 1.0, 0.5, 0.3125, 1.5
PEN_DIGITS = 0.5  # digits of other writers, for each digit
MOST_JUDGED = 5000  # validation digits that set the limits
HIDDEN = 64
EPOCHS, BATCH, LEARNING_RATE = 8, 256, 2e-3
SILENCED = 0.2  # share of the features silenced while training: junk nobody drew here is then caught more often
# Shares of distorted validation digits that are doubted and refused for it. Of undistorted ones 0.8 % are doubted, so
# that 99 % are kept with room to spare. To refuse a digit is worse than to doubt a scribble aloud: it is for what is
# nearly always none.
DOUBTED, REFUSED = 0.03, 0.0005
LOOKS = 2  # at each of those digits, each time distorted: of 5,000 scores the limit of one in 2,000 would be chance
FORMAT = 2


@dataclass(frozen=True)
class Head:
    """Two layers: `hidden` (H, C), `hidden_bias` (H,), `output` (H,), `output_bias` (), all float32."""

    hidden: Tensor
    hidden_bias: Tensor
    output: Tensor
    output_bias: Tensor

    def score(self, features: Tensor) -> Tensor:
        """How much speaks for a yes, in nats: (B, C) float32 -> (B,) float32."""
        return F.relu(F.linear(features, self.hidden, self.hidden_bias)) @ self.output + self.output_bias

    def round(self) -> Head:
        """The same as it will be read from a file: with the precision of 16 bits."""
        return Head(**{entry.name: getattr(self, entry.name).half().float() for entry in fields(self)})


@dataclass(frozen=True)
class Rejection:
    """Is it a digit (`digit`)? Is a piece cut from a number one whole digit (`whole`)? Two heads on the features.

    Below the score `doubt` of `digit` an answer is unsure, below `refuse` it is no digit. `version` names the weights
    whose features they read.
    """

    version: str
    digit: Head
    whole: Head
    doubt: float
    refuse: float

    def to_bytes(self) -> bytes:
        """The content of its file: numpy's npz, weights as float16, about 260 kB for the reference network."""
        heads = {
            f"{name}_{entry.name}": getattr(getattr(self, name), entry.name).numpy().astype(np.float16)
            for name in ("digit", "whole")
            for entry in fields(Head)
        }
        limits = {name: np.array(getattr(self, name)) for name in ("version", "doubt", "refuse")}
        buffer = io.BytesIO()
        np.savez(buffer, format=np.array(FORMAT), **limits, **heads)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Rejection:
        """Read what `to_bytes` wrote, running nothing of it. Raises `ValueError` for anything else."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                values = {name: file[name] for name in file.files}
            if int(values.pop("format")) != FORMAT:
                raise ValueError("another format")
            heads = {}
            for name in ("digit", "whole"):
                parts = {entry.name: values[f"{name}_{entry.name}"].astype(np.float32) for entry in fields(Head)}
                heads[name] = Head(**{key: torch.from_numpy(value) for key, value in parts.items()})
                heads[name].score(torch.zeros(1, heads[name].hidden.shape[1]))
            limits = {name: float(values[name]) for name in ("doubt", "refuse")}
            return cls(version=str(values["version"]), **heads, **limits)
        except Exception as error:  # numpy and zipfile report damage in a dozen ways
            raise ValueError("this file holds no rejection head") from error


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
    from core import glyphs, junk, pendigits, pieces

    cpu = torch.device("cpu")
    training, validation = training.to(cpu), validation.to(cpu)
    # A copy: the model may be answering visitors. Channels last: a third less time per digit.
    reader = copy.deepcopy(model).to(cpu, memory_format=torch.channels_last).eval()
    chance = Generator().manual_seed(seed)
    shown = training.pick(torch.randperm(len(training), generator=chance)[:count])
    again = shown.pick(torch.arange(len(shown) // 2))
    yield 0.0
    drawn = junk.make(round(JUNK * len(shown)), seed)
    yield 0.2
    remains = junk.make_of_digits(shown.images.numpy(), shown.labels.numpy(), round(REMAINS * len(shown)), seed)
    written = glyphs.make(round(GLYPHS * len(shown)), seed)
    things = torch.from_numpy(np.concatenate([drawn, written, remains]))
    yield 0.25
    others_hands = pendigits.make(round(PEN_DIGITS * len(shown)), seed)
    cut = pieces.make(shown.join(others_hands), round(PIECES * len(shown)), seed)
    yield 0.45
    rewritten = replace(again, images=torch.from_numpy(junk.refit(again.images.numpy(), seed)))
    yield 0.5
    digits = torch.cat([_read(reader, some, chance) for some in (shown, rewritten, others_hands)])
    yield 0.6
    others = _read(reader, DigitSet(things, torch.full((len(things),), pieces.NONE)), chance)
    yield 0.7
    of_pieces = _read(reader, cut, chance)
    judged = torch.arange(len(validation))[:MOST_JUDGED].repeat(LOOKS)
    features = _read(reader, validation.pick(judged), chance)
    yield 0.8
    digit = _train(digits, others, chance).round()
    yield 0.9
    whole = _train(of_pieces[cut.labels >= 0], of_pieces[cut.labels < 0], chance).round()
    scores = digit.score(features)
    yield Rejection(version, digit, whole, scores.quantile(DOUBTED).item(), scores.quantile(REFUSED).item())


@torch.inference_mode()
def _read(model: nn.Module, digits: DigitSet, chance: Generator) -> Tensor:
    """Features (N, C) of images after the distortion that digits and junk share.

    Unlike in training many 0, 1 and 7 are written the European way: none of them may be taken for junk.
    """
    distortion = replace(DISTORTIONS["strong"], habits=0.3)
    return torch.cat(
        [
            model.features(
                distort(to_input(images), labels, distortion, chance).contiguous(memory_format=torch.channels_last)
            )
            for images, labels in zip(digits.images.split(BATCH), digits.labels.split(BATCH), strict=True)
        ]
    )


def _train(digits: Tensor, others: Tensor, chance: Generator) -> Head:
    """Fit the two layers: (N, C) features of digits and (M, C) of others, both sides weighing the same."""
    inputs = torch.cat([digits, others]).clone()  # inference tensors can't be trained on
    wanted = torch.cat([torch.ones(len(digits)), torch.zeros(len(others))])
    weight = torch.where(wanted > 0, len(inputs) / (2 * len(digits)), len(inputs) / (2 * len(others)))
    mean, spread = inputs.mean(0), inputs.std(0) + 0.05
    parameters = [
        (torch.rand(HIDDEN, inputs.shape[1], generator=chance) * 2 - 1) / inputs.shape[1] ** 0.5,
        torch.zeros(HIDDEN),
        (torch.rand(HIDDEN, generator=chance) * 2 - 1) / HIDDEN**0.5,
        torch.zeros(()),
    ]
    hidden, hidden_bias, output, output_bias = (value.requires_grad_(True) for value in parameters)
    silence = Dropout(SILENCED)
    silence.chance = chance
    optimiser = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=1e-4, fused=True)
    size = min(BATCH, len(inputs))
    batches = len(inputs) // size
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, EPOCHS * batches)
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = torch.randperm(len(inputs), generator=chance)
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

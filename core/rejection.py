"""A small second opinion: does this look like a digit at all? It reads the network's features and changes none of them.

Learnt on digits against the junk of core/junk.py, in a minute or two on one core, half of it drawing. The ten
probabilities stay what they are: a network that knows only ten answers is as sure of a letter as of a digit.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core.augment import DISTORTIONS, distort
from core.data import DigitSet
from core.model import to_input

DIGITS = 8000  # training digits that are shown once as they are, and half of them once more with another pen
JUNK, REMAINS = 1.0, 0.3125  # things drawn, and things that digits leave behind, for each digit
HIDDEN = 64
EPOCHS, BATCH, LEARNING_RATE = 8, 256, 2e-3
SILENCED = 0.2  # share of the features silenced while training: junk nobody drew here is then caught more often
# Shares of distorted validation digits that are doubted and refused for it. Of undistorted ones 0.8 % are doubted, so
# that 99 % are kept with room to spare, and 1 in 5,000 is refused.
DOUBTED, REFUSED = 0.03, 0.002
FORMAT = 1


@dataclass(frozen=True)
class Rejection:
    """Two layers: features (B, C) -> (B,) scores, high for digits.

    `hidden` (H, C), `hidden_bias` (H,), `output` (H,), `output_bias` (), all float32. Below the score `doubt` an
    answer is unsure, below `refuse` it is no digit. `version` names the weights whose features it reads.
    """

    version: str
    hidden: Tensor
    hidden_bias: Tensor
    output: Tensor
    output_bias: Tensor
    doubt: float
    refuse: float

    def score(self, features: Tensor) -> Tensor:
        """How much like digits things look, in nats: (B, C) float32 -> (B,) float32."""
        return F.relu(F.linear(features, self.hidden, self.hidden_bias)) @ self.output + self.output_bias

    def to_bytes(self) -> bytes:
        """The content of its file: numpy's npz, weights as float16, about 130 kB for the reference network."""
        values = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            values[entry.name] = value.numpy().astype(np.float16) if isinstance(value, Tensor) else np.array(value)
        buffer = io.BytesIO()
        np.savez(buffer, format=np.array(FORMAT), **values)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Rejection:
        """Read what `to_bytes` wrote, running nothing of it. Raises `ValueError` for anything else."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                values = {name: file[name] for name in file.files}
            if int(values.pop("format")) != FORMAT:
                raise ValueError("another format")
            tensors = {
                name: torch.from_numpy(values[name].astype(np.float32))
                for name in ("hidden", "hidden_bias", "output", "output_bias")
            }
            limits = {name: float(values[name]) for name in ("doubt", "refuse")}
            found = cls(version=str(values["version"]), **tensors, **limits)
            found.score(torch.zeros(1, found.hidden.shape[1]))
            return found
        except Exception as error:  # numpy and zipfile report damage in a dozen ways
            raise ValueError("this file holds no rejection head") from error


def learn(model: nn.Module, version: str, training: DigitSet, validation: DigitSet, seed: int = 0) -> Rejection:
    """Train a head for the weights `version` of a network that has `features`; the network is only read.

    Both limits are set by digits of the validation set alone, distorted: it is known beforehand what share of digits
    is lost, whatever the junk.
    """
    from core import junk

    was_training = model.training
    model.eval()
    chance = Generator().manual_seed(seed)
    shown = training.pick(torch.randperm(len(training), generator=chance)[:DIGITS])
    again = shown.pick(torch.arange(len(shown) // 2))
    remains = junk.make_of_digits(shown.images.numpy(), shown.labels.numpy(), round(REMAINS * len(shown)), seed)
    things = torch.from_numpy(np.concatenate([junk.make(round(JUNK * len(shown)), seed), remains]))
    digits = [
        _read(model, shown, chance),
        _read(model, replace(again, images=torch.from_numpy(junk.refit(again.images.numpy(), seed))), chance),
    ]
    others = _read(model, DigitSet(things, torch.full((len(things),), -1)), chance)
    head = _train(torch.cat(digits), others, chance)
    features = _read(model, validation, chance)
    model.train(was_training)
    head = replace(head, version=version, **{n: getattr(head, n).half().float() for n in ("hidden", "output")})
    scores = head.score(features)
    return replace(head, doubt=scores.quantile(DOUBTED).item(), refuse=scores.quantile(REFUSED).item())


@torch.inference_mode()
def _read(model: nn.Module, digits: DigitSet, chance: Generator) -> Tensor:
    """Features (N, C) of images after the distortion that digits and junk share.

    Unlike in training many 0, 1 and 7 are written the European way: none of them may be taken for junk.
    """
    distortion = replace(DISTORTIONS["strong"], habits=0.3)
    return torch.cat(
        [
            model.features(distort(to_input(images), labels, distortion, chance))
            for images, labels in zip(digits.images.split(512), digits.labels.split(512), strict=True)
        ]
    )


def _train(digits: Tensor, others: Tensor, chance: Generator) -> Rejection:
    """Fit the two layers: (N, C) features of digits and (M, C) of junk, both sides weighing the same."""
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
    optimiser = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=1e-4)
    size = min(BATCH, len(inputs))
    batches = len(inputs) // size
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, EPOCHS * batches)
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = torch.randperm(len(inputs), generator=chance)
        batch = order[step % batches * size :][:size]
        values = (inputs[batch] - mean) / spread
        values = values * (torch.rand(values.shape, generator=chance) >= SILENCED) / (1 - SILENCED)
        scores = F.relu(F.linear(values, hidden, hidden_bias)) @ output + output_bias
        loss = F.binary_cross_entropy_with_logits(scores, wanted[batch], weight[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():  # the scaling goes into the weights
        scaled = hidden / spread
        return Rejection("", scaled, hidden_bias - scaled @ mean, output.detach(), output_bias.detach(), 0.0, 0.0)

"""The out-of-distribution (OOD) detector: does this look like a digit at all?

Two small heads on the network's features; the ten probabilities stay what they are, because a network that knows only
ten answers is as sure of a letter as of a digit. core/training/rejection.py trains it, in one or two minutes on one
core; the shipped one saw seven times as many examples.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

HIDDEN = 64
FORMAT = 2


@dataclass(frozen=True)
class Head:
    """Two layers: `hidden` (H, C), `hidden_bias` (H,), `output` (H,), `output_bias` (), all float32."""

    hidden: Tensor
    hidden_bias: Tensor
    output: Tensor
    output_bias: Tensor

    def score(self, features: Tensor) -> Tensor:
        """Log-odds of a yes, in nats: (B, C) float32 -> (B,) float32."""
        return F.relu(F.linear(features, self.hidden, self.hidden_bias)) @ self.output + self.output_bias

    def round(self) -> Head:
        """The same head with the 16-bit precision in which its file stores it."""
        return Head(**{entry.name: getattr(self, entry.name).half().float() for entry in fields(self)})


@dataclass(frozen=True)
class Rejection:
    """The detector of one model: is it a digit (`digit`)? Is what was cut from a number one whole digit (`whole`)?

    Below the score `doubt` of `digit` an answer is unsure, below `refuse` it is no digit. `version` names the weights
    whose features the heads read.
    """

    version: str
    digit: Head
    whole: Head
    doubt: float
    refuse: float

    def to_bytes(self) -> bytes:
        """The content of its file: numpy's npz, weights as float16, about 260 kB for the reference network."""
        heads: dict[str, Any] = {
            f"{name}_{entry.name}": getattr(getattr(self, name), entry.name).numpy().astype(np.float16)
            for name in ("digit", "whole")
            for entry in fields(Head)
        }
        limits: dict[str, Any] = {name: np.array(getattr(self, name)) for name in ("version", "doubt", "refuse")}
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
            doubt, refuse = float(values["doubt"]), float(values["refuse"])
            return cls(str(values["version"]), heads["digit"], heads["whole"], doubt, refuse)
        except Exception as error:  # numpy and zipfile report damage in a dozen ways
            raise ValueError("this file holds no out-of-distribution detector") from error

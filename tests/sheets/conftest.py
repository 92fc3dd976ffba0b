"""The shipped model, and digits that it reads surely: what these tests ask is where digits stand, not what they are."""

import numpy as np
import pytest
import torch

from core.data import mnist
from core.data.digits import DigitSet
from core.network import checkpoint
from core.network.prediction import predict


@pytest.fixture(scope="session")
def model() -> checkpoint.Checkpoint:
    return checkpoint.load(checkpoint.SHIPPED)


@pytest.fixture(scope="session")
def clear(model) -> DigitSet:
    """The 20 of 600 test digits, two of each, that look most like what they are."""
    few = mnist.load(train=False).pick(torch.arange(600))
    said = predict(model, few.images.numpy().astype(np.float32) / 255)
    pairs = zip(said, few.labels.tolist(), strict=True)
    scores = torch.tensor([one.score if one.digit == label else -99.0 for one, label in pairs])
    best = [torch.where(few.labels == digit, scores, -100.0).topk(2).indices for digit in range(10)]
    return few.pick(torch.cat(best))

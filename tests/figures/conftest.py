"""One evaluation of 200 test digits, and its curves, for all that is drawn and taken away."""

from datetime import UTC, datetime

import pytest
import torch

from core.data import mnist
from core.evaluation import testset
from core.evaluation.report import Evaluation, Report
from core.evaluation.robustness import DAMAGES, Point


@pytest.fixture(scope="session")
def digits() -> testset.TestSet:
    part = mnist.load(train=False).pick(torch.arange(200))
    return testset.TestSet("a <set> of & mine", part, tuple(f"{n}.png" for n in range(200)))


@pytest.fixture(scope="session")
def evaluation(digits) -> Evaluation:
    rng = torch.Generator().manual_seed(3)
    logits = torch.randn(200, 10, generator=rng)
    logits[torch.arange(200), digits.digits.labels] += 2
    logits[:, 9] = -50  # this model never answers 9
    when = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    return Evaluation("mine", "0123abcd", digits.name, when, Report(digits.digits.labels, logits), 0.8)


@pytest.fixture(scope="session")
def curves() -> dict[str, list[Point]]:
    when = datetime(2026, 1, 2, 5, 6, tzinfo=UTC)
    return {"mine 0123abcd": [Point("blur", at, 0.9, 0.85, 0.95, 150, when) for at in DAMAGES["blur"].strengths]}

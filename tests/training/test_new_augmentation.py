"""The recipe for a new augmentation in docs/architecture.md, followed to the letter: strong augmentation shows it."""

import re
import textwrap

import pytest
import torch

from core.config import TrainingSettings
from core.data import mnist
from core.network import checkpoint
from core.network.architectures import to_input
from core.training import augment, degradations
from core.training.preview import preview
from core.workspace import SHIPPED


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch):
    """The function that the recipe writes, added where the recipe adds it."""
    text = (SHIPPED / "docs" / "architecture.md").read_text(encoding="utf-8")
    blocks = [
        textwrap.dedent(code) for code in re.findall(r"^ *```python\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    ]
    (code,) = [block for block in blocks if "DEGRADATIONS" in block]
    names = vars(degradations).copy()
    exec(code, names)
    monkeypatch.setattr(degradations, "DEGRADATIONS", names["DEGRADATIONS"])
    return names["DEGRADATIONS"][-1]


def test_a_run_and_the_preview_show_it_and_digits_stay_readable(added):
    digits = mnist.load(train=False).pick(torch.arange(800))
    plain = to_input(digits.images)
    changed = added(plain, torch.Generator().manual_seed(0))
    with torch.inference_mode():
        answers = checkpoint.load(checkpoint.SHIPPED).model.logits(changed).argmax(1)
    assert (answers == digits.labels).float().mean() > 0.9

    with pytest.MonkeyPatch.context() as patch:  # which are seen by it, and no other change beside
        seen: list[int] = []
        others = degradations.DEGRADATIONS[:-1]
        patch.setattr(degradations, "DEGRADATIONS", (*others, lambda batch, rng: seen.append(len(batch)) or batch))
        augment.augment(plain, digits.labels, augment.LEVELS["strong"], torch.Generator().manual_seed(0))
        assert seen == [pytest.approx(augment.LEVELS["strong"].degradations * 800 / (len(others) + 1), abs=8)]
        preview(digits, TrainingSettings(augmentation="strong"), seed=0, count=400)
        assert len(seen) == 2

"""Networks of every kind to explain: those of the registry and the one of docs/architecture.md."""

import re
import textwrap

import numpy as np
import pytest
import torch

from core import config
from core.data import mnist
from core.network import architectures, checkpoint
from core.network.architectures import Network
from core.workspace import SHIPPED

TINY = "tiny"


def build_tiny() -> Network:
    """The network that docs/architecture.md tells people to write."""
    text = (SHIPPED / "docs" / "architecture.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```python\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    (code,) = (textwrap.dedent(block) for block in blocks if "@register(" in block)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(architectures, "NETWORKS", dict(architectures.NETWORKS))
        patch.setitem(config.ARCHITECTURES, TINY, "Tiny CNN")
        exec(code, vars(architectures).copy())
        return architectures.build(TINY)


def build_network(name: str) -> Network:
    """A network in evaluation mode; the shipped ones have learned, the others have random weights."""
    if name in checkpoint.ALL_SHIPPED:
        return checkpoint.load(name).model
    torch.manual_seed(0)
    network = build_tiny() if name == TINY else architectures.build(name)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module", params=[*config.ARCHITECTURES, TINY])
def network(request: pytest.FixtureRequest) -> Network:
    return build_network(request.param)


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """Twenty test digits (20, 28, 28) float32 in [0, 1]."""
    return mnist.load(train=False).images[:20].numpy().astype(np.float32) / 255


@pytest.fixture(scope="session")
def digit(digits: np.ndarray) -> np.ndarray:
    return digits[0]

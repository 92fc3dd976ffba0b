"""A digit's way through a network, layer by layer: what each makes of it, for any network of the registry."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from core.network.architectures import Network

# How a page names what a network does; what isn't listed goes by torch's own name.
TITLES = {
    "Conv2d": "convolution",
    "Linear": "fully connected",
    "BatchNorm": "batch normalization",
    "BatchNorm1d": "batch normalization",
    "BatchNorm2d": "batch normalization",
    "relu": "ReLU",
    "ReLU": "ReLU",
    "max_pool2d": "max-pooling",
    "MaxPool2d": "max-pooling",
    "avg_pool2d": "average pooling",
    "AvgPool2d": "average pooling",
}


@dataclass(frozen=True)
class Step:
    """One operation of a network: its `title` ("convolution", "ReLU"), the `module` it belongs to ("conv1", empty for
    a plain function), what it was given (`seen`) and what it gave (`values`), both float32 without the batch: (C, H, W)
    of maps or (C,) of units. `parameters` counts the numbers of its own that training can change."""

    title: str
    module: str
    seen: np.ndarray
    values: np.ndarray
    parameters: int = 0
    is_weighted: bool = False


@dataclass(frozen=True)
class Layer:
    """A weighted operation or a change of size, with the operations behind it that change each value on its own
    (normalization, ReLU). `name` is the module's ("conv1"), or that of the layer before with what was done to it
    ("conv1, max-pooling")."""

    name: str
    steps: tuple[Step, ...]

    @property
    def values(self) -> np.ndarray:
        """What the layer hands on: maps (C, H, W) or units (C,), float32."""
        return self.steps[-1].values

    @property
    def first(self) -> Step:
        """The operation that gives the layer its name."""
        return self.steps[0]

    @property
    def is_maps(self) -> bool:
        """Whether it hands on maps, which have places, rather than units."""
        return self.values.ndim == 3

    @property
    def parameters(self) -> int:
        """How many numbers of this layer training can change."""
        return sum(step.parameters for step in self.steps)

    @property
    def title(self) -> str:
        """What it does, in words: "convolution, batch normalization, ReLU"."""
        return ", ".join(step.title for step in self.steps)

    @property
    def order(self) -> np.ndarray:
        """Its maps or units, (C,) int64, those that answer most first."""
        strength = self.values.reshape(len(self.values), -1).max(axis=1)
        return np.argsort(-strength, kind="stable")


def follow(network: Network, digit: np.ndarray) -> tuple[Layer, ...]:
    """All layers a digit (28, 28) float32 in [0, 1] goes through on its way to the ten logits, which come last."""
    steps = record(network, torch.from_numpy(np.ascontiguousarray(digit, dtype=np.float32)).view(1, 1, 28, 28))
    alone = [
        Step(step.title, step.module, step.seen[0], step.values[0], step.parameters, step.is_weighted) for step in steps
    ]
    return tuple(_group(alone))


def _group(steps: Iterable[Step]) -> Iterable[Layer]:
    """Put the steps that change each value on its own to the layer they follow."""
    group: list[Step] = []
    name = ""
    for step in steps:
        if group and not step.is_weighted and step.values.shape == group[-1].values.shape:
            group.append(step)
            continue
        if group:
            yield Layer(name, tuple(group))
        group = [step]
        name = step.module if step.is_weighted else f"{name.partition(', ')[0] or 'picture'}, {step.title}"
    if group:
        yield Layer(name, tuple(group))


def record(network: Network, digits: Tensor) -> list[Step]:
    """Every operation that changes something on the way of digits (B, 1, 28, 28) float32 to their logits, in order.

    Arrays keep the batch here. Modules are listened to by forward hooks, plain functions by torch's own dispatch. The
    hooks stand on a copy that shares the weights: the network itself answers other visitors meanwhile.
    """
    copied = share_weights(network)
    recorder = _Recorder(digits.numpy().copy())
    for name, module in copied.named_modules():
        if not any(True for _ in module.children()):
            module.register_forward_pre_hook(recorder.enter)
            module.register_forward_hook(recorder.leave(name))
    with torch.inference_mode(), recorder:
        copied.logits(digits)
    return recorder.steps


def share_weights(network: Network) -> Network:
    """A copy of a network, in evaluation mode, with hooks and modes of its own and the very same weights: it costs a
    millisecond and no memory."""
    tensors = [*network.parameters(), *network.buffers()]
    return copy.deepcopy(network, {id(one): one for one in tensors}).eval()


def find_weights(network: Network, layer: Layer) -> nn.Module | None:
    """The convolution or linear layer behind a layer's name; None for others."""
    if not layer.first.is_weighted:
        return None
    return network.get_submodule(layer.first.module)


@dataclass
class _Recorder(TorchFunctionMode):
    """Notes what modules and functions make of what they are given; what changes nothing (dropout while answering, a
    new shape for the same values) is left out."""

    latest: np.ndarray
    steps: list[Step] = field(default_factory=list)
    depth: int = 0  # of modules that are at work: what they call is theirs
    seen: np.ndarray | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.depth and isinstance(result, Tensor) and args and isinstance(args[0], Tensor):
            self._note(_title_of(func.__name__), "", self.latest, result)
        return result

    def enter(self, module: nn.Module, given: tuple[Any, ...]) -> None:
        self.depth += 1
        self.seen = given[0].numpy().copy()

    def leave(self, name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def note(module: nn.Module, given: Any, result: Tensor) -> None:
            self.depth -= 1
            seen = self.latest if self.seen is None else self.seen
            parameters = sum(one.numel() for one in module.parameters())
            is_weighted = isinstance(module, nn.Conv2d | nn.Linear)
            self._note(_title_of(type(module).__name__), name, seen, result, parameters, is_weighted)

        return note

    def _note(
        self,
        title: str,
        module: str,
        seen: np.ndarray,
        result: Tensor,
        parameters: int = 0,
        is_weighted: bool = False,
    ) -> None:
        if not result.is_floating_point() or result.dim() not in (2, 4):
            return
        values = result.numpy().copy()  # the next operation may write over it
        is_same = values.size == self.latest.size and np.array_equal(
            values.ravel(), self.latest.ravel(), equal_nan=True
        )
        if is_weighted or not is_same:
            self.steps.append(Step(title, module, seen, values, parameters, is_weighted))
        self.latest = values


def _title_of(name: str) -> str:
    name = name.strip("_").removesuffix("_")
    return TITLES.get(name, name.replace("_", " "))

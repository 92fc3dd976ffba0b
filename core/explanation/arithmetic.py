"""One value of a layer as the sum it is: what it saw times its weights, plus its bias, and what follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from core.explanation.layers import Layer, find_weights
from core.network.architectures import Network


@dataclass(frozen=True)
class Sum:
    """A value of a convolution or a fully connected layer: `seen` times `weights`, both (C, H, W) or (C,), plus `bias`.

    `following` are the operations behind it, each with what it makes of the value: (("ReLU", 0.0),).
    """

    seen: np.ndarray
    weights: np.ndarray
    bias: float
    following: tuple[tuple[str, float], ...]

    @property
    def products(self) -> np.ndarray:
        """What each weight adds, of the shape of `seen`."""
        products: np.ndarray = self.seen * self.weights
        return products

    @property
    def total(self) -> float:
        """The sum with its bias, before what follows."""
        return float(self.products.sum(dtype=np.float64)) + self.bias

    @property
    def value(self) -> float:
        """What the layer shows."""
        return self.following[-1][1] if self.following else self.total


@dataclass(frozen=True)
class Block:
    """A value of a pooled map: the `candidates` (h, w) it was pooled from, and what follows, as in `Sum`."""

    candidates: np.ndarray
    pooled: float
    following: tuple[tuple[str, float], ...]


def add_up(network: Network, layer: Layer, channel: int, row: int = 0, column: int = 0) -> Sum:
    """The sum behind one value of a weighted layer. `row` and `column` count from the top left of its map; units have
    neither. Raises `ValueError` for a layer without weights of its own."""
    module = find_weights(network, layer)
    following = _follow(layer, channel, row, column)
    if isinstance(module, nn.Conv2d):
        weights = module.weight[channel].detach().numpy()  # (C, h, w)
        bias = 0.0 if module.bias is None else float(module.bias[channel])
        return Sum(_cut_patch(module, layer.first.seen, channel, row, column), weights, bias, following)
    if isinstance(module, nn.Linear):
        bias = 0.0 if module.bias is None else float(module.bias[channel])
        return Sum(layer.first.seen.ravel(), module.weight[channel].detach().numpy(), bias, following)
    raise ValueError(f"{layer.name} has no weights to add up.")


def find_block(before: Layer, layer: Layer, channel: int, row: int, column: int) -> Block | None:
    """The values that a pooled one is the largest of; None where the layer doesn't pool whole blocks of the one before
    it by their largest."""
    if not (before.is_maps and layer.is_maps) or len(before.values) != len(layer.values):
        return None
    high, wide = (side // own for side, own in zip(before.values.shape[1:], layer.values.shape[1:], strict=True))
    candidates = before.values[channel, row * high : (row + 1) * high, column * wide : (column + 1) * wide]
    pooled = float(layer.first.values[channel, row, column])
    if not candidates.size or float(candidates.max()) != pooled:
        return None
    return Block(candidates, pooled, _follow(layer, channel, row, column))


def share_out(terms: np.ndarray, decimals: int = 3, total: float | None = None) -> np.ndarray:
    """Round numbers so that they still add up to what their sum rounds to: the largest remainders are rounded up, as
    seats are shared out (Hamilton). Each is off by less than one in its last place. Any shape; float64.

    `total`: what they are to add up to instead, where their sum was rounded elsewhere already.
    """
    scaled = np.asarray(terms, np.float64) * 10**decimals
    low = np.floor(scaled).ravel()
    wanted = round(float(scaled.sum()) if total is None else total * 10**decimals)
    for_all, for_some = divmod(wanted - int(low.sum()), len(low))
    up = np.argsort(-(scaled.ravel() - low), kind="stable")[:for_some]
    low += for_all
    low[up] += 1
    shared: np.ndarray = low.reshape(scaled.shape) / 10**decimals
    return shared


def _follow(layer: Layer, channel: int, row: int, column: int) -> tuple[tuple[str, float], ...]:
    place = (channel, row, column) if layer.is_maps else (channel,)
    return tuple((step.title, float(step.values[place])) for step in layer.steps[1:])


def _cut_patch(module: nn.Conv2d, seen: np.ndarray, channel: int, row: int, column: int) -> np.ndarray:
    """The part (C, h, w) of what a convolution saw that lies under its filter, zeros beyond the edge."""
    inside = module.in_channels // module.groups
    first = channel // (module.out_channels // module.groups) * inside
    edges = []
    for axis in (0, 1):
        reach = module.dilation[axis] * (module.kernel_size[axis] - 1)
        given = module.padding if isinstance(module.padding, str) else module.padding[axis]
        before = reach // 2 if given == "same" else 0 if isinstance(given, str) else int(given)
        edges.append((before, reach))
    padded = np.pad(seen[first : first + inside], ((0, 0), *edges))
    top, left = row * module.stride[0], column * module.stride[1]
    return padded[
        :,
        top : top + edges[0][1] + 1 : module.dilation[0],
        left : left + edges[1][1] + 1 : module.dilation[1],
    ]

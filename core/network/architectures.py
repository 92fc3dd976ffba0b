"""The networks: digits in, log-probabilities out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core.config import ARCHITECTURES


class Dropout(nn.Module):
    """Drop a share of the values at random while training, and scale up the others so that the mean stays.

    Random numbers come from `rng`, the run's own generator where one is set: torch's own dropout draws from a
    generator that every thread of the server shares. One random byte per value is a quarter of what torch's dropout
    draws; the share is exact to 1/256.
    """

    def __init__(self, share: float) -> None:
        """`share`: of the values dropped, in [0, 1)."""
        super().__init__()
        self.dropped = round(share * 256)  # of the 256 values a byte can have
        self.rng: Generator | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Any float tensor -> the same shape and type."""
        if not self.training or not self.dropped:
            return values
        # Eight random bytes per drawn number.
        drawn = torch.empty(-(-values.numel() // 8), dtype=torch.int64, device=values.device)
        drawn.random_(-(2**63), None, generator=self.rng)
        kept = drawn.view(torch.uint8)[: values.numel()].view(values.shape) >= self.dropped
        return values * kept.to(values.dtype).mul_(256 / (256 - self.dropped))


class Network(nn.Module, ABC):
    """The interface that every network has to offer.

    A subclass writes `features` and `classify`; dropout between the two, logits and log-probabilities come from here.
    Features are what the out-of-distribution (OOD) detector reads, so they must be computed the same for a digit alone
    and in company.
    """

    def __init__(self, dropout: float) -> None:
        """`dropout`: share of the features dropped while training, in [0, 1)."""
        super().__init__()
        self.dropout = Dropout(dropout)

    @abstractmethod
    def features(self, digits: Tensor) -> Tensor:
        """The last hidden layer's view of the digits: (B, 1, 28, 28) float32 in [0, 1] -> (B, C) float32."""

    @abstractmethod
    def classify(self, features: Tensor) -> Tensor:
        """Logits of the ten digits: (B, C) float32 -> (B, 10) float32."""

    def logits(self, digits: Tensor) -> Tensor:
        """Scores before the softmax: (B, 1, 28, 28) float32 in [0, 1] -> (B, 10) float32."""
        return self.classify(self.dropout(self.features(digits)))

    def forward(self, digits: Tensor) -> Tensor:
        """Log-probabilities: (B, 1, 28, 28) float32 in [0, 1] -> (B, 10) float32, at most 0."""
        return F.log_softmax(self.logits(digits), dim=1)


NETWORKS: dict[str, Callable[[float], Network]] = {}  # by name: a share of dropout -> a network with random weights

AnyNetwork = TypeVar("AnyNetwork", bound=Callable[[float], Network])


def register(name: str) -> Callable[[AnyNetwork], AnyNetwork]:
    """Make a network known by its name in `core.config.ARCHITECTURES`. Raises `ValueError` where it is not listed."""
    if name not in ARCHITECTURES:
        raise ValueError(f"Add {name!r} with its title to ARCHITECTURES in core/config.py.")

    def add(network: AnyNetwork) -> AnyNetwork:
        NETWORKS[name] = network
        return network

    return add


@register("reference")
class Reference(Network):
    """The CNN of the Flask app this project takes over from (bipin-saha/MNIST_HWDR_WebApp), layer by layer.

    3,274,634 parameters. State-dict keys: conv1, conv2, fc1, fc2, each with .weight and .bias.
    """

    def __init__(self, dropout: float = 0.5) -> None:
        """`dropout`: share of fc1's outputs dropped while training, in [0, 1)."""
        super().__init__(dropout)
        self.conv1 = nn.Conv2d(1, 32, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=5, padding=2)
        self.fc1 = nn.Linear(64 * 7 * 7, 1024)
        self.fc2 = nn.Linear(1024, 10)

    def features(self, digits: Tensor) -> Tensor:
        """What fc1 makes of the digits: (B, 1, 28, 28) float32 in [0, 1] -> (B, 1024) float32, at least 0."""
        # ReLU after the pool gives the same values as before it, on a quarter of the pixels.
        x = F.relu(F.max_pool2d(self.conv1(digits), 2))  # (B, 32, 14, 14)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # (B, 64, 7, 7)
        return F.relu(self.fc1(x.flatten(1)))  # (B, 1024)

    def classify(self, features: Tensor) -> Tensor:
        """(B, 1024) float32 -> (B, 10) float32."""
        logits: Tensor = self.fc2(features)
        return logits


@register("lenet5")
class LeNet5(Network):
    """The ancestor: LeCun et al., "Gradient-based learning applied to document recognition" (1998).

    As it is usually rebuilt today, with ReLU and max-pooling. 61,706 parameters.
    """

    def __init__(self, dropout: float = 0.0) -> None:
        """`dropout`: share of the last hidden layer's 84 values dropped while training, in [0, 1)."""
        super().__init__(dropout)
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc0 = nn.Linear(16 * 5 * 5, 120)
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, 10)

    def features(self, digits: Tensor) -> Tensor:
        """(B, 1, 28, 28) float32 in [0, 1] -> (B, 84) float32, at least 0."""
        x = F.relu(F.max_pool2d(self.conv1(digits), 2))  # (B, 6, 14, 14)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # (B, 16, 5, 5)
        return F.relu(self.fc1(F.relu(self.fc0(x.flatten(1)))))  # (B, 84)

    def classify(self, features: Tensor) -> Tensor:
        """(B, 84) float32 -> (B, 10) float32."""
        logits: Tensor = self.fc2(features)
        return logits


@register("mlp")
class Perceptron(Network):
    """A multilayer perceptron: it sees 784 numbers and doesn't know which pixels are neighbours. 118,282 parameters."""

    def __init__(self, dropout: float = 0.0) -> None:
        """`dropout`: share of the last hidden layer's 128 values dropped while training, in [0, 1)."""
        super().__init__(dropout)
        self.fc0 = nn.Linear(28 * 28, 128)
        self.fc1 = nn.Linear(128, 128)
        self.fc2 = nn.Linear(128, 10)

    def features(self, digits: Tensor) -> Tensor:
        """(B, 1, 28, 28) float32 in [0, 1] -> (B, 128) float32, at least 0."""
        return F.relu(self.fc1(F.relu(self.fc0(digits.flatten(1)))))  # (B, 128)

    def classify(self, features: Tensor) -> Tensor:
        """(B, 128) float32 -> (B, 10) float32."""
        logits: Tensor = self.fc2(features)
        return logits


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation that uses the running statistics for a batch of one, which has no variance of its own."""

    def forward(self, values: Tensor) -> Tensor:
        """(B, C) -> (B, C)."""
        if len(values) > 1 or not self.training:
            return super().forward(values)
        return F.batch_norm(values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


@register("modern")
class Modern(Network):
    """Small filters, batch normalisation after each layer, a narrow last hidden layer.

    Ioffe and Szegedy, "Batch normalization" (2015); Simonyan and Zisserman, "Very deep convolutional networks for
    large-scale image recognition" (2015). A seventh of the reference network's parameters: 496,362.
    """

    def __init__(self, dropout: float = 0.5) -> None:
        """`dropout`: share of the last hidden layer's 128 values dropped while training, in [0, 1)."""
        super().__init__(dropout)
        self.conv1 = nn.Conv2d(1, 32, kernel_size=5, padding=2, bias=False)
        self.norm1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(64)
        self.conv3 = nn.Conv2d(64, 64, kernel_size=3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(64)
        self.conv4 = nn.Conv2d(64, 64, kernel_size=3, padding=1, bias=False)
        self.norm4 = nn.BatchNorm2d(64)
        # The mean over the image in place of this layer saves parameters but forgets where things are: it was worse.
        self.fc1 = nn.Linear(64 * 7 * 7, 128, bias=False)
        self.norm5 = BatchNorm(128)
        self.fc2 = nn.Linear(128, 10)

    def features(self, digits: Tensor) -> Tensor:
        """(B, 1, 28, 28) float32 in [0, 1] -> (B, 128) float32, at least 0."""
        x = F.relu(self.norm1(F.max_pool2d(self.conv1(digits), 2)))  # (B, 32, 14, 14)
        x = F.relu(self.norm2(self.conv2(x)))  # (B, 64, 14, 14)
        x = F.relu(self.norm3(F.max_pool2d(self.conv3(x), 2)))  # (B, 64, 7, 7)
        x = F.relu(self.norm4(self.conv4(x)))  # (B, 64, 7, 7)
        return F.relu(self.norm5(self.fc1(x.flatten(1))))  # (B, 128)

    def classify(self, features: Tensor) -> Tensor:
        """(B, 128) float32 -> (B, 10) float32."""
        logits: Tensor = self.fc2(features)
        return logits


def build(architecture: str, dropout: float = 0.5) -> Network:
    """A new network with random weights, in training mode. Raises `KeyError` for a name that is not registered."""
    return NETWORKS[architecture](dropout)


def build_without_memory(architecture: str) -> Network:
    """A network with shapes but without weights: quick to build, to count and compare its parameters."""
    with torch.device("meta"):
        return build(architecture)


def count_parameters(model: nn.Module) -> int:
    """How many numbers training can change."""
    return sum(parameter.numel() for parameter in model.parameters())


def to_input(images: Tensor) -> Tensor:
    """Stored digits as a network reads them: (B, 28, 28) uint8 -> (B, 1, 28, 28) float32 in [0, 1]."""
    return images.unsqueeze(1).float().div_(255)

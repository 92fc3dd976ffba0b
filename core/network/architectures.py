"""The networks: digits in, log-probabilities out."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn


class Dropout(nn.Module):
    """Silence a share of the values at random while training, and enlarge the others so that the mean stays.

    Chance comes from `chance`, the run's own generator where one is set: torch's own dropout draws from a generator
    that every thread of the server shares. One random byte a value is a quarter of what torch's dropout draws; the
    share is exact to 1/256.
    """

    def __init__(self, share: float) -> None:
        """`share`: of the values silenced, in [0, 1)."""
        super().__init__()
        self.silenced = round(share * 256)  # of the 256 values a byte can have
        self.rng: Generator | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Any float tensor -> the same shape and type."""
        if not self.training or not self.silenced:
            return values
        # Eight bytes of chance per drawn number.
        drawn = torch.empty(-(-values.numel() // 8), dtype=torch.int64, device=values.device)
        drawn.random_(-(2**63), None, generator=self.rng)
        kept = drawn.view(torch.uint8)[: values.numel()].view(values.shape) >= self.silenced
        return values * kept.to(values.dtype).mul_(256 / (256 - self.silenced))


class Network(nn.Module):
    """What all networks share: `logits` are their scores, `forward` the log-probabilities."""

    def features(self, digits: Tensor) -> Tensor:
        """The last hidden layer's view of the digits: (B, 1, 28, 28) float32 in [0, 1] -> (B, C) float32."""
        raise NotImplementedError

    def logits(self, digits: Tensor) -> Tensor:
        """Scores before the softmax: (B, 1, 28, 28) float32 in [0, 1] -> (B, 10) float32."""
        return self.fc2(self.dropout(self.features(digits)))

    def forward(self, digits: Tensor) -> Tensor:
        """Log-probabilities: (B, 1, 28, 28) float32 in [0, 1] -> (B, 10) float32, at most 0."""
        return F.log_softmax(self.logits(digits), dim=1)


class Reference(Network):
    """The CNN of the Flask app this project takes over from (bipin-saha/MNIST_HWDR_WebApp), layer by layer.

    3,274,634 parameters. State-dict keys: conv1, conv2, fc1, fc2, each with .weight and .bias.
    """

    def __init__(self, dropout: float = 0.5) -> None:
        """`dropout`: share of fc1's outputs silenced while training, in [0, 1)."""
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=5, padding=2)
        self.fc1 = nn.Linear(64 * 7 * 7, 1024)
        self.fc2 = nn.Linear(1024, 10)
        self.dropout = Dropout(dropout)

    def features(self, digits: Tensor) -> Tensor:
        """What fc1 makes of the digits: (B, 1, 28, 28) float32 in [0, 1] -> (B, 1024) float32, at least 0."""
        # ReLU after the pool gives the same values as before it, on a quarter of the pixels.
        x = F.relu(F.max_pool2d(self.conv1(digits), 2))  # (B, 32, 14, 14)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # (B, 64, 7, 7)
        return F.relu(self.fc1(x.flatten(1)))  # (B, 1024)


class LeNet5(Network):
    """The ancestor: LeCun et al., "Gradient-based learning applied to document recognition" (1998).

    As it is usually rebuilt today, with ReLU and max-pooling. 61,706 parameters.
    """

    def __init__(self, dropout: float = 0.0) -> None:
        """`dropout`: share of the last hidden layer's 84 values silenced while training, in [0, 1)."""
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc0 = nn.Linear(16 * 5 * 5, 120)
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, 10)
        self.dropout = Dropout(dropout)

    def features(self, digits: Tensor) -> Tensor:
        """(B, 1, 28, 28) float32 in [0, 1] -> (B, 84) float32, at least 0."""
        x = F.relu(F.max_pool2d(self.conv1(digits), 2))  # (B, 6, 14, 14)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # (B, 16, 5, 5)
        return F.relu(self.fc1(F.relu(self.fc0(x.flatten(1)))))  # (B, 84)


class Perceptron(Network):
    """A multilayer perceptron: it sees 784 numbers in a row and nothing of their neighbourhood. 118,282 parameters."""

    def __init__(self, dropout: float = 0.0) -> None:
        """`dropout`: share of the last hidden layer's 128 values silenced while training, in [0, 1)."""
        super().__init__()
        self.fc0 = nn.Linear(28 * 28, 128)
        self.fc1 = nn.Linear(128, 128)
        self.fc2 = nn.Linear(128, 10)
        self.dropout = Dropout(dropout)

    def features(self, digits: Tensor) -> Tensor:
        """(B, 1, 28, 28) float32 in [0, 1] -> (B, 128) float32, at least 0."""
        return F.relu(self.fc1(F.relu(self.fc0(digits.flatten(1)))))  # (B, 128)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation that lets a batch of one pass with the statistics so far: it has no spread of its own."""

    def forward(self, values: Tensor) -> Tensor:
        """(B, C) -> (B, C)."""
        if len(values) > 1 or not self.training:
            return super().forward(values)
        return F.batch_norm(values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


class Modern(Network):
    """Small filters, batch normalisation after each layer, a narrow last hidden layer.

    Ioffe and Szegedy, "Batch normalization" (2015); Simonyan and Zisserman, "Very deep convolutional networks for
    large-scale image recognition" (2015). A seventh of the reference network's parameters: 496,362.
    """

    def __init__(self, dropout: float = 0.5) -> None:
        """`dropout`: share of the last hidden layer's 128 values silenced while training, in [0, 1)."""
        super().__init__()
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
        self.dropout = Dropout(dropout)

    def features(self, digits: Tensor) -> Tensor:
        """(B, 1, 28, 28) float32 in [0, 1] -> (B, 128) float32, at least 0."""
        x = F.relu(self.norm1(F.max_pool2d(self.conv1(digits), 2)))  # (B, 32, 14, 14)
        x = F.relu(self.norm2(self.conv2(x)))  # (B, 64, 14, 14)
        x = F.relu(self.norm3(F.max_pool2d(self.conv3(x), 2)))  # (B, 64, 7, 7)
        x = F.relu(self.norm4(self.conv4(x)))  # (B, 64, 7, 7)
        return F.relu(self.norm5(self.fc1(x.flatten(1))))  # (B, 128)


ARCHITECTURES: dict[str, type[Network]] = {
    "reference": Reference,
    "lenet5": LeNet5,
    "mlp": Perceptron,
    "modern": Modern,
}


def build(architecture: str, dropout: float = 0.5) -> Network:
    """A new network with random weights, in training mode. Raises `KeyError` for a name not in `ARCHITECTURES`."""
    return ARCHITECTURES[architecture](dropout)


def build_without_memory(architecture: str) -> Network:
    """A network that has shapes but no numbers: quick to make, to be counted and compared, never to be asked."""
    with torch.device("meta"):
        return build(architecture)


def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in model.parameters())


def to_input(images: Tensor) -> Tensor:
    """Stored digits as a network reads them: (B, 28, 28) uint8 -> (B, 1, 28, 28) float32 in [0, 1]."""
    return images.unsqueeze(1).float().div_(255)

"""The networks: digits in, log-probabilities out."""

import torch.nn.functional as F
from torch import Tensor, nn


class Reference(nn.Module):
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
        self.dropout = dropout

    def features(self, digits: Tensor) -> Tensor:
        """What fc1 makes of the digits: (B, 1, 28, 28) float32 in [0, 1] -> (B, 1024) float32, at least 0."""
        # ReLU after the pool gives the same values as before it, on a quarter of the pixels.
        x = F.relu(F.max_pool2d(self.conv1(digits), 2))  # (B, 32, 14, 14)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # (B, 64, 7, 7)
        return F.relu(self.fc1(x.flatten(1)))  # (B, 1024)

    def logits(self, digits: Tensor) -> Tensor:
        """Scores before the softmax: (B, 1, 28, 28) float32 in [0, 1] -> (B, 10) float32."""
        return self.fc2(F.dropout(self.features(digits), self.dropout, self.training))

    def forward(self, digits: Tensor) -> Tensor:
        """Log-probabilities: (B, 1, 28, 28) float32 in [0, 1] -> (B, 10) float32, at most 0."""
        return F.log_softmax(self.logits(digits), dim=1)


ARCHITECTURES: dict[str, type[nn.Module]] = {"reference": Reference}


def build(architecture: str, dropout: float = 0.5) -> nn.Module:
    """A new network with random weights, in training mode. Raises `KeyError` for a name not in `ARCHITECTURES`."""
    return ARCHITECTURES[architecture](dropout)


def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in model.parameters())


def to_input(images: Tensor) -> Tensor:
    """Stored digits as a network reads them: (B, 28, 28) uint8 -> (B, 1, 28, 28) float32 in [0, 1]."""
    return images.unsqueeze(1).float().div_(255)

"""Finds ink on printed paper: a small network for print as dark as the pen, trained on synthetic documents.

A U-Net (Ronneberger, Fischer and Brox, "U-Net: Convolutional networks for biomedical image segmentation", 2015) of
85,000 parameters. It only says ink or paper, pixel by pixel, and learns from synthesis/documents.py alone; which digit
the ink is, the model in use says, as for any other picture.
"""

import functools
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

FILE = Path(__file__).resolve().parents[2] / "models" / "binarizer.npz"
WIDTHS = (8, 16, 32, 48)  # channels at full size, a half, a quarter, an eighth
STEP = 2 ** (len(WIDTHS) - 1)  # sides are padded to a multiple of this
FAINTEST = 0.02  # of full scale: what is less is not made darker
DARKEST = 99  # percent of the pixels are lighter than what counts as 1
LOWEST, HIGHEST = -1.0, 1.5  # of the contrast the network reads


class Binarizer(nn.Module):
    """Contrast (B, 1, H, W) float32, paper 0 and the darkest ink 1 -> logits (B, 1, H, W) of being ink; H and W are
    multiples of `STEP`."""

    def __init__(self) -> None:
        """Layers with random weights."""
        super().__init__()
        self.down = nn.ModuleList(
            nn.Sequential(_layer(before, width), _layer(width, width))
            for before, width in zip((1, *WIDTHS[:-1]), WIDTHS, strict=True)
        )
        self.up = nn.ModuleList(
            _layer(below + beside, beside) for below, beside in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.last = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, contrast: Tensor) -> Tensor:
        """See the class."""
        seen: list[Tensor] = []
        for block in self.down:
            seen.append(block(F.max_pool2d(seen[-1], 2) if seen else contrast))
        values = seen.pop()
        for layer in self.up:
            values = layer(torch.cat([F.interpolate(values, scale_factor=2), seen.pop()], dim=1))
        logits: Tensor = self.last(values)
        return logits


def _layer(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())


@functools.cache
def load(path: Path = FILE) -> Binarizer:
    """The network that ships, ready to answer. Raises `OSError` where its file is missing, `ValueError` where it is
    damaged."""
    network = Binarizer()
    try:
        with np.load(path, allow_pickle=False) as file:
            network.load_state_dict({name: torch.from_numpy(file[name]) for name in file.files})
    except (RuntimeError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path.name} holds no weights of this network") from error
    return network.eval().to(memory_format=torch.channels_last)


def save(network: Binarizer, path: Path = FILE) -> None:
    """Write the weights as numpy's npz, about 340 kB. Raises `OSError` when the disk refuses."""
    np.savez_compressed(path, **{name: value.numpy() for name, value in network.state_dict().items()})


@torch.inference_mode()
def find(network: Binarizer, contrast: np.ndarray) -> np.ndarray:
    """How likely each pixel is ink: contrast as `reading.ink.find_contrast` gives it, (H, W) float32 -> (H, W)
    float32 in [0, 1]. Takes about 0.4 microseconds a pixel on one core."""
    torch.set_num_threads(1)  # as in core/network/prediction.py: many visitors on few cores wait for each other
    high, wide = contrast.shape
    seen = np.pad(normalise(contrast), ((0, -high % STEP), (0, -wide % STEP)), mode="edge")
    values = torch.from_numpy(seen)[None, None].contiguous(memory_format=torch.channels_last)
    logits: Tensor = network(values)
    return logits.sigmoid()[0, 0, :high, :wide].numpy()


def normalise(contrast: np.ndarray) -> np.ndarray:
    """Contrast (H, W) float32 as the network reads it: the darkest ink 1, all within `LOWEST` and `HIGHEST`."""
    darkest = max(float(np.percentile(contrast, DARKEST)), FAINTEST)
    return np.clip(contrast / darkest, LOWEST, HIGHEST).astype(np.float32)

"""Says of every pixel of a picture how likely it is a pen's stroke: a small network that learned from drawn pages only.

A U-Net (Ronneberger, Fischer and Brox, "U-Net: Convolutional networks for biomedical image segmentation", 2015) that
works at half the picture's size. It first sees the whole picture, small: what ends on the page is a stroke, what runs
through is a rule. Then it may look closer, with what it saw as a fourth channel. It learns from synthesis/pages.py;
which digit the ink is, the model in use says.
"""

import functools
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

FILE = Path(__file__).resolve().parents[2] / "models" / "ink.npz"
WIDTHS = (20, 32, 48, 64, 64)  # channels at a half, a quarter, ... of the picture's size
STEP = 2 ** len(WIDTHS)  # sides are padded to a multiple of this
SPREAD = 97  # percent of the pixels differ less from the median than what counts as 1
FLATTEST = 4.0  # of 255: a smaller spread is not enlarged further
HIGHEST = 3.0  # of the spread: what differs more counts as this


class InkNetwork(nn.Module):
    """Pictures (B, 4, H, W) float32, as `normalise` gives them and what is known of the ink, from -1 for paper to 1 for
    ink with 0 for unknown -> logits (B, 1, H, W) of being ink; H and W are multiples of `STEP`."""

    def __init__(self) -> None:
        """Layers with random weights: 370,000 of them."""
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(4, WIDTHS[0], 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()
        )
        self.down = nn.ModuleList(
            nn.Sequential(_layer(before, width), _layer(width, width))
            for before, width in zip((WIDTHS[0], *WIDTHS[:-1]), WIDTHS, strict=True)
        )
        self.up = nn.ModuleList(
            _layer(below + beside, beside) for below, beside in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.last = nn.Sequential(nn.Conv2d(WIDTHS[0], 4, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        values = self.stem(pictures)
        seen: list[Tensor] = []
        for block in self.down:
            seen.append(block(F.max_pool2d(seen[-1], 2) if seen else values))
        values = seen.pop()
        for layer in self.up:
            values = layer(torch.cat([F.interpolate(values, scale_factor=2), seen.pop()], dim=1))
        logits: Tensor = self.last(values)
        return logits


def _layer(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())


@functools.cache
def load(path: Path = FILE) -> InkNetwork:
    """The network that ships, ready to answer. Raises `OSError` where its file is missing, `ValueError` where it is
    damaged."""
    network = InkNetwork()
    try:
        with np.load(path, allow_pickle=False) as file:
            network.load_state_dict({name: torch.from_numpy(file[name]) for name in file.files})
    except (RuntimeError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path.name} holds no weights of this network") from error
    return network.eval().to(memory_format=torch.channels_last)


def save(network: InkNetwork, path: Path = FILE) -> None:
    """Write the weights as numpy's npz, about 1.4 MB. Raises `OSError` when the disk refuses."""
    np.savez_compressed(path, **{name: value.numpy() for name, value in network.state_dict().items()})


def normalise(colours: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) uint8 as the network reads them: how far from the picture's median, in its spread, (3, H, W)
    float32. Neither polarity nor paper is guessed."""
    away = colours.astype(np.float32) - np.median(colours, axis=(0, 1)).astype(np.float32)
    spread = max(float(np.percentile(np.abs(away), SPREAD)), FLATTEST)
    planes: np.ndarray = np.clip(away / spread, -HIGHEST, HIGHEST).transpose(2, 0, 1)
    return planes


@torch.inference_mode()
def find(network: InkNetwork, colours: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """How likely each pixel is ink: colours (H, W, 3) uint8 -> (H, W) float32 in [0, 1].

    `known` is what was found before, of any size, (h, w) float32 in [0, 1].
    """
    torch.set_num_threads(1)  # as in core/network/prediction.py: many visitors on few cores wait for each other
    high, wide = colours.shape[:2]
    hint: np.ndarray = np.zeros((high, wide), np.float32)
    if known is not None:
        hint = 2 * cv2.resize(known, (wide, high), interpolation=cv2.INTER_LINEAR) - 1
    planes = np.concatenate([normalise(colours), hint[None]])
    planes = np.pad(planes, ((0, 0), (0, -high % STEP), (0, -wide % STEP)), mode="edge")
    values = torch.from_numpy(planes)[None].contiguous(memory_format=torch.channels_last)
    logits: Tensor = network(values)
    return logits.sigmoid()[0, 0, :high, :wide].numpy()


def shrink(colours: np.ndarray, side: int) -> np.ndarray:
    """The picture (H, W, 3) with its longer side `side` pixels long, smaller or larger."""
    scale = side / max(colours.shape[:2])
    size = tuple(max(1, round(length * scale)) for length in colours.shape[1::-1])
    return cv2.resize(colours, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)

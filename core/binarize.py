"""Where the ink is on paper whose print is as dark as a pen: a small network that has seen drawn paper of many kinds.

A U-Net (Ronneberger, Fischer and Brox, "U-Net: Convolutional networks for biomedical image segmentation", 2015) of
85,000 parameters. It only says ink or paper, pixel by pixel, and learns from core/paper.py alone; which digit the ink
is, the model says that is in use, as for any other picture.
"""

import functools
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.preprocess import find_contrast

FILE = Path(__file__).resolve().parent.parent / "models" / "binarizer.npz"
WIDTHS = (8, 16, 32, 48)  # channels at full size, a half, a quarter, an eighth
STEP = 2 ** (len(WIDTHS) - 1)  # sides are padded to a multiple of this
FAINTEST = 0.02  # of full scale: what is less is not made darker
DARKEST = 99  # percent of the pixels are lighter than what counts as 1
LOWEST, HIGHEST = -1.0, 1.5  # of the contrast the network reads

BATCH, CROP = 16, (64, 160)  # of training: how many parts of sheets at once, and their height and width in pixels
LEARNING_RATE, DECAY, WARM_UP = 4e-3, 1e-3, 0.1
OVERLAP = 0.3  # weight of the Dice loss beside the cross entropy


class Binarizer(nn.Module):
    """Contrast (B, 1, H, W) float32, paper 0 and the darkest ink 1 -> logits (B, 1, H, W) of being ink; H and W are
    multiples of `STEP`."""

    def __init__(self) -> None:
        """Layers with weights by chance."""
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
        return self.last(values)


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
    """How likely each pixel is ink: contrast as `core.preprocess.find_contrast` gives it, (H, W) float32 -> (H, W)
    float32 in [0, 1]. Takes about 0.4 microseconds a pixel on one core."""
    torch.set_num_threads(1)  # as in core/predict.py: many visitors on few cores wait for each other
    high, wide = contrast.shape
    seen = np.pad(normalise(contrast), ((0, -high % STEP), (0, -wide % STEP)), mode="edge")
    values = torch.from_numpy(seen)[None, None].contiguous(memory_format=torch.channels_last)
    return network(values).sigmoid()[0, 0, :high, :wide].numpy()


def normalise(contrast: np.ndarray) -> np.ndarray:
    """Contrast (H, W) float32 as the network reads it: the darkest ink 1, all within `LOWEST` and `HIGHEST`."""
    darkest = max(float(np.percentile(contrast, DARKEST)), FAINTEST)
    return np.clip(contrast / darkest, LOWEST, HIGHEST).astype(np.float32)


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """A scan: `grey` (H, W) float32 in [0, 1], dark ink on lighter paper, and where the `ink` is, (H, W) bool."""

    grey: np.ndarray
    ink: np.ndarray


@dataclass(frozen=True)
class Step:
    """One step of the training: its number from 1, the `loss`, and the network as it is then."""

    number: int
    loss: float
    network: Binarizer


@dataclass(frozen=True)
class Score:
    """How well ink was found: the shares of what was found that is ink, and of the ink that was found, 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


def learn(sheets: list[Sheet], steps: int, seed: int = 0) -> Iterator[Step]:
    """Train a network on parts of the sheets, mirrored by chance; a seed, a network. About 0.4 seconds a step on two
    cores."""
    chance = np.random.default_rng(seed)
    torch.manual_seed(seed)
    seen = [(normalise(find_contrast(sheet.grey, True)).astype(np.float16), sheet.ink) for sheet in sheets]
    network = Binarizer().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, steps, pct_start=WARM_UP)
    for number in range(1, steps + 1):
        parts = [_cut(*seen[at], chance) for at in chance.integers(len(seen), size=BATCH)]
        contrast, wanted = (
            torch.from_numpy(np.stack(side).astype(np.float32))[:, None] for side in zip(*parts, strict=True)
        )
        contrast = contrast * (torch.rand(BATCH, 1, 1, 1) * 0.6 + 0.7)
        logits = network(contrast.contiguous(memory_format=torch.channels_last))
        loss = F.binary_cross_entropy_with_logits(logits, wanted) + OVERLAP * _miss(logits.sigmoid(), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        yield Step(number, loss.item(), network)


def _cut(contrast: np.ndarray, ink: np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A part of a sheet, `CROP` pixels, mirrored by chance; a smaller sheet goes on as its border is."""
    lacks = [max(0, side - have) for side, have in zip(CROP, ink.shape, strict=True)]
    around = [(before := int(chance.integers(lack + 1)), lack - before) for lack in lacks]
    contrast, ink = (np.pad(plane, around, mode="edge") for plane in (contrast, ink))
    y, x = (int(chance.integers(have - side + 1)) for side, have in zip(CROP, ink.shape, strict=True))
    across, down = (slice(None, None, -1 if chance.random() < 0.5 else 1) for _ in range(2))
    return tuple(plane[y : y + CROP[0], x : x + CROP[1]][down, across] for plane in (contrast, ink))


def _miss(found: Tensor, wanted: Tensor) -> Tensor:
    """One less twice the overlap's share of both, the Dice loss: (B, 1, H, W) twice -> ()."""
    both = (found * wanted).sum((1, 2, 3))
    return (1 - (2 * both + 1) / (found.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)).mean()


def score(network: Binarizer, sheets: list[Sheet]) -> Score:
    """How well a network finds the ink of sheets it has not learnt from."""
    was_training = network.training
    network.eval()
    found = [find(network, find_contrast(sheet.grey, True)) > 0.5 for sheet in sheets]
    network.train(was_training)
    both = sum(int((one & sheet.ink).sum()) for one, sheet in zip(found, sheets, strict=True))
    return Score(both / max(1, sum(int(x.sum()) for x in found)), both / sum(int(x.ink.sum()) for x in sheets))

"""How the ink network learns: drawn pages, seen whole and small, and then parts of them from near."""

import math
import queue
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import TrainingSettings
from core.reading.ink_network import InkNetwork, find, normalise, shrink
from core.synthesis.pages import Page
from core.training.device import choose_precision, hold_on_to_memory

WHOLE, NEAR = 7, 5  # pictures of a batch: pages seen whole and parts seen from near. Both in each, for batch
# normalisation: what one half of the batches never shows would not be normalised by it
SIDES = (
    96,
    96,
    96,
    128,
    128,
    160,
    160,
    160,
    192,
    192,
    320,
)  # pixels: longer side, of a batch by chance. A hairline shows only in the
# largest, which takes four times as long as 160
FAR = 160  # pixels: longer side of the whole page from which is known what a part shows
LEARNING_RATE, DECAY, WARM_UP = 3e-3, 1e-3, 0.05
THIN = 200  # of 255: a stroke that covers no pixel by more than this is thinner than a pixel
LEAST_COVERED = 24  # of 255: of a pixel that shows such a stroke
OVERLAP = 0.4  # weight of the Dice loss beside the cross entropy
KNOWN_FROM = 0.15  # of the training: from then on what was seen before is what the network itself saw
UNKNOWN = 0.15  # share of the parts of which nothing is known


@dataclass(frozen=True)
class Progress:
    """The training after one step: the step's number from 1, its `loss`, and the network as it is then."""

    number: int
    loss: float
    network: InkNetwork


@dataclass(frozen=True)
class InkScore:
    """How well ink was found: precision and recall of its pixels, 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


@dataclass(frozen=True)
class _Batch:
    """Pictures (B, 4, H, W), the ink that is wanted (B, 1, H, W), both float32, and which pixels count, 0 or 1; of
    those seen from near, which come last, the whole pages `far` (NEAR, 4, FAR, FAR) and where in these they are."""

    pictures: Tensor
    wanted: Tensor
    counts: Tensor
    far: Tensor
    windows: list[tuple[slice, slice]]


def learn(
    pages: Sequence[Page], steps: int, seed: int = 0, start: InkNetwork | None = None, rate: float = LEARNING_RATE
) -> Iterator[Progress]:
    """Train a network, a new one or `start`, at a learning rate of at most `rate`. About 0.25 seconds a step on two
    cores with bfloat16. Deterministic for a given seed."""
    torch.manual_seed(seed)
    hold_on_to_memory()
    has_bfloat16 = choose_precision(TrainingSettings(), torch.device("cpu")) == torch.bfloat16
    network = (start or InkNetwork()).train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=WARM_UP)
    for number, batch in enumerate(_prepare(pages, steps, seed), start=1):
        pictures = batch.pictures
        if start is not None or number > KNOWN_FROM * steps:
            pictures = _look_first(network, batch, has_bfloat16)
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16):
            logits = network(pictures.contiguous(memory_format=torch.channels_last)).float()
        loss = F.binary_cross_entropy_with_logits(logits, batch.wanted, batch.counts)
        loss = loss + OVERLAP * _miss(logits.sigmoid() * batch.counts, batch.wanted * batch.counts)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        yield Progress(number, loss.item(), network)


def _prepare(pages: Sequence[Page], steps: int, seed: int) -> Iterator[_Batch]:
    """The batches, made in a thread beside the training."""
    ready: queue.Queue[_Batch] = queue.Queue(4)
    rng = np.random.default_rng(seed)

    def work() -> None:
        for _ in range(steps):
            ready.put(_gather([pages[at] for at in rng.integers(len(pages), size=WHOLE + NEAR)], rng))

    threading.Thread(target=work, daemon=True).start()
    for _ in range(steps):
        yield ready.get()


def _gather(pages: Sequence[Page], rng: np.random.Generator) -> _Batch:
    """A batch of one size: the first pages whole, of the others a part from near."""
    side, count = int(rng.choice(SIDES)), len(pages)
    pictures = np.zeros((count, 4, side, side), np.float32)
    wanted, counts = np.zeros((2, count, 1, side, side), np.float32)
    far, windows = np.zeros((NEAR, 4, FAR, FAR), np.float32), []
    for at, page in enumerate(pages):
        colours, ink = _vary(page, rng)
        known = np.full(ink.shape, 128, np.uint8)
        if at >= WHOLE:
            window = _choose_part(ink, rng)
            _put(far[at - WHOLE], shrink(colours, FAR), shrink(known, FAR))
            scale = FAR / max(ink.shape)
            rows, columns = (slice(int(one.start * scale), math.ceil(one.stop * scale)) for one in window)
            windows.append((rows, columns))
            coarse = cv2.resize(shrink(ink, FAR), ink.shape[::-1], interpolation=cv2.INTER_LINEAR)
            known = known if rng.random() < UNKNOWN else coarse.astype(np.uint8)
            colours, ink, known = colours[window], ink[window], known[window]
        high, wide = _put(pictures[at], shrink(colours, side), shrink(known, side))
        wanted[at, 0, :high, :wide] = mark(ink, side)
        counts[at, 0, :high, :wide] = 1
    shown, mask, valid, whole = (torch.from_numpy(planes) for planes in (pictures, wanted, counts, far))
    return _Batch(shown, mask, valid, whole, windows)


def mark(ink: np.ndarray, side: int) -> np.ndarray:
    """Which pixels are ink once the longer side of a page is `side` pixels long: (H, W) uint8 -> (h, w) bool.

    A pixel is, where the pen covers half of it. Of a stroke that is thinner than a pixel that is seldom any: there the
    pixels are that it covers most of, or a hairline would be taught to be paper.
    """
    covered = shrink(ink, side)
    marked: np.ndarray = covered > 128
    if side < max(ink.shape):
        most = cv2.dilate(covered, np.ones((3, 3), np.uint8))
        marked |= (most < THIN) & (covered > LEAST_COVERED) & (2 * covered.astype(np.int16) >= most)
    return marked


def _vary(page: Page, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mirrored and turned by right angles, its colours exchanged, now and then as a negative."""
    turn, mirror = int(rng.integers(4)), -1 if rng.random() < 0.5 else 1
    colours = page.colours[..., rng.permutation(3)]
    if rng.random() < 0.2:
        colours = 255 - colours
    colours, ink = (np.ascontiguousarray(np.rot90(plane, turn)[:, ::mirror]) for plane in (colours, page.ink))
    return colours, ink


def _choose_part(ink: np.ndarray, rng: np.random.Generator) -> tuple[slice, slice]:
    """A part of a page, mostly around ink: its rows and columns."""
    longest = max(ink.shape)
    length = round(min(longest, max(24.0, rng.uniform(0.2, 1.0) * longest)))
    rows, columns = np.nonzero(ink > 128)
    middle = rng.uniform(0, ink.shape[0]), rng.uniform(0, ink.shape[1])
    if len(rows) and rng.random() < 0.85:
        one = rng.integers(len(rows))
        middle = rows[one] + rng.normal(0, length / 5), columns[one] + rng.normal(0, length / 5)
    y, x = (
        int(np.clip(place - length / 2, 0, max(0, side - length)))
        for place, side in zip(middle, ink.shape, strict=True)
    )
    return slice(y, min(y + length, ink.shape[0])), slice(x, min(x + length, ink.shape[1]))


def _put(picture: np.ndarray, colours: np.ndarray, known: np.ndarray) -> tuple[int, int]:
    """A picture (4, H, W) into its place of a batch, the rest filled with its border's values; gives its height and
    width."""
    high, wide = known.shape
    side = picture.shape[-1]
    planes = np.concatenate([normalise(colours), known[None].astype(np.float32) / 127.5 - 1])
    picture[:] = np.pad(planes, ((0, 0), (0, side - high), (0, side - wide)), mode="edge")
    return high, wide


@torch.no_grad()
def _look_first(network: InkNetwork, batch: _Batch, has_bfloat16: bool) -> Tensor:
    """The pictures of a batch with what the network sees of the whole page where something is known of a part."""
    network.eval()
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16):
        found = network(batch.far.contiguous(memory_format=torch.channels_last)).float().sigmoid()
    network.train()
    pictures = batch.pictures.clone()
    for at, (rows, columns) in enumerate(batch.windows, start=WHOLE):
        is_there = batch.counts[at, 0] > 0
        high, wide = int(is_there[:, 0].sum()), int(is_there[0].sum())
        if not (pictures[at, 3].abs() < 0.01).all():
            seen = found[at - WHOLE, :, rows, columns][None]
            pictures[at, 3] = 0
            pictures[at, 3, :high, :wide] = 2 * F.interpolate(seen, size=(high, wide), mode="bilinear")[0, 0] - 1
    return pictures


def _miss(found: Tensor, wanted: Tensor) -> Tensor:
    """The Dice loss, 0 where both agree: (B, 1, H, W) float32 each -> ()."""
    both = (found * wanted).sum((1, 2, 3))
    return (1 - (2 * both + 1) / (found.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)).mean()


def score(network: InkNetwork, pages: Sequence[Page], side: int = 160, near: int = 0) -> dict[str, InkScore]:
    """How well a network finds the ink of pages it has not learned from, by kind of paper and of "all".

    Seen whole with a longer side of `side` pixels, and then again with one of `near`, where that isn't 0.
    """
    was_training = network.training
    network.eval()
    counts: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
    for page in pages:
        found, is_ink = find(network, shrink(page.colours, side)), mark(page.ink, side)
        if near:
            found, is_ink = find(network, shrink(page.colours, near), found), mark(page.ink, near)
        is_found = found > 0.5
        # Every page counts the same, however large what is written on it.
        here = np.array([(is_found & is_ink).sum(), is_found.sum(), is_ink.sum()]) / max(1, (is_found | is_ink).sum())
        counts[page.paper] += here
        counts["all"] += here
    network.train(was_training)
    return {
        name: InkScore(both / max(found, 1e-9), both / max(ink, 1e-9)) for name, (both, found, ink) in counts.items()
    }

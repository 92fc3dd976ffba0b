"""Where on a digit the evidence for an answer lies, and against it: three methods and a check of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from core.config import DIGIT_SIZE
from core.network.architectures import Network

PATCH = 4  # pixels: side of the square of paper that occlusion lays on the digit; about a stroke wide
PACE = 2  # pixels from one square to the next: half a square, so that each pixel is covered four times
FIRST_STEPS, MOST_STEPS = 32, 512  # from empty paper to the digit; each costs two milliseconds
ENOUGH = 0.005  # of the difference of the logits: what all steps together may miss
UNSEEN = 0.0005  # units of the logit: what no page shows, and may always be missed


class NoMethod(ValueError):
    """A method that this network offers no place for; the message says why."""


@dataclass(frozen=True)
class Question:
    """Evidence for which digit; and, where `against` is a digit, for it rather than that one."""

    digit: int
    against: int | None = None

    def score(self, logits: Tensor) -> Tensor:
        """What is explained: (B, 10) -> (B,), a logit or the difference of two."""
        wanted = logits[:, self.digit]
        return wanted if self.against is None else wanted - logits[:, self.against]


@dataclass(frozen=True)
class Evidence:
    """How much each pixel (28, 28) speaks for the answer, below 0 against it, in units of the logit; `score` is that of
    the digit, `empty` that of empty paper."""

    pixels: np.ndarray
    score: float
    empty: float


def occlude(network: Network, digit: np.ndarray, question: Question) -> Evidence:
    """By how much the score falls where a square of paper lies on the digit: the mean of all squares over a pixel.

    A square that covers no ink changes nothing and isn't asked about. Zeiler and Fergus (2014).
    """
    starts = range(0, DIGIT_SIZE - PATCH + 1, PACE)
    places = [(row, column) for row in starts for column in starts if digit[_square(row, column)].any()]
    covered = np.repeat(digit[None].astype(np.float32), len(places) + 2, axis=0)
    for number, (row, column) in enumerate(places):
        covered[(number, *_square(row, column))] = 0.0
    covered[-2] = 0.0  # empty paper; the last is the digit itself
    with torch.inference_mode():
        scores = question.score(network.logits(torch.from_numpy(covered).unsqueeze(1))).numpy()
    total, times = np.zeros((DIGIT_SIZE, DIGIT_SIZE)), np.zeros((DIGIT_SIZE, DIGIT_SIZE))
    for row in starts:
        for column in starts:
            times[_square(row, column)] += 1
    for (row, column), score in zip(places, scores, strict=False):
        total[_square(row, column)] += scores[-1] - score
    return Evidence(total / times, float(scores[-1]), float(scores[-2]))


def integrate_gradients(network: Network, digit: np.ndarray, question: Question) -> Evidence:
    """Each pixel's share in what the digit scores above empty paper: its gradients on the way from there, summed.

    The shares add up to that difference. Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks" (2017).
    A ReLU that starts to answer within a step makes its gradient jump, and evenly spaced steps, as libraries take them,
    miss the difference by a tenth and more. A step whose gradient doesn't say what the score does is halved here, until
    all of them together are right to within `ENOUGH`.
    """
    given = _to_input(digit)

    def rise(shares: Tensor) -> Tensor:
        """The scores (N,) of the digit paled to these shares (N,) of its ink."""
        with torch.inference_mode():
            return question.score(network.logits(shares.view(-1, 1, 1, 1) * given))

    def slope(shares: Tensor) -> Tensor:
        """What each pixel's ink adds to them per share, (N, 28, 28)."""
        paled = (shares.view(-1, 1, 1, 1) * given).requires_grad_()
        (gradients,) = torch.autograd.grad(question.score(network.logits(paled)).sum(), paled)
        return (gradients * given).squeeze(1)

    edges = torch.linspace(0, 1, FIRST_STEPS + 1)
    at_edges = rise(edges)
    ends = torch.stack([edges[:-1], edges[1:]])  # (2, N): where each step begins and ends
    scores = torch.stack([at_edges[:-1], at_edges[1:]])
    slopes = slope(ends.mean(0))
    difference = float(at_edges[-1] - at_edges[0])
    while True:
        lengths = ends[1] - ends[0]
        missed = scores[1] - scores[0] - slopes.flatten(1).sum(1) * lengths
        if abs(float(missed.sum())) <= max(ENOUGH * abs(difference), UNSEEN) or len(lengths) >= MOST_STEPS:
            break
        halved = torch.zeros(len(lengths), dtype=torch.bool)
        halved[missed.abs().topk(max(8, len(lengths) // 4)).indices] = True
        middle = ends[:, halved].mean(0)
        at_middle = rise(middle)
        new = torch.cat([torch.stack([ends[0, halved], middle]), torch.stack([middle, ends[1, halved]])], dim=1)
        steps = torch.cat(
            [torch.stack([scores[0, halved], at_middle]), torch.stack([at_middle, scores[1, halved]])], dim=1
        )
        ends, scores = torch.cat([ends[:, ~halved], new], dim=1), torch.cat([scores[:, ~halved], steps], dim=1)
        slopes = torch.cat([slopes[~halved], slope(new.mean(0))])
    pixels = (slopes * lengths.view(-1, 1, 1)).sum(0).numpy()
    return Evidence(pixels, float(at_edges[-1]), float(at_edges[0]))


def find_by_grad_cam(network: Network, digit: np.ndarray, question: Question) -> Evidence:
    """The last maps on the digit's way, each weighted by how much its mean gradient moves the score, enlarged to the
    digit. Selvaraju et al., "Grad-CAM" (2017), without the last ReLU, which would drop what speaks against.

    Raises `NoMethod` for a network without maps.
    """
    given = _to_input(digit).requires_grad_()
    with _LastMaps() as last:
        score = question.score(network.logits(given))
    if last.maps is None:
        raise NoMethod("Grad-CAM looks at the maps of the last convolution, and this network has none.")
    (slope,) = torch.autograd.grad(score.sum(), last.maps)  # (1, C, H, W)
    maps = (slope.mean((2, 3), keepdim=True) * last.maps.detach()).sum(1, keepdim=True)
    enlarged = F.interpolate(maps, (DIGIT_SIZE, DIGIT_SIZE), mode="bilinear", align_corners=False)
    return _answer(network, digit, question, enlarged[0, 0].numpy())


class _LastMaps(TorchFunctionMode):
    """Holds on to the last maps (1, C, H, W) that anything made: behind the last convolution, its pooling and ReLU."""

    maps: Tensor | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.dim() == 4 and result.is_floating_point():
            self.maps = result
        return result


METHODS: dict[str, Callable[[Network, np.ndarray, Question], Evidence]] = {
    "Occlusion": occlude,
    "Integrated gradients": integrate_gradients,
    "Grad-CAM": find_by_grad_cam,
}


def shuffle_weights(network: Network) -> Network:
    """The same network with all its learned numbers in random places, layer by layer: what it says is about nothing.

    Adebayo et al., "Sanity checks for saliency maps" (2018): evidence that looks the same for it says nothing either.
    """
    shuffled, rng = copy.deepcopy(network), torch.Generator().manual_seed(0)
    for parameter in shuffled.parameters():
        order = torch.randperm(parameter.numel(), generator=rng)
        parameter.data = parameter.data.flatten()[order].view_as(parameter)
    return shuffled.eval()


def compare(one: np.ndarray, other: np.ndarray) -> float:
    """How alike two maps of evidence are, -1 to 1: the cosine of the angle between them; 0 where one is empty."""
    first, second = torch.from_numpy(one.ravel()).double(), torch.from_numpy(other.ravel()).double()
    return float(F.cosine_similarity(first, second, dim=0))


def _square(row: int, column: int) -> tuple[slice, slice]:
    return slice(row, row + PATCH), slice(column, column + PATCH)


def _to_input(digit: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(digit, dtype=np.float32)).view(1, 1, DIGIT_SIZE, DIGIT_SIZE)


def _answer(network: Network, digit: np.ndarray, question: Question, pixels: np.ndarray) -> Evidence:
    """The evidence with the scores of the digit and of empty paper."""
    given = _to_input(digit)
    with torch.inference_mode():
        score, empty = question.score(network.logits(torch.cat([given, torch.zeros_like(given)]))).tolist()
    return Evidence(pixels, score, empty)

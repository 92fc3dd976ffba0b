"""Segmentation candidates: synthetic numbers, cut as `reading.number` cuts them into whole digits and non-digits.

A non-digit here is a part of a digit, or more than one. To find the digits of a number a model must know both, and no
data set of single digits holds them.
"""

import itertools

import cv2
import numpy as np
import torch

from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.network.architectures import to_input
from core.reading.cuts import Primitive, join
from core.reading.ink import Ink
from core.reading.mnist_form import Trail, fit
from core.reading.number import cut_everywhere
from core.synthesis import fonts
from core.synthesis.drawing import SYMBOLS, Check, crop, go_on, spline
from core.synthesis.drawing import write as write_symbol
from core.synthesis.non_digits import cross_out, enlarge
from core.synthesis.writing_styles import add_writing_styles

MONEY = ("dollar", "euro", "pound", "hash")  # the signs that stand beside numbers most often
OTHER = 128  # owner of the ink of commas, signs, rules and strokes between digits
HEIGHT = 64  # pixels: of the digits, as `reading.number` scales them
# A candidate is a digit when it holds at least WHOLE of that digit's ink and at most FOREIGN of its own ink is foreign.
# It is a non-digit with less than PART or more than MIXED; what lies between is left out.
WHOLE, FOREIGN = 0.92, 0.1
PART, MIXED = 0.8, 0.22
MOST_PER_NUMBER = 12  # candidates kept of one number, digits and non-digits in equal numbers where possible
CROSSED_OUT = 0.12  # share of the numbers in which some digits are crossed out; what lies under it is no digit then
ROUND = 0.3  # share of the numbers that end in zeros, as amounts of money often do


def make(digits: DigitSet, count: int, seed: int, parts: bool = True, check: Check = go_on) -> DigitSet:
    """About `count` candidates (N, 28, 28) uint8 from numbers written with `digits`, labelled 0 to 9 or `NO_DIGIT`.

    Without `parts` every non-digit holds more than one digit: half of a 0 on its own may well be a 1. Deterministic for
    a given seed. Takes about three milliseconds per candidate on a slow core.
    """
    rng = np.random.default_rng(seed)
    order = torch.Generator().manual_seed(seed)
    zeros = torch.nonzero(digits.labels == 0).flatten()
    images: list[np.ndarray] = []
    labels: list[int] = []
    while len(images) < count:
        check()
        picked = torch.randint(0, len(digits), (int(rng.integers(2, 7)),), generator=order)
        if len(zeros) and rng.random() < ROUND:
            last = picked[-int(rng.integers(2, 4)) :]
            last.copy_(zeros[torch.randint(0, len(zeros), last.shape, generator=order)])
        shown = digits.pick(picked)
        styled = add_writing_styles(to_input(shown.images), shown.labels, 0.3, order)
        owner = write(list(styled.squeeze(1).mul(255).byte().numpy()), rng)
        cut = cut_everywhere(_as_ink(owner > 0))
        for atoms, label in _label_candidates(cut, owner, shown.labels.tolist(), parts, rng):
            images.append((fit(join(atoms)[0], Trail()) * 255).round().astype(np.uint8))
            labels.append(label)
    return DigitSet(torch.from_numpy(np.stack(images)), torch.tensor(labels))


def write(digits: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Write a number in one handwriting: at most seven digits (28, 28) uint8 -> the owner of each pixel, (H, W) uint8.

    0 is paper. Digit n sets bit n, so where two digits overlap both bits are set. `OTHER` is the ink of commas, signs,
    rules and strokes that join two digits or cross them out.
    """
    height = HEIGHT
    pen, lean, usual_gap = int(rng.integers(-4, 5)), rng.normal(0, 0.12), rng.uniform(-0.06, 0.2)
    spread, joined = rng.uniform(0.02, 0.1), rng.random() < 0.35
    sheet = np.zeros((2 * height, (4 + 2 * len(digits)) * height), np.uint8)
    right = np.full(len(sheet), -1.0)  # how far each row is written
    ends: list[tuple[int, int, int, int]] = []
    for number, digit in enumerate(digits):
        ink = _shape(digit, round(height * (1 + rng.normal(0, spread))), pen, lean, rng)
        top = min(max(round((2 * height - len(ink)) / 2 + rng.normal(0, spread) * height), 0), len(sheet) - len(ink))
        rows = slice(top, top + len(ink))
        gap = usual_gap + rng.normal(0, 0.06)
        if number and rng.random() < 0.15:
            gap += 0.15
            _dot(sheet, int(right.max()) + 4, top + len(ink), height, rng)
        start = height // 2
        if number:
            first = np.where(ink.any(1), ink.argmax(1), 10**6)
            near = cv2.dilate(right[rows].astype(np.float32).reshape(-1, 1), np.ones((height // 5, 1))).ravel()
            start = round(max((near - first).max() + gap * height, right.max() - 0.35 * ink.shape[1]))
        place = sheet[rows, start : start + ink.shape[1]]
        place[ink] |= 1 << number
        far = np.where(ink.any(1), start + ink.shape[1] - ink[:, ::-1].argmax(1), -1.0)
        right[rows] = np.maximum(right[rows], far)
        ends.append((start, top, start + ink.shape[1], top + len(ink)))
    if joined:
        _join_neighbours(sheet, ends, rng)
    if rng.random() < CROSSED_OUT:
        struck = int(rng.integers(len(ends)))
        some = np.array(ends[struck : struck + int(rng.integers(1, 4))])
        (x, y), (end, foot) = some[:, :2].min(0).tolist(), some[:, 2:].max(0).tolist()
        sheet[cross_out(sheet.shape, (x, y, end - x, foot - y), rng)] = OTHER
    if rng.random() < 0.3:
        _sign(sheet, int(right.max() + rng.uniform(0.05, 0.4) * height), height, rng)
    if rng.random() < 0.15:
        y = int(rng.choice([ends[0][1] - 6, ends[0][3] + 6]))
        line = np.zeros_like(sheet)
        cv2.line(line, (ends[0][0], y), (ends[-1][2], y + int(rng.normal(0, 3))), 255, int(rng.integers(2, 5)))
        sheet[(line > 0) & (sheet == 0)] = OTHER
    written = int(np.flatnonzero(sheet.any(0))[-1]) + 1
    return _roughen(np.pad(sheet[:, :written], 16), rng)


def _shape(digit: np.ndarray, height: int, pen: int, lean: float, rng: np.random.Generator) -> np.ndarray:
    """One digit at its size, with the slant and the pen of the whole number: (height, W) bool."""
    ink: np.ndarray = enlarge(digit, rng).astype(np.uint8)
    side = len(ink)
    ink = cv2.warpAffine(ink, np.array([[1, -lean, lean * side / 2], [0, 1, 0]], np.float32), (side, side))
    if pen:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(pen) + 1,) * 2)
        changed = (cv2.dilate if pen > 0 else cv2.erode)(ink, disc)
        ink = changed if changed.sum() > 0.55 * ink.sum() else ink
    x, y, wide, high = cv2.boundingRect(ink)
    scale = height / high
    size = (max(3, round(wide * scale * np.exp(rng.normal(0, 0.08)))), height)
    small = cv2.resize(ink[y : y + high, x : x + wide] * 255, size, interpolation=cv2.INTER_LINEAR) > 127
    return small if small.any() else np.ones(size[::-1], bool)


def _dot(sheet: np.ndarray, x: int, y: int, height: int, rng: np.random.Generator) -> None:
    """A dot or comma at the foot of the line."""
    tail = (x - int(rng.integers(0, 6)), y + int(rng.integers(0, height // 5)))
    mark = np.zeros_like(sheet)
    cv2.line(mark, (x, y - 2), tail, 255, int(rng.integers(4, 9)))
    sheet[(mark > 0) & (sheet == 0)] = OTHER


def _sign(sheet: np.ndarray, x: int, height: int, rng: np.random.Generator) -> None:
    """A currency sign, a letter or the dashes that end an amount, to the right of the digits."""
    if rng.random() < 0.7:
        ink = crop(_write_sign(rng))
        scale = height * rng.uniform(0.6, 1.2) / max(ink.shape)
        size = max(3, round(ink.shape[1] * scale)), max(3, round(len(ink) * scale))
        ink = cv2.resize(ink.astype(np.uint8) * 255, size) > 127
        place = sheet[(len(sheet) - len(ink)) // 2 :, x:][: len(ink), : ink.shape[1]]
        place[ink[:, : place.shape[1]]] = OTHER
    else:
        pen, length = int(rng.integers(3, 9)), int(rng.uniform(0.3, 1.2) * height)
        for y in [len(sheet) // 2 + int(rng.normal(0, 4)) + step for step in (0, 14)][: int(rng.integers(1, 3))]:
            cv2.line(sheet, (x, y), (x + length, y + int(rng.normal(0, 4))), 255, pen)


def _write_sign(rng: np.random.Generator) -> np.ndarray:
    """A sign drawn by rule or, just as often, a character of a font: (H, W) bool."""
    if rng.random() < 0.5:
        known = fonts.load("training")
        return fonts.write(known[rng.integers(len(known))], rng)
    return write_symbol(SYMBOLS[rng.choice(MONEY if rng.random() < 0.5 else list(SYMBOLS))], rng)


def _join_neighbours(sheet: np.ndarray, ends: list[tuple[int, int, int, int]], rng: np.random.Generator) -> None:
    """Connect neighbouring digits by strokes: anywhere, or sagging between their tops, as in hastily written zeros."""
    are_hanging = rng.random() < 0.5
    for (left, top, right, bottom), (next_left, next_top, next_right, _) in itertools.pairwise(ends):
        if rng.random() < 0.6:
            height = bottom - top
            start = np.array([right - rng.uniform(0.1, 0.4) * (right - left), top])
            end = np.array([next_left + rng.uniform(0.1, 0.4) * (next_right - next_left), next_top])
            if are_hanging:
                start[1], end[1] = start[1] + rng.uniform(0, 0.15) * height, end[1] + rng.uniform(0, 0.2) * height
                sag = rng.uniform(0, 0.3) * height
            else:
                start[1] += rng.uniform(0.05, 0.9) * height
                end[1] = start[1] + rng.normal(0, 0.08) * height
                sag = 0.0
            path = spline(np.stack([start, (start + end) / 2 + [0, sag], end]))
            line = np.zeros_like(sheet)
            cv2.polylines(line, [np.round(path).astype(np.int32)], False, 255, int(rng.integers(3, 8)))
            sheet[(line > 0) & (sheet == 0)] = OTHER


def _roughen(owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rough edges as from a coarse scan on patterned paper, a few specks, now and then a gap."""
    ink: np.ndarray = (owner > 0).astype(np.float32)
    if rng.random() < 0.5:
        small = cv2.resize(ink, None, fx=(scale := rng.uniform(0.3, 0.7)), fy=scale, interpolation=cv2.INTER_AREA)
        ink = cv2.resize(small, owner.shape[::-1], interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.6:
        grain = rng.normal(0, 1, owner.shape).astype(np.float32)
        noise: np.ndarray = cv2.GaussianBlur(grain, (0, 0), rng.uniform(1, 3))
        noise *= rng.uniform(0.05, 0.3) / max(float(noise.std()), 1e-6)
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.8, 2.0)) + noise * (cv2.dilate(ink, np.ones((9, 9))) > 0)
    kept = ink > rng.uniform(0.4, 0.6)
    nearest = np.where(owner > 0, owner, cv2.dilate(owner, np.ones((9, 9), np.uint8)))
    return np.where(kept, np.where(nearest, nearest, OTHER), 0).astype(np.uint8)


def _as_ink(mask: np.ndarray) -> Ink:
    """A mask (H, W) bool in the form in which the reader finds the ink of a picture."""
    return Ink(mask, mask.astype(np.float32), "dark on light", (), 1.0, (0.0, 0.0), mask.shape[::-1])


def _label_candidates(
    candidates: list[tuple[Primitive, ...]], owner: np.ndarray, labels: list[int], parts: bool, rng: np.random.Generator
) -> list[tuple[tuple[Primitive, ...], int]]:
    """A random choice of the candidates, each with its label: the digit whose ink it holds, or `NO_DIGIT`.

    Candidates that are clearly neither are left out.
    """
    inks = [(owner >> number) & 1 > 0 for number in range(len(labels))]
    totals = [int(np.count_nonzero(ink)) for ink in inks]
    whole: list[tuple[tuple[Primitive, ...], int]] = []
    non_digits: list[tuple[tuple[Primitive, ...], int]] = []
    for at in rng.permutation(len(candidates)):
        ink, (x, y, width, height) = join(candidates[at])
        mine = [int(np.count_nonzero(ink & of_one[y : y + height, x : x + width])) for of_one in inks]
        digit = int(np.argmax(mine))
        covered, foreign = mine[digit] / max(1, totals[digit]), 1 - mine[digit] / max(1, int(np.count_nonzero(ink)))
        if covered > WHOLE and foreign < FOREIGN:
            whole.append((candidates[at], labels[digit]))
        elif foreign > MIXED or (parts and covered < PART):
            non_digits.append((candidates[at], NO_DIGIT))
        if min(len(whole), len(non_digits)) == MOST_PER_NUMBER // 2:
            break
    return whole[: MOST_PER_NUMBER // 2] + non_digits[: MOST_PER_NUMBER // 2]

"""Where touching digits may be cut."""

import bisect
import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from core.reading.mnist_form import Box, box_of, stroke_width
from core.reading.settings import NUMBER


@dataclass(frozen=True, eq=False)
class Primitive:
    """Ink that stays uncut: `ink` (h, w) bool, `box` in pixels of the mask, the `patch` it comes from and which
    `part` of it this is, from the left. `before` and `after` are what was cut through on its sides, in strokes;
    `shared_before` and `shared_after` what stands beyond the cut and is this side's too, where two digits share a
    stroke."""

    ink: np.ndarray
    box: Box
    patch: int
    part: int = 0
    before: float = 0.0
    after: float = 0.0
    shared_before: "Primitive | None" = None
    shared_after: "Primitive | None" = None


def split(patch: Primitive, height: float) -> list[Primitive]:
    """A patch cut where the least ink is in the way, or as it is where it is too small for two digits."""
    _, _, width, high = patch.box
    if width < NUMBER.cut_from * height or high < NUMBER.tall * height:
        return [patch]
    pen = max(1.0, stroke_width(patch.ink))
    cuts = _find_cuts(patch.ink, height, pen)
    columns = np.arange(width)[None, :]
    part_of = sum((columns >= cut[:, None] for cut, _ in cuts), np.zeros(patch.ink.shape, int))
    nothing, rows = np.zeros(patch.ink.shape, bool), np.arange(high)
    strokes = [_find_shared_stroke(patch.ink, cut, pen) if is_shared else nothing for cut, is_shared in cuts]
    crossed = [
        float((patch.ink & ~stroke)[rows, np.minimum(cut, width - 1)].sum()) / pen + bool(stroke.any())
        for (cut, _), stroke in zip(cuts, strokes, strict=True)
    ]
    costs, strokes = [0.0, *crossed, 0.0], [nothing, *strokes, nothing]
    parts = []
    for number in range(len(cuts) + 1):
        mine = patch.ink & (part_of == number)
        if mine.any():
            shared = [_part_of(strokes[number + side] & ~mine, patch) for side in (0, 1)]
            ink, box = _crop(mine, patch.box)
            parts.append(Primitive(ink, box, patch.patch, number, costs[number], costs[number + 1], *shared))
    return parts


def _part_of(ink: np.ndarray, patch: Primitive) -> Primitive | None:
    """What is set in a mask (h, w) bool of a patch's box, or None where nothing is."""
    return Primitive(*_crop(ink, patch.box), patch.patch) if ink.any() else None


def _crop(ink: np.ndarray, box: Box) -> tuple[np.ndarray, Box]:
    """The part of a mask (h, w) bool that has something set, and its place where the whole mask lies in `box`."""
    left, top, wide, tall = box_of(ink)
    return ink[top : top + tall, left : left + wide], (box[0] + left, box[1] + top, wide, tall)


def _find_shared_stroke(ink: np.ndarray, cut: np.ndarray, pen: float) -> np.ndarray:
    """The ink (h, w) bool that a cut, the column of each row, runs along for more than a pen's width: both sides'."""
    rows, columns = np.arange(len(ink)), np.minimum(cut, ink.shape[1] - 1)
    met = ink[rows, columns].astype(np.uint8)[:, None]
    length = max(2, round(NUMBER.shared_length * pen))
    along = cv2.morphologyEx(met, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))[:, 0] > 0
    near = np.abs(np.arange(ink.shape[1])[None, :] - columns[:, None]) <= NUMBER.shared_reach * pen
    shared: np.ndarray = ink & near & along[:, None]
    return shared


def _find_cuts(ink: np.ndarray, height: float, pen: float) -> list[tuple[np.ndarray, bool]]:
    """Ways from top to bottom through a patch (h, w) bool that meet little ink, from the left: the column of each row,
    (h,) int, and whether it runs along a stroke that both sides share. As in seam carving, a way moves at most one
    column from row to row.

    First come the ways between two loops side by side, as zeros that share a stroke have; then of all ways through the
    middle row those that meet the least ink. One that would cut off less than a digit's height is passed over, or the
    corners of a patch would use up what ways there may be.
    """
    high, width = ink.shape
    cost = np.where(ink, 1.0, 0.02).astype(np.float32)
    (down, up), (came, went) = _run(np.stack([cost, cost[::-1]]))
    middle, rows = high // 2, np.arange(high)
    through = down[middle] + up[high - 1 - middle] - cost[middle]
    order = [int(at) for at in np.argsort(through) if through[at] <= NUMBER.costliest_cut * height]
    ways = _trace(came, went, middle)
    before = np.pad(ink.cumsum(1), ((0, 0), (1, 0)))  # ink of each row to the left of a column
    apart = max(2, round(NUMBER.cut_apart * height))
    taken = [(0, np.zeros(high, int), False), (width, np.full(high, width), False)]
    between_loops = ((int(way[middle]), way, True) for way in _find_ways_between_loops(ink, height, pen))
    for at, new, is_shared in itertools.chain(between_loops, ((at, ways[:, at], False) for at in order)):
        following = bisect.bisect([place for place, *_ in taken], at)
        (left, left_way, _), (right, right_way, _) = taken[following - 1 : following + 1]
        if min(at - left, right - at) < apart:
            continue
        way = np.clip(new, left_way, right_way)
        if all(
            _reach(before[rows, end] - before[rows, start]) > NUMBER.lowest_part * height
            for start, end in ((left_way, way), (way, right_way))
        ):
            taken.insert(following, (at, way, is_shared))
    return [(way, is_shared) for _, way, is_shared in taken[1:-1]]


def _trace(came: np.ndarray, went: np.ndarray, start: int) -> np.ndarray:
    """The best way through each column of the row `start`: where it is in each row, (h, w) int, from the steps (h, w)
    that lead there from the top and from the bottom."""
    high, width = came.shape
    ways = np.empty((high, width), int)
    ways[start] = np.arange(width)
    for row in range(start, 0, -1):
        ways[row - 1] = ways[row] + came[row][ways[row]]
    for row in range(start, high - 1):
        ways[row + 1] = ways[row] + went[high - 1 - row][ways[row]]
    return ways


def _find_ways_between_loops(ink: np.ndarray, height: float, pen: float) -> list[np.ndarray]:
    """Ways between two loops side by side, along what parts them: the column of each row, (h,) int each."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~np.pad(ink, 1)).astype(np.uint8), connectivity=4)
    labels, outside = labels[1:-1, 1:-1], labels[0, 0]
    is_loop = stats[:, cv2.CC_STAT_HEIGHT] > NUMBER.lowest_loop * height
    is_loop[[0, outside]] = False  # 0 is the ink
    loops = sorted(np.flatnonzero(is_loop), key=lambda label: stats[label, cv2.CC_STAT_LEFT])
    if len(loops) < 2:
        return []
    cost = np.where(ink, 1.0, np.where(labels == outside, 0.02, NUMBER.through_loop)).astype(np.float32)
    _, (came, went) = _run(np.stack([cost, cost[::-1]]))
    ways = []
    for one, other in itertools.pairwise(loops):
        (left, top, wide, tall, _), (next_left, next_top, _, next_tall, _) = stats[one], stats[other]
        row = (max(top, next_top) + min(top + tall, next_top + next_tall)) // 2 - 1  # the middle of those of both
        ends, starts = np.flatnonzero(labels[row] == one), np.flatnonzero(labels[row] == other)
        is_beside = len(ends) > 0 and len(starts) > 0 and next_left >= left + 0.5 * wide
        if is_beside and 0 < starts[0] - ends[-1] < NUMBER.widest_shared * pen:
            ways.append(_trace(came, went, row)[:, (ends[-1] + starts[0]) // 2])
    return ways


def _reach(counts: np.ndarray) -> int:
    """From the first to the last row with ink: pixels of ink (h,) int of each row -> how many rows."""
    found = np.flatnonzero(counts)
    return int(found[-1] - found[0]) + 1 if len(found) else 0


def _run(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least cost from the first row to each pixel of patches (n, h, w), and the step -1, 0 or 1 to the column it came
    from."""
    count, high, width = cost.shape
    # Rows come first, for a row waits for the one before it and is little work: what a call costs is most of the time.
    total = np.full((high, count, width + 2), np.inf, np.float32)
    total[..., 1:-1] = cost.swapaxes(0, 1)
    for before, row in itertools.pairwise(total):
        nearest = np.minimum(before[:, :-2], before[:, 2:]) + NUMBER.sidestep
        row[:, 1:-1] += np.minimum(nearest, before[:, 1:-1])
    before = total[:-1]
    straight, left, right = before[..., 1:-1], before[..., :-2] + NUMBER.sidestep, before[..., 2:] + NUMBER.sidestep
    steps = np.zeros((high, count, width), np.int8)
    steps[1:] = np.where(np.minimum(left, right) < straight, np.where(left <= right, -1, 1), 0)
    return total[..., 1:-1].swapaxes(0, 1), steps.swapaxes(0, 1)


def join(members: tuple[Primitive, ...]) -> tuple[np.ndarray, Box]:
    """Primitives in one mask (h, w) bool, and their box in pixels of the mask."""
    shared = members[0].shared_before, members[-1].shared_after
    everything = (*members, *(stroke for stroke in shared if stroke))
    left, top = min(one.box[0] for one in everything), min(one.box[1] for one in everything)
    right = max(one.box[0] + one.box[2] for one in everything)
    bottom = max(one.box[1] + one.box[3] for one in everything)
    joined = np.zeros((bottom - top, right - left), bool)
    for one in everything:
        x, y, width, height = one.box
        joined[y - top : y - top + height, x - left : x - left + width] |= one.ink
    return joined, (left, top, right - left, bottom - top)

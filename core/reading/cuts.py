"""Where touching digits may be cut apart."""

import bisect
import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from core.reading.mnist_form import Box, box_of, stroke_width

TALL = 0.5  # patches from this height on make lines; smaller ones belong to them
CUT_FROM = 0.55  # patches narrower than this are not cut
CUT_APART = 0.18  # least distance of two cuts
WALL, WALL_REACH, WIDEST_WALL = 1.5, 0.6, 2.5  # of a pen's width: a wall is longer, as thick on each side, no wider
LOOP = 0.15  # least height of a loop beside such a wall
THROUGH_LOOP = 3.0  # what a way along a wall pays for leaving it, in pixels of ink
LEAST_PART = 0.45  # least height of what is cut off
COSTLIEST = 0.5  # way through a patch that is a cut, in pixels of ink met
ASIDE = 0.8  # what a step to the side costs a way through ink, in pixels of ink


@dataclass(frozen=True, eq=False)
class Atom:
    """What is never cut further: `ink` (h, w) bool, `box` in pixels of the mask, the `patch` it comes from and which
    `part` of it this is, from the left. `before` and `after` are what was cut through on its sides, in strokes;
    `wall_before` and `wall_after` what stands beyond the cut and is this side's too, where two digits share a wall."""

    ink: np.ndarray
    box: Box
    patch: int
    part: int = 0
    before: float = 0.0
    after: float = 0.0
    wall_before: "Atom | None" = None
    wall_after: "Atom | None" = None


def split(atom: Atom, height: float) -> list[Atom]:
    """A patch cut where the least ink is in the way, or as it is where it is too small for two digits."""
    _, _, width, high = atom.box
    if width < CUT_FROM * height or high < TALL * height:
        return [atom]
    pen = max(1.0, stroke_width(atom.ink))
    seams = _find_seams(atom.ink, height, pen)
    columns = np.arange(width)[None, :]
    part_of = sum((columns >= seam[:, None] for seam, _ in seams), np.zeros(atom.ink.shape, int))
    nothing, rows = np.zeros(atom.ink.shape, bool), np.arange(high)
    walls = [_find_wall(atom.ink, seam, pen) if is_wall else nothing for seam, is_wall in seams]
    crossed = [
        float((atom.ink & ~wall)[rows, np.minimum(seam, width - 1)].sum()) / pen + bool(wall.any())
        for (seam, _), wall in zip(seams, walls, strict=True)
    ]
    costs, walls = [0.0, *crossed, 0.0], [nothing, *walls, nothing]
    atoms = []
    for part in range(len(seams) + 1):
        mine = atom.ink & (part_of == part)
        if mine.any():
            beside = [_part_of(walls[part + side] & ~mine, atom) for side in (0, 1)]
            piece = _part_of(mine, atom)
            atoms.append(Atom(piece.ink, piece.box, atom.patch, part, costs[part], costs[part + 1], *beside))
    return atoms


def _part_of(ink: np.ndarray, atom: Atom) -> Atom | None:
    """What is set in a mask (h, w) bool of an atom's box, or None where nothing is."""
    if not ink.any():
        return None
    left, top, wide, tall = box_of(ink)
    box = atom.box[0] + left, atom.box[1] + top, wide, tall
    return Atom(ink[top : top + tall, left : left + wide], box, atom.patch)


def _find_wall(ink: np.ndarray, seam: np.ndarray, pen: float) -> np.ndarray:
    """The ink (h, w) bool that a seam, the column of each row, runs along for more than a pen's width: both sides'."""
    rows, columns = np.arange(len(ink)), np.minimum(seam, ink.shape[1] - 1)
    met = ink[rows, columns].astype(np.uint8)[:, None]
    length = max(2, round(WALL * pen))
    along = cv2.morphologyEx(met, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))[:, 0] > 0
    near = np.abs(np.arange(ink.shape[1])[None, :] - columns[:, None]) <= WALL_REACH * pen
    return ink & near & along[:, None]


def _find_seams(ink: np.ndarray, height: float, pen: float) -> list[tuple[np.ndarray, bool]]:
    """Ways from top to bottom through a patch (h, w) bool that meet little ink, from the left: the column of each row,
    (h,) int, and whether it runs along a wall. As in seam carving, a way moves at most one column from row to row.

    First come the ways between two loops side by side, as zeros that share a wall have; then of all ways through the
    middle row those that meet the least ink. One that would cut off less than a digit's height is passed over, or the
    corners of a patch would use up what ways there may be.
    """
    high, width = ink.shape
    cost = np.where(ink, 1.0, 0.02).astype(np.float32)
    (down, up), (came, went) = _run(np.stack([cost, cost[::-1]]))
    middle, rows = high // 2, np.arange(high)
    through = down[middle] + up[high - 1 - middle] - cost[middle]
    order = [int(at) for at in np.argsort(through) if through[at] <= COSTLIEST * height]
    ways = _trace(came, went, middle)
    before = np.pad(ink.cumsum(1), ((0, 0), (1, 0)))  # ink of each row to the left of a column
    apart = max(2, round(CUT_APART * height))
    taken = [(0, np.zeros(high, int), False), (width, np.full(high, width), False)]
    walls = ((int(way[middle]), way, True) for way in _find_ways_between_loops(ink, height, pen))
    for at, new, is_wall in itertools.chain(walls, ((at, ways[:, at], False) for at in order)):
        following = bisect.bisect([place for place, *_ in taken], at)
        (left, left_way, _), (right, right_way, _) = taken[following - 1 : following + 1]
        if min(at - left, right - at) < apart:
            continue
        way = np.clip(new, left_way, right_way)
        if all(
            _reach(before[rows, end] - before[rows, start]) > LEAST_PART * height
            for start, end in ((left_way, way), (way, right_way))
        ):
            taken.insert(following, (at, way, is_wall))
    return [(way, is_wall) for _, way, is_wall in taken[1:-1]]


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
    is_loop = stats[:, cv2.CC_STAT_HEIGHT] > LOOP * height
    is_loop[[0, outside]] = False  # 0 is the ink
    loops = sorted(np.flatnonzero(is_loop), key=lambda label: stats[label, cv2.CC_STAT_LEFT])
    if len(loops) < 2:
        return []
    cost = np.where(ink, 1.0, np.where(labels == outside, 0.02, THROUGH_LOOP)).astype(np.float32)
    _, (came, went) = _run(np.stack([cost, cost[::-1]]))
    ways = []
    for one, other in itertools.pairwise(loops):
        (left, top, wide, tall, _), (next_left, next_top, _, next_tall, _) = stats[one], stats[other]
        row = (max(top, next_top) + min(top + tall, next_top + next_tall)) // 2 - 1  # the middle of those of both
        ends, starts = np.flatnonzero(labels[row] == one), np.flatnonzero(labels[row] == other)
        is_beside = len(ends) > 0 and len(starts) > 0 and next_left >= left + 0.5 * wide
        if is_beside and 0 < starts[0] - ends[-1] < WIDEST_WALL * pen:
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
        nearest = np.minimum(before[:, :-2], before[:, 2:]) + ASIDE
        row[:, 1:-1] += np.minimum(nearest, before[:, 1:-1])
    before = total[:-1]
    straight, left, right = before[..., 1:-1], before[..., :-2] + ASIDE, before[..., 2:] + ASIDE
    steps = np.zeros((high, count, width), np.int8)
    steps[1:] = np.where(np.minimum(left, right) < straight, np.where(left <= right, -1, 1), 0)
    return total[..., 1:-1].swapaxes(0, 1), steps.swapaxes(0, 1)


def join(members: tuple[Atom, ...]) -> tuple[np.ndarray, Box]:
    """Atoms in one picture (h, w) bool, and their box in pixels of the mask."""
    walls = members[0].wall_before, members[-1].wall_after
    everything = (*members, *(wall for wall in walls if wall))
    left, top = min(a.box[0] for a in everything), min(a.box[1] for a in everything)
    right = max(a.box[0] + a.box[2] for a in everything)
    bottom = max(a.box[1] + a.box[3] for a in everything)
    joined = np.zeros((bottom - top, right - left), bool)
    for atom in everything:
        x, y, width, height = atom.box
        joined[y - top : y - top + height, x - left : x - left + width] |= atom.ink
    return joined, (left, top, right - left, bottom - top)

"""The ink of a picture -> what in it may be a digit; and, when the model has looked at each, the digits of a number.

More pieces are cut than there are digits: patches of ink as they are, their likely parts, and neighbours together.
The model says of every piece how much it looks like a digit, and the best way through all pieces of a line is found by
dynamic programming (Fujisawa, Nakano and Kurino, "Segmentation methods for character recognition", 1992).
"""

import bisect
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.preprocess import Box, Ink, Patches, Preprocessed, Trail, box_of, fit, measure_patches, stroke_width

# All lengths are shares of the height of the line they belong to.
TALL = 0.5  # patches from this height on make lines; smaller ones belong to them
SMALL = 0.42  # pieces lower than this are no digits: dots, commas, hyphens
WIDEST = 1.3  # of a piece
CUT_FROM = 0.55  # patches narrower than this are not cut
SURE, WIDE = 4.0, 0.9  # a patch with a better score is not cut either, unless it is wider than this
CUT_APART = 0.18  # least distance of two cuts
WALL, WALL_REACH, WIDEST_WALL = 1.5, 0.6, 2.5  # of a pen's width: a wall is longer, as thick on each side, no wider
LOOP = 0.15  # least height of a loop beside such a wall
THROUGH_LOOP = 3.0  # what a way along a wall pays for leaving it, in pixels of ink
LEAST_PART = 0.45  # least height of what is cut off
COSTLIEST = 0.5  # way through a patch that is a cut, in pixels of ink met
ASIDE = 0.8  # what a step to the side costs a way through ink, in pixels of ink
REACH = 0.25  # widest gap within one digit
FARTHEST = 3.0  # gap between two digits of a line
LOWEST = 0.6  # a line lower than this share of the highest is no line of the number
STACKED = 0.12  # of the height of two patches on top of each other: widest gap that a broken stroke leaves
LONGEST_ACROSS, LONGEST_DOWN = 1.3, 1.35  # straight ink that is longer is a rule
SLENDER = 14  # times as long as wide is a rule at least
CLOSE_UP, LOOKED_AT = 45, 64  # pixels: digits lower than the first are looked at again, as high as the second
SPECK = 0.1  # of the size of the patches with half of the ink: what is smaller is a speck
MOST_PATCHES = 80  # in one picture; more are a texture
MOST_TOGETHER = 7  # atoms in a piece

# What a way through a line costs or gains, in nats, as the model's scores are.
BEST, WORST = 6.0, -8.0  # scores outside are taken for these: one sure digit must not pay for two bad ones
CUT_COST = 0.8  # of each side of a cut: most neighbours don't touch
CROSS_COST = 0.3  # of each side of a cut, for each stroke it goes through: neighbours that touch do so in one place
JOIN_COST = 1.3  # of each gap within a digit: most strokes hold together
SKIP_COST = 6.0  # of ink as large as a digit that is left out between digits
CLEAR = -1.0  # two digits at least must look more like one than this, or it is no number
WIDER = 1.0  # letters and scribbles are seldom wider than digits: what a number may be worth less for each such width
APART = 1.0  # several digits that touch all others must be worth so much more than all in one
CONVINCING = 1.0  # least score of each of them where they are together hardly wider than one digit
NARROWEST = 1.0  # width of two digits that touch, as a share of their height
FRAGMENT = 0.6  # of the width of a digit: what is narrower at the border is the end of a neighbour
A_DIGIT = 1.0  # width of ink from which on more than one digit is lost with it, as a share of the height
END_COST = 3.0  # and before or behind them, where currency signs stand


Judge = Callable[[np.ndarray], np.ndarray]
"""Digits (N, 28, 28) float32 in [0, 1] -> (N,) float: how much more each looks like a digit than not, in nats."""


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


@dataclass(frozen=True)
class Line:
    """A line of writing: its atoms from left to right and the `height` of its digits in pixels of the mask."""

    atoms: tuple[Atom, ...]
    height: float


@dataclass(frozen=True)
class Piece:
    """Ink that may be one digit: `digit` (28, 28) float32 in [0, 1], `box` in pixels of the mask, and its place
    among all digits the judge was asked about, in their order. `score` is the judge's; `worth` is what the piece adds
    to a way through its line: the score within bounds, less what its shape, gaps and cuts cost. `is_cut` where it was
    parted from other ink."""

    digit: np.ndarray
    box: Box
    asked: int
    score: float
    worth: float = 0.0
    is_cut: bool = False


def find_lines(ink: Ink) -> list[Line]:
    """The lines of writing in the ink, from the top; whether there are digits among it is not known yet."""
    if ink.why_not or ink.ready is not None:
        return []
    return _line_up(_gather(_drop_rules(ink)))


def find_closer(ink: Ink, lines: list[Line]) -> tuple[tuple[float, float, float, float], int] | None:
    """Where to look again, larger, for what is written small: the part of the picture as shares, 0 to 1, and how many
    pixels long it should be; None where digits are large enough as they are."""
    if not lines or max(line.height for line in lines) > CLOSE_UP:
        return None
    height = max(line.height for line in lines)
    _, (x, y, width, high) = join(tuple(atom for line in lines for atom in line.atoms))
    left, top = max(0, x - height), max(0, y - height)
    right, bottom = min(ink.mask.shape[1], x + width + height), min(ink.mask.shape[0], y + high + height)
    corners = [
        (left / ink.scale + ink.offset[0]) / ink.size[0],
        (top / ink.scale + ink.offset[1]) / ink.size[1],
        (right / ink.scale + ink.offset[0]) / ink.size[0],
        (bottom / ink.scale + ink.offset[1]) / ink.size[1],
    ]
    length = max(right - left, bottom - top) * LOOKED_AT / height
    return tuple(min(max(corner, 0.0), 1.0) for corner in corners), round(length)


def find_digits(lines: list[Line], judge: Judge) -> list[list[Piece]]:
    """The digits of a number, line by line from the top, in each from left to right; empty where there are none.

    The judge is asked twice at most: about patches of ink and neighbours together, then about parts of those that
    look like no digit as they are.
    """
    known: dict[tuple[Atom, ...], Piece] = {}
    _ask(lines, known, judge)
    finer = [_cut(line, known) for line in lines]
    _ask(finer, known, judge)
    ways = [(line.height, way) for line in finer if (way := _choose(line, known))]
    highest = max((height for height, _ in ways), default=0.0)
    return [way for height, way in ways if height > LOWEST * highest]


def cut_everywhere(ink: Ink) -> list[tuple[Atom, ...]]:
    """Every piece of a number that may be looked at, cut or not, however sure the judge would be."""
    lines = find_lines(ink)
    finer = [
        Line(tuple(sorted((p for a in x.atoms for p in _split(a, x.height)), key=_middle)), x.height) for x in lines
    ]
    return list(dict.fromkeys(atoms for line in (*lines, *finer) for atoms in _combine(line)))


def is_number(lines: list[list[Piece]], ink: Ink, one: Preprocessed, score: float) -> bool:
    """Whether what was found is a number, and not one digit in pieces or with its neighbours' ends beside it.

    `one` is what the picture is as one digit, and `score` the judge's for that.
    """
    if max(len(line) for line in lines) < 2:
        return False
    pieces = [piece for line in lines for piece in line]
    if sum(piece.score > CLEAR for piece in pieces) < 2:
        return False
    if one.digit is not None:
        height = max(ink.place(piece.box)[3] for piece in pieces)
        if height < LOWEST * one.box[3] and score > CLEAR:
            return False
        if all(_is_within(ink.place(piece.box), one.box) for piece in pieces):
            # An M in one piece is easily cut into two ones: what is not wide must be convincing in every part.
            _, _, width, high = one.box
            doubtful = min(piece.score for piece in pieces) < CONVINCING
            if any(piece.is_cut for piece in pieces):
                if width < NARROWEST * high or (doubtful and width < WIDEST * high):
                    return False
            elif doubtful and width < NARROWEST * high:
                return False
            alone = _bound(score) + _shape_cost(width, high, high)
            nothing = -WIDER * max(0.0, width / high - WIDEST)
            return sum(piece.worth for piece in pieces) > max(nothing, alone) + APART
    whole = [piece for piece in pieces if not _is_cut_off(piece, ink)]
    if len(whole) != 1:
        return True
    x, _, width, _ = whole[0].box
    is_central = x < ink.mask.shape[1] / 2 < x + width
    return not (is_central and all(piece is whole[0] or piece.box[2] < FRAGMENT * width for piece in pieces))


def _is_within(box: Box, other: Box) -> bool:
    """Whether a box lies in another, but for a pixel or two."""
    (x, y, width, height), (left, top, wide, high) = box, other
    slack = 2 + 0.03 * max(wide, high)
    return (
        x >= left - slack and y >= top - slack and x + width <= left + wide + slack and y + height <= top + high + slack
    )


def _is_cut_off(piece: Piece, ink: Ink) -> bool:
    """Whether a piece touches the left or right border of the picture."""
    x, _, width, _ = piece.box
    return x <= 1 or x + width >= ink.mask.shape[1] - 1


def _ask(lines: list[Line], known: dict[tuple[Atom, ...], Piece], judge: Judge) -> None:
    """Let the judge look at every piece of the lines that is not known yet, all at once."""
    new = [atoms for line in lines for atoms in _combine(line) if atoms not in known]
    if not new:
        return
    joined = [join(atoms) for atoms in new]
    digits = np.stack([fit(part, Trail()) for part, _ in joined])
    scores = judge(digits)
    asked = len(known)
    for number, (atoms, (_, box)) in enumerate(zip(new, joined, strict=True)):
        known[atoms] = Piece(digits[number], box, asked + number, float(scores[number]))


def _combine(line: Line) -> Iterator[tuple[Atom, ...]]:
    """All neighbouring atoms of a line that may make one digit."""
    for first in range(len(line.atoms)):
        for last in range(first + 1, min(first + MOST_TOGETHER, len(line.atoms)) + 1):
            atoms = line.atoms[first:last]
            if _judge_shape(atoms, line.height) is not None:
                yield atoms


def _cut(line: Line, known: dict[tuple[Atom, ...], Piece]) -> Line:
    """The line with patches that are wide and look like no digit cut into their likely parts."""
    atoms = []
    for atom in line.atoms:
        piece = known.get((atom,))
        is_digit = piece is not None and piece.score > SURE and atom.box[2] < WIDE * line.height
        atoms += [atom] if is_digit else _split(atom, line.height)
    return Line(tuple(sorted(atoms, key=_middle)), line.height)


def _choose(line: Line, known: dict[tuple[Atom, ...], Piece]) -> list[Piece]:
    """The best way through a line: every atom is part of a digit or left out, before, between or behind the digits."""
    best: list[tuple[float, list[Piece]]] = [(0.0, [])]
    for last, atom in enumerate(line.atoms, start=1):
        value, way = best[last - 1]
        ways = [(-_price_ends(line, 0, last), []), (value - SKIP_COST * _loss([atom], line.height), way)]
        for first in range(max(0, last - MOST_TOGETHER), last):
            atoms = line.atoms[first:last]
            prior = _judge_shape(atoms, line.height)
            if prior is not None:
                piece = known[atoms]
                value, way = best[first]
                is_cut = bool(atoms[0].before or atoms[-1].after)
                piece = replace(piece, worth=_bound(piece.score) + prior, is_cut=is_cut)
                ways.append((value + piece.worth, [*way, piece]))
        best.append(max(ways, key=lambda way: way[0]))
    count = len(line.atoms)
    return max(
        ((value - _price_ends(line, end, count), way) for end, (value, way) in enumerate(best)), key=lambda end: end[0]
    )[1]


def _price_ends(line: Line, first: int, last: int) -> float:
    """What it costs to take atoms before or behind the digits for none: a patch as a whole, however often it is cut,
    but each part of one that others are read from."""
    parts = Counter(atom.patch for atom in line.atoms)
    price = 0.0
    for patch, members in itertools.groupby(sorted(line.atoms[first:last], key=_patch), key=_patch):
        left_out = list(members)
        whole = len(left_out) == parts[patch]
        price += _loss(left_out, line.height) if whole else sum(_loss([atom], line.height) for atom in left_out)
    return END_COST * price


def _patch(atom: Atom) -> int:
    return atom.patch


def _middle(atom: Atom) -> float:
    return atom.box[0] + atom.box[2] / 2


def _drop_rules(ink: Ink) -> Patches:
    """The patches of the ink without underlines, boxes and the sides of cells: straight and longer than any stroke."""
    patches = ink.patches
    kept = _drop_specks(patches)
    inner = [index for index in kept if not any(_contains(patches, index, other) for other in kept)]
    if not 0 < len(kept) <= MOST_PATCHES or not inner:
        return patches
    height = _usual((patches.bottom - patches.top)[inner], patches.area[inner])
    mask = ink.mask.astype(np.uint8)
    rules = np.zeros_like(mask)
    for kernel in ((1, round(LONGEST_ACROSS * height)), (round(LONGEST_DOWN * height), 1)):
        if kernel[0] < mask.shape[0] and kernel[1] < mask.shape[1]:
            found = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(kernel, np.uint8))
            if cv2.countNonZero(found):
                rules |= cv2.dilate(_keep_slender(found), np.ones((3, 3), np.uint8))
    if not rules.any():
        return patches
    left = mask & ~rules & 1
    # A stroke that crossed a rule is mended: what lies between two ends of ink stays.
    gap = max(5, round(0.15 * height)) | 1
    left |= cv2.morphologyEx(left, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap))) & rules
    return measure_patches(left > 0, ink.contrast)


def _keep_slender(found: np.ndarray) -> np.ndarray:
    """Of the patches of a mask (H, W) uint8 those that are much longer than wide: the side of a large ring is not."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    is_slender = sides.max(1) > SLENDER * sides.min(1)
    is_slender[0] = False
    return is_slender[labels].astype(np.uint8)


def _drop_specks(patches: Patches) -> list[int]:
    """Patches that count: not tiny, and not much fainter than the others."""
    if not len(patches.area):
        return []
    darkness = patches.strength / patches.area
    usual = float(np.average(darkness, weights=patches.area))
    size = np.maximum(patches.right - patches.left, patches.bottom - patches.top)
    least = max(3.0, SPECK * _usual(size, patches.area))
    counts = (darkness > 0.5 * usual) & (size > least) & (patches.area > 4)
    return [int(index) for index in np.flatnonzero(counts)]


def _usual(values: np.ndarray, areas: np.ndarray) -> float:
    """What half of all ink reaches: values (N,) of patches and their areas (N,) in pixels."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(areas[order].cumsum(), 0.5 * areas.sum())])


def _contains(patches: Patches, index: int, other: int) -> bool:
    """Whether the middle of another patch lies in the box of a patch that is larger."""
    x, y = (patches.left[other] + patches.right[other]) / 2, (patches.top[other] + patches.bottom[other]) / 2
    is_larger = patches.bottom[index] - patches.top[index] > patches.bottom[other] - patches.top[other]
    is_inside = patches.left[index] < x < patches.right[index] and patches.top[index] < y < patches.bottom[index]
    return bool(index != other and is_larger and is_inside)


def _gather(patches: Patches) -> list[Atom]:
    """Patches as atoms; those that lie closely on top of each other, as the pieces of a broken digit do, as one."""
    kept = _drop_specks(patches)
    if len(kept) > MOST_PATCHES:
        return []
    group = {index: index for index in kept}
    for at, one in enumerate(kept):
        for other in kept[at + 1 :]:
            if _is_stacked(patches, one, other):
                old, new = group[other], group[one]
                group = {key: new if value == old else value for key, value in group.items()}
    atoms = []
    for number in dict.fromkeys(group.values()):
        members = [index for index in kept if group[index] == number]
        left, top = int(patches.left[members].min()), int(patches.top[members].min())
        right, bottom = int(patches.right[members].max()), int(patches.bottom[members].max())
        ink = np.isin(patches.labels[top:bottom, left:right], np.array(members) + 1)
        atoms.append(Atom(ink, (left, top, right - left, bottom - top), number))
    return atoms


def _is_stacked(patches: Patches, one: int, other: int) -> bool:
    """Whether one of two patches lies on top of the other, hardly any paper between them."""
    across = min(patches.right[one], patches.right[other]) - max(patches.left[one], patches.left[other])
    widths = patches.right[one] - patches.left[one], patches.right[other] - patches.left[other]
    gap = max(patches.top[one], patches.top[other]) - min(patches.bottom[one], patches.bottom[other])
    whole = max(patches.bottom[one], patches.bottom[other]) - min(patches.top[one], patches.top[other])
    # A flat piece wider than a digit is what is left of a rule.
    is_rule = any(
        patches.right[index] - patches.left[index] > WIDEST * whole
        and patches.bottom[index] - patches.top[index] < 0.3 * whole
        for index in (one, other)
    )
    return bool(across > 0.5 * min(widths) and gap < STACKED * whole and not is_rule)


def _line_up(atoms: list[Atom]) -> list[Line]:
    """The lines of writing that atoms make, from the top."""
    if not atoms:
        return []
    usual = _usual(np.array([atom.box[3] for atom in atoms]), np.array([atom.ink.sum() for atom in atoms]))
    tall = [atom for atom in atoms if atom.box[3] >= TALL * usual]
    line_of = {atom: number for number, atom in enumerate(tall)}
    for atom in tall:
        beside = [
            other
            for other in tall
            if other.box[0] > atom.box[0]
            and _overlap(atom, other) > 0.4 * min(atom.box[3], other.box[3])
            and _distance(atom, other) < FARTHEST * usual
        ]
        if beside:
            old, new = line_of[min(beside, key=lambda other: other.box[0])], line_of[atom]
            line_of = {key: new if value == old else value for key, value in line_of.items()}
    members = [[atom for atom in tall if line_of[atom] == number] for number in dict.fromkeys(line_of.values())]
    heights = [float(np.median([atom.box[3] for atom in line])) for line in members]
    for atom in atoms:
        if atom not in line_of:
            distance, at = min((min(_distance(atom, other) for other in line), at) for at, line in enumerate(members))
            if distance < 0.6 * heights[at]:
                members[at].append(atom)
    lines = [Line(tuple(sorted(line, key=_middle)), high) for line, high in zip(members, heights, strict=True)]
    return sorted(lines, key=lambda line: np.mean([atom.box[1] + atom.box[3] / 2 for atom in line.atoms]))


def _overlap(one: Atom, other: Atom) -> int:
    """Pixels of height that two atoms share."""
    return min(one.box[1] + one.box[3], other.box[1] + other.box[3]) - max(one.box[1], other.box[1])


def _distance(one: Atom, other: Atom) -> float:
    """Pixels from one atom to another, box to box."""
    across = max(other.box[0] - one.box[0] - one.box[2], one.box[0] - other.box[0] - other.box[2], 0)
    return float(np.hypot(across, max(-_overlap(one, other), 0)))


def _split(atom: Atom, height: float) -> list[Atom]:
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


def _loss(atoms: Sequence[Atom], height: float) -> float:
    """How many digits are lost with atoms: next to nothing with a speck, 1 with what is as large as a digit, more with
    what is wider than that."""
    tall = max(atom.box[1] + atom.box[3] for atom in atoms) - min(atom.box[1] for atom in atoms)
    wide = max(atom.box[0] + atom.box[2] for atom in atoms) - min(atom.box[0] for atom in atoms)
    return float(np.clip((tall / height - 0.2) / 0.5, 0.05, 1.0)) * max(1.0, wide / (A_DIGIT * height))


def _judge_shape(atoms: tuple[Atom, ...], height: float) -> float | None:
    """What shape and gaps say about a piece, in nats, or None where it can't be a digit."""
    x, y = min(a.box[0] for a in atoms), min(a.box[1] for a in atoms)
    width = max(a.box[0] + a.box[2] for a in atoms) - x
    high = max(a.box[1] + a.box[3] for a in atoms) - y
    if high < SMALL * height or (len({a.patch for a in atoms}) > 1 and width > WIDEST * height):
        return None
    prior = _shape_cost(width, high, height)
    for one, other in itertools.pairwise(atoms):
        if one.patch != other.patch:
            gap = max(other.box[0] - one.box[0] - one.box[2], 0)
            if gap > REACH * height:
                return None
            prior -= JOIN_COST * (1 + 4 * gap / height)
    parts = {(atom.patch, atom.part) for atom in atoms}
    for atom in atoms:
        for side, crossed in ((-1, atom.before), (1, atom.after)):
            if crossed and (atom.patch, atom.part + side) not in parts:
                prior -= CUT_COST + CROSS_COST * crossed
    return prior


def _bound(score: float) -> float:
    return min(max(score, WORST), BEST)


def _shape_cost(width: float, high: float, height: float) -> float:
    """What is to be taken off for a piece wider than digits are, or lower than its line: 0 or less, in nats."""
    return -8 * max(0.0, width / height - 1.1) - 8 * max(0.0, 0.6 - high / height)


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

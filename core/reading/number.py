"""The ink of a picture -> what in it may be a digit; and, when the model has looked at each, the digits of a number.

More pieces are cut than there are digits: patches of ink as they are, their likely parts, and neighbours together.
The model says of every piece how much it looks like a digit, and the best way through all pieces of a line is found by
dynamic programming (Fujisawa, Nakano and Kurino, "Segmentation methods for character recognition", 1992).
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.reading.cuts import TALL, Atom, join, split
from core.reading.ink import Ink, Patches, measure_patches
from core.reading.mnist_form import Box, Trail, fit
from core.reading.one_digit import Preprocessed

# All lengths are shares of the height of the line they belong to.
SMALL = 0.42  # pieces lower than this are no digits: dots, commas, hyphens
WIDEST = 1.3  # of a piece
SURE, WIDE = 4.0, 0.9  # a patch with a better score is not cut either, unless it is wider than this
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
        Line(tuple(sorted((p for a in x.atoms for p in split(a, x.height)), key=_middle)), x.height) for x in lines
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
        atoms += [atom] if is_digit else split(atom, line.height)
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

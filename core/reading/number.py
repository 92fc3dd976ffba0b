"""Finds the digits of a number: candidates are cut from the ink, the model scores them, the best path is read.

More candidates are cut than there are digits: patches of ink as they are, their likely parts, and neighbours together.
The model says of every candidate how much it looks like a digit, and the best way through all candidates of a line is
found by dynamic programming (Fujisawa, Nakano and Kurino, "Segmentation methods for character recognition", 1992).
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.network.prediction import Prediction
from core.reading.cuts import Primitive, join, split
from core.reading.ink import Crop, Ink, MnistImage, NoInk, Patches, measure_patches, weighted_median
from core.reading.left_out import NOTHING, LeftOut, sort_out
from core.reading.mnist_form import Box, Trail, fit, gap_between, stroke_width
from core.reading.settings import INK, NUMBER

AskModel = Callable[[np.ndarray], Sequence[Prediction]]
"""The model: images (N, 28, 28) float32 in [0, 1] -> its answer about each."""


@dataclass(frozen=True)
class Line:
    """A line of writing: its primitives from left to right and the `height` of its digits in pixels of the mask."""

    primitives: tuple[Primitive, ...]
    height: float


@dataclass(frozen=True)
class Candidate:
    """Ink that may be one digit: `image` (28, 28) float32 in [0, 1], `box` in pixels of the mask, the `ink` (h, w) bool
    in it, and what the model says of it."""

    image: np.ndarray
    box: Box
    ink: np.ndarray
    prediction: Prediction

    @property
    def log_odds(self) -> float:
        """How much more it looks like one whole digit than not, in nats."""
        return self.prediction.score


@dataclass(frozen=True)
class NumberDigit(Candidate):
    """A candidate on the best way through its line. `path_score` is what it adds to that, in nats: its log-odds within
    bounds, less what its shape, gaps and cuts cost. `is_cut` where it was parted from other ink."""

    path_score: float
    is_cut: bool


Known = dict[tuple[Primitive, ...], Candidate]
"""The candidates that the model has looked at."""


def find_lines(ink: Ink | NoInk | MnistImage) -> list[Line]:
    """The lines of writing in the ink, from the top; whether there are digits among it is not known yet."""
    return _line_up(_gather(_drop_rules(ink))) if isinstance(ink, Ink) else []


def find_closer(ink: Ink, lines: list[Line]) -> tuple[Crop, int] | None:
    """Where to look again, larger, for what is written small: the part of the picture as shares, 0 to 1, and how many
    pixels long it should be; None where digits are large enough as they are."""
    if not lines or max(line.height for line in lines) > NUMBER.close_up:
        return None
    height = max(line.height for line in lines)
    _, (x, y, width, high) = join(tuple(one for line in lines for one in line.primitives))
    left, top = max(0, x - height), max(0, y - height)
    right, bottom = min(ink.mask.shape[1], x + width + height), min(ink.mask.shape[0], y + high + height)

    def across(pixels: float) -> float:
        return min(max((pixels / ink.scale + ink.offset[0]) / ink.size[0], 0.0), 1.0)

    def down(pixels: float) -> float:
        return min(max((pixels / ink.scale + ink.offset[1]) / ink.size[1], 0.0), 1.0)

    length = max(right - left, bottom - top) * NUMBER.looked_at / height
    return (across(left), down(top), across(right), down(bottom)), round(length)


def find_digits(lines: list[Line], ask_model: AskModel) -> list[list[NumberDigit]]:
    """The digits of a number, line by line from the top, in each from left to right; empty where there are none.

    The model is asked twice at most: about patches of ink and neighbours together, then about parts of those that
    look like no digit as they are.
    """
    known: Known = {}
    _ask(lines, known, ask_model)
    finer = [_cut(line, known) for line in lines]
    _ask(finer, known, ask_model)
    ways = [(line.height, way) for line in finer if (way := _choose(line, known))]
    highest = max((height for height, _ in ways), default=0.0)
    return [way for height, way in ways if height > NUMBER.lowest_line * highest]


def cut_everywhere(ink: Ink) -> list[tuple[Primitive, ...]]:
    """Every candidate of a number, cut or not, however sure the model would be."""
    lines = find_lines(ink)
    finer = [_in_order((part for one in line.primitives for part in split(one, line.height)), line) for line in lines]
    return list(dict.fromkeys(members for line in (*lines, *finer) for members in _combine(line)))


def find_left_out(ink: Ink, lines: list[list[NumberDigit]], slashes: list[list[NumberDigit]]) -> LeftOut:
    """What of the ink is part of none of the digits, in pixels of the mask; rules and what the border cuts off narrowly
    are no writing of this number. The `slashes` of each line are signs that are known already."""
    rest = ink.mask.copy()
    for line in (*lines, *slashes):
        for digit in line:
            x, y, width, height = digit.box
            rest[y : y + height, x : x + width] &= ~digit.ink
    if not rest.any():
        return NOTHING
    read = ink.mask & ~rest
    patches = measure_patches(rest & (_drop_rules(ink).labels > 0), ink.strength)
    darkness = float(ink.strength[read].mean())
    boxes = [
        patches.box(index)
        for index in range(len(patches.area))
        if patches.mean_strength(index) > INK.faintest_part * darkness and not patches.at_border[index]
    ]
    return sort_out(boxes, [[digit.box for digit in line] for line in lines], stroke_width(read))


def is_number(lines: list[list[NumberDigit]], ink: Ink, alone: Box | None, log_odds: float) -> bool:
    """Whether what was found is a number, and not one digit in parts or with its neighbours' ends beside it.

    `alone` is the box of the one digit that the picture may also be, in pixels of the upright original, None where it
    is none; `log_odds` are the model's for that one, in nats.
    """
    digits = [digit for line in lines for digit in line]
    if max(len(line) for line in lines) < 2:
        return _is_column(digits, ink, alone)
    if sum(digit.log_odds > NUMBER.clear for digit in digits) < 2:
        return False
    if alone is not None:
        height = max(ink.place(digit.box)[3] for digit in digits)
        if height < NUMBER.lowest_line * alone[3] and log_odds > NUMBER.clear:
            return False
        if all(_is_within(ink.place(digit.box), alone) for digit in digits):
            return _is_better_apart(digits, alone, log_odds)
    return not _is_one_with_neighbours(digits, ink)


def _is_column(digits: list[NumberDigit], ink: Ink, alone: Box | None) -> bool:
    """Whether digits below each other, one a line, are numbers of one digit: each whole and clear, and not the parts of
    the one digit that the picture may also be."""
    if len(digits) < 2 or any(digit.log_odds < NUMBER.clear for digit in digits):
        return False
    ends = [(digit.box[1], digit.box[1] + digit.box[3]) for digit in digits]
    is_whole = all(top > 1 and bottom < ink.mask.shape[0] - 1 for top, bottom in ends)
    return is_whole and not (alone and all(_is_within(ink.place(digit.box), alone) for digit in digits))


def _is_better_apart(digits: list[NumberDigit], box: Box, log_odds: float) -> bool:
    """Whether the ink in a box is more likely several digits than one, of which `log_odds` speak, in nats."""
    _, _, width, high = box
    is_doubtful = min(digit.log_odds for digit in digits) < NUMBER.convincing
    is_cut = any(digit.is_cut for digit in digits)
    # An M in one piece is easily cut into two ones: what is not wide must be convincing in every part.
    if width < NUMBER.narrowest * high and (is_cut or is_doubtful):
        return False
    if width < NUMBER.widest * high and is_cut and is_doubtful:
        return False
    alone = _bound(log_odds) + _shape_cost(width, high, high)
    nothing = -NUMBER.wider * max(0.0, width / high - NUMBER.widest)
    return sum(digit.path_score for digit in digits) > max(nothing, alone) + NUMBER.apart


def _is_one_with_neighbours(digits: list[NumberDigit], ink: Ink) -> bool:
    """Whether only one digit is whole, in the middle, and the others are narrow ends at the borders of the picture."""
    whole = [digit for digit in digits if not _is_cut_off(digit, ink)]
    if len(whole) != 1:
        return False
    x, _, width, _ = whole[0].box
    is_central = x < ink.mask.shape[1] / 2 < x + width
    return is_central and all(digit is whole[0] or digit.box[2] < NUMBER.fragment * width for digit in digits)


def _is_within(box: Box, other: Box) -> bool:
    """Whether a box lies in another, give or take a pixel or two."""
    (x, y, width, height), (left, top, wide, high) = box, other
    slack = 2 + 0.03 * max(wide, high)
    return (
        x >= left - slack and y >= top - slack and x + width <= left + wide + slack and y + height <= top + high + slack
    )


def _is_cut_off(candidate: Candidate, ink: Ink) -> bool:
    """Whether a candidate touches the left or right border of the picture."""
    x, _, width, _ = candidate.box
    return x <= 1 or x + width >= ink.mask.shape[1] - 1


def _ask(lines: list[Line], known: Known, ask_model: AskModel) -> None:
    """Ask the model about every candidate of the lines that is not known yet, in one batch."""
    new = [members for line in lines for members in _combine(line) if members not in known]
    if not new:
        return
    joined = [join(members) for members in new]
    images = np.stack([fit(ink, Trail()) for ink, _ in joined])
    for members, image, (ink, box), prediction in zip(new, images, joined, ask_model(images), strict=True):
        known[members] = Candidate(image, box, ink, prediction)


def _combine(line: Line) -> Iterator[tuple[Primitive, ...]]:
    """All neighbouring primitives of a line that may make one digit."""
    for first in range(len(line.primitives)):
        for last in range(first + 1, min(first + NUMBER.most_together, len(line.primitives)) + 1):
            members = line.primitives[first:last]
            if _judge_shape(members, line.height) is not None:
                yield members


def _cut(line: Line, known: Known) -> Line:
    """The line with patches that are wide and look like no digit cut into their likely parts."""
    parts: list[Primitive] = []
    for one in line.primitives:
        candidate = known.get((one,))
        is_sure = candidate is not None and candidate.log_odds > NUMBER.sure
        parts += [one] if is_sure and one.box[2] < NUMBER.wide * line.height else split(one, line.height)
    return _in_order(parts, line)


def _in_order(primitives: Iterable[Primitive], line: Line) -> Line:
    """A line of these primitives from left to right, with the height of another line."""
    return Line(tuple(sorted(primitives, key=_middle)), line.height)


def _choose(line: Line, known: Known) -> list[NumberDigit]:
    """The best way through a line: every primitive is part of a digit or left out, before, between or behind the
    digits."""
    best: list[tuple[float, list[NumberDigit]]] = [(0.0, [])]
    for last, one in enumerate(line.primitives, start=1):
        value, way = best[last - 1]
        ways: list[tuple[float, list[NumberDigit]]] = [
            (-_price_ends(line, 0, last), []),
            (value - NUMBER.skip_cost * _loss([one], line.height), way),
        ]
        for first in range(max(0, last - NUMBER.most_together), last):
            members = line.primitives[first:last]
            prior = _judge_shape(members, line.height)
            if prior is not None:
                candidate = known[members]
                score, is_cut = _bound(candidate.log_odds) + prior, bool(members[0].before or members[-1].after)
                digit = NumberDigit(candidate.image, candidate.box, candidate.ink, candidate.prediction, score, is_cut)
                value, way = best[first]
                ways.append((value + score, [*way, digit]))
        best.append(max(ways, key=lambda way: way[0]))
    count = len(line.primitives)
    return max(
        ((value - _price_ends(line, end, count), way) for end, (value, way) in enumerate(best)), key=lambda end: end[0]
    )[1]


def _price_ends(line: Line, first: int, last: int) -> float:
    """The cost of leaving out primitives before or behind the digits: a patch as a whole, however often it is
    cut, but each part of one that others are read from."""
    parts = Counter(one.patch for one in line.primitives)
    price = 0.0
    for patch, members in itertools.groupby(sorted(line.primitives[first:last], key=_patch), key=_patch):
        left_out = list(members)
        whole = len(left_out) == parts[patch]
        price += _loss(left_out, line.height) if whole else sum(_loss([one], line.height) for one in left_out)
    return NUMBER.end_cost * price


def _patch(primitive: Primitive) -> int:
    return primitive.patch


def _middle(primitive: Primitive) -> float:
    return primitive.box[0] + primitive.box[2] / 2


def _drop_rules(ink: Ink) -> Patches:
    """The patches of the ink without underlines, boxes and the sides of cells: straight and longer than any stroke."""
    patches = ink.patches
    kept = _drop_specks(patches)
    inner = [index for index in kept if not any(_contains(patches, index, other) for other in kept)]
    if not 0 < len(kept) <= NUMBER.most_patches or not inner:
        return patches
    height = weighted_median((patches.bottom - patches.top)[inner], patches.area[inner])
    mask = ink.mask.astype(np.uint8)
    rules = np.zeros_like(mask)
    for kernel in ((1, round(NUMBER.longest_across * height)), (round(NUMBER.longest_down * height), 1)):
        if kernel[0] < mask.shape[0] and kernel[1] < mask.shape[1]:
            found = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(kernel, np.uint8))
            if cv2.countNonZero(found):
                rules |= cv2.dilate(_keep_slender(found), np.ones((3, 3), np.uint8)) > 0
    if not rules.any():
        return patches
    left = mask & ~rules & 1
    # A stroke that crossed a rule is mended: what lies between two ends of ink stays.
    gap = max(5, round(0.15 * height)) | 1
    closed = cv2.morphologyEx(left, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    left |= (closed > 0) & rules
    return measure_patches(left > 0, ink.strength)


def _keep_slender(found: np.ndarray) -> np.ndarray:
    """Of the patches of a mask (H, W) uint8 those that are much longer than wide: the side of a large ring is not."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    is_slender = (sides.max(1) > NUMBER.slender * sides.min(1)).astype(np.uint8)
    is_slender[0] = 0
    slender: np.ndarray = is_slender[labels]
    return slender


def _drop_specks(patches: Patches) -> list[int]:
    """Patches that count: not tiny, and not much fainter than the others."""
    if not len(patches.area):
        return []
    darkness = patches.strength / patches.area
    usual = float(np.average(darkness, weights=patches.area))
    size = np.maximum(patches.right - patches.left, patches.bottom - patches.top)
    least = max(3.0, NUMBER.speck * weighted_median(size, patches.area))
    counts = (darkness > 0.5 * usual) & (size > least) & (patches.area > 4)
    return [int(index) for index in np.flatnonzero(counts)]


def _contains(patches: Patches, index: int, other: int) -> bool:
    """Whether the middle of another patch lies in the box of a patch that is larger."""
    x, y = (patches.left[other] + patches.right[other]) / 2, (patches.top[other] + patches.bottom[other]) / 2
    is_larger = patches.bottom[index] - patches.top[index] > patches.bottom[other] - patches.top[other]
    is_inside = patches.left[index] < x < patches.right[index] and patches.top[index] < y < patches.bottom[index]
    return bool(index != other and is_larger and is_inside)


def _gather(patches: Patches) -> list[Primitive]:
    """Patches as primitives; those that lie closely on top of each other, as the parts of a broken digit do, as one."""
    kept = _drop_specks(patches)
    if len(kept) > NUMBER.most_patches:
        return []
    group = {index: index for index in kept}
    for at, one in enumerate(kept):
        for other in kept[at + 1 :]:
            if _is_stacked(patches, one, other):
                old, new = group[other], group[one]
                group = {key: new if value == old else value for key, value in group.items()}
    primitives = []
    for number in dict.fromkeys(group.values()):
        members = [index for index in kept if group[index] == number]
        left, top = int(patches.left[members].min()), int(patches.top[members].min())
        right, bottom = int(patches.right[members].max()), int(patches.bottom[members].max())
        ink = np.isin(patches.labels[top:bottom, left:right], np.array(members) + 1)
        primitives.append(Primitive(ink, (left, top, right - left, bottom - top), number))
    return primitives


def _is_stacked(patches: Patches, one: int, other: int) -> bool:
    """Whether one of two patches lies on top of the other, hardly any paper between them."""
    across = min(patches.right[one], patches.right[other]) - max(patches.left[one], patches.left[other])
    widths = patches.right[one] - patches.left[one], patches.right[other] - patches.left[other]
    gap = max(patches.top[one], patches.top[other]) - min(patches.bottom[one], patches.bottom[other])
    whole = max(patches.bottom[one], patches.bottom[other]) - min(patches.top[one], patches.top[other])
    # A flat part wider than a digit is what is left of a rule.
    is_rule = any(
        patches.right[index] - patches.left[index] > NUMBER.widest * whole
        and patches.bottom[index] - patches.top[index] < 0.3 * whole
        for index in (one, other)
    )
    return bool(across > 0.5 * min(widths) and gap < NUMBER.stacked * whole and not is_rule)


def _line_up(primitives: list[Primitive]) -> list[Line]:
    """The lines of writing that primitives make, from the top."""
    if not primitives:
        return []
    heights, areas = np.array([one.box[3] for one in primitives]), np.array([one.ink.sum() for one in primitives])
    usual = weighted_median(heights, areas)
    members = _link([one for one in primitives if one.box[3] >= NUMBER.tall * usual], usual)
    heights_of_lines = [float(np.median([one.box[3] for one in line])) for line in members]
    for one in primitives:
        if one.box[3] < NUMBER.tall * usual:
            distance, at = min(
                (min(gap_between(one.box, other.box) for other in line), at) for at, line in enumerate(members)
            )
            if distance < 0.6 * heights_of_lines[at]:
                members[at].append(one)
    lines = [Line(tuple(sorted(line, key=_middle)), high) for line, high in zip(members, heights_of_lines, strict=True)]
    return sorted(lines, key=lambda line: np.mean([one.box[1] + one.box[3] / 2 for one in line.primitives]))


def _link(tall: list[Primitive], usual: float) -> list[list[Primitive]]:
    """Primitives as high as digits, `usual` pixels, in lines: each belongs to that of its nearest neighbour on the
    right."""
    line_of = {one: number for number, one in enumerate(tall)}
    for one in tall:
        beside = [
            other
            for other in tall
            if other.box[0] > one.box[0]
            and _overlap(one, other) > 0.4 * min(one.box[3], other.box[3])
            and gap_between(one.box, other.box) < NUMBER.farthest * usual
        ]
        if beside:
            old, new = line_of[min(beside, key=lambda other: other.box[0])], line_of[one]
            line_of = {key: new if value == old else value for key, value in line_of.items()}
    return [[one for one in tall if line_of[one] == number] for number in dict.fromkeys(line_of.values())]


def _overlap(one: Primitive, other: Primitive) -> int:
    """Pixels of height that two primitives share."""
    return min(one.box[1] + one.box[3], other.box[1] + other.box[3]) - max(one.box[1], other.box[1])


def _loss(primitives: Sequence[Primitive], height: float) -> float:
    """How many digits are lost when primitives are left out: next to none for a speck, 1 for ink as large as a digit,
    more for wider ink."""
    _, _, wide, tall = _box_around(primitives)
    lost = float(np.clip((tall / height - 0.2) / 0.5, 0.05, 1.0))
    return lost * max(1.0, wide / (NUMBER.lost_width * height))


def _box_around(primitives: Sequence[Primitive]) -> Box:
    left, top = min(one.box[0] for one in primitives), min(one.box[1] for one in primitives)
    right = max(one.box[0] + one.box[2] for one in primitives)
    return left, top, right - left, max(one.box[1] + one.box[3] for one in primitives) - top


def _judge_shape(primitives: tuple[Primitive, ...], height: float) -> float | None:
    """What shape and gaps say about a candidate, in nats, or None where it can't be a digit."""
    _, _, width, high = _box_around(primitives)
    is_joined = len({one.patch for one in primitives}) > 1
    if high < NUMBER.lowest_digit * height or (is_joined and width > NUMBER.widest * height):
        return None
    prior = _shape_cost(width, high, height)
    for one, other in itertools.pairwise(primitives):
        if one.patch != other.patch:
            gap = max(other.box[0] - one.box[0] - one.box[2], 0)
            if gap > NUMBER.reach * height:
                return None
            prior -= NUMBER.join_cost * (1 + NUMBER.join_growth * gap / height)
    parts = {(one.patch, one.part) for one in primitives}
    for one in primitives:
        for side, crossed in ((-1, one.before), (1, one.after)):
            if crossed and (one.patch, one.part + side) not in parts:
                prior -= NUMBER.cut_cost + NUMBER.cross_cost * crossed
    return prior


def _bound(log_odds: float) -> float:
    return min(max(log_odds, NUMBER.worst), NUMBER.best)


def _shape_cost(width: float, high: float, height: float) -> float:
    """The penalty for a candidate wider than digits are, or lower than its line: 0 or less, in nats."""
    too_wide = max(0.0, width / height - NUMBER.usual_width)
    return -NUMBER.width_cost * too_wide - NUMBER.height_cost * max(0.0, NUMBER.usual_height - high / height)

"""What an answer leaves out of the ink: shapes as large as a digit, and signs such as dots, dashes and slashes.

Everything is measured by the digits that were read, their height and their pen: what is small beside a tall digit may
be one itself beside a small one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.reading.mnist_form import Box, gap_between
from core.reading.settings import NUMBER


@dataclass(frozen=True)
class Sign:
    """A sign that was left out: its `name` ("dot", "comma", "colon", "dash", "minus", "slash" or "mark"), the `box` of
    its ink and how many of the digits, in reading order, stand before it; `is_first` where it begins a line."""

    name: str
    box: Box
    after: int
    is_first: bool = False

    @property
    def text(self) -> str:
        """How it is written in a number, "." for example; empty where it isn't known which sign it is."""
        return {"dot": ".", "comma": ",", "colon": ":", "dash": "-", "minus": "-", "slash": "/"}.get(self.name, "")


@dataclass(frozen=True)
class LeftOut:
    """The boxes of `shapes` as large as a digit and the `signs`, none of which the answer speaks for."""

    shapes: tuple[Box, ...] = ()
    signs: tuple[Sign, ...] = ()

    def placed(self, place: Callable[[Box], Box]) -> "LeftOut":
        """The same with boxes somewhere else: `place` turns one box into another."""
        return LeftOut(
            tuple(place(box) for box in self.shapes), tuple(replace(sign, box=place(sign.box)) for sign in self.signs)
        )


NOTHING = LeftOut()


def sort_out(rest: Sequence[Box], lines: Sequence[Sequence[Box]], pen: float) -> LeftOut:
    """Sort ink that is no part of an answer into shapes, signs and specks, which count for nothing.

    `rest` are the boxes of that ink and `lines` those of the digits that were read, line by line from the top, in each
    from left to right; `pen` is the mean width of their strokes. All in pixels of the same picture.
    """
    shapes, signs, first = [], [], [0, *np.cumsum([len(line) for line in lines])]
    for box in rest:
        number = min(range(len(lines)), key=lambda at: min(gap_between(box, digit) for digit in lines[at]))
        line = lines[number]
        height = float(np.median([max(digit[2:]) if len(line) == 1 else digit[3] for digit in line]))
        if box[3] >= NUMBER.lowest_digit * height:
            shapes.append(box)
        elif min(box[2:]) + 1 >= pen and min(gap_between(box, digit) for digit in line) < height:  # 1: a pixel's edges
            middle = box[0] + box[2] / 2
            before = sum(digit[0] + digit[2] / 2 < middle for digit in line)
            beside = line[max(0, before - 1) : before + 1]
            name = _name(box, beside, height, pen)
            signs.append(
                Sign("minus" if name == "dash" and not before else name, box, int(first[number]) + before, not before)
            )
    return LeftOut(tuple(shapes), tuple(_join_colons(signs)))


def _name(box: Box, beside: Sequence[Box], height: float, pen: float) -> str:
    """What a sign is by its shape and by how high it stands between its neighbours."""
    _, y, wide, high = box
    top = float(np.mean([digit[1] for digit in beside]))
    middle = (y + high / 2 - top) / height  # 0 at the top of the digits, 1 at their foot
    if wide > 2 * high and middle < 1:
        return "dash"
    if high > wide and y + high > top + height + pen / 2:
        return "comma"
    return "dot" if max(wide, high) <= 2.5 * pen else "mark"


def _join_colons(signs: list[Sign]) -> list[Sign]:
    """Two dots on top of each other as one colon."""
    joined: list[Sign] = []
    for sign in sorted(signs, key=lambda one: (one.after, one.box[0])):
        before = joined[-1] if joined else None
        if (
            before
            and before.after == sign.after
            and before.name == sign.name == "dot"
            and abs(before.box[0] - sign.box[0]) < max(before.box[2], sign.box[2])
        ):
            joined[-1] = replace(sign, name="colon", box=_around(before.box, sign.box))
        else:
            joined.append(sign)
    return joined


def _around(one: Box, other: Box) -> Box:
    left, top = min(one[0], other[0]), min(one[1], other[1])
    right, bottom = max(one[0] + one[2], other[0] + other[2]), max(one[1] + one[3], other[1] + other[3])
    return left, top, right - left, bottom - top

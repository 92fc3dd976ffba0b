"""Looks at a picture with the ink network: at all of it, small, and then closer at what it found there.

Every look is a hypothesis of where the ink is, beside what stands out by its contrast alone (ink.py). Which of them is
right, the model that reads digits says (reader.py).
"""

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from core.reading import ink_network
from core.reading.ink import GIVEN, Crop, Ink, cut, measure_patches, weighted_median
from core.reading.mnist_form import Box, Trail
from core.reading.picture import Picture
from core.reading.settings import LOOK


@dataclass(frozen=True, eq=False)
class Looks:
    """Ways to see a picture, each made when it is first asked for.

    `polarity` is one of `POLARITIES`; of the others than "auto" only ink that is darker, or lighter, than what is
    around it counts. `crop` takes a part of the picture, all of it when None. Where the network is not `asked`, or its
    file is missing or damaged, nothing is seen.
    """

    picture: Picture
    polarity: str = "auto"
    crop: Crop | None = None
    asked: bool = True

    @functools.cached_property
    def usual(self) -> Ink | None:
        """The ink of the whole picture at the size that shows most; None where there is none."""
        return self._as_ink(self._far)

    @functools.cached_property
    def others(self) -> dict[str, Ink]:
        """Other hypotheses by name: closer, and from so far that a marker's stroke is a line."""
        if self._far is None:
            return {}
        inks = {"closer": self.closer, "smaller": self._as_ink(self._see_whole(LOOK.broadest))}
        return {name: ink for name, ink in inks.items() if ink is not None}

    @functools.cached_property
    def closer(self) -> Ink | None:
        """The ink seen closer, as large as a number needs; None where there is none."""
        return self._as_ink(self._closer, after=self._far)

    def shows_ink(self, box: Box) -> bool:
        """Whether any of the ink of a look lies in a box (x, y, width, height in pixels of the upright original); yes
        where the network wasn't asked."""
        if self._network is None or (self.usual and _overlaps(self.usual, box)):
            return True
        return any(_overlaps(ink, box) for ink in self.others.values())

    @functools.cached_property
    def _network(self) -> ink_network.InkNetwork | None:
        return load_network() if self.asked else None

    @functools.cached_property
    def _part(self) -> tuple[np.ndarray, tuple[int, int]]:
        return cut(self.picture.colours, self.crop)

    @functools.cached_property
    def _far(self) -> "_View | None":
        """All of the picture; what is written very small shows only where it is larger."""
        views = (self._see_whole(side) for side in (LOOK.usual, LOOK.finest))
        return next((view for view in views if view is not None and view.extent is not None), None)

    @functools.cached_property
    def _closer(self) -> "_View | None":
        """The part around the ink, in which most of it is as high as the network sees best."""
        far, network = self._far, self._network
        if far is None or far.extent is None or network is None:
            return None
        colours = self._part[0]
        (x, y, wide, high), height = far.extent
        margin = LOOK.margin * height
        left, top, right, bottom = (
            round(value / far.scale)
            for value in (max(0, x - margin), max(0, y - margin), x + wide + margin, y + high + margin)
        )
        # In a picture of a few pixels, much enlarged, the ink may be less than one of them.
        left, top = min(left, colours.shape[1] - 1), min(top, colours.shape[0] - 1)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        part = colours[top:bottom, left:right]
        known = cv2.resize(far.likely, colours.shape[1::-1], interpolation=cv2.INTER_LINEAR)[top:bottom, left:right]
        scale = min(LOOK.looked_at * far.scale / height, math.sqrt(LOOK.most_pixels / part[..., 0].size))
        side = max(1, round(scale * max(part.shape[:2])))
        likely = ink_network.find(network, ink_network.shrink(part, side), known)
        note = "The same network, closer, around what it found."
        return _View("Ink, closer", note, likely, (left, top), side / max(part.shape[:2]))

    def _see_whole(self, side: int) -> "_View | None":
        """All of the picture, its longer side `side` pixels long."""
        network, colours = self._network, self._part[0]
        if network is None:
            return None
        likely = ink_network.find(network, ink_network.shrink(colours, side))
        note = f"What a small network takes for a pen's strokes, in all of the picture at {side} pixels."
        return _View(f"Ink at {side} pixels", note, likely, (0, 0), side / max(colours.shape[:2]))

    def _as_ink(self, view: "_View | None", after: "_View | None" = None) -> Ink | None:
        """A view as a hypothesis, `after` another that led to it; None where it holds no ink of the polarity asked
        for."""
        if view is None:
            return None
        colours, corner = self._part
        part = view.cut_out(colours)
        mask = _fill(view.likely > LOOK.likely, part)
        is_dark = _is_darker(mask, part)
        if self.polarity != "auto":
            mask &= is_dark if self.polarity == "dark on light" else ~is_dark
        if not mask.any():
            return None
        found = "dark on light" if 2 * np.count_nonzero(is_dark & mask) >= np.count_nonzero(mask) else "light on dark"
        trail = Trail()
        trail.add("The picture as given", GIVEN, self.picture.colours)
        for step in (after, view):
            if step is not None:
                trail.add(step.title, step.note, step.likely)
        shown = self.picture.colours.shape[1] / self.picture.size[0]
        offset = (corner[0] + view.corner[0]) / shown, (corner[1] + view.corner[1]) / shown
        return Ink(mask, view.likely, found, tuple(trail.steps), view.scale * shown, offset, self.picture.size)


@dataclass(frozen=True, eq=False)
class _View:
    """What the network takes for ink in a part of the picture: `likely` (H, W) float32 in [0, 1]. The part begins at
    `corner` (x, y) of the picture, and `scale` of its pixels are one of the picture's."""

    title: str
    note: str
    likely: np.ndarray
    corner: tuple[int, int]
    scale: float

    def cut_out(self, colours: np.ndarray) -> np.ndarray:
        """What was seen: the part of a picture's colours (H, W, 3), at the size it was seen at."""
        (high, wide), (left, top) = self.likely.shape, self.corner
        bottom, right = top + max(1, round(high / self.scale)), left + max(1, round(wide / self.scale))
        return cv2.resize(colours[top:bottom, left:right], (wide, high), interpolation=cv2.INTER_AREA)

    @functools.cached_property
    def extent(self) -> tuple[Box, float] | None:
        """The box around all ink, and how high most of it is, in pixels; None where there is none."""
        patches = measure_patches(self.likely > LOOK.likely, self.likely)
        counts = patches.area >= LOOK.smallest_patch
        if not counts.any():
            return None
        left, top = int(patches.left[counts].min()), int(patches.top[counts].min())
        right, bottom = int(patches.right[counts].max()), int(patches.bottom[counts].max())
        heights = np.maximum(patches.bottom - patches.top, (patches.right - patches.left) / 2)[counts]
        return (left, top, right - left, bottom - top), weighted_median(heights, patches.area[counts])


def is_drawn(picture: Picture, ink: Ink) -> bool:
    """Whether a picture was drawn on a screen and not taken: half of it or more has exactly one colour, which no camera
    or scanner sees, and its `ink`, all that differs, is nowhere cut off. Then nothing of the ink is a guess."""
    # Each pixel's bytes as one number: on a large picture a quarter of the time that multiplying takes.
    colours = cv2.cvtColor(picture.colours, cv2.COLOR_RGB2RGBA).view(np.uint32)
    is_even = 2 * np.count_nonzero(colours == np.median(colours)) >= colours.size
    return bool(is_even and not ink.patches.at_border.any())


@functools.cache
def load_network() -> ink_network.InkNetwork | None:
    """The network that ships; None where its file is missing or damaged, and ink is told by its contrast alone then."""
    try:
        return ink_network.load()
    except (OSError, ValueError):
        return None


def _overlaps(ink: Ink, box: Box) -> bool:
    """Whether ink lies in a box of the upright original."""
    x, y, width, height = box
    left, right = (round((side - ink.offset[0]) * ink.scale) for side in (x, x + width))
    top, bottom = (round((side - ink.offset[1]) * ink.scale) for side in (y, y + height))
    return bool(ink.mask[max(0, top) : max(0, bottom) + 1, max(0, left) : max(0, right) + 1].any())


def _fill(mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The ink (H, W) bool with what it encloses and what has its colour (H, W, 3) uint8: the middle of a blot, which
    the network, that knows strokes, may see as paper."""
    outside = np.pad(mask.astype(np.uint8), 1)
    cv2.floodFill(outside, None, (0, 0), 2)
    inside, paper = outside[1:-1, 1:-1] == 0, outside[1:-1, 1:-1] == 2
    if not inside.any() or not paper.any():
        return mask
    seen = colours.astype(np.float32)
    to_ink, to_paper = (np.abs(seen - np.median(seen[where], axis=0)).sum(2) for where in (mask, paper))
    filled: np.ndarray = mask | (inside & (to_ink < to_paper))
    return filled


def _is_darker(mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Which ink (H, W) bool is darker than the paper around it, by its colours (H, W, 3) uint8: (H, W) bool."""
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    paper = (~mask).astype(np.float32)
    reach = max(mask.shape) // 4 | 1
    share = cv2.blur(paper, (reach, reach))
    around = cv2.blur(grey * paper, (reach, reach)) / np.maximum(share, 1e-3)
    if not mask.all():  # in the middle of a blot no paper is near
        around[share < 1e-3] = grey[~mask].mean()
    return mask & (grey < around)

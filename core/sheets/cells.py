"""The cells of a straightened sheet: each cut out without its rules and without its neighbours' strokes.

Ink is seen in two ways: by what stands out from the paper and is no rule, and by the ink network, which looks at the
whole sheet once.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from core.reading import ink_network, looks
from core.reading import picture as pictures
from core.reading.ink import Ink, NoInk
from core.reading.looks import Looks
from core.reading.mnist_form import Box
from core.reading.picture import Picture
from core.reading.reader import Part
from core.reading.settings import LOOK
from core.sheets.grid import Span
from core.sheets.outlines import stand_out
from core.sheets.settings import SHEET
from core.sheets.straight import Straight


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell: its `span`, its `colours` (h, w, 3) uint8 without rules, and the `ink` (h, w) bool that is its own.
    `likely` (h, w) float32 is how likely each pixel is ink by what the network sees of the whole sheet; None without a
    network. `side` is its shorter side in pixels; `crossed` says how much of the ink whose middle is here goes on far
    beyond it, as on squared paper, and how much there is, in pixels."""

    span: Span
    colours: np.ndarray
    ink: np.ndarray
    likely: np.ndarray | None
    side: float
    crossed: tuple[int, int] = (0, 0)

    @property
    def sign(self) -> str:
        """What a cell without any ink as high as a digit holds: "dash", "ditto" or "mark"; "" for nothing, and where
        there is higher ink."""
        _, _, stats, _ = cv2.connectedComponentsWithStats(self.ink.astype(np.uint8))
        low = stats[1:][stats[1:, cv2.CC_STAT_AREA] > SHEET.least_area * self.ink.size]
        if not len(low) or self.is_written:
            return ""
        widths, heights = low[:, cv2.CC_STAT_WIDTH], low[:, cv2.CC_STAT_HEIGHT]
        if widths.max() > SHEET.dash * self.side and widths.max() > 1.5 * heights[widths.argmax()]:
            return "dash"
        return "ditto" if len(low) == 2 and (heights > widths).all() else "mark"

    @property
    def is_written(self) -> bool:
        """Whether it has ink as high as a digit, seen in one way or the other."""
        return self._is_high(self.ink) or self.is_seen

    @functools.cached_property
    def is_seen(self) -> bool:
        """Whether the network sees ink as high as a digit; yes without a network where there is any."""
        return self._is_high(self.ink if self.likely is None else self.likely > LOOK.likely)

    def _is_high(self, ink: np.ndarray) -> bool:
        _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
        counts = stats[1:, cv2.CC_STAT_AREA] > SHEET.least_area * ink.size
        return bool((stats[1:, cv2.CC_STAT_HEIGHT][counts] > SHEET.lowest * self.side).any())


@dataclass(frozen=True, eq=False)
class CellLooks:
    """What the ink network sees of a cell, as `reading.looks.Looks` says it of a picture: on the whole sheet first, and
    where that is not enough in the cell alone."""

    picture: Picture
    seen: Ink | None

    @property
    def usual(self) -> Ink | None:
        """The ink by what the network sees of the whole sheet."""
        return self.seen

    @property
    def others(self) -> dict[str, Ink]:
        """The ink of the cell alone, and closer."""
        inks = {"alone": self._alone.usual, "alone, closer": self._alone.closer}
        return {name: ink for name, ink in inks.items() if ink is not None}

    @property
    def closer(self) -> Ink | None:
        """The ink on the whole sheet: there it is as large as a number needs."""
        return self.seen or self._alone.closer

    def shows_ink(self, box: Box) -> bool:
        """Whether any of the ink lies in a box (x, y, width, height in pixels of the cell)."""
        x, y, width, height = box
        return self.seen is not None and bool(self.seen.mask[y : y + height, x : x + width].any())

    @functools.cached_property
    def _alone(self) -> Looks:
        return Looks(self.picture, "dark on light")


def to_part(cell: Cell) -> Part:
    """A cell as the reader takes it."""
    picture = pictures.from_array(cell.colours)
    grey = cell.colours.min(2).astype(np.float32)
    paper = float(np.median(grey[~cell.ink])) if not cell.ink.all() else 255.0
    strength = np.clip((paper - grey) / max(paper - float(grey.min()), 1.0), 0, 1)
    size = picture.size

    def make(mask: np.ndarray, strength: np.ndarray) -> Ink:
        return Ink(mask, strength, "dark on light", (), 1.0, (0.0, 0.0), size)

    ink = (
        make(cell.ink, strength) if cell.ink.any() else NoInk("dark on light", (), "Nothing stands out from the paper.")
    )
    if cell.likely is None:
        return Part(picture, ink, Looks(picture, asked=False))
    mask = cell.likely > LOOK.likely
    return Part(picture, ink, CellLooks(picture, make(mask, cell.likely) if mask.any() else None))


def cut(straight: Straight) -> list[Cell]:
    """All cells of a sheet, in reading order.

    Ink belongs to the cell in which most of it lies, also where it reaches over a rule into the next one.
    """
    side = straight.cell_side
    mask = stand_out(straight.colours, max(11, round(0.7 * side)) | 1)
    ruled = _find_ruled(straight, mask)
    reach = max(3, round(straight.thickness) + 3)
    bridge = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    ink = mask & ~ruled
    ink |= cv2.morphologyEx(ink, cv2.MORPH_CLOSE, bridge) & ruled & mask
    rest = _find_rest(straight, ink)
    ruled |= rest
    ink &= ~rest
    paper = _estimate_paper(straight.colours, mask, side)
    ruled &= ~ink
    ruled = cv2.dilate(ruled, np.ones((3, 3), np.uint8)) & ~ink
    colours = np.where(ruled[..., None] > 0, paper, straight.colours)
    likely = _see(straight)
    # The network sees a stroke whole that a rule goes through.
    pieces = _Pieces.of(ink)
    whole = pieces if likely is None else _Pieces.of((likely > LOOK.likely).astype(np.uint8))
    if likely is not None:
        likely[ruled > 0] = 0  # a box by itself is a ring, like a zero
    seen = None if likely is None else _Pieces.of((likely > LOOK.likely).astype(np.uint8))
    return [_cut_one(straight, span, colours, paper, pieces, likely, seen, whole) for span in straight.cells]


@dataclass(frozen=True, eq=False)
class _Pieces:
    """The connected pieces of ink: `labels` (H, W), and of each its `stats` and its centre, as OpenCV gives them."""

    labels: np.ndarray
    stats: np.ndarray
    centres: np.ndarray

    @classmethod
    def of(cls, ink: np.ndarray) -> "_Pieces":
        """The pieces of ink (H, W) uint8, 0 or 1."""
        _, labels, stats, centres = cv2.connectedComponentsWithStats(ink)
        return cls(labels, stats, centres)

    def are_in(self, box: Box) -> np.ndarray:
        """Which pieces (N,) have their middle in a box."""
        x, y, wide, high = box
        middle_x, middle_y = self.centres.T
        inside: np.ndarray = (middle_x >= x) & (middle_x < x + wide) & (middle_y >= y) & (middle_y < y + high)
        inside[0] = False  # the paper
        return inside


def _see(straight: Straight) -> np.ndarray | None:
    """How likely each pixel of a sheet is ink, (H, W) float32 in [0, 1], by the network; None where it is missing."""
    network = looks.load_network()
    if network is None:
        return None
    high, wide = straight.colours.shape[:2]
    side = max(32, round(max(high, wide) * SHEET.cell / straight.cell_side))
    likely = ink_network.find(network, ink_network.shrink(straight.colours, side))
    return cv2.resize(likely, (wide, high), interpolation=cv2.INTER_LINEAR)


def _cut_one(
    straight: Straight,
    span: Span,
    colours: np.ndarray,
    paper: np.ndarray,
    pieces: _Pieces,
    likely: np.ndarray | None,
    seen: _Pieces | None,
    whole: _Pieces,
) -> Cell:
    x, y, wide, high = straight.box(span)
    over = round(SHEET.overflow * straight.cell_side)
    left, top = max(0, x - over), max(0, y - over)
    part = slice(top, y + high + over), slice(left, x + wide + over)
    is_inside = pieces.are_in((x, y, wide, high))
    near = pieces.labels[part]
    mine = is_inside[near]
    likely_mine = None
    if seen is not None and likely is not None:
        likely_mine = np.where(seen.are_in((x, y, wide, high))[seen.labels[part]], likely[part], 0.0).astype(np.float32)
    # Only as much of what lies beyond the rules as the writing of this cell needs.
    box = [x - left, y - top, x - left + wide, y - top + high]
    inset = max(1, round(straight.thickness / 2) + 1) if straight.thickness else 0
    box = [box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset]
    own = mine if likely_mine is None else mine | (likely_mine > LOOK.likely)
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    if len(rows):
        reach = columns[0] - 2, rows[0] - 2, columns[-1] + 3, rows[-1] + 3
        box = [min(box[0], reach[0]), min(box[1], reach[1]), max(box[2], reach[2]), max(box[3], reach[3])]
    inner = slice(max(0, box[1]), box[3]), slice(max(0, box[0]), box[2])
    foreign = cv2.dilate(((near > 0) & ~mine).astype(np.uint8), np.ones((3, 3), np.uint8))[inner] > 0
    foreign &= ~own[inner]
    shown = np.where(foreign[..., None], paper[part][inner], colours[part][inner])
    longest = SHEET.crossed * np.array([wide, high])
    stats = whole.stats[whole.are_in((x, y, wide, high))]
    is_beyond = (stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] > longest).any(1)
    areas = stats[:, cv2.CC_STAT_AREA]
    crossed = int(areas[is_beyond].sum()), int(areas.sum())
    likely_inner = None if likely_mine is None else likely_mine[inner]
    return Cell(span, np.ascontiguousarray(shown), mine[inner], likely_inner, float(min(wide, high)), crossed)


def _find_ruled(straight: Straight, mask: np.ndarray) -> np.ndarray:
    """Which ink is a rule's: straight, long, and where a rule is to be. (H, W) uint8, 0 or 1."""
    ruled = np.zeros_like(mask)
    if not straight.thickness:
        return ruled
    side = straight.cell_side
    near = max(2, round(straight.thickness / 2 + 1 + SHEET.band * side))
    for edges, is_upright in ((straight.down, False), (straight.across, True)):
        laid = np.ascontiguousarray(mask.T if is_upright else mask)
        # A pixel more on both sides: a rule that is not quite level climbs a pixel now and then.
        thicker = cv2.dilate(laid, np.ones((3, 1), np.uint8))
        found = np.zeros_like(laid)
        # Where the page is bent a rule may be some way off, but then it is as long as the cell.
        for band, run in ((near, SHEET.run), (near + round(SHEET.far * side), SHEET.full_run)):
            rows = np.zeros(len(laid), bool)
            for edge in edges:
                rows[max(0, round(edge) - band) : round(edge) + band + 1] = True
            runs = cv2.morphologyEx(thicker, cv2.MORPH_OPEN, np.ones((1, max(7, round(run * side))), np.uint8))
            found[rows] |= runs[rows]
        found = cv2.dilate(found, np.ones((3, 1), np.uint8))
        ruled |= found.T if is_upright else found
    return ruled


def _find_rest(straight: Straight, ink: np.ndarray) -> np.ndarray:
    """What is left of rules: thin, straight, and right beside where one is, or where two cross: (H, W) uint8."""
    if not straight.thickness:
        return np.zeros_like(ink)
    side = straight.cell_side
    _, labels, stats, centres = cv2.connectedComponentsWithStats(ink)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    across, down = (
        np.abs(centres[:, axis, None] - edges[None]).min(1) < SHEET.beside * side + straight.thickness / 2
        for axis, edges in ((0, straight.across), (1, straight.down))
    )
    is_rest = across & (wide < SHEET.thin * side) & (high > wide)
    is_rest |= down & (high < SHEET.thin * side) & (wide > high)
    is_rest |= across & down & (np.maximum(wide, high) < SHEET.lowest * side)  # where two rules cross
    is_rest[0] = False
    rest: np.ndarray = is_rest[labels].astype(np.uint8)
    return rest


def _estimate_paper(colours: np.ndarray, mask: np.ndarray, side: float) -> np.ndarray:
    """The paper as it would look without ink and rules: (H, W, 3) uint8."""
    reach = max(9, round(0.5 * side)) | 1
    free = (1 - cv2.dilate(mask, np.ones((5, 5), np.uint8))).astype(np.float32)
    weight = np.maximum(cv2.blur(free, (reach, reach)), 1e-4)
    blurred = cv2.blur(colours.astype(np.float32) * free[..., None], (reach, reach)) / weight[..., None]
    return np.clip(blurred, 0, 255).astype(np.uint8)

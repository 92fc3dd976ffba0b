"""The cells of a straightened sheet: each cut out without its rules and without its neighbours' strokes."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.sheets.grid import Span
from core.sheets.outlines import stand_out
from core.sheets.settings import SHEET
from core.sheets.straight import Straight


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell: its `span`, its `colours` (h, w, 3) uint8 without rules, and the `ink` (h, w) bool that is its own.
    `side` is its shorter side in pixels; `is_crossed` where its ink goes on far beyond it, as on squared paper."""

    span: Span
    colours: np.ndarray
    ink: np.ndarray
    side: float
    is_crossed: bool = False

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
        """Whether it has ink as high as a digit."""
        _, _, stats, _ = cv2.connectedComponentsWithStats(self.ink.astype(np.uint8))
        counts = stats[1:, cv2.CC_STAT_AREA] > SHEET.least_area * self.ink.size
        return bool((stats[1:, cv2.CC_STAT_HEIGHT][counts] > SHEET.lowest * self.side).any())


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
    _, labels, stats, centres = cv2.connectedComponentsWithStats(ink)
    ruled &= ~ink
    colours = np.where((cv2.dilate(ruled, np.ones((3, 3), np.uint8)) & ~ink)[..., None] > 0, paper, straight.colours)
    return [_cut_one(straight, span, colours, paper, labels, stats, centres) for span in straight.cells]


def _cut_one(
    straight: Straight,
    span: Span,
    colours: np.ndarray,
    paper: np.ndarray,
    labels: np.ndarray,
    stats: np.ndarray,
    centres: np.ndarray,
) -> Cell:
    x, y, wide, high = straight.box(span)
    over = round(SHEET.overflow * straight.cell_side)
    left, top = max(0, x - over), max(0, y - over)
    part = slice(top, y + high + over), slice(left, x + wide + over)
    is_inside = (centres[:, 0] >= x) & (centres[:, 0] < x + wide) & (centres[:, 1] >= y) & (centres[:, 1] < y + high)
    is_inside[0] = False
    near = labels[part]
    mine = is_inside[near]
    # Only as much of what lies beyond the rules as the writing of this cell needs.
    box = [x - left, y - top, x - left + wide, y - top + high]
    inset = max(1, round(straight.thickness / 2) + 1) if straight.thickness else 0
    box = [box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset]
    rows, columns = np.flatnonzero(mine.any(1)), np.flatnonzero(mine.any(0))
    if len(rows):
        reach = columns[0] - 2, rows[0] - 2, columns[-1] + 3, rows[-1] + 3
        box = [min(box[0], reach[0]), min(box[1], reach[1]), max(box[2], reach[2]), max(box[3], reach[3])]
    inner = slice(max(0, box[1]), box[3]), slice(max(0, box[0]), box[2])
    foreign = cv2.dilate(((near > 0) & ~mine).astype(np.uint8), np.ones((3, 3), np.uint8))[inner] > 0
    foreign &= ~mine[inner]
    shown = np.where(foreign[..., None], paper[part][inner], colours[part][inner])
    longest = SHEET.crossed * np.array([wide, high])
    is_crossed = (stats[is_inside][:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] > longest).any()
    # Or it ends at the rules: there the rule was taken out of the stroke.
    rim = round(straight.thickness) + max(2, round(SHEET.rim * straight.cell_side))
    whole = (near > 0)[y - top : y - top + high, x - left : x - left + wide]
    is_crossed |= sum(bool(side.any()) for side in (whole[:rim], whole[-rim:], whole[:, :rim], whole[:, -rim:])) > 1
    return Cell(span, np.ascontiguousarray(shown), mine[inner], float(min(wide, high)), bool(is_crossed))


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
    """What is left of rules: thin, straight, and right beside where one is. (H, W) uint8, 0 or 1, twice."""
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

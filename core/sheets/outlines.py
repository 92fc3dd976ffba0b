"""Where in a photograph a sheet may lie: quadrilaterals, each a hypothesis."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.sheets.settings import SHEET

Corners = np.ndarray
"""(4, 2) float32: top left, top right, bottom right, bottom left, in pixels of the picture."""


@dataclass(frozen=True, eq=False)
class Dark:
    """What is darker than the paper around it: `mask` (H, W) uint8, 0 or 1; `grey` (H, W) float32 is the brightness, as
    a share of the paper's, and `scale` of these pixels are one of the picture's."""

    mask: np.ndarray
    grey: np.ndarray
    scale: float


def find_dark(colours: np.ndarray) -> list[Dark]:
    """Whatever stands out from the paper nearby, in colours (H, W, 3) uint8: rules and writing, and no shadow. Seen as
    often as there are `SHEET.darkness`, for a faint rule is hardly darker than the paper's grain."""
    scale = min(SHEET.most_enlarged, SHEET.searched / max(colours.shape[:2]))
    size = (max(1, round(colours.shape[1] * scale)), max(1, round(colours.shape[0] * scale)))
    colours = cv2.resize(colours, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    seen = _see(colours, max(11, max(colours.shape) // 40 | 1))
    return [Dark(seen.find(darker), seen.grey, scale) for darker in SHEET.darkness]


def stand_out(colours: np.ndarray, near: int) -> np.ndarray:
    """Where colours (H, W, 3) uint8 stand out from the paper within `near` pixels, an odd number: (H, W) uint8, 0 or
    1."""
    return _see(colours, near).find(SHEET.darkness[0])


@dataclass(frozen=True, eq=False)
class _Seen:
    """A picture's brightness, smoothed, its mean nearby and that of the `paper` nearby: (H, W) float32, 0 to 255."""

    smooth: np.ndarray
    level: np.ndarray
    paper: np.ndarray

    @property
    def grey(self) -> np.ndarray:
        """The brightness as a share of the paper's."""
        share: np.ndarray = self.smooth / np.maximum(self.paper, 1.0)
        return share

    def find(self, darker: float) -> np.ndarray:
        """What is darker by this share than the paper nearby, and than most nearby: (H, W) uint8, 0 or 1."""
        mask = (self.smooth < (1 - darker) * self.level) & (self.smooth < (1 - 1.5 * darker) * self.paper)
        marked: np.ndarray = mask.astype(np.uint8)
        return marked


def _see(colours: np.ndarray, near: int) -> _Seen:
    """How bright colours (H, W, 3) uint8 are, beside the paper within `near` pixels.

    A coloured pen or rule may hardly change the brightness: the darkest channel shows all of them. Of a picture that
    is light on dark, a screen at night, it is the lightest.
    """
    is_light_on_dark = float(np.median(colours)) < 80
    plane = 255 - colours.max(2) if is_light_on_dark else colours.min(2)
    smooth = cv2.GaussianBlur(plane, (0, 0), 0.8)
    # The mean of what is nearby is drawn down by thick rules; the brighter part of it is paper.
    brightest = cv2.dilate(smooth, np.ones((near, near), np.uint8)).astype(np.float32)
    smooth = smooth.astype(np.float32)
    return _Seen(smooth, cv2.blur(smooth, (near, near)), cv2.blur(brightest, (near, near)))


def find_outlines(colours: np.ndarray, dark: Dark) -> list[Corners]:
    """Quadrilaterals that may hold a table, in pixels of `dark`: frames of connected rules, the largest first, the
    page on the desk, and the whole picture with its rules brought level."""
    return [*_find_frames(dark.mask), *_find_page(colours, dark), _level(dark.mask)]


def order(corners: np.ndarray) -> Corners:
    """Four points (4, 2) in any order, from the top left and clockwise."""
    middle = corners.mean(0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    around = corners[np.argsort(angles)]
    start = int(np.argmin(around.sum(1)))
    ordered: Corners = np.roll(around, -start, axis=0).astype(np.float32)
    return ordered


def size_of(corners: Corners) -> tuple[float, float]:
    """Width and height of a quadrilateral in pixels: its sides' means."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2


def quadrilateral(points: np.ndarray) -> Corners:
    """The four corners of the hull of points (N, 1, 2): where it is as good as one, its own, else the least rectangle
    around it."""
    hull = cv2.convexHull(points)
    length = cv2.arcLength(hull, True)
    for share in (0.01, 0.02, 0.03, 0.05, 0.08):
        corners = cv2.approxPolyDP(hull, share * length, True)
        if len(corners) == 4 and cv2.contourArea(corners) > 0.85 * cv2.contourArea(hull):
            return order(corners[:, 0].astype(np.float32))
        if len(corners) < 4:
            break
    return order(cv2.boxPoints(cv2.minAreaRect(hull)))


def _find_frames(mask: np.ndarray) -> list[Corners]:
    mended = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mended, connectivity=8)
    high, wide = mask.shape
    extent = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT].astype(float)
    extent[0] = 0
    frames = []
    for label in np.argsort(-extent)[: SHEET.outlines]:
        x, y, width, height, _ = stats[label]
        if extent[label] > 0 and width > SHEET.smallest * wide and height > SHEET.smallest * high:
            part = labels[y : y + height, x : x + width] == label
            points = cv2.findNonZero(part.astype(np.uint8)) + np.array([[x, y]])
            frames.append(quadrilateral(points.astype(np.int32)))
    return frames


def _find_page(colours: np.ndarray, dark: Dark) -> list[Corners]:
    """The bright sheet on a darker desk, where there is one: of several thresholds, for part of it may lie in a shadow,
    the one that gives the largest quadrilateral."""
    high, wide = dark.mask.shape
    # A coloured desk is darker than white paper in one channel at least.
    darkest = cv2.resize(colours, (wide, high), interpolation=cv2.INTER_AREA).min(2)
    reach = max(3, max(high, wide) // 60 | 1)
    smooth = cv2.medianBlur(cv2.morphologyEx(darkest, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)), 5)
    usual, _ = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    best, most = None, 0.0
    for share in SHEET.thresholds:
        bright = (smooth > share * usual).astype(np.uint8)
        contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        largest = max(contours, key=cv2.contourArea, default=None)
        if largest is None or not 0.15 < cv2.contourArea(largest) / (high * wide) < 0.97:
            continue
        page = quadrilateral(largest)
        likeness = cv2.contourArea(largest) / max(cv2.contourArea(page), 1.0)
        if likeness > SHEET.page_like and cv2.contourArea(page) > most:
            best, most = page, cv2.contourArea(page)
    # Its edge is a straight line like a rule: what is looked at ends a little before it.
    return [] if best is None else [best + SHEET.page_edge * (best.mean(0) - best)]


def _level(mask: np.ndarray) -> Corners:
    """The whole picture, turned by at most 45 degrees so that most straight lines in it are level or upright."""
    high, wide = mask.shape
    length = 0.08 * max(high, wide)
    found = cv2.HoughLinesP(mask * 255, 1, np.pi / 360, 80, minLineLength=length, maxLineGap=4)
    size = np.array([wide, high], np.float32)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * size
    if found is None:
        return corners
    ends = found.reshape(-1, 4).astype(np.float64)
    along, down = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
    angles = (np.arctan2(down, along) + np.pi / 4) % (np.pi / 2) - np.pi / 4
    weights = np.hypot(along, down)
    counts, edges = np.histogram(angles, 90, (-np.pi / 4, np.pi / 4), weights=weights)
    best = (edges[np.argmax(counts)] + edges[np.argmax(counts) + 1]) / 2
    near = np.abs(angles - best) < 0.05
    angle = float(np.average(angles[near], weights=weights[near])) if near.any() else 0.0
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    laid = (corners - size / 2) @ turn.T
    low, top = laid.min(0), laid.max(0)
    box = np.array([[low[0], low[1]], [top[0], low[1]], [top[0], top[1]], [low[0], top[1]]], np.float32)
    turned: Corners = (box @ turn + size / 2).astype(np.float32)
    return turned

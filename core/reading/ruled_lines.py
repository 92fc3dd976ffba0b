"""Finds printed lines, squared paper and frames in the ink: straight, thin, not written."""

import cv2
import numpy as np

from core.reading.mnist_form import pad
from core.reading.settings import INK


def find_strands(ink: np.ndarray) -> np.ndarray:
    """Remnants of lines still attached to the strokes: level or upright, and much thinner. (H, W) bool to bool."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    main = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if len(stats) > 1 else 0
    width = thickest(labels == main) if main else 0
    reach = int(0.5 * width)
    if reach < 3:
        return np.zeros(ink.shape, bool)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    body = cv2.dilate(cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, disc), np.ones((3, 3), np.uint8)) > 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink & ~body).astype(np.uint8), connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    is_strand = (sides.min(1) < reach) & (sides.max(1) > 1.5 * reach)
    is_strand[0] = False
    strands: np.ndarray = is_strand[labels]
    return strands


def thickest(ink: np.ndarray) -> float:
    """The width of the strokes where they are broad, in pixels."""
    distance = cv2.distanceTransform(pad(ink, 1), cv2.DIST_L2, 5)
    return 2 * float(np.percentile(distance[distance > 0], 90))


def find_lines(visible: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Ruled lines, squared paper and frames: straight, thin, and from one border to the other. (H, W) bool to bool.

    Where a stroke darker than the line lies on it, the pixel is the stroke's.
    """
    lines = np.zeros(visible.shape, bool)
    ink = visible.astype(np.uint8)
    for axis in (0, 1):  # rows, then columns, as rows of the picture laid on its side
        laid = ink if axis == 0 else ink.T
        across, length = laid.shape
        runs = cv2.morphologyEx(
            np.ascontiguousarray(laid), cv2.MORPH_OPEN, np.ones((1, max(15, length // 8)), np.uint8)
        )
        if cv2.countNonZero(runs) < 0.5 * length:
            continue
        joined = cv2.dilate(runs, np.ones((3, 9), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
        for label in range(1, count):
            start, extent = stats[label, cv2.CC_STAT_LEFT], stats[label, cv2.CC_STAT_WIDTH]
            if extent > 0.9 * length and start < 0.05 * length:
                line = (labels == label) if axis == 0 else (labels == label).T
                on_run = line & ((runs if axis == 0 else runs.T) > 0)
                # The darkest pixel across the line, at each place along it: most places have only the line.
                darkest = np.where(on_run, contrast, 0).max(axis)
                line &= contrast < 1.3 * float(np.median(darkest[darkest > 0]))
                thickness = np.count_nonzero(line & on_run) / extent / max(across, length)
                if thickness < INK.thickest_line or (
                    axis == 0 and thickness < INK.thickest_rule and _runs_past(visible, labels == label)
                ):
                    lines |= line
    lines &= visible
    return lines


def _runs_past(visible: np.ndarray, line: np.ndarray) -> bool:
    """Whether a straight, level line has no other ink near both of its ends, as a rule has not and the bar of a digit
    seldom: there it meets a stroke. (H, W) bool twice."""
    inked = visible & line
    columns = np.flatnonzero(inked.any(0))
    if len(columns) < 2:
        return False
    thickness = inked.sum() / len(columns)
    middles = np.arange(len(line)) @ inked[:, columns] / inked[:, columns].sum(0)
    slope, start = np.polyfit(columns, middles, 1)
    if abs(slope) > INK.steepest_rule or np.median(np.abs(middles - slope * columns - start)) > 0.15 * thickness:
        return False
    near = cv2.dilate(line.astype(np.uint8), np.ones((2 * round(thickness) + 1, 1), np.uint8)) > 0
    beside = visible & near & (cv2.dilate(line.astype(np.uint8), np.ones((5, 1), np.uint8)) == 0)
    end = max(3, line.shape[1] // 10)
    return not beside[:, :end].any() and not beside[:, -end:].any()


def find_frame(visible: np.ndarray) -> np.ndarray:
    """A printed box around the digit, or what of it isn't cut off: at least three straight thin sides of one patch.
    (H, W) bool to bool.
    """
    frame = np.zeros(visible.shape, bool)
    deep = max(3, round(2 * INK.thickest_line * max(visible.shape)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(visible.astype(np.uint8), connectivity=8)
    for label, (x, y, width, height, _) in enumerate(stats):
        if label == 0 or width < 0.6 * visible.shape[1] or height < 0.6 * visible.shape[0]:
            continue
        patch = labels[y : y + height, x : x + width] == label
        sides = [_find_side(np.rot90(patch, turn), deep) for turn in range(4)]
        if sum(side.any() for side in sides) >= 3:
            for turn, side in enumerate(sides):
                frame[y : y + height, x : x + width] |= np.rot90(side, -turn)
    return frame


def find_edges(visible: np.ndarray) -> np.ndarray:
    """The rules just above and below a digit that was cut out between them. (H, W) bool to bool."""
    deep = max(3, round(3 * INK.thickest_line * max(visible.shape)))
    edges = np.zeros(visible.shape, bool)
    for turn in (0, 2):
        side = np.rot90(visible, turn)
        margin = max(1, side.shape[1] // 40)
        ends = np.logical_or.reduce(side[:deep], axis=0)
        if ends[:margin].any() and ends[-margin:].any():  # the bar of a 7 ends before the border
            edges |= np.rot90(_find_side(side, deep), turn)
    return edges


def _find_side(patch: np.ndarray, deep: int) -> np.ndarray:
    """The upper side of a box: the pixels of a straight thin line along the top of a patch, (H, W) bool to bool, none
    where there is no such line within `deep` pixels."""
    side = np.zeros(patch.shape, bool)
    strip = patch[:deep]
    covered = strip.any(0)
    starts = strip.argmax(0)
    runs = np.minimum(
        np.argmin(
            np.take_along_axis(np.pad(strip, ((0, deep + 1), (0, 0))), starts + np.arange(deep + 1)[:, None], 0), 0
        ),
        deep,
    )
    if covered.mean() < 0.85 or np.count_nonzero(covered) < 2:
        return side
    thickness = float(np.median(runs[covered]))
    columns = np.flatnonzero(covered)
    slope, start = np.polyfit(columns, starts[covered], 1)
    bend = np.abs(starts[covered] - slope * columns - start)
    if thickness < 2 * INK.thickest_line * max(patch.shape) and np.median(bend) < 0.5 * thickness:
        rows = np.arange(len(strip))[:, None]
        line = start + slope * np.arange(patch.shape[1])
        side[:deep] = strip & (np.abs(rows - line - thickness / 2) < 0.75 * thickness + 1)
    return side

"""Tables without rules, or with rules in one direction only: numbers that stand in rows and columns."""

import cv2
import numpy as np

from core.reading.ink import weighted_median
from core.sheets.grid import Span
from core.sheets.outlines import Corners, size_of, stand_out
from core.sheets.settings import SHEET
from core.sheets.straight import Straight


def flatten(colours: np.ndarray, corners: Corners) -> np.ndarray:
    """What lies inside a quadrilateral of a picture (H, W, 3) uint8, seen from the front."""
    wide, high = size_of(corners)
    fit = min(1.0, SHEET.side / max(wide, high))
    size = max(1, round(wide * fit)), max(1, round(high * fit))
    flat = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    return cv2.warpPerspective(colours, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def align(flat: np.ndarray, quarters: int = 0) -> Straight | None:
    """The rows and columns of numbers in a flat picture (H, W, 3) uint8, turned to the left by `quarters` first; None
    where nothing stands in line."""
    flat = np.ascontiguousarray(np.rot90(flat, quarters))
    mask = stand_out(flat, max(11, max(flat.shape) // 40 | 1))
    height = _usual_height(mask)
    if height is None:
        return None
    ruled = _find_ruled(mask, height)
    ink = mask & ~ruled
    boxes = _find_numbers(ink, ruled, height)
    rows, columns = _find_rows(boxes, height), []
    for _ in range(3):  # the desk and the edges of the page stand in no column, and then in no row
        columns = _find_columns(boxes, len(rows))
        middles = boxes[:, 0] + boxes[:, 2] / 2
        boxes = boxes[[any(left <= x <= right for left, right in columns) for x in middles]]
        rows = [row for row in _find_rows(boxes, height) if len(row) > SHEET.fewest_in_row * len(columns)]
    if len(rows) < 2 or not columns or (len(columns) == 1 and len(rows) < SHEET.fewest_numbers):
        return None
    tops = [float(min(boxes[at, 1] for at in row)) for row in rows]
    bottoms = [float(max(boxes[at, 1] + boxes[at, 3] for at in row)) for row in rows]
    down = _edges(tops, bottoms, height)
    across = _edges([left for left, _ in columns], [right for _, right in columns], height)
    across, down = np.clip(across, 0, flat.shape[1]), np.clip(down, 0, flat.shape[0])
    paper = cv2.inpaint(flat, cv2.dilate(ruled, np.ones((3, 3), np.uint8)) & ~ink, 3, cv2.INPAINT_TELEA)
    cells = tuple(Span(row, column) for row in range(len(rows)) for column in range(len(columns)))
    return Straight(paper if ruled.any() else flat, across, down, cells, 0.0)


def _usual_height(mask: np.ndarray) -> float | None:
    """The height of most ink in pixels, None where there is next to none."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    wide, high, area = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT], stats[1:, cv2.CC_STAT_AREA]
    counts = (high > 0.008 * max(mask.shape)) & (high < 0.25 * mask.shape[0]) & (wide < 3 * high) & (area > 12)
    return weighted_median(high[counts].astype(float), area[counts].astype(float)) if counts.sum() >= 3 else None


def _find_ruled(mask: np.ndarray, height: float) -> np.ndarray:
    """Straight ink longer than any stroke: (H, W) uint8, 0 or 1."""
    length = max(9, round(SHEET.longest * height))
    ruled = np.zeros_like(mask)
    for thick, run in (((3, 1), (1, length)), ((1, 3), (length, 1))):
        thicker = cv2.dilate(mask, np.ones(thick, np.uint8))
        np.maximum(ruled, cv2.morphologyEx(thicker, cv2.MORPH_OPEN, np.ones(run, np.uint8)), out=ruled)
    return ruled


def _find_numbers(ink: np.ndarray, ruled: np.ndarray, height: float) -> np.ndarray:
    """Boxes (N, 4) of numbers: ink as high as the writing, with what stands close beside it."""
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, max(3, round(SHEET.column_gap * height))), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined & ~ruled)
    boxes = stats[1:, :4][stats[1:, cv2.CC_STAT_WIDTH] > 0.12 * height]
    numbers: np.ndarray = boxes[(boxes[:, 3] > 0.5 * height) & (boxes[:, 3] < 2.2 * height)].astype(float)
    return numbers


def _find_rows(boxes: np.ndarray, height: float) -> list[list[int]]:
    """Which of the boxes (N, 4) stand beside each other, row by row from the top."""
    return _group(boxes[:, 1] + boxes[:, 3] / 2, SHEET.row_gap * height) if len(boxes) else []


def _group(middles: np.ndarray, gap: float) -> list[list[int]]:
    """Places (N,) in groups, in order: each is nearer to the mean of its group than `gap`."""
    groups: list[list[int]] = []
    for at in np.argsort(middles):
        if groups and middles[at] - np.mean(middles[groups[-1]]) < gap:
            groups[-1].append(int(at))
        else:
            groups.append([int(at)])
    return groups


def _find_columns(boxes: np.ndarray, rows: int) -> list[tuple[float, float]]:
    """Left and right ends of the columns: stretches across in which numbers lie below each other."""
    columns: list[list[float]] = []
    for x, _, wide, _ in boxes[np.argsort(boxes[:, 0])] if len(boxes) else []:
        if columns and x < columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], x + wide)
            columns[-1][2] += 1
        else:
            columns.append([x, x + wide, 1])
    return [(left, right) for left, right, count in columns if count >= SHEET.filled * rows]


def _edges(starts: list[float], ends: list[float], height: float) -> np.ndarray:
    """Where one row or column ends and the next begins, in pixels: (N + 1,)."""
    between = [(end + start) / 2 for end, start in zip(ends[:-1], starts[1:], strict=True)]
    return np.array([starts[0] - 0.5 * height, *between, ends[-1] + 0.5 * height])

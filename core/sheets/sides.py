"""Which sides of cells a picture shows: where it is darker along a line than on both sides of it.

Three quarters of a side say so, whatever writing crosses it, and though no point of a faint rule stands out by itself;
a line of print is dark in half of its points only.
"""

import numpy as np

from core.sheets.settings import SHEET


def find_sides(grey: np.ndarray, nodes: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """How much darker the picture is along each side of the cells between nodes (R, C, 2) than on both sides of it, in
    what a rule must be at least; and what share of the side is. Each for level sides (R, C - 1) and upright ones
    (R - 1, C)."""
    ways = (nodes[:, :-1], nodes[:, 1:]), (nodes[:-1], nodes[1:])
    unit = min(float(np.median(np.linalg.norm(ends - starts, axis=-1))) for starts, ends in ways)
    level, upright = (_look_along(grey, starts, ends, unit) for starts, ends in ways)
    return (level[0], upright[0]), (level[1], upright[1])


def _look_along(grey: np.ndarray, starts: np.ndarray, ends: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """The same for the straight ways from each start to its end (..., 2); `unit` is a cell's shorter side in pixels."""
    way = ends - starts
    aside = np.stack([-way[..., 1], way[..., 0]], axis=-1)
    aside = aside / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1.0)
    near = np.linspace(-1, 1, 7) * max(SHEET.side_near * unit, 1.5)
    paper = np.linspace(*SHEET.side_paper, 4) * unit
    offsets = np.concatenate([-paper, near, paper])
    along = np.linspace(0.08, 0.92, 25)
    points = (
        starts[..., None, None, :]
        + along[:, None, None] * way[..., None, None, :]
        + offsets[:, None] * aside[..., None, None, :]
    )
    x, y = points[..., 0].round().astype(int), points[..., 1].round().astype(int)
    is_inside = (x >= 0) & (y >= 0) & (x < grey.shape[1]) & (y < grey.shape[0])
    seen = grey[np.clip(y, 0, grey.shape[0] - 1), np.clip(x, 0, grey.shape[1] - 1)]
    values = np.where(is_inside, seen, np.float32(0))  # beyond the picture nothing is paper
    ordered = np.sort(values, axis=-2)  # (..., along, offsets)
    low, high = (ordered[..., round(share * (len(along) - 1)), :] for share in (0.3, 0.7))
    beside = np.minimum(high[..., :4].max(-1), high[..., 11:].max(-1))
    spread = (high - low) / 1.05  # of a Gaussian its standard deviation; of print around a table it is high
    grain = np.minimum(np.median(spread[..., :4], axis=-1), np.median(spread[..., 11:], axis=-1))
    least = np.maximum(SHEET.faintest_side, SHEET.side_in_noise * grain)
    line = high[..., 4:11].argmin(-1)
    at_line = np.take_along_axis(values[..., 4:11], line[..., None, None], axis=-1)[..., 0]
    return (beside - high[..., 4:11].min(-1)) / least, (at_line < (beside - least)[..., None]).mean(-1)


def is_ruled(contrasts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Which sides are there, (rules, sides) bool: of a rule that is there nearly everywhere a broken one too."""
    strong = contrasts > 1
    is_usual = strong.mean(axis=1, keepdims=True) > SHEET.usual_rule
    ruled: np.ndarray = strong | (is_usual & (shares > SHEET.broken_side))
    return ruled

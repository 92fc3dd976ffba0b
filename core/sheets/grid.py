"""The grid that rules make: where its nodes are in the photograph, and which cells lie between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.sheets.outlines import Corners, Dark, size_of
from core.sheets.rules import Rule, find_rules
from core.sheets.settings import SHEET


@dataclass(frozen=True)
class Span:
    """A cell: its first row and column, and how many rows and columns it takes."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, eq=False)
class Grid:
    """`nodes` (R + 1, C + 1, 2) float64, where rules cross, in pixels of the searched picture; the `cells` between
    them that are closed; `thickness` of the rules in those pixels."""

    nodes: np.ndarray
    cells: tuple[Span, ...]
    thickness: float

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns have cells."""
        return len({cell.row for cell in self.cells}), len({cell.column for cell in self.cells})

    @property
    def worth(self) -> float:
        """How much it explains: its cells, those that are about as wide and high as most; each other one speaks
        against it, for a stroke taken for a rule parts a cell in two."""
        wide, high = _sizes(self.cells, self.nodes)
        usual = _is_near(wide) & _is_near(high)
        return float(np.where(usual, 1.0, -0.5).sum())

    @property
    def corners(self) -> Corners:
        """Its four corners, in pixels of the searched picture."""
        ends: Corners = self.nodes[[0, 0, -1, -1], [0, -1, -1, 0]].astype(np.float32)
        return ends


def find_grid(dark: Dark, corners: Corners) -> Grid | None:
    """The grid of rules inside a quadrilateral, or None where its rules make fewer than `SHEET.fewest_cells` cells."""
    wide, high = size_of(corners)
    scale = SHEET.searched / max(wide, high)
    margin = 0.02 * SHEET.searched
    size = (round(wide * scale + 2 * margin), round(high * scale + 2 * margin))
    if min(size) < 4 * margin:
        return None
    right, bottom = size[0] - margin, size[1] - margin
    flat = np.array([[margin, margin], [right, margin], [right, bottom], [margin, bottom]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    mask = (cv2.warpPerspective(dark.mask * 255, matrix, size, flags=cv2.INTER_LINEAR) > 100).astype(np.uint8)
    level, upright = _merge_doubles(find_rules(mask)), _merge_doubles(find_rules(mask, is_upright=True))
    level, upright = _drop_useless(level, upright)
    if len(level) < 2 or len(upright) < 2:
        return None
    nodes = _cross(level, upright)
    cells = _drop_slivers(_closed_regions(*_sides(level, upright)), nodes)
    if len(cells) < SHEET.fewest_cells:
        return None
    back = cv2.perspectiveTransform(nodes.reshape(-1, 1, 2), np.linalg.inv(matrix)).reshape(nodes.shape)
    thickness = float(np.median([rule.thickness for rule in (*level, *upright)])) / scale
    return Grid(back, cells, thickness)


def _merge_doubles(rules: list[Rule]) -> list[Rule]:
    """Rules without the second line of a double one, or the other edge of a thick one: what covers more stays."""
    if len(rules) < 3:
        return rules
    gaps = np.diff([rule.middle for rule in rules])
    # Of rules drawn twice half of the gaps or more are narrow: the wide ones tell what a cell is.
    near = min(SHEET.apart * float(np.percentile(gaps, 80)), 0.02 * SHEET.searched)
    kept = [rules[0]]
    for rule in rules[1:]:
        if rule.middle - kept[-1].middle < near:
            both = kept[-1].covered | rule.covered
            better = max(kept[-1], rule, key=lambda one: one.covered.sum())
            kept[-1] = Rule(better.bend, both, better.thickness)
        else:
            kept.append(rule)
    return kept


def _drop_slivers(cells: list[Span], nodes: np.ndarray) -> tuple[Span, ...]:
    """The cells without those far narrower or lower than most: what lies between the two lines of a double rule."""
    if not cells:
        return ()
    wide, high = _sizes(cells, nodes)
    keep = (wide > SHEET.sliver * np.median(wide)) & (high > SHEET.sliver * np.median(high))
    return tuple(cell for cell, stays in zip(cells, keep, strict=True) if stays)


def _sizes(cells: Sequence[Span], nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Widths and heights of cells in pixels, each divided by how many columns and rows it takes: (N,) twice."""
    first = np.array([nodes[cell.row, cell.column] for cell in cells])
    right = np.array([nodes[cell.row, cell.column + cell.columns] for cell in cells])
    below = np.array([nodes[cell.row + cell.rows, cell.column] for cell in cells])
    columns, rows = (np.array([getattr(cell, name) for cell in cells]) for name in ("columns", "rows"))
    return np.linalg.norm(right - first, axis=1) / columns, np.linalg.norm(below - first, axis=1) / rows


def _is_near(lengths: np.ndarray) -> np.ndarray:
    """Which lengths (N,) are about as great as most."""
    share = lengths / np.median(lengths)
    near: np.ndarray = (share > 0.5) & (share < 2.0)
    return near


def _cross(level: list[Rule], upright: list[Rule]) -> np.ndarray:
    """Where rules cross: (R, C, 2) float64, x and y in pixels."""
    x = np.tile([rule.middle for rule in upright], (len(level), 1)).astype(float)
    y = np.zeros_like(x)
    for _ in range(4):  # rules are nearly level and upright: this converges in two
        y = np.stack([rule.at(x[at]) for at, rule in enumerate(level)])
        y = np.clip(y, 0, len(upright[0].covered))
        x = np.stack([rule.at(y[:, at]) for at, rule in enumerate(upright)], axis=1)
        x = np.clip(x, 0, len(level[0].covered))
    return np.stack([x, y], axis=2)


def _sides(level: list[Rule], upright: list[Rule]) -> tuple[np.ndarray, np.ndarray]:
    """Which sides of cells a rule shows: level ones (R + 1, C) and upright ones (R, C + 1), bool."""
    nodes = _cross(level, upright)
    across = np.array(
        [
            [rule.share(nodes[i, j, 0], nodes[i, j + 1, 0]) for j in range(len(upright) - 1)]
            for i, rule in enumerate(level)
        ]
    )
    down = np.array(
        [
            [rule.share(nodes[i, j, 1], nodes[i + 1, j, 1]) for j, rule in enumerate(upright)]
            for i in range(len(level) - 1)
        ]
    )
    return _is_shown(across.reshape(len(level), -1)), _is_shown(down.reshape(-1, len(upright)).T).T


def _is_shown(shares: np.ndarray) -> np.ndarray:
    """Which sides are there, by the share of each that its rule covers, (rules, sides) -> bool: of a rule that is
    there nearly everywhere a faint stretch too."""
    strong = shares > SHEET.side_shown
    is_usual = strong.mean(axis=1, keepdims=True) > SHEET.usual_rule
    shown: np.ndarray = strong | (is_usual & (shares > SHEET.faint_side))
    return shown


def _drop_useless(level: list[Rule], upright: list[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Rules that close some cell; the edge of the page, an underlined word or a long stroke closes none."""
    while len(level) > 1 and len(upright) > 1:
        across, down = _sides(level, upright)
        closed = _closed_regions(across, down)
        rows = {row for cell in closed for row in (cell.row, cell.row + cell.rows)}
        columns = {column for cell in closed for column in (cell.column, cell.column + cell.columns)}
        # Strokes of digits below each other may pass for a rule in a cell or two.
        rows -= {at for at, shown in enumerate(across.mean(1)) if shown < SHEET.least_shown}
        columns -= {at for at, shown in enumerate(down.mean(0)) if shown < SHEET.least_shown}
        if len(rows) == len(level) and len(columns) == len(upright):
            break
        level = [rule for at, rule in enumerate(level) if at in rows]
        upright = [rule for at, rule in enumerate(upright) if at in columns]
    return level, upright


def _closed_regions(across: np.ndarray, down: np.ndarray) -> list[Span]:
    """The cells that are closed on all four sides, merged ones too: level sides (R + 1, C) and upright ones
    (R, C + 1), bool. What is joined over a missing side must be a rectangle."""
    rows, columns = down.shape[0], across.shape[1]
    owner = np.arange(rows * columns)

    def find(at: int) -> int:
        while owner[at] != at:
            at = owner[at]
        return int(at)

    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            if column + 1 < columns and not down[row, column + 1]:
                owner[find(here)] = find(here + 1)
            if row + 1 < rows and not across[row + 1, column]:
                owner[find(here)] = find(here + columns)
    roots = np.array([find(at) for at in range(rows * columns)]).reshape(rows, columns)
    cells = []
    for root in np.unique(roots):
        places = np.argwhere(roots == root)
        (top, left), (bottom, right) = places.min(0), places.max(0) + 1
        is_rectangle = len(places) == (bottom - top) * (right - left)
        is_closed = (
            across[[top, bottom], left:right].all() and down[top:bottom, [left, right]].all() if is_rectangle else False
        )
        if is_closed:
            cells.append(Span(int(top), int(left), int(bottom - top), int(right - left)))
    return cells

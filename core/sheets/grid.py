"""The grid that rules make: where its nodes are in the photograph, and which cells lie between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.sheets.outlines import Corners, Dark
from core.sheets.settings import SHEET
from core.sheets.sides import find_sides, is_ruled


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
        """How much it explains: its cells, those that are about as wide and high as most. Each other one speaks against
        it, for a stroke taken for a rule parts a cell in two, and so does each place that is joined to another or has
        no cell: tables have four sides, and few merged cells."""
        wide, high = _sizes(self.cells, self.nodes)
        usual = _is_near(wide) & _is_near(high)
        joined = sum(cell.rows * cell.columns - 1 for cell in self.cells)
        return float(np.where(usual, 1.0, -0.5).sum()) - 0.5 * joined - self._holes

    @property
    def is_complete(self) -> bool:
        """Whether there is a cell in every place."""
        return self._holes == 0

    @property
    def _holes(self) -> int:
        """How many places have no cell; the gap between two boxes is none."""
        rows, columns = self.shape
        taken = {
            (row, column)
            for cell in self.cells
            for row in range(cell.row, cell.row + cell.rows)
            for column in range(cell.column, cell.column + cell.columns)
        }
        return max(0, rows * columns - len(taken))

    @property
    def corners(self) -> Corners:
        """Its four corners, in pixels of the searched picture."""
        ends: Corners = self.nodes[[0, 0, -1, -1], [0, -1, -1, 0]].astype(np.float32)
        return ends


def examine(dark: Dark, nodes: np.ndarray, thickness: float) -> Grid | None:
    """The grid with these nodes (R, C, 2): the cells whose sides the picture shows, those that hang together; None
    where they are fewer than `SHEET.fewest_cells`."""
    contrasts, shares = find_sides(dark.grey, nodes)
    across = is_ruled(contrasts[0], shares[0])
    down = is_ruled(contrasts[1].T, shares[1].T).T
    cells = _keep_together(_drop_slivers(closed_regions(across, down), nodes))
    return Grid(nodes, cells, thickness) if len(cells) >= SHEET.fewest_cells else None


def closed_regions(across: np.ndarray, down: np.ndarray) -> list[Span]:
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


def _drop_slivers(cells: list[Span], nodes: np.ndarray) -> tuple[Span, ...]:
    """The cells without those far narrower or lower than most: what lies between the two lines of a double rule."""
    if not cells:
        return ()
    wide, high = _sizes(cells, nodes)
    keep = (wide > SHEET.sliver * np.median(wide)) & (high > SHEET.sliver * np.median(high))
    return tuple(cell for cell, stays in zip(cells, keep, strict=True) if stays)


def _keep_together(cells: tuple[Span, ...]) -> tuple[Span, ...]:
    """The cells that lie side by side, or with no more than a gap between them: the largest such group, without a first
    or last row or column that is mostly empty, which print beside the table makes."""
    if not cells:
        return ()
    high, wide = max(cell.row + cell.rows for cell in cells), max(cell.column + cell.columns for cell in cells)
    taken = np.zeros((high, wide), np.uint8)
    for cell in cells:
        taken[cell.row : cell.row + cell.rows, cell.column : cell.column + cell.columns] = 1
    _, groups = cv2.connectedComponents(cv2.morphologyEx(taken, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    mine = [int(groups[cell.row, cell.column]) for cell in cells]
    largest = max(set(mine), key=mine.count)
    kept = [cell for cell, group in zip(cells, mine, strict=True) if group == largest]
    while outer := _find_outer(kept):
        kept = [cell for cell in kept if cell not in outer]
    return tuple(kept)


def _find_outer(cells: list[Span]) -> list[Span]:
    """The cells of a first or last row or column that fill less than half of it; none where all are fuller."""
    if not cells:
        return []
    rows, columns = sorted({cell.row for cell in cells}), sorted({cell.column for cell in cells})
    for at, total, size in (("row", len(columns), "columns"), ("column", len(rows), "rows")):
        places = rows if at == "row" else columns
        for place in (places[0], places[-1]):
            mine = [cell for cell in cells if getattr(cell, at) == place]
            if len(places) > 1 and 2 * sum(getattr(cell, size) for cell in mine) < total:
                return mine
    return []


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

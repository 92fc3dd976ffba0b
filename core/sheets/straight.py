"""A grid in a photograph made straight: every cell a rectangle, whatever perspective and bends the page had."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.reading.mnist_form import Box
from core.sheets.grid import Grid, Span
from core.sheets.settings import SHEET


@dataclass(frozen=True, eq=False)
class Straight:
    """The straightened picture, `colours` (H, W, 3) uint8, with its `cells` and the places of the grid's rules in it:
    `across` (C + 1,) and `down` (R + 1,) in pixels. `thickness` of the rules in pixels, 0 where there are none."""

    colours: np.ndarray
    across: np.ndarray
    down: np.ndarray
    cells: tuple[Span, ...]
    thickness: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.down) - 1, len(self.across) - 1

    @property
    def cell_side(self) -> float:
        """The shorter side of the usual cell, in pixels."""
        return float(min(np.median(np.diff(self.across)), np.median(np.diff(self.down))))

    def box(self, cell: Span) -> Box:
        """A cell's x, y, width and height in pixels, from the middle of one rule to the middle of the next."""
        left, top = round(self.across[cell.column]), round(self.down[cell.row])
        right, bottom = round(self.across[cell.column + cell.columns]), round(self.down[cell.row + cell.rows])
        return left, top, right - left, bottom - top

    def turned(self, quarters: int) -> "Straight":
        """The same turned to the left by so many quarters of a circle."""
        straight = self
        for _ in range(quarters % 4):
            straight = straight._turned_once()
        return straight

    def _turned_once(self) -> "Straight":
        width, columns = self.colours.shape[1], self.shape[1]
        cells = (Span(columns - cell.column - cell.columns, cell.row, cell.columns, cell.rows) for cell in self.cells)
        return Straight(
            np.ascontiguousarray(np.rot90(self.colours)),
            self.down,
            width - self.across[::-1],
            tuple(sorted(cells, key=lambda cell: (cell.row, cell.column))),
            self.thickness,
        )


def straighten(colours: np.ndarray, grid: Grid, scale: float) -> Straight:
    """The grid cut out of a picture (H, W, 3) uint8; `scale` pixels of the grid are one of the picture's."""
    nodes = grid.nodes / scale
    widths = np.linalg.norm(np.diff(nodes, axis=1), axis=2).mean(0)
    heights = np.linalg.norm(np.diff(nodes, axis=0), axis=2).mean(1)
    side = SHEET.margin * float(min(np.median(widths), np.median(heights)))
    fit = min(1.0, SHEET.side / (max(widths.sum(), heights.sum()) + 2 * side))
    widths, heights, side = widths * fit, heights * fit, side * fit
    across = side + np.concatenate([[0.0], np.cumsum(widths)])
    down = side + np.concatenate([[0.0], np.cumsum(heights)])
    size = round(across[-1] + side), round(down[-1] + side)
    along_x, along_y = _weights(np.arange(size[0]) + 0.5, across), _weights(np.arange(size[1]) + 0.5, down)
    places = np.stack([along_y @ nodes[..., axis] @ along_x.T for axis in (0, 1)]).astype(np.float32) - 0.5
    flat = cv2.remap(colours, places[0], places[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Straight(flat, across, down, grid.cells, grid.thickness / scale * fit)


def _weights(places: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How much of each edge's node (N,) each place (L,) takes, (L, N): linear between two, carried on outside."""
    before = np.clip(np.searchsorted(edges, places, side="right") - 1, 0, len(edges) - 2)
    share = (places - edges[before]) / (edges[before + 1] - edges[before])
    weights = np.zeros((len(places), len(edges)))
    rows = np.arange(len(places))
    weights[rows, before], weights[rows, before + 1] = 1 - share, share
    return weights

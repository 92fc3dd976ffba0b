"""Pieces of paper that rules close in, each a cell, and the mesh that neighbours make together.

What is found is local: neither perspective nor a bend nor print around the table matters. A cell whose rule is broken,
or that its writing parts in two, is missing in the mesh; the others say where it must be.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.sheets.outlines import order, quadrilateral
from core.sheets.settings import SHEET

SIDES = ((1, 0), (2, 3)), ((3, 0), (2, 1))  # corners of a cell that meet those of its right, and its lower neighbour


@dataclass(frozen=True, eq=False)
class Mesh:
    """Cells side by side: the `corners` (N, 4, 2) float64 of each, clockwise from the upper left, in pixels, and its
    `places` (N, 2) int: row and column, from 0."""

    corners: np.ndarray
    places: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.places.max(0) + 1
        return int(rows), int(columns)

    def lay_nodes(self) -> np.ndarray:
        """Where the rules of the mesh cross, (R, C, 2) float64 in pixels: two rules between boxes that stand apart, one
        between cells that share it."""
        across, down = (self._lay_lines(axis) for axis in (1, 0))
        model = _Model(self, across, down)
        nodes = model.at(np.stack(np.meshgrid(np.unique(across), np.unique(down)), axis=-1))
        return nodes

    def _lay_lines(self, axis: int) -> np.ndarray:
        """Where columns (axis 1) or rows (axis 0) begin and end, in usual cells of the mesh: (columns or rows, 2)."""
        before, behind = ((0, 3), (1, 2)) if axis else ((0, 1), (3, 2))
        lengths = np.linalg.norm(self.corners[:, list(behind)].mean(1) - self.corners[:, list(before)].mean(1), axis=1)
        unit = float(np.median(lengths))
        count = self.shape[axis]
        sizes, gaps = np.ones(count), np.zeros(count)
        known = {(int(row), int(column)): at for at, (row, column) in enumerate(self.places)}
        for line in range(count):
            here = np.flatnonzero(self.places[:, axis] == line)
            if len(here):
                sizes[line] = np.median(lengths[here]) / unit
            step = (0, 1) if axis else (1, 0)
            apart = [
                float(np.linalg.norm(self.corners[at][list(behind)] - self.corners[other][list(before)], axis=1).mean())
                for at in here
                if (other := known.get((int(self.places[at, 0]) + step[0], int(self.places[at, 1]) + step[1])))
                is not None
            ]
            if apart:
                gaps[line] = np.median(apart) / unit
        starts = np.concatenate([[0.0], np.cumsum(sizes + gaps)[:-1]])
        lines = np.stack([starts, starts + sizes], axis=1)
        # A gap as narrow as a rule is the rule.
        is_rule = gaps[:-1] < SHEET.box_gap
        middle = (lines[:-1, 1] + lines[1:, 0]) / 2
        lines[:-1, 1] = np.where(is_rule, middle, lines[:-1, 1])
        lines[1:, 0] = np.where(is_rule, middle, lines[1:, 0])
        return lines


class _Model:
    """Where a place of the mesh lies in the picture: a homography, and on top of it a smooth bend."""

    def __init__(self, mesh: Mesh, across: np.ndarray, down: np.ndarray) -> None:
        """Fit both to the corners that are known; `across` and `down` are where columns and rows begin and end."""
        rows, columns = mesh.places.T
        x = np.stack([across[columns, side] for side in (0, 1, 1, 0)], axis=1)
        y = np.stack([down[rows, side] for side in (0, 0, 1, 1)], axis=1)
        given, seen = np.stack([x, y], axis=-1).reshape(-1, 2), mesh.corners.reshape(-1, 2)
        unit = float(np.median(np.linalg.norm(mesh.corners[:, 1] - mesh.corners[:, 0], axis=1)))
        matrix, _ = cv2.findHomography(given, seen, cv2.RANSAC, 0.35 * unit)
        self._matrix = cv2.findHomography(given, seen)[0] if matrix is None else matrix
        self._middle, self._size = given.mean(0), np.maximum(np.ptp(given, axis=0), 1.0)
        self._order = 3 if len(mesh.places) >= 24 else 2 if len(mesh.places) >= 9 else 0
        self._bend = np.zeros((len(self._terms(given[:1])[0]), 2))
        for _ in range(3):  # what lies far off, a corner that writing cut, counts no more the next time
            away = seen - self.at(given)
            near = np.linalg.norm(away, axis=1) < max(3 * float(np.median(np.linalg.norm(away, axis=1))), 1.0)
            change, *_ = np.linalg.lstsq(self._terms(given[near]), away[near], rcond=None)
            self._bend = self._bend + change

    def at(self, places: np.ndarray) -> np.ndarray:
        """Places (..., 2) of the mesh in the picture, in pixels."""
        flat = places.reshape(-1, 1, 2).astype(np.float64)
        straight = cv2.perspectiveTransform(flat, self._matrix)[:, 0]
        return (straight + self._terms(flat[:, 0]) @ self._bend).reshape(places.shape)

    def _terms(self, places: np.ndarray) -> np.ndarray:
        x, y = ((places - self._middle) / self._size).T
        powers = [(i, j) for i in range(self._order + 1) for j in range(self._order + 1 - i)]
        return np.stack([x**i * y**j for i, j in powers], axis=1)


def find_meshes(mask: np.ndarray) -> list[Mesh]:
    """The meshes of cells in a mask (H, W) uint8 of what is darker than paper, 0 or 1; the largest first."""
    corners = _find_pieces(mask)
    if len(corners) < SHEET.fewest_cells:
        return []
    meshes = [Mesh(corners[members], places) for members, places in _place(corners)]
    return sorted(meshes, key=lambda mesh: -len(mesh.places))[: SHEET.outlines]


def _find_pieces(mask: np.ndarray) -> np.ndarray:
    """The corners of pieces of paper that are about four-sided: (N, 4, 2) float64."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    high, wide = mask.shape
    found = []
    for label in range(1, len(stats)):
        x, y, width, height, area = stats[label]
        if min(width, height) < SHEET.smallest_piece or width > 0.9 * wide or height > 0.9 * high:
            continue
        if area < 0.3 * width * height:
            continue
        part = (labels[y : y + height, x : x + width] == label).astype(np.uint8)
        contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        hull = cv2.convexHull(max(contours, key=cv2.contourArea) + np.array([[x, y]], np.int32))
        corners = quadrilateral(hull)
        size = cv2.contourArea(corners)
        # Writing takes some paper from its cell.
        if size > 0 and cv2.contourArea(hull) > 0.85 * size and area > 0.4 * size:
            found.append(corners)
    if not found:
        return np.zeros((0, 4, 2))
    corners = np.stack(found).astype(np.float64)
    # Which corner is the upper left one, the whole picture says: of a sheet turned by 45 degrees one cell can't.
    sides = corners[:, [1, 2]] - corners[:, [0, 1]]
    angles = 4 * np.arctan2(sides[..., 1], sides[..., 0])
    weights = np.linalg.norm(sides, axis=2)
    angle = np.arctan2((weights * np.sin(angles)).sum(), (weights * np.cos(angles)).sum()) / 4
    back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ordered = np.stack([order((one @ back).astype(np.float32)) for one in corners]).astype(np.float64)
    laid: np.ndarray = ordered @ back.T
    return laid


def _place(corners: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cells that are neighbours together: which of them (N,), and their rows and columns from 0 (N, 2)."""
    links = [(axis, one, other, away) for axis in (0, 1) for one, other, away in _find_neighbours(corners, axis)]
    counts = np.zeros(len(corners), int)
    for _, one, other, _ in links:
        counts[[one, other]] += 1
    # Cells with many neighbours first: a stroke that parts a cell in two has few.
    links.sort(key=lambda link: (-min(counts[link[1]], counts[link[2]]), link[3]))
    group, place = np.arange(len(corners)), np.zeros((len(corners), 2), int)
    for axis, one, other, _ in links:
        if group[one] != group[other]:
            joined = group == group[other]
            step = np.array([1, 0]) if axis else np.array([0, 1])
            place[joined] += place[one] + step - place[other]
            group[joined] = group[one]
    meshes = []
    for name in np.unique(group):
        members = np.flatnonzero(group == name)
        members = members[np.argsort(-counts[members], kind="stable")]
        _, first = np.unique(place[members], axis=0, return_index=True)  # two parts of a cell are in one place
        members = members[first]
        places = place[members] - place[members].min(0)
        if len(members) >= SHEET.fewest_cells:
            meshes.append((members, places))
    return meshes


def _find_neighbours(corners: np.ndarray, axis: int) -> list[tuple[int, int, float]]:
    """Pairs of cells whose sides lie along each other, to the right (axis 0) or below (axis 1), with how far apart
    they are, as a share of the side."""
    (mine, theirs), (my_other, their_other) = SIDES[axis]
    away = [
        np.linalg.norm(corners[:, None, one] - corners[None, :, other], axis=2)
        for one, other in ((mine, theirs), (my_other, their_other))
    ]
    side = np.linalg.norm(corners[:, mine] - corners[:, my_other], axis=1)
    far = np.maximum(*away) / np.maximum(side[:, None], 1.0)
    np.fill_diagonal(far, np.inf)
    best, back = far.argmin(1), far.argmin(0)
    return [
        (one, int(other), float(far[one, other]))
        for one, other in enumerate(best)
        if back[other] == one and far[one, other] < SHEET.neighbour
    ]

"""The structure of a ruled sheet: hypotheses of where its rules cross, and the one that explains most of the picture.

A mesh of closed cells needs no outline; rules that are too faint or too broken to close cells are followed from end to
end inside an outline. What the picture shows of each cell's sides says which hypothesis counts.
"""

from collections.abc import Callable

import cv2
import numpy as np

from core.sheets.grid import Grid, examine
from core.sheets.mesh import Mesh, find_meshes
from core.sheets.outlines import Corners, Dark, size_of
from core.sheets.rules import cross, drop_useless, find_rules, merge_doubles
from core.sheets.settings import SHEET
from core.sheets.sides import find_sides


def find_grids(darks: list[Dark], find_outlines: Callable[[], list[Corners]]) -> list[Grid]:
    """All grids that a picture may hold, seen in several ways, the one that explains most first. `find_outlines` says,
    where that must be known, inside what rules are followed, in pixels of the searched picture."""
    grids = [grid for dark in darks for mesh in find_meshes(dark.mask) if (grid := _follow_mesh(dark, mesh))]
    grids.sort(key=lambda grid: -grid.worth)
    # Where two ways to see the picture agree on a grid without holes nothing else is tried.
    shapes = [grid.shape for grid in grids if grid.is_complete]
    if not (grids and grids[0].is_complete and shapes.count(grids[0].shape) > 1 and len(grids[0].cells) >= 16):
        grids += [grid for corners in find_outlines() if (grid := _follow_rules(darks[0], corners))]
        grids.sort(key=lambda grid: -grid.worth)
    finer = _divide(darks[0], grids[0]) if grids else None
    return [finer, *grids] if finer is not None and finer.worth > grids[0].worth else grids


def _follow_rules(dark: Dark, corners: Corners) -> Grid | None:
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
    level, upright = merge_doubles(find_rules(mask)), merge_doubles(find_rules(mask, is_upright=True))
    level, upright = drop_useless(level, upright)
    if len(level) < 2 or len(upright) < 2:
        return None
    nodes = cross(level, upright)
    back = cv2.perspectiveTransform(nodes.reshape(-1, 1, 2), np.linalg.inv(matrix)).reshape(nodes.shape)
    thickness = float(np.median([rule.thickness for rule in (*level, *upright)])) / scale
    return examine(dark, back, thickness)


def _follow_mesh(dark: Dark, mesh: Mesh) -> Grid | None:
    """The grid that a mesh of cells tells of, with the cells that are missing in it where their sides are there, and
    rows and columns beside it that go on like it; None where it has fewer than `SHEET.fewest_cells` cells."""
    nodes = mesh.lay_nodes()
    if min(nodes.shape[:2]) < 2:
        return None
    nodes = _go_on(dark.grey, nodes)
    return examine(dark, nodes, _measure_thickness(dark.mask, nodes))


def _divide(dark: Dark, grid: Grid) -> Grid | None:
    """The grid with its cells divided by rules too faint to be seen piece by piece: two or three in each direction,
    where the picture is darker along nearly all of them. None where there are none."""
    for parts in (3, 2):
        finer = _divide_nodes(grid.nodes, parts)
        across, down = (side > 1 for side in find_sides(dark.grey, finer)[0])
        new_across = np.arange(len(finer)) % parts != 0
        new_down = np.arange(finer.shape[1]) % parts != 0
        if min(across[new_across].mean(), down[:, new_down].mean()) > SHEET.side_shown:
            return examine(dark, finer, grid.thickness)
    return None


def _divide_nodes(nodes: np.ndarray, parts: int) -> np.ndarray:
    """Nodes (R, C, 2) with as many between each two that there are `parts`."""
    rows, columns = ((np.arange((count - 1) * parts + 1) / parts) for count in nodes.shape[:2])

    def spread(values: np.ndarray, places: np.ndarray) -> np.ndarray:
        before = np.minimum(places.astype(int), len(values) - 2)
        share = (places - before)[:, None, None]
        laid: np.ndarray = values[before] * (1 - share) + values[before + 1] * share
        return laid

    across = spread(nodes, rows).transpose(1, 0, 2)
    return spread(across, columns).transpose(1, 0, 2)


def _go_on(grey: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """The nodes (R, C, 2) with more rows and columns on all sides, as long as there are rules where they should be."""
    for _ in range(4):
        nodes = np.ascontiguousarray(np.rot90(nodes))  # each side is the first once
        for _ in range(SHEET.most_added):
            longer = np.concatenate([2 * nodes[:1] - nodes[1:2], nodes])
            across, down = (side > 1 for side in find_sides(grey, longer[:2])[0])
            if min(across[0].mean(), down[0].mean()) < SHEET.side_shown:
                break
            nodes = longer
    return nodes


def _measure_thickness(mask: np.ndarray, nodes: np.ndarray) -> float:
    """The usual thickness of the rules in pixels: how much is dark across the middle of a side."""
    widths = []
    for one, other in ((nodes[:, :-1], nodes[:, 1:]), (nodes[:-1], nodes[1:])):
        way = other - one
        length = np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1.0)
        aside = np.stack([-way[..., 1], way[..., 0]], axis=-1) / length
        steps = np.linspace(-0.15, 0.15, 31)
        points = (one + other)[..., None, :] / 2 + steps[:, None] * (aside * length)[..., None, :]
        x = np.clip(points[..., 0].round().astype(int), 0, mask.shape[1] - 1)
        y = np.clip(points[..., 1].round().astype(int), 0, mask.shape[0] - 1)
        widths.append((mask[y, x].mean(-1) * 0.3 * length[..., 0]).ravel())
    return max(1.0, float(np.median(np.concatenate(widths))))

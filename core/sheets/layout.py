"""The structure of a sheet before it is read: straightened, upright, its cells cut out."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np

from core.network.checkpoint import Checkpoint
from core.reading.picture import Picture
from core.sheets.alignment import align, flatten
from core.sheets.cells import Cell, cut
from core.sheets.form import COLLECTION, Form, FormError
from core.sheets.form_photo import FoundForm, find_form
from core.sheets.grid import Grid
from core.sheets.outlines import Corners, find_dark, find_outlines
from core.sheets.settings import SHEET
from core.sheets.straight import Straight, straighten
from core.sheets.structure import find_grids
from core.sheets.turn import find_turn


@dataclass(frozen=True, eq=False)
class Layout:
    """The structure of a sheet before it is read: the straightened and upright picture, its cells cut out, and where
    in a table of `shape` each one stands. Cells of one place are boxes for one digit each, of a `form`."""

    straight: Straight
    cells: tuple[Cell, ...]
    places: tuple[tuple[int, int], ...]
    shape: tuple[int, int]
    remark: str = ""
    form: Form | None = None


def find_sheet(checkpoint: Checkpoint, picture: Picture) -> Layout | None:
    """The sheet that a picture shows by itself, where nobody said that there is one: a grid of rules with hardly a gap
    and something written into several cells, or several numbers that stand in rows and columns. None for anything
    else, a number or two below each other too."""
    try:
        found = find_layout(checkpoint, picture)
    except FormError:
        return None
    if found is None or found.form is not None:
        return found
    rows, columns = found.shape
    written = sum(cell.is_written for cell in found.cells)
    is_ruled = found.straight.thickness > 0
    is_whole = len(found.cells) >= SHEET.least_filled * rows * columns and len(found.cells) >= SHEET.least_cells
    is_table = written >= (2 if is_ruled else SHEET.least_filled * rows * columns) and min(rows, columns) > 1
    return found if is_whole and is_table else None


def cut_out(picture: Picture, corners: Corners) -> Picture:
    """What lies inside four corners of a picture, seen from the front; `corners` (4, 2) are shares of its width and
    height, clockwise from the top left."""
    high, wide = picture.colours.shape[:2]
    flat = flatten(picture.colours, np.asarray(corners, np.float32) * np.array([wide, high], np.float32))
    return Picture(flat, (flat.shape[1], flat.shape[0]))


def find_layout(checkpoint: Checkpoint, picture: Picture) -> Layout | None:
    """The structure of the sheet in a picture, or None where there is none: no rules that form cells, and no several
    numbers that stand in line. Raises `FormError` for a printed form that isn't known."""
    found = find_form(picture.colours)
    if found:
        return _lay_out_form(found)
    darks = find_dark(picture.colours)
    # What is known of outlines is asked for where a mesh alone doesn't say all.
    outlines = functools.cache(lambda: find_outlines(picture.colours, darks[0]))
    grids = find_grids(darks, outlines)
    best = grids[0] if grids else None
    if best is None or 1 in best.shape:
        # One long cell beside the other: rules in one direction, with lines of writing between them.
        aligned = _find_without_rules(checkpoint, picture, outlines(), darks[0].scale)
        if best is None or (aligned and len(aligned.cells) > len(best.cells)):
            return aligned
    straight = straighten(picture.colours, best, darks[0].scale)
    cells = cut(straight)
    beyond, ink = np.sum([cell.crossed for cell in cells], axis=0)
    if beyond > SHEET.most_crossed * max(ink, 1):
        return None  # squared paper
    quarters, _ = find_turn(checkpoint, cells)
    if quarters:
        straight = straight.turned(quarters)
        cells = cut(straight)
    return lay_out(straight, cells, _say_others(grids, best))


def _find_without_rules(
    checkpoint: Checkpoint, picture: Picture, outlines: list[Corners], scale: float
) -> Layout | None:
    """Numbers that stand in line, whichever way is up: of the ways to see them one that looks like digits."""
    seen: list[tuple[float, Layout]] = []
    for corners in outlines[-2:]:  # the page, where one was found, and the whole picture
        for quarters in (0, 1):
            straight = align(flatten(picture.colours, corners / scale), quarters)
            if straight is None:
                continue
            cells = cut(straight)
            turn, log_odds = find_turn(checkpoint, cells)
            if turn % 2 == 0 and log_odds > SHEET.least_digits:
                straight = straight.turned(turn)
                seen.append((log_odds, lay_out(straight, cut(straight) if turn else cells)))
    # The page alone holds nothing of the desk: it counts where it looks about as much like digits.
    highest = max((log_odds for log_odds, _ in seen), default=0.0)
    return next((layout for log_odds, layout in seen if log_odds > highest - SHEET.about), None)


def _lay_out_form(found: FoundForm) -> Layout:
    """A printed form: one place for each field, and a row of places where a field collects handwriting."""
    boxes, form = found.form.boxes, found.form
    cells = tuple(cut(found.straight))
    is_collection = form == COLLECTION
    places = tuple(
        (box.row, at % COLLECTION.columns[0].boxes if is_collection else box.field) for at, box in enumerate(boxes)
    )
    shape = len(form.labels), COLLECTION.columns[0].boxes if is_collection else len(form.columns)
    remark = "" if found.marks == 4 else "One corner mark is missing: look whether the boxes lie where they should."
    return Layout(found.straight, cells, places, shape, remark, form)


def lay_out(straight: Straight, cells: list[Cell], remark: str = "") -> Layout:
    """Where in a table each cell stands, by where it begins: rows and columns without any cell, the gaps between boxes,
    don't count, and where a rule was found in two pieces its cells still stand beside each other."""
    boxes = [straight.box(cell.span) for cell in cells]
    columns, rows = (_rank([box[axis] for box in boxes], [box[axis + 2] for box in boxes]) for axis in (0, 1))
    places = tuple(zip(rows, columns, strict=True))
    if len(set(places)) < len(places):  # two cells in one place would lose one
        rows = [sorted({cell.span.row for cell in cells}).index(cell.span.row) for cell in cells]
        columns = [sorted({cell.span.column for cell in cells}).index(cell.span.column) for cell in cells]
        places = tuple(zip(rows, columns, strict=True))
    return Layout(straight, tuple(cells), places, (max(rows) + 1, max(columns) + 1), remark)


def _rank(starts: list[int], lengths: list[int]) -> list[int]:
    """Which row or column each cell is in, by where it starts: pixels, and how long the cells are."""
    near = SHEET.same_row * float(np.median(lengths))
    order = np.argsort(starts, kind="stable")
    ranks, rank = [0] * len(starts), 0
    for before, at in itertools.pairwise(order):
        rank += starts[at] - starts[before] > near
        ranks[at] = rank
    return ranks


def _say_others(grids: list[Grid], best: Grid) -> str:
    """That there is another table beside the one that was read; "" where there is none."""
    low, high = best.nodes.min((0, 1)), best.nodes.max((0, 1))
    for grid in grids:
        middle = grid.nodes.mean((0, 1))
        if ((middle < low) | (middle > high)).any():
            return "There is another table in this picture; the one with more cells was read."
    return ""

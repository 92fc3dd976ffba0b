"""Finds printed rules in a picture that was brought level: straight or slightly bent, in one direction."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.sheets.grid import closed_regions
from core.sheets.settings import SHEET


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule: `bend` are the four coefficients of its place across as a polynomial of the place along it, both in
    pixels; `covered` (L,) bool says where along it there is ink, and `thickness` is in pixels."""

    bend: np.ndarray
    covered: np.ndarray
    thickness: float

    def at(self, along: np.ndarray | float) -> np.ndarray:
        """Its place across, in pixels, at places along it."""
        return np.polyval(self.bend, along)

    @property
    def middle(self) -> float:
        """Its place across in the middle of the picture."""
        return float(self.at(len(self.covered) / 2))

    def share(self, start: float, end: float) -> float:
        """How much of a stretch along it is covered, 0 to 1."""
        low, high = max(0, round(start)), min(len(self.covered), round(end))
        return float(self.covered[low:high].mean()) if high > low else 0.0


@dataclass(frozen=True, eq=False)
class _Piece:
    """A connected part of a rule: where along it is (N,), its places across (N,), its thickness, and the straight lines
    (slope, start) that carry it on beyond its first and its last end."""

    along: np.ndarray
    across: np.ndarray
    thickness: float
    first: np.ndarray
    last: np.ndarray


def find_rules(mask: np.ndarray, is_upright: bool = False) -> list[Rule]:
    """The level rules of a mask (H, W) uint8, 0 or 1, from the top; or the upright ones, from the left."""
    laid = np.ascontiguousarray(mask.T if is_upright else mask)
    pieces = _find_pieces(laid)
    rules = [_join(group, laid.shape[1]) for group in _group(pieces, laid.shape)]
    rules = [rule for rule in rules if rule.covered.mean() > SHEET.least_covered]
    return sorted(rules, key=lambda rule: rule.middle)


def merge_doubles(rules: list[Rule]) -> list[Rule]:
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


def drop_useless(level: list[Rule], upright: list[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Rules that close some cell; the edge of the page, an underlined word or a long stroke closes none."""
    while len(level) > 1 and len(upright) > 1:
        across, down = _sides(level, upright)
        closed = closed_regions(across, down)
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


def cross(level: list[Rule], upright: list[Rule]) -> np.ndarray:
    """Where rules cross: (R, C, 2) float64, x and y in pixels."""
    x = np.tile([rule.middle for rule in upright], (len(level), 1)).astype(float)
    y = np.zeros_like(x)
    for _ in range(4):  # rules are nearly level and upright: this converges in two
        y = np.stack([rule.at(x[at]) for at, rule in enumerate(level)])
        y = np.clip(y, 0, len(upright[0].covered))
        x = np.stack([rule.at(y[:, at]) for at, rule in enumerate(upright)], axis=1)
        x = np.clip(x, 0, len(level[0].covered))
    return np.stack([x, y], axis=2)


def _find_pieces(laid: np.ndarray) -> list[_Piece]:
    length = laid.shape[1]
    run = max(9, round(SHEET.shortest_run * length))
    # A rule that is not quite level climbs a pixel now and then; a pixel more on both sides keeps its runs together.
    runs = cv2.morphologyEx(cv2.dilate(laid, np.ones((3, 1), np.uint8)), cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    joined = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((1, run), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    pieces = []
    for label in range(1, count):
        x, y, width, height, _ = stats[label]
        if width < SHEET.shortest_piece * length or height > 0.25 * width + 8:
            continue
        part = (labels[y : y + height, x : x + width] == label) & (runs[y : y + height, x : x + width] > 0)
        counts = part.sum(0)
        filled = np.flatnonzero(counts)
        if len(filled) < 3:
            continue
        across = (np.arange(height) @ part[:, filled]) / counts[filled] + y
        thickness = max(1.0, float(np.median(counts[filled])) - 2)
        if thickness <= SHEET.thickest * max(laid.shape):
            along, end = filled + x, max(3, min(len(filled), round(SHEET.end * length)))
            ends = np.polyfit(along[:end], across[:end], 1), np.polyfit(along[-end:], across[-end:], 1)
            pieces.append(_Piece(along, across, thickness, *ends))
    return pieces


def _group(pieces: list[_Piece], shape: tuple[int, int]) -> list[list[_Piece]]:
    """Pieces of one rule together: each continues another, straight."""
    near = SHEET.continues * max(shape)
    pieces = sorted(pieces, key=lambda one: -len(one.along))
    starts, stops = (np.array([piece.along[at] for piece in pieces]) for at in (0, -1))
    first, last = (np.array([getattr(piece, name) for piece in pieces]) for name in ("first", "last"))
    thickness = np.array([piece.thickness for piece in pieces])
    group_of: list[int] = []
    groups: list[list[_Piece]] = []
    for at, piece in enumerate(pieces):
        is_behind = (starts[at] + stops[at] > starts[:at] + stops[:at])[:, None]
        mine, theirs = np.where(is_behind, first[at], last[at]), np.where(is_behind, last[:at], first[:at])
        between = np.where(is_behind[:, 0], starts[at] + stops[:at], stops[at] + starts[:at]) / 2
        gap = np.maximum(np.maximum(starts[at] - stops[:at], starts[:at] - stops[at]), 0)
        away = np.abs(mine[:, 0] * between + mine[:, 1] - theirs[:, 0] * between - theirs[:, 1])
        fits = away < near + 0.5 * np.maximum(thickness[at], thickness[:at]) + 0.01 * gap
        if fits.any():
            best = group_of[int(np.argmin(np.where(fits, gap + 4 * away, np.inf)))]
            groups[best].append(piece)
        else:
            best = len(groups)
            groups.append([piece])
        group_of.append(best)
    return groups


def _join(pieces: list[_Piece], length: int) -> Rule:
    along = np.concatenate([piece.along for piece in pieces])
    across = np.concatenate([piece.across for piece in pieces])
    covered = np.zeros(length, bool)
    covered[along] = True
    reach = np.ptp(along) / length
    order = 3 if reach > 0.6 else 2 if reach > 0.3 else 1 if reach > 0.1 else 0
    bend = np.polyfit(along, across, order)
    keep = np.abs(np.polyval(bend, along) - across) < 3
    if keep.sum() > 10:
        bend = np.polyfit(along[keep], across[keep], order)
    return Rule(np.pad(bend, (3 - order, 0)), covered, float(np.median([piece.thickness for piece in pieces])))


def _sides(level: list[Rule], upright: list[Rule]) -> tuple[np.ndarray, np.ndarray]:
    """Which sides of cells a rule shows: level ones (R + 1, C) and upright ones (R, C + 1), bool."""
    nodes = cross(level, upright)
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

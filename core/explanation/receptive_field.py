"""The part of the picture that a place on a map can see at all: its receptive field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from core.config import DIGIT_SIZE
from core.explanation.layers import Layer, record
from core.network.architectures import Network


@dataclass(frozen=True)
class Reach:
    """Which rows and columns of the picture reach which of a layer's maps: `rows` (28, H) and `columns` (28, W) bool.

    Shapes of maps in the order in which a digit goes through them."""

    rows: np.ndarray
    columns: np.ndarray

    def frame(self, row: int, column: int) -> tuple[int, int, int, int]:
        """The pixels that reach a place on the map: top, left, bottom and right, the last two not included."""
        seen_rows, seen_columns = np.flatnonzero(self.rows[:, row]), np.flatnonzero(self.columns[:, column])
        return int(seen_rows[0]), int(seen_columns[0]), int(seen_rows[-1]) + 1, int(seen_columns[-1]) + 1


def measure(network: Network) -> tuple[Reach | None, ...]:
    """The reach of every weighted layer and pooling, in the order of `layers.follow`; None for units, which see all.

    A row of the picture is made of what is no number, and so is then every value that depends on it: 28 rows and 28
    columns say it of any network, whatever its layers are called. The reach of a layer is that of its last step.
    """
    digits = torch.zeros(2 * DIGIT_SIZE, 1, DIGIT_SIZE, DIGIT_SIZE)
    for line in range(DIGIT_SIZE):
        digits[line, 0, line, :] = torch.nan
        digits[DIGIT_SIZE + line, 0, :, line] = torch.nan
    reaches: list[Reach | None] = []
    shape: tuple[int, ...] = ()
    for step in record(network, digits):
        reach = None
        if step.values.ndim == 4:
            lost = np.isnan(step.values).any(axis=1)  # (56, H, W)
            reach = Reach(lost[:DIGIT_SIZE].any(axis=2), lost[DIGIT_SIZE:].any(axis=1))
        if reaches and not step.is_weighted and step.values.shape[1:] == shape:
            reaches[-1] = reach
        else:
            reaches.append(reach)
        shape = step.values.shape[1:]
    return tuple(reaches)


def frame(reaches: tuple[Reach | None, ...], at: int, layer: Layer, row: int, column: int) -> tuple[int, int, int, int]:
    """The pixels of the picture that reach a place on the map of the layer number `at`, as `Reach.frame`."""
    reach = reaches[at]
    if reach is None or not layer.is_maps:
        return 0, 0, DIGIT_SIZE, DIGIT_SIZE
    return reach.frame(row, column)

"""Which way is up: the way in which what is written looks most like digits."""

import cv2
import numpy as np

from core.network.checkpoint import Checkpoint
from core.network.prediction import predict
from core.reading.mnist_form import Trail, fit
from core.reading.settings import NUMBER
from core.sheets.cells import Cell
from core.sheets.settings import SHEET


def find_turn(checkpoint: Checkpoint, cells: list[Cell]) -> tuple[int, float]:
    """How many quarters of a circle a sheet must be turned to the left to stand upright, 0 to 3, and the mean log-odds
    in nats that its ink is digits then; 0 quarters where the ink doesn't say."""
    images = [fit(ink, Trail()) for ink in _sample(cells)]
    if not images:
        return 0, NUMBER.worst
    asked = np.stack([np.rot90(image, quarters) for quarters in range(4) for image in images])
    scores = [max(min(answer.score, NUMBER.best), NUMBER.worst) for answer in predict(checkpoint, asked)]
    means = np.array(scores).reshape(4, -1).mean(1)
    best = int(means.argmax())
    best = best if means[best] > means[0] + SHEET.surer else 0
    return best, float(means[best])


def _sample(cells: list[Cell]) -> list[np.ndarray]:
    """Some pieces of ink as large as digits, from all over the sheet: masks (h, w) bool."""
    pieces = []
    for cell in cells:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cell.ink.astype(np.uint8))
        for label in range(1, count):
            x, y, wide, high, _ = stats[label]
            if SHEET.lowest * cell.side < max(wide, high) and min(wide, high) > 0.15 * cell.side:
                pieces.append(labels[y : y + high, x : x + wide] == label)
    step = max(1, len(pieces) // SHEET.sampled)
    return pieces[::step][: SHEET.sampled]

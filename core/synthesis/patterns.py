"""What is printed on paper against forgery, as dark in a scan as the handwriting: waves, rings, grids, dots, mottles.

No data set of cheques, forms and tickets may be shipped, so their print is drawn.
"""

import cv2
import numpy as np


def _waves(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Parallel lines, straight or wavy."""
    angle = rng.uniform(0, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.3)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bend = rng.uniform(0, 10) * np.sin(along / rng.uniform(6, 60) + rng.uniform(0, 6))
    return _lines(across + bend, rng)


def _circles(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Concentric wavy rings: circles near their centre, curved lines far from it."""
    reach = rng.uniform(0.2, 3) * x.shape[1]
    angle = rng.uniform(0, 2 * np.pi)
    left, top = x - x.shape[1] / 2 - reach * np.cos(angle), y - x.shape[0] / 2 - reach * np.sin(angle)
    around = np.arctan2(top, left)
    return _lines(np.hypot(left, top) * (1 + rng.uniform(0, 0.1) * np.sin(rng.integers(2, 20) * around)), rng)


def _lines(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line wherever the phase (pixels) is a multiple of a random spacing."""
    apart = np.exp(rng.uniform(np.log(4), np.log(24)))
    thick = min(rng.uniform(1.0, 4.0), 0.6 * apart)
    distance = np.abs((phase / apart) % 1 - 0.5) * apart
    return np.clip(thick / 2 + 0.5 - distance, 0, 1).astype(np.float32)


def _grid(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two sets of parallel lines that cross."""
    return np.maximum(_waves(x, y, rng), _waves(x, y, rng))


def _dots(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mesh of dots, as in halftone print."""
    apart, angle = rng.uniform(3, 12), rng.uniform(0, np.pi / 2)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    mesh = np.sin(2 * np.pi * along / apart) * np.sin(2 * np.pi * across / apart)
    return np.clip((mesh - rng.uniform(0, 0.6)) * 3, 0, 1).astype(np.float32)


def _grain(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mottled paper."""
    return np.clip(mottle(x.shape, np.exp(rng.uniform(np.log(0.7), np.log(8))), rng) * 0.7, 0, 1)


PATTERNS = (_waves, _waves, _circles, _circles, _grid, _dots, _grain)


def mottle(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise with spots of `size` pixels: (H, W) float32, standard deviation 1."""
    small = tuple(max(4, round(side / max(size, 1.0)) + 2) for side in shape)
    coarse = rng.normal(0, 1, small).astype(np.float32)
    noise = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return noise / max(float(noise.std()), 1e-6)

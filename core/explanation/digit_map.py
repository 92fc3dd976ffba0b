"""A map in two dimensions of many digits, by what a network's last hidden layer makes of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core import workspace
from core.data.digits import DigitSet
from core.network.architectures import Network, to_input

AT_ONCE = 250  # digits the network is asked about together
DIRECTIONS = 50  # in which the features vary most: t-SNE needs no more, and a map takes 2 MB
NEIGHBORS = 5  # digits whose places say where another one belongs
ROUGH, FINE = 150, 350  # iterations of t-SNE: first the groups are pulled apart, then laid out
EVERY = 10  # iterations between two reports


@dataclass(frozen=True)
class DigitMap:
    """Digits on a map: `places` (N, 2), their `labels` (N,) and what the network reads them as, `answers` (N,).

    `positions` (N, D) are their features in the main directions of variation; `directions` (C, D) and `middle` (C,)
    lead there. `is_embedded`: the places are t-SNE's; else they are the first two directions, as PCA has it.
    """

    places: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    positions: np.ndarray
    directions: np.ndarray
    middle: np.ndarray
    is_embedded: bool = False

    def place(self, network: Network, digit: np.ndarray) -> tuple[float, float]:
        """Where a digit (28, 28) float32 in [0, 1] belongs on the map.

        By PCA where its own features put it, else among its nearest digits, the nearer the more they count.
        """
        position = self._locate_one(network, digit)
        if not self.is_embedded:
            return float(position[0]), float(position[1])
        near, distances = self._find(position, NEIGHBORS)
        shares = 1 / (distances**2 + 1e-9)
        x, y = (shares[:, None] * self.places[near]).sum(0) / shares.sum()
        return float(x), float(y)

    def nearest(self, network: Network, digit: np.ndarray, count: int) -> list[int]:
        """Which digits of the map are most like this one to the network, the nearest first."""
        return [int(one) for one in self._find(self._locate_one(network, digit), count)[0]]

    def project(self, network: Network, images: Tensor) -> np.ndarray:
        """Where the features of stored digits (N, 28, 28) uint8 lie in the map's directions, (N, D) float32; also by
        another network of the same architecture, such as an earlier state of this one."""
        return np.concatenate(
            [self._locate(network, to_input(images[at : at + AT_ONCE])) for at in range(0, len(images), AT_ONCE)]
        )

    def _locate(self, network: Network, digits: Tensor) -> np.ndarray:
        with torch.inference_mode():
            features = network.features(digits).numpy()
        located: np.ndarray = (features - self.middle) @ self.directions
        return located

    def _locate_one(self, network: Network, digit: np.ndarray) -> np.ndarray:
        located: np.ndarray = self._locate(network, torch.from_numpy(digit.astype(np.float32)).view(1, 1, 28, 28))[0]
        return located

    def _find(self, position: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        distances = np.sqrt(((self.positions - position) ** 2).sum(1))
        near = np.argsort(distances, kind="stable")[:count]
        return near, distances[near]


def lay_out(network: Network, digits: DigitSet, tell: Callable[[float], None] = lambda share: None) -> DigitMap:
    """The map by PCA: the two directions in which the features of the last hidden layer vary most.

    Pearson, "On lines and planes of closest fit to systems of points in space" (1901). `tell` hears how far it is.
    """
    features, answers = [], []
    with torch.inference_mode():
        for start in range(0, len(digits), AT_ONCE):
            seen = network.features(to_input(digits.images[start : start + AT_ONCE]))
            features.append(seen)
            answers.append(network.classify(seen).argmax(1))
            tell(min(1.0, (start + AT_ONCE) / len(digits)))
        every = torch.cat(features)  # (N, C)
        middle = every.mean(0)
        # The last eigenvectors of the covariance vary most. A sign of its own would turn the map over at each run.
        directions = torch.linalg.eigh(torch.cov((every - middle).T.double())).eigenvectors.flip(1)[:, :DIRECTIONS]
        directions = (directions * directions.sum(0).sign().where(directions.sum(0) != 0, 1)).float()
        positions = ((every - middle) @ directions).numpy()
    return DigitMap(
        positions[:, :2].copy(),
        digits.labels.numpy(),
        torch.cat(answers).numpy(),
        positions,
        directions.numpy(),
        middle.numpy(),
    )


def embed(
    flat: DigitMap, tell: Callable[[float], bool] = lambda share: True, seed: int = 0, threads: int = 1
) -> DigitMap | None:
    """The map by t-SNE, from one by PCA: what is near there stays near. The same seed gives the same map.

    Van der Maaten and Hinton, "Visualizing data using t-SNE" (2008). `tell` hears how far it is, and ends it by giving
    False: then there is none.
    """
    from openTSNE import TSNE  # a second: only a map that isn't kept yet needs it

    done = 0

    def report(iteration: int, error: float, embedding: object) -> bool:
        nonlocal done
        done += EVERY
        return not tell(min(1.0, done / (ROUGH + FINE)))

    count = len(flat.positions)
    places = TSNE(
        perplexity=min(30, max(2, (count - 1) // 3)),
        early_exaggeration_iter=ROUGH,
        n_iter=FINE,
        initialization="pca",
        n_jobs=threads,
        random_state=seed,
        callbacks=report,
        callbacks_every_iters=EVERY,
    ).fit(flat.positions)
    if done < ROUGH + FINE:
        return None
    return replace(flat, places=np.asarray(places, np.float32), is_embedded=True)


def keep(one: DigitMap, name: str, version: str) -> None:
    """Keep a model's map in the workspace, in place of that of another version. Raises `OSError` when the disk
    refuses."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        version=np.array(version),
        places=one.places.astype(np.float32),
        labels=one.labels.astype(np.int8),
        answers=one.answers.astype(np.int8),
        positions=one.positions.astype(np.float32),
        directions=one.directions.astype(np.float32),
        middle=one.middle.astype(np.float32),
    )
    workspace.write_atomically(_path(name), buffer.getvalue())


def find_kept(name: str, version: str) -> DigitMap | None:
    """The map by t-SNE that was kept of this version of a model; None where there is none, or it can't be read."""
    try:
        with np.load(_path(name), allow_pickle=False) as kept:
            if str(kept["version"]) != version:
                return None
            parts = (kept[part] for part in ("places", "labels", "answers", "positions", "directions", "middle"))
            places, labels, answers, positions, directions, middle = parts
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):  # it is computed again
        return None
    return DigitMap(places, labels.astype(int), answers.astype(int), positions, directions, middle, is_embedded=True)


def _path(name: str) -> Path:
    return workspace.here().maps / f"{name}.npz"

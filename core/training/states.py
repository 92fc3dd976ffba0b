"""Small states of a run on a log scale of steps: enough to see later how it learned, not to train on from.

runs/ID/states/STEP.npz   the weights after so many steps in half precision, by the names of the network's state dict

They lie in the run's folder, and are deleted and kept with it.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import workspace

if TYPE_CHECKING:
    from core.network.architectures import Network
    from core.training.loop import Training

# torch is imported by the functions that touch weights: whether a run has states is asked without it.

FOLDER = "states"  # in the run's own folder
MOST_BYTES = 60_000_000  # of all states of a run; the reference network has room for nine of its states


def plan_steps(steps: int, count: int) -> tuple[int, ...]:
    """After which steps of a run to keep a state: before the first, after the last, and between them at equal ratios.

    At most `count` of them, rising; fewer in a run so short that two would be the same step. None for a `count` of 0.
    """
    if count < 2 or steps < 1:
        return (0,)[:count]
    between = np.geomspace(1, steps, count - 1).round().astype(int)
    return 0, *(int(step) for step in np.unique(between))


class StateWriter:
    """Keeps the states of a run that is being trained. It only reads the weights, so that the run stays the same."""

    def __init__(self, home: Path, training: Training) -> None:
        """States in the run's folder `home`. What was kept after the step at which `training` stands, which begins or
        is resumed, will be kept again."""
        self._folder, self._training = home / FOLDER, training
        weights = training.evaluated_model.state_dict().values()
        room = MOST_BYTES // max(1, 2 * sum(value.numel() for value in weights))
        self._planned = frozenset(plan_steps(training.steps, min(training.settings.states, room)))
        for step in list_steps(home):
            if step > training.step:
                _path(home, step).unlink(missing_ok=True)
        self.keep_if_due()

    def keep_if_due(self) -> None:
        """Keep the state after the step that was just done, where it is one of those planned."""
        if self._training.step in self._planned:
            self._keep()

    def keep_last(self) -> None:
        """Keep the state at the end of the run, which may come before the last step that was planned."""
        if self._planned:
            self._keep()

    def _keep(self) -> None:
        """Write the state. It is left out where the disk refuses, or the weights are no numbers in half precision: the
        run itself needs none of it."""
        path = _path(self._folder.parent, self._training.step)
        if path.exists():
            return
        halved = {
            name: value.detach().half().cpu().numpy() if value.is_floating_point() else value.cpu().numpy()
            for name, value in self._training.evaluated_model.state_dict().items()
        }
        if all(np.isfinite(value).all() for value in halved.values()):
            buffer = io.BytesIO()
            np.savez(buffer, **halved)
            with contextlib.suppress(OSError):
                workspace.write_atomically(path, buffer.getvalue())


def find_home(run: str, folder: Path | None = None) -> Path:
    """The folder of the run with this id; `folder` is that of all runs."""
    return (folder or workspace.here().runs) / run


def list_steps(home: Path) -> tuple[int, ...]:
    """After which steps the run in the folder `home` has a state, rising; none where it kept none."""
    return tuple(sorted(int(path.stem) for path in (home / FOLDER).glob("*.npz") if path.stem.isdecimal()))


def load(home: Path, architecture: str, step: int) -> Network:
    """The network of the run in the folder `home` as it was after this step, in evaluation mode.

    Raises `ValueError` with a sentence where the state is missing, damaged or of another architecture.
    """
    import torch

    from core.network.architectures import build

    network = build(architecture)
    try:
        with np.load(_path(home, step), allow_pickle=False) as kept:
            weights = {name: torch.from_numpy(kept[name]) for name in kept.files}
        network.load_state_dict(weights)  # which takes them back to single precision
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"The state after step {step:,} of this run is missing or damaged.") from error
    return network.eval().requires_grad_(False)


def _path(home: Path, step: int) -> Path:
    return home / FOLDER / f"{step:09}.npz"

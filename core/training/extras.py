"""The examples beside MNIST's digits, drawn by a process of its own while the run already learns from those.

A thread would not do: drawing is Python, and each of a step's hundred operations would wait for its turn.

`python -m core.training.extras` draws: digits and settings come by standard input, examples leave by standard output.
Exit code 2, with a sentence as standard error, says that the data to draw from is missing.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import torch

import core
from core.config import TrainingSettings
from core.data.digits import DataError, DigitSet
from core.training.examples import Drawing, Examples, add_extras, count_extras, pick_digits

REFUSED = 2
ASKED = ("pen_digits", "outlier_exposure", "seed")  # the settings that say what is drawn


class DrawnBeside(Drawing):
    """Examples that another process draws. It ends with this object, or with this process."""

    def __init__(self, digits: DigitSet, settings: TrainingSettings) -> None:
        """Begins to draw what `settings` add to `digits`; returns at once."""
        self._count = count_extras(len(digits), settings)
        places = [str(Path(core.__path__[0]).parent), os.environ.get("PYTHONPATH", "")]  # where this package lies
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))},
        )
        weakref.finalize(self, self._process.kill)
        values = {name: getattr(settings, name) for name in ASKED}
        given = _pack(digits, settings=np.array(json.dumps(values)))
        self._answers: list[tuple[bytes, bytes]] = []
        self._thread = threading.Thread(target=_ask, args=(self._process, given, self._answers), daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """How many examples there will be."""
        return self._count

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; whether the process is done."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def take(self) -> DigitSet:
        """What was drawn. Raises `DataError` where the data to draw from is missing."""
        self._thread.join()
        drawn, said = self._answers[0]
        if self._process.returncode:
            sentence = said.decode(errors="replace").strip()
            if self._process.returncode == REFUSED:
                raise DataError(sentence)
            raise RuntimeError(f"drawing examples ended with code {self._process.returncode}. {sentence[-2000:]}")
        return _unpack(np.load(io.BytesIO(drawn)))


def gather_beside(mnist: DigitSet, settings: TrainingSettings) -> Examples:
    """The same examples as `examples.gather`, at once: what has to be drawn is drawn while the first steps are made."""
    digits, validation = pick_digits(mnist, settings)
    if not count_extras(len(digits), settings):
        return Examples.plain(digits, validation)
    return Examples(digits, validation, digits, DrawnBeside(digits, settings))


def main() -> int:
    """Draw what standard input asks for. Gives the exit code."""
    parent = int(sys.argv[1])

    def check() -> None:
        """End where nobody waits for the examples any more."""
        if sys.platform != "win32" and os.getppid() != parent:
            raise SystemExit(1)

    with np.load(io.BytesIO(sys.stdin.buffer.read())) as given:
        digits = _unpack(given)
        settings = TrainingSettings(**json.loads(str(given["settings"])))
    torch.set_num_threads(1)
    try:
        shown = add_extras(digits, settings, check)
    except DataError as error:
        print(error, file=sys.stderr)
        return REFUSED
    sys.stdout.buffer.write(_pack(shown.pick(torch.arange(len(digits), len(shown)))))
    return 0


def _ask(process: subprocess.Popen[bytes], given: bytes, answers: list[tuple[bytes, bytes]]) -> None:
    answers.append(process.communicate(given))


def _pack(digits: DigitSet, **more: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, images=digits.images.numpy(), labels=digits.labels.numpy(), **more)
    return buffer.getvalue()


def _unpack(values: np.lib.npyio.NpzFile) -> DigitSet:
    return DigitSet(torch.from_numpy(values["images"]), torch.from_numpy(values["labels"]))


if __name__ == "__main__":
    sys.exit(main())

"""Train the network that separates ink from print, from scratch: `python scripts/train_binarizer.py`.

It learns from synthetic documents alone, no photograph and no scan. Writes models/binarizer.npz. Takes half an hour on
one core.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING

from core import console
from core.config import TrainingSettings

if TYPE_CHECKING:
    from core.data.digits import DigitSet
    from core.synthesis.documents import Sheet
    from core.synthesis.pen_digits import Part, PenDigit

# torch is imported when there is something to train: --help and a refusal come at once.

HELD_OUT = 200  # documents to measure on


@functools.cache
def load_digits(part: Part) -> tuple[DigitSet, tuple[PenDigit, ...]]:
    """MNIST's and other writers' digits of one part."""
    from core.data import mnist
    from core.data.split import split
    from core.synthesis import pen_digits

    training, validation = split(mnist.load(train=True), TrainingSettings())
    return training if part == "training" else validation, pen_digits.load(part)


def draw(part: Part, number: int) -> Sheet:
    """Document `number`, written with digits of one part."""
    import numpy as np

    from core.synthesis import documents

    return documents.draw(*load_digits(part), np.random.default_rng(number))


def main() -> int:
    """Draw, train, print how well ink is found on held-out documents, save. Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", type=int, default=5000, help="documents to learn from (5000)")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--out", type=Path, help="where to write (models/binarizer.npz)")
    options = parser.parse_args()
    if options.sheets < 1 or options.steps < 20:
        parser.error("--sheets must be at least 1 and --steps at least 20")
    import numpy as np
    import torch

    from core.reading import binarizer
    from core.training.binarizer import learn, score

    began = time.perf_counter()
    with Pool() as pool:
        sheets = pool.map(functools.partial(draw, "training"), range(options.sheets), chunksize=50)
        held_out = pool.map(functools.partial(draw, "validation"), range(min(HELD_OUT, options.sheets)), chunksize=50)
    print(f"{len(sheets) + len(held_out)} documents drawn in {time.perf_counter() - began:.0f} s", flush=True)
    losses: list[float] = []
    for step in learn(sheets, options.steps):
        losses.append(step.loss)
        if step.number % 250 == 0 or step.number == options.steps:
            threads = torch.get_num_threads()
            found = score(step.network, held_out)
            torch.set_num_threads(threads)  # reading takes one
            print(
                f"step {step.number:5}  loss {np.mean(losses[-250:]):.4f}  ink found with precision "
                f"{found.precision:.3f} and recall {found.recall:.3f}, F1 {found.f1:.3f}  "
                f"{time.perf_counter() - began:.0f} s",
                flush=True,
            )
    path = options.out or binarizer.FILE
    binarizer.save(step.network, path)
    print(f"Saved {path.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))

"""Train the network that tells ink from everything else in a picture.

python scripts/train_ink.py                          # hours on two cores; writes models/ink.npz and its card
python scripts/train_ink.py --start models/ink.npz   # go on from weights, on new pages (another --seed)
python scripts/train_ink.py --without ruled cells    # leave kinds of paper out and test on them; nothing is kept
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from core import console
from core.config import TrainingSettings
from core.workspace import SHIPPED, write_atomically

if TYPE_CHECKING:
    from core.synthesis.pages import Page
    from core.synthesis.pen_digits import Part
    from core.training.ink import InkScore

# torch is imported when there is something to train: --help and a refusal come at once.

AT_ONCE = 100  # pages drawn by one process before it hands them over


def main() -> int:
    """Draw, train, test, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=12_000, help="drawn to learn from")
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=3e-3, help="the highest learning rate")
    parser.add_argument("--held-out", type=int, default=660, help="drawn to test with, by other hands")
    parser.add_argument("--without", nargs="*", default=[], help="papers to leave out, of synthesis/pages.py")
    parser.add_argument("--start", type=Path, help="weights to go on from, with their card beside them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--file", type=Path, default=SHIPPED / "models" / "ink.npz")
    options = parser.parse_args()
    import torch

    from core.reading import ink_network
    from core.synthesis.pages import PAPERS
    from core.training import ink

    if unknown := sorted(set(options.without) - set(PAPERS)):
        parser.error(f"there is no paper {unknown[0]}; there are {', '.join(PAPERS)}")
    papers = [paper for paper in PAPERS if paper not in options.without]
    began = time.monotonic()
    learned = draw(options.pages, papers, "training", options.seed)
    held_out = draw(options.held_out, list(PAPERS), "validation", options.seed + 1_000_000)
    print(f"{len(learned)} pages drawn in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    mean = 0.0
    start = ink_network.load(options.start) if options.start else None
    for step in ink.learn(learned, options.steps, options.seed, start, options.rate):
        mean = step.loss if step.number == 1 else 0.99 * mean + 0.01 * step.loss
        if step.number % 250 == 0:
            print(f"step {step.number:6,} · loss {mean:.4f} · {time.monotonic() - began:.0f} s", flush=True)
        if step.number % 2500 == 0 or step.number == options.steps:
            network = step.network
            print(describe(ink.score(network, held_out[:220])), flush=True)
            if not options.without:
                ink_network.save(network, options.file)
    whole, near = ink.score(network, held_out), ink.score(network, held_out, near=288)
    print(f"whole:  {describe(whole)}\nnearer: {describe(near)}")
    if not options.without:
        before = json.loads(options.start.with_suffix(".json").read_text())["rounds"] if options.start else []
        this = {
            "pages": options.pages,
            "steps": options.steps,
            "seed": options.seed,
            "rate": options.rate,
            "torch": torch.__version__,
        }
        write_card(options.file, [*before, this], len(held_out), whole, near)
    return 0


def write_card(
    file: Path,
    rounds: list[dict[str, object]],
    held_out: int,
    whole: dict[str, InkScore],
    near: dict[str, InkScore],
) -> None:
    """What the weights came of, and their F1 on so many `held_out` pages, by kind of paper: seen whole, and closer."""
    from core.reading import ink_network

    card = {
        "parameters": sum(weights.numel() for weights in ink_network.load(file).parameters()),
        "rounds": rounds,
        "held_out": held_out,
        "f1": {name: [round(whole[name].f1, 4), round(near[name].f1, 4)] for name in sorted(whole)},
    }
    write_atomically(file.with_suffix(".json"), (json.dumps(card, indent=1) + "\n").encode())


def draw(count: int, papers: list[str], part: Part, seed: int) -> list[Page]:
    """So many pages, drawn by two processes."""
    tasks = [(min(AT_ONCE, count - at), papers, part, seed + at) for at in range(0, count, AT_ONCE)]
    with ProcessPoolExecutor(2) as pool:
        return [page for drawn in pool.map(_draw_some, tasks) for page in drawn]


def _draw_some(task: tuple[int, list[str], Part, int]) -> list[Page]:
    import numpy as np

    from core.data import mnist
    from core.data.split import split
    from core.synthesis import fonts, pages, pen_digits

    count, papers, part, seed = task
    learned, held_out = split(mnist.load(train=True), TrainingSettings())
    hand = pages.Hand(learned if part == "training" else held_out, pen_digits.load(part), fonts.load(part))
    rng = np.random.default_rng(seed)
    return [pages.draw(hand, rng, papers) for _ in range(count)]


def describe(scores: dict[str, InkScore]) -> str:
    """F1 of each kind of paper in a line."""
    return " · ".join(f"{name} {scores[name].f1:.3f}" for name in ("all", *sorted(scores.keys() - {"all"})))


if __name__ == "__main__":
    sys.exit(console.run(main))

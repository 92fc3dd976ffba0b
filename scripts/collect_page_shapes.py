"""Draw pages, read them, and keep what the reader finds there, digits and others: data/page_shapes.npz.

python scripts/collect_page_shapes.py --pages 6000   # ten minutes on two cores; after the ink network has changed
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from core import console

if TYPE_CHECKING:
    from core.synthesis.page_shapes import Part, Shape

AT_ONCE = 50  # pages that one process reads before it hands over what it found


def main() -> int:
    """Collect the shapes of both parts, and write them. Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=6000, help="to learn from; a fourth as many to test with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    from core.synthesis import page_shapes

    began = time.monotonic()
    parts: dict[Part, list[Shape]] = {"training": [], "validation": []}
    with ProcessPoolExecutor(options.processes) as pool:
        counts: dict[Part, int] = {"training": options.pages, "validation": options.pages // 4}
        for part, count in counts.items():
            seed = options.seed + (1_000_000 if part == "validation" else 0)
            tasks = [(min(AT_ONCE, count - at), part, seed + at) for at in range(0, count, AT_ONCE)]
            for done, shapes in enumerate(pool.map(_collect_some, tasks), start=1):
                parts[part] += shapes
                print(f"{part}: {done} of {len(tasks)} · {len(parts[part])} shapes", flush=True)
    path = page_shapes.save(parts)
    print(f"{path.name}: {time.monotonic() - began:.0f} s")
    return 0


def _collect_some(task: tuple[int, Part, int]) -> list[Shape]:
    import numpy as np

    from core.config import TrainingSettings
    from core.data import mnist
    from core.data.split import split
    from core.synthesis import fonts, page_shapes, pages, pen_digits

    count, part, seed = task
    learned, held_out = split(mnist.load(train=True), TrainingSettings())
    hand = pages.Hand(learned if part == "training" else held_out, pen_digits.load(part), fonts.load(part))
    rng = np.random.default_rng(seed)
    return [shape for _ in range(count) for shape in page_shapes.collect(pages.draw(hand, rng))]


if __name__ == "__main__":
    sys.exit(console.run(main))

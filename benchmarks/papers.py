"""How single digits on drawn pages are read, by kind of paper: `python benchmarks/papers.py [--ink FILE]`.

The pages are those of core/synthesis/pages.py, written by people and in typefaces that nothing learned from. With
weights of an ink network that never saw some papers (scripts/train_ink.py --without) it says how the next stranger's
are read.
"""

import argparse
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.config import TrainingSettings
from core.data import mnist
from core.data.labels import NO_DIGIT, UNLABELLED
from core.data.split import split
from core.network import checkpoint
from core.network.prediction import Verdict
from core.reading import ink_network, looks, picture, reader
from core.synthesis import fonts, pages, pen_digits

COUNT = 60  # pages of each paper
SEED = 7


def main() -> None:
    """Print and keep a row for each paper."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=checkpoint.SHIPPED)
    parser.add_argument("--ink", type=Path, default=ink_network.FILE, help="weights of the ink network")
    parser.add_argument("--papers", nargs="*", default=list(pages.PAPERS))
    parser.add_argument("--count", type=int, default=COUNT, help="pages of each paper")
    options = parser.parse_args()
    conditions = result_file.start([options.model])
    model = checkpoint.load(options.model)
    network = ink_network.load(options.ink)
    rows: list[Row] = []
    every: Counter[str] = Counter()
    with mock.patch.object(looks, "load_network", lambda: network):
        for paper in options.papers:
            counts = read_pages(model, paper, options.count)
            every += counts
            rows += describe(paper, counts)
    rows += describe("all", every)
    result_file.write(Result("papers", result_file.command_line(), conditions, tuple(rows)))


def read_pages(model: checkpoint.Checkpoint, paper: str, count: int) -> Counter[str]:
    """Read so many pages with one digit, or with none; how many answers were right, sure, and both."""
    _, digits = split(mnist.load(train=True), TrainingSettings())
    hand = pages.Hand(digits, pen_digits.load("validation"), fonts.load("validation"))
    rng = np.random.default_rng(SEED)
    counts: Counter[str] = Counter()
    while counts["digits"] + counts["others"] < count:
        page = pages.draw(hand, rng, [paper])
        if page.label == UNLABELLED or (page.label != NO_DIGIT and is_cut(page)):
            continue
        reading = reader.read(model, picture.from_array(page.colours), expect="one")
        kind = "others" if page.label == NO_DIGIT else "digits"
        is_sure, is_right = reading.verdict == Verdict.DIGIT, reading.text == str(page.label)
        counts.update({kind: 1, f"{kind} right": is_right, f"{kind} sure and wrong": is_sure and not is_right})
        counts.update({f"{kind} sure and right": is_sure and is_right})
    return counts


def is_cut(page: pages.Page) -> bool:
    """Whether a page's digit can't be seen, or is cut by the border."""
    ink = page.ink > 128
    return bool(not ink.any() or ink[[0, -1]].any() or ink[:, [0, -1]].any())


def describe(paper: str, counts: Counter[str]) -> list[Row]:
    """The shares of one paper, printed too."""
    digits, others = max(1, counts["digits"]), max(1, counts["others"])
    shares = {
        "right": counts["digits right"] / digits,
        "sure and right": counts["digits sure and right"] / digits,
        "sure and wrong": counts["digits sure and wrong"] / digits,
        "no digit: sure": counts["others sure and wrong"] / others,
    }
    print(f"{paper:12}" + "".join(f"{name:>18} {share:6.1%}" for name, share in shares.items()), flush=True)
    name = f"{paper} ({counts['digits']} digits, {counts['others']} others)"
    return [Row(name, 100 * share, "%", column=column) for column, share in shares.items()]


if __name__ == "__main__":
    main()

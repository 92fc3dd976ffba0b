"""How models read digits that none of them learned from: the figures by which a recipe is chosen. No test picture among
them.

python benchmarks/validation.py reference modern
"""

import argparse
import platform
from dataclasses import replace

import torch
from torch import Generator

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.config import TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.split import split
from core.evaluation.report import evaluate
from core.network import checkpoint
from core.synthesis import numbers, pen_digits
from core.training.augment import LEVELS, augment

COPIES = 4  # of each validation digit, augmented each time
WRITERS, CUT = 6000, 6000  # drawings of digits of other writers; pieces of numbers, of which about half are digits


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=[checkpoint.SHIPPED], help="names of models in models/")
    options = parser.parse_args()
    conditions = result_file.start(options.models)
    rows: list[Row] = []
    sets = gather()
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}")
    print(f"{'model':20}" + "".join(f"{f'{name} ({len(digits):,})':>26}" for name, digits in sets.items()))
    for name in options.models:
        model = checkpoint.load(name).model
        right = {f"{kind} ({len(digits):,})": evaluate(model, digits).accuracy for kind, digits in sets.items()}
        print(f"{name:20}" + "".join(f"{accuracy:>26.2%}" for accuracy in right.values()))
        rows += [Row(name, 100 * accuracy, "%", column=kind, digits=2) for kind, accuracy in right.items()]
    result_file.write(Result("validation", result_file.command_line(), conditions, tuple(rows)))


def gather() -> dict[str, DigitSet]:
    """Digits of the validation split: as they are, augmented, cut from numbers; and those of other writers."""
    settings = TrainingSettings()
    _, digits = split(mnist.load(train=True), settings)
    rng = Generator().manual_seed(1)
    many = digits.pick(torch.arange(len(digits)).repeat(COPIES))
    strong = replace(LEVELS["strong"], writing_styles=0.3)
    seen = [
        augment(part.images.unsqueeze(1).float() / 255, part.labels, strong, rng)
        for part in (many.pick(index) for index in torch.arange(len(many)).split(1000))
    ]
    augmented = torch.cat(seen).squeeze(1).mul(255).round().to(torch.uint8)
    cut = numbers.make(digits, CUT, seed=1)
    return {
        "as they are": digits,
        "augmented": DigitSet(augmented, many.labels),
        "other writers": pen_digits.make(WRITERS, seed=1, part="validation"),
        "cut from numbers": cut.pick(torch.nonzero(cut.labels >= 0).flatten()),
    }


if __name__ == "__main__":
    main()

"""How well a model recognises non-digits of kinds it has not learned from; no picture of the test set is used.

python benchmarks/rejection.py reference modern

"sure": answered with a digit and no doubt. "at 97 %": the share that looks at least as much like a digit as 97 % of all
digits here do.
"""

import argparse
import platform

import numpy as np
import torch

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.config import TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.split import split
from core.network import checkpoint
from core.network.architectures import to_input
from core.network.prediction import predict
from core.synthesis import fonts, non_digits, page_shapes, pen_digits
from core.training.augment import LEVELS, augment

COUNT = 5000  # of each kind; each digit of a typeface once


def main() -> None:
    """Print a table for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=[checkpoint.SHIPPED], help="names of models in models/")
    options = parser.parse_args()
    conditions = result_file.start(options.models)
    rows: list[Row] = []
    digits, others = gather()
    print(f"torch {torch.__version__}, Python {platform.python_version()}")
    for name in options.models:
        model = checkpoint.load(name)
        found = {kind: predict(model, images) for kind, images in (digits | others).items()}
        likely = {kind: np.array([one.digit_logit for one in answers]) for kind, answers in found.items()}
        limit = np.quantile(np.concatenate([likely[kind] for kind in digits]), 0.03)
        print(f"\n{f'model {name} {model.version}':44}{'sure':>10}{'at 97 %':>10}")
        for kind, answers in found.items():
            sure = np.mean([one.verdict == "digit" for one in answers])
            alike = np.mean(likely[kind] >= limit)
            print(f"{f'{kind} ({len(answers):,})':44}{sure:>10.1%}{alike:>10.1%}")
            case = f"{kind} ({len(answers):,})"
            rows.append(Row(case, 100 * float(sure), "%", column=f"{name}: sure"))
            rows.append(Row(case, 100 * float(alike), "%", column=f"{name}: at 97 %", is_detail=True))
    result_file.write(Result("rejection", result_file.command_line(), conditions, tuple(rows)))


def gather() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Digits and non-digits by kind: each (N, 28, 28) float32 in [0, 1]."""
    _, own = split(mnist.load(train=True), TrainingSettings())
    hands = pen_digits.make(COUNT, seed=3, part="validation")
    rng = torch.Generator().manual_seed(3)
    numerals = fonts.make(len(fonts.load("validation", fonts.DIGITS)), 3, "validation", fonts.DIGITS)
    made_of_digits = non_digits.make_of_digits(own.images.numpy(), own.labels.numpy(), COUNT, seed=99)
    found = page_shapes.load("validation")
    digits = {
        "digits as found on drawn pages": found.images[found.labels >= 0].numpy().astype(np.float32) / 255,
        "MNIST, augmented": _augment(own, rng),
        "other writers, augmented": _augment(hands, rng),
        "digits of other typefaces": numerals.astype(np.float32) / 255,
    }
    others = {
        "found on drawn pages": found.images[found.labels < 0].numpy(),
        "drawn by rule": non_digits.make(COUNT, seed=99),
        "made of digits": made_of_digits,
        "letters and signs of other typefaces": fonts.make(COUNT, seed=3, part="validation"),
    }
    return digits, {kind: images.astype(np.float32) / 255 for kind, images in others.items()}


def _augment(digits: DigitSet, rng: torch.Generator) -> np.ndarray:
    images = to_input(digits.images)
    return augment(images, digits.labels, LEVELS["strong"], rng).squeeze(1).numpy()


if __name__ == "__main__":
    main()

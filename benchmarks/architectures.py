"""What each network reaches with the same recipe, measured on validation images alone.

python benchmarks/architectures.py               # five epochs each; a few minutes
python benchmarks/architectures.py --epochs 20 --seeds 0 1 2
"""

import argparse
import platform
import statistics
from dataclasses import replace

import torch

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.config import ARCHITECTURES, TrainingSettings
from core.data import mnist
from core.network.architectures import build_without_memory, count_parameters
from core.training.examples import gather
from core.training.loop import Training


def main() -> None:
    """Train and print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--augmentation", default="light")
    parser.add_argument("--dropout", type=float, default=TrainingSettings().dropout)
    parser.add_argument("--architectures", nargs="+", choices=ARCHITECTURES, default=["reference", "modern"])
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0], help="one run each; the split is drawn by the seed"
    )
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves the choice to torch")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    conditions = result_file.start()
    rows: list[Row] = []
    digits = mnist.load(train=True)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}")
    for architecture in options.architectures:
        settings = TrainingSettings(
            architecture=architecture,
            epochs=options.epochs,
            augmentation=options.augmentation,
            dropout=options.dropout,
            clean_share=0.2,
        )
        best, seconds = [], []
        for seed in options.seeds:
            seeded = replace(settings, seed=seed)
            training = Training(gather(digits, seeded), seeded)
            for _ in training:
                pass
            assert training.best, "a run that was not stopped has evaluated an epoch"
            best.append(training.best.validation_accuracy)
            seconds.append(training.seconds)
        parameters = count_parameters(build_without_memory(architecture))
        rows += [
            Row(architecture, parameters, column="parameters", digits=0),
            Row(architecture, 100 * statistics.mean(best), "%", column="validation images right", digits=2),
            Row(architecture, statistics.mean(seconds), "s", column="a run", digits=0),
        ]
        for seed, accuracy in zip(options.seeds, best, strict=True):
            rows.append(Row(architecture, 100 * accuracy, "%", column=f"seed {seed}", digits=2, is_detail=True))
        print(
            f"{architecture}: {parameters:,} parameters, "
            f"{statistics.mean(best):.2%} of {len(training.validation):,} validation images "
            f"({', '.join(f'{accuracy:.2%}' for accuracy in best)}), {statistics.mean(seconds):.0f} s a run",
            flush=True,
        )
    result_file.write(Result("architectures", result_file.command_line(), conditions, tuple(rows)))


if __name__ == "__main__":
    main()

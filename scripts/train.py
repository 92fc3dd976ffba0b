"""Train a model and keep the weights that did best on the validation split.

python scripts/train.py                          # the shipped model's recipe
python scripts/train.py --epochs 2 --name quick  # any setting of core/config.py by its name
"""

import argparse
import copy
import platform
import shlex
import sys
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from core import checkpoint, data
from core.config import SettingError, TrainingSettings
from core.evaluate import evaluate, fit_temperature
from core.model import ARCHITECTURES, build, count_parameters
from core.train import Epoch, train


def main() -> int:
    """Read the options, train, save. Gives the exit code."""
    options = parse_options()
    chosen = {entry.name: getattr(options, entry.name) for entry in fields(TrainingSettings)}
    try:
        settings = TrainingSettings(**chosen)
        if not checkpoint.NAME.fullmatch(options.name):
            raise SettingError("the name must be made of letters, digits, spaces, dots and dashes.")
        digits = data.load(train=True)
    except (SettingError, data.DataError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.threads:
        torch.set_num_threads(options.threads)
    training, validation = data.split(digits, settings)
    torch.manual_seed(settings.seed)
    model = build(settings.architecture, settings.dropout)
    best, seconds = copy.deepcopy(model.state_dict()), 0.0
    for event in train(model, training, validation, settings):
        if isinstance(event, Epoch):
            seconds = event.seconds
            if event.is_best:
                best = copy.deepcopy(model.state_dict())
            print(describe(event, settings), flush=True)
    model.load_state_dict(best)
    path = checkpoint.save(options.name, model, gather_facts(model, validation, settings, seconds))
    checkpoint.add_rejection(options.name, training, validation)
    print(f"Saved {path.name}. Its facts are in {path.with_suffix('.json').name}.")
    return 0


def parse_options() -> argparse.Namespace:
    """One option per training setting, with its help, and the model's name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="my-model", help="file name of the model in models/ (my-model)")
    parser.add_argument("--threads", type=int, default=0, help="processor threads; 0 leaves the choice to torch")
    for entry in fields(TrainingSettings):
        choices = tuple(ARCHITECTURES) if entry.name == "architecture" else entry.metadata["choices"]
        parser.add_argument(
            f"--{entry.name.replace('_', '-')}",
            type=type(entry.default),
            default=entry.default,
            choices=choices,
            help=f"{entry.metadata['help']} ({entry.default})",
        )
    return parser.parse_args()


def describe(event: Epoch, settings: TrainingSettings) -> str:
    """One line for the terminal."""
    return (
        f"epoch {event.epoch:3}/{settings.epochs}  {event.seconds:7.0f} s  training loss {event.training_loss:.4f}  "
        f"validation loss {event.validation_loss:.4f}  accuracy {event.validation_accuracy:.2%}"
        f"{'  best' if event.is_best else ''}"
    )


def gather_facts(model: torch.nn.Module, validation: data.DigitSet, settings: TrainingSettings, seconds: float) -> dict:
    """What the JSON beside the weights says. The test set is asked here, once, after everything was decided."""
    judged = evaluate(model, validation)
    tested = evaluate(model, data.load(train=False))
    return {
        "architecture": settings.architecture,
        "parameters": count_parameters(model),
        "settings": settings.as_dict(),
        "data": f"MNIST: training images {settings.training_images}, of them {len(validation)} for validation",
        "validation_accuracy": round(judged.accuracy, 6),
        "validation_loss": round(judged.loss(), 6),
        "test_accuracy": round(tested.accuracy, 6),
        "test_errors": tested.errors,
        "temperature": fit_temperature(judged),
        "seconds": round(seconds),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "threads": torch.get_num_threads(),
        "command": shlex.join(["python", "scripts/train.py", *sys.argv[1:]]),
    }


if __name__ == "__main__":
    sys.exit(main())

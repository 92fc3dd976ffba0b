"""Train the out-of-distribution (OOD) detector of a saved model: `python scripts/add_rejection.py NAME [--digits N]`.

With it the model says "no digit" to letters and scribbles. Writes models/NAME.rejection.npz beside the weights, which
stay as they are.
"""

import argparse
import sys

from core import console, words
from core.config import SettingError, TrainingSettings
from core.network import checkpoint


def main() -> int:
    """Train the detector on the split that the model's own settings name. Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default=checkpoint.SHIPPED, help="a model in models/ (the shipped one)")
    parser.add_argument(
        "--digits", type=int, default=8000, help="digits to learn from, 8000 take about a minute (8000)"
    )
    options = parser.parse_args()
    name = options.name
    if options.digits < 1:
        parser.error(f"--digits must be at least 1, not {options.digits}")
    from core.data import mnist  # torch comes with it: --help and a refusal come at once
    from core.data.digits import DataError
    from core.data.split import split
    from core.training import rejection

    try:
        settings = TrainingSettings.from_record(checkpoint.describe(name).facts.get("settings", {}))
        path = rejection.add_rejection(name, *split(mnist.load(train=True), settings), count=options.digits)
    except (checkpoint.CheckpointError, DataError, SettingError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(words.refused_by_disk(error), file=sys.stderr)
        return 2
    print(f"Saved {path.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))

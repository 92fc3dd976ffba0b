"""Read pictures without a browser, the same way the Predict page does.

    python scripts/predict.py photo.jpg scans/              # a table
    python scripts/predict.py --format json scans/          # one JSON object a line
    python scripts/predict.py --expect number cheque.png    # all its digits, even if there is only one

Exit code 0, or 2 when a file was refused, a path does not exist or the model can't be loaded.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from core import words
from core.config import EXPECTATIONS
from core.data.labels import label_from_path
from core.network import checkpoint
from core.reading import batch, picture
from core.reading.batch import Item


def main() -> int:
    """Read every path given, print as asked. Gives the exit code."""
    options = parse_options()
    try:
        model = checkpoint.load(options.model)
    except checkpoint.CheckpointError as error:
        print(error, file=sys.stderr)
        return 2
    items = (read_path(model, path, options.expect, named) for path, named in walk(options.paths))
    try:
        refused = WRITERS[options.format](items)
    except (KeyboardInterrupt, BrokenPipeError):  # somebody has seen enough
        return 130
    return 2 if refused else 0


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of pictures")
    parser.add_argument("--model", default=checkpoint.in_use(), help="a model in models/ (the model in use)")
    parser.add_argument(
        "--expect", choices=EXPECTATIONS, default="auto", help="one digit, a number, or see which it is (auto)"
    )
    parser.add_argument("--format", choices=tuple(WRITERS), default="table")
    return parser.parse_args()


def walk(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Every file given and every picture in a folder given, in the order of names, with the part of its path that may
    name a digit: all of a file's path, and of a picture's in a folder what begins with that folder's name."""
    for path in paths:
        if path.is_dir():
            found = (entry for entry in path.rglob("*") if entry.suffix.lstrip(".").lower() in picture.SUFFIXES)
            files = sorted(entry for entry in found if entry.is_file())
            yield from ((entry, str(entry.relative_to(path.parent))) for entry in files)
        else:
            yield path, str(path)


def read_path(model: checkpoint.Checkpoint, path: Path, expect: str, named: str) -> Item:
    """Read one file, whose label is the digit that `named` names; what can't be opened is an item with an error like
    any other refusal."""
    try:
        with path.open("rb") as file:
            content = file.read(picture.LIMITS.bytes + 1)  # enough to be refused for its size
    except (OSError, ValueError) as error:
        return batch.refuse(str(path), f"This file can't be opened: {getattr(error, 'strerror', None) or error}.")
    return replace(batch.read_file(model, str(path), content, expect), label=label_from_path(named))


def write_json(items: Iterator[Item]) -> int:
    """One JSON object a line, as soon as it is known. Gives the number of refused files."""
    refused = 0
    for item in items:
        refused += item.error is not None
        row = {
            "file": item.name,
            "text": item.text,
            "verdict": item.verdict,
            "confidence": round(item.confidence, 6),
            "probabilities": [round(value, 6) for value in item.probabilities],
            "digits": [
                {"digit": digit, "confidence": round(confidence, 6), "box": list(box)}
                for digit, confidence, box in item.digits
            ],
            "error": item.error,
            "remark": item.remark,
            "label": item.label,
        }
        print(json.dumps(row), flush=True)
    return refused


def write_csv(items: Iterator[Item]) -> int:
    """The columns of the page's download. Gives the number of refused files."""
    rows = list(items)
    sys.stdout.write(batch.to_csv(rows).decode("utf-8-sig"))
    return sum(item.error is not None for item in rows)


def write_table(items: Iterator[Item]) -> int:
    """Aligned columns for people, and the score where names carry the digit. Gives the number of refused files."""
    rows = list(items)
    width = min(60, max([len(batch.show_name(item.name, 60)) for item in rows], default=4))
    print(f"{'file':{width}}  read  {'sure':>7}  remark")
    for item in rows:
        sure = words.probability(item.confidence) if item.text else ""
        print(f"{batch.show_name(item.name, 60):{width}}  {item.text or '-':4}  {sure:>7}  {item.remark}")
    labelled = [item for item in rows if item.is_right is not None]
    if labelled:
        right = sum(bool(item.is_right) for item in labelled)
        print(f"{right} of {len(labelled)} read as their names say ({words.percent(right / len(labelled), 1)})")
    return sum(item.error is not None for item in rows)


WRITERS = {"table": write_table, "json": write_json, "csv": write_csv}

if __name__ == "__main__":
    sys.exit(main())

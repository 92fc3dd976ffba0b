"""Accuracy on real handwriting, folder by folder: `python benchmarks/realworld.py [--folder PATH] [--model NAME]`.

The pictures are other people's and no part of the project; without them this says so and stops. They are for
measuring only: nothing is trained on them and nothing is chosen by them.
"""

import argparse
import csv
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import checkpoint, picture, reading

ONE_DIGIT = ("photos", "photos_exif", "canvas_strokes", "canvas_hwd", "scans_cheque", "usps")


def main() -> int:
    """Read every picture of every folder and print a line for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "realworld")
    parser.add_argument("--model", default=checkpoint.in_use())
    parser.add_argument("--misread", action="store_true", help="name the pictures that were read wrong")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"Skipped: there is no folder {options.folder.name}/ with real pictures here (--folder PATH names one).")
        return 0
    model = checkpoint.load(options.model)
    print(f"model {model.name} {model.version}, everything automatic")
    accuracies = []
    for name in ONE_DIGIT:
        rows = _rows(options.folder / name)
        if not rows:
            continue
        began = time.perf_counter()
        readings = [reading.read(model, _load(options.folder / name / row["file"])) for row in rows]
        seconds = time.perf_counter() - began
        right = [found.text == row["label"] for found, row in zip(readings, rows, strict=True)]
        sure = [found.verdict == "digit" for found in readings]
        accuracies.append(100 * sum(right) / len(rows))
        sure_and_wrong = sum(s and not r for s, r in zip(sure, right, strict=True))
        print(
            f"{name:15} {sum(right):4} of {len(rows):4} right  {accuracies[-1]:5.1f} %   unsure or refused "
            f"{100 - 100 * sum(sure) / len(rows):4.1f} %   sure and wrong {sure_and_wrong:3}   "
            f"{1000 * seconds / len(rows):5.1f} ms a picture",
            flush=True,
        )
        if options.misread:
            for found, row, is_right in zip(readings, rows, right, strict=True):
                if not is_right:
                    print(f"    {row['file']}: read {found.text or '-'}, {found.verdict} {found.confidence:.2f}")
    if accuracies:
        print(f"mean over folders {statistics.mean(accuracies):5.1f} %")
    rows = _rows(options.folder / "nondigits")
    if rows:
        strict = [row for row in rows if "confusable=1" not in row["notes"]]
        verdicts = [reading.read(model, _load(options.folder / "nondigits" / row["file"])).verdict for row in strict]
        passed, refused = verdicts.count("digit"), verdicts.count("no digit")
        print(
            f"nondigits       {passed} of {len(strict)} pass as sure  {100 * passed / len(strict):.1f} %   "
            f"refused {100 * refused / len(strict):.1f} %"
        )
    return 0


def _rows(folder: Path) -> list[dict[str, str]]:
    path = folder / "labels.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _load(path: Path) -> picture.Picture:
    return picture.read(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())

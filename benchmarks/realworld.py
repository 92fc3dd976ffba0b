"""Accuracy on real handwriting, folder by folder: `python benchmarks/realworld.py --folder PATH [--model NAME]`.

The pictures are other people's and no part of the project; without them this says so and stops. They are for
measuring only: nothing is trained on them and nothing is chosen by them. Each folder of pictures holds a labels.csv
with the columns file, label and notes.
"""

import argparse
import csv
import math
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.network import checkpoint
from core.reading import picture, reader

NUMBERS = ("numbers_canvas", "numbers_cheque", "numbers_photo")
ONE_DIGIT = ("photos", "photos_exif", "canvas_strokes", "canvas_hwd", "scans_cheque", "usps")


def main() -> int:
    """Read every picture of every folder and print a line for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the folders of real pictures lie")
    parser.add_argument("--model", default=checkpoint.in_use())
    parser.add_argument("--misread", action="store_true", help="name the pictures that were read wrong")
    options = parser.parse_args()
    if options.folder is None:
        print("Skipped: real pictures are no part of the project. Name the folder where you keep some: --folder PATH.")
        return 0
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}")
    conditions = result_file.start([options.model])
    kept: list[Row] = []
    model = checkpoint.load(options.model)
    print(f"model {model.name} {model.version}, everything automatic")
    accuracies, of_digits = [], []
    for name in (*ONE_DIGIT, *NUMBERS):  # of a number every digit must be right
        rows = _rows(options.folder / name)
        if not rows:
            continue
        began = time.perf_counter()
        readings = [reader.read(model, _load(options.folder / name / row["file"])) for row in rows]
        seconds = time.perf_counter() - began
        right = [found.text == row["label"] for found, row in zip(readings, rows, strict=True)]
        sure = [found.verdict == "digit" for found in readings]
        accuracy = 100 * sum(right) / len(rows)
        if name in ONE_DIGIT:
            accuracies.append(accuracy)
            of_digits += [digit_logit(found) for found in readings]
        sure_and_wrong = sum(s and not r for s, r in zip(sure, right, strict=True))
        print(
            f"{name:15} {sum(right):4} of {len(rows):4} right  {accuracy:5.1f} %   unsure or refused "
            f"{100 - 100 * sum(sure) / len(rows):4.1f} %   sure and wrong {sure_and_wrong:3}   "
            f"{1000 * seconds / len(rows):5.1f} ms a picture",
            flush=True,
        )
        kept += [
            Row(name, len(rows), column="pictures", digits=0),
            Row(name, accuracy, "%", column="right"),
            Row(name, 100 - 100 * sum(sure) / len(rows), "%", column="unsure or refused"),
            Row(name, sure_and_wrong, column="sure and wrong", digits=0),
            Row(name, 1000 * seconds / len(rows), "ms", column="a picture", is_detail=True),
        ]
        if options.misread:
            for found, row, is_right in zip(readings, rows, right, strict=True):
                if not is_right:
                    print(f"    {row['file']}: read {found.text or '-'}, {found.verdict} {found.confidence:.2f}")
    if accuracies:
        print(f"mean over folders of one digit {statistics.mean(accuracies):5.1f} %")
        kept.append(Row("folders of one digit: right, mean", statistics.mean(accuracies), "%"))
    kept += report_nondigits(model, options.folder / "nondigits", of_digits)
    result_file.write(Result("realworld", result_file.command_line(), conditions, tuple(kept)))
    return 0


def report_nondigits(model: checkpoint.Checkpoint, folder: Path, of_digits: list[float]) -> list[Row]:
    """Print how well non-digits are told from digits, whose digit logits are given.

    Strict leaves out the characters that can be taken for a digit.
    """
    rows = _rows(folder)
    if not rows:
        return []
    readings = [reader.read(model, _load(folder / row["file"])) for row in rows]
    strict = ["confusable=1" not in row["notes"] for row in rows]
    of_others = [digit_logit(found) for found in readings]
    of_strict = [value for value, counts in zip(of_others, strict, strict=True) if counts]
    verdicts = [found.verdict for found, counts in zip(readings, strict, strict=True) if counts]
    passed, refused = verdicts.count("digit"), verdicts.count("no digit")
    print(
        f"nondigits       {passed} of {len(verdicts)} strict ones pass as sure  {100 * passed / len(verdicts):.1f} %   "
        f"refused {100 * refused / len(verdicts):.1f} %"
    )
    kept = [
        Row(f"strict non-digits ({len(verdicts)}): pass as sure", 100 * passed / len(verdicts), "%"),
        Row(f"strict non-digits ({len(verdicts)}): refused", 100 * refused / len(verdicts), "%", is_detail=True),
    ]
    if not of_digits:
        return kept
    for name, others in (("strict", of_strict), ("all", of_others)):
        print(
            f"nondigits       {name:6} AUROC {find_auroc(of_digits, others):.3f}   "
            f"{100 * find_share_passing(of_digits, others):.1f} % pass where 97 % of the digits do"
        )
        auroc, share = find_auroc(of_digits, others), 100 * find_share_passing(of_digits, others)
        is_detail = name == "all"
        kept.append(Row(f"{name} non-digits: AUROC", auroc, digits=3, is_detail=is_detail))
        kept.append(Row(f"{name} non-digits: pass where 97 % of the digits do", share, "%", is_detail=is_detail))
    return kept


def digit_logit(found: reader.Reading) -> float:
    """The digit logit of the picture, or the lowest among the digits of a number.

    Where the model has no OOD detector it is the confidence, minus infinity where no ink was found.
    """
    asked = [found.prediction] if found.prediction else [digit.prediction for digit in found.digits]
    if not asked:
        return -math.inf
    return min(found.confidence if answer.digit_logit is None else answer.digit_logit for answer in asked)


def find_auroc(positives: list[float], negatives: list[float]) -> float:
    """The area under the ROC curve of these scores: 0 to 1."""
    scores = np.maximum([*positives, *negatives], np.finfo(float).min)  # scikit-learn takes no infinity
    return float(roc_auc_score([1] * len(positives) + [0] * len(negatives), scores))


def find_share_passing(positives: list[float], negatives: list[float], kept: float = 0.97) -> float:
    """The share of the negatives at or above the threshold that at least `kept` of the positives reach: 0 to 1."""
    threshold = np.sort(np.array(positives))[math.floor((1 - kept) * len(positives) + 1e-9)]
    return float((np.array(negatives) >= threshold).mean())


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

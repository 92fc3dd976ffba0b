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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.network import checkpoint
from core.reading import picture, reader


@dataclass(frozen=True)
class Folder:
    """Pictures of one kind: the share in percent that is `wanted` right, none where nobody has said."""

    name: str
    wanted: float | None = None


ONE_DIGIT = (
    Folder("photos", 100),
    Folder("photos_exif", 100),
    Folder("photos_more", 97),
    Folder("webcam32", 80),
    Folder("marks_cells", 96),
    Folder("exam", 98),
    Folder("canvas_strokes", 99),
    Folder("canvas_hwd", 100),
    Folder("scans_cheque", 96),
    Folder("usps", 97.7),
    Folder("printed_cells"),
)
NUMBERS = (
    Folder("numbers_canvas", 97),
    Folder("numbers_cheque", 78),
    Folder("numbers_photo", 100),
    Folder("votes_row", 92),
    Folder("form_boxes", 93),
    Folder("votes_page"),
    Folder("score_decimals"),
)
EMPTY = "empty_cells"
MOST_SURE_AND_WRONG, MOST_SURE_EMPTY, MOST_SURE_STRANGE, LEAST_AUROC = 0.5, 3.0, 8.0, 0.99  # percent, and a share


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
    of_one = [answers for one in ONE_DIGIT if (answers := measure(model, options.folder, one, options.misread))]
    of_numbers = [answers for one in NUMBERS if (answers := measure(model, options.folder, one, options.misread))]
    for answers in (*of_one, *of_numbers):  # of a number every digit must be right
        kept += answers.rows()
    if of_one:
        mean = statistics.mean(answers.accuracy for answers in of_one)
        count = sum(len(answers.readings) for answers in of_one)
        wrong = 100 * sum(answers.sure_and_wrong for answers in of_one) / count
        print(f"mean over folders of one digit {mean:5.1f} %   sure and wrong {wrong:.2f} % of {count}")
        kept += [
            Row("folders of one digit: right, mean", mean, "%"),
            Row("folders of one digit: sure and wrong", wrong, "%", MOST_SURE_AND_WRONG, digits=2),
        ]
    kept += report_empty(model, options.folder / EMPTY)
    of_digits = [digit_logit(found) for answers in of_one for found in answers.readings]
    kept += report_nondigits(model, options.folder / "nondigits", of_digits)
    result_file.write(Result("realworld", result_file.command_line(), conditions, tuple(kept)))
    return 0


@dataclass(frozen=True)
class Answers:
    """What came of one folder: the `readings`, which of them are `right`, and the `seconds` they took together."""

    folder: Folder
    readings: list[reader.Reading]
    right: list[bool]
    seconds: float

    @property
    def accuracy(self) -> float:
        """Percent that are right."""
        return 100 * statistics.mean(self.right)

    @property
    def unsure(self) -> float:
        """Percent that are not sure, or no digit."""
        return 100 * statistics.mean(found.verdict != "digit" for found in self.readings)

    @property
    def sure_and_wrong(self) -> int:
        """How many are wrong and yet sure."""
        return sum(
            found.verdict == "digit" and not right for found, right in zip(self.readings, self.right, strict=True)
        )

    def rows(self) -> list[Row]:
        """The figures as they are kept."""
        name, count = self.folder.name, len(self.readings)
        return [
            Row(name, count, column="pictures", digits=0),
            Row(name, self.accuracy, "%", self.folder.wanted, is_at_most=False, column="right"),
            Row(name, self.unsure, "%", column="unsure or refused"),
            Row(name, self.sure_and_wrong, column="sure and wrong", digits=0),
            Row(name, 1000 * self.seconds / count, "ms", column="a picture", is_detail=True),
        ]


def measure(model: checkpoint.Checkpoint, root: Path, folder: Folder, name_misread: bool) -> Answers | None:
    """Read a folder's pictures and print a line; None where there is no such folder."""
    rows = _rows(root / folder.name)
    if not rows:
        return None
    began = time.perf_counter()
    readings = [reader.read(model, _load(root / folder.name / row["file"])) for row in rows]
    seconds = time.perf_counter() - began
    right = [found.text == row["label"] for found, row in zip(readings, rows, strict=True)]
    answers = Answers(folder, readings, right, seconds)
    print(
        f"{folder.name:15} {sum(right):4} of {len(rows):4} right  {answers.accuracy:5.1f} %   unsure or refused "
        f"{answers.unsure:4.1f} %   sure and wrong {answers.sure_and_wrong:3}   "
        f"{1000 * seconds / len(rows):5.1f} ms a picture",
        flush=True,
    )
    if name_misread:
        for found, row, is_right in zip(readings, rows, right, strict=True):
            if not is_right:
                print(f"    {row['file']}: read {found.text or '-'}, {found.verdict} {found.confidence:.2f}")
    return answers


def report_empty(model: checkpoint.Checkpoint, folder: Path) -> list[Row]:
    """Print what share of the pictures without a digit is read as a sure one, and what share as any."""
    readings = [reader.read(model, _load(folder / row["file"])) for row in _rows(folder)]
    if not readings:
        return []
    sure = 100 * statistics.mean(found.verdict == "digit" for found in readings)
    read_at_all = 100 * statistics.mean(found.text != "" for found in readings)
    print(f"{folder.name:15} {sure:.1f} % of {len(readings)} are a sure digit, {read_at_all:.1f} % any")
    return [
        Row(f"{folder.name} ({len(readings)}): a sure digit", sure, "%", MOST_SURE_EMPTY),
        Row(f"{folder.name} ({len(readings)}): any digit", read_at_all, "%", is_detail=True),
    ]


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
        Row(f"strict non-digits ({len(verdicts)}): pass as sure", 100 * passed / len(verdicts), "%", MOST_SURE_STRANGE),
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
        wanted = None if is_detail else LEAST_AUROC
        kept.append(
            Row(f"{name} non-digits: AUROC", auroc, limit=wanted, is_at_most=False, digits=3, is_detail=is_detail)
        )
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

"""Measure a model: accuracy, calibration, confusion matrix, per digit.

python scripts/evaluate.py                                     # the model in use on the MNIST test set
python scripts/evaluate.py --model my-model --data my.zip      # a set of your own: zip, folder, CSV or IDX
python scripts/evaluate.py --format json --report report.html  # figures for a program, and a page to keep

Exit codes: 0 done; 2 where the model, the data or the report's place can't be used; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core import console, workspace
from core.data.turn import TURNS, Turn
from core.network import checkpoint
from core.words import percent

if TYPE_CHECKING:
    from core.evaluation import testset
    from core.evaluation.report import Evaluation
    from core.evaluation.robustness import Point

# What measures is imported when there is something to measure: --help and a refusal come at once.

TURN_BY_NAME = {turn.name: turn for turn in TURNS}
Curves = dict[str, list["Point"]]


def main() -> int:
    """Read the options, measure, print. Gives the exit code."""
    options = parse_options()
    try:
        if options.report:
            workspace.check_file(options.report)
    except OSError as error:
        return refuse(f"{options.report} can't be written: {error.strerror or error}.")
    from core.data.digits import DataError
    from core.evaluation.facts import as_facts
    from core.evaluation.report import measure
    from core.evaluation.set_formats import TestSetError

    try:
        model = checkpoint.load(options.model or checkpoint.in_use())
        digits = choose_data(options.data, model, TURN_BY_NAME.get(options.turn))
        if not digits.is_labelled:
            raise TestSetError(f"{digits.name} has no labels, so nothing can be measured. Add a label column.")
        evaluation = measure(model, digits)
        curves = measure_curves(model, digits) if options.robustness else {}
    except (checkpoint.CheckpointError, DataError, TestSetError) as error:
        return refuse(str(error))
    # Printed first: whatever becomes of the report, what was measured is not lost.
    if options.format == "json":
        print(json.dumps(as_facts(evaluation, digits, curves)), flush=True)
    else:
        print(as_table(evaluation, digits, curves), flush=True)
    if options.report:
        from core.figures import html_report  # charts take a second to import; only the page needs them

        page = html_report.as_html(evaluation, digits, model.facts, curves or None)
        try:
            # The name of a picture may be no UTF-8: then it is written as Python writes it.
            options.report.write_text(page, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            return refuse(f"{options.report} can't be written: {error.strerror or error}.")
    return 0


def refuse(sentence: str) -> int:
    """Say what can't be done; gives the exit code for it."""
    print(sentence, file=sys.stderr)
    return 2


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="name of a model in models/ (the model in use)")
    parser.add_argument(
        "--data", default="test", help="test, validation, or the path of a zip, folder, CSV or IDX (test)"
    )
    parser.add_argument(
        "--turn", choices=TURN_BY_NAME, help="turn every digit of --data before it is read (not turned)"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to print (table)")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="also write a page that opens offline")
    parser.add_argument("--robustness", action="store_true", help="measure robustness too: half a minute")
    return parser.parse_args()


def choose_data(name: str, model: checkpoint.Checkpoint, turn: Turn | None = None) -> testset.TestSet:
    """`test`, the model's own `validation` split, or a path, its pictures read as on Predict; with a note on stderr for
    each file left out and each picture not read as one digit."""
    from core.evaluation import orientation, set_files, testset

    if name == "test":
        return testset.mnist_test()
    if name == "validation":
        return testset.validation(model.facts)
    sent = set_files.read(Path(name))
    digits = (sent.turn(turn) if turn else sent).for_model(model)
    if digits.is_labelled and not turn and (found := orientation.suggest(model.model, digits.digits)):
        print(f"{found.sentence} Add --turn {found.turn.name} to turn them.", file=sys.stderr)
    for entry in digits.skipped:
        print(f"{entry.name}: {entry.why}", file=sys.stderr)
    for other in digits.others:
        print(f"{other.name}: read as {other.read_as} {other.text}".rstrip() + f". {other.why}", file=sys.stderr)
    return digits


def measure_curves(model: checkpoint.Checkpoint, digits: testset.TestSet) -> Curves:
    """Accuracy over eight kinds of damage, by the model's name and version."""
    from core.evaluation import robustness

    part = robustness.sample(digits.digits)
    return {
        f"{model.name} {model.version}": [robustness.measure(model.model, part, *step) for step in robustness.STEPS]
    }


def as_table(evaluation: Evaluation, digits: testset.TestSet, curves: Curves) -> str:
    """The same as a table for people."""
    from core.evaluation.report import REFUSED_SHARES

    answers, temperature = evaluation.report, evaluation.temperature
    low, high = answers.accuracy_interval
    lines = [
        evaluation.source,
        *digits.remarks,
        "",
        f"accuracy           {percent(answers.accuracy)}  (95 % interval {percent(low)} to {percent(high)})",
        f"errors             {answers.errors:,}",
        *(
            f"{title:18} {number:,}, not counted above"
            for title, number in (("read as no digit", evaluation.no_digit), ("read as a number", evaluation.numbers))
            if number
        ),
        f"loss               {answers.loss():.4f}",
        f"calibration error  {percent(answers.calibration_error())}, with temperature {temperature:g} "
        f"{percent(answers.calibration_error(temperature))}",
        *(
            f"refusing {percent(share, 0):>5}     {percent(answers.accuracy_when_refusing(share, temperature))} "
            "of the rest right"
            for share in REFUSED_SHARES
        ),
        "",
        "digit  precision   recall       F1  pictures",
        *(
            f"{score.digit:5}  {percent(score.precision):>9}  {percent(score.recall):>7}  {percent(score.f1):>7}  "
            f"{score.support:8,}"
            for score in answers.per_digit
        ),
        "",
        "true \\ read " + "".join(f"{digit:6}" for digit in range(10)),
        *(
            f"{digit:11} " + "".join(f"{count:6}" for count in row)
            for digit, row in enumerate(answers.confusion.tolist())
        ),
        *tabulate_curves(curves),
    ]
    return "\n".join(lines)


def tabulate_curves(curves: Curves) -> list[str]:
    """Lines with one damage each: how strong, and how much is then read right; none where nothing was measured."""
    points = [point for points in curves.values() for point in points]
    if not points:
        return []
    from core.evaluation.robustness import DAMAGES

    lines = ["", f"robustness, on {points[0].pictures:,} pictures"]
    for name, damage in DAMAGES.items():
        steps = (f"{point.strength:g}: {percent(point.accuracy, 1)}" for point in points if point.damage == name)
        lines.append(f"{damage.title}, {damage.axis}: " + ", ".join(steps))
    return lines


if __name__ == "__main__":
    sys.exit(console.run(main))

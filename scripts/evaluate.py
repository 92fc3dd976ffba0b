"""Measure a model: accuracy, calibration, confusion matrix, per digit.

python scripts/evaluate.py                                     # the model in use on the MNIST test set
python scripts/evaluate.py --model my-model --data my.zip      # a set of your own: zip, folder, CSV or IDX
python scripts/evaluate.py --format json --report report.html  # figures for a program, and a page to keep
"""

import argparse
import json
import sys
from pathlib import Path

from core.data.digits import DataError
from core.data.turn import TURNS, Turn
from core.evaluation import orientation, robustness, set_files, testset
from core.evaluation.facts import as_facts
from core.evaluation.report import REFUSED_SHARES, Evaluation, measure
from core.evaluation.set_formats import TestSetError
from core.network import checkpoint
from core.words import percent

TURN_BY_NAME = {turn.name: turn for turn in TURNS}


def main() -> int:
    """Read the options, measure, print. Gives the exit code: 0, or 2 when model or data can't be used."""
    options = parse_options()
    try:
        model = checkpoint.load(options.model or checkpoint.in_use())
        digits = choose_data(options.data, model, TURN_BY_NAME.get(options.turn))
        if not digits.is_labelled:
            raise TestSetError(f"{digits.name} has no labels, so nothing can be measured. Add a label column.")
        evaluation = measure(model, digits)
        if options.report:
            from core.figures import html_report  # charts take a second to import; only the page needs them

            curves = measure_curves(model, digits) if options.robustness else None
            page = html_report.as_html(evaluation, digits, model.facts, curves)
            options.report.write_text(page, encoding="utf-8")
    except (checkpoint.CheckpointError, DataError, TestSetError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.report} can't be written: {error.strerror or error}.", file=sys.stderr)
        return 2
    print(json.dumps(as_facts(evaluation, digits)) if options.format == "json" else as_table(evaluation, digits))
    return 0


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
    parser.add_argument("--robustness", action="store_true", help="measure robustness for the report: half a minute")
    return parser.parse_args()


def choose_data(name: str, model: checkpoint.Checkpoint, turn: Turn | None = None) -> testset.TestSet:
    """`test`, the model's own `validation` split, or a path, its pictures read as on Predict; with a note on stderr for
    each file left out and each picture not read as one digit."""
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


def measure_curves(model: checkpoint.Checkpoint, digits: testset.TestSet) -> dict[str, list[robustness.Point]]:
    """Accuracy over eight kinds of damage, by the model's name and version."""
    part = robustness.sample(digits.digits)
    return {
        f"{model.name} {model.version}": [robustness.measure(model.model, part, *step) for step in robustness.STEPS]
    }


def as_table(evaluation: Evaluation, digits: testset.TestSet) -> str:
    """The same as a table for people."""
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
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

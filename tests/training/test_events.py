"""One definition of the best epoch: the loop's, for everything that shows or keeps one."""

import json

import pytest

from core.config import TrainingSettings
from core.network import checkpoint
from core.training.events import Epoch, find_best, is_best, mark_best
from core.training.job import Live
from core.training.runs import Run


def make(*accuracies: float) -> list[Epoch]:
    """Epochs with these accuracies; the loss rises all the time, so that it would name another best epoch."""
    return [
        Epoch(number, number * 10, float(number), 1.0, 0.1 * number, accuracy)
        for number, accuracy in enumerate(accuracies, start=1)
    ]


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [((0.9,), 1), ((0.9, 0.8), 1), ((0.9, 0.9), 2), ((0.8, 0.9, 0.9, 0.7, 0.9, 0.6), 5), ((0.9, 0.91, 0.9), 2)],
)
def test_of_equally_accurate_epochs_the_last_is_the_best(accuracies, best):
    marked = mark_best(make(*accuracies))
    run = Run(name="some", settings=TrainingSettings(), epochs=marked)
    assert find_best(marked).epoch == run.best.epoch == Live(run, epochs=marked).best.epoch == best


def test_without_epochs_there_is_no_best():
    run = Run(name="some", settings=TrainingSettings())
    assert find_best(mark_best([])) is None and Live(run).best is None


def test_the_first_epoch_and_an_equal_one_are_best_a_worse_one_is_not():
    assert is_best(0.0, None) and is_best(0.5, 0.5) and not is_best(0.49, 0.5)


@pytest.mark.parametrize("name", ["reference", "modern"])
def test_the_best_epoch_of_a_shipped_history_is_the_one_whose_weights_were_kept(name):
    facts = checkpoint.describe(name).facts
    marked = mark_best(Epoch(**entry) for entry in facts["history"])
    assert find_best(marked).epoch == facts["epoch"]


def test_the_shipped_reference_has_nine_epochs_that_tie_and_the_last_is_kept():
    history = json.loads((checkpoint.find_folder("reference") / "reference.json").read_text())["history"]
    top = max(entry["validation_accuracy"] for entry in history)
    ties = [entry["epoch"] for entry in history if entry["validation_accuracy"] == top]
    assert ties == list(range(142, 151))
    assert find_best(mark_best(Epoch(**entry) for entry in history)).epoch == 150

"""What the Train page says of a run: figures of the run that is shown, comparisons the right way round."""

from unittest.mock import patch

import pytest

from core.config import TrainingSettings
from core.network import checkpoint
from core.network.checkpoint import ModelCard
from core.training.events import Epoch, LogPoint
from core.training.job import Live, Phase
from core.training.runs import Run, Status
from core.ui import resources
from core.ui.train import live, outcome, runs_table

RUN = Run(name="live", settings=TrainingSettings())


def epoch(number: int, accuracy: float) -> Epoch:
    return Epoch(number, 10 * number, 2.0 * number, 0.5, 0.4, accuracy, is_best=True)


def figures(snapshot: Live) -> dict[str, tuple[str, str | None]]:
    """Value and change of each figure of a live run."""
    with patch.object(live.st, "metric") as metric:
        live._show_figures(snapshot)
    return {call.args[0]: (call.args[1], call.args[2] if len(call.args) > 2 else None) for call in metric.mock_calls}


def test_the_change_is_from_the_epoch_before_to_the_last():
    for before, after, change in ((0.9, 0.95, "+5.00 points"), (0.95, 0.9, "-5.00 points"), (0.9, 0.9, "no change")):
        shown = figures(Live(RUN, epochs=(epoch(1, 0.1), epoch(2, before), epoch(3, after))))
        assert shown["Validation accuracy"][0].startswith(f"{100 * after:.2f}")
        assert shown["Validation accuracy"][1] == change


def test_the_other_figures_are_the_runs_latest():
    points = tuple(LogPoint(at, 9.0 if at <= 20 else 0.25, 0.1, 1.0 * at, 100.0) for at in range(1, 41))
    shown = figures(Live(RUN, log_points=points, images_per_second=1234, remaining=720))
    assert shown["Training loss"][0] == "0.2500"
    assert shown["Images a second"][0] == "1,234" and shown["Time left"][0] == "12 min"
    assert figures(Live(RUN, phase=Phase.PAUSED, remaining=720))["Time left"][0] == "paused"
    assert {value for value, _ in figures(Live(RUN)).values()} == {"–"}


@pytest.mark.parametrize(("mine", "theirs", "word"), [(100, 200, "better"), (200, 100, "worse")])
def test_the_kept_model_is_compared_with_the_one_in_use(monkeypatch, mine, theirs, word):
    """On the test set, which both have read: their validation digits are not the same."""
    errors = {"used": theirs, "mine": mine}
    cards = {name: ModelCard(name, "0", {"test_errors": count}) for name, count in errors.items()}
    monkeypatch.setattr(checkpoint, "in_use", lambda: "used")
    monkeypatch.setattr(resources, "model_card", cards.get)
    run = Run(name="mine", settings=TrainingSettings(), epochs=(epoch(1, 0.99),), model="mine", validation_images=500)
    said = outcome._sum_up(run, 720)
    assert f"{100 - mine / 100:.2f}" in said and "500 validation digits" in said and "12 min" in said
    assert f"1.00 points {word} than the model in use (used)" in said


def test_in_the_table_the_model_in_use_is_named_so_and_no_other():
    runs = [
        Run(name=name, settings=TrainingSettings(), model=name, status=Status.FINISHED, epochs=(epoch(1, accuracy),))
        for name, accuracy in (("one", 0.9), ("two", 0.95))
    ]
    rows = [runs_table._describe(run, "two") for run in runs]
    assert [row["Status"] for row in rows] == ["Finished", "In use"]
    assert [row["Validation accuracy"] for row in rows] == [90, 95]


def test_the_curve_in_a_row_is_of_the_latest_epochs():
    history = tuple(epoch(number, number / 1000) for number in range(1, 101))
    curve = runs_table._describe(Run(name="long", settings=TrainingSettings(), epochs=history), "other")["Curve"]
    assert 1 < len(curve) < 100 and curve == [entry.validation_accuracy for entry in history[-len(curve) :]]

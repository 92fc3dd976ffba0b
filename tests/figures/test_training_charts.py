"""The curves of a run show the figures they were given, and ring the epoch they were told to."""

import itertools
import random

import pytest

from core import words
from core.figures import training_charts
from core.training.events import Epoch, LogPoint

ACCURACIES = (0.90, 0.95, 0.97, 0.97, 0.97, 0.96)  # three epochs are equally good


def make_points(losses) -> list[LogPoint]:
    return [LogPoint(10 * number, loss, 0.1 / number, 1.0, 1.0) for number, loss in enumerate(losses, start=1)]


def make_history(accuracies=ACCURACIES) -> tuple[Epoch, ...]:
    """Losses for training and validation that nobody can take for one another."""
    return tuple(
        Epoch(epoch, 10 * epoch, 1.0, 5 + epoch, 1 / epoch, accuracy)
        for epoch, accuracy in enumerate(accuracies, start=1)
    )


def rows_of(chart: dict, layer: dict | None = None) -> list[dict]:
    """What a layer draws, by default the whole chart's rows."""
    data = (layer or chart).get("data") or chart["data"]
    return data["values"] if "values" in data else chart["datasets"][data["name"]]


def draw_loss(points, history) -> tuple[list[dict], list[dict]]:
    """The rows of the training and of the validation lines."""
    chart = training_charts.draw_loss(points, history, 1000).to_dict()
    fields = [layer["encoding"]["y"]["field"] for layer in chart["layer"]]
    assert fields == ["raw", "smooth", "validation"]
    training, also, validation = (rows_of(chart, layer) for layer in chart["layer"])
    assert training == also
    return training, validation


def test_the_loss_lines_are_the_training_loss_of_each_step_and_the_validation_loss_of_each_epoch():
    points, history = make_points([2.0, 1.0, 0.5]), make_history()
    training, validation = draw_loss(points, history)
    assert [(row["step"], row["raw"]) for row in training] == [(point.step, point.loss) for point in points]
    assert [(row["step"], row["validation"]) for row in validation] == [
        (epoch.step, pytest.approx(epoch.validation_loss, abs=1e-4)) for epoch in history
    ]


def test_the_smoothed_loss_is_a_mean_that_follows_the_loss_and_moves_less():
    rng = random.Random(0)
    losses = [(2.0 if number < 25 else 0.5) + rng.uniform(-0.3, 0.3) for number in range(50)]
    training, _ = draw_loss(make_points(losses), ())
    smooth = [row["smooth"] for row in training]
    assert all(min(losses) <= value <= max(losses) for value in smooth)
    assert smooth[24] == pytest.approx(sum(losses[:25]) / 25, abs=0.1)
    assert smooth[-1] < smooth[24] - 0.8

    def wobble(line):
        return sum(abs(after - before) for before, after in itertools.pairwise(line))

    assert wobble(smooth) < wobble(losses) / 3


def test_a_long_run_is_drawn_with_few_points_of_the_same_mean_to_its_last_step():
    losses = [1 + number % 7 for number in range(4000)]
    training, validation = draw_loss(make_points(losses), make_history([0.9] * 500))
    assert len(training) <= training_charts.MOST_POINTS + 1 and training[-1]["step"] == 40_000
    raw = [row["raw"] for row in training[:-1]]
    assert sum(raw) / len(raw) == pytest.approx(sum(losses) / len(losses), rel=0.01)
    assert len(validation) <= training_charts.MOST_EPOCHS + 1 and validation[-1]["step"] == 5000


@pytest.mark.parametrize("epoch", range(1, 7))
def test_the_accuracy_chart_rings_the_epoch_it_is_given_whichever_is_best(epoch):
    history = make_history()
    chart = training_charts.draw_accuracy(history, 6, history[epoch - 1]).to_dict()
    rows = rows_of(chart)
    assert [(row["epoch"], row["accuracy"]) for row in rows] == list(enumerate(ACCURACIES, start=1))
    line, ring, name = chart["layer"]
    assert "transform" not in line
    assert ring["transform"] == name["transform"] == [{"filter": f"datum.epoch == {epoch}"}]
    assert name["encoding"]["text"]["value"] == f"best {words.percent(history[epoch - 1].validation_accuracy)}"


def test_the_ringed_epoch_of_a_long_run_is_never_thinned_away():
    history = make_history([0.9 + number / 10_000 for number in range(500)])
    for best in history[7::97]:
        chart = training_charts.draw_accuracy(history, 500, best).to_dict()
        rows = rows_of(chart)
        assert len(rows) <= training_charts.MOST_EPOCHS + 2
        assert (best.epoch, pytest.approx(best.validation_accuracy, abs=1e-5)) in [
            (row["epoch"], row["accuracy"]) for row in rows
        ]
        assert [row["epoch"] for row in rows] == sorted(row["epoch"] for row in rows)


def test_before_the_first_step_and_epoch_the_charts_are_empty():
    training, validation = draw_loss((), ())
    chart = training_charts.draw_accuracy((), 3, None).to_dict()
    assert training == validation == rows_of(chart) == []
    assert not rows_of(training_charts.draw_learning_rate((), 9).to_dict())


def test_the_learning_rate_is_that_of_each_step():
    points = make_points([1.0] * 20)
    chart = training_charts.draw_learning_rate(points, 200).to_dict()
    rows = rows_of(chart)
    assert [(row["step"], row["rate"]) for row in rows] == [
        (point.step, pytest.approx(point.learning_rate)) for point in points
    ]


def test_each_run_has_its_line_and_its_name_and_names_of_equal_ends_lie_apart():
    histories = {"first": make_history(), "second": make_history(), "third": make_history([0.5, 0.6])}
    chart = training_charts.draw_runs(histories).to_dict()
    lines, names = (rows_of(chart, layer) for layer in chart["layer"])
    for run, history in histories.items():
        drawn = [row["accuracy"] for row in lines if row["run"] == run]
        assert drawn == [epoch.validation_accuracy for epoch in history]
    heights = {row["run"]: row["accuracy"] for row in names}
    assert set(heights) == set(histories) and abs(heights["first"] - heights["second"]) > 0.02
    assert heights["third"] == 0.6

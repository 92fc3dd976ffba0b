"""The curves of a run show the figures they were given, and ring the epoch they were told to."""

import itertools
import json
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import words
from core.figures import training_charts
from core.training.events import Epoch, LogPoint, RateChange

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
    rate = training_charts.draw_learning_rate((), 9).to_dict()
    assert not rows_of(rate, rate["layer"][0])


def test_the_learning_rate_is_that_of_each_step():
    points = make_points([1.0] * 20)
    chart = training_charts.draw_learning_rate(points, 200).to_dict()
    rows = rows_of(chart, chart["layer"][0])
    assert [(row["step"], row["rate"]) for row in rows] == [
        (point.step, pytest.approx(point.learning_rate)) for point in points
    ]


def test_each_run_has_its_line_and_its_colour():
    histories = {"first": make_history(), "second": make_history(), "third": make_history([0.5, 0.6])}
    chart = training_charts.draw_runs(histories).to_dict()
    lines = rows_of(chart, chart["layer"][0])
    for run, history in histories.items():
        assert [row["value"] for row in lines if row["run"] == run] == [epoch.validation_accuracy for epoch in history]
    assert chart["layer"][0]["encoding"]["color"]["scale"]["domain"] == list(histories)


@pytest.mark.parametrize("count", [1, 6, 7, 14, 314])
def test_no_two_runs_share_a_colour_that_tells_them_apart_and_the_one_under_the_pointer_stands_out(count):
    histories = {f"Run {number}": make_history([0.1] * 60) for number in range(count)}
    chart = training_charts.draw_runs(histories).to_dict()
    colour = chart["layer"][0]["encoding"]["color"]
    if count <= 6:
        assert len(set(colour["scale"]["range"])) >= count
    else:
        assert "scale" not in colour  # one quiet colour, no legend that nobody can read
    assert len(rows_of(chart, chart["layer"][0])) <= 2000  # not a megabyte for a class
    pointed = [layer for layer in chart["layer"] if "pointed" in str(layer.get("transform"))]
    assert {layer["mark"]["type"] for layer in pointed} == {"line", "text"}


@pytest.mark.parametrize("figure", training_charts.FIGURES)
@pytest.mark.parametrize("axis", training_charts.AXES)
def test_any_figure_of_the_runs_can_be_seen_by_epoch_or_time_within_sensible_bounds(figure, axis):
    history = (*make_history(), Epoch(7, 70, 600.0, math.inf, math.nan, 0.0))
    chart = training_charts.draw_runs({"one": history}, figure, axis).to_dict()
    scale = chart["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert 0 <= scale[0] < scale[1] and (figure != "validation_accuracy" or scale[1] <= 1.031)
    values = [row["value"] for row in rows_of(chart, chart["layer"][0])]
    assert values == [getattr(epoch, figure) for epoch in history if math.isfinite(getattr(epoch, figure))]
    assert chart["layer"][0]["encoding"]["x"]["field"] == axis


LOSSES = st.lists(st.floats(0, 3.4e38) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0]), max_size=200)


@settings(max_examples=40, deadline=None, database=None)
@given(LOSSES, LOSSES)
def test_whatever_a_loss_becomes_the_chart_is_json_without_what_is_no_number(losses, validation):
    history = [Epoch(number, 10 * number, 1.0, loss, loss, 0.1) for number, loss in enumerate(validation, start=1)]
    chart = training_charts.draw_loss(make_points(losses), history, 2000).to_dict(validate=False)
    json.dumps(chart, allow_nan=False)
    low, high = chart["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert math.isfinite(low) and low < high < math.inf
    training, _, judged = (rows_of(chart, layer) for layer in chart["layer"][:3])
    assert bool(training) == any(map(math.isfinite, losses)) and bool(judged) == any(map(math.isfinite, validation))


def test_a_spike_is_seen_and_so_is_what_comes_after_it():
    losses = [2.3, 2.2, 2.1, *[38.0, 2.4e12, 1e4], *[2.35] * 290]
    chart = training_charts.draw_loss(make_points(losses), (), 3000).to_dict()
    scale = chart["layer"][0]["encoding"]["y"]["scale"]
    assert scale["type"] == "log" and scale["domain"][0] < 2.1 and scale["domain"][1] > 2.4e12
    rows = rows_of(chart, chart["layer"][0])
    assert max(row["raw"] for row in rows) == pytest.approx(2.4e12, rel=1e-6)
    assert rows[-1]["smooth"] == pytest.approx(2.35, rel=0.05)  # the smoothed line has come back long since


def test_an_ordinary_loss_has_an_ordinary_axis():
    scale = training_charts.draw_loss(make_points([2.3, 1.0, 0.1]), make_history(), 30).to_dict()["layer"][0]
    assert "type" not in scale["encoding"]["y"]["scale"] and scale["encoding"]["y"]["scale"]["domain"][0] == 0


def test_each_change_of_the_rate_by_hand_is_marked_in_both_charts():
    changes = (RateChange(30, 3.0, 0.3), RateChange(70, 0.3, 0.1))
    loss = training_charts.draw_loss(make_points([1.0] * 9), (), 90, changes).to_dict()
    rate = training_charts.draw_learning_rate(make_points([1.0] * 9), 90, changes).to_dict()
    for chart in (loss, rate):
        rule, words_beside = chart["layer"][-2:]
        assert rule["mark"]["type"] == "rule" and words_beside["mark"]["type"] == "text"
        assert [(row["step"], row["words"]) for row in rows_of(chart, rule)] == [(30, "rate 0.3"), (70, "rate 0.1")]
    crowded = training_charts.draw_loss((), (), 90, [RateChange(step, 3.0, 0.3) for step in range(20, 30)]).to_dict()
    assert [row["words"] for row in rows_of(crowded, crowded["layer"][-1])] == ["rate 0.3", *[""] * 9]
    assert len(training_charts.draw_loss((), (), 9).to_dict()["layer"]) == 3  # no mark where nothing was changed


@pytest.mark.parametrize("at", [7, 150, 1033, 3990])
def test_a_sudden_change_of_the_rate_stays_sudden(at):
    points = [LogPoint(step, 1.0, 3.0 if step < at else 0.3, 1.0, 1.0) for step in range(1, 4001)]
    chart = training_charts.draw_learning_rate(points, 4000).to_dict()
    rows = rows_of(chart, chart["layer"][0])
    sides = [row["step"] for before, row in itertools.pairwise(rows) if row["rate"] != before["rate"]]
    assert sides == [at] and at - 1 in [row["step"] for row in rows] and len(rows) < 100


def test_digits_it_learns_from_have_a_line_of_their_own_where_they_were_judged():
    plain, judged = make_history(), [replace(epoch, learnt_loss=0.5, learnt_accuracy=0.9) for epoch in make_history()]
    for draw in (
        lambda history: training_charts.draw_loss((), history, 60),
        lambda history: training_charts.draw_accuracy(history, 6, None),
    ):
        without, with_it = draw(plain).to_dict(), draw(judged).to_dict()
        assert len(with_it["layer"]) == len(without["layer"]) + 1
        assert with_it["layer"][-1]["encoding"]["y"]["field"] == "learned"
        assert with_it["layer"][-1]["encoding"]["y"]["scale"] == with_it["layer"][2]["encoding"]["y"]["scale"]


def test_late_epochs_are_always_within_the_axis_and_told_apart():
    slow_start = [0.1, 0.3, 0.9, 0.95, *[0.99 + number / 10_000 for number in range(20)]]
    for accuracies in (slow_start, [*slow_start, 0.2], [0.99] * 3, [0.112], [0.9, 0.098]):
        chart = training_charts.draw_accuracy(make_history(accuracies), 30, None).to_dict()
        low, high = chart["layer"][0]["encoding"]["y"]["scale"]["domain"]
        assert all(low <= accuracy <= high for accuracy in accuracies[len(accuracies) // 4 :])
    assert (
        training_charts.draw_accuracy(make_history(slow_start), 30, None).to_dict()["layer"][0]["encoding"]["y"][
            "scale"
        ]["domain"][0]
        > 0.98
    )


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_the_axis_of_a_live_run_holds_what_is_done_and_is_never_a_sliver(planned, share):
    shown = training_charts.reach(share * planned, planned)
    assert share * planned <= shown <= planned
    assert shown == planned or share * planned > shown / 4 or shown <= planned / 16


@pytest.mark.parametrize("figure", training_charts.FIGURES)
@pytest.mark.parametrize("worst", [0.4, 0.97])
def test_the_axis_of_several_runs_holds_all_their_points_and_little_else(figure, worst):
    """An accuracy may reach 100 %; a loss has no such end, so its highest point is near the top."""
    history = make_history((worst, 0.98, 0.985))
    chart = training_charts.draw_runs({"one": history, "two": history[:2]}, figure).to_dict()
    low, high = chart["layer"][0]["encoding"]["y"]["scale"]["domain"]
    values = [row["value"] for row in rows_of(chart, chart["layer"][0])]
    assert low <= min(values) and max(values) <= high
    top = 1.0 if figure == "validation_accuracy" else max(values)
    assert top < high < 1.1 * top
    assert low == 0 or (figure == "validation_accuracy" and 0 < min(values) - low < 0.2 * (1 - low))

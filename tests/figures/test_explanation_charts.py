"""What the charts of an explanation draw are the numbers they were given."""

import numpy as np
import pytest

from core.figures import explanation_charts, theme


def rows_of(chart, layer):
    """The data of one layer of a chart."""
    made = chart.to_dict(validate=False)
    return made["datasets"][made["layer"][layer]["data"]["name"]]


@pytest.mark.parametrize("dark", [False, True])
def test_a_map_has_a_cell_for_each_value_and_frames_the_chosen_one(dark):
    values = np.arange(12.0).reshape(3, 4) - 5
    chart = explanation_charts.press_map(values, 5.0, (1, 2), dark)
    cells = rows_of(chart, 0)
    assert [[cell["row"], cell["column"], cell["value"]] for cell in cells] == [
        [row, column, values[row, column]] for row in range(3) for column in range(4)
    ]
    assert [(cell["row"], cell["column"]) for cell in rows_of(chart, 1)] == [(1, 2)]


def test_arguments_keep_their_order_and_their_sides():
    made = explanation_charts.weigh_arguments([("unit 3", 2.0), ("the others", 0.0), ("unit 9", -1.5)]).to_dict()
    (rows,) = made["datasets"].values()
    assert [(row["unit"], row["adds"]) for row in rows] == [("unit 3", 2.0), ("the others", 0.0), ("unit 9", -1.5)]
    assert [row["colour"] for row in rows] == [theme.ACCENT[False], theme.ACCENT[False], theme.SECOND[False]]


def test_a_curve_names_every_digit_that_wins_and_marks_every_flip():
    positions = np.linspace(0, 1, 5)
    probabilities = np.full((5, 10), 0.01)
    probabilities[:3, 6], probabilities[3:, 4] = 0.9, 0.9
    chart = explanation_charts.follow_change(positions, probabilities, [(0.6, "then a 4")], 0.2, "turn (degrees)")
    flips, now, lines, names = (rows_of(chart, layer) for layer in range(4))
    assert [(row["at"], row["name"]) for row in flips] == [(0.6, "then a 4")] and now == [{"at": 0.2}]
    assert {row["digit"] for row in names} == {"4", "6"}
    assert len(lines) == 50
    assert sorted(row["probability"] for row in lines) == pytest.approx(sorted(probabilities.ravel().tolist()))


def test_a_map_of_digits_crosses_out_the_misread_and_shows_yours():
    places, labels = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 10
    answers = labels.copy()
    answers[[4, 7]] = 0
    chart = explanation_charts.map_digits(places, labels, answers, (1.5, -2.5), chosen=9)
    dots, wrong, names, yours = (rows_of(chart, layer) for layer in range(4))
    assert [row["digit"] for row in wrong] == [4, 7] and len(dots) == 28
    assert [row["label"] for row in names] == list(range(10))
    assert (yours[0]["x"], yours[0]["y"]) == (1.5, -2.5)
    assert [row["digit"] for row in rows_of(chart, 5)] == [9]


def test_ten_digits_have_ten_colors():
    assert len(set(theme.DIGITS)) == 10


def test_a_loss_of_millions_leaves_the_others_to_be_seen():
    """Beyond the last weights the loss explodes: on a linear scale all the way there would be a flat line."""
    losses = np.array([2.3, 0.2, 0.0, 1e8])
    chart = explanation_charts.follow_line(np.linspace(0, 1.6, 4), losses).to_dict()
    (line,) = [layer["encoding"]["y"] for layer in chart["layer"] if "y" in layer["encoding"]]
    assert line["scale"]["type"] == "log"
    assert all(row["loss"] > 0 for rows in chart["datasets"].values() for row in rows if "loss" in row)

"""Charts of an evaluation: numbers that can be read, and that don't claim more than was counted."""

import re
from datetime import UTC, datetime

import pytest
import torch
from PIL import ImageColor
from running_app import contrast

from core.evaluation.comparison import Comparison
from core.evaluation.report import Report
from core.evaluation.robustness import DAMAGES, Point
from core.figures import evaluation_charts, export


def report_of(labels: list[int], answers: list[int]) -> Report:
    return Report(torch.tensor(labels), torch.nn.functional.one_hot(torch.tensor(answers), 10).float() * 5)


def cells(chart) -> dict[tuple[int, int], dict]:
    """The rows behind a confusion matrix, by true digit and answer."""
    (rows,) = (rows for rows in chart.to_dict()["datasets"].values() if len(rows) == 100)
    return {(row["true"], row["predicted"]): row for row in rows}


def first(layers: list[dict], mark: str) -> dict:
    """The encoding of the first layer that draws such marks."""
    return next(layer["encoding"] for layer in layers if layer["mark"]["type"] == mark)


def mix(one: str, other: str, share: float) -> str:
    pairs = zip(ImageColor.getrgb(one), ImageColor.getrgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_stand_out_on_every_shade(dark):
    layers = evaluation_charts.confusion_matrix(report_of([1, 2], [1, 7]), dark=dark).to_dict()["layer"]
    paper, accent = first(layers, "rect")["color"]["scale"]["range"]
    colour = first(layers, "text")["color"]
    turn = float(re.fullmatch(r"datum\.shade > ([\d.]+)", colour["condition"]["test"])[1])
    for shade in (step / 50 for step in range(51)):
        number = colour["condition"]["value"] if shade > turn else colour["value"]
        assert contrast(mix(paper, accent, shade), number) >= 4.45, shade


def test_shares_are_never_rounded_to_none_or_all():
    report = report_of([1] * 3000 + [2] * 4, [1] * 2999 + [7] + [2, 2, 2, 5])
    found = cells(evaluation_charts.confusion_matrix(report, "By true digit"))
    texts = {place: found[place]["text"] for place in ((1, 1), (1, 7), (2, 2), (2, 5), (2, 3), (3, 3))}
    assert texts == {(1, 1): ">99.9", (1, 7): "<0.1", (2, 2): "75.0", (2, 5): "25.0", (2, 3): "0", (3, 3): "–"}


@pytest.mark.parametrize(("view", "words"), [("By true digit", "each row: 100 %"), ("By answer", "each column: 100 %")])
def test_shares_say_of_what_they_are(view, words):
    assert words in export.as_svg(
        evaluation_charts.confusion_matrix(report_of([1, 2], [1, 7]), view).properties(width=380)
    )


def test_a_cell_is_read_out_in_words():
    found = cells(evaluation_charts.confusion_matrix(report_of([1, 2, 2], [7, 2, 2])))
    assert found[1, 7]["words"] == "1 read as 7: 1 picture" and found[2, 2]["words"] == "2 read as 2: 2 pictures"


def test_each_strength_is_written_as_it_is():
    when = datetime(2026, 1, 2, tzinfo=UTC)
    points = [Point("contrast", at, 0.9, 0.8, 0.95, 100, when) for at in DAMAGES["contrast"].strengths]
    picture = export.as_svg(
        evaluation_charts.robustness({"one": points, "two": points}, "contrast").properties(width=900)
    )
    assert all(f">{strength:g}</text>" in picture for strength in DAMAGES["contrast"].strengths)


def rows_of(chart) -> list[list[dict]]:
    """All tables that a chart draws."""
    return list(chart.to_dict()["datasets"].values())


@pytest.fixture(scope="module")
def middling() -> Report:
    rng = torch.Generator().manual_seed(1)
    labels = torch.randint(10, (500,), generator=rng)
    logits = torch.randn(500, 10, generator=rng)
    logits[torch.arange(500), labels] += 2
    return Report(labels, logits)


def test_precision_and_recall_are_drawn_as_they_are(middling):
    (rows,) = rows_of(evaluation_charts.per_digit(middling))
    drawn = {(row["digit"], row["measure"]): row["share"] for row in rows}
    for score in middling.per_digit:
        assert (drawn[score.digit, "precision"], drawn[score.digit, "recall"]) == (score.precision, score.recall)


def test_the_reliability_diagram_shows_the_bins_at_the_temperature_with_their_intervals(middling):
    for temperature in (1.0, 0.4):
        rows = max(rows_of(evaluation_charts.reliability(middling, temperature)), key=len)
        bins = middling.reliability(temperature)
        drawn = [(row["confidence"], row["accuracy"], row["count"], (row["from"], row["to"])) for row in rows]
        assert drawn == [(entry.confidence, entry.accuracy, entry.count, entry.interval) for entry in bins]
        assert evaluation_charts.describe_reliability(middling, temperature).count("sure") == len(bins)


def test_the_curve_of_refusals_is_the_reports(middling):
    (rows,) = rows_of(evaluation_charts.coverage(middling, 1.0))
    assert [(row["refused"], row["accuracy"]) for row in rows] == middling.coverage_curve()


def test_two_models_turned_round_turn_their_bars_round(middling):
    other = Report(middling.labels, middling.logits.roll(250, 0) + middling.logits)
    bars = [
        {row["digit"]: row["difference"] for row in rows_of(evaluation_charts.difference(pair))[0]}
        for pair in (Comparison(middling, other), Comparison(other, middling))
    ]
    assert any(bars[0].values()) and bars[0] == {digit: -height for digit, height in bars[1].items()}
    for first, second in zip(middling.per_digit, other.per_digit, strict=True):
        assert bars[0][first.digit] == pytest.approx(100 * (second.recall - first.recall))


def test_each_model_has_its_own_curve_with_its_interval():
    when = datetime(2026, 1, 2, tzinfo=UTC)
    curves = {
        name: [Point("blur", at, 0.9 - at / 10 - less, 0.5, 0.95, 100, when) for at in DAMAGES["blur"].strengths]
        for name, less in (("one", 0.0), ("two", 0.1))
    }
    curves["one"].append(Point("noise", 0, 0.2, 0.1, 0.3, 100, when))
    (rows,) = rows_of(evaluation_charts.robustness(curves, "blur"))
    drawn = [(row["model"], row["strength"], row["accuracy"], row["low"], row["high"]) for row in rows]
    assert drawn == [
        (name, point.strength, point.accuracy, point.low, point.high)
        for name, points in curves.items()
        for point in points
        if point.damage == "blur"
    ]
    said = evaluation_charts.describe_robustness(curves, "blur")
    assert "one: 90\u00a0% at 0," in said and "two: 80\u00a0% at 0," in said and "20\u00a0%" not in said


def test_the_chosen_cell_is_the_one_that_is_framed_and_hits_can_be_hidden(middling):
    chart = evaluation_charts.confusion_matrix(middling, chosen=(3, 5), hide_diagonal=True)
    (frame,) = (rows for rows in rows_of(chart) if len(rows) == 1)
    assert (frame[0]["true"], frame[0]["predicted"], frame[0]["count"]) == (3, 5, int(middling.confusion[3, 5]))
    for (true, read), cell in cells(chart).items():
        assert cell["count"] == middling.confusion[true, read]
        assert (cell["text"] == "") == (cell["shade"] == 0 and true == read) == (true == read)


def test_the_history_of_a_model_draws_each_loss_under_its_own_name():
    history = [
        {"epoch": at, "training_loss": 2 / at, "validation_loss": 3 / at, "validation_accuracy": 1 - 0.1 / at}
        for at in (1, 2, 3)
    ]
    charts = evaluation_charts.training_history(history)
    assert all(rows_of(chart) == [history] for chart in charts)
    accuracy, loss = (chart.to_dict() for chart in charts)
    assert accuracy["encoding"]["y"]["field"] == "validation_accuracy"
    calculated = {one["as"]: one["calculate"] for one in loss["transform"] if "calculate" in one}
    assert calculated == {name: f"datum.{name}_loss" for name in ("training", "validation")}


@pytest.mark.parametrize("shares", [[0.0], [0.087], [1.0, 1.0], [0.9, 0.99]])
def test_the_axis_of_accuracy_has_a_length_and_holds_every_epoch(shares):
    history = [
        {"epoch": number, "validation_accuracy": share, "training_loss": 1.0, "validation_loss": 1.0}
        for number, share in enumerate(shares, start=1)
    ]
    low, high = evaluation_charts.training_history(history)[0].to_dict()["encoding"]["y"]["scale"]["domain"]
    assert 0 <= low < high and low <= min(shares) and max(shares) <= high

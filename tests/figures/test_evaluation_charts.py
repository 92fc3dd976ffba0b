"""Charts of an evaluation: numbers that can be read, and that don't claim more than was counted."""

import re
from datetime import UTC, datetime

import pytest
import torch
from PIL import ImageColor
from running_app import contrast

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

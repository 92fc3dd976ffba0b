"""The files that an evaluation can be taken away as: their names and what is in them."""

from datetime import UTC, datetime

import pytest
import torch

from core.data import mnist
from core.evaluation import testset
from core.evaluation.report import Evaluation, Report
from core.evaluation.robustness import DAMAGES, Point
from core.figures import export, take_away


@pytest.fixture(scope="module")
def digits() -> testset.TestSet:
    part = mnist.load(train=False).pick(torch.arange(200))
    return testset.TestSet("a <set> of & mine", part, tuple(f"{n}.png" for n in range(200)))


@pytest.fixture(scope="module")
def evaluation(digits) -> Evaluation:
    rng = torch.Generator().manual_seed(3)
    logits = torch.randn(200, 10, generator=rng)
    logits[torch.arange(200), digits.digits.labels] += 2
    logits[:, 9] = -50  # this model never answers 9
    when = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    return Evaluation("mine", "0123abcd", digits.name, when, Report(digits.digits.labels, logits), 0.8)


@pytest.fixture(scope="module")
def curves() -> dict[str, list[Point]]:
    when = datetime(2026, 1, 2, 5, 6, tzinfo=UTC)
    return {"mine 0123abcd": [Point("blur", at, 0.9, 0.85, 0.95, 150, when) for at in DAMAGES["blur"].strengths]}


def test_files_are_named_by_model_version_and_data(evaluation, digits):
    names = [file.name for file in take_away.tables(evaluation, digits)]
    assert names == [f"mine-0123abcd-a-set-of-mine-{what}.csv" for what in ("predictions", "per-digit")]


def test_every_chart_can_be_taken_away_and_names_its_source(evaluation, curves):
    charts = take_away.charts(evaluation, curves)
    assert {"Confusion matrix", "Per digit", "Reliability", "Coverage", "Robustness to blur"} <= set(charts)
    for title, chart in charts.items():
        picture = export.as_svg(chart)
        assert picture.startswith("<svg") and "mine 0123abcd" in picture and title in picture
        assert ("150 pictures of" in picture) == title.startswith("Robustness"), "the curves have a source of their own"
    assert export.as_png(charts["Coverage"]).startswith(b"\x89PNG")

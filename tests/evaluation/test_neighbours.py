"""Nearest training images, and the store of results the Evaluate page finds them through."""

import pytest
import torch

from core.data import mnist
from core.data.digits import DigitSet
from core.evaluation.neighbours import Neighbours, doubts_label
from core.network import checkpoint
from core.network.architectures import build
from core.ui import resources


@pytest.fixture(scope="module")
def training() -> DigitSet:
    return mnist.load(train=True).pick(torch.arange(3000))


def test_a_training_digit_is_its_own_nearest_neighbour(training):
    index = Neighbours(training)
    for place in (0, 41, 2999):
        nearest = index.nearest(training.images[place], 5)
        assert len(nearest) == 5 and int(nearest[0]) == place


def test_neighbours_look_alike_and_mostly_mean_the_same(training):
    index, test = Neighbours(training), mnist.load(train=False).pick(torch.arange(100))
    votes = [training.labels[index.nearest(image, 7)].mode().values for image in test.images]
    assert (torch.stack(votes) == test.labels).double().mean() > 0.85


def test_a_label_is_doubted_only_when_the_neighbours_side_with_the_answer():
    assert doubts_label(4, 9, [9, 9, 9, 9, 9, 9, 9, 4])
    assert not doubts_label(4, 9, [9, 9, 9, 9, 9, 9, 4, 4]), "two of eight agree with the label"
    assert not doubts_label(4, 9, [9, 9, 9, 9, 9, 7, 7, 7]), "the neighbours agree on nothing"
    assert not doubts_label(9, 9, [4] * 8), "the model reads what the label says"


def test_a_handful_of_digits_is_enough(training):
    few = training.pick(torch.arange(3))
    assert sorted(Neighbours(few).nearest(few.images[1], 3).tolist()) == [0, 1, 2]


def test_results_are_computed_once_and_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(resources.Results, "MOST", 2)
    results, asked = resources.Results(), []
    for key in ("a", "b", "a", "c", "a"):
        results.keep((key,), lambda key=key: asked.append(key) or key)
    assert asked == ["a", "b", "c"] and results.find(("b",)) is None and results.find(("a",)) == "a"


def test_a_stored_temperature_is_used_from_then_on(tmp_path):
    checkpoint.save("mine", build("reference"), {"date": "2026-01-01"}, tmp_path)
    assert checkpoint.load("mine", tmp_path).temperature == 1.0
    checkpoint.add_facts("mine", {"temperature": 0.7}, tmp_path)
    loaded = checkpoint.load("mine", tmp_path)
    assert (loaded.temperature, loaded.facts["date"]) == (0.7, "2026-01-01")

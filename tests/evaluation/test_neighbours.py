"""Nearest training images, and the store of results the Evaluate page finds them through."""

import statistics
import threading

import numpy as np
import pytest
import torch

from core.data import mnist
from core.data.digits import DigitSet
from core.evaluation.neighbours import Nearest, Neighbours
from core.network import checkpoint
from core.network.architectures import build
from core.ui import resources


@pytest.fixture(scope="module")
def training() -> DigitSet:
    return mnist.load(train=True).pick(torch.arange(3000))


def test_a_training_digit_is_its_own_nearest_neighbour(training):
    index = Neighbours(training)
    for place in (0, 41, 2999):
        nearest = index.nearest(training.images[place].numpy(), 5)
        assert len(nearest.places) == 5 and nearest.places[0] == place
        assert nearest.labels == tuple(training.labels[list(nearest.places)].tolist())
        assert (nearest.images == training.images[list(nearest.places)].numpy()).all()


def test_neighbours_look_alike_and_mostly_mean_the_same(training):
    index, test = Neighbours(training), mnist.load(train=False).pick(torch.arange(100))
    votes = [statistics.mode(index.nearest(image, 7).labels) for image in test.images.numpy()]
    assert statistics.mean(vote == label for vote, label in zip(votes, test.labels.tolist(), strict=True)) > 0.85


def test_a_label_is_doubted_only_when_the_neighbours_side_with_the_answer():
    def doubt(label: int | None, answer: int, *labels: int) -> bool:
        return Nearest(tuple(range(8)), np.zeros((8, 28, 28), np.uint8), labels).doubt(label, answer)

    assert doubt(4, 9, 9, 9, 9, 9, 9, 9, 9, 4)
    assert not doubt(4, 9, 9, 9, 9, 9, 9, 9, 4, 4), "two of eight agree with the label"
    assert not doubt(4, 9, 9, 9, 9, 9, 9, 7, 7, 7), "the neighbours agree on nothing"
    assert not doubt(9, 9, *[4] * 8), "the model reads what the label says"
    assert not doubt(None, 9, *[9] * 8), "there is no label to doubt"


def test_a_handful_of_digits_is_enough(training):
    few = training.pick(torch.arange(3))
    assert sorted(Neighbours(few).nearest(few.images[1].numpy(), 3).places) == [0, 1, 2]


def test_results_are_computed_once_and_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(resources.Results, "MOST", 2)
    results, asked = resources.Results(), []
    for key in ("a", "b", "a", "c", "a"):
        results.keep((key,), lambda key=key: asked.append(key) or key)
    assert asked == ["a", "b", "c"] and results.find(("b",)) is None and results.find(("a",)) == "a"


def test_two_visitors_who_ask_at_once_compute_once():
    results, asked, working, go_on = resources.Results(), [], threading.Event(), threading.Event()

    def compute() -> str:
        asked.append("a")
        working.set()
        assert go_on.wait(30)
        return "done"

    answers = []
    visitors = [
        threading.Thread(target=lambda: answers.append(results.keep(("a",), compute)), daemon=True) for _ in range(2)
    ]
    for visitor in visitors:
        visitor.start()
    assert working.wait(30)
    assert results.keep(("b",), lambda: "another") == "another", "nobody waits for what he didn't ask for"
    visitors[1].join(0.3)  # time enough to compute as well, were it not for the lock
    go_on.set()
    for visitor in visitors:
        visitor.join(30)
    assert answers == ["done", "done"] and asked == ["a"]


def test_what_one_visitor_gives_up_the_next_computes():
    results = resources.Results()
    with pytest.raises(InterruptedError):
        results.keep(("a",), _give_up)
    assert results.find(("a",)) is None and results.keep(("a",), lambda: 1) == 1


def _give_up() -> None:
    raise InterruptedError


def test_a_stored_temperature_is_used_from_then_on(tmp_path):
    checkpoint.save("mine", build("reference"), {"date": "2026-01-01"}, tmp_path)
    assert checkpoint.load("mine", tmp_path).temperature == 1.0
    checkpoint.add_facts("mine", {"temperature": 0.7}, tmp_path)
    loaded = checkpoint.load("mine", tmp_path)
    assert (loaded.temperature, loaded.facts["date"]) == (0.7, "2026-01-01")

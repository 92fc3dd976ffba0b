"""A set that lies on its side is noticed by the model's evidence, whichever way it lies, and no other set is."""

import io
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from core.data import mnist as mnist_module
from core.data.digits import DigitSet
from core.data.turn import TURNS, UPRIGHT, Turn
from core.evaluation import orientation, set_files
from core.evaluation.testset import TestSet
from core.network import checkpoint
from scripts import evaluate


@pytest.fixture(scope="module")
def model() -> checkpoint.Checkpoint:
    return checkpoint.load(checkpoint.SHIPPED)


@pytest.fixture(scope="module")
def mnist() -> DigitSet:
    return mnist_module.load(train=False).pick(torch.arange(300))


def undo(turn: Turn) -> Turn:
    """What a set was turned by, if this turn puts it right."""
    pixels = np.arange(6).reshape(2, 3)
    ways = (UPRIGHT, *TURNS)
    return next(one for one in ways if np.array_equal(turn.apply(one.apply(pixels)), pixels))


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: turn.name)
def test_the_turn_that_puts_digits_right_is_suggested(turn, model, mnist):
    lying = TestSet("lying", mnist).turn(undo(turn))
    found = orientation.suggest(model.model, lying.digits)
    assert found and found.turn == turn and found.turned > 0.95 > 0.8 > found.accuracy
    assert turn.sentence in found.sentence
    turned = lying.turn(turn)
    assert torch.equal(turned.digits.images, mnist.images) and turn.sentence in turned.remarks[-1]
    assert turned.key != lying.key


def test_nothing_is_suggested_for_upright_hard_or_few_digits(model, mnist):
    assert orientation.suggest(model.model, mnist) is None
    noise = DigitSet(
        torch.randint(0, 256, (200, 28, 28), generator=torch.Generator().manual_seed(1)).byte(), mnist.labels[:200]
    )
    assert orientation.suggest(model.model, noise) is None
    shuffled = DigitSet(mnist.images, mnist.labels.roll(1))
    assert orientation.suggest(model.model, shuffled) is None
    two = orientation.turn_digits(mnist.pick(torch.arange(2)), TURNS[0])
    assert orientation.suggest(model.model, two) is None


def test_pictures_are_turned_before_they_are_read(model, mnist):
    files = []
    for number in range(12):
        buffer = io.BytesIO()
        lying = np.ascontiguousarray(mnist.images[number].numpy().T)  # as EMNIST's
        Image.fromarray(lying).resize((70, 70)).save(buffer, "PNG")
        files.append((f"{mnist.labels[number]}/{number}.png", buffer.getvalue()))
    sent = set_files.read_files("lying", files)
    transposed = next(
        turn for turn in TURNS if np.array_equal(turn.apply(np.arange(6).reshape(2, 3)), np.arange(6).reshape(2, 3).T)
    )
    lying, upright = (one.for_model(model) for one in (sent, sent.turn(transposed)))
    right = {
        name: orientation.evaluate(model.model, found.digits).accuracy
        for name, found in (("lying", lying), ("upright", upright))
    }
    assert right["upright"] > 0.9 > right["lying"] and sent.key != sent.turn(transposed).key


def test_the_script_says_so_and_turns_when_told(tmp_path, monkeypatch, capsys, mnist):
    path = tmp_path / "emnist.npz"
    np.savez(path, x_test=mnist.images.numpy().transpose(0, 2, 1), y_test=mnist.labels.numpy())
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "--data", str(path)])
    assert evaluate.main() == 0
    said = capsys.readouterr()
    option = said.err.split("Add --turn ")[1].split(" ")[0]
    assert "lie on their side" in said.err and "Labels were taken from y_test.npy." in said.out
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "--data", str(path), "--turn", option])
    assert evaluate.main() == 0
    said = capsys.readouterr()
    assert "lie on their side" not in said.err and "before they were read" in said.out

"""What is said to be evidence: it adds up, empty paper is none, and a network that knows nothing sees another."""

import numpy as np
import pytest
import torch

from core.config import DIGIT_SIZE
from core.explanation import evidence
from core.explanation.evidence import METHODS, NoMethod, Question
from core.network.architectures import Perceptron

QUESTIONS = (Question(7), Question(4), Question(7, 9), Question(9, 7))


def logits(network, digit):
    with torch.inference_mode():
        return network.logits(torch.from_numpy(np.ascontiguousarray(digit)).view(1, 1, 28, 28))[0].numpy()


@pytest.mark.parametrize("question", QUESTIONS[1:3])
def test_integrated_gradients_add_up_to_the_difference_of_the_logits(network, digits, question):
    for digit in digits[:1]:
        found = evidence.integrate_gradients(network, digit, question)
        own, empty = logits(network, digit), logits(network, np.zeros_like(digit))
        difference = own[question.digit] - empty[question.digit]
        if question.against is not None:
            difference -= own[question.against] - empty[question.against]
        assert found.pixels.sum() == pytest.approx(difference, rel=0.01, abs=2 * evidence.UNSEEN)


@pytest.mark.parametrize("question", QUESTIONS[1:3])
def test_occlusion_of_empty_paper_changes_nothing(network, digit, question):
    found = evidence.occlude(network, digit, question)
    for row, column in np.argwhere(found.pixels != 0):
        near = (slice(max(0, side - evidence.PATCH + 1), side + evidence.PATCH) for side in (row, column))
        assert digit[tuple(near)].any()
    assert not evidence.occlude(network, np.zeros_like(digit), question).pixels.any()


def test_occlusion_is_what_covering_does(network, digit):
    """One pixel of ink: all squares over it do the same, and the map there is what they do."""
    dot = np.zeros_like(digit)
    dot[13, 13] = 1.0
    found = evidence.occlude(network, dot, Question(1))
    assert found.pixels[13, 13] == pytest.approx(found.score - found.empty, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_why_not_is_the_opposite_of_why(network, digit, method):
    if isinstance(network, Perceptron) and method == "Grad-CAM":
        with pytest.raises(NoMethod, match="this network has none"):
            METHODS[method](network, digit, Question(7))
        return
    one, other = (METHODS[method](network, digit, question) for question in QUESTIONS[2:])
    assert one.pixels.shape == (DIGIT_SIZE, DIGIT_SIZE)
    assert one.score == pytest.approx(-other.score)
    np.testing.assert_allclose(one.pixels, -other.pixels, rtol=0.05, atol=0.02 * np.abs(one.pixels).max())


def test_shuffled_weights_are_the_same_numbers_elsewhere(network):
    shuffled = evidence.shuffle_weights(network)
    for one, other in zip(network.parameters(), shuffled.parameters(), strict=True):
        torch.testing.assert_close(one.flatten().sort().values, other.flatten().sort().values)
    before = network.state_dict()
    assert any(not torch.equal(before[name], value) for name, value in shuffled.state_dict().items())
    again = evidence.shuffle_weights(network).state_dict()
    assert all(torch.equal(again[name], value) for name, value in shuffled.state_dict().items())


def test_likeness():
    one = np.arange(784.0).reshape(28, 28)
    assert evidence.compare(one, 3 * one) == pytest.approx(1)
    assert evidence.compare(one, -one) == pytest.approx(-1)
    assert evidence.compare(one, np.zeros_like(one)) == 0

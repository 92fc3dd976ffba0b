"""A replay says what the network of each state says, on directions that stay the same."""

import numpy as np
import pytest
import torch

from core.data import mnist
from core.explanation import digit_map, replay
from core.network.architectures import to_input

MAPPED = mnist.load(train=False).pick(torch.arange(60))
JUDGED = mnist.load(train=True).pick(torch.arange(50))


def test_a_frame_is_what_the_network_says(network, digit):
    onto = digit_map.lay_out(network, MAPPED)
    frame = replay.look_at(network, digit, 7, onto)
    with torch.inference_mode():
        said = network(torch.from_numpy(digit).view(1, 1, 28, 28)).exp()[0].numpy()
    np.testing.assert_allclose(frame.probabilities, said, atol=1e-5)
    assert frame.step == 7 and frame.answer == said.argmax()
    assert frame.filters.ndim == 3 and len(frame.filters) == min(replay.MOST_FILTERS, len(frame.values))
    # The digit is the first of those on the map, and stands where that one does.
    np.testing.assert_allclose(frame.place, onto.places[0], rtol=1e-3, atol=1e-3)


def test_many_digits_are_counted_once_each_and_the_last_state_lies_on_its_own_map(network):
    onto = digit_map.lay_out(network, MAPPED)
    overview = replay.look_over(network, MAPPED, JUDGED, onto)
    np.testing.assert_allclose(overview.places, onto.places, rtol=1e-3, atol=1e-3)
    with torch.inference_mode():
        right = (network.logits(to_input(JUDGED.images)).argmax(1) == JUDGED.labels).float().mean().item()
    assert overview.confusion.sum() == len(JUDGED)
    np.testing.assert_array_equal(overview.confusion.sum(axis=1), torch.bincount(JUDGED.labels, minlength=10))
    assert overview.accuracy == pytest.approx(right)

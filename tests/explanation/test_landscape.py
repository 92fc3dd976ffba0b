"""The landscape holds the losses of the networks that stand in it, and leaves them alone."""

import copy

import numpy as np
import pytest
import torch

from core.data import mnist
from core.explanation import landscape

DIGITS = mnist.load(train=True).pick(torch.arange(20))
pytestmark = pytest.mark.parametrize("network", ["modern", "tiny"], indirect=True)  # with normalization, and without


@pytest.fixture
def few(monkeypatch):
    """Few points, among them those that are known."""
    monkeypatch.setattr(landscape, "LINE", np.array([-0.25, 0.0, 0.5, 1.0]))
    monkeypatch.setattr(landscape, "PLANE", np.array([-0.5, 0.0, 0.5]))


def test_the_line_begins_and_ends_at_the_losses_of_its_networks(network, few):
    first = copy.deepcopy(network)
    for parameter in first.parameters():
        parameter.data.mul_(0.5)
    heard: list[float] = []
    line = landscape.follow_line(first, network, DIGITS, heard.append)
    assert line.losses[1] == pytest.approx(landscape.measure_loss(first, DIGITS), rel=1e-4)
    assert line.losses[3] == pytest.approx(landscape.measure_loss(network, DIGITS), rel=1e-4)
    assert np.isfinite(line.losses).all() and heard == sorted(heard)


def test_the_network_lies_in_the_middle_of_its_plane_and_stays_as_it_is(network, few):
    before = copy.deepcopy(network.state_dict())
    plane = landscape.cross_plane(network, DIGITS)
    assert plane.losses[1, 1] == pytest.approx(landscape.measure_loss(network, DIGITS), rel=1e-4)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_direction_is_as_long_as_each_filter_and_leaves_biases(network):
    direction = landscape.draw_direction(network, torch.Generator().manual_seed(3))
    again = landscape.draw_direction(network, torch.Generator().manual_seed(3))
    for parameter, part, repeated in zip(network.parameters(), direction, again, strict=True):
        assert torch.equal(part, repeated)
        if parameter.dim() > 1:
            torch.testing.assert_close(part.flatten(1).norm(dim=1), parameter.detach().flatten(1).norm(dim=1))
        else:
            assert not part.any()

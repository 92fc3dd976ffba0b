"""The layers that are shown are those that answer, whatever the network."""

import numpy as np
import torch
from torch import nn

from core.explanation import layers
from core.network.architectures import Network, count_parameters


def test_the_last_layer_is_the_answer(network, digits):
    for digit in digits[:3]:
        with torch.inference_mode():
            logits = network.logits(torch.from_numpy(digit).view(1, 1, 28, 28))[0]
        np.testing.assert_allclose(layers.follow(network, digit)[-1].values, logits, rtol=1e-4, atol=1e-5)


def test_every_parameter_belongs_to_one_layer(network, digit):
    assert sum(layer.parameters for layer in layers.follow(network, digit)) == count_parameters(network)


def test_no_layer_is_lost_for_a_digit_that_a_relu_leaves_alone(network, digits):
    names = [[layer.name for layer in layers.follow(network, digit)] for digit in (*digits, np.zeros((28, 28)))]
    assert all(one == names[0] for one in names)
    assert len(set(names[0])) == len(names[0])


def test_the_network_itself_is_left_as_it_was(network, digit):
    before = [(name, id(one)) for name, one in network.named_parameters()]
    layers.follow(network, digit)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert [(name, id(one)) for name, one in network.named_parameters()] == before


def test_a_copy_shares_the_weights(network):
    own, shared = network.state_dict(), layers.share_weights(network).state_dict()
    assert all(own[name].data_ptr() == shared[name].data_ptr() for name in own)


def test_the_strongest_map_comes_first(network, digit):
    for layer in layers.follow(network, digit):
        strengths = layer.values.reshape(len(layer.values), -1).max(1)[layer.order]
        assert (np.diff(strengths) <= 0).all()


def test_a_network_that_writes_over_its_values_is_followed_too(digit):
    class Inplace(Network):
        def __init__(self) -> None:
            super().__init__(0.0)
            self.convolution, self.output = nn.Conv2d(1, 3, 5), nn.Linear(3 * 24 * 24, 10)

        def features(self, digits):
            return torch.relu_(self.convolution(digits)).flatten(1)

        def classify(self, features):
            return self.output(features)

    first, _ = layers.follow(Inplace().eval().requires_grad_(False), digit)
    assert first.title == "convolution, ReLU"
    assert first.first.values.min() < 0 <= first.values.min()

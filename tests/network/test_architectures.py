"""The reference network is exactly the one this project takes over."""

import pytest
import torch
import torch.nn.functional as F

from core.data.mnist import load
from core.network import architectures, checkpoint

SHAPES = {
    "conv1.weight": (32, 1, 5, 5),
    "conv1.bias": (32,),
    "conv2.weight": (64, 32, 5, 5),
    "conv2.bias": (64,),
    "fc1.weight": (1024, 3136),
    "fc1.bias": (1024,),
    "fc2.weight": (10, 1024),
    "fc2.bias": (10,),
}


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return architectures.build("reference")


@pytest.fixture
def digits() -> torch.Tensor:
    return torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))


def test_it_has_3_274_634_parameters(network):
    assert architectures.count_parameters(network) == 3_274_634


def test_its_keys_and_shapes_are_the_reference_apps(network):
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == SHAPES


def test_it_equals_its_definition_layer_by_layer(network, digits):
    weights = network.eval().state_dict()
    x = F.conv2d(digits, weights["conv1.weight"], weights["conv1.bias"], padding=2)
    x = F.max_pool2d(torch.relu(x), kernel_size=2, stride=2)
    x = F.conv2d(x, weights["conv2.weight"], weights["conv2.bias"], padding=2)
    x = F.max_pool2d(torch.relu(x), kernel_size=2, stride=2)
    x = torch.relu(x.reshape(len(digits), -1) @ weights["fc1.weight"].T + weights["fc1.bias"])
    logits = x @ weights["fc2.weight"].T + weights["fc2.bias"]
    torch.testing.assert_close(network.logits(digits), logits)
    torch.testing.assert_close(network(digits), F.log_softmax(logits, dim=1))


def test_it_gives_log_probabilities(network, digits):
    answers = network(digits)
    assert answers.shape == (5, 10)
    assert answers.max() <= 0
    torch.testing.assert_close(answers.exp().sum(1), torch.ones(5))


def test_dropout_acts_while_training_only(digits):
    network = architectures.build("reference", dropout=0.5)
    assert not torch.equal(network(digits), network(digits))
    network.eval()
    assert torch.equal(network(digits), network(digits))


def test_without_dropout_training_is_as_certain_as_evaluation(digits):
    network = architectures.build("reference", dropout=0.0)
    torch.testing.assert_close(network.train()(digits), network.eval()(digits))


def test_a_digit_is_read_the_same_alone_and_in_company(network, digits):
    network.eval()
    torch.testing.assert_close(network(digits)[2:3], network(digits[2:3]), rtol=1e-4, atol=1e-5)


def test_an_unknown_architecture_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        architectures.build("transformer")


def test_stored_digits_become_shares_of_full_scale():
    images = torch.tensor([[[0, 51], [204, 255]]], dtype=torch.uint8)
    given = architectures.to_input(images)
    assert given.shape == (1, 1, 2, 2)
    torch.testing.assert_close(given.flatten(), torch.tensor([0.0, 0.2, 0.8, 1.0]))
    assert images.flatten().tolist() == [0, 51, 204, 255]


@torch.inference_mode()
@pytest.mark.slow
def test_the_shipped_model_is_as_good_as_its_facts_say():
    shipped = checkpoint.load(checkpoint.SHIPPED)
    test = load(train=False)
    answers = torch.cat([shipped.model(architectures.to_input(images)).argmax(1) for images in test.images.split(500)])
    errors = int((answers != test.labels).sum())
    assert errors <= 50, "at least 99.5 %"
    assert shipped.facts["test_accuracy"] == pytest.approx(1 - errors / 10_000, abs=2e-4)
    assert shipped.facts["parameters"] == 3_274_634
    assert {"settings", "data", "validation_accuracy", "versions", "date", "command"} <= shipped.facts.keys()

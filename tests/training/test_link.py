"""A link means the same to everyone who opens it, today and when presets have changed; nonsense in it is a sentence."""

import dataclasses
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.config import PRESETS, Preset, TrainingSettings
from core.training import link

ODD = TrainingSettings(
    architecture="modern", left_out=(3, 9), learning_rate=0.1 + 0.2, validation_share=1 / 7, seed=2**31 - 1, patience=3
)


def follow(address: str) -> TrainingSettings:
    settings, refused = link.read(dict(parse_qsl(urlsplit(address).query)))
    assert not refused
    return settings


@pytest.mark.parametrize("settings", [ODD, TrainingSettings(), *(preset.settings for preset in PRESETS.values())])
def test_a_link_gives_back_exactly_what_was_handed_out(settings):
    assert follow(link.address("http://school/Train?epochs=3", settings)) == settings


def test_a_link_outlives_its_presets(monkeypatch):
    address = link.address("http://school/Train", PRESETS["fast"].settings)
    before = PRESETS["fast"].settings
    other = dataclasses.replace(before, epochs=77, left_out=(1,), optimiser="sgd", precision="float32", seed=5)
    monkeypatch.setitem(PRESETS, "fast", Preset("Another", "", other))
    assert follow(address) == before


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"epochs": "abc"}, "Epochs can't be read from 'abc'."),
        ({"learning_rate": "99"}, "Learning rate must be at most 10"),
        ({"learning_rate": "nan"}, "Learning rate must be at least"),
        ({"left_out": "012345678"}, "t least two digits"),
        ({"optimiser": "lion"}, "Optimiser must be one of"),
        ({"epochs": "![](http://elsewhere/picture.png)"}, "Epochs can't be read."),
        ({"seed": "9" * 5000}, "Seed can't be read."),
        ({"epochs": ""}, "Epochs can't be read."),
    ],
)
def test_nonsense_is_a_sentence_and_the_rest_is_used(parameters, sentence):
    settings, refused = link.read({**parameters, "batch_size": "64", "lr": "abc"})
    assert sentence in refused and "elsewhere" not in refused
    assert settings == dataclasses.replace(PRESETS["fast"].settings, batch_size=64)

"""A link means the same to everyone who opens it; it is short; nonsense in it is a sentence."""

import dataclasses
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.config import PRESETS, Preset, TrainingSettings
from core.training import link

ODD = TrainingSettings(
    architecture="modern", left_out=(3, 9), learning_rate=0.1 + 0.2, validation_share=1 / 7, seed=2**31 - 1, patience=3
)


def open_address(address: str) -> link.Opened:
    return link.read(dict(parse_qsl(urlsplit(address).query)))


@pytest.mark.parametrize("settings", [ODD, TrainingSettings(), *(preset.settings for preset in PRESETS.values())])
@pytest.mark.parametrize("name", ["", "Käthe’s Lauf"])
def test_a_link_gives_back_exactly_what_was_handed_out(settings, name):
    assert open_address(link.address("http://school/Train?epochs=3", settings, name)) == link.Opened(settings, name)


@hypothesis_settings(deadline=None, database=None)
@given(
    st.sampled_from(list(PRESETS)),
    st.fixed_dictionaries(
        {},
        optional={
            "epochs": st.integers(1, 1000),
            "learning_rate": st.floats(1e-6, 10),
            "left_out": st.sets(st.integers(0, 9), max_size=8).map(lambda digits: tuple(sorted(digits))),
            "optimiser": st.sampled_from(["sgd", "adamw"]),
        },
    ),
)
def test_a_link_names_a_preset_and_at_most_what_was_changed_in_it(preset, changed):
    settings = dataclasses.replace(PRESETS[preset].settings, **changed)
    written = link.write(settings)
    assert link.read(written) == link.Opened(settings) and len(written) <= 1 + len(changed)


def test_a_link_older_than_its_preset_says_so(monkeypatch):
    written = link.write(PRESETS["fast"].settings)
    assert not link.read(written).refused
    other = dataclasses.replace(PRESETS["fast"].settings, epochs=77)
    monkeypatch.setitem(PRESETS, "fast", Preset("Another", "", other))

    opened = link.read(written)
    assert opened.settings == other and "The preset “Another” has changed since" in opened.refused


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_can_be_named_by_hand(preset):
    assert link.read({"epochs": "7", "preset": preset}) == link.Opened(
        dataclasses.replace(PRESETS[preset].settings, epochs=7)
    )


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"epochs": "abc"}, "Epochs can't be read from 'abc'."),
        ({"epochs": "1.5"}, "Epochs can't be read from '1.5'."),
        ({"learning_rate": "99"}, "Learning rate must be at most 10"),
        ({"learning_rate": "nan"}, "Learning rate must be at least"),
        ({"left_out": "012345678"}, "t least two digits"),
        ({"optimiser": "lion"}, "Optimiser must be one of"),
        ({"epochs": "![](http://elsewhere/picture.png)"}, "Epochs can't be read."),
        ({"seed": "9" * 5000}, "Seed can't be read."),
        ({"epochs": ""}, "Epochs can't be read."),
        ({"epoch": "9"}, "“epoch” is no setting; perhaps “epochs” was meant."),
        ({"lr": "9"}, "“lr” is no setting."),
        ({"![](http://elsewhere/picture.png)": "9"}, "Part of this link is not a setting."),
        ({"preset": "elsewhere"}, "There is no such preset: choose one of fast, best"),
        ({"name": "../elsewhere"}, "The run's name can't be used."),
    ],
)
def test_nonsense_is_a_sentence_and_the_rest_is_used(parameters, sentence):
    opened = link.read({**parameters, "batch_size": "96"})
    assert sentence in opened.refused and "elsewhere" not in opened.refused
    assert opened.settings == dataclasses.replace(PRESETS["fast"].settings, batch_size=96) and not opened.name


@pytest.mark.parametrize("preset", ["fast-fa6c", "best-70aa", "reference-e373", "surprise-57d4"])
def test_a_new_setting_ages_no_link(preset):
    """These were written when runs kept no states and showed all their digits alike."""
    assert not link.read({"preset": preset}).refused

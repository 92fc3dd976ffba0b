"""A run in the words of a page."""

import dataclasses

import pytest

from core.config import PRESETS, TrainingSettings
from core.training import wording
from core.training.wording import FIELDS, GROUPS


def test_every_setting_is_asked_for_once_and_every_choice_has_a_word_of_its_own():
    asked = [name for names in GROUPS.values() for name in names]
    assert sorted(asked) == sorted(FIELDS)
    assert len({wording.label(name) for name in FIELDS}) == len(FIELDS)
    for entry in FIELDS.values():
        choices = entry.metadata["choices"] or ()
        assert len({wording.choice(value) for value in choices}) == len(choices)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_the_line_of_a_run_says_what_was_changed(preset):
    line = wording.summarise(preset.settings)
    assert f"{preset.settings.epochs} epoch" in line and f"batches of {preset.settings.batch_size}" in line
    for change, said in (
        ({"augmentation": "light"}, "light augmentation"),
        ({"training_images": 5000}, "5,000 images"),
        ({"left_out": (3, 9)}, "without 3, 9"),
    ):
        assert said in wording.summarise(dataclasses.replace(preset.settings, **change))


def test_one_epoch_is_not_many():
    assert "1 epoch ·" in wording.summarise(TrainingSettings(epochs=1))

"""A set with its answers, picture by picture: the same figures as the report's, at the model's temperature."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import torch

from core.data.digits import DigitSet
from core.data.labels import UNLABELLED
from core.evaluation import testset
from core.evaluation.answered import AnsweredSet, in_common
from core.evaluation.report import Evaluation, Report

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def answered() -> AnsweredSet:
    """Fifty pictures, about a third of them misread, at temperature 2."""
    rng = torch.Generator().manual_seed(5)
    labels = torch.randint(10, (50,), generator=rng)
    images = torch.randint(256, (50, 28, 28), dtype=torch.uint8, generator=rng)
    logits = torch.randn(50, 10, generator=rng)
    logits[torch.arange(50), labels] += 2.5
    test_set = testset.TestSet("mine", DigitSet(images, labels), tuple(f"{n}.png" for n in range(50)))
    return AnsweredSet(Evaluation("m", "v", "mine", WHEN, Report(labels, logits), 2.0), test_set)


def test_a_picture_has_its_own_answer_at_the_models_temperature(answered):
    report = answered.evaluation.report
    assert len(answered) == 50
    for place in (0, 17, 49):
        picture = answered.picture(place)
        assert (picture.name, picture.label) == (f"{place}.png", int(report.labels[place]))
        assert (picture.image == answered.test_set.digits.images[place].numpy()).all()
        assert picture.answer == int(report.answers[place])
        assert picture.confidence == pytest.approx(report.confidence(2.0)[place].item())
        assert picture.probabilities[picture.second] == sorted(picture.probabilities)[-2]


def test_a_picture_without_a_label_has_none(answered):
    digits = DigitSet(answered.test_set.digits.images, torch.full((50,), UNLABELLED))
    unlabelled = replace(answered, test_set=replace(answered.test_set, digits=digits))
    assert unlabelled.picture(3).label is None


def test_pictures_behind_a_cell_and_a_filter_are_those_that_fit_the_surest_first(answered):
    errors = [answered.picture(place) for place in answered.find_errors()]
    assert len(errors) == answered.evaluation.report.errors > 5
    assert all(picture.answer != picture.label for picture in errors)
    assert [picture.confidence for picture in errors] == sorted((one.confidence for one in errors), reverse=True)
    for one in errors:
        assert one.place in answered.behind_cell(one.label, one.answer)
        assert one.place in answered.find_errors(one.label, one.answer)
        assert one.place not in answered.find_errors(true=(one.label + 1) % 10)
    everything = [answered.picture(place).confidence for place in answered.least_sure_first()]
    assert len(everything) == 50 and everything == pytest.approx(sorted(everything))


def test_two_models_are_compared_on_the_pictures_that_both_read_as_one_digit(answered):
    def read(*places: int) -> AnsweredSet:
        part = answered.pick(torch.tensor(places))
        return replace(part, test_set=replace(part.test_set, places=places))

    first, second = in_common(read(0, 1, 2, 5, 9), read(9, 2, 7, 0))
    assert first.test_set.names == second.test_set.names == ("0.png", "2.png", "9.png")
    assert torch.equal(first.evaluation.report.labels, second.evaluation.report.labels)
    assert [first.picture(at).probabilities for at in range(3)] == [second.picture(at).probabilities for at in range(3)]


def test_digits_that_no_model_had_to_read_are_all_compared(answered):
    first, second = in_common(answered, answered)
    assert len(first) == len(second) == 50 and first.test_set.names == answered.test_set.names

"""Figures that don't claim more than was counted: intervals, no grade from a handful, no pictures learned by heart."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import TrainingSettings
from core.data.digits import DigitSet
from core.data.split import places, split
from core.evaluation import held_out, testset
from core.evaluation.comparison import Comparison, Which
from core.evaluation.report import GRADED_FROM, Report
from core.network import checkpoint


def random_report(count: int, seed: int, sureness: float = 2.0) -> Report:
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(10, (count,), generator=rng)
    logits = torch.randn(count, 10, generator=rng)
    logits[torch.arange(count), labels] += sureness
    return Report(labels, logits)


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 900), seed=st.integers(0, 999), temperature=st.sampled_from((0.5, 1.0, 2.0)))
def test_no_grade_from_a_handful_and_an_interval_always(count, seed, temperature):
    report = random_report(count, seed)
    low, high = report.calibration_interval(temperature)
    assert 0 <= low <= report.calibration_error(temperature) <= high
    assert count >= GRADED_FROM or report.calibration_grade(temperature) is None
    assert (low, high) == report.calibration_interval(temperature), "the same at every call"


def test_the_interval_of_the_calibration_error_is_as_wide_as_sets_differ():
    """Of 200 other sets of 500 pictures from the same model, most have an error inside the interval of one."""
    everything = random_report(100_000, 3)
    errors = sorted(everything.pick(part).calibration_error() for part in torch.arange(100_000).split(500))
    low, high = everything.pick(torch.arange(500)).calibration_interval()
    assert sum(low <= error <= high for error in errors) >= 0.8 * len(errors)
    assert high - low < 3 * (errors[-3] - errors[2])


@pytest.mark.parametrize("sureness", [4, 8, 12])
def test_a_perfectly_calibrated_model_is_not_called_poor_for_a_small_set(sureness):
    rng = torch.Generator().manual_seed(0)
    logits = sureness * torch.randn(200_000, 10, generator=rng)
    calibrated = Report(torch.multinomial(logits.softmax(1), 1, generator=rng).flatten(), logits)
    assert calibrated.calibration_grade() == "Good"
    for count in (GRADED_FROM, 2000):
        grades = [calibrated.pick(part).calibration_grade() for part in torch.arange(20 * count).split(count)]
        assert sum(grade is None or grade.startswith("Good") for grade in grades) >= 18, grades
    if sureness == 12:
        assert "Good to fair" in grades, "two grades where the interval reaches from one to the next"


def test_differences_come_with_the_interval_of_paired_shares():
    """By hand from Agresti and Min (2005): 100 pairs, 5 won, 15 lost."""
    labels = torch.zeros(100, dtype=torch.int64)

    def right(where: torch.Tensor) -> Report:
        return Report(labels, 5 * torch.eye(10)[(~where).long()])

    first = torch.arange(100) < 50
    second = (torch.arange(100) < 35) | ((torch.arange(100) >= 50) & (torch.arange(100) < 55))
    pair = Comparison(right(first), right(second))
    found = pair.difference
    assert found.share == pytest.approx(-0.10)
    spread = 1.96 * (21 - 100 / 102) ** 0.5 / 102
    assert (found.low, found.high) == (pytest.approx(-10 / 102 - spread), pytest.approx(-10 / 102 + spread))
    assert not found.may_be_luck and pair.difference_of(0) == found and pair.difference_of(1) is None


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 999))
def test_the_pictures_of_a_comparison_are_told_apart_and_turn_round_with_it(seed):
    first, second = random_report(300, seed), random_report(300, seed + 1)
    second = Report(first.labels, second.logits)
    pair, turned = Comparison(first, second), Comparison(second, first)
    found = {which: set(pair.find(which)) for which in Which}
    assert len(found[Which.ONLY_FIRST]) == pair.only_first and len(found[Which.ONLY_SECOND]) == pair.only_second
    assert found[Which.ONLY_FIRST] | found[Which.ONLY_SECOND] <= found[Which.DISAGREE]
    assert not found[Which.BOTH_WRONG] & (found[Which.ONLY_FIRST] | found[Which.ONLY_SECOND])
    assert set(turned.find(Which.ONLY_FIRST)) == found[Which.ONLY_SECOND]
    gap = (first.confidence(0.5) - second.confidence(3.0)).abs()
    for which in Which:
        gaps = gap[pair.find(which, (0.5, 3.0))].tolist()
        assert gaps == sorted(gaps, reverse=True), "as the pages show them, at each model's own temperature"


@pytest.fixture(scope="module")
def training() -> DigitSet:
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(10).repeat(60)
    return DigitSet(torch.randint(256, (600, 28, 28), generator=rng, dtype=torch.uint8), labels)


def model(name: str, **settings) -> checkpoint.Checkpoint:
    return checkpoint.Checkpoint(name, "1", {"settings": settings}, "reference", None)


def test_places_name_the_digits_of_the_split(training):
    ways = TrainingSettings(seed=3, training_images=400, left_out=(4,))
    for at, part in zip(places(training, ways), split(training, ways), strict=True):
        assert torch.equal(training.images[at], part.images) and torch.equal(at, at.sort().values)


@settings(deadline=None, max_examples=25)
@given(first=st.integers(0, 50), second=st.integers(0, 50), share=st.sampled_from((0.1, 1 / 6, 0.4)))
def test_two_models_are_compared_on_what_both_held_out_whatever_their_splits(training, first, second, share):
    asked = held_out.ValidationSplit(training)
    models = (
        model("one", training_images=600, seed=first, validation_share=share),
        model("two", training_images=600, seed=second, validation_share=0.2),
    )
    sets = [asked.for_model(one) for one in models]
    index = testset.in_common(*sets)
    common = [one.pick(at) for one, at in zip(sets, index, strict=True)]
    assert common[0].places == common[1].places
    assert torch.equal(common[0].digits.images, common[1].digits.images)
    for one, other in ((0, 1), (1, 0)):
        learned = held_out.count_learned(models[other].facts, sets[one], training)
        assert learned == len(sets[one].places) - len(common[0].places), "what is left out is what the other learned"
        assert held_out.count_learned(models[other].facts, common[one], training) == 0


def test_of_a_model_of_unknown_training_nothing_is_claimed(training):
    stranger = checkpoint.Checkpoint("x", "1", {}, "reference", None)
    assert not held_out.is_known(stranger.facts) and held_out.is_known(model("m", seed=1).facts)
    found = held_out.ValidationSplit(training).for_model(model("m", training_images=600))
    assert held_out.count_learned(stranger.facts, found, training) is None

"""Right or wrong, sure or unsure, refused: each picture counted once, by the rule that Predict goes by."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from core.data.digits import DigitSet
from core.evaluation import testset, verdicts
from core.evaluation.answered import AnsweredSet
from core.evaluation.report import Evaluation, Report, measure
from core.evaluation.verdicts import Outcome
from core.network import checkpoint
from core.network.prediction import Verdict, predict
from core.synthesis import non_digits

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def model() -> checkpoint.Checkpoint:
    return checkpoint.load(checkpoint.SHIPPED)


@pytest.fixture(scope="module")
def mixed() -> DigitSet:
    """Sixty non-digits, labelled at random: some are refused, some unsure, some taken for digits."""
    images = torch.from_numpy(non_digits.make(60, seed=77))
    return DigitSet(images, torch.randint(10, (60,), generator=torch.Generator().manual_seed(1)))


def test_verdicts_are_those_of_predict(model, mixed):
    evaluation = measure(model, testset.TestSet("mixed", mixed))
    said = predict(model, mixed.images.numpy().astype(np.float32) / 255)
    assert list(evaluation.verdicts) == [one.verdict for one in said]
    assert {Verdict.UNSURE, Verdict.NO_DIGIT} <= set(evaluation.verdicts)


def test_each_picture_is_counted_once_and_its_pictures_stand_behind_the_count(model, mixed):
    test_set = testset.TestSet("mixed", mixed)
    answered = AnsweredSet(measure(model, test_set), test_set)
    counts = verdicts.count(answered.evaluation)
    assert sum(counts.values()) == 60 and list(counts) == list(Outcome)
    behind = {kind: answered.behind_outcome(kind) for kind in Outcome}
    assert {kind: len(members) for kind, members in behind.items()} == counts
    assert sorted(place for members in behind.values() for place in members) == list(range(60))
    for kind in (Outcome.RIGHT_SURE, Outcome.RIGHT_UNSURE):
        assert all(answered.picture(place).answer == answered.picture(place).label for place in behind[kind])
    part = answered.pick(torch.arange(0, 60, 2))
    assert verdicts.outcomes(part.evaluation) == verdicts.outcomes(answered.evaluation)[::2]


def test_a_picture_without_any_digit_is_a_false_refusal_and_a_number_is_not():
    report = Report(torch.tensor([1, 2]), 20 * torch.eye(10)[[1, 3]])
    found = Evaluation("m", "v", "d", WHEN, report, no_digit=3, numbers=5, verdicts=(Verdict.DIGIT, Verdict.UNSURE))
    counts = verdicts.count(found)
    assert counts[Outcome.REFUSED] == 3 and counts[Outcome.RIGHT_SURE] == counts[Outcome.WRONG_UNSURE] == 1
    assert sum(counts.values()) == 5


def test_the_operating_point_is_what_is_sure_and_how_much_of_it_is_right():
    report = Report(torch.tensor([0, 1, 2, 3]), 9 * torch.eye(10)[[0, 1, 5, 3]])
    said = (Verdict.DIGIT, Verdict.DIGIT, Verdict.DIGIT, Verdict.UNSURE)
    found = Evaluation("m", "v", "d", WHEN, report, verdicts=said)
    assert verdicts.operating_point(found) == verdicts.OperatingPoint(0.25, pytest.approx(2 / 3))
    assert verdicts.operating_point(replace(found, verdicts=(Verdict.UNSURE,) * 4)) is None


def test_non_digits_are_told_from_digits(model, mixed):
    digits = testset.mnist_test().digits.pick(torch.arange(100))
    report = measure(model, testset.TestSet("digits", digits)).report
    found = verdicts.measure_non_digits(model, mixed.images.numpy(), report)
    assert len(found) == 60 == sum(found.count(verdict) for verdict in Verdict)
    assert found.separation > 0.95 and found.count(Verdict.NO_DIGIT) > 40
    taken = found.taken_for_digits()
    assert len(taken) == 60 - found.count(Verdict.NO_DIGIT)
    assert [found.verdicts[place] for place in taken] == sorted((found.verdicts[place] for place in taken), key=str)
    bare = verdicts.measure_non_digits(replace(model, rejection=None), mixed.images.numpy(), report)
    assert bare.separation is None and bare.count(Verdict.DIGIT) >= found.count(Verdict.DIGIT)

"""The verdict on an image: sure, unsure or no digit."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.config import VerdictSettings
from core.data import mnist
from core.network import checkpoint
from core.network.checkpoint import Checkpoint
from core.network.prediction import Prediction, Verdict, predict

LIMITS = VerdictSettings()


def answer(probabilities: list[float], temperature: float = 1.0) -> Prediction:
    """What is said when the model gives these ten probabilities."""
    return answer_all(torch.tensor([probabilities]).log() * 1.0, temperature)[0]


def answer_all(logits: torch.Tensor, temperature: float = 1.0) -> list[Prediction]:
    stub = SimpleNamespace(features=lambda digits: digits, classify=lambda features: logits)
    card = Checkpoint("stub", "0", {"temperature": temperature}, "reference", stub)
    return predict(card, np.zeros((len(logits), 28, 28), np.float32))


def spread(first: float, second: float, digit: int = 4, other: int = 9) -> list[float]:
    """Ten probabilities with these two highest, the rest shared evenly."""
    rest = [(1 - first - second) / 8] * 10
    rest[digit], rest[other] = first, second
    return rest


@pytest.mark.parametrize("digit", range(10))
def test_a_clear_answer_is_a_digit_nought_too(digit: int):
    found = answer(spread(0.97, 0.01, digit, (digit + 1) % 10))
    assert (found.verdict, found.digit, found.text) == ("digit", digit, str(digit))
    assert found.confidence == pytest.approx(0.97, abs=1e-5)
    assert found.sentence.startswith("Sure")


def test_a_close_second_is_named_as_doubt():
    found = answer(spread(0.6, 0.35))
    assert found.verdict == "unsure"
    assert found.text == "4"
    assert "4" in found.sentence
    assert "perhaps" in found.sentence
    assert found.sentence.index("4") < found.sentence.index("9")
    assert "Sure" not in found.sentence


def test_low_confidence_is_doubt_without_any_close_second():
    assert answer(spread(LIMITS.sure - 0.05, 0.05)).verdict == "unsure"


def test_a_close_second_is_doubt_though_the_first_is_high():
    assert answer(spread(0.82, 0.17)).verdict == "unsure"


def test_an_answer_spread_over_many_digits_is_none():
    found = answer(spread(LIMITS.possible - 0.1, 0.2))
    assert found.verdict == "no digit"
    assert found.text == ""
    assert not any(character.isdigit() for character in found.sentence)


def test_a_next_best_that_counts_is_named_even_when_sure():
    assert "9" in answer(spread(0.93, 0.06)).sentence
    assert "9" not in answer(spread(0.9991, 0.0005)).sentence


def test_more_certainty_never_makes_the_verdict_weaker():
    order = {"no digit": 0, "unsure": 1, "digit": 2}
    ranks = [order[answer(spread(first, min(first, (1 - first) / 2))).verdict] for first in np.linspace(0.2, 0.99, 80)]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


def test_the_temperature_changes_how_sure_an_answer_is_and_never_which():
    logits = torch.randn(300, 10, generator=torch.Generator().manual_seed(0)) * 4
    plain = answer_all(logits)
    for temperature in (0.3, 0.5267, 2.0, 10.0):
        tempered = answer_all(logits, temperature)
        assert [one.digit for one in tempered] == [one.digit for one in plain]
        pairs = zip(tempered, plain, strict=True)
        assert all((one.confidence > other.confidence) == (temperature < 1) for one, other in pairs)


def test_probabilities_are_the_softmax_of_the_logits_over_the_temperature():
    logits = torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
    found = torch.tensor([one.probabilities for one in answer_all(logits, 0.5)])
    torch.testing.assert_close(found, torch.softmax(logits / 0.5, dim=1))


@pytest.mark.parametrize("temperature", [0, -1, "warm", None, float("nan")])
def test_a_senseless_temperature_counts_as_none(temperature: object):
    logits = torch.randn(2, 10, generator=torch.Generator().manual_seed(0))
    assert answer_all(logits, temperature) == answer_all(logits, 1.0)


def test_real_digits_are_answered_in_their_order():
    shipped, test = checkpoint.load(checkpoint.SHIPPED), mnist.load(train=False)
    images = test.images[:200].numpy().astype(np.float32) / 255
    together = predict(shipped, images)
    assert sum(one.digit == label for one, label in zip(together, test.labels[:200].tolist(), strict=True)) >= 197
    for index in (0, 57, 199):
        alone = predict(shipped, images[index : index + 1])[0]
        assert alone.probabilities == pytest.approx(together[index].probabilities, abs=1e-4)
        assert sum(alone.probabilities) == pytest.approx(1, abs=1e-5)


def test_predicting_changes_nothing_in_the_shared_model():
    shipped = checkpoint.load(checkpoint.SHIPPED)
    before = {key: value.clone() for key, value in shipped.model.state_dict().items()}
    images = np.random.default_rng(0).random((3, 28, 28), np.float32)
    kept = images.copy()
    assert predict(shipped, images) == predict(shipped, images)
    assert all(torch.equal(value, before[key]) for key, value in shipped.model.state_dict().items())
    assert not shipped.model.training
    assert np.array_equal(images, kept)


def test_no_digits_no_answers():
    assert predict(checkpoint.load(checkpoint.SHIPPED), np.zeros((0, 28, 28), np.float32)) == []


def test_verdicts_are_the_words_that_files_and_tables_use():
    assert [str(verdict) for verdict in Verdict] == ["digit", "unsure", "no digit"]
    assert isinstance(answer(spread(0.97, 0.01)).verdict, Verdict)


def test_a_candidate_of_a_number_is_scored_as_a_whole_digit():
    """A part of a 9 may well be a digit, a 1, without being a whole one."""
    row = tuple(spread(0.9, 0.05))
    part, whole = (Prediction(row, Verdict.DIGIT, False, digit, one) for digit, one in ((5.0, -3.0), (-3.0, 5.0)))
    assert part.score < 0 < whole.score
    assert Prediction(tuple(spread(0.5, 0.4)), Verdict.DIGIT, False, -3.0, 5.0).score < whole.score
    assert Prediction(tuple(spread(0.4, 0.3)), Verdict.DIGIT).score < 0 < Prediction(row, Verdict.DIGIT).score

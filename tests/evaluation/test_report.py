"""Metrics by hand and against scikit-learn; the laws of calibration; the comparison of two models."""

import math
from collections import Counter
from datetime import UTC, datetime

import pytest
import torch
from sklearn import metrics

from core.data.digits import DigitSet
from core.evaluation.comparison import Comparison, Which
from core.evaluation.report import Evaluation, Report, evaluate, fit_temperature, wilson_interval
from core.network.architectures import build


def report_of(labels: list[int], answers: list[int], sureness: float = 5.0) -> Report:
    """A model that gives these answers, each with the same logit."""
    logits = torch.zeros(len(answers), 10)
    logits[torch.arange(len(answers)), answers] = sureness
    return Report(torch.tensor(labels), logits)


@pytest.fixture(scope="module")
def middling() -> Report:
    """3,000 answers of a model that is right about three times in four, and more often when it is surer."""
    rng = torch.Generator().manual_seed(1)
    labels = torch.randint(10, (3000,), generator=rng)
    logits = torch.randn(3000, 10, generator=rng) * 1.5
    logits[torch.arange(3000), labels] += 4 * torch.rand(3000, generator=rng)
    return Report(labels, logits)


@pytest.fixture(scope="module")
def calibrated() -> Report:
    """20,000 labels drawn from the model's own probabilities: as calibrated as can be."""
    rng = torch.Generator().manual_seed(2)
    logits = torch.randn(20_000, 10, generator=rng) * 2
    return Report(torch.multinomial(logits.softmax(1), 1, generator=rng).flatten(), logits)


def test_accuracy_and_loss_agree_with_scikit_learn(middling):
    labels, answers = middling.labels.numpy(), middling.answers.numpy()
    assert middling.accuracy == pytest.approx(metrics.accuracy_score(labels, answers))
    assert middling.loss() == pytest.approx(metrics.log_loss(labels, middling.logits.double().softmax(1)), abs=1e-5)


def test_rows_of_the_matrix_are_true_digits_and_the_table_follows_from_it(middling):
    pairs = Counter(zip(middling.labels.tolist(), middling.answers.tolist(), strict=True))
    assert middling.confusion.tolist() == [[pairs[true, read] for read in range(10)] for true in range(10)]
    for score in middling.per_digit:
        right = pairs[score.digit, score.digit]
        answered = sum(pairs[true, score.digit] for true in range(10))
        assert score.support == sum(pairs[score.digit, read] for read in range(10))
        assert (score.precision, score.recall) == pytest.approx((right / answered, right / score.support))
        assert score.f1 == pytest.approx(2 * right / (answered + score.support))


def test_a_tiny_case_by_hand():
    report = report_of([3, 3, 3, 5], [3, 3, 5, 5])
    three, five = report.per_digit[3], report.per_digit[5]
    assert (report.accuracy, report.errors) == (0.75, 1)
    assert (three.precision, three.recall, three.f1, three.support) == (1.0, 2 / 3, 0.8, 3)
    assert (five.precision, five.recall, five.f1, five.support) == (0.5, 1.0, 2 / 3, 1)
    assert report.confusion[3].tolist() == [0, 0, 0, 2, 0, 1, 0, 0, 0, 0]
    assert report.worst_pair() == (3, 5)


def test_what_divides_by_zero_is_none_and_never_nan():
    one_answer = report_of(list(range(10)), [1] * 10)
    assert one_answer.per_digit[1].precision == 0.1
    assert one_answer.per_digit[7].precision is None, "never predicted"
    assert (one_answer.per_digit[7].recall, one_answer.per_digit[7].f1) == (0.0, 0.0)
    one_class = report_of([4, 4], [4, 4])
    assert one_class.accuracy == 1.0
    absent = one_class.per_digit[9]
    assert (absent.precision, absent.recall, absent.f1, absent.support) == (None, None, None, 0)


def test_a_perfect_model_has_no_errors_and_still_a_pair_to_open():
    perfect = report_of([2, 7, 7], [2, 7, 7])
    assert (perfect.errors, len(perfect.wrong()), perfect.worst_pair()) == (0, 0, (7, 7))
    assert perfect.accuracy_interval[1] == 1.0 and perfect.accuracy_interval[0] < 0.5


def test_an_untrained_model_is_evaluated_like_any_other():
    torch.manual_seed(0)
    digits = DigitSet(torch.randint(256, (40, 28, 28), dtype=torch.uint8), torch.arange(40) % 10)
    model = build("reference")
    report = evaluate(model, digits)
    assert model.training, "evaluate left the model as it found it"
    assert report.accuracy < 0.5 and math.isfinite(report.loss()) and 0 <= report.calibration_error() <= 1
    assert int(report.confusion.sum()) == 40


def test_progress_ends_at_one_and_can_stop_the_work():
    digits = DigitSet(torch.zeros(1100, 28, 28, dtype=torch.uint8), torch.zeros(1100, dtype=torch.int64))
    model, shares = build("reference").eval(), []
    evaluate(model, digits, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0

    def stop(_: float) -> None:
        raise InterruptedError

    model.train()
    with pytest.raises(InterruptedError):
        evaluate(model, digits, stop)
    assert model.training, "an interrupted evaluation leaves the model as it found it too"


@pytest.mark.parametrize(("hits", "trials"), [(9957, 10_000), (3, 4), (0, 5), (5, 5)])
def test_the_interval_holds_the_shares_that_explain_the_hits(hits, trials):
    """Wilson's bounds are the shares whose own spread just reaches the hits: (share - p)^2 = z^2 p (1 - p) / n."""
    share = hits / trials
    for bound in wilson_interval(hits, trials):
        assert (share - bound) ** 2 == pytest.approx(1.95996398**2 * bound * (1 - bound) / trials, abs=1e-9)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_threads_share_the_batches_out_and_keep_their_order():
    rng = torch.Generator().manual_seed(4)
    images = torch.randint(256, (700, 28, 28), dtype=torch.uint8, generator=rng)
    digits, model, threads = DigitSet(images, torch.zeros(700, dtype=torch.int64)), build("reference"), []
    before = torch.get_num_threads()
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            threads.append(evaluate(model, digits).logits)
    finally:
        torch.set_num_threads(before)
    assert torch.allclose(*threads, atol=1e-5)


def test_the_most_confidently_wrong_come_first(middling):
    wrong = middling.wrong()
    confidence = middling.confidence()[wrong]
    assert not middling.is_right[wrong].any() and len(wrong) == middling.errors
    assert torch.equal(confidence, confidence.sort(descending=True).values)
    true, predicted = middling.worst_pair()
    behind = middling.behind_cell(true, predicted)
    assert len(behind) == middling.confusion[true, predicted]
    assert len(behind) == (middling.confusion - torch.diag(middling.confusion.diagonal())).max()
    assert set(behind.tolist()) <= set(wrong.tolist())


def test_errors_are_found_by_digit_confidence_and_order(middling):
    everything = middling.find_errors()
    assert torch.equal(everything, middling.wrong())
    some = middling.find_errors(true=3, predicted=5, confidence=(0.2, 0.6))
    assert len(some) and (middling.labels[some] == 3).all() and (middling.answers[some] == 5).all()
    assert ((middling.confidence()[some] >= 0.2) & (middling.confidence()[some] <= 0.6)).all()
    assert torch.equal(middling.find_errors(order="Least confident"), everything.flip(0))
    margins = middling.margin()[middling.find_errors(order="Closest second")]
    assert torch.equal(margins, margins.sort().values)
    assert middling.probabilities_of(7, 0.5) == pytest.approx(middling.probabilities(0.5)[7].tolist())


@pytest.mark.parametrize("temperature", [0.1, 0.7, 3.0])
def test_temperature_leaves_the_answers_unchanged(middling, temperature):
    assert torch.equal(middling.probabilities(temperature).argmax(1), middling.answers)
    assert middling.probabilities(temperature).sum(1).numpy() == pytest.approx(1.0, abs=1e-5)


def test_a_calibrated_model_stays_calibrated(calibrated):
    temperature = fit_temperature(calibrated)
    assert temperature == pytest.approx(1.0, abs=0.04)
    assert calibrated.calibration_error() < 0.015
    assert calibrated.calibration_error(temperature) < 0.015


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_temperature_undoes_over_and_underconfidence(calibrated, factor):
    distorted = Report(calibrated.labels, calibrated.logits * factor)
    temperature = fit_temperature(distorted)
    assert temperature == pytest.approx(factor, rel=0.04)
    assert distorted.calibration_error(temperature) < 0.015 < distorted.calibration_error()


def test_reliability_bins_hold_every_answer_once(middling):
    bins = middling.reliability()
    assert all(entry.count for entry in bins) and sum(entry.count for entry in bins) == len(middling)
    assert all(entry.low < entry.confidence <= entry.high + 1e-6 for entry in bins)
    assert list(bins) == sorted(bins, key=lambda entry: entry.low)
    assert bins[0].high > 0.1, "the best of ten is never below 0.1"


def test_calibration_error_by_hand():
    sure_of_all = report_of([1, 1, 1, 2], [1, 1, 1, 1], sureness=50.0)
    assert sure_of_all.calibration_error() == pytest.approx(0.25)


def test_refusing_the_least_sure_leaves_better_answers(middling):
    curve = middling.coverage_curve(most=0.2, steps=4)
    assert [share for share, _ in curve] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    assert curve[0][1] == pytest.approx(middling.accuracy)
    assert curve[-1][1] > curve[0][1]
    kept = middling.confidence().argsort(descending=True)[: round(0.9 * len(middling))]
    assert middling.accuracy_when_refusing(0.1) == pytest.approx(middling.is_right[kept].double().mean().item())


def test_mcnemar_agrees_with_the_binomial_test_and_says_what_it_means():
    labels = [0] * 40
    first = report_of(labels, [0] * 38 + [1] * 2)
    second = report_of(labels, [1] * 12 + [0] * 28)
    pair = Comparison(first, second)
    assert (pair.only_first, pair.only_second, len(pair.find(Which.DISAGREE))) == (12, 2, 14)
    assert pair.p_value == pytest.approx(2 * (1 + 14 + 91) / 2**14), "two tails of 14 tosses of a coin"
    assert "new reads these pictures better" in pair.verdict("new", "old")
    assert "luck, so neither" in Comparison(first, report_of(labels, [0] * 37 + [1] * 3)).verdict("new", "old")
    assert "exactly the same" in Comparison(first, first).verdict("new", "old")
    assert Comparison(first, first).p_value == 1.0
    assert Comparison(first, report_of(labels, [0] * 39 + [1])).verdict("new", "old").startswith("On 1 picture just")


def test_a_comparison_turned_round_turns_its_sentence_round():
    labels = [0] * 40
    better, worse = report_of(labels, [0] * 38 + [1] * 2), report_of(labels, [1] * 12 + [0] * 28)
    pair, turned = Comparison(better, worse), Comparison(worse, better)
    assert (pair.only_first, pair.only_second) == (turned.only_second, turned.only_first)
    assert pair.p_value == turned.p_value and pair.find(Which.DISAGREE) == turned.find(Which.DISAGREE)
    for sentence in (pair.verdict("good", "bad"), turned.verdict("bad", "good")):
        assert "good on 12" in sentence and "bad on 2" in sentence and "good reads these pictures better" in sentence


def test_the_source_counts_pictures_as_people_do():
    when = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    one, two = (Evaluation("m", "v", "d", when, report_of([1] * count, [1] * count)) for count in (1, 2000))
    assert one.source == "m v · d, 1 picture · computed 2026-01-02 03:04 UTC"
    assert "2,000 pictures" in two.source


def test_reports_on_different_pictures_are_not_compared():
    with pytest.raises(ValueError, match="different pictures"):
        Comparison(report_of([1], [1]), report_of([2], [2]))

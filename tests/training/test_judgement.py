"""A run is judged honestly: on digits that both models have read, with the interval, and with a diagnosis."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import TrainingSettings
from core.network.checkpoint import ModelCard
from core.training import judgement, wording
from core.training.events import Epoch, RateChange, mark_best
from core.training.judgement import Comparison, Diagnosis, Score, compare, diagnose, score_on_test, suggest
from core.training.runs import Run, Status

SETTINGS = TrainingSettings(learning_rate=0.1, optimiser="sgd", training_images=12_000, augmentation="none")
LOG_10 = math.log(10)


def card(name: str = "mine", errors: int | None = 100, left_out: tuple[int, ...] = (), **facts) -> ModelCard:
    known = {} if errors is None else {"test_errors": errors, "test_accuracy": 1 - errors / 10_000}
    return ModelCard(name, "0", {**known, "settings": {"left_out": list(left_out)}, **facts})


def make(
    *epochs: tuple[float, float], count: int = 1000, learned: tuple[float, ...] = (), steps: int = 200, **settings
) -> Run:
    """A finished run whose epochs, of so many steps each, ended with these validation losses and accuracies."""
    rows = [
        Epoch(
            number,
            steps * number,
            1.0 * number,
            1.0 / number,
            loss,
            accuracy,
            learnt_loss=learned[number - 1] if learned else None,
        )
        for number, (loss, accuracy) in enumerate(epochs, start=1)
    ]
    return Run(
        name="mine", settings=dataclasses.replace(SETTINGS, **settings), status=Status.FINISHED,
        validation_images=count, epochs=mark_best(rows),
    )  # fmt: skip


# --- beside another model ---------------------------------------------------------------------------------------------


@settings(deadline=None)  # the first interval imports SciPy
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_of_two_models_one_is_better_by_as_much_as_the_other_is_worse(mine, theirs):
    there, back = (Comparison(Score(a, 10_000), Score(b, 10_000)) for a, b in ((mine, theirs), (theirs, mine)))
    assert there.gain == pytest.approx(-back.gain) and there.is_clear is back.is_clear
    assert there.interval == pytest.approx(tuple(-value for value in reversed(back.interval)))
    low, high = there.interval
    assert low <= there.gain <= high
    assert not (mine == theirs and there.is_clear)


@settings(deadline=None)
@given(st.integers(0, 31), st.integers(9_000, 10_000))
def test_nothing_is_said_to_be_better_on_digits_that_the_other_has_not_read(right, theirs):
    """31 digits of its own made a worse model "0.50 points better"."""
    mine = card(errors=10_000 - 9_340, validation_accuracy=right / 31)
    other = card("reference", errors=10_000 - theirs, validation_accuracy=0.995)
    said = wording.judge(make((0.1, right / 31), count=31), mine, other)
    comparison = compare(mine, other)
    assert comparison.gain == pytest.approx(0.934 - theirs / 10_000)
    assert ("better than" in said) == (comparison.is_clear and comparison.gain > 0)
    assert ("worse than" in said) == (comparison.is_clear and comparison.gain < 0)
    assert "10,000 test digits" in said and "93.40" in said and "say little" in said


def test_31_of_31_is_89_to_100_percent():
    said = wording.judge(make((0.0, 1.0), count=31), card(errors=660), card("reference", errors=36))
    assert "31 validation digits it reads 100\u00a0% (89\u00a0% to 100\u00a0%)" in said
    assert "6.24 points worse than the model in use (reference)" in said


def test_enough_validation_digits_are_not_warned_of():
    assert "say little" not in wording.judge(make((0.1, 0.98), count=judgement.FEW), card())


def test_a_difference_within_chance_is_not_called_one():
    said = wording.judge(make((0.1, 0.99)), card(errors=40), card("*other*", errors=36))
    assert r"(\*other\*)" in said  # a name is no Markdown
    assert "within chance" in said and "better" not in said and "worse" not in said


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (card(left_out=(3, 9)), card("other")),
        (card(), card("other", left_out=(3, 9))),
        (card(), card("other", errors=None)),
        (card(errors=None), card("other")),
        (card(), card()),
        (card(), card("other", test_digits=500)),
    ],
)
def test_what_cannot_be_compared_is_not(mine, theirs):
    assert compare(mine, theirs) is None
    said = wording.judge(make((0.1, 0.98)), mine, theirs)
    assert "better" not in said and "worse" not in said and "other" not in said.replace("other models", "")


def test_digits_left_out_are_named():
    assert "never saw a 3 or an 8, so it is not compared" in wording.judge(make((0.1, 0.98)), card(left_out=(3, 8)))


@pytest.mark.parametrize("errors", [-1, 10_001, 0.5, None, "36"])
def test_facts_that_make_no_sense_are_no_score(errors):
    assert score_on_test(ModelCard("odd", "0", {"test_errors": errors})) is None


# --- what a run came to -----------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(0, 9), st.integers(1, 5000), st.integers(1, 6))
def test_one_answer_for_every_picture_is_guessing(digit, count, epochs):
    """Whichever digit it is, on however many: 11.2 % of MNIST are a 1."""
    shares = (0.0987, 0.1124, 0.0993, 0.1022, 0.0974, 0.0904, 0.0986, 0.1044, 0.0975, 0.0992)
    accuracy = round(shares[digit] * count) / count
    high = make(*[(LOG_10, accuracy)] * epochs, count=count, learning_rate=3.0)
    low = make(*[(LOG_10, accuracy)] * epochs, count=count, learning_rate=1e-5)
    assert diagnose(high) is Diagnosis.GUESSING and diagnose(low) is Diagnosis.HARDLY_LEARNING
    assert suggest(high).learning_rate == pytest.approx(0.3) and suggest(low).learning_rate == pytest.approx(1e-4)


@settings(deadline=None)
@given(st.integers(1, 150), st.integers(1, 8), st.sampled_from([1e-5, 0.1, 3.0]), st.floats(0.95, 1.4))
def test_a_run_is_told_that_it_was_too_short_and_nothing_of_its_rate(steps, epochs, rate, height):
    """A run of 12 steps was told that its rate was too high."""
    run = make(*[(height * LOG_10, 0.1)] * epochs, steps=steps, learning_rate=rate, epochs=epochs)
    is_short = steps * epochs < judgement.SHORT
    assert (diagnose(run) is Diagnosis.TOO_SHORT) == is_short and ("rate" in wording.diagnose(run)) != is_short
    assert diagnose(run).is_failure
    if is_short:
        assert f" {steps * epochs} step" in wording.diagnose(run)
        tried = suggest(run)
        assert dataclasses.replace(tried, epochs=epochs) == run.settings and tried.epochs * steps >= judgement.SHORT


@settings(deadline=None)
@given(st.integers(1, 150), st.floats(judgement.RISEN, 1e6))
def test_a_loss_that_has_risen_tells_of_the_rate_after_any_number_of_steps(steps, height):
    assert diagnose(make((height * LOG_10, 0.1), steps=steps, learning_rate=3.0)) is Diagnosis.GUESSING


def test_a_run_stopped_by_hand_after_a_few_steps_is_not_told_to_plan_more_epochs():
    assert suggest(make((LOG_10, 0.1), steps=12, epochs=50)) is None


def test_a_loss_that_jumps_about_without_falling_is_guessing_too():
    assert diagnose(make((1.9, 0.3), (2.1, 0.25), (1.95, 0.31), (2.0, 0.3), learning_rate=2.0)) is Diagnosis.GUESSING


@settings(deadline=None)
@given(st.floats(0.2, 2.0), st.integers(2, 40))
def test_a_loss_that_rises_while_the_network_learns_on_is_overfitting(lowest, epochs):
    falling = tuple(1.0 - 0.9 * number / epochs for number in range(epochs))
    losses = [LOG_10, lowest * 0.5, *(lowest * (1 + number) for number in range(epochs - 1))][:epochs]
    run = make(*((loss, 0.9) for loss in losses), learned=falling)
    if losses[-1] < 0.7 * LOG_10 and epochs > 2:
        assert diagnose(run) is Diagnosis.OVERFITTED and "after epoch 2" in wording.diagnose(run)
    assert diagnose(make(*((loss, 0.9) for loss in losses), learned=(0.5,) * epochs)) is not Diagnosis.OVERFITTED


@settings(deadline=None)
@given(st.integers(2, 60), st.floats(1.1, 3.0))
def test_a_loss_that_halves_is_improving_and_one_that_stands_is_not(epochs, factor):
    assert diagnose(make(*((2.0 / factor**number, 0.8) for number in range(1, epochs)))) is Diagnosis.IMPROVING
    assert diagnose(make(*[(0.4, 0.8)] * (2 * epochs + 2))) is Diagnosis.SETTLED


def test_one_epoch_improves_unless_it_is_good_already():
    assert diagnose(make((0.3, 0.9))) is Diagnosis.IMPROVING
    assert diagnose(make((0.03, 0.993))) is Diagnosis.GOOD
    assert diagnose(make((0.03, 1.0), count=judgement.FEW - 1)) is not Diagnosis.GOOD  # 31 of 31 may be 93 of 100


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e30), st.floats(0, 1)), max_size=12), st.sampled_from(Status), st.booleans())
def test_every_run_with_an_epoch_has_one_diagnosis_and_a_sentence(epochs, status, fine_tuned):
    run = dataclasses.replace(make(*epochs), status=status, base="other" if fine_tuned else None)
    found, said = diagnose(run), wording.diagnose(run)
    assert (found is None) == (status is not Status.DIVERGED and (not epochs or fine_tuned))
    assert bool(said) == bool(found) and (not said or said.endswith("."))
    assert (status is Status.DIVERGED) == (found is Diagnosis.DIVERGED)
    if tried := suggest(run):
        assert tried != run.settings and found not in (Diagnosis.GOOD, Diagnosis.SETTLED, None)


def test_what_is_suggested_goes_on_from_the_rate_as_it_was_last():
    run = make((LOG_10, 0.11), learning_rate=3.0)
    changed = dataclasses.replace(run, rate_changes=(RateChange(10, 3.0, 0.9),))
    assert changed.peak == 0.9 and suggest(changed).learning_rate == pytest.approx(0.09)


def test_a_command_says_that_it_does_not_repeat_a_run_whose_rate_was_changed():
    run = make((1.0, 0.5))
    assert run.command == run.settings.command("mine")
    changed = dataclasses.replace(run, rate_changes=(RateChange(10, 0.1, 0.01),))
    assert changed.command.startswith(run.command) and "# not the same run" in changed.command

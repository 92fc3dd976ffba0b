"""The loop: seeded, resumable to the bit, ends in a sentence, leaves what isn't its own alone."""

import copy
import dataclasses
import functools
import io
import itertools
import math
from types import SimpleNamespace

import pytest
import torch

from core.config import ARCHITECTURES, AUGMENTATIONS, PRESETS, SettingError, TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.split import pick_watched, split
from core.network.architectures import Dropout, build, count_parameters
from core.training.augment import LEVELS
from core.training.device import choose_device
from core.training.events import End, Epoch, Step, find_best, mark_best
from core.training.examples import Examples, gather
from core.training.loop import Training, learning_rate, new_model

SMALL = TrainingSettings(
    architecture="lenet5",
    epochs=4,
    batch_size=32,
    training_images=300,
    validation_share=0.2,
    ema_decay=0.9,
    dropout=0.3,
    outlier_exposure=0.0,  # drawing these takes longer than such a run; one test has them on
    pen_digits=0.0,
)


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    return mnist.load(train=True).pick(torch.arange(1000))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make(digits: DigitSet, settings: TrainingSettings = SMALL) -> Training:
    return Training(gather(digits, settings), settings)


def losses(events) -> list[float]:
    return [
        event.loss if isinstance(event, Step) else event.validation_loss
        for event in events
        if not isinstance(event, End)
    ]


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_same_seed_same_run_and_another_seed_another(digits):
    """Also of what is drawn for a run: outliers and other writers' digits."""
    settings = dataclasses.replace(SMALL, epochs=2, outlier_exposure=0.1, pen_digits=0.5)
    once, again = losses(make(digits, settings)), losses(make(digits, settings))
    assert once == again
    assert once != losses(make(digits, dataclasses.replace(settings, seed=1)))


def test_others_drawing_random_numbers_change_nothing(digits):
    undisturbed, disturbed = losses(make(digits)), []
    for event in make(digits):
        torch.rand(7)
        disturbed.append(event)
    assert losses(disturbed) == undisturbed


SLOW = pytest.mark.slow
EPOCHS = {"lenet5": 4, "modern": 2}  # the second has batch norms, and is ten times as slow


@pytest.fixture(scope="module")
def begin(digits):
    """A run of three steps an epoch, by its network and by how many batches are augmented at once."""

    def begin(architecture: str, together: int) -> Training:
        settings = dataclasses.replace(
            SMALL, architecture=architecture, training_images=100, epochs=EPOCHS[architecture]
        )
        training = make(digits, settings)
        training._batches_ahead = together
        return training

    return begin


@pytest.fixture(scope="module")
def straight_runs(begin):
    """Each of these runs from its beginning to its end, with its losses."""

    @functools.cache
    def run(architecture: str, together: int) -> tuple[Training, list[float]]:
        training = begin(architecture, together)
        return training, losses(training)

    return run


# In an epoch, after its last step, after its evaluation, later; and how many batches are augmented at once: 1 on a CPU,
# more on a GPU. The slow network is stopped twice every day, elsewhere and otherwise when all tests run.
KILLED = [
    pytest.param(*case, marks=[] if case[0] == "lenet5" or case in (("modern", 1, 3), ("modern", 4, 1)) else SLOW)
    for case in itertools.product(EPOCHS, [1, 3, 4, 6], [1, 3])
]


@pytest.mark.parametrize(("architecture", "stop_after", "together"), KILLED)
def test_a_killed_run_goes_on_as_if_it_had_never_stopped(begin, straight_runs, architecture, stop_after, together):
    straight, expected = straight_runs(architecture, together)
    killed, got, saved = begin(architecture, together), [], io.BytesIO()
    for event in killed:
        got += losses([event])
        if len(got) == stop_after:
            torch.save(killed.state(), saved)
            break
    saved.seek(0)
    resumed = begin(architecture, together)
    resumed.restore(torch.load(saved, weights_only=True))
    got += losses(resumed)

    assert got == expected
    assert same_weights(resumed.model, straight.model)
    assert same_weights(resumed.evaluated_model, straight.evaluated_model)
    assert resumed.best.epoch == straight.best.epoch


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "adam", "adamw", "muon"])
def test_every_optimiser_learns(digits, optimiser):
    settings = dataclasses.replace(
        SMALL, optimiser=optimiser, learning_rate={"sgd": 0.1, "momentum": 0.02}.get(optimiser, 3e-3),
        augmentation="none",
        weight_decay=0.0, ema_decay=0.0, dropout=0.0, label_smoothing=0.0, epochs=3, batch_size=8, training_images=1000,
    )  # fmt: skip
    epochs = [event for event in make(digits, settings) if isinstance(event, Epoch)]
    assert epochs[-1].training_loss < epochs[0].training_loss
    assert max(epoch.validation_accuracy for epoch in epochs) > 0.5


def test_an_infinite_loss_ends_the_run_with_a_sentence_and_keeps_the_best(digits):
    training = make(digits)
    events = iter(training)
    while not isinstance(next(events), Epoch):
        pass
    best = training.best
    with torch.no_grad():
        training.model.fc2.weight.fill_(math.inf)
    *_, end = events
    assert isinstance(end, End) and end.reason == "diverged"
    assert "learning rate" in end.sentence and "epoch 1" in end.sentence
    assert training.best is best and all(torch.isfinite(value).all() for value in best.weights.values())


@pytest.mark.parametrize(
    ("accuracies", "patience", "ends_after"),
    [
        ((0.5, 0.6, 0.7, 0.8, 0.9, 0.95), 1, 6),  # improves to the last
        ((0.5, 0.4, 0.6, 0.5, 0.4, 0.3), 2, 5),  # the count begins anew with the better third
        ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 3, 4),  # as good is not better
        ((0.5, 0.4, 0.3, 0.2, 0.1, 0.0), 0, 6),  # no patience is asked for
    ],
)
def test_patience_counts_from_the_last_better_epoch(digits, monkeypatch, accuracies, patience, ends_after):
    answers = iter([accuracy for accuracy in accuracies for _ in range(2)])  # of validation digits, then learned ones
    monkeypatch.setattr(
        "core.training.loop.evaluate", lambda *_: SimpleNamespace(accuracy=next(answers), loss=lambda: 1.0)
    )
    settings = dataclasses.replace(
        SMALL, architecture="mlp", epochs=len(accuracies), patience=patience, augmentation="none",
        outlier_exposure=0.0, pen_digits=0.0,
    )  # fmt: skip
    few = digits.pick(torch.arange(32))
    training = Training(Examples.plain(few, few), settings)
    *_, end = training
    assert training.epoch == ends_after
    assert end.reason == ("finished" if ends_after == len(accuracies) else "early")


def test_the_last_epochs_are_shown_digits_as_they_are(digits):
    settings = dataclasses.replace(SMALL, epochs=10, clean_share=0.3, augmentation="strong")
    few = digits.pick(torch.arange(32))
    training, levels = Training(Examples.plain(few, few), settings), []
    for training.epoch in range(10):
        levels.append(training._level())
    assert levels == [LEVELS["strong"]] * 7 + [LEVELS["none"]] * 3


def test_the_ema_model_follows_the_trained_one_the_slower_the_nearer_its_decay_is_to_one(digits):
    few, shares = Examples.plain(digits.pick(torch.arange(32)), digits.pick(torch.arange(9))), []
    for decay in (0.5, 0.99):
        settings = dataclasses.replace(SMALL, architecture="mlp", ema_decay=decay, outlier_exposure=0.0)
        training = Training(few, settings)
        training.step = 4000  # the first steps, in which it moves further, are over
        before = [value.clone() for value in training.ema_model.parameters()]
        with torch.no_grad():
            for value in training.model.parameters():
                value += 1
        training._update_ema()
        moved = [(now - old).mean() for now, old in zip(training.ema_model.parameters(), before, strict=True)]
        shares.append(torch.stack(moved).mean().item())  # 1 is where the trained one is
    assert 1 > shares[0] > 0.9 > 0.2 > shares[1] > 0


def test_the_training_loss_of_an_epoch_is_the_mean_over_its_images(digits):
    settings = dataclasses.replace(SMALL, architecture="mlp", epochs=2, batch_size=30, outlier_exposure=0.0)
    training, steps = (
        Training(Examples.plain(digits.pick(torch.arange(70)), digits.pick(torch.arange(9))), settings),
        [],
    )
    for event in training:
        if isinstance(event, Step):
            steps.append(event)
        elif isinstance(event, Epoch):
            assert [step.images for step in steps] == [30, 30, 10]
            assert event.training_loss == pytest.approx(sum(step.loss * step.images for step in steps) / 70)
            steps.clear()


def test_the_best_weights_are_those_of_the_last_epoch_marked_as_best(digits):
    training, weights = make(digits), {}
    for event in training:
        if isinstance(event, Epoch):
            weights[event] = {key: value.clone() for key, value in training.evaluated_model.state_dict().items()}
    assert tuple(weights) == mark_best(weights)
    best = find_best(tuple(weights))
    assert training.best.epoch == best.epoch
    assert all(torch.equal(training.best.weights[key], value) for key, value in weights[best].items())


def test_the_learning_rate_can_be_changed_on_the_way(digits):
    settings = dataclasses.replace(SMALL, schedule="constant")
    training = make(digits, settings)
    events = iter(training)
    assert next(events).learning_rate == settings.learning_rate
    training.peak = 0.5
    assert next(events).learning_rate == 0.5


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_schedules_stay_between_zero_and_their_peak(schedule):
    settings = TrainingSettings(schedule=schedule)
    rates = [learning_rate(step / 500, settings) for step in range(500)]
    assert all(0 < rate <= settings.learning_rate for rate in rates)
    assert max(rates) == pytest.approx(settings.learning_rate, rel=1e-3)
    assert (rates[-1] < 0.01 * rates[100]) == (schedule != "constant")


@pytest.mark.parametrize("batch_size", [1, 8192, 8])  # 8: of 81 images one is left for the last batch
@pytest.mark.parametrize("architecture", ["reference", "modern"])
def test_odd_batches_train(digits, batch_size, architecture):
    settings = dataclasses.replace(
        SMALL,
        architecture=architecture,
        batch_size=batch_size,
        epochs=1,
        augmentation="none",
    )
    count = 5 if batch_size == 1 else 81
    training = Training(Examples.plain(digits.pick(torch.arange(count)), digits.pick(torch.arange(100, 120))), settings)
    assert isinstance(list(training)[-1], End)
    assert training.step == math.ceil(count / batch_size)


def test_both_parts_hold_each_digit_in_the_same_proportion():
    everything = mnist.load(train=True)
    training, validation = split(everything, TrainingSettings(training_images=6000, validation_share=0.25))
    assert len(training) + len(validation) == pytest.approx(6000, abs=10)
    for label in range(10):
        held_out, learned = (validation.labels == label).sum(), (training.labels == label).sum()
        assert (held_out / (held_out + learned)).item() == pytest.approx(0.25, abs=0.01)


def test_a_left_out_digit_is_never_seen_but_watched(digits):
    settings = dataclasses.replace(SMALL, left_out=(3, 9))
    training, validation = split(digits, settings)
    for part in (training, validation):
        assert not set(part.labels.tolist()) & {3, 9}
    assert pick_watched(validation, digits).labels.tolist() == list(range(10))


def test_every_level_of_augmentation_that_can_be_chosen_exists():
    assert tuple(LEVELS) == AUGMENTATIONS


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_networks_give_log_probabilities(architecture):
    out = build(architecture).eval()(torch.rand(2, 1, 28, 28))
    assert out.shape == (2, 10)
    torch.testing.assert_close(out.exp().sum(1), torch.ones(2))


def test_the_networks_are_as_large_as_their_descriptions_say():
    sizes = {name: count_parameters(build(name)) for name in ARCHITECTURES}
    assert sizes == {"reference": 3_274_634, "lenet5": 61_706, "mlp": 118_282, "modern": 496_362}
    for name, size in sizes.items():
        assert f"{size:,}" in type(build(name)).__doc__


def test_a_new_model_depends_on_the_seed_alone():
    before = torch.random.get_rng_state()
    assert same_weights(new_model(SMALL), new_model(SMALL))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(share):
    dropout = Dropout(share)
    dropout.rng = torch.Generator().manual_seed(0)
    out = dropout(torch.ones(200, 1001))
    assert (out == 0).float().mean().item() == pytest.approx(share, abs=0.01)
    assert out.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(dropout.eval()(torch.ones(3)), torch.ones(3))


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0}, {"epochs": 10_000}, {"learning_rate": 0}, {"learning_rate": 11}, {"learning_rate": 1e-12},
        {"learning_rate": math.nan}, {"learning_rate": "abc"}, {"epochs": "1.5"}, {"optimiser": "lion"},
        {"left_out": (10,)}, {"left_out": tuple(range(9))}, {"left_out": "x"}, {"left_out": 3}, {"batch_size": 0},
    ],
)  # fmt: skip
def test_settings_outside_their_bounds_are_refused_with_a_sentence(values):
    with pytest.raises(SettingError, match=r"\.$"):
        TrainingSettings.from_dict(values)


def test_settings_survive_text():
    settings = TrainingSettings(left_out=(3, 9), learning_rate=0.25, architecture="modern")
    assert TrainingSettings.from_dict(settings.as_dict()) == settings
    text = {"left_out": "39", "learning_rate": "0.25", "nonsense": "1", "architecture": "modern"}
    assert TrainingSettings.from_dict(text) == settings


def test_a_missing_gpu_is_said():
    missing = next((name for name in ("cuda", "mps") if not getattr(torch, name).is_available()), None)
    if missing is None:
        pytest.skip("this machine has both kinds of GPU")
    with pytest.raises(SettingError, match=missing):
        choose_device(TrainingSettings(device=missing))


def test_every_preset_runs(digits):
    for preset in PRESETS.values():
        settings = dataclasses.replace(preset.settings, architecture="lenet5", epochs=1, batch_size=64)
        assert isinstance(list(make(digits, settings))[-1], End)


@pytest.mark.parametrize("rank", [0, 1])
def test_every_process_of_several_resumes_exactly(digits, monkeypatch, rank):
    monkeypatch.setattr(
        "core.training.loop.dist.all_reduce", lambda *_: None
    )  # what the other processes found is left out

    def make_share(of: int) -> Training:
        training = make(digits)
        training._rank, training._processes = of, 2
        return training

    expected = losses(make_share(rank))
    interrupted, resumed = make_share(rank), make_share(rank)
    for event in interrupted:
        if event.step == 3:  # in the middle of an epoch
            break
    # What is saved is the first process's; weights and optimiser are the same in all.
    resumed.restore(copy.deepcopy(interrupted.state()))
    assert losses(resumed) == expected[3:]


def test_each_process_draws_its_own_random_numbers(digits):
    drawn = []
    for rank in (0, 1):
        training = make(digits)
        training._rank = rank
        next(iter(training))
        drawn.append(torch.rand(3, generator=training._dropout_rng).tolist())
    assert drawn[0] != drawn[1]


def test_the_target_of_a_non_digit_is_every_digit_alike(digits):
    """No other right answer: the loss of a batch of non-digits is least where all ten shares are a tenth."""
    training = make(digits, dataclasses.replace(SMALL, label_smoothing=0.0, outlier_exposure=0.1))
    labels = torch.tensor([3, -1])
    shares = training._targets(labels)
    assert shares[0].argmax() == 3 and shares[0].sum() == 1
    assert torch.allclose(shares[1], torch.full((10,), 0.1))


def test_outliers_are_shown_but_are_no_part_of_the_digits(digits):
    training = make(digits, dataclasses.replace(SMALL, outlier_exposure=0.5))
    assert len(training.shown) > 1.4 * len(training.digits)
    assert training.digits.labels.min() >= 0
    assert (training.validation.labels >= 0).all()


def test_of_equally_good_epochs_the_last_is_kept(digits):
    settings = dataclasses.replace(SMALL, learning_rate=1e-6, epochs=3, ema_decay=0.0)
    training = make(digits, settings)
    epochs = [event for event in training if isinstance(event, Epoch)]
    best = max(event.validation_accuracy for event in epochs)
    assert training.best.epoch == max(event.epoch for event in epochs if event.validation_accuracy == best)

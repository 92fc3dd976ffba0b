"""Fine-tuning: a copy learns somebody's digits, forgets little, and is the same for the same seed."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from core.config import FineTuningSettings, TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.split import split
from core.evaluation.report import evaluate
from core.my_digits.fine_tuning import HELD_OUT, LEARNED, TEST, Change, FineTuning, read_changes
from core.my_digits.store import Correction, count_right
from core.network import checkpoint
from core.network.architectures import to_input
from core.network.checkpoint import Checkpoint
from core.network.rejection import Head, Rejection
from core.training import runs
from core.training.examples import gather
from core.training.job import Live, TrainingJob
from core.training.loop import Training
from core.training.plans import ResumedRun
from core.training.runs import RunError

SETTINGS = TrainingSettings(
    architecture="mlp",
    epochs=1,
    batch_size=64,
    training_images=6000,
    augmentation="none",
    clean_share=0.0,
    outlier_exposure=0.0,
    pen_digits=0.0,
)
QUICK = FineTuningSettings(images=1280, repeats=10)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the job has on two cores; several would wait for each other while other tests run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    return mnist.load(train=True).pick(torch.arange(6000))


@pytest.fixture(scope="module")
def base(digits, tmp_path_factory) -> Checkpoint:
    """A small model with an OOD detector of its own."""
    folder = tmp_path_factory.mktemp("base")
    training = Training(gather(digits, SETTINGS), SETTINGS)
    list(training)
    checkpoint.save("base", training.model, {"settings": SETTINGS.as_dict()}, folder)
    found = checkpoint.load("base", folder)
    head = Head(torch.ones(2, 128), torch.zeros(2), torch.ones(2), torch.zeros(()))
    return dataclasses.replace(found, rejection=Rejection(found.version, head, head, -1.0, -2.0))


def embolden(digits: DigitSet) -> DigitSet:
    """The same digits written with a very thick pen."""
    images = to_input(digits.images)
    for _ in range(2):
        images = F.max_pool2d(images, 3, stride=1, padding=1)
    return DigitSet(images.squeeze(1).mul(255).round().to(torch.uint8), digits.labels)


def to_corrections(digits: DigitSet) -> list[Correction]:
    return [
        Correction(number, image.numpy(), int(label), "", "base", "", datetime.now(UTC))
        for number, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True), start=1)
    ]


@pytest.fixture(scope="module")
def plan(base) -> FineTuning:
    """Forty digits of one hand to learn from, and others of the same hand to be evaluated on."""
    hand = embolden(mnist.load(train=True).pick(torch.arange(10_000, 10_060)))
    return FineTuning(
        base, to_corrections(hand.pick(torch.arange(40))), to_corrections(hand.pick(torch.arange(40, 60))), QUICK
    )


@pytest.mark.slow
def test_a_copy_of_the_shipped_model_reads_a_thick_pen_better_and_forgets_little():
    shipped = checkpoint.load(checkpoint.SHIPPED)
    everything = mnist.load(train=True)
    validation = split(everything, TrainingSettings())[1].pick(torch.arange(700))
    hand = embolden(validation)
    misread = torch.nonzero(~evaluate(shipped.model, hand.pick(torch.arange(500))).is_right).flatten()
    learned, held_out = (to_corrections(hand.pick(index)) for index in (misread, torch.arange(500, 700)))
    plan = FineTuning(shipped, learned, held_out, QUICK)
    before = {name: value.clone() for name, value in shipped.model.state_dict().items()}
    training = plan.build(everything)
    training.validation = validation.pick(torch.arange(10))
    list(training)
    tuned = dataclasses.replace(shipped, model=training.model.eval())
    assert count_right(tuned, learned) >= count_right(shipped, learned) + 3
    assert count_right(tuned, held_out) >= count_right(shipped, held_out)
    assert evaluate(tuned.model, validation).accuracy > evaluate(shipped.model, validation).accuracy - 0.005
    assert all(torch.equal(shipped.model.state_dict()[name], value) for name, value in before.items())


def test_the_same_seed_gives_the_same_copy(plan, digits):
    first, second = (plan.build(digits) for _ in range(2))
    for _ in zip(first, second, range(5), strict=False):
        pass
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True))


def test_what_validated_the_base_is_never_learnt_from(plan, digits):
    validation = split(digits, SETTINGS)[1]
    training = plan.build(digits)
    assert torch.equal(training.validation.images, validation.images)
    shown = {image.numpy().tobytes() for image in training.shown.images}
    assert not shown & {image.numpy().tobytes() for image in validation.images}
    assert not shown & {one.image.tobytes() for one in plan.held_out}


@pytest.mark.parametrize("count", [1, 40, 2000])
def test_at_least_half_of_what_is_shown_is_mnist(plan, digits, count: int):
    learned = (plan.learned * 50)[:count]
    mixed = dataclasses.replace(plan, learned=learned).mix(digits)
    own = {one.image.tobytes() for one in learned}
    shown = sum(image.numpy().tobytes() in own for image in mixed.images)
    assert len(mixed) == QUICK.images and shown == min(QUICK.repeats * count, QUICK.images // 2)


@pytest.fixture
def job(digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.training.job.NICENESS", 0)
    job = TrainingJob(lambda train: digits, tmp_path / "runs", tmp_path / "models", threads=1)
    yield job
    job.stop(keep=False)
    job.close()


def test_the_job_leaves_a_run_like_any_other_with_before_and_after(job, plan, base, tmp_path):
    job.start(plan)
    with pytest.raises(RunError, match="One run at a time"):
        job.start(plan)
    assert job.wait(120)
    (run,) = runs.list_runs(tmp_path / "runs")
    assert (run.name, run.model, run.base, run.status) == ("Fine-tuned 1", "Fine-tuned 1", "base", "finished")
    assert len(job.snapshot().watched) == 10
    tuned = checkpoint.load(run.model, tmp_path / "models")
    assert tuned.rejection.version == tuned.version != base.version
    name, changes = read_changes(tuned.facts)
    assert name == "base" and [one.name for one in changes] == [HELD_OUT, LEARNED, TEST]
    held_out, learned, test = changes
    assert (held_out.count, learned.count, test.count) == (20, 40, 6000)
    assert held_out.before == count_right(base, plan.held_out) and held_out.after == count_right(tuned, plan.held_out)
    assert test.after == 6000 - tuned.facts["test_errors"]
    assert checkpoint.in_use(tmp_path / "models") == checkpoint.SHIPPED


def test_an_interrupted_fine_tuning_is_begun_again_not_resumed(job, plan, tmp_path):
    job.start(dataclasses.replace(plan, settings=FineTuningSettings(images=60_000, batch_size=1)), "left")
    while not job.snapshot().step:
        assert isinstance(job.snapshot(), Live)
    job.close()
    (run,) = runs.list_runs(tmp_path / "runs")
    assert run.status == "interrupted" and run.base == "base"
    with pytest.raises(RunError, match="start it again"):
        TrainingJob(lambda train: None, tmp_path / "runs", tmp_path / "models").start(ResumedRun(run))


@pytest.mark.parametrize("facts", [{}, {"fine_tuning": 3}, {"fine_tuning": {"base": "x", "changes": [{"odd": 1}]}}])
def test_other_models_have_no_before_and_after(facts):
    assert read_changes(facts) == ("", ())


def test_what_was_held_out_is_found_under_its_older_name():
    change = {"name": "Kept aside", "count": 3, "before": 1, "after": 2}
    assert read_changes({"fine_tuning": {"base": "x", "changes": [change]}}) == ("x", (Change(HELD_OUT, 3, 1, 2),))

"""The job: one run at a time, obeys at once, survives everything, leaves the model in use alone."""

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from core import workspace
from core.config import TrainingSettings
from core.data import mnist
from core.data.digits import DataError, DigitSet
from core.data.split import split
from core.network import checkpoint
from core.training import rejection, runs
from core.training.detectors import BeingTrained, Detectors, LeftOut, Trained, Untrained
from core.training.events import End
from core.training.examples import Examples, gather
from core.training.job import Idle, Live, Over, Phase, TrainingJob, Wish
from core.training.loop import Training
from core.training.plans import NewRun, ResumedRun
from core.training.runs import Run, RunError, RunWriter, Status
from core.workspace import SHIPPED as ROOT

SETTINGS = TrainingSettings(
    architecture="lenet5",
    epochs=3,
    batch_size=16,
    training_images=1000,
    validation_share=0.2,
    augmentation="none",
    outlier_exposure=0.0,
    pen_digits=0.0,
)
LONG = dataclasses.replace(SETTINGS, epochs=1000)
STEPS = 51  # an epoch


@pytest.fixture(scope="module")
def digits():
    few = mnist.load(train=True).pick(torch.arange(1000))
    return lambda train: few


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    return tmp_path / "runs", tmp_path / "models"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Few digits to learn the detector from, and training that doesn't stand back behind other tests."""
    monkeypatch.setattr("core.training.job.NICENESS", 0)
    monkeypatch.setattr("core.training.detectors.DIGITS", 40)


@pytest.fixture
def job(digits, folders):
    job = TrainingJob(digits, *folders, threads=1)
    yield job
    job.stop(keep=False)
    assert job.wait(120)
    job.detectors.close()


@pytest.fixture(scope="module")
def first(digits, tmp_path_factory) -> tuple[TrainingJob, tuple[Path, Path]]:
    """A job whose run "first" is finished, and its folders, which nobody changes."""
    home = tmp_path_factory.mktemp("first")
    folders = home / "runs", home / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.training.job.NICENESS", 0)
        patch.setattr("core.training.detectors.DIGITS", 40)
        job = TrainingJob(digits, *folders, threads=1)
        job.start(NewRun(SETTINGS), "first")
        assert job.wait(120)
    return job, folders


def until(condition, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_a_run_trains_is_kept_and_listed(first):
    job, folders = first
    snapshot = job.snapshot()
    assert isinstance(snapshot, Over) and snapshot.run.status == "finished" and snapshot.step == 3 * STEPS
    (run,) = runs.list_runs(folders[0])
    assert (run.name, run.model, len(run.epochs)) == ("first", "first", 3)
    assert run.settings == SETTINGS
    kept = checkpoint.load("first", folders[1])
    assert kept.facts["validation_accuracy"] == pytest.approx(run.best.validation_accuracy, abs=1e-6)
    assert kept.facts["command"].startswith("python scripts/train.py --name first --architecture lenet5")
    history = [entry["validation_accuracy"] for entry in kept.facts["history"]]
    assert history == pytest.approx([epoch.validation_accuracy for epoch in run.epochs])
    assert not (folders[0] / run.id / "state.pt").exists()


def test_a_finished_run_leaves_the_model_in_use_alone(first, tmp_path):
    assert checkpoint.in_use(first[1][1]) == checkpoint.in_use(tmp_path / "no models yet") != "first"


def test_the_job_trains_what_the_loop_trains(first, digits):
    torch.set_num_threads(1)
    training = Training(gather(digits(True), SETTINGS), SETTINGS)
    list(training)
    kept = checkpoint.load("first", first[1][1]).model.state_dict()
    assert all(torch.equal(kept[key], value) for key, value in training.best.weights.items())


def test_of_many_starts_at_once_one_wins(job, folders):
    outcomes = []

    def start():
        try:
            job.start(NewRun(LONG))
            outcomes.append("started")
        except RunError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("started") == 1
    assert all("One run at a time" in outcome for outcome in outcomes if outcome != "started")
    job.stop(keep=False)
    assert job.wait(120)
    assert runs.list_runs(folders[0]) == []


def test_stopping_before_the_first_batch_keeps_nothing(digits, folders):
    reached, may_go_on = threading.Event(), threading.Event()

    def load(train: bool):
        reached.set()
        assert may_go_on.wait(120)
        return digits(train)

    job = TrainingJob(load, *folders, threads=1)
    job.start(NewRun(LONG))
    assert reached.wait(120)
    job.stop(keep=True)
    may_go_on.set()
    assert job.wait(120)
    assert isinstance(job.snapshot(), Over) and job.snapshot().step == 0
    assert runs.list_runs(folders[0]) == [] and checkpoint.names(folders[1]) == []


@pytest.mark.usefixtures("no_detector")
def test_pause_stands_still_and_stop_works_while_paused(job, folders):
    job.start(NewRun(LONG), "paused")
    until(lambda: job.snapshot().step > 3)
    job.pause()
    until(lambda: job.snapshot().phase == "paused")
    step = job.snapshot().step
    time.sleep(0.2)
    assert job.snapshot().step == step
    job.stop(keep=True)
    assert job.wait(120)
    assert job.snapshot().run.status == "stopped"
    assert checkpoint.names(folders[1]) == ["paused"]


@pytest.mark.usefixtures("no_detector")
def test_what_is_shown_of_a_stopped_run_is_what_was_kept_of_it(job, folders, monkeypatch):
    monkeypatch.setattr("core.training.job.PUBLISH_EVERY", 1e9)  # nothing of its last steps was shown before
    job.start(NewRun(LONG))
    until(lambda: isinstance(job.snapshot(), Live) and job.snapshot().learning_rate > 0)
    job.stop(keep=True)
    assert job.wait(120)
    (run,) = runs.list_runs(folders[0])
    shown = job.snapshot()
    assert (shown.step, len(shown.epochs)) == (run.epochs[-1].step, len(run.epochs))
    assert [point.step for point in shown.log_points] == [one.step for one in runs.read_log_points(run.id, folders[0])]


def test_a_paused_run_goes_on(job):
    job.start(NewRun(LONG))
    job.pause()
    until(lambda: job.snapshot().phase == "paused")
    step = job.snapshot().step
    job.go_on()
    until(lambda: job.snapshot().phase == "running" and job.snapshot().step > step)


def test_a_discarded_run_leaves_nothing(job, folders):
    job.start(NewRun(LONG))
    until(lambda: job.snapshot().epochs)
    job.stop(keep=False)
    assert job.wait(120)
    assert runs.list_runs(folders[0]) == [] and checkpoint.names(folders[1]) == []


@pytest.fixture
def slow_detector(monkeypatch):
    """Training a detector waits for this event after its first part."""
    begun, may_go_on = threading.Event(), threading.Event()
    learn = rejection.learn_in_steps

    def learn_slowly(*arguments, **options):
        begun.set()
        yield 0.25
        assert may_go_on.wait(120)
        return (yield from learn(*arguments, **options))

    monkeypatch.setattr(rejection, "learn_in_steps", learn_slowly)
    yield begun, may_go_on
    may_go_on.set()


def test_a_kept_model_answers_before_its_detector_is_there_and_gets_it(job, folders, slow_detector):
    begun, may_go_on = slow_detector
    job.start(NewRun(SETTINGS), "new")
    assert job.wait(120) and isinstance(job.snapshot(), Over) and begun.wait(120)
    until(lambda: job.detectors.state("new") == BeingTrained(0.25))
    assert job.snapshot().run.status == "finished"
    assert checkpoint.load("new", folders[1]).rejection is None  # readable, and usable as it is
    checkpoint.choose("new", folders[1])
    may_go_on.set()
    assert job.detectors.wait(120) and job.detectors.state("new") == Trained()
    kept = checkpoint.load("new", folders[1])
    assert kept.rejection is not None and kept.rejection.version == kept.version


def test_the_next_run_does_not_wait_for_the_detector_of_the_last(job, slow_detector):
    job.start(NewRun(SETTINGS), "new")
    assert job.wait(120) and slow_detector[0].wait(120)
    job.start(NewRun(SETTINGS), "next")
    until(lambda: job.snapshot().run.name == "next" and job.snapshot().step)
    assert isinstance(job.detectors.state("new"), BeingTrained)


def test_who_wants_no_detector_has_none_until_somebody_asks_for_it(job, folders, slow_detector):
    begun, may_go_on = slow_detector
    job.start(NewRun(SETTINGS), "new")
    assert job.wait(120) and begun.wait(120)
    job.detectors.leave_out("new")
    assert job.detectors.state("new") == LeftOut()
    may_go_on.set()
    assert job.detectors.wait(120) and checkpoint.load("new", folders[1]).rejection is None
    job.detectors.train("new")
    assert job.detectors.wait(120) and job.detectors.state("new") == Trained()


@pytest.mark.parametrize("gone", ["deleted", "renamed"])
def test_a_model_that_is_gone_when_its_detector_is_ready_leaves_no_file(job, folders, slow_detector, gone):
    begun, may_go_on = slow_detector
    job.start(NewRun(SETTINGS), "new")
    assert job.wait(120) and begun.wait(120)
    (run,) = runs.list_runs(folders[0])
    if gone == "deleted":
        runs.delete(run, *folders)
    else:
        runs.rename(run, "other", *folders)
    may_go_on.set()
    assert job.detectors.wait(120)
    left = {path.name for path in folders[1].iterdir()}
    assert left == (set() if gone == "deleted" else {f"other{suffix}" for suffix in checkpoint.FILES})


def test_a_server_that_ends_meanwhile_leaves_a_model_without_detector_that_can_still_get_it(
    job, digits, folders, slow_detector
):
    begun, may_go_on = slow_detector
    job.start(NewRun(SETTINGS), "new")
    assert job.wait(120) and begun.wait(120)
    threading.Timer(0.1, may_go_on.set).start()
    job.close()
    (run,) = runs.list_runs(folders[0])
    assert run.status == "finished" and checkpoint.load("new", folders[1]).rejection is None
    another = Detectors(digits, folders[1])
    assert another.state("new") == Untrained()
    another.train("new")
    assert another.wait(120) and another.state("new") == Trained()


def test_a_detector_that_cannot_be_trained_says_why_and_the_model_stays(job, folders, monkeypatch):
    monkeypatch.setattr(checkpoint, "save_rejection", lambda *_: refuse_to_write())
    job.start(NewRun(SETTINGS), "new")
    assert job.wait(120) and job.detectors.wait(120)
    assert "No space left" in job.detectors.state("new").sentence
    assert checkpoint.load("new", folders[1]).rejection is None


class DrawnByHand:
    """Examples that are drawn when the test says so."""

    def __init__(self, examples: DigitSet) -> None:
        self.examples, self.are_drawn = examples, threading.Event()

    def __len__(self) -> int:
        return len(self.examples)

    def wait(self, seconds: float) -> bool:
        return self.are_drawn.wait(min(seconds, 0.01))

    def take(self) -> DigitSet:
        return self.examples


@pytest.fixture
def by_hand(monkeypatch):
    """The drawing of the next run that shows other writers' digits; they are 200 of MNIST's, and 800 are its own."""
    made = []

    def gather_by_hand(mnist, settings):
        digits, validation = split(mnist, settings)
        made.append(DrawnByHand(mnist.pick(torch.arange(200))))
        return Examples(digits, validation, digits, made[-1])

    monkeypatch.setattr("core.training.extras.gather_beside", gather_by_hand)
    return made


def test_the_first_steps_come_before_drawing_has_ended_and_all_others_wait_for_it(job, folders, by_hand):
    job.start(NewRun(SETTINGS), "new")
    until(lambda: job.snapshot().phase == "drawing")
    alone = 400 // SETTINGS.batch_size  # steps of digits alone: half of 800
    assert job.snapshot().run.steps == 3 * 63 and not job.snapshot().epochs
    job.pause()
    until(lambda: job.snapshot().phase == "paused")
    job.go_on()
    by_hand[0].are_drawn.set()
    assert job.wait(120) and job.snapshot().step == 3 * 63
    log_points = runs.read_log_points(job.snapshot().run.id, folders[0])
    assert [point.step for point in log_points] == list(range(1, 3 * 63 + 1)) and alone == 25


@pytest.mark.parametrize("keep", [True, False])
def test_a_run_that_waits_for_its_examples_can_be_stopped(job, folders, by_hand, keep):
    job.start(NewRun(SETTINGS), "new")
    until(lambda: job.snapshot().phase == "drawing")
    job.stop(keep)
    assert job.wait(120)
    assert checkpoint.names(folders[1]) == (["new"] if keep else [])


def test_the_learning_rate_changes_while_it_runs(job):
    job.start(NewRun(dataclasses.replace(LONG, schedule="constant")))
    until(lambda: job.snapshot().step)
    job.set_peak(1e-5)
    until(lambda: job.snapshot().learning_rate == 1e-5)


def test_watched_digits_have_opinions_also_the_visitors_own(job):
    job.watch("me", np.zeros((28, 28), np.float32))
    job.start(NewRun(LONG))
    until(lambda: job.snapshot().watched)
    snapshot = job.snapshot()
    assert [opinion.label for opinion in snapshot.watched] == list(range(10))
    assert all(sum(opinion.probabilities) == pytest.approx(1, abs=1e-4) for opinion in snapshot.watched)
    assert snapshot.own_of("me").label is None and snapshot.own_of("you") is None


def test_a_full_disk_while_training_is_a_warning_and_at_the_end_a_sentence(job, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    job.start(NewRun(LONG))
    until(lambda: job.snapshot().step)
    with monkeypatch.context() as patch:
        patch.setattr(workspace, "write_atomically", refuse)
        job.pause()
        until(lambda: job.snapshot().phase == "paused")
        assert "No space left" in job.snapshot().warning
        job.stop(keep=True)
        assert job.wait(120)
    assert job.snapshot().run.status == "failed"
    assert "No space left" in job.snapshot().run.sentence


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.usefixtures("no_detector")
def test_a_fault_in_the_loop_ends_in_a_sentence_and_the_next_run_starts(job, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Training, "_train_step", lambda *_: 1 / 0)
        job.start(NewRun(SETTINGS))
        assert job.wait(120)
    assert isinstance(job.snapshot(), Over) and "division by zero" in job.snapshot().run.sentence
    job.start(NewRun(SETTINGS))
    assert job.wait(120) and job.snapshot().run.status == "finished"


def test_missing_data_is_a_sentence(folders):
    def fail(train):
        raise DataError("The MNIST file is missing.")

    job = TrainingJob(fail, *folders, threads=1)
    job.start(NewRun(SETTINGS))
    assert job.wait(120)
    assert job.snapshot().run.sentence == "The MNIST file is missing."


@pytest.mark.usefixtures("no_detector")
def test_a_run_resumes_where_its_server_left_it(job, digits, folders):
    expected = Training(gather(digits(True), SETTINGS), SETTINGS)
    torch.set_num_threads(1)
    list(expected)
    job.start(NewRun(SETTINGS), "left")
    until(lambda: job.snapshot().step > 3)
    job.close()
    (run,) = runs.list_runs(folders[0])
    assert run.status == "interrupted"
    another = TrainingJob(digits, *folders, threads=1)
    another.start(ResumedRun(run))
    assert another.wait(120)
    kept = checkpoint.load("left", folders[1]).model.state_dict()
    assert all(torch.equal(kept[key], value) for key, value in expected.best.weights.items())
    log_points = runs.read_log_points(run.id, folders[0])
    assert [log_point.step for log_point in log_points] == list(range(1, 3 * STEPS + 1))


def test_a_damaged_state_is_refused_with_a_sentence(job, folders):
    job.start(NewRun(LONG), "damaged")
    until(lambda: job.snapshot().step)
    job.close()
    (run,) = runs.list_runs(folders[0])
    (folders[0] / run.id / "state.pt").write_bytes(b"nothing")
    job._snapshot = Idle()  # as after a restart of the server
    job.start(ResumedRun(run))
    assert job.wait(120)
    assert "can't be resumed" in job.snapshot().run.sentence


@pytest.mark.usefixtures("no_detector")
def test_a_run_killed_before_it_was_first_saved_begins_anew(digits, folders):
    training = Training(gather(digits(True), SETTINGS), SETTINGS)
    RunWriter.create("hardly begun", training, folders[0]).release()
    (run,) = runs.list_runs(folders[0])
    assert run.status == "interrupted"
    another = TrainingJob(digits, *folders, threads=1)
    another.start(ResumedRun(run))
    assert another.wait(120)
    (run,) = runs.list_runs(folders[0])
    assert run.status == "finished" and run.model == "hardly begun"


def test_a_run_from_before_other_writers_were_shown_goes_on_without_them(digits, folders):
    writer = RunWriter.create("old", Training(Examples.plain(digits(True), digits(True)), SETTINGS), folders[0])
    writer.release()
    stored = folders[0] / writer.run.id / "run.json"
    values = json.loads(stored.read_text())
    del values["settings"]["pen_digits"]
    stored.write_text(json.dumps(values))
    assert runs.read(writer.run.id, folders[0]).settings == SETTINGS


def test_a_run_that_is_over_is_not_resumed(first, digits):
    folders = first[1]
    (run,) = runs.list_runs(folders[0])
    with pytest.raises(RunError, match="is over"):
        RunWriter.reopen(run, Training(gather(digits(True), SETTINGS), SETTINGS), folders[0])
    assert runs.list_runs(folders[0]) == [run]


@pytest.mark.skipif(sys.platform != "linux", reason="needs locks that the system lifts")
@pytest.mark.slow
def test_a_killed_process_leaves_an_interrupted_run_and_a_living_one_a_running(tmp_path):
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from core import workspace
from core.config import TrainingSettings
from core.data import mnist
from core.training.examples import Examples, gather
from core.training.loop import Training
from core.training.runs import RunWriter
import torch
few = mnist.load(True).pick(torch.arange(300))
settings = TrainingSettings(architecture="mlp")
training = Training(gather(few, settings), settings)
writer = RunWriter.create("elsewhere", training, Path({str(tmp_path)!r}))
print("ready", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    (run,) = runs.list_runs(tmp_path)
    assert run.status == "running"
    with pytest.raises(RunError, match="being trained"):
        runs.delete(run, tmp_path, tmp_path / "models")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (run,) = runs.list_runs(tmp_path)
    assert run.status == "interrupted"


def test_names_are_unique_and_move_the_weights_along(first, tmp_path):
    shutil.copytree(first[1][0].parent, tmp_path / "copy")
    folders = tmp_path / "copy" / "runs", tmp_path / "copy" / "models"
    runs.rename(runs.list_runs(folders[0])[0], "one", *folders)
    (run,) = runs.list_runs(folders[0])
    for taken in ("one", "ONE", "../two", ""):
        with pytest.raises(RunError):
            runs.check_name(taken, *folders)
    checkpoint.choose("one", folders[1])
    runs.rename(run, "two", *folders)
    assert checkpoint.names(folders[1]) == ["two"] and checkpoint.in_use(folders[1]) == "two"
    run = runs.read(run.id, folders[0])
    with pytest.raises(RunError, match="model in use"):
        runs.delete(run, *folders)
    (folders[1] / "in-use.txt").unlink()
    runs.delete(run, *folders)
    assert runs.list_runs(folders[0]) == [] and checkpoint.names(folders[1]) == []


def test_tensorboard_reads_the_same_curves(first):
    folders = first[1]
    (run,) = runs.list_runs(folders[0])
    assert_same_curves(folders[0] / run.id, run.epochs)


def test_tensorboard_sees_no_step_twice_after_a_full_disk_and_a_kill(digits, folders, monkeypatch):
    torch.set_num_threads(1)
    events = iter(training := Training(gather(digits(True), SETTINGS), SETTINGS))
    writer = RunWriter.create("broken off", training, folders[0])
    for _ in range(20):
        writer.add(next(events))
    writer.save(training)
    for _ in range(20):
        writer.add(next(events))
    with monkeypatch.context() as patch:
        patch.setattr("torch.utils.tensorboard.SummaryWriter.flush", lambda _: refuse_to_write())
        with pytest.raises(OSError, match="No space"):
            writer.save(training)
    for _ in range(20):
        writer.add(next(events))
    writer.save(training)
    for _ in range(20):  # written by nobody: killed
        writer.add(next(events))
    writer.release()
    resumed = Training(gather(digits(True), SETTINGS), SETTINGS)
    writer = RunWriter.reopen(runs.list_runs(folders[0])[0], resumed, folders[0])
    assert resumed.step == 59  # and an epoch's end among the 60 events
    for event in resumed:
        if not isinstance(event, End):
            writer.add(event)
    writer.close("finished", "Done.")
    assert_same_curves(writer.home, writer.epochs)


def refuse_to_write() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def assert_same_curves(folder: Path, epochs) -> None:
    """Losses have one name, so that TensorBoard draws them in one chart; the parts are folders."""
    training, validation, learned = (
        EventAccumulator(str(folder / part)).Reload() for part in ("training", "validation", "learned")
    )
    assert [event.step for event in training.Scalars("loss")] == list(range(1, 3 * STEPS + 1))
    assert [event.step for event in training.Scalars("learning rate")] == list(range(1, 3 * STEPS + 1))
    for events, losses, accuracies in (
        (validation, [one.validation_loss for one in epochs], [one.validation_accuracy for one in epochs]),
        (learned, [one.learnt_loss for one in epochs], [one.learnt_accuracy for one in epochs]),
    ):
        assert [event.value for event in events.Scalars("loss")] == pytest.approx(losses)
        assert [event.value for event in events.Scalars("accuracy")] == pytest.approx(accuracies)
    (run,) = runs.list_runs(folder.parent)
    assert run.name.encode() in training.Tensors("run/text_summary")[0].tensor_proto.string_val[0]
    table = training.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert run.name.encode() in table and b"learning_rate" in table and b"lenet5" in table


class Rehearsal:
    """A plan that the job has never heard of: it wraps another one and notes what it is asked."""

    takes_all_cores = False
    needs_detector = False

    def __init__(self, settings: TrainingSettings, job: TrainingJob) -> None:
        self.like, self.asked, self.job = NewRun(settings), [], job

    def announce(self, name, runs_folder, models_folder):
        self.asked.append("announce")
        return dataclasses.replace(self.like.announce(name, runs_folder, models_folder), base="something")

    def prepare(self, run, mnist, runs_folder):
        self.asked.append("prepare")
        return self.like.prepare(run, mnist, runs_folder)

    def conclude(self, kept, test, models_folder):
        self.asked.append(f"conclude {kept.name} {kept.facts['test_errors']}, {self.job.snapshot().phase}")
        (models_folder / "concluded").touch()


@pytest.mark.usefixtures("no_detector")
def test_any_plan_can_be_started(job, folders):
    plan = Rehearsal(SETTINGS, job)
    job.start(plan, "rehearsed")
    assert job.wait(120)
    errors = checkpoint.describe("rehearsed", folders[1]).facts["test_errors"]
    assert plan.asked == ["announce", "prepare", f"conclude rehearsed {errors}, finishing"]
    assert isinstance(job.snapshot(), Over)
    assert (folders[1] / "concluded").exists() and job.snapshot().run.status is Status.FINISHED


def test_a_plan_that_refuses_leaves_the_job_as_it_was(job, folders):
    with pytest.raises(RunError, match="letters"):
        job.start(NewRun(SETTINGS), "../up")
    with pytest.raises(RunError, match="start it again"):
        job.start(ResumedRun(Run(name="tuned", settings=SETTINGS, base="reference")))
    assert job.snapshot() == Idle() and not folders[0].exists()


def test_the_job_knows_no_plan_by_name():
    code = "import sys, core.training.job\nprint([name for name in sys.modules if name.startswith('core')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "core.training.runs" in done.stdout
    assert "plans" not in done.stdout and "my_digits" not in done.stdout


def test_states_are_the_words_that_files_and_pages_use():
    assert list(Phase) == ["preparing", "running", "drawing", "paused", "stopping", "finishing"]
    assert list(Wish) == ["go", "pause", "keep", "discard", "leave"]
    assert list(Status) == ["running", "interrupted", "finished", "stopped", "diverged", "failed"]


def test_asking_at_the_same_time_finds_an_interrupted_run_interrupted(digits, folders):
    training = Training(Examples.plain(digits(True), digits(True)), SETTINGS)
    RunWriter.create("left", training, folders[0]).release()
    found = []

    def ask() -> None:
        found.extend(run.status for _ in range(50) for run in runs.list_runs(folders[0]))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Status.INTERRUPTED] * 300


def test_the_record_of_a_long_run_stays_small(digits, folders):
    training = Training(gather(digits(True), LONG), LONG)
    writer = RunWriter.create("long", training, folders[0])
    for event, _ in zip(training, range(2 * STEPS), strict=False):
        writer.add(event)
    assert len(writer.log_points) == (2 * STEPS - 1) // (LONG.epochs * STEPS // runs.MOST_ROWS)
    writer.discard()


@pytest.mark.parametrize(("step", "remaining"), [(51, 20.0), (102, 5.0), (153, 0.0)])
def test_the_time_left_is_that_of_the_steps_left(job, digits, folders, step, remaining):
    """The steps done so far, of 153, took 10 s."""
    training = Training(Examples.plain(digits(True), digits(True).pick(torch.arange(9))), SETTINGS)
    training.steps, training.step, training.seconds = 153, step, 10.0
    writer = RunWriter.create("timed", training, folders[0])
    job._snapshot = Live(writer.run)
    job._publish(training, writer, deque(), digits(True).pick(torch.arange(2)))
    writer.discard()
    assert job.snapshot().remaining == pytest.approx(remaining)

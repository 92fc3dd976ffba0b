"""Training runs on disk: settings, curves and the state to go on from, one folder a run. Weights worth keeping go to
models/, under the run's name.

runs/ID/run.json      what the run is and how it ended
runs/ID/epochs.csv    one line an epoch      runs/ID/steps.csv   the loss between them, at most 4,000 lines
runs/ID/state.pt      all that is needed to go on; gone when the run is over
runs/ID/events.out.*  the same curves for TensorBoard
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core import workspace
from core.config import SettingError, TrainingSettings
from core.network import checkpoint

try:
    import fcntl
except ImportError:  # Windows: a run left by a killed process can't be told from one that another process works on
    fcntl = None

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from core.data.digits import DigitSet
    from core.training.events import Epoch, Step
    from core.training.loop import Training

# torch and TensorBoard are imported by the functions that train: the list of runs is shown without them.

UNSAID = {"pen_digits": 0.0}  # settings of runs from before there was a choice
MOST_ROWS = 4000  # of the loss between epochs; longer runs keep means over several steps
Status = Literal["running", "interrupted", "finished", "stopped", "diverged", "failed"]


class RunError(RuntimeError):
    """A run that can't be started, resumed, renamed or deleted; the message says why."""


@dataclass(frozen=True)
class LogPoint:
    """Training at one moment. Loss in nats, the mean since the last pulse; seconds of training; images a second."""

    step: int
    loss: float
    learning_rate: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Score:
    """One epoch's figures. Losses in nats, accuracy 0 to 1, seconds of training so far."""

    epoch: int
    step: int
    seconds: float
    training_loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True)
class Run:
    """What is known of a run. `model`: its weights' name in models/, None where none were kept. `base`: the model it
    fine-tuned a copy of, None where it began with random weights."""

    id: str
    name: str
    status: Status
    sentence: str
    created: str
    settings: TrainingSettings
    parameters: int
    steps: int
    training_images: int
    validation_images: int
    model: str | None = None
    scores: tuple[Score, ...] = ()
    base: str | None = None

    @property
    def best(self) -> Score | None:
        """The epoch whose weights are kept: most accurate, of several the one with the least loss."""
        return max(self.scores, key=lambda score: (score.validation_accuracy, -score.validation_loss), default=None)

    @property
    def seconds(self) -> float:
        """Time spent training, as far as epochs were finished."""
        return self.scores[-1].seconds if self.scores else 0.0

    @property
    def history(self) -> str:
        """The epochs as CSV text with a header."""
        return _to_csv(Score, self.scores)


def list_runs(folder: Path | None = None) -> list[Run]:
    """All runs, the newest first. Folders that hold no readable run are passed over."""
    folder = folder or workspace.here().runs
    found = []
    for path in sorted(folder.glob("*/run.json"), reverse=True):
        with contextlib.suppress(RunError):
            found.append(read(path.parent.name, folder))
    return found


def read(run: str, folder: Path | None = None) -> Run:
    """The run with this id. Raises `RunError` when there is none, or its files make no sense."""
    folder = folder or workspace.here().runs
    home = folder / run
    try:
        values = json.loads((home / "run.json").read_text(encoding="utf-8"))
        values["settings"] = TrainingSettings.from_dict({**UNSAID, **values["settings"]})
        if values["status"] == "running" and not _is_held(home):
            values["status"], values["sentence"] = "interrupted", "Interrupted before its end."
        return Run(**values, scores=tuple(_from_csv(Score, home / "epochs.csv")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, SettingError) as error:
        raise RunError(f"There is no readable run {run}.") from error


def read_pulses(run: str, folder: Path | None = None) -> list[LogPoint]:
    """The loss between the epochs of a run; empty where none was written."""
    folder = folder or workspace.here().runs
    try:
        return list(_from_csv(LogPoint, folder / run / "steps.csv"))
    except (OSError, ValueError, TypeError):
        return []


def propose_name(folder: Path | None = None, models: Path | None = None, word: str = "Run") -> str:
    """The first of Run 1, Run 2 … that names no run and no model yet; `word` stands before the number."""
    taken = {run.name for run in list_runs(folder)} | set(checkpoint.names(models))
    return next(name for number in range(1, len(taken) + 2) if (name := f"{word} {number}") not in taken)


def check_name(name: str, folder: Path | None = None, models: Path | None = None) -> None:
    """Raise `RunError` when a run can't be called `name`: unfit for a file, or taken."""
    if not checkpoint.NAME.fullmatch(name):
        raise RunError("A name has 1 to 80 plain letters, digits, spaces, dots or dashes, a letter or digit first.")
    if name.lower() in {
        taken.lower() for taken in [*checkpoint.names(models), *(run.name for run in list_runs(folder))]
    }:
        raise RunError(f"There is already a run or model called {name}.")


def rename(run: Run, name: str, folder: Path | None = None, models: Path | None = None) -> None:
    """Call the run, and the weights it kept, by another name. Raises `RunError` when it can't be."""
    folder = folder or workspace.here().runs
    if name == run.name:
        return
    check_name(name, folder, models)
    _refuse_if_held(run, folder)
    if run.model:
        in_use = checkpoint.in_use(models) == run.model
        models = models or workspace.here().models
        for suffix in checkpoint.FILES:
            if (models / f"{run.model}{suffix}").is_file():
                (models / f"{run.model}{suffix}").rename(models / f"{name}{suffix}")
        if in_use:
            checkpoint.choose(name, models)
    _write(replace(run, name=name, model=name if run.model else None), folder)


def delete(run: Run, folder: Path | None = None, models: Path | None = None) -> None:
    """Remove the run and the weights it kept. Raises `RunError` while it is going on or its model is in use."""
    folder = folder or workspace.here().runs
    _refuse_if_held(run, folder)
    if run.model and checkpoint.in_use(models) == run.model:
        raise RunError(f"{run.name} is the model in use. Go back to the shipped model first, then delete it.")
    if run.model:
        checkpoint.remove(run.model, models)
    shutil.rmtree(folder / run.id)


def restore(run: Run, training: Training, folder: Path | None = None) -> None:
    """Put `training` back to the run's last saved state; a run killed before it was first saved begins anew.

    Raises `RunError` when the run is over, or its state is missing or damaged.
    """
    folder = folder or workspace.here().runs
    import torch

    if run.status != "interrupted":
        raise RunError(f"{run.name} is over and can't be resumed. {run.sentence}")
    path = folder / run.id / "state.pt"
    if not path.exists() and not run.scores:
        return
    try:
        state = torch.load(path, map_location=training.device, weights_only=True)
        training.restore(state)
    except Exception as error:  # torch reports unreadable files in a dozen ways
        raise RunError("The run can't be resumed: its saved state is missing or damaged.") from error


def find(name: str, folder: Path | None = None) -> Run:
    """The newest run with this name or id. Raises `RunError` when there is none."""
    for run in list_runs(folder):
        if name in (run.name, run.id):
            return run
    raise RunError(f"There is no run called {name}.")


class RunWriter:
    """A run being written by the one process that trains it. Keeps a lock on the run's folder until it is closed."""

    def __init__(self, run: Run, folder: Path, log_points: list[LogPoint], first_step: int = 0) -> None:
        """Use `create` or `reopen`."""
        self.run = run
        self.home = folder / run.id
        self.log_points = log_points
        self.scores = list(run.scores)
        self.folder = folder
        self._every = max(1, run.steps // MOST_ROWS)
        self._waiting: list[Step] = []
        self._since = log_points[-1].seconds if log_points else 0.0  # seconds of training at the last pulse
        self._saved = time.monotonic()
        self._lock = _hold(self.home)
        self._curves: list[tuple[str, float, int, float]] = []  # for TensorBoard: name, value, step, time
        self._writer: SummaryWriter | None = None
        self._first_step = first_step  # what TensorBoard's older files say from here on doesn't count

    @classmethod
    def create(cls, name: str, training: Training, folder: Path | None = None, base: str | None = None) -> RunWriter:
        """A new run's folder; `base` is the model it fine-tunes. Raises `OSError` when the disk refuses."""
        from core.network.architectures import count_parameters

        now = datetime.now(UTC)
        folder = folder or workspace.here().runs
        home = folder / now.strftime("%Y%m%d-%H%M%S-%f")
        home.mkdir(parents=True)
        run = Run(
            id=home.name,
            name=name,
            status="running",
            sentence="Training.",
            created=now.isoformat(timespec="seconds"),
            settings=training.settings,
            parameters=count_parameters(training.model),
            steps=training.steps,
            training_images=len(training.digits),
            validation_images=len(training.validation),
            base=base,
        )
        record = cls(run, folder, [])
        _write(run, folder)
        return record

    @classmethod
    def reopen(cls, run: Run, training: Training, folder: Path | None = None) -> RunWriter:
        """An interrupted run, with `training` put back to its last saved state.

        Raises `RunError` when another process works on it, it is over, or its state is missing or damaged.
        """
        folder = folder or workspace.here().runs
        _refuse_if_held(run, folder)
        restore(run, training, folder)
        # What was written after the state was saved will happen again.
        scores = tuple(score for score in run.scores if score.epoch <= training.epoch)
        log_points = [log_point for log_point in read_pulses(run.id, folder) if log_point.step <= training.step]
        run = replace(run, status="running", sentence="Training.", scores=scores)
        record = cls(run, folder, log_points, first_step=training.step + 1)
        _write(run, folder)
        return record

    def add(self, event: Step | Epoch) -> None:
        """Take note of what happened; on disk it comes with `save`."""
        if hasattr(event, "validation_loss"):
            self.scores.append(Score(*(getattr(event, entry.name) for entry in fields(Score))))
            self._draw(
                event.step,
                {"validation/loss": event.validation_loss, "validation/accuracy": event.validation_accuracy},
            )
            return
        self._waiting.append(event)
        if len(self._waiting) >= self._every:
            images = sum(step.images for step in self._waiting)
            loss = sum(step.loss * step.images for step in self._waiting) / images
            rate = images / max(1e-9, event.seconds - self._since)
            self.log_points.append(LogPoint(event.step, loss, event.learning_rate, event.seconds, rate))
            self._draw(event.step, {"training/loss": loss, "learning/rate": event.learning_rate})
            self._since = event.seconds
            self._waiting.clear()

    def is_due(self, epoch_ended: bool) -> bool:
        """Whether to save now: at an epoch's end if the last time is 15 s ago, at any step if it is 60 s ago."""
        return time.monotonic() - self._saved >= (15 if epoch_ended else 60)

    def save(self, training: Training) -> None:
        """Everything needed to go on from here. Raises `OSError` when the disk refuses."""
        import torch

        self._saved = time.monotonic()  # also when it fails: the disk is asked again in a minute, not at each step
        buffer = io.BytesIO()
        torch.save(training.state(), buffer)
        workspace.write_atomically(self.home / "state.pt", buffer.getbuffer())
        self._write_history()

    def close(self, status: Status, sentence: str, model: str | None = None) -> None:
        """The run is over: no state is needed any more. Raises `OSError` when the disk refuses."""
        self.run = replace(self.run, status=status, sentence=sentence, model=model, scores=tuple(self.scores))
        self._write_history()
        _write(self.run, self.folder)
        (self.home / "state.pt").unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let go of the folder: from now on the run counts as interrupted, unless it was closed."""
        if self._writer:
            with contextlib.suppress(OSError):  # what it was given is on disk since the last save
                self._writer.close()
            self._writer = None
        if self._lock:
            self._lock.close()

    def discard(self) -> None:
        """Remove all traces of the run."""
        self.release()
        shutil.rmtree(self.home, ignore_errors=True)

    def _write_history(self) -> None:
        workspace.write_atomically(self.home / "epochs.csv", _to_csv(Score, self.scores).encode())
        workspace.write_atomically(self.home / "steps.csv", _to_csv(LogPoint, self.log_points).encode())
        self._write_curves()

    def _write_curves(self) -> None:
        """Hand what is new to TensorBoard's writer. After a failure a new one begins where this one broke off."""
        from torch.utils.tensorboard import SummaryWriter

        if not self._curves:
            return
        try:
            if not self._writer:
                self._writer = SummaryWriter(str(self.home), purge_step=self._first_step or None)
            for name, value, step, moment in self._curves:
                self._writer.add_scalar(name, value, step, walltime=moment)
            self._writer.flush()
        except OSError:
            self._writer = None
            raise
        self._first_step = self._curves[-1][2] + 1
        self._curves.clear()

    def _draw(self, step: int, values: dict[str, float]) -> None:
        self._curves += [(name, value, step, time.time()) for name, value in values.items()]


def keep(training: Training, record: RunWriter, test: DigitSet, models: Path | None = None) -> str:
    """Save the weights of the best epoch as `models/NAME.pth` with their facts, the history among them; gives the name.

    Weights of that name are replaced, and the run that left them no longer has any. The test set is asked here, once,
    after everything was decided on the validation set.
    Raises `OSError` when the disk refuses.
    """
    import torch

    from core.evaluation.report import evaluate, fit_temperature
    from core.network.architectures import build, count_parameters
    from core.training.device import name_processor

    run = record.run
    model = build(run.settings.architecture)
    model.load_state_dict(training.best.weights)
    model.eval()
    validation = training.validation.to(torch.device("cpu"))
    judged, tested = evaluate(model, validation), evaluate(model, test)
    left_out = "".join(map(str, run.settings.left_out))
    of_others = round(run.settings.pen_digits * run.training_images)
    facts: dict[str, Any] = {
        "architecture": run.settings.architecture,
        "parameters": count_parameters(model),
        "settings": run.settings.as_dict(),
        "data": f"MNIST: {run.training_images} training images, {run.validation_images} for validation"
        + (f", {of_others} drawn digits of other writers" if of_others else "")
        + (f", digits left out: {', '.join(left_out)}" if left_out else ""),
        "epoch": training.best.epoch,
        "validation_accuracy": round(judged.accuracy, 6),
        "validation_loss": round(judged.loss(), 6),
        "test_accuracy": round(tested.accuracy, 6),
        "test_errors": tested.errors,
        "temperature": fit_temperature(judged),
        "seconds": round(training.seconds),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "processor": name_processor(training.device),
        "threads": torch.get_num_threads(),
        "precision": str(training.precision).removeprefix("torch."),
        "command": run.settings.command(run.name),
        "history": [asdict(score) for score in record.scores],
    }
    for earlier in list_runs(record.folder):
        if earlier.model == run.name:
            _write(replace(earlier, model=None), record.folder)
    checkpoint.save(run.name, model, facts, models)
    return run.name


def _write(run: Run, folder: Path) -> None:
    values = {key: value for key, value in asdict(run).items() if key != "scores"}
    workspace.write_atomically(folder / run.id / "run.json", (json.dumps(values, indent=2) + "\n").encode())


def _to_csv(kind: type, rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(entry.name for entry in fields(kind))
    writer.writerows([f"{value:.7g}" if isinstance(value, float) else value for value in astuple(row)] for row in rows)
    return text.getvalue()


def _from_csv(kind: type, path: Path) -> Iterator[Any]:
    if not path.is_file():
        return
    types = [int if entry.type == "int" else float for entry in fields(kind)]
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for row in rows:
            yield kind(*(read_value(value) for read_value, value in zip(types, row, strict=True)))


def _hold(home: Path) -> Any:
    """An open file whose lock says that this process works on the run; the system lifts it when the process dies."""
    file = (home / "lock").open("w")
    if fcntl:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise RunError("This run is being trained by another process.") from error
    return file


def _is_held(home: Path) -> bool:
    if not fcntl or not (home / "lock").is_file():
        return False
    with (home / "lock").open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _refuse_if_held(run: Run, folder: Path) -> None:
    if _is_held(folder / run.id):
        raise RunError(f"{run.name} is being trained. Stop it first.")

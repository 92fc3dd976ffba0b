"""Training runs on disk: settings, curves and the state to resume from, one folder per run. Weights worth keeping go to
models/, under the run's name.

runs/ID/run.json      what the run is and how it ended
runs/ID/epochs.csv    one row per epoch      runs/ID/steps.csv   the loss between them, at most 4,000 rows
runs/ID/state.pt      all that is needed to go on; gone when the run is over
runs/ID/states/       small states on the way, to see how it learned (core/training/states.py)
runs/ID/PART/         the same curves for TensorBoard: training, validation, learned, each with charts of the same names
runs/ID/lock          locked by the process that trains the run

Files are read by name: what an older version did not write takes its default, what a newer one added is ignored.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import platform
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from filelock import FileLock, Timeout

from core import workspace
from core.access.roles import owners_only
from core.config import TrainingSettings
from core.network import checkpoint
from core.training.events import End, Epoch, LogPoint, RateChange, Step, find_best, mark_best
from core.training.states import StateWriter

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from core.data.digits import DigitSet
    from core.network.checkpoint import Checkpoint
    from core.training.loop import Training

# torch and TensorBoard are imported by the functions that train: the list of runs is shown without them.

FORMAT = 2  # of run.json; 1 had no number, and epochs.csv did not say which epoch was the best
DELETED = ".deleted-"  # before the name of a run's folder, for the moment until it is gone
MOST_ROWS = 4000  # of the loss between epochs; longer runs keep means over several steps
ASKING = threading.Lock()  # two threads that asked at the same time would take each other for the run's process

Row = TypeVar("Row", Epoch, LogPoint)


class Status(StrEnum):
    """How a run stands, or how it ended."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"  # left by a process that ended; can be resumed
    FINISHED = "finished"
    STOPPED = "stopped"  # by hand
    DIVERGED = "diverged"
    FAILED = "failed"

    @classmethod
    def after(cls, end: End) -> Status:
        """The status of a run that came to this end. Stopping early is a way of finishing."""
        return cls.DIVERGED if end.reason == "diverged" else cls.FINISHED


class RunError(RuntimeError):
    """A run that can't be read, started, resumed, renamed or deleted; the message says why."""


class NameTaken(RunError):
    """A name that another run or model has; a caller may be allowed to put its own in its place."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is known of a run. `model`: its weights' name in models/, None where none were kept. `base`: the model it
    fine-tuned a copy of, None where it began with random weights. `rate_changes`: made by hand, in the order of their
    steps. A run that is only planned has no `id` yet."""

    id: str = ""
    name: str
    status: Status = Status.RUNNING
    sentence: str = "Getting ready."
    created: str = ""
    settings: TrainingSettings
    parameters: int = 0
    steps: int = 0
    training_images: int = 0
    validation_images: int = 0
    model: str | None = None
    base: str | None = None
    rate_changes: tuple[RateChange, ...] = ()
    epochs: tuple[Epoch, ...] = ()

    @property
    def best(self) -> Epoch | None:
        """The epoch whose weights are kept, as the training loop decided it."""
        return find_best(self.epochs)

    @property
    def peak(self) -> float:
        """The schedule's largest learning rate, as it was last."""
        return self.rate_changes[-1].new if self.rate_changes else self.settings.learning_rate

    @property
    def command(self) -> str:
        """The terminal command that repeats the run, with a remark where none does."""
        remark = "  # not the same run: its learning rate was changed by hand" if self.rate_changes else ""
        return self.settings.command(self.name) + remark

    @property
    def seconds(self) -> float:
        """Time spent training, as far as epochs were finished."""
        return self.epochs[-1].seconds if self.epochs else 0.0

    @property
    def history(self) -> str:
        """The epochs as CSV text with a header."""
        return _to_csv(Epoch, self.epochs)


@dataclass(frozen=True)
class UnreadableRun:
    """A folder in runs/ that holds a run which can't be read, and the reason as a sentence."""

    id: str
    reason: str


def list_all(folder: Path | None = None) -> list[Run | UnreadableRun]:
    """All runs, the newest first, with the reason for each that can't be read."""
    folder = folder or workspace.here().runs
    found: list[Run | UnreadableRun] = []
    for path in sorted(folder.glob("*/run.json"), reverse=True):
        if path.parent.name.startswith(DELETED):
            continue
        try:
            found.append(read(path.parent.name, folder))
        except RunError as error:
            found.append(UnreadableRun(path.parent.name, str(error)))
    return found


def list_runs(folder: Path | None = None) -> list[Run]:
    """The runs that can be read, the newest first."""
    return [run for run in list_all(folder) if isinstance(run, Run)]


def read(run: str, folder: Path | None = None) -> Run:
    """The run with this id. Raises `RunError` with the reason when it can't be read."""
    folder = folder or workspace.here().runs
    home = folder / run
    try:
        found = Run(**_read_facts(home / "run.json"), id=run, epochs=tuple(_read_csv(Epoch, home / "epochs.csv")))
    except (OSError, ValueError) as error:
        raise RunError(f"The run in {folder.name}/{run} can't be read: {_explain(error)}") from error
    if not any(epoch.is_best for epoch in found.epochs):  # written before that was recorded
        found = replace(found, epochs=mark_best(found.epochs))
    if found.status == Status.RUNNING and not _is_held(home):
        found = replace(found, status=Status.INTERRUPTED, sentence="Interrupted before its end.")
    return found


def read_log_points(run: str, folder: Path | None = None) -> list[LogPoint]:
    """The loss between the epochs of a run; empty where none was written."""
    folder = folder or workspace.here().runs
    try:
        return _read_csv(LogPoint, folder / run / "steps.csv")
    except (OSError, ValueError):
        return []


def propose_name(folder: Path | None = None, models: Path | None = None, word: str = "Run") -> str:
    """The first of Run 1, Run 2 … that names no run and no model yet; `word` stands before the number."""
    taken = {run.name for run in list_runs(folder)} | set(checkpoint.names(models))
    return next(name for number in range(1, len(taken) + 2) if (name := f"{word} {number}") not in taken)


def check_name(name: str, folder: Path | None = None, models: Path | None = None) -> None:
    """Raise `RunError` when a run can't be called `name`: unfit for a file, or that of a shipped model or of a run that
    is going on. Raise `NameTaken` when a run or a model has it."""
    if not checkpoint.fits(name):
        raise RunError(checkpoint.NAME_RULE)
    if name.lower() in checkpoint.ALL_SHIPPED:
        raise RunError(f"{name} is a model that came with Digit Lab and is never replaced. Choose another name.")
    listed = list_runs(folder)
    for run in listed:
        if run.name.lower() == name.lower() and run.status is Status.RUNNING:
            raise RunError(f"A run called {name} is going on. Wait for its end, or choose another name.")
    if name.lower() in {taken.lower() for taken in [*checkpoint.names(models), *(run.name for run in listed)]}:
        raise NameTaken(f"There is already a run or model called {name}.")


@owners_only("rename a run")
def rename(run: Run, name: str, folder: Path | None = None, models: Path | None = None) -> None:
    """Call the run, and the weights it kept, by another name: all of it, or nothing where it can't be.

    Raises `RunError` for a name that won't do and while the run is going on, `OSError` when the disk refuses.
    """
    folder = folder or workspace.here().runs
    if name == run.name:
        return
    check_name(name, folder, models)
    _refuse_if_held(run, folder)
    in_use = checkpoint.in_use(models)
    _write(replace(run, name=name, model=name if run.model else None), folder)
    try:
        if run.model:
            checkpoint.rename(run.model, name, models)
            if in_use == run.model:
                _choose_renamed(run.model, name, models)
    except (OSError, checkpoint.CheckpointError):
        _write(run, folder)
        raise


@owners_only("delete a run")
def delete(run: Run, folder: Path | None = None, models: Path | None = None) -> None:
    """Remove the run and the weights it kept: all of it, or nothing where it can't be.

    Raises `RunError` while it is going on or its model is in use, `OSError` when the disk refuses.
    """
    folder = folder or workspace.here().runs
    _refuse_if_held(run, folder)
    _refuse_if_in_use(run.model, models)
    aside = folder / f"{DELETED}{run.id}"
    (folder / run.id).rename(aside)
    try:
        if run.model:
            checkpoint.remove(run.model, models)
    except OSError:
        aside.rename(folder / run.id)
        raise
    shutil.rmtree(aside, ignore_errors=True)  # it is no run any more


@owners_only("delete a model")
def delete_model(name: str, folder: Path | None = None, models: Path | None = None) -> None:
    """Remove a model's files; a run that kept it stays, without weights.

    Raises `RunError` for a shipped model, the one in use, and one whose run is going on, `OSError` when the disk
    refuses.
    """
    folder = folder or workspace.here().runs
    if name in checkpoint.ALL_SHIPPED:
        raise RunError(f"{name} came with Digit Lab and is never deleted.")
    _refuse_if_in_use(name, models)
    mine = [run for run in list_runs(folder) if run.model == name]
    for run in mine:
        _refuse_if_held(run, folder)
    checkpoint.remove(name, models)
    for run in mine:
        with contextlib.suppress(OSError):  # whoever shows a run asks whether its weights are there
            _write(replace(run, model=None), folder)


def restore(run: Run, training: Training, folder: Path | None = None) -> None:
    """Put `training` back to the run's last saved state; a run killed before it was first saved begins anew.

    Raises `RunError` when the run is over, or its state is missing or damaged.
    """
    folder = folder or workspace.here().runs
    import torch

    if run.status != Status.INTERRUPTED:
        raise RunError(f"{run.name} is over and can't be resumed. {run.sentence}")
    path = folder / run.id / "state.pt"
    if not path.exists() and not run.epochs:
        return
    try:
        state = torch.load(path, map_location=training.device, weights_only=True)
        training.restore(state)
    except Exception as error:  # torch reports unreadable files in a dozen ways
        raise RunError("The run can't be resumed: its saved state is missing or damaged.") from error


def find(name: str, folder: Path | None = None) -> Run:
    """The newest run with this name or id. Raises `RunError` when there is none, or it can't be read."""
    for run in list_all(folder):
        if isinstance(run, UnreadableRun):
            if name == run.id:
                raise RunError(run.reason)
        elif name in (run.name, run.id):
            return run
    raise RunError(f"There is no run called {name}.")


class RunWriter:
    """Writes a run as it is trained. Keeps a lock on the run's folder until it is closed."""

    def __init__(
        self,
        run: Run,
        folder: Path,
        log_points: list[LogPoint],
        first_step: int = 0,
        training: Training | None = None,
    ) -> None:
        """Use `create` or `reopen`. Without a `training` no states are kept."""
        self.run = run
        self.home = folder / run.id
        self.log_points = log_points
        self.epochs = list(run.epochs)
        self.folder = folder
        self._every = max(1, run.steps // MOST_ROWS)
        self._waiting: list[Step] = []
        self._since = log_points[-1].seconds if log_points else 0.0  # seconds of training at the last log point
        self._saved = time.monotonic()
        self._lock = _hold(self.home)
        self._curves: list[tuple[str, str, float, int, float]] = []  # for TensorBoard: part, name, value, step, time
        self._writers: dict[str, SummaryWriter] = {}  # one for each part: the same name in two parts is one chart
        self._first_step = first_step  # what TensorBoard's older files say from here on doesn't count
        self._states = StateWriter(self.home, training) if training else None

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
            sentence="Training.",
            created=now.isoformat(timespec="seconds"),
            settings=training.settings,
            parameters=count_parameters(training.model),
            steps=training.steps,
            training_images=len(training.digits),
            validation_images=len(training.validation),
            base=base,
        )
        writer = cls(run, folder, [], training=training)
        _write(run, folder)
        return writer

    @classmethod
    def reopen(cls, run: Run, training: Training, folder: Path | None = None) -> RunWriter:
        """An interrupted run, with `training` put back to its last saved state.

        Raises `RunError` when another process works on it, it is over, or its state is missing or damaged.
        """
        folder = folder or workspace.here().runs
        _refuse_if_held(run, folder)
        restore(run, training, folder)
        # What was written after the state was saved will happen again.
        epochs = tuple(epoch for epoch in run.epochs if epoch.epoch <= training.epoch)
        log_points = [log_point for log_point in read_log_points(run.id, folder) if log_point.step <= training.step]
        changes = tuple(change for change in run.rate_changes if change.step <= training.step)
        run = replace(run, status=Status.RUNNING, sentence="Training.", epochs=epochs, rate_changes=changes)
        writer = cls(run, folder, log_points, training.step + 1, training)
        _write(run, folder)
        return writer

    def add(self, event: Step | Epoch) -> None:
        """Remember an event; `save` writes it to disk. States on the way are written here."""
        if isinstance(event, Epoch):
            self.epochs.append(event)
            self._draw("validation", event.step, {"loss": event.validation_loss, "accuracy": event.validation_accuracy})
            if event.learnt_loss is not None and event.learnt_accuracy is not None:
                self._draw("learned", event.step, {"loss": event.learnt_loss, "accuracy": event.learnt_accuracy})
            return
        if self._states:
            self._states.keep_if_due()
        self._waiting.append(event)
        if len(self._waiting) >= self._every:
            images = sum(step.images for step in self._waiting)
            loss = sum(step.loss * step.images for step in self._waiting) / images
            rate = images / max(1e-9, event.seconds - self._since)
            self.log_points.append(LogPoint(event.step, loss, event.learning_rate, event.seconds, rate))
            self._draw("training", event.step, {"loss": loss, "learning rate": event.learning_rate})
            self._since = event.seconds
            self._waiting.clear()

    def change_rate(self, training: Training, rate: float) -> None:
        """Go on with another largest learning rate, and record that. Raises `OSError` when the disk refuses; it is then
        recorded at the end."""
        if rate == training.peak:
            return
        change = RateChange(training.step, training.peak, rate)
        training.peak = rate
        self.run = replace(self.run, rate_changes=(*self.run.rate_changes, change))
        _write(self.run, self.folder)

    def is_due(self, epoch_ended: bool) -> bool:
        """Whether to save now: at an epoch's end if the last time is 15 s ago, at any step if it is 60 s ago."""
        return time.monotonic() - self._saved >= (15 if epoch_ended else 60)

    def save(self, training: Training) -> None:
        """Everything needed to go on from here. Raises `OSError` when the disk refuses."""
        import torch

        self._saved = time.monotonic()  # also when it fails: the disk is asked again in a minute, not at each step
        buffer = io.BytesIO()
        torch.save(training.state(), buffer)
        workspace.write_atomically(self.home / "state.pt", buffer.getvalue())
        self._write_history()

    def close(self, status: Status, sentence: str, model: str | None = None) -> None:
        """The run is over: no state is needed any more. Raises `OSError` when the disk refuses."""
        if self._states:
            self._states.keep_last()
        self.run = replace(self.run, status=status, sentence=sentence, model=model, epochs=tuple(self.epochs))
        self._write_history()
        _write(self.run, self.folder)
        (self.home / "state.pt").unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let go of the folder: from now on the run counts as interrupted, unless it was closed."""
        for writer in self._writers.values():
            with contextlib.suppress(OSError):  # what it was given is on disk since the last save
                writer.close()
        self._writers.clear()
        self._lock.release()

    def discard(self) -> None:
        """Remove all traces of the run."""
        self.release()
        shutil.rmtree(self.home, ignore_errors=True)

    def _write_history(self) -> None:
        workspace.write_atomically(self.home / "epochs.csv", _to_csv(Epoch, self.epochs).encode())
        workspace.write_atomically(self.home / "steps.csv", _to_csv(LogPoint, self.log_points).encode())
        self._write_curves()

    def _write_curves(self) -> None:
        """Hand what is new to TensorBoard's writers. After a failure new ones begin where these broke off."""
        if not self._curves:
            return
        try:
            for part, name, value, step, moment in self._curves:
                self._writer(part).add_scalar(name, value, step, walltime=moment)
            for writer in self._writers.values():
                writer.flush()
        except OSError:
            self._writers.clear()
            raise
        self._first_step = self._curves[-1][3] + 1
        self._curves.clear()

    def _writer(self, part: str) -> SummaryWriter:
        """TensorBoard's writer for a part of the curves; the part "training" says what run it is."""
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

        if part not in self._writers:
            writer = SummaryWriter(str(self.home / part), purge_step=self._first_step or None)
            file: Any = writer.file_writer
            if part == "training":
                values = {name: _as_hyperparameter(value) for name, value in self.run.settings.as_dict().items()}
                writer.add_text("run", f"{self.run.name}: `{self.run.command}`")
                for summary in hparams({"run": self.run.name, **values}, {"loss": 0.0}):
                    file.add_summary(summary)
            self._writers[part] = writer
        return self._writers[part]

    def _draw(self, part: str, step: int, values: dict[str, float]) -> None:
        self._curves += [(part, name, value, step, time.time()) for name, value in values.items()]


def keep(training: Training, writer: RunWriter, test: DigitSet, models: Path | None = None) -> Checkpoint:
    """Save the weights of the best epoch as `models/NAME.pth` with their facts, the history among them.

    Gives the model as it is read back from there. Weights of that name are replaced, and the run that left them no
    longer has any. The model is evaluated on the `test` set here, once, after everything was decided on the validation
    set. Raises `ValueError` when no epoch was finished, `OSError` when the disk refuses.
    """
    import torch

    from core.evaluation.report import evaluate, fit_temperature
    from core.network.architectures import build, count_parameters
    from core.training.device import name_processor

    run, best = writer.run, training.best
    if best is None:
        raise ValueError("There are no weights to keep before an epoch was finished.")
    model = build(run.settings.architecture)
    model.load_state_dict(best.weights)
    model.eval()
    validation = training.validation.to(torch.device("cpu"))
    validated, tested = evaluate(model, validation), evaluate(model, test)
    left_out = "".join(map(str, run.settings.left_out))
    of_others = round(run.settings.pen_digits * run.training_images)
    facts: dict[str, Any] = {
        "architecture": run.settings.architecture,
        "parameters": count_parameters(model),
        "settings": run.settings.as_dict(),
        "data": f"MNIST: {run.training_images} training images, {run.validation_images} for validation"
        + (f", {of_others} drawn digits of other writers" if of_others else "")
        + (f", digits left out: {', '.join(left_out)}" if left_out else ""),
        "epoch": best.epoch,
        "validation_accuracy": round(validated.accuracy, 6),
        "validation_loss": round(validated.loss(), 6),
        "test_accuracy": round(tested.accuracy, 6),
        "test_errors": tested.errors,
        "test_digits": len(test),
        "temperature": fit_temperature(validated),
        "seconds": round(training.seconds),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "processor": name_processor(training.device),
        "threads": torch.get_num_threads(),
        "precision": str(training.precision).removeprefix("torch."),
        "command": run.command,
        "rate_changes": [asdict(change) for change in run.rate_changes],
        "history": [asdict(epoch) for epoch in writer.epochs],
    }
    for earlier in list_runs(writer.folder):
        if earlier.model == run.name and earlier.id != run.id:
            _write(replace(earlier, model=None), writer.folder)
    # The run names its weights before they are there: whatever happens now, who deletes the run deletes them.
    writer.run = replace(run, model=run.name)
    _write(writer.run, writer.folder)
    checkpoint.save(run.name, model, facts, models)
    return checkpoint.load(run.name, models)


def _write(run: Run, folder: Path) -> None:
    values = {"format": FORMAT, **{key: value for key, value in asdict(run).items() if key != "epochs"}}
    workspace.write_atomically(
        folder / run.id / "run.json", (json.dumps(values, indent=2, allow_nan=False) + "\n").encode()
    )


def _read_facts(path: Path) -> dict[str, Any]:
    """What run.json says, by the names of `Run`'s fields. Raises `OSError`, or `ValueError` with a reason."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not JSON.") from error
    if not isinstance(stored, dict):
        raise ValueError(f"{path.name} holds no names with values.")
    if not isinstance(written := stored.get("format", 1), int) or written > FORMAT:
        raise ValueError(f"{path.name} has format {written}, and this version reads formats up to {FORMAT}.")
    values = {}
    types = get_type_hints(Run)
    for entry in fields(Run):
        if entry.name in ("id", "epochs"):  # the folder's name, and the other file
            continue
        if entry.name not in stored:
            if entry.default is MISSING:
                raise ValueError(f"{path.name} names no {entry.name}.")
            continue
        value = stored[entry.name]
        if entry.name == "settings":
            value = TrainingSettings.from_record(value)
        elif entry.name == "status":
            value = Status(value)
        elif entry.name == "rate_changes":
            value = _read_rate_changes(value, path.name)
        elif not isinstance(value, types[entry.name]):
            raise ValueError(f"{path.name} says that {entry.name} is {value!r}.")
        values[entry.name] = value
    return values


def _read_rate_changes(stored: Any, file: str) -> tuple[RateChange, ...]:
    try:
        return tuple(RateChange(int(one["step"]), float(one["old"]), float(one["new"])) for one in stored)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} says that rate_changes is {stored!r}.") from error


def _to_csv(kind: type[Row], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [entry.name for entry in fields(kind)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _write_cell(value) for name, value in asdict(row).items()} for row in rows)
    return text.getvalue()


def _read_csv(kind: type[Row], path: Path) -> list[Row]:
    """Rows by the names in the header; none where there is no file. Raises `ValueError` with a reason."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        types = get_type_hints(kind)
        try:
            rows = [_read_row(kind, types, cells) for cells in reader]
            return [row for row in rows if _is_finite(row)]  # older versions wrote the loss of a run that diverged
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path.name}, line {reader.line_num}: {error}") from error


def _read_row(kind: type[Row], types: dict[str, Any], cells: dict[str, str]) -> Row:
    values = {}
    for name, wanted in types.items():
        if text := cells.get(name):  # a missing or an empty cell is the field's default
            kind_of_value = next(iter(get_args(wanted)), wanted)  # of "float | None": float
            values[name] = bool(int(text)) if wanted is bool else kind_of_value(text)
    missing = [entry.name for entry in fields(kind) if entry.default is MISSING and entry.name not in values]
    if missing:
        raise ValueError(f"There is no value for {missing[0]}.")
    return kind(**values)


def _is_finite(row: Epoch | LogPoint) -> bool:
    return all(math.isfinite(value) for value in asdict(row).values() if value is not None)


def _write_cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.7g}" if isinstance(value, float) else str(int(value))


def _explain(error: Exception) -> str:
    """A sentence that says why a file can't be read."""
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return f"{reason.rstrip('.')}."


def _as_hyperparameter(value: Any) -> Any:
    """A setting as TensorBoard's table takes it: digits left out as text."""
    return "".join(map(str, value)) or "none" if isinstance(value, tuple) else value


def _hold(home: Path) -> FileLock:
    """Lock the run for this process; the system lifts the lock when the process dies. Raises `RunError`."""
    lock = FileLock(home / "lock", thread_local=False)
    try:
        lock.acquire(timeout=1)  # asking whether a run is held holds it for a moment
    except Timeout as error:
        raise RunError("This run is being trained by another process.") from error
    return lock


def _is_held(home: Path) -> bool:
    """Whether a living process trains the run."""
    if not (home / "lock").is_file():
        return False
    try:
        with ASKING, FileLock(home / "lock", blocking=False):
            return False
    except OSError:  # held, or in a folder where this process may not write: nobody here may touch the run
        return True


def _choose_renamed(old: str, new: str, models: Path | None) -> None:
    """Let the model in use answer under its new name; without that name it goes by its old one."""
    try:
        checkpoint.choose(new, models)
    except (OSError, checkpoint.CheckpointError):
        checkpoint.rename(new, old, models)
        raise


def _refuse_if_in_use(name: str | None, models: Path | None) -> None:
    if name and checkpoint.in_use(models) == name:
        raise RunError(f"{name} is the model in use. Go back to the shipped model first, then delete it.")


def _refuse_if_held(run: Run, folder: Path) -> None:
    if _is_held(folder / run.id):
        raise RunError(f"{run.name} is being trained. Stop it first.")

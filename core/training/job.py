"""One training run on its own thread: start, pause, go on, stop. Pages read snapshots; nothing waits for a page."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.config import SettingError, TrainingSettings
from core.network import checkpoint
from core.training import runs
from core.training.runs import LogPoint, Run, RunError, RunWriter, Score

if TYPE_CHECKING:
    import numpy as np

    from core.data.digits import DigitSet
    from core.my_digits.fine_tuning import FineTuning
    from core.training.loop import Training

# torch is imported by the thread that trains: a page that only looks costs nothing.

MOST_VISITORS = 8  # whose own drawings are watched at the same time
LOOK_EVERY = 0.8  # seconds of training between two looks at the watched digits
NICENESS = 5  # how far training stands back behind answering, 0 to 19
# Digits from which a run's model learns what is none: twelve seconds on one core. Twice as many take twice the time and
# let 6 instead of 8 of 100 drawn things pass.
REJECTION_DIGITS = 4000

Phase = Literal["idle", "preparing", "running", "paused", "stopping", "finishing", "over"]


@dataclass(frozen=True)
class Opinion:
    """What the model in training says of one watched digit. `label` is None for a visitor's own drawing."""

    image: np.ndarray  # (28, 28) uint8, ink bright
    label: int | None
    probabilities: tuple[float, ...]  # ten, in digit order


@dataclass(frozen=True)
class Snapshot:
    """The job at one moment, safe to keep. `seconds` and `remaining` in seconds of training."""

    phase: Phase = "idle"
    run: Run | None = None
    log_points: tuple[LogPoint, ...] = ()
    scores: tuple[Score, ...] = ()
    step: int = 0
    seconds: float = 0.0
    remaining: float | None = None
    images_per_second: float = 0.0
    learning_rate: float = 0.0
    peak: float = 0.0
    watched: tuple[Opinion, ...] = ()
    own: tuple[tuple[str, Opinion], ...] = ()
    warning: str = ""
    finished: float = 0.0  # share of the finishing that is done, 0 to 1

    @property
    def is_live(self) -> bool:
        """Whether a run is under way: being prepared, going on, paused, about to stop or being finished."""
        return self.phase in ("preparing", "running", "paused", "stopping", "finishing")

    def own_of(self, visitor: str) -> Opinion | None:
        """The opinion on this visitor's drawing, if they made one."""
        return dict(self.own).get(visitor)


class TrainingJob:
    """The one run of this server. Every method may be called from any thread at any time."""

    def __init__(
        self,
        load_digits: Callable[[bool], DigitSet],
        runs_folder: Path | None = None,
        models_folder: Path | None = None,
        threads: int | None = None,
    ) -> None:
        """`load_digits(train)` gives MNIST. One core is left for answering visitors unless `threads` says otherwise;
        fine-tuning, for which somebody waits half a minute, takes all."""
        self._load_digits = load_digits
        self._runs, self._models = runs_folder, models_folder
        cores = os.cpu_count() or 2
        self.threads, self.threads_of_fine_tuning = threads or max(1, cores - 1), threads or cores
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._snapshot = Snapshot()
        self._wish: Literal["go", "pause", "keep", "skip", "discard", "leave"] = "go"
        self._new_peak: float | None = None
        self._drawings: dict[str, np.ndarray] = {}
        self._fine_tuning: FineTuning | None = None
        # A thread of torch that is alive when the interpreter ends aborts the process.
        atexit.register(self.close)

    def start(self, settings: TrainingSettings, name: str | None = None) -> None:
        """Begin a new run. Raises `RunError` when one is under way or the name won't do."""
        with self._change:
            self._refuse_second()
            name = name or runs.propose_name(self._runs, self._models)
            runs.check_name(name, self._runs, self._models)
            self._launch(settings, name, None)

    def fine_tune(self, fine_tuning: FineTuning, name: str | None = None) -> None:
        """Begin to teach a copy of a model. Raises `RunError` when a run is under way or the name won't do."""
        with self._change:
            self._refuse_second()
            name = name or runs.propose_name(self._runs, self._models, "Fine-tuned")
            runs.check_name(name, self._runs, self._models)
            self._launch(fine_tuning.training_settings, name, None, fine_tuning)

    def resume(self, run: Run) -> None:
        """Go on with an interrupted run. Raises `RunError` when one is under way, or it fine-tuned a model."""
        if run.base:
            raise RunError(f"{run.name} took less than half a minute: start it again on the page My digits.")
        with self._change:
            self._refuse_second()
            self._launch(run.settings, run.name, run)

    def pause(self) -> None:
        """Stop after the step that is going on, ready to go on; saved to disk."""
        self._ask("pause", only_if=("go",))

    def go_on(self) -> None:
        """Go on after a pause."""
        self._ask("go", only_if=("pause",))

    def stop(self, keep: bool) -> None:
        """End the run; `keep` its best weights so far, or discard everything. Does nothing when no run is going on."""
        if keep:
            self._ask("keep", only_if=("go", "pause"))
        else:
            self._ask("discard", only_if=("go", "pause", "keep", "skip"))

    def skip(self) -> None:
        """Keep the model as it is, without waiting until it has learnt what is no digit."""
        if self._snapshot.phase == "finishing":
            self._ask("skip", only_if=("go", "pause", "keep"))

    def close(self) -> None:
        """End the thread, for the server's own end: the run is saved and can be resumed later."""
        self._ask("leave", only_if=("go", "pause", "keep"))
        if self._thread:
            self._thread.join()

    def set_peak(self, learning_rate: float) -> None:
        """Change the schedule's largest learning rate from the next step on."""
        with self._change:
            self._new_peak = learning_rate

    def watch(self, visitor: str, image: np.ndarray) -> None:
        """Have the model's opinion on a visitor's own digit, (28, 28) float32 in [0, 1], in the coming snapshots."""
        with self._change:
            self._drawings.pop(visitor, None)
            self._drawings[visitor] = image
            while len(self._drawings) > MOST_VISITORS:
                self._drawings.pop(next(iter(self._drawings)))

    def snapshot(self) -> Snapshot:
        """How things stand."""
        return self._snapshot

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; whether it ended in `timeout` seconds."""
        if self._thread:
            self._thread.join(timeout)
        return not (self._thread and self._thread.is_alive())

    def _refuse_second(self) -> None:
        if self._snapshot.is_live:
            name = self._snapshot.run.name if self._snapshot.run else "another run"
            raise RunError(f"One run at a time: {name} is still going on. Wait for its end, or stop it.")

    def _ask(self, wish: str, only_if: tuple[str, ...]) -> None:
        with self._change:
            if self._snapshot.is_live and self._wish in only_if:
                self._wish = wish
                if wish in ("keep", "discard", "skip"):
                    self._update(phase="stopping")
                self._change.notify_all()

    def _launch(
        self, settings: TrainingSettings, name: str, run: Run | None, fine_tuning: FineTuning | None = None
    ) -> None:
        if self._thread:
            self._thread.join()  # over, but perhaps still on its last line
        self._wish, self._new_peak, self._fine_tuning = "go", None, fine_tuning
        base = fine_tuning.base.name if fine_tuning else None
        placeholder = run or Run("", name, "running", "Getting ready.", "", settings, 0, 0, 0, 0, base=base)
        self._snapshot = Snapshot(phase="preparing", run=placeholder, peak=settings.learning_rate)
        self._thread = threading.Thread(target=self._work, args=(settings, name, run), name="training", daemon=True)
        self._thread.start()

    def _update(self, **values) -> None:
        with self._change:  # else what the run's thread publishes could undo what a visitor just asked for
            self._snapshot = replace(self._snapshot, **values)

    def _work(self, settings: TrainingSettings, name: str, run: Run | None) -> None:
        """The thread. Whatever happens in it ends in a sentence in the snapshot."""
        import torch

        from core.data.digits import DataError
        from core.data.split import pick_watched, split
        from core.training.loop import Training

        record = None
        try:
            plan = self._fine_tuning
            torch.set_num_threads(self.threads_of_fine_tuning if plan else self.threads)
            _stand_back()
            digits = self._load_digits(True)
            if plan:
                training = plan.prepare(digits)
                record = RunWriter.create(name, training, self._runs, plan.base.name)
                watched = plan.watched
            else:
                training = Training(*split(digits, settings), settings)
                record = (
                    RunWriter.reopen(run, training, self._runs) if run else RunWriter.create(name, training, self._runs)
                )
                watched = pick_watched(training.validation.to(torch.device("cpu")), digits)
            self._train(training, record, watched)
        except (RunError, SettingError, DataError) as error:
            self._fail(record, str(error))
        except OSError as error:
            self._fail(
                record,
                f"The disk refused: {error.strerror or error}. Free some space or allow writing, then try again.",
            )
        except Exception as error:  # a fault of ours: the visitor sees a sentence, the server's log the whole of it
            self._fail(record, f"Training broke off by a fault in the program: {error}")
            raise

    def _fail(self, record: RunWriter | None, sentence: str) -> None:
        """End with what went wrong. The run stays on disk as interrupted, so that it can be resumed."""
        if record:
            record.release()
        run = replace(record.run if record else self._snapshot.run, status="failed", sentence=sentence)
        with self._change:
            self._update(phase="over", run=run)

    def _train(self, training: Training, record: RunWriter, watched: DigitSet) -> None:
        from core.training.events import End, Epoch

        recent: deque[tuple[float, int]] = deque(maxlen=200)  # seconds and images of the latest steps
        looked = -LOOK_EVERY
        with self._change:
            self._update(
                phase="stopping" if self._wish in ("keep", "discard") else "running",
                run=record.run, step=training.step, seconds=training.seconds, peak=training.peak,
                log_points=tuple(record.log_points), scores=tuple(record.scores),
            )  # fmt: skip
        ending: End | None = None
        events = iter(training)
        while self._wish in ("go", "pause"):
            event = next(events)
            if isinstance(event, End):
                ending = event
                break
            record.add(event)
            if isinstance(event, Epoch):
                recent.clear()
            else:
                recent.append((event.seconds, event.images))
                self._update(learning_rate=event.learning_rate)
            if training.seconds - looked >= LOOK_EVERY or isinstance(event, Epoch):
                looked = training.seconds
                self._look(training, record, recent, watched)
            if self._new_peak is not None:
                training.peak, self._new_peak = self._new_peak, None
                self._update(peak=training.peak)
            if record.is_due(isinstance(event, Epoch)):
                self._save(training, record)
            if self._wish == "pause":
                self._save(training, record)
                self._look(training, record, recent, watched)
                self._rest()
        self._finish(training, record, ending)

    def _rest(self) -> None:
        """Wait until someone wants the run to go on or to end."""
        with self._change:
            if self._wish == "pause":
                self._update(phase="paused")
            while self._wish == "pause":
                self._change.wait()
            if self._wish == "go":
                self._update(phase="running")

    def _look(self, training: Training, record: RunWriter, recent: deque, watched: DigitSet) -> None:
        """Publish how things stand, with the model's opinion on the watched digits."""
        rate = 0.0
        if len(recent) > 1:
            rate = sum(images for _, images in list(recent)[1:]) / max(1e-9, recent[-1][0] - recent[0][0])
        opinions, own = _ask_opinions(training, watched, dict(self._drawings))
        with self._change:
            self._update(
                log_points=tuple(record.log_points),
                scores=tuple(record.scores),
                step=training.step,
                seconds=training.seconds,
                remaining=(training.steps - training.step) * training.seconds / max(1, training.step),
                images_per_second=rate or self._snapshot.images_per_second,
                watched=opinions,
                own=own,
            )

    def _save(self, training: Training, record: RunWriter) -> None:
        """Save if the disk allows; if not, train on and say so."""
        try:
            record.save(training)
            self._update(warning="")
        except OSError as error:
            self._update(
                warning=f"The run can't be saved at the moment ({error.strerror or error}); it goes on in memory, and "
                "saving is tried again."
            )

    def _finish(self, training: Training, record: RunWriter, ending) -> None:
        if ending is None and self._wish == "leave":
            with contextlib.suppress(OSError):
                record.save(training)
            record.release()
            return
        if ending is None and (self._wish == "discard" or training.step == 0):
            self._discard(record)
            return
        if ending is None and training.position:
            # Weights in the middle of an epoch may be better than those at the end of the last one.
            record.add(training.judge())
        status, sentence = ("stopped", "Stopped early by hand.") if ending is None else (ending.reason, ending.sentence)
        status = {"early": "finished"}.get(status, status)
        model = None
        if training.best:
            self._save(training, record)  # should the disk refuse the weights, the run can be resumed at its end
            model = runs.keep(training, record, self._load_digits(False), self._models)
            self._update(
                log_points=tuple(record.log_points), scores=tuple(record.scores), step=training.step, remaining=0.0
            )
            if self._fine_tuning:
                self._fine_tuning.conclude(model, self._load_digits(False), self._models)
            else:
                self._learn_rejection(training, model)
        if self._wish == "leave":
            record.release()
            return
        if self._wish == "discard":
            if model:
                checkpoint.remove(model, self._models)
            self._discard(record)
            return
        record.close(status, sentence, model)
        with self._change:
            self._update(
                phase="over", run=record.run, log_points=tuple(record.log_points), scores=tuple(record.scores),
                step=training.step, seconds=training.seconds, remaining=0.0,
            )  # fmt: skip

    def _discard(self, record: RunWriter) -> None:
        record.discard()
        with self._change:
            self._update(phase="over", run=replace(record.run, status="stopped", sentence="Stopped and discarded."))

    def _learn_rejection(self, training: Training, name: str) -> None:
        """Teach the kept model to say "no digit", unless somebody can't wait. It answers as well without, to digits."""
        from core.network.rejection import Rejection
        from core.training.rejection import learn_in_steps

        with self._change:
            if self._wish in ("discard", "leave"):
                return
            self._update(phase="finishing")
        kept = checkpoint.load(name, self._models)
        for event in learn_in_steps(
            kept.model, kept.version, training.digits, training.validation, count=REJECTION_DIGITS
        ):
            if self._wish in ("skip", "discard", "leave"):
                return
            if isinstance(event, Rejection):
                checkpoint.save_rejection(name, event, self._models)
            else:
                self._update(finished=event)


def _stand_back() -> None:
    """Let the thread that trains, and those it starts, come after the ones that answer visitors.

    Linux only: elsewhere the system's call means the whole process.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _ask_opinions(training: Training, watched: DigitSet, drawings: dict[str, np.ndarray]):
    """The candidate's opinion on the watched digits and on the visitors' own."""
    import torch

    from core.data.digits import DigitSet
    from core.evaluation.report import evaluate

    images = [
        *watched.images,
        *(torch.from_numpy(image).mul(255).round().to(torch.uint8) for image in drawings.values()),
    ]
    labels = [*watched.labels.tolist(), *([None] * len(drawings))]
    asked = DigitSet(torch.stack(images), torch.zeros(len(images), dtype=torch.int64)).to(training.device)
    probabilities = evaluate(training.evaluated_model, asked).logits.softmax(1).cpu().tolist()
    opinions = [
        Opinion(image.numpy(), label, tuple(row))
        for image, label, row in zip(images, labels, probabilities, strict=True)
    ]
    count = len(watched)
    return tuple(opinions[:count]), tuple(zip(drawings, opinions[count:], strict=True))

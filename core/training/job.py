"""One training run on its own thread: start, pause, go on, stop. Pages read snapshots; nothing waits for a page.

snapshot          what goes on                              what comes next
Idle              nothing, since the server was started     Live, when a plan is started
Live, preparing   the plan reads its digits                 running, or Over when it fails
Live, running     step after step                           drawing, paused, stopping, finishing, Over
Live, drawing     the next step waits for its examples      running, paused, stopping
Live, paused      nothing; the run is saved                 running, stopping
Live, stopping    the wish to end was heard                 finishing, Over
Live, finishing   the model is kept; the plan concludes     Over
Over              nothing; its run says how it ended        Live, when a plan is started

wish        heard while the wish was   and then
GO          PAUSE                      the run goes on
PAUSE       GO                         it is saved and waits
KEEP        GO, PAUSE                  the best weights are kept, the plan concludes
DISCARD     all of these               nothing is left of it
LEAVE       GO, PAUSE, KEEP            the server ends: the run is saved and can be resumed
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import words
from core.access.roles import owners_only
from core.config import SettingError
from core.network import checkpoint
from core.training import runs
from core.training.claim import Claim
from core.training.detectors import Detectors, lower_priority
from core.training.events import End, Epoch, LogPoint, Waiting, find_best
from core.training.runs import Run, RunError, RunWriter, Status

if TYPE_CHECKING:
    import numpy as np

    from core.data.digits import DigitSet
    from core.training.loop import Training
    from core.training.plans import Plan

# torch is imported by the thread that trains: a page that only shows the job costs nothing.

DISCARDED = "Stopped and discarded."
NOTHING_TO_KEEP = "Stopped before the first step: there was nothing to keep."
MAX_DRAWINGS = 8  # visitors whose own drawings are watched at the same time
PUBLISH_EVERY = 0.8  # seconds of training between two opinions on the watched digits
NICENESS = 5  # niceness of the training thread, 0 to 19: answering comes first


class Phase(StrEnum):
    """Where a run stands that is under way; the table above says what follows what."""

    PREPARING = "preparing"
    RUNNING = "running"
    DRAWING = "drawing"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHING = "finishing"


class Wish(StrEnum):
    """What visitors, or the server, want the run to do."""

    GO = "go"
    PAUSE = "pause"
    KEEP = "keep"
    DISCARD = "discard"
    LEAVE = "leave"


@dataclass(frozen=True)
class Opinion:
    """What the model in training says of one watched digit. `label` is None for a visitor's own drawing."""

    image: np.ndarray  # (28, 28) uint8, ink bright
    label: int | None
    probabilities: tuple[float, ...]  # ten, in digit order


@dataclass(frozen=True)
class Idle:
    """Nothing was started since the server was."""


@dataclass(frozen=True)
class Seen:
    """What there is to see of a run, under way or over. `seconds` of training."""

    run: Run
    log_points: tuple[LogPoint, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    step: int = 0
    seconds: float = 0.0
    learning_rate: float = 0.0
    watched: tuple[Opinion, ...] = ()
    own: tuple[tuple[str, Opinion], ...] = ()

    @property
    def best(self) -> Epoch | None:
        """The epoch whose weights would be kept now, as the training loop decided it."""
        return find_best(self.epochs)

    def own_of(self, visitor: str) -> Opinion | None:
        """The opinion on this visitor's drawing, if they made one."""
        return dict(self.own).get(visitor)


@dataclass(frozen=True)
class Live(Seen):
    """A run that is under way. `remaining`: seconds of training, None before there is anything to tell it from."""

    phase: Phase = Phase.PREPARING
    remaining: float | None = None
    images_per_second: float = 0.0
    peak: float = 0.0
    warning: str = ""


@dataclass(frozen=True)
class Over(Seen):
    """The last run, which is over: its status and its sentence say how it ended."""


Snapshot = Idle | Live | Over  # the job at one moment, safe to keep


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
        a run that somebody waits for takes all."""
        self._load_digits = load_digits
        self._runs, self._models = runs_folder, models_folder
        self._claim = Claim(runs_folder)
        self.detectors = Detectors(load_digits, models_folder)
        cores = os.cpu_count() or 2
        self.threads, self.all_threads = threads or max(1, cores - 1), threads or cores
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._snapshot: Snapshot = Idle()
        self._wish = Wish.GO
        self._new_peak: float | None = None
        self._drawings: dict[str, np.ndarray] = {}
        # A thread of torch that is alive when the interpreter ends aborts the process.
        atexit.register(self.close)

    @owners_only("start a run")
    def start(self, plan: Plan, name: str | None = None) -> None:
        """Begin what is planned, under `name` or one that is chosen for it.

        Raises `RunError` when a run is under way, the name won't do, or the plan can't be begun.
        """
        with self._change:
            if isinstance(self._snapshot, Live):
                raise RunError(
                    f"One run at a time: {self._snapshot.run.name} is still going on. Wait for its end, or stop it."
                )
            run = plan.announce(name, self._runs, self._models)
            if self._thread:
                self._thread.join()  # over, but perhaps still on its last line
            self._claim.take(run.name)
            self._wish, self._new_peak = Wish.GO, None
            self._snapshot = Live(run, peak=run.settings.learning_rate)
            self._thread = threading.Thread(target=self._work, args=(plan, run), name="training", daemon=True)
            self._thread.start()

    @owners_only("pause a run")
    def pause(self) -> None:
        """Stop after the step that is going on, ready to go on; saved to disk."""
        self._ask(Wish.PAUSE, only_if=(Wish.GO,))

    @owners_only("let a run go on")
    def go_on(self) -> None:
        """Go on after a pause."""
        self._ask(Wish.GO, only_if=(Wish.PAUSE,))

    @owners_only("stop a run")
    def stop(self, keep: bool) -> None:
        """End the run; `keep` its best weights so far, or discard everything. Does nothing when no run is going on."""
        if keep:
            self._ask(Wish.KEEP, only_if=(Wish.GO, Wish.PAUSE))
        else:
            self._ask(Wish.DISCARD, only_if=(Wish.GO, Wish.PAUSE, Wish.KEEP))

    def close(self) -> None:
        """End the threads, for the server's own end: the run is saved and can be resumed later."""
        self._ask(Wish.LEAVE, only_if=(Wish.GO, Wish.PAUSE, Wish.KEEP))
        self.detectors.close()
        if self._thread:
            self._thread.join()

    @owners_only("change a run's learning rate")
    def set_peak(self, learning_rate: float) -> None:
        """Change the schedule's largest learning rate from the next step on; nothing when no run is going on."""
        with self._change:
            if isinstance(self._snapshot, Live):
                self._new_peak = learning_rate
                self._update(peak=learning_rate)

    def watch(self, visitor: str, image: np.ndarray) -> None:
        """Have the model's opinion on a visitor's own digit, (28, 28) float32 in [0, 1], in the coming snapshots."""
        with self._change:
            self._drawings.pop(visitor, None)
            self._drawings[visitor] = image
            while len(self._drawings) > MAX_DRAWINGS:
                self._drawings.pop(next(iter(self._drawings)))

    def snapshot(self) -> Snapshot:
        """How things stand."""
        return self._snapshot

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; whether it ended in `timeout` seconds."""
        if self._thread:
            self._thread.join(timeout)
        return not (self._thread and self._thread.is_alive())

    def _ask(self, wish: Wish, only_if: tuple[Wish, ...]) -> None:
        with self._change:
            if isinstance(self._snapshot, Live) and self._wish in only_if:
                self._wish = wish
                if wish in (Wish.KEEP, Wish.DISCARD):
                    self._update(phase=Phase.STOPPING)
                self._change.notify_all()

    def _update(self, **values: Any) -> None:
        with self._change:  # else what the run's thread publishes could undo what a visitor just asked for
            self._snapshot = replace(self._live, **values)

    @property
    def _live(self) -> Live:
        """The snapshot while a run is under way."""
        assert isinstance(self._snapshot, Live)
        return self._snapshot

    def _end(self, run: Run, **values: Any) -> None:
        """The run is over, as it says; what there was to see of it stays."""
        with self._change:
            seen = {entry.name: getattr(self._snapshot, entry.name) for entry in fields(Over)}
            self._snapshot = Over(**{**seen, **values, "run": run})

    def _work(self, plan: Plan, run: Run) -> None:
        """The thread. Whatever happens in it ends in a sentence in the snapshot."""
        import torch

        from core.data.digits import DataError

        try:
            torch.set_num_threads(self.all_threads if plan.takes_all_cores else self.threads)
            lower_priority(NICENESS)
            prepared = plan.prepare(run, self._load_digits(True), self._runs)
            try:
                ending = self._train(prepared.training, prepared.writer, prepared.watched)
                self._finish(plan, prepared.training, prepared.writer, ending)
            finally:
                run = prepared.writer.run
                prepared.writer.release()  # where the run was not closed it counts as interrupted and can be resumed
        except (RunError, SettingError, DataError) as error:
            self._fail(run, str(error))
        except OSError as error:
            self._fail(run, words.refused_by_disk(error))
        except Exception as error:  # a fault of ours: the visitor sees a sentence, the server's log the whole of it
            self._fail(run, f"Training stopped because of a fault in the program: {error}")
            raise
        finally:
            self._claim.give_back()

    def _fail(self, run: Run, sentence: str) -> None:
        """End with what went wrong."""
        self._end(replace(run, status=Status.FAILED, sentence=sentence))

    def _train(self, training: Training, writer: RunWriter, watched: DigitSet) -> End | None:
        """Step after step to the end of the run, which it gives, or until somebody wants it to end: None."""
        recent: deque[tuple[float, int]] = deque(maxlen=200)  # seconds and images of the latest steps
        published = -PUBLISH_EVERY
        with self._change:
            self._update(
                phase=Phase.STOPPING if self._wish in (Wish.KEEP, Wish.DISCARD) else Phase.RUNNING,
                run=writer.run, step=training.step, seconds=training.seconds, peak=training.peak,
                log_points=tuple(writer.log_points), epochs=tuple(writer.epochs),
            )  # fmt: skip
        events = iter(training)
        while self._wish in (Wish.GO, Wish.PAUSE):
            event = next(events)
            if isinstance(event, End):
                return event
            self._show_phase(Phase.DRAWING if isinstance(event, Waiting) else Phase.RUNNING)
            if isinstance(event, Waiting):
                if self._wish is Wish.PAUSE:
                    self._save(training, writer)
                    self._rest()
                continue
            writer.add(event)
            if isinstance(event, Epoch):
                recent.clear()
            else:
                recent.append((event.seconds, event.images))
                self._update(learning_rate=event.learning_rate)
            if training.seconds - published >= PUBLISH_EVERY or isinstance(event, Epoch):
                published = training.seconds
                self._publish(training, writer, recent, watched)
            if self._new_peak is not None:
                self._change_rate(training, writer, self._new_peak)
            if writer.is_due(isinstance(event, Epoch)):
                self._save(training, writer)
            if self._wish is Wish.PAUSE:
                self._save(training, writer)
                self._publish(training, writer, recent, watched)
                self._rest()
        return None

    def _show_phase(self, phase: Phase) -> None:
        """What the run does now, unless somebody wants it to do something else."""
        if self._live.phase is not phase:
            with self._change:
                if self._wish is Wish.GO:
                    self._update(phase=phase)

    def _change_rate(self, training: Training, writer: RunWriter, rate: float) -> None:
        """Go on with another largest learning rate; where the disk refuses, it is recorded at the end."""
        with self._change:
            if self._new_peak == rate:  # else somebody wants yet another one
                self._new_peak = None
        with contextlib.suppress(OSError):
            writer.change_rate(training, rate)
        self._update(peak=training.peak, run=writer.run)

    def _rest(self) -> None:
        """Wait until someone wants the run to go on or to end."""
        with self._change:
            if self._wish is Wish.PAUSE:
                self._update(phase=Phase.PAUSED)
            while self._wish is Wish.PAUSE:
                self._change.wait()
            if self._wish is Wish.GO:
                self._update(phase=Phase.RUNNING)

    def _publish(
        self, training: Training, writer: RunWriter, recent: deque[tuple[float, int]], watched: DigitSet
    ) -> None:
        """A new snapshot, with the model's opinion on the watched digits."""
        rate = 0.0
        if len(recent) > 1:
            rate = sum(images for _, images in list(recent)[1:]) / max(1e-9, recent[-1][0] - recent[0][0])
        opinions, own = _ask_opinions(training, watched, dict(self._drawings))
        if not all(math.isfinite(value) for opinion in opinions for value in opinion.probabilities):
            opinions, own = self._live.watched, self._live.own  # weights that overflowed have none
        with self._change:
            self._update(
                log_points=tuple(writer.log_points),
                epochs=tuple(writer.epochs),
                step=training.step,
                seconds=training.seconds,
                remaining=(training.steps - training.step) * training.seconds / max(1, training.step),
                images_per_second=rate or self._live.images_per_second,
                watched=opinions,
                own=own,
            )

    def _save(self, training: Training, writer: RunWriter) -> None:
        """Save if the disk allows; if not, train on and say so."""
        try:
            writer.save(training)
            self._update(warning="")
        except OSError as error:
            self._update(
                warning=f"The run can't be saved at the moment ({error.strerror or error}); it goes on in memory, and "
                "saving is tried again."
            )

    def _finish(self, plan: Plan, training: Training, writer: RunWriter, ending: End | None) -> None:
        """After the last step: leave the run to be resumed, discard it, or keep its best weights and close it."""
        if ending is None:
            if self._wish is Wish.LEAVE:
                with contextlib.suppress(OSError):
                    writer.save(training)
                return
            if self._wish is Wish.DISCARD:
                self._discard(writer)
                return
            if training.step == 0:
                self._discard(writer, NOTHING_TO_KEEP)
                return
            if training.position:
                # Weights in the middle of an epoch may be better than those at the end of the last one.
                if epoch := training.end_epoch():
                    writer.add(epoch)
                else:
                    ending = training.diverge()
        if training.best:
            self._save(training, writer)  # should the disk refuse the weights, the run can be resumed at its end
            self._keep(plan, training, writer)
        if self._wish is Wish.DISCARD:
            if training.best:
                checkpoint.remove(writer.run.name, self._models)
            self._discard(writer)
            return
        status, sentence = Status.STOPPED, "Stopped early by hand."
        if ending:
            status, sentence = Status.after(ending), ending.sentence
        writer.close(status, sentence, writer.run.name if training.best else None)
        if training.best and plan.needs_detector:
            self.detectors.train(writer.run.name)
        self._end(
            writer.run, log_points=tuple(writer.log_points), epochs=tuple(writer.epochs), step=training.step,
            seconds=training.seconds,
        )  # fmt: skip

    def _keep(self, plan: Plan, training: Training, writer: RunWriter) -> None:
        """Save the best weights as a model and let the plan finish it."""
        test = self._load_digits(False)
        kept = runs.keep(training, writer, test, self._models)
        self._update(
            log_points=tuple(writer.log_points), epochs=tuple(writer.epochs), step=training.step, remaining=0.0
        )
        with self._change:
            if self._wish is not Wish.DISCARD:
                self._update(phase=Phase.FINISHING)
        plan.conclude(kept, test, self._models)

    def _discard(self, writer: RunWriter, sentence: str = DISCARDED) -> None:
        writer.discard()
        self._end(replace(writer.run, status=Status.STOPPED, sentence=sentence, model=None))


def _ask_opinions(
    training: Training, watched: DigitSet, drawings: dict[str, np.ndarray]
) -> tuple[tuple[Opinion, ...], tuple[tuple[str, Opinion], ...]]:
    """The evaluated model's opinion on the watched digits and on the visitors' own, by visitor."""
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

"""Train a model in the terminal and keep the weights that did best on the validation set.

python scripts/train.py                              # the shipped model's recipe
python scripts/train.py --preset fast --target 0.99  # a preset; exit code 1 below 99 % on the validation set
python scripts/train.py --epochs 2 --name quick      # any setting of core/config.py by its name
python scripts/train.py --name quick --overwrite     # in place of the model that has this name
python scripts/train.py --resume quick               # go on with an interrupted run, by its name or folder in runs/
torchrun --nproc-per-node=4 scripts/train.py         # the same run, shared out to four processes

Ctrl-C saves the run, to be resumed. Exit codes: 0 done, 1 below the target or diverged, 2 refused, 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import config, console, words, workspace
from core.config import PRESETS, SettingError, TrainingSettings
from core.network import checkpoint
from core.training import runs
from core.training.events import End, Epoch, Step, Waiting
from core.training.runs import Run, RunError, RunWriter, Status

if TYPE_CHECKING:
    from core.training.loop import Training

LOG_EVERY = 15.0  # seconds of training between two lines where nobody watches a bar

# torch is imported when there is something to train: --help and a refusal come at once.


def main() -> int:
    """Read the options, train, save. Gives the exit code."""
    options = parse_options()
    try:
        check_options(options)
        run = runs.find(options.resume, options.runs) if options.resume else None
        settings = run.settings if run else choose_settings(options)
        if not run:
            choose_name(options)
    except (SettingError, RunError) as error:
        print(error, file=sys.stderr)
        return 2
    return train(settings, run, options)


def train(settings: TrainingSettings, run: Run | None, options: argparse.Namespace) -> int:
    """A new run, or `run` from where it was saved, to its end. Gives the exit code."""
    import torch
    import torch.distributed as dist

    from core.data import mnist
    from core.data.digits import DataError
    from core.training.examples import gather
    from core.training.extras import gather_beside
    from core.training.loop import Training

    try:
        rank = join_processes(settings)
        if not rank:
            here = workspace.here()
            for folder in (options.runs or here.runs, options.models or here.models):
                workspace.check_folder(folder)  # before anything that takes long
            print("Getting ready …", file=sys.stderr)
        digits = mnist.load(train=True)
        if options.threads:
            torch.set_num_threads(options.threads)
        # Processes that train together must make each step together: none may wait for its examples on its own.
        examples = gather(digits, settings) if dist.is_initialized() else gather_beside(digits, settings)
        training = Training(examples, settings)
        writer = None
        if rank:
            if run:
                runs.restore(run, training, options.runs)
        elif run:
            writer = RunWriter.reopen(run, training, options.runs)
        else:
            writer = RunWriter.create(options.name, training, options.runs)
    except (SettingError, RunError, DataError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(words.refused_by_disk(error), file=sys.stderr)
        return 2
    code = follow(training, writer, options)
    if dist.is_initialized():
        dist.destroy_process_group()
    return code


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """One option per training setting, with its help, and those of the script itself; by default the command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="the run's name and that of its model in models/ (the first free Run 1, 2, …)")
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the model of that name, unless the new one misses its target; shipped models are never replaced",
    )
    parser.add_argument("--preset", choices=PRESETS, help="where the settings start from (best)")
    parser.add_argument("--resume", metavar="RUN", help="go on with this run, by its name or folder in runs/")
    parser.add_argument(
        "--target", type=float, default=0.0, help="validation accuracy, 0 to 1, below which to exit with 1"
    )
    parser.add_argument(
        "--rejection-digits",
        type=int,
        default=8000,
        help="digits for training the out-of-distribution detector at the end, about a minute; 0 leaves it out (8000)",
    )
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves the choice to torch")
    parser.add_argument("--runs", type=Path, help="folder of the runs (the workspace's runs/)")
    parser.add_argument("--models", type=Path, help="folder of the models (the workspace's models/)")
    for entry in fields(TrainingSettings):
        is_list = isinstance(entry.default, tuple)
        parser.add_argument(
            f"--{entry.name.replace('_', '-')}",
            type=int if is_list else config.read_number if isinstance(entry.default, float) else type(entry.default),
            nargs="*" if is_list else None,
            default=None,
            choices=entry.metadata["choices"],
            help=f"{entry.metadata['help'].replace('%', '%%')} ({config.write(entry.default)})",
        )
    return parser.parse_args(arguments)


def check_options(options: argparse.Namespace) -> None:
    """Raise `SettingError` for the first of the script's own options that can't be used."""
    own = [name for name in ("name", "preset", "overwrite") if getattr(options, name)]
    if options.resume and (given := [*own, *given_settings(options)]):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise SettingError(f"A resumed run keeps its name and its settings: leave out {names}.")
    if not 0 <= options.target <= 1:
        raise SettingError(f"Target must lie between 0 and 1, not {options.target:g}; 99 % is 0.99.")
    for name in ("threads", "rejection_digits"):
        if (value := getattr(options, name)) < 0:
            raise SettingError(f"{name.replace('_', ' ').capitalize()} must be at least 0, not {value}.")


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The training settings that were given, by name."""
    given = {entry.name: getattr(options, entry.name) for entry in fields(TrainingSettings)}
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if value is not None
    }


def choose_settings(options: argparse.Namespace) -> TrainingSettings:
    """The preset's settings with those that were given instead. Raises `SettingError` outside their bounds."""
    return replace(PRESETS[options.preset or "best"].settings, **given_settings(options))


def choose_name(options: argparse.Namespace) -> None:
    """Put the name of a new run into the options, and whether it stands for a model that is there already.

    Raises `RunError` for a name that won't do, or that is taken. Under torchrun the first process decides: the others
    would find its run there.
    """
    if os.environ.get("RANK", "0") != "0":
        return
    options.name = options.name or runs.propose_name(options.runs, options.models)
    try:
        runs.check_name(options.name, options.runs, options.models)
    except runs.NameTaken as error:
        if not options.overwrite:
            raise RunError(f"{error} Choose another --name, or add --overwrite to replace it.") from error


def join_processes(settings: TrainingSettings) -> int:
    """Under torchrun, join the other processes; gives this one's rank, 0 when it is alone."""
    if "LOCAL_RANK" not in os.environ:
        return 0
    import torch
    import torch.distributed as dist

    from core.training.device import choose_device

    device = choose_device(settings)
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return dist.get_rank()


def follow(training: Training, writer: RunWriter | None, options: argparse.Namespace) -> int:
    """Train to the end or to Ctrl-C, print and save on the way. Only the process that has the writer does so."""
    interrupted: list[int] = []

    def interrupt(number: int, _: object) -> None:
        """Stop between two steps, not in the middle of one; a second Ctrl-C ends at once."""
        interrupted.append(number)
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    ending, shown = None, training.seconds
    for event in training:
        if isinstance(event, End):
            ending = event
        elif writer and not isinstance(event, Waiting):
            writer.add(event)
            shown = show(event, training, shown)
            if writer.is_due(isinstance(event, Epoch)):
                save(writer, training)
        if agree(bool(interrupted)):
            break
    if not writer:
        return 0 if ending else 130
    if not ending:
        save(writer, training)
        writer.release()
        print(f"\nInterrupted. Go on with: {resume_command(writer.run, options)}")
        return 130
    return finish(training, writer, ending, options)


def resume_command(run: Run, options: argparse.Namespace) -> str:
    """The command that goes on with a run, where and as it was begun."""
    words = [*workspace.script("train")]
    if "LOCAL_RANK" in os.environ:
        words = ["torchrun", f"--nproc-per-node={os.environ.get('LOCAL_WORLD_SIZE', '1')}", "scripts/train.py"]
    words += ["--resume", run.id]
    usual = parse_options([])
    for name in ("runs", "models", "target", "threads", "rejection_digits"):
        if (value := getattr(options, name)) != getattr(usual, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def agree(wish: bool) -> bool:
    """Whether any of the processes wants to stop: then all must after the same step, or some would wait for ever."""
    import torch
    import torch.distributed as dist

    if not dist.is_initialized():
        return wish
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    wishes = torch.tensor(float(wish), device=device)
    dist.all_reduce(wishes, dist.ReduceOp.MAX)
    return bool(wishes.item())


def save(writer: RunWriter, training: Training) -> None:
    """Save if the disk allows; if not, say so and go on."""
    try:
        writer.save(training)
    except OSError as error:
        print(f"\nThe run can't be saved at the moment ({error.strerror or error}).", file=sys.stderr)


def finish(training: Training, writer: RunWriter, ending: End, options: argparse.Namespace) -> int:
    """Keep the best weights, close the run, say how it went."""
    from core.data import mnist

    print(ending.sentence)
    save(writer, training)  # should the disk refuse the weights, the run can be resumed at its end
    model = None
    reached = training.best.validation_accuracy if training.best else 0.0
    if reached < options.target:
        spare_older_model(writer, options)
    try:
        if training.best:
            model = runs.keep(training, writer, mnist.load(train=False), options.models).name
        writer.close(Status.after(ending), ending.sentence, model)
    except OSError as error:
        print(f"The weights can't be saved. {words.refused_by_disk(error)}", file=sys.stderr)
        return 2
    if model:
        print(f"Saved {model}.pth. Its facts are in {model}.json. It can be used now.", flush=True)
        add_detector(model, training, options)
    if reached < options.target:
        print(
            f"The target of {words.percent(options.target)} was not reached: "
            f"{words.percent(reached)} on the validation set.",
            file=sys.stderr,
        )
        return 1
    return 1 if ending.reason == "diverged" else 0


def spare_older_model(writer: RunWriter, options: argparse.Namespace) -> None:
    """Below the target no model is replaced: if there is one of the run's name, the run gets another."""
    name = writer.run.name
    if name in checkpoint.names(options.models):
        writer.run = replace(writer.run, name=runs.propose_name(options.runs, options.models, name))
        print(f"{name}.pth stays as it is. The weights below the target become {writer.run.name}.pth.")


def add_detector(model: str, training: Training, options: argparse.Namespace) -> None:
    """Train the out-of-distribution (OOD) detector of the kept model, which answers meanwhile. Ctrl-C leaves it out."""
    from core.training import rejection

    later = f"Later: python scripts/add_rejection.py {shlex.quote(model)}"
    if options.rejection_digits:
        print("Training its out-of-distribution detector, which tells non-digits … (Ctrl-C leaves it out)", flush=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            rejection.add_rejection(
                model, training.digits, training.validation, options.models, options.rejection_digits
            )
            print(f"{model} has its detector now.")
            return
        except KeyboardInterrupt:
            pass
        except OSError as error:
            print(f"The detector can't be saved. {words.refused_by_disk(error)} {later}", file=sys.stderr)
            return
    with contextlib.suppress(OSError):  # it is only said, nothing depends on it
        checkpoint.add_facts(model, {checkpoint.LEFT_OUT: True}, options.models)
    print(f"{model} has no out-of-distribution detector: it was left out. {later}")


def show(event: Step | Epoch, training: Training, shown: float) -> float:
    """A line for each epoch; between them a bar for the whole run, or in a log a line now and then.

    `shown`: the seconds of training at the last line; gives those at the last line now.
    """
    settings = training.settings
    if isinstance(event, Epoch):
        clear = "\r\033[K" if sys.stdout.isatty() else ""
        print(
            f"{clear}epoch {event.epoch:3}/{settings.epochs}  {event.seconds:7.1f} s  training loss "
            f"{event.training_loss:.4f}  validation loss {event.validation_loss:.4f}  accuracy "
            f"{words.percent(event.validation_accuracy)}{'  best' if event.is_best else ''}",
            flush=True,
        )
        return event.seconds
    share = event.step / event.steps
    left = words.duration(event.seconds / event.step * (event.steps - event.step))
    if sys.stdout.isatty():
        print(
            f"\r\033[K{'█' * round(share * 30):░<30} {words.percent(share, 0):>5}  epoch {event.epoch}  "
            f"loss {event.loss:.3f}  {left} left",
            end="",
            flush=True,
        )
    elif event.seconds - shown >= LOG_EVERY:
        print(f"{words.percent(share, 0)}  epoch {event.epoch}  loss {event.loss:.3f}  {left} left", flush=True)
        return event.seconds
    return shown


if __name__ == "__main__":
    sys.exit(console.run(main))

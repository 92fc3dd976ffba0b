"""How fast we train, beside the reference app's own loop and beside what this machine can do at most.

python benchmarks/training.py                    # images a second, interleaved, medians; two minutes
python benchmarks/training.py --race             # also wall-clock to the reference app's 98.9 %; half an hour
python benchmarks/training.py --race --seeds 1   # a shorter race

Needs an idle machine. The test set is only measured here, never chosen by: recipes were fixed on the validation split.
"""

import argparse
import multiprocessing
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler

from benchmarks import result_file
from benchmarks.result_file import Result, Row
from core.config import PRESETS, TrainingSettings
from core.data import mnist as mnist_module
from core.evaluation.report import evaluate
from core.network.architectures import Network
from core.training.device import choose_precision, name_processor
from core.training.events import Step
from core.training.examples import Examples, add_extras, gather
from core.training.job import Live, TrainingJob
from core.training.loop import Training
from core.training.plans import NewRun

ROUNDS = 5
IMAGES = 2048  # a round, after one step to warm up
SIZES = (128, 256, 512)  # images a batch
GOAL = 0.989  # of the test set: what the reference app's notebook ends at
MEGAFLOP = 82.0  # of one image's training step: three times the forward pass but for the first layer's input gradient


class ReferenceNetwork(Network):
    """The reference app's network as its notebook writes it: ReLU before the pool, torch's own dropout."""

    def __init__(self) -> None:
        """Random weights."""
        super().__init__(dropout=0.5)
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)
        self.fc1, self.fc2 = nn.Linear(3136, 1024), nn.Linear(1024, 10)

    def features(self, digits: torch.Tensor) -> torch.Tensor:
        """(B, 1, 28, 28) float32 -> (B, 1024)."""
        x = F.max_pool2d(F.relu(self.conv1(digits)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.relu(self.fc1(x.flatten(1)))

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """(B, 1024) float32 -> (B, 10)."""
        logits: torch.Tensor = self.fc2(features)
        return logits

    def logits(self, digits: torch.Tensor) -> torch.Tensor:
        """(B, 1, 28, 28) float32 -> (B, 10)."""
        return self.classify(F.dropout(self.features(digits), 0.5, self.training))


def run_reference(model: ReferenceNetwork, loader: DataLoader) -> Iterator[int]:
    """The reference app's loop: DataLoader with ToTensor, no workers, SGD 0.5, fp32. Gives the images of each step."""
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    model.train()
    for digits, labels in loader:
        optimiser.zero_grad()
        loss = F.nll_loss(model(digits), labels)
        loss.backward()
        optimiser.step()
        loss.item()
        yield len(labels)


def make_loader() -> DataLoader:
    """MNIST as the reference app reads it, one picture at a time: 50,000 to learn from, 10,000 held out."""
    from torchvision import datasets, transforms

    with tempfile.TemporaryDirectory() as folder:
        mnist_module.unpack(Path(folder))
        mnist = datasets.MNIST(folder, train=True, transform=transforms.ToTensor())
    return DataLoader(mnist, batch_size=128, sampler=SubsetRandomSampler(range(50_000)))


def run_ours(settings: TrainingSettings) -> Iterator[int]:
    """Our own loop, as the page and the script run it. Gives the images of each step."""
    digits = mnist_module.load(train=True)
    examples = Examples(digits, digits.pick(torch.arange(10)), add_extras(digits, settings))
    events = Training(examples, settings)
    return (event.images for event in events if isinstance(event, Step))


def serve(pipe: Connection, settings: TrainingSettings | None, threads: int) -> None:
    """A loop in a process of its own, the reference loop without `settings`: an answer in images a second per request.

    One process each: our loop tells the C library how to keep memory, and the reference loop must not profit from that.
    """
    if threads:
        torch.set_num_threads(threads)
    steps = run_ours(settings) if settings else run_reference(ReferenceNetwork(), make_loader())
    while pipe.recv():
        next(steps)
        began, images = time.perf_counter(), 0
        while images < IMAGES:
            images += next(steps)
        pipe.send(images / (time.perf_counter() - began))


def measure_rates(loops: dict[str, TrainingSettings | None], threads: int) -> dict[str, list[float]]:
    """Images a second of each loop, a round of all of them after the other; the first round only warms up."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    found: dict[str, list[float]] = {name: [] for name in loops}
    processes = []
    for name, settings in loops.items():
        pipes[name], theirs = context.Pipe()
        processes.append(context.Process(target=serve, args=(theirs, settings, threads), daemon=True))
        processes[-1].start()
    for measured in range(-1, ROUNDS):
        for name, pipe in pipes.items():
            pipe.send(True)
            rate = pipe.recv()
            if measured >= 0:
                found[name].append(rate)
    for pipe in pipes.values():
        pipe.send(False)
    for process in processes:  # what is measured next must not share the cores with their end
        process.join()
    return found


def measure_peak(work: Callable[[], object], flop: float) -> float:
    """Highest GFLOP a second of a kernel."""
    work()
    best = min(_time(work) for _ in range(8))
    return flop / best / 1e9


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure_limits(precision: torch.dtype) -> dict[str, float]:
    """What this machine's matrix products and convolutions reach alone, in GFLOP a second."""
    a, b = torch.rand(2048, 2048, dtype=precision), torch.rand(2048, 2048, dtype=precision)
    layer = nn.Conv2d(32, 64, 5, padding=2).to(precision).to(memory_format=torch.channels_last)
    x = torch.rand(256, 32, 14, 14, dtype=precision).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        return {
            "matrix product": measure_peak(lambda: a @ b, 2 * 2048**3),
            "convolution": measure_peak(lambda: layer(x), 2 * 256 * 14 * 14 * 64 * 32 * 25),
        }


def race(seeds: int, threads: int) -> list[Row]:
    """Wall-clock to 98.9 % of the test set: the reference loop epoch by epoch, ours by its fastest preset, in turn.

    Everything counts from the data in memory: the network, its examples, steps, evaluation on the validation set.
    """
    theirs: list[tuple[float, float, int]] = []
    ours: list[tuple[float, float, int]] = []
    for seed in range(seeds):
        for name, way, found in (("reference", race_reference, theirs), ("ours", race_ours, ours)):
            # A process of its own each time: what one does to memory and caches the other must not profit from.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                found.append(pool.submit(way, seed, threads).result())
            seconds, accuracy, images = found[-1]
            print(f"{name}, seed {seed}: {accuracy:.2%} after {seconds:.1f} s and {images:,} images", flush=True)
    their_time, our_time = (statistics.median(one[0] for one in found) for found in (theirs, ours))
    worst = min(accuracy for _, accuracy, _ in ours)
    print(
        f"ours takes 1/{their_time / our_time:.1f} of the reference loop's time, medians of {seeds} seeds (goal: 1/10)"
    )
    return [
        Row("race: seconds of the reference loop, median", their_time, "s", is_detail=True),
        Row("race: our seconds, median", our_time, "s", is_detail=True),
        Row("race: images the reference loop saw, median", statistics.median(one[2] for one in theirs), digits=0),
        Row("race: images ours saw", ours[0][2], digits=0),
        Row("race: our worst seed on the test set", 100 * worst, "%", limit=99, is_at_most=False, digits=2),
        Row(
            f"race to 98.9 % of the test set, {seeds} seeds: times as fast", their_time / our_time, limit=10,
            is_at_most=False,
        ),
    ]  # fmt: skip


def race_reference(seed: int, threads: int) -> tuple[float, float, int]:
    """Seconds of training until the reference loop is first at 98.9 %, as long as its notebook trains at most; its
    accuracy on the test set then, and how many images it saw. Its evaluations are not counted."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    test, loader = mnist_module.load(train=False), make_loader()
    spent, seen, accuracy, model = 0.0, 0, 0.0, ReferenceNetwork()
    for _ in range(30):
        began = time.perf_counter()
        seen += sum(run_reference(model, loader))
        spent += time.perf_counter() - began
        accuracy = evaluate(model, test).accuracy
        if accuracy >= GOAL:
            break
    return spent, accuracy, seen


def race_ours(seed: int, threads: int) -> tuple[float, float, int]:
    """Seconds of our fastest preset, all of it; its accuracy on the test set, and how many images it saw."""
    if threads:
        torch.set_num_threads(threads)
    digits, test = mnist_module.load(train=True), mnist_module.load(train=False)
    settings = replace(PRESETS["fast"].settings, seed=seed)
    began = time.perf_counter()
    training = Training(gather(digits, settings), settings)
    seen = sum(event.images for event in training if isinstance(event, Step))
    return time.perf_counter() - began, evaluate(training.evaluated_model, test).accuracy, seen


def measure_start() -> float:
    """Seconds from the press of Start to the end of the first step, of the usual settings, in a warm server: the median
    of three runs, each of which is discarded."""
    digits, found = mnist_module.load(train=True), []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            job = TrainingJob(lambda train: digits, Path(folder) / "runs", Path(folder) / "models")
            began = time.perf_counter()
            job.start(NewRun(TrainingSettings()))
            while isinstance(now := job.snapshot(), Live) and not now.step:
                time.sleep(0.005)
            found.append(time.perf_counter() - began)
            job.stop(keep=False)
            job.wait()
    return statistics.median(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--race", action="store_true", help="also wall-clock to the reference app's accuracy")
    parser.add_argument("--seeds", type=int, default=5, help="of the race; the medians count")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves the choice to torch")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    defaults = TrainingSettings()
    plain = replace(defaults, augmentation="none", epochs=1000)  # the reference loop augments nothing either
    precision = choose_precision(defaults, torch.device("cpu"))
    chip = name_processor(torch.device("cpu"))
    conditions = result_file.start()
    rows: list[Row] = []
    print(f"{chip}, {torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}")
    print(f"our precision: {precision}; medians of {ROUNDS} interleaved rounds of {IMAGES} images, lowest to highest")
    found = measure_rates(
        {
            "reference": None,
            **{f"ours at batch {size}": replace(plain, batch_size=size) for size in SIZES},
            f"ours at batch {defaults.batch_size} with {defaults.augmentation} augmentation": replace(
                plain, augmentation=defaults.augmentation
            ),
        },
        options.threads,
    )
    for name, rates in found.items():
        print(f"{name}: {statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f}) images/s")
        is_detail = name not in ("reference", f"ours at batch {defaults.batch_size}")
        rows.append(Row(name, statistics.median(rates), "images/s", digits=0, is_detail=is_detail))
        rows.append(Row(f"{name}, lowest", min(rates), "images/s", digits=0, is_detail=True))
        rows.append(Row(f"{name}, highest", max(rates), "images/s", digits=0, is_detail=True))
    ours, theirs = (statistics.median(found[name]) for name in (f"ours at batch {defaults.batch_size}", "reference"))
    print(f"ours {ours:.0f} images/s")
    print(f"reference {theirs:.0f} images/s")
    print(f"ratio {ours / theirs:.2f} (goal: 3.3)")
    rows.append(Row("times as fast as the reference loop", ours / theirs, limit=3.3, is_at_most=False, digits=2))
    augmented = statistics.median(
        found[f"ours at batch {defaults.batch_size} with {defaults.augmentation} augmentation"]
    )
    slower = 100 * (ours / augmented - 1)
    print(f"a step takes {slower:.0f} % longer with {defaults.augmentation} augmentation (goal: at most 10 %)")
    rows.append(
        Row(f"a step with {defaults.augmentation} augmentation takes longer by", slower, "%", limit=10, digits=0)
    )
    limits = measure_limits(precision)
    limit = max(limits.values())
    print("peaks: " + ", ".join(f"{name} {rate:.0f} GFLOP/s" for name, rate in limits.items()))
    rows += [Row(f"peak: {name}", rate, "GFLOP/s", digits=0, is_detail=True) for name, rate in limits.items()]
    for size in SIZES[1:]:
        rate = statistics.median(found[f"ours at batch {size}"])
        share = rate * MEGAFLOP / 1000 / limit
        print(f"share of the limit at batch {size}: {share:.0%} (goal: 70 %)")
        rows.append(
            Row(f"share of the machine's peak at batch {size}", 100 * share, "%", limit=70, is_at_most=False, digits=0)
        )
    start = measure_start()
    print(f"from Start to the end of the first step: {start:.2f} s (goal: 1.5 s)")
    rows.append(Row("from Start to the end of the first step", start, "s", limit=1.5, digits=2))
    if options.race:
        rows += race(options.seeds, options.threads)
    result_file.write(Result("training", result_file.command_line(), conditions, tuple(rows)))


if __name__ == "__main__":
    main()

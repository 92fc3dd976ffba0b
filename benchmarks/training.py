"""How fast we train, beside the reference app's own loop and beside what this machine can do at most.

python benchmarks/training.py                    # images a second, interleaved, medians; two minutes
python benchmarks/training.py --race             # also wall-clock to the reference app's 98.9 %; a quarter of an hour

Needs an idle machine. The test set is only measured here, never chosen by: recipes were fixed on the validation split.
"""

import argparse
import dataclasses
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from core import data
from core.config import DATA_FOLDER, PRESETS, TrainingSettings
from core.evaluate import evaluate
from core.train import Training, choose_precision

ROUNDS = 5
IMAGES = 2048  # a round, after one step to warm up
MEGAFLOP = 82.0  # of one image's training step: three times the forward pass but for the first layer's input gradient


class ReferenceNetwork(nn.Module):
    """The reference app's network as its notebook writes it: ReLU before the pool, torch's own dropout."""

    def __init__(self) -> None:
        """Random weights."""
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)
        self.fc1, self.fc2 = nn.Linear(3136, 1024), nn.Linear(1024, 10)

    def logits(self, digits: torch.Tensor) -> torch.Tensor:
        """(B, 1, 28, 28) float32 -> (B, 10)."""
        x = F.max_pool2d(F.relu(self.conv1(digits)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.dropout(F.relu(self.fc1(x.flatten(1))), 0.5, self.training))

    def forward(self, digits: torch.Tensor) -> torch.Tensor:
        """Log-probabilities."""
        return F.log_softmax(self.logits(digits), dim=1)


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
    """MNIST as the reference app reads it, one picture at a time."""
    from torchvision import datasets, transforms

    data.load(train=True)  # unpacks it
    mnist = datasets.MNIST(str(DATA_FOLDER / "unpacked"), train=True, transform=transforms.ToTensor())
    return DataLoader(mnist, batch_size=128, shuffle=True)


def time_steps(steps: Iterator[int]) -> float:
    """Images a second."""
    next(steps)
    began, images = time.perf_counter(), 0
    while images < IMAGES:
        images += next(steps)
    return images / (time.perf_counter() - began)


def run_ours(digits: data.DigitSet, settings: TrainingSettings) -> Iterator[int]:
    """Our own loop, as the page and the script run it."""
    return (
        event.images for event in Training(digits, digits.pick(torch.arange(10)), settings) if hasattr(event, "loss")
    )


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
    layer = nn.Conv2d(32, 64, 5, padding=2).to(precision, memory_format=torch.channels_last)
    x = torch.rand(256, 32, 14, 14, dtype=precision).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        return {
            "matrix product": measure_peak(lambda: a @ b, 2 * 2048**3),
            "convolution": measure_peak(lambda: layer(x), 2 * 256 * 14 * 14 * 64 * 32 * 25),
        }


def race(digits: data.DigitSet, test: data.DigitSet, seeds: int = 3) -> None:
    """Wall-clock to 98.9 % on the test set: the reference loop epoch by epoch, ours by its fastest preset."""
    torch.manual_seed(0)
    model, loader, began, spent = ReferenceNetwork(), make_loader(), 0.0, 0.0
    for epoch in range(1, 31):
        began = time.perf_counter()
        for _ in run_reference(model, loader):
            pass
        spent += time.perf_counter() - began
        accuracy = evaluate(model, test).accuracy
        print(f"reference epoch {epoch}: {accuracy:.2%} after {spent:.0f} s of training", flush=True)
        if accuracy > 0.989:
            break
    times = []
    for seed in range(seeds):
        settings = dataclasses.replace(PRESETS["fast"].settings, seed=seed)
        training = Training(*data.split(digits, settings), settings)
        began = time.perf_counter()
        for _ in training:
            pass
        times.append(time.perf_counter() - began)
        print(
            f"ours, seed {seed}: {evaluate(training.candidate, test).accuracy:.2%} after {times[-1]:.1f} s", flush=True
        )
    print(f"ours takes 1/{spent / statistics.median(times):.1f} of the reference loop's time (goal: 1/10)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--race", action="store_true", help="also wall-clock to the reference app's accuracy")
    parser.add_argument("--threads", type=int, default=0, help="processor threads; 0 leaves the choice to torch")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    digits = data.load(train=True)
    settings = PRESETS["fast"].settings
    precision = choose_precision(settings, torch.device("cpu"))
    chip = torch.cpu.get_capabilities().get("cpu_name") or platform.processor()
    print(f"{chip}, {torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}")
    print(f"our precision: {precision}; medians of {ROUNDS} interleaved rounds of {IMAGES} images, lowest to highest")
    loader, model = make_loader(), ReferenceNetwork()
    sizes = (settings.batch_size, 256, 512)
    found: dict[str, list[float]] = {"reference": [], **{f"ours at batch {size}": [] for size in sizes}}
    for _ in range(ROUNDS):
        found["reference"].append(time_steps(run_reference(model, loader)))
        for size in sizes:
            sized = dataclasses.replace(settings, batch_size=size)
            found[f"ours at batch {size}"].append(time_steps(run_ours(digits, sized)))
    for name, rates in found.items():
        print(f"{name}: {statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f}) images/s")
    ours, theirs = (statistics.median(found[name]) for name in (f"ours at batch {settings.batch_size}", "reference"))
    print(f"ours {ours:.0f} images/s")
    print(f"reference {theirs:.0f} images/s")
    print(f"ratio {ours / theirs:.2f} (goal: 3.3)")
    limits = measure_limits(precision)
    limit = max(limits.values())
    print("peaks: " + ", ".join(f"{name} {rate:.0f} GFLOP/s" for name, rate in limits.items()))
    for size in sizes[1:]:
        rate = statistics.median(found[f"ours at batch {size}"])
        print(f"share of the limit at batch {size}: {rate * MEGAFLOP / 1000 / limit:.0%} (goal: 70 %)")
    if options.race:
        race(digits, data.load(train=False))


if __name__ == "__main__":
    main()

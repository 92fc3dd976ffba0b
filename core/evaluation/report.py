"""A model's answers on a labelled set; every figure derives from them.

The standard metrics are scikit-learn's and scipy's, imported where they are called: 69 MB and 0.8 s, paid by the first
who evaluates and by nobody who only predicts. torchmetrics would take 258 MB and 3 s, since it imports
torchvision; its calibration error, the one figure scikit-learn lacks, is a sum over the bins the page draws anyway.
"""

from __future__ import annotations

import contextlib
import copy
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from core import words
from core.data.digits import DigitSet
from core.network.architectures import Network, to_input
from core.network.prediction import Verdict, judge

if TYPE_CHECKING:
    from core.evaluation.testset import TestSet
    from core.network.checkpoint import Checkpoint
    from core.network.rejection import Rejection

BATCH = 128  # images: large enough to fill two cores, small enough to stay in their cache
CALIBRATION_BINS = 15
GRADED_FROM = 300  # pictures: of fewer, the calibration error is mostly chance, and it errs upwards
ERROR_ORDERS = ("Most confident", "Least confident", "Closest second")
REFUSED_SHARES = (0.01, 0.05, 0.10)  # shares of the least sure answers, whose refusal the pages describe

Progress = Callable[[float], object]  # told the share done, 0 to 1


@dataclass(frozen=True)
class DigitScore:
    """The scores of one digit. Shares are 0 to 1, or None where nothing was there to divide by."""

    digit: int
    precision: float | None  # of the answers that named it, the share that was right
    recall: float | None  # of the pictures that show it, the share that was read right
    f1: float | None  # harmonic mean of the two
    support: int  # pictures that show it
    named: int = 0  # answers that named it

    @property
    def recall_interval(self) -> tuple[float, float]:
        """The 95 % interval of the recall, 0 to 1."""
        return wilson_interval(round((self.recall or 0) * self.support), self.support)

    @property
    def precision_interval(self) -> tuple[float, float]:
        """The 95 % interval of the precision, 0 to 1."""
        return wilson_interval(round((self.precision or 0) * self.named), self.named)


@dataclass(frozen=True)
class Average:
    """Precision, recall and F1 over all digits, 0 to 1. `kind` is "macro", each digit counts the same, or "weighted",
    each as often as it was shown."""

    kind: str
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Bin:
    """The answers, one at least, whose confidence lies in (low, high]: their number, mean confidence and accuracy."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, 0 to 1."""
        return wilson_interval(round(self.accuracy * self.count), self.count)


@dataclass(frozen=True)
class Report:
    """What a model said of a labelled set: `labels` (N,) int64 in 0..9, `logits` (N, 10) float32. `digit_logits` (N,)
    float32 is what its out-of-distribution (OOD) detector said, the log-odds in nats that a picture shows a digit at
    all; None where it has none.

    Logits rather than probabilities, because every temperature's probabilities follow from them:
    softmax(logits / temperature). Functions that speak of confidence take the temperature; 1 is the bare network.
    """

    labels: Tensor
    logits: Tensor
    digit_logits: Tensor | None = None

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.labels)

    @cached_property
    def answers(self) -> Tensor:
        """The digit with the highest score: (N,) int64."""
        return self.logits.argmax(1)

    @cached_property
    def is_right(self) -> Tensor:
        """Where the answer is the label: (N,) bool."""
        return self.answers == self.labels

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return self.is_right.double().mean().item()

    @property
    def errors(self) -> int:
        """How many answers are wrong."""
        return int((~self.is_right).sum())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Where the accuracy on many more such pictures lies with 95 % probability: low and high, 0 to 1."""
        return wilson_interval(len(self) - self.errors, len(self))

    def loss(self, temperature: float = 1.0) -> float:
        """Mean negative log-probability of the right digit, in nats, with logits divided by `temperature`."""
        return F.cross_entropy(self.logits / temperature, self.labels).item()

    def pick(self, index: Tensor) -> Report:
        """What the model said of the pictures at `index` (M,) int64, in that order."""
        detected = None if self.digit_logits is None else self.digit_logits[index]
        return Report(self.labels[index], self.logits[index], detected)

    def verdicts(self, temperature: float, rejection: Rejection | None) -> tuple[Verdict, ...]:
        """How sure Predict would call each answer; `rejection` is the detector whose `digit_logits` these are."""
        rows = self.probabilities(temperature).tolist()
        detected = [None] * len(self) if self.digit_logits is None else self.digit_logits.tolist()
        return tuple(judge(tuple(row), logit, rejection)[0] for row, logit in zip(rows, detected, strict=True))

    def probabilities(self, temperature: float = 1.0) -> Tensor:
        """(N, 10) float32, each row adding up to 1."""
        return F.softmax(self.logits / temperature, dim=1)

    def probabilities_of(self, index: int, temperature: float = 1.0) -> tuple[float, ...]:
        """The ten probabilities of one picture, in digit order."""
        return tuple(F.softmax(self.logits[index] / temperature, dim=0).tolist())

    def confidence(self, temperature: float = 1.0) -> Tensor:
        """The probability of each answer: (N,) float32 in 0.1..1."""
        return self.probabilities(temperature).amax(1)

    def margin(self, temperature: float = 1.0) -> Tensor:
        """How far the second-best digit lies behind the answer: (N,) float32, probability in 0..1."""
        best = self.probabilities(temperature).topk(2, dim=1).values
        return best[:, 0] - best[:, 1]

    @cached_property
    def confusion(self) -> Tensor:
        """How often each true digit (row) was read as each digit (column): (10, 10) int64."""
        from sklearn.metrics import confusion_matrix

        return torch.from_numpy(confusion_matrix(self.labels, self.answers, labels=range(10)))

    @cached_property
    def per_digit(self) -> tuple[DigitScore, ...]:
        """Precision, recall, F1 and support of each digit, 0 to 9."""
        from sklearn.metrics import precision_recall_fscore_support

        table = precision_recall_fscore_support(self.labels, self.answers, labels=range(10), zero_division=math.nan)
        named = self.confusion.sum(0).tolist()
        return tuple(
            DigitScore(digit, _share(precision), _share(recall), _share(f1), int(support), named[digit])
            for digit, (precision, recall, f1, support) in enumerate(zip(*table, strict=True))
        )

    @cached_property
    def averages(self) -> tuple[Average, Average]:
        """Precision, recall and F1 over the digits that are shown or named: macro, and weighted by pictures. A digit
        that was never named has a precision of 0 here, as scikit-learn's users know it."""
        from sklearn.metrics import precision_recall_fscore_support

        def average(kind: str) -> Average:
            scores = precision_recall_fscore_support(self.labels, self.answers, average=kind, zero_division=0)
            return Average(kind, *(float(score) for score in scores[:3]))

        return average("macro"), average("weighted")

    @property
    def top2_accuracy(self) -> float:
        """Share of pictures whose label is one of the two most likely digits, 0 to 1."""
        return (self.logits.topk(2, dim=1).indices == self.labels.unsqueeze(1)).any(1).double().mean().item()

    def brier(self, temperature: float = 1.0) -> float:
        """Brier's score: the squared distance between the ten probabilities and the truth, on average, 0 to 2."""
        truth = F.one_hot(self.labels, 10)
        return (self.probabilities(temperature) - truth).double().pow(2).sum(1).mean().item()

    def behind_cell(self, true: int, predicted: int, temperature: float = 1.0, order: str = ERROR_ORDERS[0]) -> Tensor:
        """The pictures behind one cell of the confusion matrix, in one of `ERROR_ORDERS`: (M,) int64 indices."""
        return self._in_order((self.labels == true) & (self.answers == predicted), temperature, order)

    def worst_pair(self) -> tuple[int, int]:
        """True and predicted digit of the most frequent confusion; the commonest digit itself where nothing is
        confused."""
        confused = self.confusion.clone().fill_diagonal_(0) if self.errors else self.confusion
        return divmod(int(confused.argmax()), 10)

    def wrong(self, temperature: float = 1.0) -> Tensor:
        """The misread pictures, the most confident first: (M,) int64 indices."""
        return self._surest_first(~self.is_right, temperature)

    def find_errors(
        self,
        true: int | None = None,
        predicted: int | None = None,
        confidence: tuple[float, float] = (0.0, 1.0),
        order: str = ERROR_ORDERS[0],
        temperature: float = 1.0,
    ) -> Tensor:
        """The misread pictures of one true digit, one answer, within a range of confidence, in one of `ERROR_ORDERS`:
        (M,) int64 indices. None stands for any digit."""
        sure = self.confidence(temperature)
        chosen = ~self.is_right & (sure >= confidence[0]) & (sure <= confidence[1])
        if true is not None:
            chosen &= self.labels == true
        if predicted is not None:
            chosen &= self.answers == predicted
        return self._in_order(chosen, temperature, order)

    def reliability(self, temperature: float = 1.0, bins: int = CALIBRATION_BINS) -> tuple[Bin, ...]:
        """The answers sorted into `bins` equally wide bins of confidence, lowest first; empty ones are left out."""
        confidence, right = self.confidence(temperature).double(), self.is_right.double()
        place = self._bin_places(temperature, bins)
        counts, sure, hits = (
            torch.zeros(bins, dtype=torch.float64).index_add_(0, place, weight).tolist()
            for weight in (torch.ones_like(right), confidence, right)
        )
        return tuple(
            Bin(i / bins, (i + 1) / bins, round(counts[i]), sure[i] / counts[i], hits[i] / counts[i])
            for i in range(bins)
            if counts[i]
        )

    def calibration_error(self, temperature: float = 1.0, bins: int = CALIBRATION_BINS) -> float:
        """Expected calibration error: how far confidence and accuracy lie apart, averaged over the answers, 0 to 1.

        Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (2015).
        """
        filled = self.reliability(temperature, bins)
        return sum(abs(entry.confidence - entry.accuracy) * entry.count for entry in filled) / len(self)

    def calibration_interval(self, temperature: float = 1.0, bins: int = CALIBRATION_BINS) -> tuple[float, float]:
        """The 95 % interval of the calibration error, 0 to 1; the same at every call.

        Its upper end is a bootstrap's of the gap between confidence and accuracy in each bin, whose means are taken as
        normal. The error of a small set comes out too high, so its lower end is what is left after the most that chance
        alone would give: 0 where a perfectly calibrated model with these confidences could have it too.
        """
        place, count = self._bin_places(temperature, bins), len(self)
        confidence = self.confidence(temperature).double()
        gaps = (self.is_right.double() - confidence) / count
        mean, square, chance = (
            torch.zeros(bins, dtype=torch.float64).index_add_(0, place, weight)
            for weight in (gaps, gaps.pow(2), confidence * (1 - confidence) / count**2)
        )
        held = torch.bincount(place, minlength=bins).clamp(min=1)
        deviation = (square - mean.pow(2) / held).clamp(min=0).sqrt()
        rng = torch.Generator().manual_seed(0)
        drawn = torch.randn(2000, bins, generator=rng, dtype=torch.float64)
        most = (mean + deviation * drawn).abs().sum(1).quantile(0.975).item()
        by_chance = (chance.sqrt() * drawn).abs().sum(1).quantile(0.975).item()
        error = self.calibration_error(temperature, bins)
        return max(0.0, error - by_chance), max(most, error)

    def calibration_grade(self, temperature: float = 1.0) -> str | None:
        """The calibration error in a word: "Good" below 1 %, "Fair" below 3 %, else "Poor"; two of them where its
        interval reaches from one to the next, and None where it tells nothing: it reaches from the first to the
        last, or there are fewer than `GRADED_FROM` pictures."""
        if len(self) < GRADED_FROM:
            return None
        low, high = (_grade(error) for error in self.calibration_interval(temperature))
        if (low, high) == ("Good", "Poor"):
            return None
        return low if low == high else f"{low} to {high.lower()}"

    def accuracy_when_refusing(self, share: float, temperature: float = 1.0) -> float:
        """Accuracy of the answers left when the least sure `share` (0 to below 1) is refused, 0 to 1."""
        return self._accuracies_when_refusing([share], temperature)[0]

    def coverage_curve(self, most: float = 0.2, steps: int = 80, temperature: float = 1.0) -> list[tuple[float, float]]:
        """Pairs of refused share, 0 to `most`, and the accuracy of the answers left, both 0 to 1."""
        shares = [most * step / steps for step in range(steps + 1)]
        return list(zip(shares, self._accuracies_when_refusing(shares, temperature), strict=True))

    def behind_bin(self, low: float, high: float, temperature: float = 1.0) -> Tensor:
        """The pictures whose confidence lies in (low, high], the misread ones first, then the most confident: (M,)
        int64 indices."""
        confidence = self.confidence(temperature).double()
        members = self._surest_first((confidence > low) & (confidence <= high), temperature)
        return members[self.is_right[members].int().argsort(stable=True)]

    def _bin_places(self, temperature: float, bins: int) -> Tensor:
        """Which bin of confidence each answer lies in: (N,) int64. A confidence on a border belongs to the bin below
        it, as in Guo et al. (2017)."""
        confidence = self.confidence(temperature).double()
        return (confidence * bins).ceil().long().clamp(1, bins) - 1

    def _in_order(self, chosen: Tensor, temperature: float, order: str) -> Tensor:
        members = self._surest_first(chosen, temperature)
        if order == "Least confident":
            return members.flip(0)
        if order == "Closest second":
            return members[self.margin(temperature)[members].argsort(stable=True)]
        return members

    def _surest_first(self, chosen: Tensor, temperature: float) -> Tensor:
        members = torch.nonzero(chosen).flatten()
        return members[self.confidence(temperature)[members].argsort(descending=True, stable=True)]

    def _accuracies_when_refusing(self, shares: list[float], temperature: float) -> list[float]:
        surest_first = self.confidence(temperature).argsort(descending=True, stable=True)
        hits = self.is_right[surest_first].double().cumsum(0)
        kept = [max(1, len(self) - math.floor(share * len(self))) for share in shares]
        return [hits[count - 1].item() / count for count in kept]


@dataclass(frozen=True)
class Evaluation:
    """A report with where it comes from. `temperature` is the one fitted on the model's validation split, `verdicts`
    say how sure Predict calls each answer. The report has the pictures read as one digit; `no_digit` and `numbers`
    count those that the model took for something else."""

    model: str
    version: str
    data: str
    when: datetime
    report: Report
    temperature: float = 1.0
    no_digit: int = 0
    numbers: int = 0
    verdicts: tuple[Verdict, ...] = ()

    def pick(self, index: Tensor) -> Evaluation:
        """The same for the pictures at `index` (M,) int64, in that order."""
        verdicts = tuple(self.verdicts[at] for at in index.tolist()) if self.verdicts else ()
        return replace(self, report=self.report.pick(index), verdicts=verdicts)

    @property
    def source(self) -> str:
        """One line that names model, version, data and time, to stand under every figure."""
        return (
            f"{self.model} {self.version} · {self.data}, {words.count(len(self.report), 'picture')} · "
            f"computed {words.time(self.when)}"
        )


def evaluate(
    model: Network, digits: DigitSet, progress: Progress | None = None, rejection: Rejection | None = None
) -> Report:
    """Ask the model about every digit, and its `rejection` where one is given. The model itself is only read.

    `progress` is told the share done, 0 to 1, after each batch; an exception it raises ends the work.
    """
    # A copy in channels-last order: the convolutions take half the time, and nobody else's model changes its order.
    reader = copy.deepcopy(model).to(memory_format=torch.channels_last).eval()

    def answer(images: Tensor) -> Tensor:
        """(B, 28, 28) uint8 -> (B, 10) float32, and one column more for the detector where there is one."""
        with torch.inference_mode():
            pixels = to_input(images).contiguous(memory_format=torch.channels_last)
            if rejection is None:
                return reader.logits(pixels)
            features = reader.features(pixels)
            return torch.cat([reader.classify(features), rejection.digit.score(features)[:, None]], 1)

    batches, logits = digits.images.split(BATCH) if len(digits) else (), []
    with _workers(len(batches), digits.images.device) as workers:
        for done, part in enumerate((workers.map if workers else map)(answer, batches), start=1):
            logits.append(part)
            if progress:
                progress(done / len(batches))
    found = torch.cat(logits) if logits else torch.zeros(0, 10 if rejection is None else 11)
    return Report(digits.labels, found[:, :10], None if rejection is None else found[:, 10])


@contextlib.contextmanager
def _workers(batches: int, device: torch.device) -> Iterator[ThreadPoolExecutor | None]:
    """A pool of as many threads as torch may use here, each with batches of its own; None where one thread is enough.

    Threads that share a batch wait for each other by spinning: beside other work 10,000 digits took 12 s instead of 2.
    """
    count = min(torch.get_num_threads(), batches)
    if count < 2 or device.type != "cpu":
        yield None
        return
    workers = ThreadPoolExecutor(count, "evaluate", initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)


def measure(model: Checkpoint, digits: TestSet, progress: Progress | None = None) -> Evaluation:
    """A model's answers on a set, with where they come from. `progress` as in `evaluate`.

    The temperature is the one among the model's facts; where there is none it is fitted on the model's validation
    split first. Raises `DataError` where MNIST is needed for that and can't be had.
    """
    from core.evaluation import testset  # reads pictures and tables, which training never needs

    temperature = model.temperature
    if "temperature" not in model.facts:
        temperature = fit_temperature(evaluate(model.model, testset.validation(model.facts).digits))
    answers = evaluate(model.model, digits.digits, progress, model.rejection)
    return Evaluation(
        model.name,
        model.version,
        digits.name,
        datetime.now().astimezone(),
        answers,
        temperature,
        no_digit=digits.count_read_as(testset.ReadAs.NO_DIGIT),
        numbers=digits.count_read_as(testset.ReadAs.NUMBER),
        verdicts=digits.verdicts or answers.verdicts(model.temperature, model.rejection),
    )


def use_all_cores() -> None:
    """Let torch work on every core from here on, on this thread: Predict answers with one."""
    torch.set_num_threads(os.cpu_count() or 1)


def fit_temperature(report: Report) -> float:
    """The temperature at which the report's loss is least: above 1 the model was too sure, below 1 too shy.

    Guo et al., "On calibration of modern neural networks" (2017). Answers stay the same; only confidence moves.
    """
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda scale: report.loss(math.exp(scale)), bounds=(math.log(0.05), math.log(20)), method="bounded"
    )
    return round(math.exp(found.x), 4)


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share, 0 to 1; all of 0 to 1 where nothing was tried. Unlike the usual +- it stays
    inside 0..1 and makes sense near 100 %. Wilson, "Probable inference" (1927)."""
    if not trials:
        return 0.0, 1.0
    from scipy.stats import binomtest

    interval = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def _grade(error: float) -> str:
    return "Good" if error < 0.01 else "Fair" if error < 0.03 else "Poor"


def _share(value: float) -> float | None:
    """A share as scikit-learn gives it, with None in place of its not-a-number."""
    return None if math.isnan(value) else float(value)

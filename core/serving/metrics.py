"""What a monitor may know of a server, in Prometheus' text format: readings, refusals, the run, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.reading.reader import Reading
from core.serving.seats import Seats
from core.training.job import Live, Over, Phase, Snapshot

# Seconds; a drawing takes 0.02, a page of handwriting up to some.
BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STATES = ("idle", *Phase, "over")


class Metrics:
    """The figures of one server."""

    def __init__(self, seats: Seats, snapshot: Callable[[], Snapshot]) -> None:
        """`snapshot` says how the training run stands."""
        self._registry = CollectorRegistry()
        self._readings = Counter(
            "digit_lab_readings", "Pictures that were read, by pages and API.", ["verdict"], registry=self._registry
        )
        self._seconds = Histogram(
            "digit_lab_reading_seconds", "Time to read one picture.", buckets=BUCKETS, registry=self._registry
        )
        self._refusals = Counter(
            "digit_lab_refusals", "Requests to the API that were refused.", ["status"], registry=self._registry
        )
        self._refused = Counter(
            "digit_lab_refused_pictures", "Pictures that can't be read, by pages and API.", registry=self._registry
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(_Now(seats, snapshot))

    def count_reading(self, reading: Reading, seconds: float) -> None:
        """Hear of a picture that was read in so many `seconds`."""
        self._readings.labels(reading.verdict).inc()
        self._seconds.observe(seconds)

    def count_refused_picture(self) -> None:
        """Hear of a picture that can't be read."""
        self._refused.inc()

    def count_refusal(self, status: int) -> None:
        """Hear of a request that was refused with this HTTP status."""
        self._refusals.labels(str(status)).inc()

    def write(self) -> bytes:
        """All figures as they are now."""
        return generate_latest(self._registry)


class _Now(Collector):
    """What is asked when somebody looks, instead of being counted."""

    def __init__(self, seats: Seats, snapshot: Callable[[], Snapshot]) -> None:
        self._seats, self._snapshot = seats, snapshot

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("digit_lab_requests", "Requests that are read or wait.", value=self._seats.taken)
        yield GaugeMetricFamily("digit_lab_requests_most", "Requests that may.", value=self._seats.count)
        snapshot = self._snapshot()
        state = snapshot.phase if isinstance(snapshot, Live) else "over" if isinstance(snapshot, Over) else "idle"
        run = GaugeMetricFamily("digit_lab_run", "1 for the state the training run is in.", labels=["state"])
        for one in STATES:
            run.add_metric([one], float(one == state))
        yield run
        step = snapshot.step if isinstance(snapshot, Live) else 0
        yield GaugeMetricFamily("digit_lab_run_step", "Training steps of the run that is going on.", value=step)

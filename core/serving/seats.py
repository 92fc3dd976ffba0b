"""A bounded queue: so many requests are read or wait at a time, and what comes beyond is asked to come back."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from core.serving.bodies import MOST_HELD
from core.serving.problems import Problem

T = TypeVar("T")

CORES = os.cpu_count() or 1
A_CORE = 16  # requests that wait or are read for each core: some 0.5 s of waiting with pictures of 300 x 300 pixels
USUAL = 0.05  # seconds a request is expected to take before the first was measured
MEMORY = 0.9  # share of what was expected that stays when a request has taken its time


class Seats:
    """Requests that have been let in. All but `work`'s function run on the server's event loop: nothing is locked."""

    def __init__(self, count: int = A_CORE * CORES, workers: int = CORES, most_bytes: int = MOST_HELD) -> None:
        """`count` requests at once at most, of which `workers` are read and the others wait; together they bring at
        most `most_bytes`."""
        self.count, self.taken = count, 0
        self._most_bytes, self._held = most_bytes, 0
        self._workers = ThreadPoolExecutor(workers, "api")
        self._width = workers
        self._seconds = USUAL

    @contextmanager
    def take(self, size: int = 0) -> Iterator[None]:
        """A seat while a request of `size` bytes is answered. Raises a `Problem` (429) with `Retry-After` where none is
        free."""
        is_too_much = self._held + size > self._most_bytes and self.taken
        if self.taken >= self.count or is_too_much:
            wait = max(1, math.ceil(self.taken * self._seconds / self._width))
            sentence = (
                f"{self.taken} requests are waiting already, as many or as large as may be. Try again in {wait} s."
            )
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, sentence, {"Retry-After": str(wait)})
        self.taken, self._held = self.taken + 1, self._held + size
        try:
            yield
        finally:
            self.taken, self._held = self.taken - 1, self._held - size

    async def work(self, function: Callable[[], T]) -> T:
        """What `function` gives, called on one of the threads when its turn comes."""

        def measured() -> tuple[T, float]:
            start = time.perf_counter()
            return function(), time.perf_counter() - start

        result, seconds = await asyncio.get_running_loop().run_in_executor(self._workers, measured)
        self._seconds = MEMORY * self._seconds + (1 - MEMORY) * seconds
        return result

"""How much a guest may have read in an hour, so that one visitor leaves something for the others."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

from core.access.roles import Visitor

HOUR = 3600.0  # seconds
PICTURES = 500  # that a guest may have read in an hour: a class's scans; some half a minute of two cores
MOST_GUESTS = 10_000  # remembered at once


class Allowance:
    """So many of something for each guest in an hour; the owner has no limit. For any thread."""

    def __init__(self, most: int = PICTURES) -> None:
        """Nothing has been taken yet."""
        self.most = most
        self._lock = threading.Lock()
        self._taken: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()

    def take(self, visitor: Visitor, count: int) -> bool:
        """Whether this visitor may have `count` more now; counted where they may."""
        if visitor.is_owner:
            return True
        now = time.monotonic()
        with self._lock:
            taken = self._taken.setdefault(visitor.id, deque())
            self._taken.move_to_end(visitor.id)
            while len(self._taken) > MOST_GUESTS:
                self._taken.popitem(last=False)
            while taken and now - taken[0][0] >= HOUR:
                taken.popleft()
            if sum(number for _, number in taken) + count > self.most:
                return False
            taken.append((now, count))
            return True

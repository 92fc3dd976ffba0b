"""How every page describes a run that is under way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.training.job import Live

PHASES = {
    "preparing": "getting ready",
    "running": "training",
    "drawing": "drawing non-digits and digits of other writers",
    "paused": "paused",
    "stopping": "stopping",
    "finishing": "keeping the model",
}


def phase(snapshot: Live) -> str:
    """What a live run is doing, to be used within a sentence: "training", "paused"."""
    if snapshot.phase in ("running", "finishing") and snapshot.run.base and share(snapshot) == 1:
        return "measuring what it reads now, and what it forgot"  # a fine-tuned copy, beside the model it came from
    return PHASES[snapshot.phase]


def share(snapshot: Live) -> float:
    """The progress of a live run, 0 to 1."""
    return min(1.0, snapshot.step / max(1, snapshot.run.steps))


def loss(value: float) -> str:
    """A loss in nats as a figure that fits its place: 0.1234, 12.3, 2.4e+12; "no number" when it overflowed."""
    if not math.isfinite(value):
        return "no number"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.3g}" if abs(value) < 1e5 else f"{value:.1e}"

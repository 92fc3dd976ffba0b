"""Figures in the words of a page: shares in percent, counts with their noun, durations and times."""

from datetime import datetime

SPACE = "\u00a0"  # the sign never starts a line of its own


def percent(share: float | None) -> str:
    """0.9957 -> "99.57 %"; a dash where there was nothing to divide by."""
    return "–" if share is None else f"{100 * share:.2f}{SPACE}%"


def count(number: int, noun: str) -> str:
    """ "1 picture", "2,000 pictures"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A duration as people say it: 1 s, 12 min, 2.5 h."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5940:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def show_time(when: datetime) -> str:
    """2026-01-02 03:04 UTC."""
    return f"{when:%Y-%m-%d %H:%M} {when.tzname() or ''}".rstrip()


def rough_percent(share: float) -> str:
    """0.0453 -> "4.5 %"; what is next to nothing is said so."""
    return "less than 0.1\u00a0%" if share < 0.001 else f"{100 * share:.1f}\u00a0%"


def article(digit: int | str) -> str:
    """ "a" or "an", as a digit wants it."""
    return "an" if str(digit) == "8" else "a"


def a_digit(digit: int | str) -> str:
    """A digit with its article: "a 7", "an 8"."""
    return f"{article(digit)} {digit}"

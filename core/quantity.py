"""Quantities as a reader wants them: shares in percent, counts with their noun."""

SPACE = "\u00a0"  # the sign never starts a line of its own


def percent(share: float | None) -> str:
    """0.9957 -> "99.57 %"; a dash where there was nothing to divide by."""
    return "–" if share is None else f"{100 * share:.2f}{SPACE}%"


def count(number: int, noun: str) -> str:
    """ "1 picture", "2,000 pictures"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

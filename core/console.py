"""What every script shares with the terminal: one encoding, a quiet end by Ctrl-C or a closed pipe, progress."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")

INTERRUPTED = 130  # as shells report a program that Ctrl-C ended
PIPE_CLOSED = 141  # ... and one whose reader had seen enough, as in `| head`


def run(main: Callable[[], int]) -> int:
    """A script's `main`, begun and ended as terminals, pipes and files want it; gives the exit code.

    Into pipes and files goes UTF-8, whatever the console's own encoding is: any name can be written, and the same
    command gives the same file everywhere. On a terminal what it has no letter for is written as Python writes it.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a test may have put something else there
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()  # now, not when Python ends, where nobody would catch it
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return PIPE_CLOSED
    return code


def _forget_output() -> None:
    """Python flushes once more as it ends, and would complain of the closed pipe after all."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Progress:
    """Says "12 of 500" on standard error where that is a terminal; nothing elsewhere, and nothing of one thing."""

    def __init__(self, count: int, stream: TextIO | None = None) -> None:
        """Of `count` things that will be done."""
        self._stream = stream or sys.stderr
        self._count = count
        self._done = 0
        self._shown = ""
        self._is_shown = count > 1 and self._stream.isatty()

    def follow(self, things: Iterable[T]) -> Iterator[T]:
        """The same things, with how many are done while each is in work. Whoever prints one calls `hide` first."""
        try:
            for thing in things:
                self.show()
                yield thing
                self._done += 1
        finally:
            self.hide()

    def show(self) -> None:
        """Write or renew the line."""
        if self._is_shown:
            self.hide()
            self._shown = f"{self._done:,} of {self._count:,}"
            self._stream.write(self._shown)
            self._stream.flush()

    def hide(self) -> None:
        """Take the line away: what is printed next may go to the same terminal."""
        if self._shown:
            self._stream.write("\r" + " " * len(self._shown) + "\r")
            self._stream.flush()
            self._shown = ""

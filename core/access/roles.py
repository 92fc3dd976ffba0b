"""What only the owner may do, checked where it is done: a button that is hidden stops nobody.

An action is marked where it is defined, `@owners_only("delete a run")`, whichever room that is. Who asks is known by
the pages alone: they `introduce` a function that tells. Where nobody was introduced (a script, the thread that trains)
whoever runs the program asks, and may do everything.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

Takes = ParamSpec("Takes")
Gives = TypeVar("Gives")


class NotAllowed(RuntimeError):
    """A guest asked for what needs the owner; the message says so, and how to become it."""


@dataclass(frozen=True)
class Visitor:
    """Who asks: the owner, or a guest by the random `id` of the visit; the owner has none. The `nickname` is what a
    guest wants to be called: it opens nothing, and two may have the same."""

    is_owner: bool
    id: str = ""
    nickname: str = ""


OWNER = Visitor(is_owner=True)
SIGN_IN = "Sign in as the owner in the menu to do this."

# Every action that needs the owner, by what it does, so that a test can call each as a guest.
ACTIONS: dict[str, Callable[..., object]] = {}

_tell: Callable[[], Visitor] = lambda: OWNER  # noqa: E731


def introduce(tell: Callable[[], Visitor]) -> None:
    """From now on `tell` says who asks; it is called in the thread of whoever does."""
    global _tell
    _tell = tell


def visitor() -> Visitor:
    """Who asks now."""
    return _tell()


def check(action: str) -> None:
    """Raise `NotAllowed` where a guest asks to do this: "delete a run"."""
    if not visitor().is_owner:
        raise NotAllowed(f"Guests can't {action}: it would change things for everyone. {SIGN_IN}")


def owners_only(action: str) -> Callable[[Callable[Takes, Gives]], Callable[Takes, Gives]]:
    """Mark a function as one that only the owner may call; `action` says what it does, in words behind "can't"."""

    def mark(function: Callable[Takes, Gives]) -> Callable[Takes, Gives]:
        @functools.wraps(function)
        def checked(*arguments: Takes.args, **options: Takes.kwargs) -> Gives:
            check(action)
            return function(*arguments, **options)

        ACTIONS[f"{function.__module__}.{function.__qualname__}"] = checked
        return checked

    return mark

"""The owner's sign-in as a cookie, so that a reload and another tab know it: signed, for half a day, read by no script.

A page can't set such a cookie, and a passphrase belongs into no address. So a page that has seen the right passphrase
gets a ticket, good once and for a moment, and its browser exchanges that for the cookie (`core/serving/sign_in.py`).
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from pathlib import Path

from core import workspace
from core.access import passphrase

COOKIE = "digit_lab_owner"
LASTS = 12 * 3600  # seconds: a school day
MOMENT = 30.0  # seconds in which a ticket is good: a browser needs a fraction of one

_tickets: dict[str, float] = {}
_lock = threading.Lock()


def make_ticket() -> str:
    """A ticket for a browser whose visitor has just shown the right passphrase."""
    ticket, now = secrets.token_urlsafe(32), time.monotonic()
    with _lock:
        for old in [old for old, until in _tickets.items() if until < now]:
            del _tickets[old]
        _tickets[ticket] = now + MOMENT
    return ticket


def redeem(ticket: str) -> bool:
    """Whether a ticket is good; from then on it isn't."""
    with _lock:
        return _tickets.pop(ticket, 0.0) >= time.monotonic()


def make_cookie() -> str:
    """The cookie's value: until when it counts (Unix time), and a signature. Raises `OSError` when the disk refuses."""
    until = str(int(time.time()) + LASTS)
    return f"{until}.{_sign(until, _key(is_wanted=True))}"


def is_owners(cookie: str) -> bool:
    """Whether a cookie is one of ours, not too old, and of the passphrase that is set now."""
    until, _, signature = cookie.partition(".")
    key = _key()
    if not key or not until.isascii() or not until.isdecimal() or not passphrase.is_set():
        return False
    is_ours = hmac.compare_digest(_sign(until, key).encode(), signature.encode("utf-8", "surrogatepass"))
    left = int(until) - time.time() if is_ours else 0
    return 0 < left <= LASTS + MOMENT  # longer where the clock was set back: sign in once more


def _sign(until: str, key: bytes) -> str:
    """Another passphrase makes other signatures: whoever signed in with the old one is a guest again."""
    return hmac.new(key, f"{until}.{passphrase.fingerprint()}".encode(), "sha256").hexdigest()


def _key(is_wanted: bool = False) -> bytes:
    """The key of this workspace, for all its servers; empty where there is none and none is wanted."""
    path = _path()
    try:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        if not is_wanted:
            return b""
    key = secrets.token_bytes(32)
    workspace.write_atomically(path, key.hex().encode(), mode=0o600)
    return key


def _path() -> Path:
    return workspace.here().access / "session-key.txt"

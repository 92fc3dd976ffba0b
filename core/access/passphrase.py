"""The owner's passphrase: kept as a scrypt hash (RFC 7914), compared in constant time, five wrong tries a minute."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import secrets
import threading
import time
from collections import deque
from pathlib import Path

from core import workspace

COST, BLOCK, PARALLEL = 2**15, 8, 1  # scrypt's N, r, p: 32 MB and a tenth of a second for each try
MEMORY = 64 * 2**20  # bytes that scrypt may take: twice what these costs need
SHORTEST = 8  # characters
TRIES, MINUTE = 5, 60.0  # wrong tries, seconds
MOST_ADDRESSES = 10_000  # remembered at once

_wrong: dict[str, deque[float]] = {}
_lock = threading.Lock()
_hashing = threading.Lock()  # a crowd of guessers takes 32 MB and one core, not all there are


class PassphraseError(RuntimeError):
    """A passphrase that is wrong, or won't do; the message says which, and what to do."""


def is_set() -> bool:
    """Whether there is one, so that somebody can be the owner."""
    return _read() is not None


def fingerprint() -> str:
    """What changes with the passphrase and tells nothing of it; empty where none is set."""
    kept = _read()
    return hashlib.sha256(kept[0] + kept[1]).hexdigest() if kept else ""


def choose(passphrase: str) -> None:
    """Keep a new passphrase's hash in the workspace. Raises `PassphraseError` for a short one, `OSError` when the disk
    refuses."""
    if len(passphrase) < SHORTEST:
        raise PassphraseError(f"A passphrase has at least {SHORTEST} characters; four words are easy to remember.")
    salt = secrets.token_bytes(16)
    kept = {"salt": salt.hex(), "hash": _hash(passphrase, salt).hex()}
    workspace.write_atomically(_path(), f"{json.dumps(kept)}\n".encode(), mode=0o600)


def check(passphrase: str, address: str) -> None:
    """Raise `PassphraseError` where this is not the owner's passphrase, or too many wrong ones came from `address`."""
    now, address = time.monotonic(), _network_of(address)
    with _lock:
        wrong = _wrong.setdefault(address, deque(maxlen=TRIES))
        if len(wrong) == TRIES and now - wrong[0] < MINUTE:
            wait = max(1, round(MINUTE - (now - wrong[0])))
            raise PassphraseError(f"{TRIES} wrong tries within a minute. Try again in {wait} s.")
        wrong.append(now)  # counted before it is looked at: many at once are no more tries than one after the other
        while len(_wrong) > MOST_ADDRESSES:
            _wrong.pop(next(iter(_wrong)))
    kept = _read()
    if kept is None:
        raise PassphraseError(
            "No passphrase is set on this server. Whoever runs it starts it with `digit-lab run --share`, which asks "
            "for one."
        )
    if not hmac.compare_digest(_hash(passphrase, kept[0]), kept[1]):
        raise PassphraseError("This is not the owner's passphrase.")
    with _lock:
        _wrong.pop(address, None)


def _hash(passphrase: str, salt: bytes) -> bytes:
    secret = passphrase.encode("utf-8", "surrogatepass")
    with _hashing:
        return hashlib.scrypt(secret, salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=MEMORY, dklen=32)


def _network_of(address: str) -> str:
    """Whose tries are counted together: an IPv4 address, or the /64 in which one computer takes any IPv6 address."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:  # IPv4, or another name
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


def _read() -> tuple[bytes, bytes] | None:
    """Salt and hash; None where the file is missing or unreadable, so that nobody gets in."""
    try:
        kept = json.loads(_path().read_text(encoding="utf-8"))
        return bytes.fromhex(kept["salt"]), bytes.fromhex(kept["hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path() -> Path:
    return workspace.here().access / "passphrase.json"

"""Tokens by which programs come in over a network: made and revoked by the owner, kept as hashes only."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from core import workspace
from core.access.roles import owners_only

MARK = "digitlab"  # a token that lies where it shouldn't can be searched for
LONGEST_NAME = 60  # characters


class TokenError(RuntimeError):
    """A token that can't be made; the message says why."""


@dataclass(frozen=True)
class Token:
    """One token: the `id` it begins with, what it is for, when it was made (UTC), and the SHA-256 of its secret."""

    id: str
    name: str
    created: str
    digest: str


@owners_only("make a token")
def make(name: str) -> str:
    """A new token for the program `name`; it is shown this once and kept as a hash (256 random bits need no salt).

    Raises `TokenError` for a name that won't do, `OSError` when the disk refuses.
    """
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise TokenError(f"Say in 1 to {LONGEST_NAME} letters which program the token is for.")
    secret, id = secrets.token_urlsafe(32), secrets.token_hex(4)
    token = Token(id, name, datetime.now(UTC).isoformat(timespec="seconds"), _digest(secret))
    with _lock():
        _write([*list_all(), token])
    return f"{MARK}_{id}_{secret}"


@owners_only("revoke a token")
def revoke(id: str) -> None:
    """Let a token open nothing from now on. Raises `OSError` when the disk refuses."""
    with _lock():
        _write([token for token in list_all() if token.id != id])


def list_all() -> list[Token]:
    """All tokens, the oldest first; none where their file is missing or unreadable, so that none of them opens."""
    try:
        return [Token(**row) for row in json.loads(_path().read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def find(text: str) -> Token | None:
    """The token that somebody shows, where it is one of ours."""
    mark, _, rest = text.partition("_")
    id, _, secret = rest.partition("_")
    digest = _digest(secret)
    known = next((token for token in list_all() if token.id == id), None)
    is_right = hmac.compare_digest(known.digest if known else _digest(""), digest)
    return known if known and is_right and mark == MARK else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _path() -> Path:
    return workspace.here().access / "tokens.json"


def _lock() -> FileLock:
    _path().parent.mkdir(parents=True, exist_ok=True)
    return FileLock(_path().with_suffix(".lock"))


def _write(tokens: list[Token]) -> None:
    text = json.dumps([asdict(token) for token in tokens], indent=2)
    workspace.write_atomically(_path(), f"{text}\n".encode(), mode=0o600)

"""Whether somebody sits at this computer, or comes in over a network; this computer's address in it."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping

SHARED = "DIGIT_LAB_SHARE"  # set by `digit-lab run --share`: guests come in, even where a proxy stands before loopback
# Beginnings of what proxies write: whoever is behind one sits elsewhere, though it connects from this computer.
FORWARDED = ("forwarded", "x-forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "via")


def is_shared(listens_on: str | None) -> bool:
    """Whether a server is there for a network: it listens on another address than loopback, or was started so.

    `listens_on` is the address that the server was told; None is every address there is.
    """
    return bool(os.environ.get(SHARED)) or not _is_loopback(listens_on or "")


def is_here(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a connection comes from this computer itself: by its address, by no proxy, and under a name of this
    computer (a web page elsewhere may have given its own name this computer's address).

    `headers` are looked up in small letters; None as `peer` is loopback, as Streamlit says it.
    """
    names = {name.lower(): value for name, value in headers.items()}
    host = names.get("host", "localhost")
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    is_forwarded = any(name.startswith(FORWARDED) for name in names)
    return (peer is None or _is_loopback(peer)) and _is_loopback(host) and not is_forwarded


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.removeprefix("::ffff:")).is_loopback
    except ValueError:  # another name
        return False


def is_encrypted(scheme: str) -> bool:
    """Whether people come in by https: by the request's own `scheme`, or by a proxy under the address they are told."""
    return scheme == "https" or os.environ.get(SHARED, "").startswith("https:")


def find_address() -> str | None:
    """This computer's address in its local network; None where it has none. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # kept for documents (RFC 5737): only the way there is looked up
            found: str = probe.getsockname()[0]
        except OSError:
            return None
    return None if _is_loopback(found) else found

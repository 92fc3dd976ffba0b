"""Who sits at this computer, and who comes in over a network."""

import pytest

from core.access import place


@pytest.mark.parametrize(
    ("address", "shared"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), (None, True), ("0.0.0.0", True), ("::", True),
     ("192.168.1.5", True), ("", True), ("lab.example", True)],
)  # fmt: skip
def test_a_server_is_shared_on_every_address_but_loopback(address: str | None, shared: bool):
    assert place.is_shared(address) is shared


def test_a_server_behind_a_proxy_is_shared_by_a_word(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(place.SHARED, "http://lab.example")
    assert place.is_shared("127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "headers", "here"),
    [
        (None, {}, True),
        ("127.0.0.1", {"Host": "localhost:8501"}, True),
        ("::1", {"host": "[::1]:8501"}, True),
        ("::ffff:127.0.0.1", {"host": "127.0.0.1"}, True),
        ("192.168.1.9", {"host": "localhost"}, False),
        ("127.0.0.1", {"host": "evil.example:8501"}, False),
        ("127.0.0.1", {"host": "localhost.evil.example"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": ""}, False),
        (None, {"host": "localhost", "Forwarded": "for=1.2.3.4"}, False),
        ("unknown", {"host": "localhost"}, False),
    ],
)
def test_who_is_here(peer: str | None, headers: dict[str, str], here: bool):
    assert place.is_here(peer, headers) is here

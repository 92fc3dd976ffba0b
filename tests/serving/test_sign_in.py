"""A ticket is exchanged for the owner's cookie, which no script and no other site gets."""

import pytest
from starlette.testclient import TestClient

from core.access import passphrase, sessions


def test_a_ticket_becomes_a_cookie_once(client: TestClient, monkeypatch):
    monkeypatch.setattr(passphrase, "COST", 2**8)
    passphrase.choose("four plain words")
    ticket = sessions.make_ticket()
    answer = client.post("/session", content=ticket)
    assert answer.status_code == 204
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said and "samesite=strict" in said and "secure" not in said
    assert sessions.is_owners(answer.cookies[sessions.COOKIE])
    for wrong in (ticket, "", "x" * 200, b"\xff"):
        refused = client.post("/session", content=wrong)
        assert refused.status_code == 403 and "set-cookie" not in refused.headers
    assert client.post("/session", content="x" * 201).status_code == 413
    assert 'digit_lab_owner=""' in client.delete("/session").headers["set-cookie"]


def test_over_https_the_cookie_stays_there(make_client):
    client = make_client()
    client.base_url = "https://localhost"
    assert "; secure" in client.post("/session", content=sessions.make_ticket()).headers["set-cookie"].lower()


def test_behind_a_proxy_with_tls_it_stays_there_too(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIGIT_LAB_SHARE", "https://lab.example")
    assert "; secure" in client.post("/session", content=sessions.make_ticket()).headers["set-cookie"].lower()

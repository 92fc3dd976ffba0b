"""The owner's cookie: signed, of one passphrase, for half a day; the ticket for it is good once and for a moment."""

from pathlib import Path

import pytest

from core.access import passphrase, sessions


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(passphrase, "COST", 2**8)
    passphrase.choose("four plain words")
    return tmp_path


def test_a_cookie_counts_until_it_is_old_or_another_passphrase_is_set(home: Path, monkeypatch):
    cookie = sessions.make_cookie()
    assert sessions.is_owners(cookie)
    assert (home / "access" / "session-key.txt").stat().st_mode & 0o077 == 0
    now = sessions.time.time()
    with monkeypatch.context() as later:
        later.setattr(sessions.time, "time", lambda: now + sessions.LASTS + 1)
        assert not sessions.is_owners(cookie)
    passphrase.choose("four other words")
    assert not sessions.is_owners(cookie)
    (home / "access" / "passphrase.json").unlink()
    assert not sessions.is_owners(sessions.make_cookie())


def test_no_other_value_counts():
    until, signature = sessions.make_cookie().split(".")
    for value in ("", ".", until, f"{until}.", f"{int(until) + 1}.{signature}", f"{until}.{signature[:-1]}", "\udcff.é",
                  f"٣.{signature}", f"{until}.{signature}x"):  # fmt: skip
        assert not sessions.is_owners(value), value


def test_without_a_key_no_cookie_counts(home: Path):
    cookie = sessions.make_cookie()
    (home / "access" / "session-key.txt").unlink()
    assert not sessions.is_owners(cookie)


def test_a_ticket_is_good_once_and_for_a_moment(monkeypatch: pytest.MonkeyPatch):
    first, second = sessions.make_ticket(), sessions.make_ticket()
    assert sessions.redeem(first) and not sessions.redeem(first)
    now = sessions.time.monotonic()
    monkeypatch.setattr(sessions.time, "monotonic", lambda: now + sessions.MOMENT + 1)
    assert not sessions.redeem(second) and not sessions.redeem("")

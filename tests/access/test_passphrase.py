"""The owner's passphrase: a hash in the workspace, five wrong tries a minute, nobody where it is missing."""

from pathlib import Path

import pytest

from core.access import passphrase
from core.access.passphrase import PassphraseError, check, choose

RIGHT = "four plain words here"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(passphrase, "_wrong", {})
    monkeypatch.setattr(passphrase, "COST", 2**8)  # quick
    return tmp_path


def test_the_right_one_opens_and_no_other(home: Path):
    choose(RIGHT)
    check(RIGHT, "a")
    for wrong in (RIGHT.upper(), RIGHT + " ", "", "\udcff"):
        with pytest.raises(PassphraseError, match="not the owner's"):
            check(wrong, "a")
    path = home / "access" / "passphrase.json"
    assert RIGHT not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0


def test_five_wrong_tries_close_the_door_for_a_minute_to_whoever_made_them(monkeypatch: pytest.MonkeyPatch):
    choose(RIGHT)
    now = 1000.0
    monkeypatch.setattr(passphrase.time, "monotonic", lambda: now)
    for _ in range(passphrase.TRIES):
        with pytest.raises(PassphraseError, match="not the owner's"):
            check("wrong", "a")
        now += 10
    with pytest.raises(PassphraseError, match=r"Try again in 10 s"):
        check(RIGHT, "a")
    check(RIGHT, "b")
    now += 10.5
    check(RIGHT, "a")


def test_a_network_of_one_computer_is_one_guesser():
    """Any computer has 2 ** 64 addresses of IPv6 to guess from."""
    choose(RIGHT)
    for number in range(passphrase.TRIES):
        with pytest.raises(PassphraseError, match="not the owner's"):
            check("wrong", f"2001:db8:1:2::{number}")
    with pytest.raises(PassphraseError, match="Try again in"):
        check(RIGHT, "2001:db8:1:2:ffff::9")
    check(RIGHT, "2001:db8:1:3::1")
    check(RIGHT, "::ffff:192.168.1.7")


def test_a_right_one_forgets_the_wrong_ones():
    choose(RIGHT)
    for _ in range(3 * passphrase.TRIES):
        with pytest.raises(PassphraseError, match="not the owner's"):
            check("wrong", "a")
        check(RIGHT, "a")


@pytest.mark.parametrize("content", [None, "", "{}", '{"salt": "zz", "hash": ""}', "[]"])
def test_without_a_readable_hash_nobody_gets_in(home: Path, content: str | None):
    if content is not None:
        (home / "access").mkdir()
        (home / "access" / "passphrase.json").write_text(content, encoding="utf-8")
    assert not passphrase.is_set()
    with pytest.raises(PassphraseError, match="No passphrase is set"):
        check("", "a")


def test_a_short_one_is_refused():
    with pytest.raises(PassphraseError, match="at least"):
        choose("short")

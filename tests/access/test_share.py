"""`digit-lab run --share`: the passphrase is settled, the address said, the server told to listen."""

import sys
from pathlib import Path

import pytest

from core import cli
from core.access import passphrase, place


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    monkeypatch.setenv(place.SHARED, "")
    monkeypatch.delenv(cli.PASSPHRASE, raising=False)
    monkeypatch.setattr(passphrase, "COST", 2**8)
    monkeypatch.setattr(place, "find_address", lambda: "192.168.1.20")
    return tmp_path


def type_in(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    answers = iter(typed)
    monkeypatch.setattr(cli.getpass, "getpass", lambda _: next(answers))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)


def test_it_asks_once_says_the_address_and_listens_on_all(monkeypatch, capsys):
    type_in(monkeypatch, "four plain words", "four plain words")
    assert cli.share([]) == ["--server.address", "0.0.0.0", "--server.port", "8501"]
    said = capsys.readouterr().out
    assert "http://192.168.1.20:8501" in said and "not encrypted" in said and "█" in said
    passphrase.check("four plain words", "here")
    assert place.is_shared("127.0.0.1")
    type_in(monkeypatch)  # nothing is asked again
    assert cli.share(["--server.port=80", "--server.address", "::1"]) == ["--server.port=80", "--server.address", "::1"]


def test_behind_a_proxy_the_address_is_given_and_the_passphrase_too(monkeypatch, capsys):
    monkeypatch.setenv(place.SHARED, "https://digits.school.example")
    monkeypatch.setenv(cli.PASSPHRASE, "from the surroundings")
    cli.share(["--server.address", "127.0.0.1"])
    said = capsys.readouterr().out
    assert "https://digits.school.example" in said and "not encrypted" not in said
    assert cli.PASSPHRASE not in cli.os.environ, "what the server starts need not know it"
    passphrase.check("from the surroundings", "here")


@pytest.mark.parametrize(
    ("typed", "says"), [(("one one one", "two two two"), "differ"), (("short", "short"), "at least 8")]
)
def test_a_passphrase_that_will_not_do_ends_with_a_sentence(monkeypatch, typed: tuple[str, str], says: str):
    type_in(monkeypatch, *typed)
    with pytest.raises(SystemExit, match=says):
        cli.share([])
    assert not passphrase.is_set()


def test_without_a_terminal_it_says_that_nobody_is_the_owner(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    cli.share([])
    assert "No passphrase is set: everybody is a guest." in capsys.readouterr().out

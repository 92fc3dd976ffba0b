"""What a full disk, a read-only folder, a clock set back and a slow or second server do to serving: a sentence each."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from running_app import ROOT

from core import words, workspace
from core.access import passphrase, rules, sessions, tokens
from core.training.claim import Claim
from core.training.runs import RunError


@pytest.fixture
def refused_write(monkeypatch: pytest.MonkeyPatch):
    """From now on every file that is to be written whole meets a disk that refuses."""

    def refuse(number: int) -> None:
        def flush(descriptor: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(workspace.os, "fsync", flush)

    return refuse


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_disk_that_refuses_leaves_rules_tokens_and_passphrase_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused_write, number: int
):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(passphrase, "COST", 2**8)
    passphrase.choose("four plain words")
    token = tokens.make("a scanner")
    rules.write(rules.Rules(keeps_corrections=False))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    refused_write(number)
    for change in (
        lambda: passphrase.choose("four other words"),
        lambda: tokens.make("another"),
        lambda: tokens.revoke(tokens.list_all()[0].id),
        lambda: rules.write(rules.Rules()),
    ):
        with pytest.raises(OSError) as refused:
            change()
        assert words.refused_by_disk(refused.value).endswith(".")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before
    assert not [path for path in (tmp_path / "access").iterdir() if path.name.startswith(".")], "no half of a file"
    passphrase.check("four plain words", "x")
    assert tokens.find(token) and not rules.read().keeps_corrections


def test_a_clock_set_back_lets_nobody_in_who_was_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A cookie of the time before may count once more until its end; tries and tickets follow a clock of their own."""
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(passphrase, "COST", 2**8)
    passphrase.choose("four plain words")
    ticket, cookie, now = sessions.make_ticket(), sessions.make_cookie(), sessions.time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now - 86_400)
    assert sessions.redeem(ticket) and not sessions.redeem(ticket)
    assert not sessions.is_owners(cookie), "it would count for longer than any cookie may"
    assert sessions.is_owners(sessions.make_cookie())


def test_two_servers_that_want_to_train_at_once_are_told_apart(tmp_path: Path):
    """The lock is the system's: what another process holds is seen, and falls with its end."""
    code = (
        "import sys; from pathlib import Path; from core.training.claim import Claim; "
        "claim = Claim(Path(sys.argv[1])); claim.take('Run 1'); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"Run 1 is still going on in another server.*{socket.gethostname()}"):
            Claim(tmp_path).take("Run 2")
    finally:
        other.kill()
        other.communicate()
    mine = Claim(tmp_path)
    mine.take("Run 2")
    mine.give_back()

"""One run at a time over all servers of a workspace; a server that dies claims nothing."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running_app import ROOT

from core.training.claim import Claim
from core.training.runs import RunError

CODE = """
import sys, time
from pathlib import Path
from core.training.claim import Claim
claim = Claim(Path(sys.argv[1]))
claim.take("Run 7")
print("mine", flush=True)
time.sleep(60)
"""


def test_another_server_is_told_who_trains_until_that_one_dies(tmp_path: Path):
    other = subprocess.Popen([sys.executable, "-c", CODE, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(RunError, match=rf"Run 7 is still going on in .* on {socket.gethostname()}\."):
            Claim(tmp_path).take("Run 8")
    finally:
        other.kill()
        other.wait()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            Claim(tmp_path).take("Run 8")
            return
        except RunError:
            time.sleep(0.05)
    pytest.fail("the claim of a dead server is never over")


def test_a_claim_is_given_back(tmp_path: Path):
    mine, other = Claim(tmp_path), Claim(tmp_path)
    for _ in range(3):
        mine.take("a")
        with pytest.raises(RunError):
            other.take("b")
        mine.give_back()
        other.take("b")
        other.give_back()
        other.give_back()

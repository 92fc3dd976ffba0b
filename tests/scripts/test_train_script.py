"""scripts/train.py: its exit codes, its interruption, its being shared out."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.data import mnist
from core.network import checkpoint
from core.training import runs
from core.training.events import Epoch
from core.training.examples import gather
from core.training.loop import Training
from core.workspace import SHIPPED as ROOT
from scripts import train

SCRIPT = [sys.executable, str(ROOT / "scripts" / "train.py")]
SMALL = ["--architecture", "lenet5", "--epochs", "1", "--training-images", "1000", "--augmentation", "none"]
SMALL += ["--rejection-digits", "0", "--outlier-exposure", "0", "--pen-digits", "0"]


def options(folder: Path) -> list[str]:
    return ["--runs", str(folder / "runs"), "--models", str(folder / "models"), *SMALL]


def call(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=400, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[[list[str]], tuple[int, str, str]]:
    """Runs the script in this process: its exit code, what it printed, what it complained about."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # Ctrl-C stays the tests' own

    def run(arguments: list[str]) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["scripts/train.py", *arguments])
        return train.main(), *capfd.readouterr()

    return run


def test_a_target_out_of_reach_is_exit_code_1_and_the_weights_are_kept(tmp_path, run):
    """With all that is drawn for a run and its detector."""
    wanted = ["--target", "0.999", "--left-out", "3", "9", "--rejection-digits", "40"]
    drawn = ["--outlier-exposure", "0.1", "--pen-digits", "0.5"]
    code, printed, complaint = run([*options(tmp_path), *drawn, "--name", "weak", *wanted])
    assert code == 1, complaint
    assert (tmp_path / "models" / f"weak{checkpoint.REJECTION}").is_file()
    assert "99.90\u00a0%" in complaint and "Saved weak.pth" in printed
    facts = json.loads((tmp_path / "models" / "weak.json").read_text())
    assert facts["settings"]["left_out"] == [3, 9] and facts["command"].endswith("--left-out 3 9")


@pytest.mark.parametrize(
    "wrong",
    [
        ["--epochs", "0"],
        ["--resume", "nothing"],
        ["--name", "../x"],
        ["--target", "99"],
        ["--threads", "-1"],
        ["--rejection-digits", "-1"],
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_2(tmp_path, run, wrong):
    code, _, complaint = run([*options(tmp_path), *wrong])
    assert code == 2 and complaint.strip().endswith(".")
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_an_interrupted_run_is_resumed(tmp_path):
    command = [*SCRIPT, *options(tmp_path), "--name", "long", "--epochs", "300"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("epoch")
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=180)[0]
    assert process.returncode == 130 and "--resume" in rest
    (run,) = runs.list_runs(tmp_path / "runs")
    assert run.status == "interrupted"
    process = subprocess.Popen([*SCRIPT, *options(tmp_path)[:4], "--resume", "long"], stdout=subprocess.PIPE, text=True)
    assert int(process.stdout.readline().split()[1].split("/")[0]) >= len(run.epochs)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=180)
    assert process.returncode == 130


@pytest.mark.slow
def test_two_processes_make_the_run_that_one_makes(tmp_path):
    same = ["--dropout", "0", "--ema-decay", "0", "--epochs", "2", "--optimiser", "momentum", "--learning-rate", "0.02"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port", str(free_port())]
    shared = call([*launcher, SCRIPT[1], *options(tmp_path), *same, "--name", "shared"])
    assert shared.returncode == 0, shared.stderr
    assert shared.stdout.count("Saved") == 1  # one process writes
    (run,) = runs.list_runs(tmp_path / "runs")
    alone = Training(gather(mnist.load(train=True), run.settings), run.settings)
    epochs = [event for event in alone if isinstance(event, Epoch)]
    for stored, epoch in zip(run.epochs, epochs, strict=True):
        assert stored.training_loss == pytest.approx(epoch.training_loss, rel=1e-4)
    kept = checkpoint.load("shared", tmp_path / "models").model.state_dict()
    for key, value in alone.best.weights.items():
        torch.testing.assert_close(kept[key], value, rtol=1e-3, atol=1e-4)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

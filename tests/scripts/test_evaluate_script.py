"""scripts/evaluate.py: nothing that is asked for is ignored, nothing that is measured is lost."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import console
from core.evaluation import robustness
from core.workspace import SHIPPED
from scripts import evaluate

SEVEN, TWO = "7_plain_in_the_corner.png", "2_round_shadow_over_half.jpg"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    """Runs the script in this process: its exit code, what it printed, what it complained about."""
    monkeypatch.setattr(robustness, "STEPS", (("rotation", -60), ("rotation", 0)))  # two points instead of 48

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["scripts/evaluate.py", *map(str, arguments)])
        return console.run(evaluate.main), *capfd.readouterr()

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A 7, and a 2 that is called 3: one error."""
    folder = tmp_path / "set"
    folder.mkdir()
    shutil.copy(SHIPPED / "samples" / SEVEN, folder / "7.png")
    shutil.copy(SHIPPED / "samples" / TWO, folder / "3_not.jpg")
    return folder


def test_robustness_is_printed_with_and_without_a_report(run, folder: Path):
    _, printed, _ = run("--data", folder, "--robustness", "--format", "json")
    ((_, points),) = json.loads(printed)["robustness"].items()
    assert [(point["damage"], point["strength"]) for point in points] == [("rotation", -60), ("rotation", 0)]
    assert points[1]["accuracy"] == 0.5 and points[1]["n"] == 2
    _, printed, _ = run("--data", folder, "--robustness")
    assert "Rotation, degrees clockwise: -60: " in printed and "0: 50.0" in printed
    _, printed, _ = run("--data", folder, "--format", "json")
    assert "robustness" not in json.loads(printed)


@pytest.mark.parametrize("place", ["missing/report.html", ""], ids=["no folder", "a folder"])
def test_a_report_that_cannot_be_written_is_said_before_the_work(run, folder: Path, tmp_path, monkeypatch, place):
    monkeypatch.setattr(evaluate, "choose_data", lambda *_: pytest.fail("something was read"))
    code, printed, complaint = run("--data", folder, "--report", f"{tmp_path}/{place}")
    assert (code, printed) == (2, "") and "can't be written" in complaint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_figures_are_printed_whatever_becomes_of_the_report(run, folder: Path):
    code, printed, complaint = run("--data", folder, "--report", "/dev/full")
    assert code == 2 and "accuracy" in printed and "can't be written" in complaint


def test_trying_a_place_leaves_nothing_and_takes_nothing_away(run, folder: Path, tmp_path: Path):
    old = tmp_path / "old.html"
    old.write_text("kept")
    for path in (old, tmp_path / "new.html"):
        assert run("--data", folder, "--model", "no-such-model", "--report", path)[0] == 2
    assert old.read_text() == "kept" and not (tmp_path / "new.html").exists()


@pytest.mark.skipif(sys.platform == "win32" or sys.platform == "darwin", reason="its names are always text")
def test_a_name_that_is_no_utf_8_is_reported(run, folder: Path, tmp_path: Path):
    (folder / "3_not.jpg").rename(folder / os.fsdecode(b"3_\xff\xfe.jpg"))
    code, printed, _ = run("--data", folder, "--report", tmp_path / "report.html")
    assert code == 0 and "errors             1" in printed
    assert re.search(r"3_\S{2,12}\.jpg", (tmp_path / "report.html").read_text(encoding="utf-8"))

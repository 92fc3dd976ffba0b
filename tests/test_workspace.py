"""Each instance has a home of its own; what ships is only read."""

import sys
from pathlib import Path

import numpy as np
import pytest

from core import workspace
from core.config import TrainingSettings
from core.my_digits.store import Corrections
from core.network import checkpoint
from core.network.architectures import build
from core.training import runs


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    return tmp_path


def test_without_a_home_of_its_own_a_checkout_is_its_own_home(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DIGIT_LAB_HOME", raising=False)
    assert workspace.here().home == workspace.SHIPPED
    assert (workspace.SHIPPED / "Home.py").is_file()


@pytest.mark.parametrize(
    ("python", "is_checkout", "words"),
    [
        ("app/.venv/bin/python", True, (".venv/bin/python", "scripts/train.py")),
        ("elsewhere/bin/python3", True, ("python", "scripts/train.py")),
        ("elsewhere/bin/python3", False, ("digit-lab", "train")),
    ],
    ids=["make run", "another environment", "installed"],
)
def test_a_script_is_named_as_it_works_for_whoever_reads_it(tmp_path, monkeypatch, python, is_checkout, words):
    monkeypatch.setattr(sys, "executable", str(tmp_path / python))
    monkeypatch.setattr(workspace, "SHIPPED", (tmp_path / "app").resolve())
    monkeypatch.setattr(workspace, "_IS_CHECKOUT", is_checkout)
    assert workspace.script("train") == words


def test_the_home_is_asked_for_at_each_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("one", "two"):
        monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path / name))
        checkpoint.save(f"of {name}", build("lenet5"), {})
        assert [model for model in checkpoint.names() if model.startswith("of ")] == [f"of {name}"]
        assert runs.list_runs() == []
        Corrections().keep(np.full((28, 28), 9, np.uint8), 1, "7", "m", "v")
        assert (tmp_path / name / "my-digits" / "my-digits.sqlite").is_file()


def test_shipped_models_answer_in_every_home(home: Path):
    assert {"reference", "modern"} <= set(checkpoint.names())
    assert checkpoint.in_use() == checkpoint.SHIPPED
    checkpoint.choose("modern")
    assert checkpoint.in_use() == "modern"
    assert (home / "models" / "in-use.txt").is_file()


def test_a_model_of_ones_own_comes_before_a_shipped_one_of_its_name(home: Path):
    shipped = checkpoint.describe("modern").version
    checkpoint.save("modern", build("lenet5"), {"architecture": "lenet5"})
    assert checkpoint.describe("modern").version != shipped
    checkpoint.remove("modern")
    assert checkpoint.describe("modern").version == shipped


def test_nothing_is_written_into_the_shipped_folder(home: Path):
    before = {path.name: path.stat().st_mtime_ns for path in (workspace.SHIPPED / "models").iterdir()}
    checkpoint.save("mine", build("lenet5"), {"settings": TrainingSettings().as_dict()})
    checkpoint.add_facts("mine", {"temperature": 1.0})
    checkpoint.choose("mine")
    checkpoint.remove("reference")
    assert {path.name: path.stat().st_mtime_ns for path in (workspace.SHIPPED / "models").iterdir()} == before

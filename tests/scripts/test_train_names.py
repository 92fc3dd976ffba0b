"""scripts/train.py and names: nothing that is there is replaced unless it is asked for, and worth it; commands."""

import dataclasses
import json
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_train_script import options, run  # noqa: F401  a fixture: it calls the script

from core import config, workspace
from core.config import PRESETS, TrainingSettings
from core.network import checkpoint
from core.network.architectures import build
from core.training import runs
from core.ui.train import form
from scripts import train


@pytest.fixture
def older(tmp_path: Path) -> bytes:
    """A model called t1, and its weights."""
    return checkpoint.save("t1", build("lenet5"), {"test_errors": 1}, tmp_path / "models").read_bytes()


def weights(folder: Path, name: str = "t1") -> bytes:
    return (folder / "models" / f"{name}.pth").read_bytes()


@pytest.mark.parametrize("name", ["t1", "T1", "reference", "modern", "Reference"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_taken_name_is_refused_and_a_shipped_one_always(tmp_path, run, older, name, overwrite):  # noqa: F811
    if overwrite and name.lower() == "t1":
        pytest.skip("that is what it is for")
    code, _, complaint = run([*options(tmp_path), "--name", name, *(["--overwrite"] if overwrite else [])])
    assert code == 2 and complaint.strip().endswith((".", "it."))
    assert ("--overwrite" in complaint) == (name.lower() == "t1")
    assert weights(tmp_path) == older and not (tmp_path / "runs").exists()


def test_overwrite_replaces_and_below_the_target_it_does_not(tmp_path, run, older):  # noqa: F811
    code, printed, _ = run([*options(tmp_path), "--name", "t1", "--overwrite", "--target", "1"])
    assert code == 1 and weights(tmp_path) == older and "t1.pth stays as it is" in printed
    assert checkpoint.names(tmp_path / "models") == ["t1", "t1 1"]
    code, _, complaint = run([*options(tmp_path), "--name", "t1", "--overwrite"])
    assert code == 0, complaint
    assert weights(tmp_path) != older
    assert {one.name: one.model for one in runs.list_runs(tmp_path / "runs")} == {"t1": "t1", "t1 1": "t1 1"}


def test_without_a_name_it_takes_the_next_free_one(tmp_path, run, older):  # noqa: F811
    checkpoint.rename("t1", "Run 1", tmp_path / "models")
    assert run(options(tmp_path))[0] == 0
    assert checkpoint.names(tmp_path / "models") == ["Run 1", "Run 2"]
    assert "--name 'Run 2'" in json.loads((tmp_path / "models" / "Run 2.json").read_text())["command"]


@pytest.mark.parametrize(
    "beside", [["--epochs", "3"], ["--name", "x"], ["--preset", "fast"], ["--overwrite"], ["--left-out", "3"]]
)
def test_what_a_resumed_run_would_ignore_is_refused(tmp_path, run, beside):  # noqa: F811
    folders = ["--runs", str(tmp_path / "runs"), "--models", str(tmp_path / "models")]
    code, _, complaint = run([*folders, "--resume", "t1", *beside])
    assert code == 2 and f"leave out {beside[0]}." in complaint


SHARES = st.one_of(st.floats(0.01, 0.5), st.builds(lambda above, below: above / below, st.integers(1, 9), st.just(90)))


@hypothesis_settings(deadline=None, max_examples=30)
@given(
    st.sampled_from([preset.settings for preset in PRESETS.values()]),
    st.fixed_dictionaries(
        {},
        optional={
            "learning_rate": st.floats(1e-6, 10),
            "validation_share": SHARES,
            "left_out": st.sets(st.integers(0, 9), max_size=8).map(lambda digits: tuple(sorted(digits))),
            "optimiser": st.sampled_from(["sgd", "adamw"]),
            "epochs": st.integers(1, 1000),
        },
    ),
)
def test_a_command_repeats_the_run_it_was_made_of(preset, changed):
    wanted = dataclasses.replace(preset, **changed)
    script = workspace.script("train")
    options = train.parse_options(shlex.split(wanted.command("a b", script))[len(script) :])
    assert train.choose_settings(options) == wanted and options.name == "a b"
    lines = wanted.command("a --b", script, form.NEW_LINE)
    assert lines.replace(form.NEW_LINE, " ") == wanted.command("a --b", script)
    assert all(line.count("--") == 1 for line in lines.splitlines()[2:])


def test_no_preset_s_command_has_a_figure_of_sixteen_digits():
    """A share of a sixtieth was written 0.016666666666666666."""
    for preset in PRESETS.values():
        said = preset.settings.command("x", ()).split()
        assert not [word for word in said if len(word) > 9 and not word.startswith("--")]
    assert "--validation-share 1/60" in PRESETS["fast"].settings.command("x")


@pytest.mark.parametrize("text", ["1/0", "1/", "/2", "1/2/3", "a/b", "one"])
def test_what_is_no_number_or_fraction_is_refused(text):
    with pytest.raises(ValueError):
        config.read_number(text)
    with pytest.raises(config.SettingError, match="can't be read"):
        TrainingSettings.from_dict({"learning_rate": text})


def test_the_command_to_resume_says_all_that_is_needed(monkeypatch):
    begun = runs.Run(id="20260101", name="x", settings=train.choose_settings(train.parse_options([])))
    given = ["--runs", "/a b/runs", "--models", "/m", "--target", "0.9", "--epochs", "3"]
    said = train.resume_command(begun, train.parse_options(given))
    script = " ".join(workspace.script("train"))
    assert said == f"{script} --resume 20260101 --runs '/a b/runs' --models /m --target 0.9"
    assert train.resume_command(begun, train.parse_options([])) == f"{script} --resume 20260101"
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert train.resume_command(begun, train.parse_options([])).startswith(
        "torchrun --nproc-per-node=4 scripts/train.py"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such folder")
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_drawn(tmp_path, run, monkeypatch):  # noqa: F811
    monkeypatch.setattr("core.training.examples.gather", lambda *_: pytest.fail("it was drawn"))
    blocked = tmp_path / "file"
    blocked.touch()
    code, _, complaint = run([*options(tmp_path), "--runs", str(blocked / "runs")])
    assert code == 2 and "The disk refused" in complaint


def test_a_folder_is_tried_and_left_as_it_was(tmp_path):
    workspace.check_folder(tmp_path / "new" / "folder")
    assert not list((tmp_path / "new" / "folder").iterdir())


def test_getting_ready_and_seconds_are_said(tmp_path, run, monkeypatch):  # noqa: F811
    monkeypatch.setattr(train, "LOG_EVERY", 0.0)
    code, printed, complaint = run([*options(tmp_path), "--name", "said"])
    assert code == 0 and "Getting ready" in complaint
    assert " s left" in printed and "0 min" not in printed

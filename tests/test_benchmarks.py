"""What benchmarks keep, and benchmarks/README.md, which is rendered from it."""

import importlib
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import render, result_file, run
from benchmarks.result_file import BENCHMARKS, Conditions, Result, ResultError, Row

SCRIPTS = sorted({Path(shlex.split(benchmark.command)[1]).stem for benchmark in BENCHMARKS.values()})
CONDITIONS = Conditions(
    date="2026-11-28T10:00+00:00",
    commit="0123abcd",
    is_dirty=False,
    processor="A chip (avx2)",
    cores=2,
    memory=25,
    python="3.11.7",
    torch="2.14.1",
    streamlit="1.67.0",
    models={"reference": "3b2ba933"},
    load=0.1,
)
ROWS = (
    Row("folder", 98.25, "%", column="right", digits=2),
    Row("folder", 3, column="wrong", limit=2, digits=0),
    Row("other", 7.5, "%", column="right", digits=2),
    Row("first page", 2.85, "s", limit=2, digits=2),
    Row("upload", 156, "ms", limit=300, digits=0),
    Row("times as fast", 2.5, limit=3.3, is_at_most=False),
    Row("slowest", 4321, "ms", digits=0, is_detail=True),
)


def make(name: str = "predict", **changes: object) -> Result:
    return replace(Result(name, BENCHMARKS[name].command, CONDITIONS, ROWS), **changes)


def test_the_readme_is_what_the_results_say():
    assert render.README.read_text(encoding="utf-8") == render.render(result_file.read_all())


def test_the_readme_is_short():
    assert len(render.README.read_bytes()) <= 6000


def test_check_tells_an_old_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["render.py", "--check"])
    assert render.main() == 0
    monkeypatch.setattr(render, "README", tmp_path / "README.md")
    assert render.main() == 1
    render.README.write_text(render.render(result_file.read_all()) + "typed by hand\n", encoding="utf-8")
    assert render.main() == 1


def test_every_benchmark_has_a_result_or_says_how_to_get_one():
    text = render.render({"predict": make()})
    for benchmark in BENCHMARKS.values():
        assert text.count(f"`{benchmark.command}`") == 1
    assert text.index(BENCHMARKS["predict"].command) < text.index("## Not measured yet")


def test_every_script_in_the_folder_is_a_benchmark():
    tools = {"render", "result_file", "run", "visitor"}
    assert {path.stem for path in (result_file.ROOT / "benchmarks").glob("*.py")} - tools == set(SCRIPTS)


def test_every_row_is_rendered_but_details():
    text = "\n".join(render.render_rows(ROWS))
    assert "||right [%]|wrong|" in text
    assert "|folder|98.25|3 (≤ 2 **MISSED**)|" in text
    assert "|other|7.50||" in text
    assert "|upload|156 ms|≤ 300|" in text
    assert "slowest" not in text


def test_a_missed_limit_shows_in_its_row_and_at_the_top():
    text = render.render({"predict": make()})
    assert "|first page|2.85 s|≤ 2 **MISSED**|" in text
    assert "|times as fast|2.5|≥ 3.3 **MISSED**|" in text
    assert "**Limits missed: 3 of 4.** Predict (3)." in text
    kept = make(rows=tuple(replace(row, limit=None) for row in ROWS))
    assert "MISSED" not in render.render({"predict": kept})


@pytest.mark.parametrize(
    ("value", "is_at_most", "is_missed"), [(2, True, False), (2.01, True, True), (2, False, False), (1.99, False, True)]
)
def test_a_limit_itself_is_kept(value: float, is_at_most: bool, is_missed: bool):
    assert Row("x", value, limit=2, is_at_most=is_at_most).is_missed is is_missed


def test_other_conditions_have_another_letter():
    dirty = replace(CONDITIONS, is_dirty=True)
    text = render.render(
        {"predict": make(), "evaluate": make("evaluate", conditions=dirty), "training": make("training")}
    )
    assert "- A: commit 0123abcd, A chip (avx2), 2 cores" in text
    assert "- B: commit 0123abcd with changes" in text
    assert [line[-1] for line in text.splitlines() if "](results/" in line and line.startswith("`")] == ["A", "B", "A"]


def test_times_of_a_busy_machine_say_so():
    busy = replace(CONDITIONS, load=3.0)
    assert "**NOT IDLE**, load 3.0" in render.render({"predict": make(conditions=busy)})
    assert "NOT IDLE" not in render.render({"validation": make("validation", conditions=busy)})


def test_two_figures_for_one_cell_are_refused():
    with pytest.raises(ValueError, match="same name and column"):
        render.render_rows([ROWS[0], ROWS[0]])


def test_a_result_is_read_as_it_was_written(tmp_path: Path):
    result = make()
    result_file.write(result, tmp_path)
    assert result_file.read_all(tmp_path) == {"predict": result}
    assert len((tmp_path / "predict.json").read_text(encoding="utf-8").splitlines()) < 30


def test_results_come_in_the_order_of_the_readme(tmp_path: Path):
    for name in sorted(BENCHMARKS):
        result_file.write(make(name), tmp_path)
    assert list(result_file.read_all(tmp_path)) == list(BENCHMARKS)


@pytest.mark.parametrize(
    "changes",
    [
        {"command": "python benchmarks/predict.py --strokes 2"},
        {"conditions": replace(CONDITIONS, models={"reference": "3b2ba933", "mine": "00000000"})},
    ],
    ids=["a shorter run", "somebody's own model"],
)
def test_only_the_whole_benchmark_of_shipped_models_is_kept(
    changes: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result_file.write(make(), tmp_path)
    result_file.write(make(rows=ROWS[:1], **changes), tmp_path)
    assert result_file.read_all(tmp_path)["predict"].rows == ROWS
    assert "Not kept" in capsys.readouterr().out


def test_a_figure_that_is_no_number_is_not_kept(tmp_path: Path):
    with pytest.raises(ValueError):
        result_file.write(make(rows=(Row("x", float("nan")),)), tmp_path)
    assert not list(tmp_path.iterdir())


def damage(record: dict, **changes: object) -> dict:
    record["rows"][0] |= changes
    return record


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: damage(record, value="98"),
        lambda record: damage(record, value=True),
        lambda record: damage(record, value=None),
        lambda record: damage(record, digits=1.5),
        lambda record: damage(record, is_detail=0),
        lambda record: damage(record, limit="2"),
        lambda record: damage(record, surprise=1),
        lambda record: record["rows"][0].pop("limit"),
        lambda record: record["conditions"].pop("commit"),
        lambda record: record.pop("rows"),
        lambda record: record.update(benchmark="evaluate"),
        lambda record: record.update(command="python benchmarks/predict.py --strokes 2"),
        lambda record: record.update(rows=5),
        lambda record: damage(record, value=float("nan")),
        lambda record: damage(record, value=float("inf")),
    ],
)
def test_a_damaged_result_is_refused_and_the_command_named(spoil, tmp_path: Path):
    result_file.write(make(), tmp_path)
    path = tmp_path / "predict.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    spoil(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ResultError, match=r"predict\.json.*python benchmarks/predict\.py"):
        result_file.read_all(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"benchmark": "predict"', "null"])
def test_a_result_that_is_no_record_is_refused(content: str, tmp_path: Path):
    (tmp_path / "predict.json").write_text(content, encoding="utf-8")
    with pytest.raises(ResultError):
        result_file.read_all(tmp_path)


def test_a_result_of_no_benchmark_is_refused(tmp_path: Path):
    (tmp_path / "stranger.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ResultError, match="stranger"):
        result_file.read_all(tmp_path)


@pytest.mark.parametrize("words", [["--folder", "/home/somebody/pictures"], ["--folder=/home/somebody/pictures"]])
def test_nobodys_folder_is_kept(words: list[str]):
    assert result_file.command_line(["/x/benchmarks/realworld.py", *words]) == BENCHMARKS["realworld"].command


def test_the_conditions_are_of_this_machine_and_checkout():
    found = result_file.start(["reference"])
    assert result_file.start().models == {}
    assert len(found.models["reference"]) == 8
    assert found.cores >= 1 and found.memory >= 1 and found.processor


def test_outside_a_repository_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(result_file, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert result_file.start().commit == "unknown"


@pytest.mark.parametrize("name", [*SCRIPTS, "render", "run"])
def test_help_says_what_a_script_measures(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    script = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 0
    assert " ".join(script.__doc__.split())[:60] in " ".join(capsys.readouterr().out.split())


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `run` would start; each ends well, but predict."""
    started: list[list[str]] = []

    def pretend(command: list[str], **_: object):
        started.append(command[1:])
        return type("Done", (), {"returncode": int("benchmarks/predict.py" in command)})

    monkeypatch.setattr(run.subprocess, "run", pretend)
    monkeypatch.setattr(run, "wait_for_rest", lambda: None)
    monkeypatch.setattr(render, "README", tmp_path / "README.md")
    return started


def test_all_that_needs_no_folder_runs_whatever_fails(commands: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["run.py"])
    assert run.main() == 1
    wanted = [benchmark.command for benchmark in BENCHMARKS.values() if "FOLDER" not in benchmark.command]
    assert [shlex.join(["python", *command]) for command in commands] == wanted
    assert render.README.is_file()


def test_the_real_pictures_are_where_somebody_says(
    commands: list, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["run.py", "realworld", "--folder", "my pictures"])
    assert run.main() == 0
    assert commands == [["benchmarks/realworld.py", "--folder", "my pictures"]]
    monkeypatch.setattr(sys, "argv", ["run.py", "realworld"])
    with pytest.raises(SystemExit):
        run.main()
    assert "--folder PATH" in capsys.readouterr().err

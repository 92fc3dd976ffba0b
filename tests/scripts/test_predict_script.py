"""scripts/predict.py: each row as soon as it is known, any name, any way in, and the page's own figures."""

import csv
import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core import console
from core.data import mnist
from core.network import checkpoint
from core.reading import batch, sources
from core.synthesis import tables
from core.workspace import SHIPPED
from scripts import predict

SAMPLES = SHIPPED / "samples"
SEVEN, TWO = SAMPLES / "7_plain_in_the_corner.png", SAMPLES / "2_round_shadow_over_half.jpg"
HEADS = {"table": 1, "json": 0, "csv": 1}  # lines above the rows


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    """Runs the script in this process: its exit code, what it printed, what it complained about."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["scripts/predict.py", *map(str, arguments)])
        return console.run(predict.main), *capfd.readouterr()

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A 7 named right, a 2 whose name says nothing, a 2 called 3, no picture, and what is passed over."""
    folder = tmp_path / "set"
    folder.mkdir()
    for name, content in {
        "7.png": SEVEN.read_bytes(),
        "10.jpg": TWO.read_bytes(),
        "3_wrong.jpg": TWO.read_bytes(),
        "broken.png": b"no picture",
        "readme.txt": b"words",
    }.items():
        (folder / name).write_bytes(content)
    return folder


def rows_of(output: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output.read_bytes().decode("utf-8-sig"))))


def test_the_file_is_the_pages_csv(run, folder: Path, tmp_path: Path):
    run(folder, "--output", tmp_path / "digits.csv")
    model = checkpoint.load(checkpoint.in_use())
    items = [predict.read_source(model, source, "auto") for source in sources.find([folder]).sources]
    assert (tmp_path / "digits.csv").read_bytes() == batch.to_csv(items)


@pytest.mark.parametrize("kind", predict.WRITERS)
def test_what_was_written_stays_when_the_rest_is_interrupted(run, tmp_path: Path, monkeypatch, kind: str):
    """Ctrl-C while the third is read; the first is on the disk before the second is looked at."""
    output, on_disk = tmp_path / "out.txt", []

    def read(model: object, source: sources.Source, expect: str, steps: Path | None) -> batch.Item:
        on_disk.append(len(output.read_text(encoding="utf-8").splitlines()))
        if len(on_disk) == 3:
            raise KeyboardInterrupt
        return batch.refuse(source.name, "No.")

    monkeypatch.setattr(predict, "read_source", read)
    code, *_ = run("--format", kind, "--output", output, *(tmp_path / f"{number}.png" for number in range(9)))
    head = HEADS[kind]
    assert code == 130
    assert on_disk == [head, head + 1, head + 2]
    assert len(output.read_text(encoding="utf-8").splitlines()) == head + 2


@pytest.mark.parametrize("options", [(), ("--strict",), ("--only", "misread")], ids=["usual", "strict", "misread"])
def test_what_could_not_be_read_is_exit_code_2(run, folder: Path, options: tuple[str, ...]):
    assert run(folder, *options)[0] == 2


def test_strict_is_exit_code_1_for_a_misread_picture_alone(run, folder: Path):
    (folder / "broken.png").unlink()
    assert run(folder)[0] == 0
    assert run(folder, "--strict")[0] == 1
    (folder / "3_wrong.jpg").unlink()
    assert run(folder, "--strict")[0] == 0


def test_only_writes_what_the_page_has_in_that_group(run, folder: Path, tmp_path: Path):
    wanted = {"misread": ["3_wrong.jpg"], "refused": ["broken.png"], "unsure": ["broken.png"]}
    for only, names in wanted.items():
        run(folder, "--only", only, "--output", tmp_path / "out.csv")
        assert [Path(row["file"]).name for row in rows_of(tmp_path / "out.csv")] == names
    _, printed, _ = run(folder, "--only", "misread")
    assert "1 of 2 read as their names say" in printed  # the score is that of all


def test_standard_input_zip_and_pdf_give_what_the_file_gives(run, tmp_path: Path, monkeypatch):
    from PIL import Image

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("7.png", SEVEN.read_bytes())
    Image.open(SEVEN).convert("RGB").save(tmp_path / "scan.pdf")
    for content in (SEVEN.read_bytes(), packed.getvalue(), (tmp_path / "scan.pdf").read_bytes()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code, printed, _ = run("--format", "json", "-")
        row = json.loads(printed)
        assert (code, row["text"]) == (0, "7")
        assert row["file"].startswith("standard input")
    assert row["file"] == "standard input, page 1"


def test_a_folder_without_pictures_is_said_and_is_exit_code_2(run, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    code, printed, complaint = run(tmp_path / "empty")
    assert (code, printed) == (2, "")
    assert complaint == f"There are no pictures in {tmp_path / 'empty'}.\n"
    code, printed, complaint = run(SEVEN, tmp_path / "empty")
    assert code == 2 and "7_plain" in printed and "empty" in complaint


@pytest.mark.parametrize("place", ["missing/out.csv", ""], ids=["no folder", "a folder"])
def test_an_output_that_cannot_be_written_is_said_before_anything_is_read(run, tmp_path: Path, monkeypatch, place: str):
    monkeypatch.setattr(predict, "read_source", lambda *_: pytest.fail("something was read"))
    code, printed, complaint = run(SEVEN, "--output", f"{tmp_path}/{place}")
    assert (code, printed) == (2, "") and "can't be written" in complaint


def test_an_output_never_replaces_a_picture(run, tmp_path: Path):
    (tmp_path / "7.png").write_bytes(SEVEN.read_bytes())
    with pytest.raises(SystemExit, match="2"):
        run(tmp_path / "7.png", "--output", tmp_path / "7.png")
    assert (tmp_path / "7.png").read_bytes() == SEVEN.read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(), min_size=1, max_size=30), min_size=1, max_size=4), st.data())
def test_any_name_is_written_in_every_format(names: list[str], data: st.DataObject):
    """Surrogates, right-to-left, emoji, line feeds: each item stays one row, or two in the table where it is long."""
    drawn = [data.draw(st.sampled_from(["7", "4071", "1" * 20, ""])) for _ in names]
    items = [
        batch.ReadFile(
            key="", name=name, label=None, text=text, verdict="digit", confidence=0.5, probabilities=(), digits=(),
            remark="Remark.",
        )
        for name, text in zip(names, drawn, strict=True)
    ]  # fmt: skip
    given = [sources.Source(name, None, bytes) for name in names]
    written = {}
    for kind, writer in predict.WRITERS.items():
        buffer = io.BytesIO()
        stream = io.TextIOWrapper(buffer, "utf-8", "backslashreplace", newline="")
        chosen = writer(stream, given)
        for item in items:
            chosen.add(item)
        written[kind] = buffer.getvalue().decode("utf-8")
    assert [json.loads(line)["file"] for line in written["json"].splitlines()] == names
    assert len(list(csv.reader(io.StringIO(written["csv"], newline="")))) == len(names) + 1
    lines = written["table"].split("\n")
    assert len(lines) == len(names) + 2 + sum(len(text) > predict.READ for text in drawn)
    column = predict.columns(lines[0].partition("remark")[0])
    remarks = [predict.columns(line.rpartition("Remark.")[0]) for line in lines if line.endswith("Remark.")]
    assert remarks == [column] * len(names)


def test_steps_are_kept_as_pictures_a_folder_each(run, folder: Path, tmp_path: Path):
    twin = tmp_path / "set-10"  # whose names could fall together with those of the folder
    twin.mkdir()
    (twin / "10.jpg").write_bytes(TWO.read_bytes())
    number = SAMPLES / "number_305_red_pen_on_a_shadowed_page.jpg"
    code, output, _ = run("--format", "json", "--steps", tmp_path / "how", folder, twin, number)
    read = [row for row in map(json.loads, output.splitlines()) if row["error"] is None]
    kept = sorted((tmp_path / "how").iterdir())
    assert code == 2 and len(kept) == len(read) == 5
    told = [json.loads((place / "steps.json").read_text()) for place in kept]
    assert sorted(one["text"] for one in told) == sorted(row["text"] for row in read)
    for place, one in zip(kept, told, strict=True):
        assert [step["file"] for step in one["steps"]] == sorted(path.name for path in place.glob("*.png"))
        assert one["steps"][0]["title"] == "The picture as given"


def test_steps_of_a_second_reading_take_the_place_of_the_first(run, tmp_path: Path):
    for expect in ("number", "one"):
        run("--steps", tmp_path / "how", "--expect", expect, SEVEN)
    (place,) = (tmp_path / "how").iterdir()
    steps = json.loads((place / "steps.json").read_text())["steps"]
    assert {step["file"] for step in steps} == {path.name for path in place.glob("*.png")}


def test_a_folder_for_steps_that_cant_be_written_is_a_sentence(run, tmp_path: Path):
    (tmp_path / "how").write_text("a file")
    code, _, complaint = run("--steps", tmp_path / "how", SEVEN)
    assert code == 2 and "can't be written" in complaint and "Traceback" not in complaint


def test_a_sheet_is_a_table_in_every_format_and_says_where_there_is_none(run, tmp_path: Path):
    rng = np.random.default_rng(3)
    drawn = tables.draw(
        "grid", mnist.load(train=False).pick(torch.arange(400)), rng, (("7", "12"), ("", "48"), ("3", "6"))
    )
    Image.fromarray(drawn.colours).save(tmp_path / "marks.png")
    code, printed, _ = run("--expect", "sheet", tmp_path / "marks.png")
    assert code == 0
    assert len(printed.splitlines()) == 1 + 3
    run("--expect", "sheet", "--output", tmp_path / "marks.csv", tmp_path / "marks.png")
    table = list(csv.reader(io.StringIO((tmp_path / "marks.csv").read_text(encoding="utf-8-sig"))))
    run("--expect", "sheet", "--output", tmp_path / "marks.json", tmp_path / "marks.png", SEVEN)
    marks, seven = map(json.loads, (tmp_path / "marks.json").read_text(encoding="utf-8").splitlines())
    assert marks["rows"] == table
    assert [len(row) for row in table] == [2, 2, 2]
    assert seven["rows"] == [["7"]]
    assert "No table found" in seven["remark"]

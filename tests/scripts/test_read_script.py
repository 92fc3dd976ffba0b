"""Bulk reading: the rows of `predict`, each picture once, whatever is killed at which moment."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from PIL import Image
from running_app import ROOT

from core import console
from core.network import checkpoint
from core.reading import batch, bulk, part_reader, sources
from core.workspace import SHIPPED
from scripts import predict, read

SAMPLES = SHIPPED / "samples"
NAMES = ("7/10.png", "7/9.png", "2_wide.jpg", "note.txt", ".hidden/7.png")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three pictures, one that is none, what is passed over; the working directory is beside it."""
    folder = tmp_path / "scans"
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sample = "2_round_shadow_over_half.jpg" if "2_" in name else "7_plain_in_the_corner.png"
        path.write_bytes((SAMPLES / sample).read_bytes())
    (folder / "bad.png").write_bytes(b"no picture")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.write(folder / "2_wide.jpg", "2.jpg")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Reads in this process, a part of two pictures at a time, and notes which parts were read."""
    parts: list[int] = []

    def hand_out(reading: bulk.Reading, missing: list[int], processes: int) -> Iterator[tuple[int, int]]:
        for number, pictures in reading._load_plan(missing):
            parts.append(number)
            yield number, part_reader.read_part(pictures, reading._part_file(number))

    monkeypatch.setattr(bulk, "PART", 2)
    monkeypatch.setattr(bulk.Reading, "_hand_out", hand_out)
    monkeypatch.setattr(part_reader, "_model", checkpoint.load(checkpoint.in_use()), raising=False)
    return parts


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["scripts/read.py", *map(str, arguments)])
        return console.run(read.main), *capfd.readouterr()

    return run


def rows_of(file: Path) -> list[dict]:
    if file.suffix == ".parquet":
        return pq.read_table(file).to_pylist()
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_every_format_says_what_predict_says(here, run, folder: Path, tmp_path: Path):
    model = checkpoint.load(checkpoint.in_use())
    found = [source for source in sources.find(["scans"]).sources if ".zip" not in source.name]
    items = [predict.read_source(model, source, "auto") for source in found]
    assert len(items) == 4
    for name in ("result.csv", "result.jsonl", "result.parquet"):
        code, printed, said = run("scans", "--output", name)
        assert (code, printed) == (0, f"4 pictures, 1 of which can't be read: {name}\n")
        assert "1 zip or PDF" in said and "4 of 4 pictures" in said
    assert Path("result.csv").read_bytes() == batch.to_csv(items)
    wanted = json.loads(json.dumps([batch.to_record(item) for item in items]))
    assert rows_of(Path("result.jsonl")) == rows_of(Path("result.parquet")) == wanted
    assert not list(tmp_path.glob("*.parts")) and not list(tmp_path.glob(".*"))


def test_the_same_command_goes_on_and_reads_nothing_twice(here, run, folder: Path):
    asked = bulk.Settings(("scans",), "reference", checkpoint.describe("reference").version)
    reading = bulk.Reading(Path("result.jsonl"), asked)
    following = reading.read(1)
    assert [next(following).done for _ in range(2)] == [0, 2]
    following.close()
    reading.close()
    assert not Path("result.jsonl").exists()
    (folder / "1_new.png").write_bytes(b"came later")
    code, _, said = run("scans", "--output", "result.jsonl")
    assert code == 0 and "Going on after 2 pictures." in said
    assert sorted(here) == [0, 1]
    assert len({row["file"] for row in rows_of(Path("result.jsonl"))}) == 4
    code, _, said = run("scans", "--output", "result.jsonl")
    assert code == 2 and "is there already" in said


def test_what_was_begun_otherwise_is_not_mixed(here, run, folder: Path):
    reading = bulk.Reading(Path("a.csv"), bulk.Settings(("scans",), "modern", "1"))
    code, _, said = run("scans", "--output", "a.csv")
    assert code == 2 and "Another process" in said
    reading.close()
    code, _, said = run("scans", "--output", "a.csv")
    assert code == 2 and "was begun with other pictures, another model" in said and "a.csv.parts" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere", "--output", "a.csv"), "There is nothing at nowhere."),
        (("empty", "--output", "a.csv"), "There are no pictures in empty."),
        (("scans", "--output", "a.png"), "a name that ends with"),
        (("scans", "--output", "a.csv", "--model", "none"), "There is no readable model none.pth"),
        (("nosuchstore://x", "--output", "a.csv"), "nosuchstore"),
    ],
)
def test_what_cannot_begin_is_said_and_leaves_nothing(here, run, folder: Path, tmp_path, arguments, says: str):
    (tmp_path / "empty").mkdir()
    code, printed, said = run(*arguments)
    assert (code, printed) == (2, "") and says in said
    assert not list(tmp_path.glob("a.*"))


def test_patterns_files_and_addresses_name_pictures(here, run, folder: Path):
    run("scans/7/*.png", "scans/2_wide.jpg", "scans", "--output", "a.jsonl")
    names = [row["file"] for row in rows_of(Path("a.jsonl"))]
    assert names == ["scans/7/9.png", "scans/7/10.png", "scans/2_wide.jpg", "scans/bad.png"], "each once"
    run(folder.as_uri(), "--output", "b.jsonl")
    rows = rows_of(Path("b.jsonl"))
    assert len(rows) == 4 and all(row["file"].startswith("file://") for row in rows)
    assert [row["label"] for row in rows if "/7/" in row["file"]] == [7, 7]


def test_a_picture_that_breaks_the_reader_is_a_row(here, run, folder: Path, monkeypatch):
    monkeypatch.setattr(batch, "read_file", lambda *_: 1 // 0)
    assert run("scans", "--output", "a.jsonl")[0] == 0
    assert {row["verdict"] for row in rows_of(Path("a.jsonl"))} == {"error"}


def test_a_file_that_is_gone_or_too_large_is_a_row(here, folder: Path, monkeypatch):
    reading = bulk.Reading(Path("a.jsonl"), bulk.Settings(("scans",), "reference", "1"))
    (folder / "7" / "9.png").unlink()
    with (folder / "7" / "10.png").open("wb") as large:
        large.truncate(26_000_000)
    list(reading.read(1))
    said = [row["error"] or "" for row in rows_of(Path("a.jsonl"))]
    assert any(text.startswith("This file can't be opened: No such file") for text in said)
    assert any(text.startswith("This file has 26.0 MB; the limit is 25 MB.") for text in said)


def test_progress_says_rate_and_time_left():
    begun = bulk.Progress(1000, 5000, 0)
    line = bulk.describe(bulk.Progress(2000, 5000, 3), begun, 10)
    assert line == "2,000 of 5,000 pictures · 100 a second · about 30 s left"
    assert bulk.describe(bulk.Progress(5000, 5000, 3), begun, 10) == "5,000 of 5,000 pictures · 400 a second"
    assert bulk.describe(begun, begun, 0) == "1,000 of 5,000 pictures"


# --- with processes ---------------------------------------------------------------------------------------------------

COUNT = 700


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """MNIST-like pictures, each another one, and one that is none."""
    folder = tmp_path / "many"
    folder.mkdir()
    rng = np.random.default_rng(0)
    digits = [np.asarray(Image.open(SAMPLES / "7_mnist_test_0_enlarged.png").convert("L").resize((28, 28)))]
    for number in range(COUNT - 1):
        noisy = digits[0] + rng.integers(0, 9, (28, 28), np.uint8) * (digits[0] < 200)
        Image.fromarray(noisy).save(folder / f"{number}.png")
    (folder / "bad.png").write_bytes(b"no picture")
    return folder


def start(folder: Path, output: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / "scripts" / "read.py"), str(folder), "--output", str(output)]
    return subprocess.Popen([*command, "--processes", "2", *options], stderr=subprocess.PIPE, text=True)


def wait_for_parts(process: subprocess.Popen, output: Path, count: int) -> None:
    parts = output.with_name(f"{output.name}.parts")
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        if len(list(parts.glob("0*.parquet"))) >= count:
            return
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_again_and_again_no_picture_is_lost_and_none_twice(many: Path, tmp_path: Path):
    output, rng, killed = tmp_path / "result.parquet", random.Random(0), 0
    for kill in range(4):
        process = start(many, output)
        wait_for_parts(process, output, kill + 1)
        time.sleep(rng.random() / 10)
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        psutil.wait_procs(children, timeout=30)
        assert not [child for child in children if child.is_running()], "who reads ends with who hands out"
    assert killed > 2
    process = start(many, output)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0 and "Going on after" in said, said
    names = pq.read_table(output)["file"].to_pylist()
    assert len(names) == len(set(names)) == COUNT
    assert names == [str(source.name) for source in sources.find([many]).sources]
    assert [path.name for path in tmp_path.iterdir()].count("result.parquet") == 1
    assert not (tmp_path / "result.parquet.parts").exists()


@pytest.mark.slow
def test_a_process_that_is_killed_is_replaced(many: Path, tmp_path: Path):
    output = tmp_path / "result.parquet"
    process = start(many, output)
    wait_for_parts(process, output, 1)
    workers = [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
    with contextlib.suppress(psutil.NoSuchProcess):
        workers[0].kill()
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    names = pq.read_table(output)["file"].to_pylist()
    assert len(names) == len(set(names)) == COUNT


@pytest.mark.slow
def test_a_cluster_gives_the_same_rows_though_one_of_its_processes_is_killed(many: Path, tmp_path: Path):
    pytest.importorskip("ray")
    output = tmp_path / "result.parquet"
    process = start(many, output, "--ray", "local")
    wait_for_parts(process, output, 1)
    readers = [
        one
        for one in psutil.Process(process.pid).children(recursive=True)
        if " ".join(one.cmdline()).startswith("ray::MapWorker")
    ]
    assert readers, "nobody reads"
    readers[0].kill()
    _, said = process.communicate(timeout=400)
    assert process.returncode == 0, said
    names = pq.read_table(output)["file"].to_pylist()
    assert names == [str(source.name) for source in sources.find([many]).sources]


def test_without_ray_it_is_said_which_package_is_missing(run, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, said = run("scans", "--output", "a.csv", "--ray", "local")
    assert code == 2 and 'pip install "digit-lab[cluster]"' in said

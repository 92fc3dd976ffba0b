"""What a benchmark found, with its conditions, as a file in benchmarks/results/; README.md is rendered from these.

A benchmark keeps its rows while it prints and hands them to `write` at its end. Only the command that stands in
BENCHMARKS writes its file: a shorter or different run prints its figures and replaces nothing.
"""

import contextlib
import importlib.metadata
import json
import math
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

import psutil

from core.network import checkpoint
from core.workspace import write_atomically

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SHIPPED_MODELS = ("reference", "modern")
BUSY = 0.5  # running processes on average over a minute: above it, somebody else had a share of the time measured


@dataclass(frozen=True)
class Benchmark:
    """A heading of README.md, the command that fills it, and whether that measures time and needs an idle machine."""

    title: str
    command: str
    is_timed: bool


# In README.md's order. FOLDER stands for wherever somebody keeps the pictures.
BENCHMARKS = {
    "realworld": Benchmark("Real handwriting", "python benchmarks/realworld.py --folder FOLDER", True),
    "whole_numbers": Benchmark("Whole numbers", "python benchmarks/whole_numbers.py", False),
    "sheets": Benchmark("Sheets", "python benchmarks/sheets.py --folder FOLDER", True),
    "pages": Benchmark("Drawn pages", "python benchmarks/pages.py", False),
    "papers": Benchmark("Pages by kind of paper", "python benchmarks/papers.py", False),
    "pages_without": Benchmark(
        "What each step of reading is worth", "python benchmarks/pages.py --without --count 50", False
    ),
    "sensitivity": Benchmark("Constants of reading", "python benchmarks/sensitivity.py", False),
    "rejection": Benchmark("What is no digit", "python benchmarks/rejection.py reference modern", False),
    "validation": Benchmark("The shipped models", "python benchmarks/validation.py reference modern", False),
    "architectures": Benchmark("Networks compared", "python benchmarks/architectures.py --seeds 0 1 2", True),
    "fine_tuning": Benchmark("Fine-tuning on My digits", "python benchmarks/fine_tuning.py", True),
    "predict": Benchmark("Predict", "python benchmarks/predict.py", True),
    "load": Benchmark("A server under load", "python benchmarks/load.py", True),
    "train_page": Benchmark("A run that goes on", "python benchmarks/train_page.py", True),
    "evaluate": Benchmark("Evaluate", "python benchmarks/evaluate.py", True),
    "mutants": Benchmark("Faults that tests notice", "python benchmarks/mutants.py", False),
    "training": Benchmark("Training", "python benchmarks/training.py --race", True),
}


class ResultError(ValueError):
    """A result file that can't be trusted; the message names it and the command that writes it anew."""


@dataclass(frozen=True)
class Row:
    """One figure.

    `value` in `unit`, shown with `digits` decimals; `limit` in the same unit, kept at or below it, or at or above it
    where not `is_at_most`. Rows with a `column` form a table: one line for each `name`. A detail stays in the file and
    out of README.md.
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    is_at_most: bool = True
    note: str = ""
    column: str = ""
    digits: int = 1
    is_detail: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether there is a limit and the value is beyond it."""
        if self.limit is None:
            return False
        return self.value > self.limit if self.is_at_most else self.value < self.limit


@dataclass(frozen=True)
class Conditions:
    """When, with which code, and on which machine. `memory` in GB; `load` is the load average at the start."""

    date: str  # UTC, ISO 8601
    commit: str
    is_dirty: bool  # files that git follows, or could, differed from the commit; results and README.md don't count
    processor: str
    cores: int
    memory: int
    python: str
    torch: str
    streamlit: str
    models: dict[str, str]  # names and versions of those that were asked
    load: float


@dataclass(frozen=True)
class Result:
    """What one command found: `benchmark` is its key in BENCHMARKS, `command` as it was called."""

    benchmark: str
    command: str
    conditions: Conditions
    rows: tuple[Row, ...]


def start(models: Sequence[str] = ()) -> Conditions:
    """Take down the conditions before anything is measured, and warn when others use the machine.

    `models` are names in models/.
    """
    load = psutil.getloadavg()[0]
    if load > BUSY:
        print(f"The machine is not idle (load {load:.1f}): times will be too long.", file=sys.stderr)
    commit, is_dirty = _ask_git()
    return Conditions(
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        commit=commit,
        is_dirty=is_dirty,
        processor=name_processor(),
        cores=psutil.cpu_count() or 1,
        memory=round(psutil.virtual_memory().total / 1e9),
        python=platform.python_version(),
        torch=importlib.metadata.version("torch"),
        streamlit=importlib.metadata.version("streamlit"),
        models={name: checkpoint.describe(name).version for name in models},
        load=round(load, 2),
    )


def name_processor() -> str:
    """The chip's name and the widest arithmetic it has built in, as far as the system tells: two chips of one name may
    differ in it by a factor of two."""
    name, flags = platform.processor() or platform.machine(), []
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = value.split()
    widest = next((flag for flag in ("avx512_bf16", "avx512f", "avx2") if flag in flags), "")
    return f"{name} ({widest})" if widest else name


def _ask_git() -> tuple[str, bool]:
    """The commit, shortened, and whether files differ from it; "unknown" outside a repository or without git."""
    own = (":!benchmarks/results", ":!benchmarks/README.md")
    commands = (["rev-parse", "--short=8", "HEAD"], ["status", "--porcelain", "--", ".", *own])
    try:
        commit, status = (
            subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for command in commands
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown", False
    return commit, bool(status)


def command_line(arguments: Sequence[str] | None = None) -> str:
    """The command as somebody would type it, `sys.argv` by default. Where their pictures lie is nobody's business: the
    value of --folder reads FOLDER."""
    script, *rest = sys.argv if arguments is None else arguments
    shown: list[str] = []
    for argument in rest:
        if shown and shown[-1] == "--folder":
            shown.append("FOLDER")
        elif argument.startswith("--folder="):
            shown += ["--folder", "FOLDER"]
        else:
            shown.append(argument)
    return shlex.join(["python", f"benchmarks/{Path(script).name}", *shown])


def write(result: Result, folder: Path = RESULTS) -> None:
    """Write a result's file, whole or not at all, and say so.

    The file stays as it is after any other command than its own, and where somebody's own model was asked.

    Raises `ValueError` for a figure that is no finite number.
    """
    whole = BENCHMARKS[result.benchmark].command
    if result.command != whole or not result.conditions.models.keys() <= set(SHIPPED_MODELS):
        print(f"Not kept: benchmarks/results/{result.benchmark}.json holds what `{whole}` finds with shipped models.")
        return
    write_atomically(folder / f"{result.benchmark}.json", _to_json(result).encode())
    print(f"Kept in benchmarks/results/{result.benchmark}.json; `python benchmarks/render.py` renders README.md.")


def _to_json(result: Result) -> str:
    """One line for each row, so that a comparison of two commits shows what changed."""
    record = asdict(result)
    rows = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in record.pop("rows")]
    head = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    return head + ',\n "rows": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n"


def read_all(folder: Path = RESULTS) -> dict[str, Result]:
    """All results by the names of their benchmarks, in README.md's order; a benchmark without a file is left out.

    Raises `ResultError` for a file that is damaged, of another version, or of no benchmark.
    """
    paths = {path.stem: path for path in folder.glob("*.json")}
    if unknown := sorted(paths.keys() - BENCHMARKS.keys()):
        raise ResultError(f"No benchmark writes {unknown[0]}.json: remove it, or add it to BENCHMARKS.")
    return {name: read(paths[name]) for name in BENCHMARKS if name in paths}


def read(path: Path) -> Result:
    """One result. Raises `ResultError` unless every field is there, of its type, and nothing else is."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        record["conditions"] = _build(Conditions, record["conditions"])
        record["rows"] = tuple(_build(Row, row) for row in record["rows"])
        result = _build(Result, record)
        if result.benchmark != path.stem or result.command != BENCHMARKS[path.stem].command:
            raise ValueError(f"it is of `{result.command}`")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResultError(f"{path.name} can't be read ({error}): `{BENCHMARKS[path.stem].command}`") from error
    return result


T = TypeVar("T", Row, Conditions, Result)


def _build(kind: type[T], record: dict[str, Any]) -> T:
    """A dataclass of exactly these fields. Raises `ValueError` or `TypeError` otherwise."""
    hints = get_type_hints(kind)
    if differing := sorted(hints.keys() ^ record.keys()):
        raise ValueError(f"{kind.__name__} and {', '.join(differing)}")
    for name, value in record.items():
        if not _fits(value, hints[name]):
            raise TypeError(f"{name} is {value!r}")
    return kind(**record)


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of a field's type: a number without decimals is a float, a bool is no number."""
    if hint == float | None:
        return value is None or _fits(value, float)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return type(value) is (get_origin(hint) or hint)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no figure")

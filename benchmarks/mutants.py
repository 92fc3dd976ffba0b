"""How many faults that are put into the code fail a test: mutation testing, on a sample drawn by a seed.

python benchmarks/mutants.py                                    # some 12 minutes on two cores; not on Windows
python benchmarks/mutants.py --count 20 --seed 7 core/figures   # others, of some files

Cosmic Ray's operators say which faults there are (a comparison turned round, a number one larger, a loop that is left
at once). Each goes by itself into a copy of the project, where the tests that reach its line run until one fails. Which
tests reach a line is measured first, by one run of those that need neither a browser nor much time. A fault that no
test reaches survives.
"""

import argparse
import ast
import contextlib
import importlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from benchmarks import result_file
from benchmarks.result_file import ROOT, Result, Row

PACKAGES = ("core/reading", "core/network", "core/evaluation", "core/training", "core/figures")
COUNT = 100
WANTED = 80  # percent killed
TESTS = ("-m", "not slow and not browser")
MOST_SECONDS = 20  # of tests for one fault, quickest first: the rest would run for minutes and hardly ever decides
PATIENCE = 3  # times what the tests take without a fault, and START: a fault that makes a loop endless is noticed
START = 20  # seconds of a core, to read the code and the tests
IDLE = 5  # times as long, by the clock: for whoever waits for what never comes, or has little of a busy machine
# What the code and its tests import of others, read once and not for each fault: four seconds.
LIBRARIES = ("altair", "cv2", "hypothesis", "onnxruntime", "pandas", "scipy.ndimage", "sklearn", "streamlit", "torch",
             "torch.utils.tensorboard", "torchvision")  # fmt: skip
QUIETLY = ("-q", "--no-header", "-p", "no:cacheprovider")
ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
MOMENTS = itertools.count(1)  # seconds since 1970
# Python tells no difference between them where they stand in this code: `is None` and `== None`, small whole numbers.
SAME = ("Eq_Is", "NotEq_IsNot", "Is_Eq", "IsNot_NotEq")


@dataclass(frozen=True)
class Mutant:
    """One fault: the `occurrence`-th place in `path`, relative to the root, where `operator` applies; `line` from 1."""

    path: str
    operator: str
    occurrence: int
    line: int

    def mutate(self, source: str) -> str:
        """The file's source with the fault in it."""
        mutated: str = mutate_code(source, get_operator(self.operator)(), self.occurrence)
        return mutated

    def describe(self, source: str) -> str:
        """Where, and the line before and after."""
        pairs = zip(source.splitlines(), self.mutate(source).splitlines(), strict=False)
        before, after = next((pair for pair in pairs if pair[0] != pair[1]), ("", "(a line less)"))
        return f"{self.path}:{self.line}: {before.strip()} -> {after.strip()}"


@dataclass(frozen=True)
class Test:
    """A test's name as pytest takes it, and its `seconds` without a fault."""

    name: str
    seconds: float


Reached = dict[tuple[str, int], list[Test]]  # by path and line; line 0 for all that reach any line of the file


def main() -> int:
    """Print each fault's fate and keep the share that was killed; 1 where it is below what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=list(PACKAGES), help="files or folders; all five packages")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    conditions = result_file.start()
    with tempfile.TemporaryDirectory() as folder:
        copies = [copy(Path(folder) / str(number)) for number in range(options.processes)]
        reached = find_tests(copies[0], options.paths, options.processes)
        mutants = sample(options.paths, options.count, options.seed)
        print(f"{len(mutants)} faults, seed {options.seed}", flush=True)
        survivors = run(mutants, reached, copies)
    share = 100 * (1 - len(survivors) / len(mutants))
    print(f"{share:.0f} % of {len(mutants)} killed")
    rows = [Row("killed", share, "%", limit=WANTED, is_at_most=False, note=f"of {len(mutants)} by seed {options.seed}")]
    total, left = (Counter(str(Path(mutant.path).parent) for mutant in group) for group in (mutants, survivors))
    rows += [Row(f"of {package}", 100 * (1 - left[package] / count), "%") for package, count in sorted(total.items())]
    sources = {mutant.path: (ROOT / mutant.path).read_text(encoding="utf-8") for mutant in survivors}
    rows += [Row(mutant.describe(sources[mutant.path]), 1, note="survived", is_detail=True) for mutant in survivors]
    result_file.write(Result("mutants", result_file.command_line(), conditions, tuple(rows)))
    return int(rows[0].is_missed)


def copy(folder: Path) -> Path:
    """What git follows or could, so that no fault ever stands in anybody's files."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def sample(paths: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """Places are drawn first and then one of the faults possible there: a comparison has ten, a loop one."""
    files = sorted(
        file for path in paths for file in ((ROOT / path).rglob("*.py") if (ROOT / path).is_dir() else [ROOT / path])
    )
    places: dict[tuple[str, int, int], list[Mutant]] = defaultdict(list)
    for file in files:
        name = file.relative_to(ROOT).as_posix()
        for mutant, column in find_mutants(name, file.read_text(encoding="utf-8")):
            places[mutant.path, mutant.line, column].append(mutant)
    rng = random.Random(seed)
    drawn = rng.sample(sorted(places), len(places))
    found = []
    for place in drawn:
        mutant = rng.choice(places[place])
        if changes_the_program(mutant):
            found.append(mutant)
        if len(found) == count:
            break
    return found


def find_mutants(path: str, source: str) -> Iterator[tuple[Mutant, int]]:
    """Every fault possible in a file, and the column of its place; none where no test can see one."""
    tree = get_ast(source)
    silent = find_unseen(source)
    for name in operator_names():
        operator_class = get_operator(name)
        if operator_class.arguments() or name.endswith(SAME):
            continue
        operator = operator_class()
        starts = (start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node))
        for occurrence, (line, column) in enumerate(starts):
            if not any(first <= (line, column) < last for first, last in silent):
                yield Mutant(path, name, occurrence, line), column


def find_unseen(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """First and last place, as (line, column), of each annotation, which nothing asks, and of each value of `strict`,
    which guards `zip` against what never happens."""
    nodes = list(ast.walk(ast.parse(source)))
    found = [node.annotation for node in nodes if isinstance(node, ast.arg | ast.AnnAssign)]
    found += [node.returns for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found += [node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "strict"]
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for node in found
        if node is not None
    ]


def changes_the_program(mutant: Mutant) -> bool:
    """Whether the fault is Python and another program than before."""
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    with contextlib.suppress(SyntaxError):
        return ast.dump(ast.parse(mutant.mutate(source))) != ast.dump(ast.parse(source))
    return False


def find_tests(folder: Path, paths: Sequence[str], processes: int) -> Reached:
    """Run the quick tests once, in the copy, and remember which lines of these files' packages each reaches. Those that
    fail there are left out."""
    report = folder / "report.xml"
    command = [f"--cov=core/{package}" for package in sorted({Path(path).parts[1] for path in paths})]
    command += ["--cov-context", "test", "--cov-report", "", f"--junitxml={report}"]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *QUIETLY,
            *TESTS,
            *command,
            "--numprocesses",
            str(processes),
            "--dist",
            "loadfile",
        ],
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    seconds: dict[str, float] = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        if not any(child.tag in ("failure", "error", "skipped") for child in case):
            name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
            seconds[name] = float(case.get("time", 0))
    data = coverage.CoverageData(str(folder / ".coverage"))
    data.read()
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for file in data.measured_files():
        path = Path(file).relative_to(folder).as_posix()
        for line, contexts in data.contexts_by_lineno(file).items():
            names = {context.rpartition("|")[0] for context in contexts} & seconds.keys()
            found[path, line] |= names
            found[path, 0] |= names
    return {
        place: sorted((Test(n, seconds[n]) for n in names), key=lambda t: t.seconds) for place, names in found.items()
    }


@dataclass(frozen=True)
class Trial:
    """A fault that stands in the copy `folder`, and the `process` whose tests may notice it; `deadline` by the
    monotonic clock."""

    mutant: Mutant
    folder: Path
    process: int
    began: float
    deadline: float


def run(mutants: Sequence[Mutant], reached: Reached, copies: Sequence[Path]) -> list[Mutant]:
    """Try each fault, as many at a time as there are copies; returns the survivors."""
    os.environ.update(ENVIRONMENT)
    for name in LIBRARIES:
        importlib.import_module(name)
    waiting, free, trials, survivors = list(mutants), list(copies), list[Trial](), list[Mutant]()
    while waiting or trials:
        while waiting and free:
            trials.append(begin(waiting.pop(0), reached, free.pop()))
        time.sleep(0.02)
        for trial, fate in [(trial, fate) for trial in trials if (fate := end(trial))]:
            trials.remove(trial)
            free.append(trial.folder)
            source = (ROOT / trial.mutant.path).read_text(encoding="utf-8")
            seconds = time.monotonic() - trial.began
            print(f"{fate:9} {seconds:5.0f} s  {trial.mutant.describe(source)}", flush=True)
            if fate == "survived":
                survivors.append(trial.mutant)
    return survivors


def begin(mutant: Mutant, reached: Reached, folder: Path) -> Trial:
    """Put the fault in, and start the tests that reach its line."""
    # A line that runs when its module is loaded belongs to no test: all that use the module are asked.
    tests = reached.get((mutant.path, mutant.line)) or reached.get((mutant.path, 0)) or []
    seconds = list(itertools.accumulate(test.seconds for test in tests))
    chosen = [test.name for test, so_far in zip(tests, seconds, strict=True) if so_far <= MOST_SECONDS]
    write(folder / mutant.path, mutant.mutate((ROOT / mutant.path).read_text(encoding="utf-8")))
    began = time.monotonic()
    limit = START + PATIENCE * sum(test.seconds for test in tests[: len(chosen)])
    process = os.fork()
    if not process:  # the new process: nothing of this one may run in it
        with contextlib.suppress(BaseException):
            os._exit(run_tests(folder, chosen, round(limit)) if chosen else pytest.ExitCode.OK)
        os._exit(pytest.ExitCode.INTERNAL_ERROR)
    return Trial(mutant, folder, process, began, began + IDLE * limit)


def end(trial: Trial) -> str:
    """ "killed", "survived" or "timeout", once the tests are done, with the fault taken out; empty until then."""
    done, status = os.waitpid(trial.process, os.WNOHANG)
    if not done and time.monotonic() < trial.deadline:
        return ""
    with contextlib.suppress(ProcessLookupError):  # what its tests started ends with it
        os.killpg(trial.process, signal.SIGKILL)
    if not done:
        os.waitpid(trial.process, 0)
    write(trial.folder / trial.mutant.path, (ROOT / trial.mutant.path).read_text(encoding="utf-8"))
    return "timeout" if not done or os.WIFSIGNALED(status) else "killed" if status else "survived"


def write(file: Path, source: str) -> None:
    """Write a module with a time of its own: two faults of one size within a second would be one file to Python."""
    file.write_text(source, encoding="utf-8")
    moment = next(MOMENTS)
    os.utime(file, (moment, moment))


def run_tests(folder: Path, names: Sequence[str], limit: int) -> int:
    """Run these tests of a copy until one fails; pytest's exit code. For a process of its own, which the system ends
    after `limit` seconds of a core."""
    import resource  # Windows has none

    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    os.chdir(folder)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("core", "benchmarks")]:
        del sys.modules[name]  # they are this checkout's
    sys.path.insert(0, str(folder))
    return pytest.main([*QUIETLY, "-x", *names])


if __name__ == "__main__":
    sys.exit(main())

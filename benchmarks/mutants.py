"""How many faults that are put into the code fail a test: mutation testing, on a sample drawn by a seed.

python benchmarks/mutants.py                                    # some 25 minutes on two cores
python benchmarks/mutants.py --count 20 --seed 7 core/figures   # others, of some files

Cosmic Ray's operators say which faults there are (a comparison turned round, a number one larger, a loop that is left
at once). Each goes by itself into a copy of the project, where the tests that reach its line run until one fails. Which
tests reach a line is measured first, by one run of those that need neither a browser nor much time. A fault that no
test reaches survives.
"""

import argparse
import ast
import contextlib
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import coverage
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from benchmarks import result_file
from benchmarks.result_file import ROOT, Result, Row

PACKAGES = ("core/reading", "core/network", "core/evaluation", "core/training", "core/figures")
COUNT = 120
WANTED = 80  # percent killed
TESTS = ("-m", "not slow and not browser")
MOST_SECONDS = 60  # of tests for one fault, quickest first: the rest would run for minutes and hardly ever decides
PATIENCE = 4  # times what the tests take without a fault, and START: a fault that makes a loop endless is noticed
START = 40  # seconds, for Python and torch on a busy machine
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
        reached = find_tests(copies[0], options.processes)
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
    """Every fault possible in a file, and the column of its place; none in annotations, which nothing asks."""
    tree = get_ast(source)
    silent = find_annotations(source)
    for name in operator_names():
        operator_class = get_operator(name)
        if operator_class.arguments() or name.endswith(SAME):
            continue
        operator = operator_class()
        starts = (start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node))
        for occurrence, (line, column) in enumerate(starts):
            if not any(first <= (line, column) < last for first, last in silent):
                yield Mutant(path, name, occurrence, line), column


def find_annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """First and last place, as (line, column), of each annotation."""
    nodes = list(ast.walk(ast.parse(source)))
    hints = [node.annotation for node in nodes if isinstance(node, ast.arg | ast.AnnAssign)]
    hints += [node.returns for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        ((hint.lineno, hint.col_offset), (hint.end_lineno or 0, hint.end_col_offset or 0))
        for hint in hints
        if hint is not None
    ]


def changes_the_program(mutant: Mutant) -> bool:
    """Whether the fault is Python and another program than before."""
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    with contextlib.suppress(SyntaxError):
        return ast.dump(ast.parse(mutant.mutate(source))) != ast.dump(ast.parse(source))
    return False


def find_tests(folder: Path, processes: int) -> Reached:
    """Run the quick tests once, in the copy, and remember which lines each reaches. Those that fail there are left
    out."""
    report = folder / "report.xml"
    command = ["--cov", "--cov-context", "test", "--cov-report", "", f"--junitxml={report}"]
    subprocess.run(
        [*pytest(), *TESTS, *command, "--numprocesses", str(processes), "--dist", "loadfile"],
        cwd=folder,
        env=environment(),
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


def pytest() -> list[str]:
    """The command's head."""
    return [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"]


def environment() -> dict[str, str]:
    """This one's, and modules are not cached: two faults within a second would be one file to Python."""
    return os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


def run(mutants: Sequence[Mutant], reached: Reached, copies: Sequence[Path]) -> list[Mutant]:
    """Try each fault, as many at a time as there are copies; returns the survivors."""
    free: queue.Queue[Path] = queue.Queue()
    for folder in copies:
        free.put(folder)

    def try_one(mutant: Mutant) -> bool:
        folder = free.get()
        try:
            began = time.monotonic()
            fate = try_mutant(mutant, reached, folder)
            source = (ROOT / mutant.path).read_text(encoding="utf-8")
            print(f"{fate:9} {time.monotonic() - began:5.0f} s  {mutant.describe(source)}", flush=True)
            return fate != "survived"
        finally:
            free.put(folder)

    with ThreadPoolExecutor(len(copies)) as pool:
        fates = list(pool.map(try_one, mutants))
    return [mutant for mutant, is_killed in zip(mutants, fates, strict=True) if not is_killed]


def try_mutant(mutant: Mutant, reached: Reached, folder: Path) -> str:
    """Put the fault in, run the tests that reach its line, and take it out: "killed", "survived", or "timeout"."""
    # A line that runs when its module is loaded belongs to no test: all that use the module are asked.
    tests = reached.get((mutant.path, mutant.line)) or reached.get((mutant.path, 0)) or []
    chosen, seconds = [], 0.0
    for test in tests:
        if seconds + test.seconds > MOST_SECONDS:
            break
        chosen.append(test.name)
        seconds += test.seconds
    if not chosen:
        return "survived"
    file = folder / mutant.path
    source = file.read_text(encoding="utf-8")
    names = folder / "tests.txt"
    names.write_text("\n".join(chosen), encoding="utf-8")
    file.write_text(mutant.mutate(source), encoding="utf-8")
    try:
        command = [*pytest(), "-x", f"@{names}"]
        limit = START + PATIENCE * seconds
        return (
            "killed"
            if subprocess.run(command, cwd=folder, env=environment(), capture_output=True, timeout=limit).returncode
            else "survived"
        )
    except subprocess.TimeoutExpired:
        return "timeout"
    finally:
        file.write_text(source, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

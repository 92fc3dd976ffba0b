"""Run benchmarks one after the other, each on a machine that has come to rest, and render README.md.

python benchmarks/run.py                               # all that need no pictures of other people; more than an hour
python benchmarks/run.py predict pages                 # these
python benchmarks/run.py realworld --folder PATH       # with the pictures in PATH
"""

import argparse
import shlex
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks import render
from benchmarks.result_file import BENCHMARKS, BUSY, ROOT, read_all

PATIENCE = 300  # seconds: what ran before fades from the load average in two minutes; other people's work doesn't


def main() -> int:
    """Run, render, and give 1 when a command ended with an error or missed a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--folder", type=Path, help="other people's pictures, for realworld and sheets")
    options = parser.parse_args()
    names = options.names or [name for name, benchmark in BENCHMARKS.items() if "FOLDER" not in benchmark.command]
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}; choose of {', '.join(BENCHMARKS)}")
    if options.folder is None and any("FOLDER" in BENCHMARKS[name].command for name in names):
        parser.error("realworld and sheets read other people's pictures: --folder PATH says where they are")
    failed = []
    for name in names:
        benchmark = BENCHMARKS[name]
        if benchmark.is_timed:
            wait_for_rest()
        print(f"\n$ {benchmark.command}", flush=True)
        words = [str(options.folder) if word == "FOLDER" else word for word in shlex.split(benchmark.command)[1:]]
        if subprocess.run([sys.executable, *words], cwd=ROOT).returncode:
            failed.append(name)
    render.write(render.render(read_all()))
    if failed:
        print(f"\nEnded with an error or a missed limit: {', '.join(failed)}")
    return 1 if failed else 0


def wait_for_rest() -> None:
    """Until the load average has fallen, or patience ends: the benchmark then warns."""
    until = time.monotonic() + PATIENCE
    while psutil.getloadavg()[0] > BUSY and time.monotonic() < until:
        time.sleep(5)


if __name__ == "__main__":
    sys.exit(main())

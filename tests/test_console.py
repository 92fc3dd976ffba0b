"""Every script begins and ends as terminals, pipes and files want it."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core import console

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
HARD = "7 数字 🙂 \u202eabc \udcff ü"


def start(code: str, **environment: str) -> subprocess.Popen:
    """A small script of its own that ends as all scripts do."""
    code = f"import sys, time\nfrom core import console\n{code}\nsys.exit(console.run(main))"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "utf-16"])
def test_into_a_pipe_goes_utf_8_whatever_the_consoles_encoding(encoding: str):
    process = start(f"def main():\n  print({HARD!r})\n  print({HARD!r}, file=sys.stderr)\n", PYTHONIOENCODING=encoding)
    printed, complained = process.communicate(timeout=60)
    assert process.returncode == 0, complained
    for text in (printed, complained):
        assert text.decode("utf-8").strip() == HARD.replace("\udcff", "\\udcff")


def test_a_reader_that_has_seen_enough_ends_the_script_without_a_word():
    process = start("def main():\n  for number in range(10**6):\n    print('x' * 100)\n  return 0")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == console.PIPE_CLOSED
    assert process.stderr.read() == b""


def test_a_pipe_that_closes_at_the_very_end_is_quiet_too():
    """What is written last lies in a buffer until Python ends."""
    process = start("def main():\n  sys.stdin.readline()\n  print('x')\n  return 0")
    process.stdout.close()
    assert process.wait(timeout=60) == console.PIPE_CLOSED
    assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_ctrl_c_ends_a_script_without_a_traceback():
    process = start("def main():\n  print('begun', flush=True)\n  time.sleep(60)\n  return 0")
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == console.INTERRUPTED
    assert process.stderr.read() == b""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_takes_this_start(path: Path):
    assert "sys.exit(console.run(main))" in path.read_text(encoding="utf-8")


def test_the_command_takes_it_too():
    assert "sys.exit(console.run(" in (ROOT / "core" / "cli.py").read_text(encoding="utf-8")


def test_help_of_every_script_comes_at_once():
    """Without torch and what else takes seconds; in a process of their own, where nothing is imported yet."""
    code = (
        "import runpy, sys\nfrom pathlib import Path\n"
        "for path in sys.argv[1:]:\n"
        "  sys.argv = [path, '--help']\n"
        "  try:\n    runpy.run_path(path, run_name='__main__')\n  except SystemExit as end:\n    assert not end.code\n"
        "  heavy = [name for name in ('torch', 'cv2', 'pandas', 'scipy', 'altair') if name in sys.modules]\n"
        "  assert not heavy, (path, heavy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, SCRIPTS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("usage:") == len(SCRIPTS)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_counts_on_a_terminal_and_leaves_nothing_behind():
    terminal = Terminal()
    progress = console.Progress(3, terminal)
    for thing in progress.follow("abc"):
        progress.hide()
        terminal.write(f"{thing}\n")
    shown = terminal.getvalue()
    assert [f"{done} of 3" in shown for done in range(4)] == [True, True, True, False]
    assert re.sub(r"\d of 3\r {6}\r", "", shown) == "a\nb\nc\n"


def test_progress_is_silent_where_nobody_waits():
    for count, stream in ((5, io.StringIO()), (1, Terminal())):
        assert list(console.Progress(count, stream).follow("abcde"[:count])) == list("abcde"[:count])
        assert stream.getvalue() == ""


def test_progress_goes_away_when_the_work_is_interrupted():
    terminal = Terminal()
    with pytest.raises(KeyboardInterrupt):
        for _ in console.Progress(2, terminal).follow("ab"):
            raise KeyboardInterrupt
    assert not terminal.getvalue().rsplit("\r", 1)[-1]

"""Where files are kept, and how one is written whole or not at all.

Two kinds of places: what ships with the program and is only read (`SHIPPED`), and what people make with it (`here()`),
which is asked at call time so that `DIGIT_LAB_HOME` can give each instance a home of its own.
"""

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IS_CHECKOUT = (_PACKAGE.parent / "Home.py").is_file()

# Pages, data, samples and the shipped models: the checkout itself, or what an installed package brought along.
SHIPPED = _PACKAGE.parent if _IS_CHECKOUT else _PACKAGE / "app"


@dataclass(frozen=True)
class Workspace:
    """The folders of one instance; none is made before something is written into it."""

    home: Path

    @property
    def models(self) -> Path:
        """Weights with their facts: trained, fine-tuned or brought in; and which of them is in use."""
        return self.home / "models"

    @property
    def runs(self) -> Path:
        """Training runs: settings, history, and the state to resume from."""
        return self.home / "runs"

    @property
    def my_digits(self) -> Path:
        """Answers that visitors corrected."""
        return self.home / "my-digits"

    @property
    def access(self) -> Path:
        """The owner's passphrase and the tokens of programs, as hashes."""
        return self.home / "access"

    @property
    def maps(self) -> Path:
        """The test digits as each model lays them out on a map; computed again where a file is missing."""
        return self.home / "maps"

    @property
    def forms(self) -> Path:
        """Forms that were printed, and layouts of sheets."""
        return self.home / "forms"


def here() -> Workspace:
    """The workspace in use now: `DIGIT_LAB_HOME`, else the checkout, else `digit-lab` in the person's own folder."""
    if home := os.environ.get("DIGIT_LAB_HOME"):
        return Workspace(Path(home).expanduser().resolve())
    return Workspace(SHIPPED if _IS_CHECKOUT else Path.home() / "digit-lab")


COMMAND = "digit-lab"  # of an installed package


def script(name: str) -> tuple[str, ...]:
    """The words that start the script `name` (predict, train, evaluate) in a terminal of this computer: in the
    checkout's folder, with the Python that runs now if it lies there, or the installed package's command."""
    if not _IS_CHECKOUT:
        return COMMAND, name
    python = Path(sys.executable).parent.resolve() / Path(sys.executable).name  # the link, not what it points to
    inside = python.is_relative_to(SHIPPED)
    return python.relative_to(SHIPPED).as_posix() if inside else "python", f"scripts/{name}.py"


def check_folder(folder: Path) -> None:
    """Make a folder where there is none, and try whether files can be written there. Raises `OSError` if not."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that readers see the old one or the new one, never a part; `mode` says who may read it.

    Raises `OSError` when the disk refuses; the old file is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # before it gets its name: else a power cut may leave it empty
            file.close()
            temporary.chmod(mode)  # its own lets nobody else read
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def check_file(path: Path) -> None:
    """Raise `OSError` where a file can't be written: to be asked before the work whose result is to stand there."""
    is_new = not path.exists()
    with path.open("ab"):
        pass
    if is_new:
        path.unlink()

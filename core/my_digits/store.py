"""My digits: pictures whose answer somebody corrected, in one SQLite file that many visitors may use at once.

my-digits/my-digits.sqlite                what was kept
my-digits/put-aside-TIME-my-digits.sqlite a file that was damaged or not ours: never deleted, never written again
"""

import contextlib
import csv
import io
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core import workspace
from core.access import roles, rules
from core.config import DIGIT_SIZE
from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.network.checkpoint import Checkpoint
from core.network.prediction import predict

NAME = "my-digits.sqlite"
OURS = 0x4D794467  # "MyDg", SQLite's application id: tells our file from any other program's
PATIENCE = 10  # seconds to wait while others write; one writing takes milliseconds
AT_ONCE = 500  # pictures the model is asked about together: 200 MB of the reference network's features
EVERY = 3  # every third kept digit is held out
SCHEMA = f"""
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image BLOB NOT NULL UNIQUE CHECK (length(image) = {DIGIT_SIZE * DIGIT_SIZE}),
    label INTEGER NOT NULL CHECK (label BETWEEN {NO_DIGIT} AND 9),
    said TEXT NOT NULL, model TEXT NOT NULL, version TEXT NOT NULL, created TEXT NOT NULL
)"""
# Files of older versions get it when they are opened; what is in them then is the owner's.
ADD_VISITOR = "ALTER TABLE corrections ADD COLUMN visitor TEXT NOT NULL DEFAULT ''"
COLUMNS = "id, image, label, said, model, version, created, visitor"
MINE = "(? OR visitor = ?)"  # the owner's are all
MOST = 100_000  # pictures in all: 100 MB
MOST_AN_HOUR = 200  # of one guest: who corrects by hand needs longer for so many
MOVING = threading.Lock()  # of two threads that find the same file damaged one moves it

T = TypeVar("T")


class CorrectionsError(RuntimeError):
    """My digits can't be read or written; the message says why and what to do."""


@dataclass(frozen=True)
class Correction:
    """One corrected picture: `image` (28, 28) uint8, ink bright on dark, as the network read it; `label` 0 to 9 or
    `NO_DIGIT`; `said` what `version` of `model` read, empty for no digit; `created` in UTC; `visitor` the guest whose
    it is, empty for the owner's."""

    id: int
    image: np.ndarray = field(compare=False)  # arrays have no single answer to ==; the id names the picture
    label: int
    said: str
    model: str
    version: str
    created: datetime
    visitor: str = ""

    @property
    def is_digit(self) -> bool:
        """Whether it shows a digit at all."""
        return self.label != NO_DIGIT

    @property
    def text(self) -> str:
        """What should be read, as `said`: "7", empty for no digit."""
        return str(self.label) if self.is_digit else ""


class Corrections:
    """The kept digits in `folder`. Each method may be called from any thread and process at any time.

    A guest sees, changes and deletes what was kept in the same visit, the owner everything.

    Every method raises `CorrectionsError` when the disk refuses. A damaged file, or another program's, is put aside
    first and a new one begun, so that what is kept now is kept; `put_aside` names what lies there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Nothing is written before something is kept."""
        self.path = (folder or workspace.here().my_digits) / NAME

    @property
    def place(self) -> str:
        """The file's path as pages show it: "my-digits/my-digits.sqlite"."""
        return f"{self.path.parent.name}/{self.path.name}"

    def keep(self, image: np.ndarray, label: int, said: str, model: str, version: str) -> Correction:
        """Keep a picture with its right label; one that is kept already gets the new label.

        `image` (28, 28) uint8, `label` 0 to 9 or `NO_DIGIT`; raises `ValueError` for others, `CorrectionsError` also
        for a guest's picture that is somebody else's already, or one too many.
        """
        if image.shape != (DIGIT_SIZE, DIGIT_SIZE) or image.dtype != np.uint8 or not NO_DIGIT <= label <= 9:
            raise ValueError("A correction is a (28, 28) uint8 picture with a label from -1 to 9.")
        now, who = datetime.now(UTC), roles.visitor()
        row = (image.tobytes(), label, said, model, version, now.isoformat(timespec="milliseconds"), who.id)

        def put(file: sqlite3.Connection) -> Correction:
            _check_room(file, who, now)
            done = file.execute(
                "INSERT INTO corrections (image, label, said, model, version, created, visitor) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (image) DO UPDATE SET label = excluded.label, said = excluded.said, "
                f"model = excluded.model, version = excluded.version, created = excluded.created WHERE {MINE}",
                (*row, who.is_owner, who.id),
            )
            if not done.rowcount:
                raise CorrectionsError("Somebody else has kept this very picture; their label stays.")
            return _select(file, "WHERE image = ?", row[0])[0]

        return self._write(put)

    def find(self, image: np.ndarray) -> Correction | None:
        """The correction of exactly this picture, (28, 28) uint8, if there is one."""
        rows = self._query("image = ?", image.tobytes())
        return rows[0] if rows else None

    def all(self) -> list[Correction]:
        """Everything kept that is this visitor's to see, the oldest first."""
        return self._query("1")

    def relabel(self, ids: Iterable[int], label: int) -> None:
        """Give kept pictures another label, 0 to 9 or `NO_DIGIT`; when and as what they were kept stays as it was."""
        if not NO_DIGIT <= label <= 9:
            raise ValueError("A label is -1 to 9.")
        who = roles.visitor()
        rows = [(label, number, who.is_owner, who.id) for number in ids]
        self._write(lambda file: file.executemany(f"UPDATE corrections SET label = ? WHERE id = ? AND {MINE}", rows))

    def delete(self, ids: Iterable[int]) -> list[Correction]:
        """Delete for good, pixels included; gives what was deleted, for `restore`."""

        who = roles.visitor()

        def remove(file: sqlite3.Connection) -> list[Correction]:
            mine = f"WHERE id = ? AND {MINE}"
            found = [one for number in ids for one in _select(file, mine, number, who.is_owner, who.id)]
            file.executemany("DELETE FROM corrections WHERE id = ?", [(one.id,) for one in found])
            return found

        ids = list(ids)
        return self._write(remove) if ids and self.path.exists() else []

    def restore(self, deleted: Iterable[Correction]) -> None:
        """Bring back what `delete` gave, unless somebody has kept the same picture again meanwhile."""
        who = roles.visitor()
        rows = [
            (
                *(one.id, one.image.tobytes(), one.label, one.said, one.model, one.version),
                *(one.created.isoformat(), one.visitor),
            )
            for one in deleted
            if who.is_owner or one.visitor == who.id
        ]
        self._write(
            lambda file: file.executemany(
                f"INSERT INTO corrections ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
            )
        )

    def put_aside(self) -> list[str]:
        """Names of the files that were damaged or not ours, the oldest first; they lie beside the file in use."""
        return sorted(path.name for path in self.path.parent.glob(f"put-aside-*{NAME}"))

    def _query(self, condition: str, *values: object) -> list[Correction]:
        who = roles.visitor()
        mine = f"WHERE {condition} AND {MINE} ORDER BY id"
        if not self.path.exists():
            return []
        return self._do(lambda file: _select(file, mine, *values, who.is_owner, who.id))

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        def write(file: sqlite3.Connection) -> T:
            file.execute("BEGIN IMMEDIATE")  # waits for its turn here, never in the middle
            with file:
                return action(file)

        return self._do(write)

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Open the file, act, close; once more with a new file where the old one was no good."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for is_last in (False, True):
                seen = _identify(self.path)
                try:
                    with contextlib.closing(_open(self.path)) as file:
                        return action(file)
                except sqlite3.DatabaseError as error:
                    if is_last or not _is_no_good(error):
                        raise
                    self._move(seen)
        except (sqlite3.Error, OSError) as error:
            raise CorrectionsError(_explain(error, self.place)) from error
        raise AssertionError("the last attempt returns or raises")

    def _move(self, seen: tuple[int, int] | None) -> None:
        """Put the file aside, unless somebody else has done it since it was `seen`."""
        with MOVING:
            if _identify(self.path) != seen:
                return
            stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
            for suffix in ("-wal", "-shm", ""):  # what SQLite may have left beside it belongs to it
                path = self.path.with_name(NAME + suffix)
                if path.exists():
                    path.rename(path.with_name(f"put-aside-{stamp}-{NAME}{suffix}"))


def hold_out(corrections: list[Correction]) -> tuple[list[Correction], list[Correction]]:
    """The digits to learn from and those held out for evaluation; pictures without a digit are in neither.

    Every third is held out, by the number it got when it was kept: no copy ever learns from it.
    """
    digits = [one for one in corrections if one.is_digit]
    return [one for one in digits if one.id % EVERY], [one for one in digits if one.id % EVERY == 0]


def answer(model: Checkpoint, corrections: list[Correction]) -> list[str]:
    """What the model says of each picture today, as Predict does: "7", empty for no digit."""
    said = []
    for start in range(0, len(corrections), AT_ONCE):
        images = np.stack([one.image for one in corrections[start : start + AT_ONCE]])
        said += [found.text for found in predict(model, images.astype(np.float32) / 255)]
    return said


def count_right(model: Checkpoint, corrections: list[Correction]) -> int:
    """How many of the pictures the model reads correctly."""
    return sum(said == one.text for said, one in zip(answer(model, corrections), corrections, strict=True))


def to_digits(corrections: list[Correction]) -> DigitSet:
    """The same digits as the networks' data: (N, 28, 28) uint8 with (N,) int64 labels; no picture without a digit."""
    digits = [one for one in corrections if one.is_digit]
    images = np.stack([one.image for one in digits]) if digits else np.zeros((0, DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    return DigitSet(torch.from_numpy(images), torch.tensor([one.label for one in digits], dtype=torch.int64))


def to_zip(corrections: list[Correction]) -> bytes:
    """A zip of 28x28 PNGs named by their label, `7_12.png`, as the Evaluate page reads them.

    What was said, by which model and when stands in each PNG's text.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for one in corrections:
            facts, picture = PngInfo(), io.BytesIO()
            for name in ("said", "model", "version"):
                facts.add_itxt(name, getattr(one, name))
            facts.add_itxt("created", one.created.isoformat())
            Image.fromarray(one.image).save(picture, "PNG", pnginfo=facts)
            archive.writestr(f"{one.label if one.is_digit else 'no-digit'}_{one.id}.png", picture.getvalue())
    return buffer.getvalue()


def to_csv(corrections: list[Correction]) -> bytes:
    """The digits one a row, label and 784 pixels with a header, as the Evaluate page reads them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["label", *(f"pixel{number}" for number in range(DIGIT_SIZE * DIGIT_SIZE))])
    writer.writerows([one.label, *one.image.ravel().tolist()] for one in corrections if one.is_digit)
    return text.getvalue().encode()


def _select(file: sqlite3.Connection, condition: str, *values: object) -> list[Correction]:
    found = []
    rows = file.execute(f"SELECT {COLUMNS} FROM corrections {condition}", values)
    for number, image, label, said, model, version, created, visitor in rows:
        pixels = np.frombuffer(image, np.uint8).reshape(DIGIT_SIZE, DIGIT_SIZE)
        when = datetime.fromisoformat(created)
        found.append(Correction(number, pixels, label, said, model, version, when, visitor))
    return found


def _check_room(file: sqlite3.Connection, who: roles.Visitor, now: datetime) -> None:
    """Raise `CorrectionsError` where no more is kept: of this guest in an hour, or of all together."""
    (kept,) = file.execute("SELECT count(*) FROM corrections").fetchone()
    if kept >= MOST:
        raise CorrectionsError(f"My digits holds {MOST:,} pictures, as many as it may. Delete some of them first.")
    if who.is_owner:
        return
    if not rules.read().keeps_corrections:
        raise CorrectionsError("The owner of this server lets guests keep nothing in My digits.")
    since = (now - timedelta(hours=1)).isoformat(timespec="milliseconds")
    (lately,) = file.execute(
        "SELECT count(*) FROM corrections WHERE visitor = ? AND created > ?", (who.id, since)
    ).fetchone()
    if lately >= MOST_AN_HOUR:
        raise CorrectionsError(f"A guest may keep {MOST_AN_HOUR} pictures an hour. Go on a little later.")


class _NotOurs(sqlite3.DatabaseError):
    """A sound SQLite file of another program."""


def _open(path: Path) -> sqlite3.Connection:
    """The file with our table in it; a new or empty one gets it."""
    file = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        file.execute("PRAGMA secure_delete = ON")  # deleted pixels are overwritten, not only forgotten
        file.execute("BEGIN")  # what follows is read at one moment, though another process may be making the table
        with file:
            is_ours = _is_ours(file)
        if is_ours:
            _add_visitor(file)
            return file
        _keep_journal_ahead(file)
        file.execute("BEGIN IMMEDIATE")
        with file:
            if not _is_ours(file):  # another process may have been quicker
                file.execute(SCHEMA)
                file.execute(ADD_VISITOR)
                file.execute(f"PRAGMA application_id = {OURS}")
        return file
    except BaseException:
        file.close()
        raise


def _add_visitor(file: sqlite3.Connection) -> None:
    """Bring the table of an older version up to date, once."""
    if _has_visitor(file):
        return
    file.execute("BEGIN IMMEDIATE")
    with file:
        if not _has_visitor(file):  # another process may have been quicker
            file.execute(ADD_VISITOR)


def _has_visitor(file: sqlite3.Connection) -> bool:
    return any(name == "visitor" for _, name, *_ in file.execute("PRAGMA table_info(corrections)"))


def _keep_journal_ahead(file: sqlite3.Connection) -> None:
    """Turn on write-ahead logging, so that readers and the writer don't wait for each other; the file remembers it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            file.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # Here alone SQLite doesn't wait by itself: it has begun to read, and two such might wait for each other.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _is_ours(file: sqlite3.Connection) -> bool:
    """False where the file is new. Raises `_NotOurs` for another program's."""
    (application,) = file.execute("PRAGMA application_id").fetchone()
    tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if application == OURS and "corrections" in tables:
        return True
    if application or tables:
        raise _NotOurs("another program's file")
    return False


def _identify(path: Path) -> tuple[int, int] | None:
    """An identity of the file there now, so that a replaced one is noticed; None where there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _is_no_good(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, _NotOurs) or _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: Exception) -> int:
    """SQLite's primary result code; 0 where it gave none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _explain(error: Exception, place: str) -> str:
    if _code(error) == sqlite3.SQLITE_FULL:
        return f"The disk is full: nothing was changed in My digits ({place}). Free some space, then try again."
    if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"Another program keeps My digits ({place}) busy. Close it, or try again in a moment."
    return f"My digits can't be read or written ({place}: {error}). Allow reading and writing there, then try again."

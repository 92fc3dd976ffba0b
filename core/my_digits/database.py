"""Where My digits are kept: in a file of the workspace (SQLite), or in a PostgreSQL database that servers share."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from core.config import DIGIT_SIZE
from core.data.labels import NO_DIGIT

NAME = "my-digits.sqlite"
OURS = 0x4D794467  # "MyDg", SQLite's application id: tells our file from any other program's; PostgreSQL's lock
PATIENCE = 10  # seconds to wait while others write, or for PostgreSQL to answer; one writing takes milliseconds
MOVING = threading.Lock()  # of two threads that find the same file damaged one moves it

CORRECTIONS = sa.Table(
    "corrections",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("image", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("label", sa.Integer, nullable=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("said", "model", "version", "created")),
    sa.Column("visitor", sa.Text, nullable=False, server_default=""),
    sa.Column("nickname", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint(f"length(image) = {DIGIT_SIZE * DIGIT_SIZE}"),
    sa.CheckConstraint(f"label BETWEEN {NO_DIGIT} AND 9"),
    sqlite_autoincrement=True,
)
LATER = ("visitor", "nickname")  # columns that files of older versions get when they are opened

T = TypeVar("T")
Action = Callable[[sa.Connection], T]


class CorrectionsError(RuntimeError):
    """My digits can't be read or written; the message says why and what to do."""


class Database(Protocol):
    """What holds the table `CORRECTIONS`. For any thread; `read` and `write` raise `CorrectionsError`."""

    @property
    def place(self) -> str:
        """Where it is, as pages say it."""

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written, so that looking needs to make nothing."""

    @property
    def put_aside(self) -> Sequence[str]:
        """Names of files that were damaged or not ours, the oldest first."""

    def read(self, action: Action[T]) -> T:
        """What `action` finds."""

    def write(self, action: Action[T]) -> T:
        """What `action` does, all of it or nothing; one after the other."""


def open_database(folder: Path, address: str) -> Database:
    """The database at an `address` such as postgresql://user@host/name, or the file in `folder` where that is empty.

    Raises `CorrectionsError` for an address that is none, or needs a package that is not there.
    """
    return PostgreSQL(address) if address else File(folder / NAME)


class PostgreSQL:
    """A database on a server of its own."""

    put_aside: Sequence[str] = ()
    is_new = False

    def __init__(self, address: str) -> None:
        """Nothing is asked of the server before it is needed."""
        try:
            url = sa.make_url(address)
            if url.get_backend_name() != "postgresql":
                raise CorrectionsError(
                    "The address of My digits begins with postgresql://; without one they are a file."
                )
            self._engine = sa.create_engine(
                url.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,  # the database may have been started again
                connect_args={"connect_timeout": PATIENCE},
            )
        except ModuleNotFoundError as error:
            raise CorrectionsError(
                'PostgreSQL needs a further package: pip install "digit-lab[postgresql]".'
            ) from error
        except sa.exc.ArgumentError as error:
            raise CorrectionsError(
                "The address of My digits is none: postgresql://user@host/name is wanted."
            ) from error
        self.place = f"the PostgreSQL database {url.database} on {url.host or 'this computer'}"
        self._is_ready = False

    def read(self, action: Action[T]) -> T:
        """See `Database`."""
        return self.write(action) if not self._is_ready else self._do(action)

    def write(self, action: Action[T]) -> T:
        """See `Database`."""

        def locked(connection: sa.Connection) -> T:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(OURS)))  # as SQLite: one writes at a time
            if not self._is_ready:
                CORRECTIONS.create(connection, checkfirst=True)
            return action(connection)

        done = self._do(locked)
        self._is_ready = True
        return done

    def _do(self, action: Action[T]) -> T:
        try:
            with self._engine.begin() as connection:
                return action(connection)
        except sa.exc.SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            raise CorrectionsError(
                f"My digits can't be read or written ({self.place}: {said}). Nothing was changed; try again in a "
                "moment, or tell whoever runs this server."
            ) from error


class File:
    """One SQLite file that many threads and processes use at once. A damaged file, or another program's, is put aside
    and a new one begun."""

    def __init__(self, path: Path) -> None:
        """Nothing is written before something is kept."""
        self.path = path
        self._engine = sa.create_engine("sqlite://", creator=lambda: _open(self.path), poolclass=sa.pool.NullPool)

    @property
    def place(self) -> str:
        """The file's path as pages show it: "the file my-digits/my-digits.sqlite"."""
        return f"the file {self.path.parent.name}/{self.path.name}"

    @property
    def is_new(self) -> bool:
        """Whether there is no file yet."""
        return not self.path.exists()

    @property
    def put_aside(self) -> list[str]:
        """Names of the files that were put aside, the oldest first; they lie beside the file in use."""
        return sorted(path.name for path in self.path.parent.glob(f"put-aside-*{NAME}"))

    def read(self, action: Action[T]) -> T:
        """See `Database`."""
        return self._do(action, "BEGIN")

    def write(self, action: Action[T]) -> T:
        """See `Database`."""
        return self._do(action, "BEGIN IMMEDIATE")  # waits for its turn here, never in the middle

    def _do(self, action: Action[T], begin: str) -> T:
        """Open the file, act, close; once more with a new file where the old one was no good."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for is_last in (False, True):
                seen = _identify(self.path)
                try:
                    with self._engine.begin() as connection:
                        connection.exec_driver_sql(begin)
                        return action(connection)
                except (sqlite3.DatabaseError, sa.exc.DBAPIError) as error:
                    if is_last or not _is_no_good(_original(error)):
                        raise
                    self._move(seen)
        except (sqlite3.Error, sa.exc.SQLAlchemyError, OSError) as error:
            raise CorrectionsError(_explain(_original(error), self.place)) from error
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
            _add_columns(file)
            return file
        _keep_journal_ahead(file)
        file.execute("BEGIN IMMEDIATE")
        with file:
            if not _is_ours(file):  # another process may have been quicker
                file.execute(str(CreateTable(CORRECTIONS).compile(dialect=sqlite.dialect())))
                file.execute(f"PRAGMA application_id = {OURS}")
        return file
    except BaseException:
        file.close()
        raise


def _add_columns(file: sqlite3.Connection) -> None:
    """Bring the table of an older version up to date, once; what is in it then is the owner's."""
    if not _find_missing(file):
        return
    file.execute("BEGIN IMMEDIATE")
    with file:
        for name in _find_missing(file):  # another process may have been quicker
            file.execute(f"ALTER TABLE corrections ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")


def _find_missing(file: sqlite3.Connection) -> list[str]:
    there = {name for _, name, *_ in file.execute("PRAGMA table_info(corrections)")}
    return [name for name in LATER if name not in there]


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


def _original(error: Exception) -> Exception:
    """What SQLite itself said."""
    return getattr(error, "orig", None) or error


def _is_no_good(error: Exception) -> bool:
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

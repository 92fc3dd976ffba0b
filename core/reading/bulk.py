"""A great many pictures read by all cores, into one file; killed at any point, the same command goes on.

RESULT.parts/plan.jsonl      every picture in its order, written whole before the first is read
RESULT.parts/settings.json   how they are read, and by which weights; written last: without it nothing was begun
RESULT.parts/0000042.csv     the rows of so many pictures in the plan's order; each part is written whole or not at all
RESULT                       all parts together, once none is missing; then the folder is removed

No picture is read twice but those of the parts that were being read when everything was killed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from core import words, workspace
from core.config import PictureLimits
from core.data import archive
from core.data.labels import label_from_path

if TYPE_CHECKING:
    import pyarrow as pa
    from fsspec import AbstractFileSystem

    from core.reading.batch import Item

# What reads and writes is imported where it is needed: --help comes at once, and so does a refusal.

T = TypeVar("T")

PART = 100  # pictures of a part: what is lost at most for each process, seconds of work; a million are 10,000 parts
AHEAD = 2  # parts handed out for each process: one is read, one waits
GROUP = 100  # parts read together for one row group of the Parquet file: 10,000 rows, some megabytes
BREAKS = 3  # times that processes may be ended from outside without a part between: then something is wrong
SUFFIXES = ("png", "jpg", "jpeg", "heic", "heif", "webp", "avif", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm")
PASSED_OVER = ("zip", "pdf")  # said, not read: each holds many pictures
FORMATS = (".parquet", ".csv", ".jsonl")


class BulkError(RuntimeError):
    """Reading can't begin or go on; the message says why and what to do."""


@dataclass(frozen=True)
class Settings:
    """How all pictures are read: the `sources` as given, the weights, `expect` as in `reading.reader.read`; and how
    many pictures there are."""

    sources: tuple[str, ...]
    model: str
    version: str
    expect: str = "auto"
    count: int = 0


@dataclass(frozen=True)
class Planned:
    """One picture of the plan: its `name` as people know it, where it lies, and the digit its path names."""

    name: str
    place: str
    label: int | None


@dataclass(frozen=True)
class Progress:
    """Pictures of `count` that are `done`, in this start or an earlier one, and how many of them were `refused`."""

    done: int
    count: int
    refused: int


class Reading:
    """Reading all pictures into `output`, begun now or earlier."""

    def __init__(self, output: Path, asked: Settings) -> None:
        """Find what was begun, or plan all of it. Raises `BulkError` where that can't be, `OSError` when the disk
        refuses."""
        if output.suffix.lower() not in FORMATS:
            raise BulkError(f"--output: a name that ends with {' or '.join(FORMATS)} is wanted, not {output}.")
        self.output = output
        self.folder = output.with_name(f"{output.name}.parts")
        if output.exists() and not self.folder.exists():
            raise BulkError(f"{output} is there already. Delete it, or name another file.")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise BulkError(f"Another process is writing {output} just now. Wait for its end.") from error
        self.is_resumed = self._settings_file.is_file()
        self.passed_over = 0
        try:
            self.settings = self._resume(asked) if self.is_resumed else self._plan(asked)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let others go on with it; an empty plan leaves nothing behind."""
        self._lock.release()
        if not self._settings_file.is_file():
            shutil.rmtree(self.folder, ignore_errors=True)

    def read(self, processes: int, cluster: str = "") -> Iterator[Progress]:
        """Read what is missing, and put all of it together at the end; says how far it is after each part.

        By so many `processes` of this computer, or of the Ray `cluster` at an address; "local" begins one here.

        Raises `BulkError` where the processes are ended from outside again and again or the cluster can't be used,
        `OSError` when the disk refuses.
        """
        parts = -(-self.settings.count // PART)
        missing = [number for number in range(parts) if not self._part_file(number).is_file()]
        done = sum(self._size(number) for number in range(parts)) - sum(map(self._size, missing))
        refused = sum(map(self._count_refused, set(range(parts)) - set(missing)))
        yield Progress(done, self.settings.count, refused)
        hand_out = self._hand_out_to_cluster(missing, processes, cluster) if cluster else None
        for number, bad in hand_out or self._read_parts(missing, processes):
            done, refused = done + self._size(number), refused + bad
            yield Progress(done, self.settings.count, refused)
        _join([self._part_file(number) for number in range(parts)], self.output)
        self._settings_file.unlink()  # from now on nothing was begun
        self.close()

    # The plan

    @property
    def _settings_file(self) -> Path:
        return self.folder / "settings.json"

    @property
    def _plan_file(self) -> Path:
        return self.folder / "plan.jsonl"

    def _part_file(self, number: int) -> Path:
        return self.folder / f"{number:07}{self.output.suffix.lower()}"

    def _size(self, number: int) -> int:
        return min(PART, self.settings.count - number * PART)

    def _count_refused(self, number: int) -> int:
        return sum(json.loads(self._part_file(number).with_suffix(".refused").read_text()))

    def _plan(self, asked: Settings) -> Settings:
        pictures, self.passed_over = _find_all(asked.sources)
        if not pictures:
            raise BulkError(f"There are no pictures in {', '.join(asked.sources)}.")
        lines = (json.dumps(list(asdict(one).values())) + "\n" for one in pictures)
        workspace.write_atomically(self._plan_file, "".join(lines).encode("utf-8"))
        settings = replace(asked, count=len(pictures))
        workspace.write_atomically(self._settings_file, json.dumps(asdict(settings), indent=2).encode("utf-8"))
        return settings

    def _resume(self, asked: Settings) -> Settings:
        begun = json.loads(self._settings_file.read_text(encoding="utf-8"))
        begun = Settings(**{**begun, "sources": tuple(begun["sources"])})
        if replace(begun, count=0) != asked:
            raise BulkError(
                f"{self.output} was begun with other pictures, another model or another --expect: {begun.model} "
                f"{begun.version} read {', '.join(begun.sources)} with --expect {begun.expect}. Give the same command "
                f"to go on, or delete {self.folder} to begin anew."
            )
        return begun

    # The processes

    def _read_parts(self, missing: Sequence[int], processes: int) -> Iterator[tuple[int, int]]:
        """The numbers of the parts as they are done, with how many of each were refused."""
        left, breaks = list(missing), 0
        while left:
            try:
                for number, refused in self._hand_out(left, min(processes, len(left))):
                    left.remove(number)
                    breaks = 0
                    yield number, refused
            except BrokenProcessPool as error:
                breaks += 1
                if breaks == BREAKS:
                    raise BulkError(
                        "The processes that read were ended from outside three times, perhaps for want of memory. "
                        "What was read is kept: the same command with fewer --processes goes on."
                    ) from error

    def _hand_out(self, parts: Sequence[int], processes: int) -> Iterator[tuple[int, int]]:
        spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        settings = self.settings
        pool = ProcessPoolExecutor(processes, spawn, _begin, (settings.model, settings.expect))
        waiting, running = self._load_plan(parts), dict[Future[int], int]()
        try:
            while True:
                for number, pictures in itertools.islice(waiting, AHEAD * processes - len(running)):
                    running[pool.submit(_read_part, pictures, self._part_file(number))] = number
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    number = running.pop(future)
                    yield number, future.result()
        except BaseException:
            for process in multiprocessing.active_children():  # nobody waits for the part they are at
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _hand_out_to_cluster(self, parts: Sequence[int], processes: int, address: str) -> Iterator[tuple[int, int]]:
        """The same over the computers of a Ray cluster: each actor loads the model once, the rows come back here. What
        an actor that dies was reading, another one reads."""
        from core.reading import cluster

        settings = self.settings
        plan = ((number, [astuple(one) for one in pictures]) for number, pictures in self._load_plan(parts))
        for number, content, refused in cluster.read(
            plan, address, processes, (settings.model, settings.version, settings.expect, self.output.suffix.lower())
        ):
            _keep_part(self._part_file(number), content, refused)
            yield number, refused

    def _load_plan(self, parts: Sequence[int]) -> Iterator[tuple[int, list[Planned]]]:
        """The pictures of each of these parts, which stand in order; the plan is read line by line."""
        wanted = set(parts)
        with self._plan_file.open(encoding="utf-8") as plan:
            for number in range(max(parts, default=-1) + 1):
                lines = list(itertools.islice(plan, PART))
                if number in wanted:
                    yield number, [Planned(*json.loads(line)) for line in lines]


# --- where pictures are -----------------------------------------------------------------------------------------------


def _find_all(sources: Iterable[str]) -> tuple[list[Planned], int]:
    """Every picture at these places, each once, folder by folder in the order of people; and how many zips and PDFs
    were passed over. Raises `BulkError` for a place that isn't there or can't be looked at."""
    from core.reading.sources import in_order_of_people

    found: dict[str, Planned] = {}
    passed_over = 0
    for source in sources:
        paths, show, base = _look(source)
        for path in sorted(paths, key=in_order_of_people):
            inside = path[len(base) :]
            suffix = path.rpartition(".")[2].lower()
            is_named = path == base
            if suffix in PASSED_OVER and not archive.is_hidden(inside):
                passed_over += 1
            elif is_named or (suffix in SUFFIXES and not archive.is_hidden(inside)):
                label = label_from_path(path[len(base.rpartition("/")[0]) + 1 :] if base else path)
                found.setdefault(path, Planned(show(path), show(path), label))
    return list(found.values()), passed_over


def _look(source: str) -> tuple[list[str], Any, str]:
    """All files at one place, how to name one of them, and what all their paths begin with."""
    system, path = _open_place(source)
    is_here = "://" not in source
    start = str(Path.cwd()).replace(os.sep, "/") + "/"

    def show(file: str) -> str:
        if not is_here:
            return str(system.unstrip_protocol(file))
        return file if Path(source).is_absolute() else file.removeprefix(start)

    try:
        if any(sign in path for sign in "*?[") and not system.exists(path):
            return [str(file) for file in system.glob(path)], show, ""
        if system.isfile(path):
            return [path], show, path
        if not system.exists(path):
            raise BulkError(f"There is nothing at {source}.")
        return [str(file) for file in system.find(path)], show, path.rstrip("/")
    except BulkError:
        raise
    except Exception as error:  # of a store in a network there are dozens
        raise BulkError(f"{source} can't be looked at: {_say(error)}.") from error


def _open_place(place: str) -> tuple[AbstractFileSystem, str]:
    """The file system that a path or an address belongs to, and the path in it."""
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(place)
    except ImportError as error:
        raise BulkError(f"{place} needs a further package: {error}.") from error
    except ValueError as error:
        raise BulkError(f"{place} is no place that can be read: {error}.") from error
    return system, str(path)


def _load(place: str) -> bytes:
    """The content of one file. Raises `PictureError` where it can't be had, or is too large, before it is read."""
    from core.reading import picture

    try:
        system, path = _open_place(place)
        with system.open(path, "rb") as file:
            content: bytes = file.read(PictureLimits().bytes + 1)
            if len(content) > PictureLimits().bytes:
                picture.check_size(int(system.size(path)))
    except picture.PictureError:
        raise
    except Exception as error:
        raise picture.PictureError(f"This file can't be opened: {_say(error)}.") from error
    return content


def _say(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")


# --- in the processes -------------------------------------------------------------------------------------------------

_model: Any = None  # of this process, loaded once
_expect = "auto"


def _begin(model: str, expect: str) -> None:
    """The start of a process: load the model, and end when the one that started it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that hands out
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    begin(model, expect)


def begin(model: str, expect: str) -> str:
    """Load the model that this process reads with; gives its version. Raises `CheckpointError`."""
    global _model, _expect
    import cv2
    import torch

    from core.network import checkpoint

    cv2.setNumThreads(1)  # the cores are taken by the other processes
    torch.set_num_threads(1)
    _model, _expect = checkpoint.load(model), expect
    version: str = _model.version
    return version


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _read_part(pictures: Sequence[Planned], file: Path) -> int:
    """Read these and write their rows; gives how many were refused."""
    content, refused = read_rows(pictures, file.suffix)
    _keep_part(file, content, refused)
    return refused


def read_rows(pictures: Sequence[Planned], suffix: str) -> tuple[bytes, int]:
    """The rows of these pictures as a part of a file of this kind, and how many were refused. Begin with `begin`."""
    items = [_read(one) for one in pictures]
    return _write(items, suffix), sum(item.verdict == "error" for item in items)


def _keep_part(file: Path, content: bytes, refused: int) -> None:
    workspace.write_atomically(file.with_suffix(".refused"), json.dumps([refused]).encode())
    workspace.write_atomically(file, content)  # last: from now on the part is done


def _read(planned: Planned) -> Item:
    from core.reading import batch, picture

    try:
        item = batch.read_file(_model, planned.name, _load(planned.place), _expect)
    except picture.PictureError as error:
        item = batch.refuse(planned.name, str(error))
    except Exception as error:  # one picture must not end a night's work
        item = batch.refuse(planned.name, f"The reader failed at this picture, a fault of the program: {error!r}.")
    return replace(item, label=planned.label)


# --- rows -------------------------------------------------------------------------------------------------------------


def schema() -> pa.Schema:
    """The columns of the Parquet file: the fields of `batch.to_record`, by their names."""
    import pyarrow as pa

    digit = pa.struct([("digit", pa.int8()), ("confidence", pa.float64()), ("box", pa.list_(pa.int32()))])
    return pa.schema(
        [
            ("file", pa.string()),
            ("text", pa.string()),
            ("verdict", pa.string()),
            ("confidence", pa.float64()),
            ("probabilities", pa.list_(pa.float64())),
            ("digits", pa.list_(digit)),
            ("error", pa.string()),
            ("remark", pa.string()),
            ("label", pa.int8()),
        ]
    )


def _write(items: Sequence[Item], suffix: str) -> bytes:
    """The rows of a part, without what stands above all of them."""
    from core.reading import batch

    if suffix == ".csv":
        return "".join(map(batch.csv_row, items)).encode("utf-8", "backslashreplace")
    records = [batch.to_record(item) for item in items]
    if suffix == ".jsonl":
        return "".join(json.dumps(record) + "\n" for record in records).encode()
    import pyarrow as pa
    import pyarrow.parquet as pq

    for record in records:  # a name that is no UTF-8 is written as Python writes it
        record["file"] = record["file"].encode("utf-8", "backslashreplace").decode()
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records, schema()), buffer)
    content: bytes = buffer.getvalue().to_pybytes()
    return content


def _join(parts: Sequence[Path], output: Path) -> None:
    """All parts, in order, as one file that appears at once."""
    from core.reading import batch

    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        if output.suffix.lower() == ".parquet":
            _join_tables(parts, unfinished)
        else:
            with unfinished.open("wb") as whole:
                if output.suffix.lower() == ".csv":
                    whole.write(batch.csv_header().encode("utf-8-sig"))
                for part in parts:
                    whole.write(part.read_bytes())
        unfinished.replace(output)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def _join_tables(parts: Sequence[Path], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, schema()) as whole:
        for start in range(0, len(parts), GROUP):
            whole.write_table(pa.concat_tables(pq.read_table(part) for part in parts[start : start + GROUP]))


def describe(progress: Progress, begun: Progress, seconds: float) -> str:
    """How far it is, in a line: pictures, rate and time left; `begun` is what was done before these `seconds`."""
    done = progress.done - begun.done
    line = f"{progress.done:,} of {words.count(progress.count, 'picture')}"
    if not done or not seconds:
        return line
    rate = done / seconds
    left = words.duration((progress.count - progress.done) / rate)
    return f"{line} · {rate:,.0f} a second" + (f" · about {left} left" if progress.done < progress.count else "")

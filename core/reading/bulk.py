"""A great many pictures read by all cores, into one file; killed at any point, the same command goes on.

RESULT.parts/plan.jsonl      every picture in its order, written whole before the first is read
RESULT.parts/settings.json   how they are read, and by which weights; written last: without it nothing was begun
RESULT.parts/0000042.csv     the rows of so many pictures in the plan's order; each part is written whole or not at all
RESULT                       all parts together, once none is missing; then the folder is removed

No picture is read twice but those of the parts that were being read when everything was killed.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from core import words, workspace
from core.reading import part_reader, places, rows
from core.reading.places import Planned

PART = 100  # pictures of a part: what is lost at most for each process, seconds of work; a million are 10,000 parts
AHEAD = 2  # parts handed out for each process: one is read, one waits
BREAKS = 3  # times that processes may be ended from outside without a part between: then something is wrong


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
        if output.suffix.lower() not in rows.FORMATS:
            raise BulkError(f"--output: a name that ends with {' or '.join(rows.FORMATS)} is wanted, not {output}.")
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
        rows.join([self._part_file(number) for number in range(parts)], self.output)
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
        pictures, self.passed_over = places.find_all(asked.sources)
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
        pool = ProcessPoolExecutor(processes, spawn, part_reader.begin_process, (settings.model, settings.expect))
        waiting, running = self._load_plan(parts), dict[Future[int], int]()
        try:
            while True:
                for number, pictures in itertools.islice(waiting, AHEAD * processes - len(running)):
                    running[pool.submit(part_reader.read_part, pictures, self._part_file(number))] = number
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
            part_reader.keep_part(self._part_file(number), content, refused)
            yield number, refused

    def _load_plan(self, parts: Sequence[int]) -> Iterator[tuple[int, list[Planned]]]:
        """The pictures of each of these parts, which stand in order; the plan is read line by line."""
        wanted = set(parts)
        with self._plan_file.open(encoding="utf-8") as plan:
            for number in range(max(parts, default=-1) + 1):
                lines = list(itertools.islice(plan, PART))
                if number in wanted:
                    yield number, [Planned(*json.loads(line)) for line in lines]


def describe(progress: Progress, begun: Progress, seconds: float) -> str:
    """How far it is, in a line: pictures, rate and time left; `begun` is what was done before these `seconds`."""
    done = progress.done - begun.done
    line = f"{progress.done:,} of {words.count(progress.count, 'picture')}"
    if not done or not seconds:
        return line
    rate = done / seconds
    left = words.duration((progress.count - progress.done) / rate)
    return f"{line} · {rate:,.0f} a second" + (f" · about {left} left" if progress.done < progress.count else "")

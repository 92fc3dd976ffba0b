"""What somebody hands over, as pictures with names: files, folders, zips, PDFs, standard input; one rule for all.

A file, a zip or a PDF that is named itself is always taken, and refused with a sentence if it can't be read. In a
folder and in a zip whatever is no picture by its name is passed over in silence, and the order is that of people:
`page 2` before `page 10`. Nothing but lists is read here; a picture is loaded when its turn comes, one at a time.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.data import archive
from core.data.archive import ArchiveError, Member, Opener
from core.data.labels import label_from_path
from core.reading import pdf, picture
from core.reading.picture import PictureError

STDIN = "-"
STDIN_NAME = "standard input"
SUFFIXES = (*picture.SUFFIXES, "pdf", "zip")
LARGEST_WHOLE = 400_000_000  # bytes: what can't be read twice, such as standard input; PDFs in one zip together


Load = Callable[[], bytes]


@dataclass(frozen=True)
class Source:
    """A picture that is not loaded yet: its `name` as people know it (`scans.zip/7/a.png`, `scan.pdf, page 3`), the
    digit 0 to 9 that its path names, if any, and how to `load` the content of its file, which raises `PictureError`
    with a sentence."""

    name: str
    label: int | None
    load: Load


@dataclass(frozen=True)
class Found:
    """`sources` in the order they are to be read, and the names of folders and zips that are `empty` of pictures."""

    sources: tuple[Source, ...]
    empty: tuple[str, ...] = ()


def find(paths: Iterable[str | Path]) -> Found:
    """The pictures at these paths, in the order of the paths; `-` is standard input.

    What can't be opened is a source whose `load` says why.
    """
    finder = _Finder()
    return _gather((str(path), finder.look_at(path)) for path in paths)


def find_in_files(files: Iterable[tuple[str, bytes]]) -> Found:
    """The pictures in files that are in memory, such as those sent to a page, in the order of people.

    A name with folders in it comes from a folder: there what is no picture is passed over.
    """
    wanted = (file for file in files if "/" not in file[0] or _is_wanted(file[0]))
    files = sorted(wanted, key=lambda file: in_order_of_people(file[0]))
    finder = _Finder()
    return _gather((name, finder.look_into(name, partial(io.BytesIO, content))) for name, content in files)


def in_order_of_people(path: str) -> tuple[tuple[tuple[tuple[int, int, str], ...], ...], str]:
    """A key to sort paths by as people do: folder by folder, numbers by their value, capitals like small letters."""
    folders = (re.split(r"(\d+)", folder) for folder in re.split(r"[/\\]", path.casefold()))
    return tuple(tuple(_place(part) for part in parts if part) for parts in folders), path


def _place(part: str) -> tuple[int, int, str]:
    """A number counts by its length without leading zeros, then figure by figure: it may be longer than `int` takes."""
    figures = part.lstrip("0")
    return (0, len(figures), figures) if part.isdecimal() else (1, 0, part)


def _gather(parts: Iterable[tuple[str, list[Source]]]) -> Found:
    parts = list(parts)
    return Found(
        tuple(source for _, sources in parts for source in sources),
        tuple(name for name, sources in parts if not sources),
    )


def _is_wanted(path: str) -> bool:
    """Whether a file in a folder or a zip is taken, by its name."""
    return not archive.is_hidden(path) and path.lower().endswith(tuple(f".{suffix}" for suffix in SUFFIXES))


class _Finder:
    """Looks through paths and files. It remembers the zip and the PDF that were opened last, so that whoever takes the
    sources in their order never opens one twice."""

    def __init__(self) -> None:
        self._desk = archive.Desk()
        self._unpacked: tuple[Load, bytes] | None = None  # a PDF from a zip: each of its pages asks for all of it

    def look_at(self, place: str | Path) -> list[Source]:
        """The pictures at a path or on standard input."""
        path = Path(place)
        try:
            if place == STDIN:
                return self.look_into(STDIN_NAME, _keep(sys.stdin.buffer))
            if path.is_dir():
                return self._look_through(path)
            if path.exists() and not path.is_file():  # a pipe gives its content once
                with path.open("rb") as pipe:
                    return self.look_into(str(path), _keep(pipe))
        except (OSError, ValueError, PictureError) as error:
            return [_refuse(str(path), error)]
        return self.look_into(str(path), partial(_open, path))

    def look_into(self, name: str, opener: Opener, label_path: str = "") -> list[Source]:
        """The pictures in one file: itself, or what a zip or a PDF holds. `label_path` may name a digit; else `name`
        may."""
        label_path = label_path or name
        try:
            with opener() as file:
                head = file.read(1024)
            if archive.is_zip(head):
                return self._look_into_zip(name, opener, label_path)
            if pdf.is_pdf(head):
                return _list_pages(name, opener, label_path)
        except (OSError, ValueError) as error:  # ArchiveError and PictureError too
            return [_refuse(name, error, label_path)]
        return [Source(name, label_from_path(label_path), partial(_load_file, opener))]

    def _look_through(self, folder: Path) -> list[Source]:
        """The pictures in a folder and those within it. What may name a digit begins with the folder's own name."""
        paths = (path for path in folder.rglob("*") if _is_wanted(str(path.relative_to(folder))) and path.is_file())
        sources = []
        for path in sorted(paths, key=lambda path: in_order_of_people(str(path))):
            label_path, opener = str(path.relative_to(folder.parent)), partial(_open, path)
            if path.suffix.lower() in (".zip", ".pdf"):
                sources += self.look_into(str(path), opener, label_path)
            else:  # not opened before its turn
                sources.append(Source(str(path), label_from_path(label_path), partial(_load_file, opener)))
        return sources

    def _look_into_zip(self, name: str, opener: Opener, label_path: str) -> list[Source]:
        members = [member for member in archive.walk(Path(name).name, opener, self._desk) if _is_wanted(member.path)]
        left = LARGEST_WHOLE
        sources = []
        for member in sorted(members, key=lambda member: in_order_of_people(member.path)):
            path, label = f"{name}/{member.path}", f"{label_path}/{member.path}"
            if not member.path.lower().endswith(".pdf"):
                sources.append(Source(path, label_from_path(label), partial(_load_member, member)))
            elif (left := left - member.size) < 0:
                sources.append(_refuse(path, PictureError("The PDFs in this zip are too large. Unpack it."), label))
            else:
                sources += self.look_into(path, partial(self._unpack, member.read), label)
        return sources

    def _unpack(self, read: Load) -> io.BytesIO:
        if self._unpacked is None or self._unpacked[0] is not read:
            self._unpacked = None  # never two at a time
            self._unpacked = (read, read())
        return io.BytesIO(self._unpacked[1])


def _list_pages(name: str, opener: Opener, label_path: str) -> list[Source]:
    label = label_from_path(label_path)
    return [
        Source(f"{name}, page {number + 1}", label, partial(pdf.draw_page, opener, number))
        for number in range(pdf.count_pages(opener))
    ]


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _load_file(opener: Opener) -> bytes:
    try:
        with opener() as file:
            content = file.read(picture.LIMITS.bytes + 1)
            if len(content) > picture.LIMITS.bytes:
                picture.check_size(file.seek(0, io.SEEK_END))
    except (OSError, ValueError) as error:
        raise _explain(error) from error
    return content


def _load_member(member: Member) -> bytes:
    picture.check_size(member.size)
    try:
        return member.read()
    except ArchiveError as error:
        raise PictureError(str(error)) from error


def _keep(stream: BinaryIO) -> Opener:
    """What can be read only once, kept in memory. Raises `PictureError` for more than `LARGEST_WHOLE`."""
    content = stream.read(LARGEST_WHOLE + 1)
    if len(content) > LARGEST_WHOLE:
        raise PictureError(f"This is more than {LARGEST_WHOLE // 10**6} MB. Save it as a file and give its path.")
    return partial(io.BytesIO, content)


def _refuse(name: str, error: Exception, label_path: str = "") -> Source:
    """A source that says why there is none."""

    def load() -> bytes:
        raise _explain(error)

    return Source(name, label_from_path(label_path or name), load)


def _explain(error: Exception) -> PictureError:
    """Any error as a sentence."""
    if isinstance(error, PictureError):
        return error
    if isinstance(error, ArchiveError):
        return PictureError(str(error))
    return PictureError(f"This file can't be opened: {getattr(error, 'strerror', None) or error}.")

"""Files in a zip, and in the zips within it: listed first, unpacked one at a time, never more than was promised."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

Opener = Callable[[], BinaryIO]  # opens a file anew; whoever calls it closes the file

HEADS = (b"PK\x03\x04", b"PK\x05\x06")  # a zip's first bytes; the second is an empty one's
OFFICE = "[Content_Types].xml"  # every Word, Excel and PowerPoint file is a zip that holds this
UTF_8 = 0x800  # the flag of a name in UTF-8
DEEPEST = 3  # zips within each other: a file can be built that unpacks to itself, for ever
LARGEST_INNER = 400_000_000  # bytes of all zips within one together: they are unpacked to be listed
LONGEST_LIST = 10_000_000  # bytes: about 100,000 names, which take 60 MB once they are read
END_OF_ZIP = 20 + 22 + 65_535  # bytes: the two marks at its end and the longest comment
PIECE = 4096  # bytes: bzip2 and LZMA unpack so many at once, to 20,000 times as many, whatever was promised
MADE_BY_SYSTEMS = {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information"}


class ArchiveError(ValueError):
    """An archive that can't be used; the message says what is wrong and what works instead."""


@dataclass(frozen=True)
class Member:
    """A file in an archive, not unpacked yet.

    `path` is its own with `/` between folders, behind that of the zip it lies in: `inner.zip/7/a.png`. `size` in bytes
    is what the archive states: look at it before you `read`, which gives so much at most and raises `ArchiveError`.
    """

    path: str
    size: int
    read: Callable[[], bytes]


class Desk:
    """Keeps the one zip open that was asked last: its files come in order, so each zip is opened once or twice, and of
    a thousand zips in a folder no two lie in memory."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._opener: Opener | None = None
        self._file: BinaryIO | None = None
        self._archive: zipfile.ZipFile | None = None

    def open(self, opener: Opener) -> zipfile.ZipFile:
        """The zip behind `opener`, opened if it isn't the last one; the one before is closed."""
        if self._archive is None or self._opener is not opener:
            file = opener()  # may open the zip around this one, here on the desk
            self.close()
            self._opener, self._file = opener, file
            _check_list(file)
            self._archive = zipfile.ZipFile(file)
        return self._archive

    def close(self) -> None:
        """Close what is open; it is opened again when it is asked again."""
        for opened in (self._archive, self._file):
            if opened is not None:
                opened.close()
        self._opener = self._file = self._archive = None


def is_zip(head: bytes) -> bool:
    """Whether a file is a zip, by its first four bytes or more."""
    return head.startswith(HEADS)


def is_hidden(path: str) -> bool:
    """Whether a file is one that operating systems add to folders by themselves, by its path with `/`
    between folders: `.DS_Store`, `__MACOSX/a.png`, `.thumbnails/a.png`, `Thumbs.db`."""
    return any((part[:1] == "." and part.strip(".")) or part.lower() in MADE_BY_SYSTEMS for part in path.split("/"))


def walk(name: str, opener: Opener, desk: Desk | None = None) -> Iterator[Member]:
    """The files in a zip and in the zips within it, in the archive's order, without folders and hidden files.

    `opener` opens the zip and is called again where `desk` has closed it meanwhile; `name` is the zip's, for messages.
    Only inner zips are unpacked to be listed, one at a time. Raises `ArchiveError` with a sentence for an archive that
    is damaged, locked, an office document, nested too deep or too large within.
    """
    return _walk(name, opener, desk or Desk(), DEEPEST, [LARGEST_INNER])


def _walk(name: str, opener: Opener, desk: Desk, deepest: int, left: list[int]) -> Iterator[Member]:
    """`left` holds the bytes that inner zips may still take, all of them together."""
    members = _list(name, opener, desk)
    if any(info.filename == OFFICE for info in members):
        raise ArchiveError(f"{name} is an office document. Save it as PDF, or take the pictures out of it.")
    for info in members:
        path = _path(info)
        if not path or path.endswith("/") or is_hidden(path):
            continue
        if info.flag_bits & 1:
            raise ArchiveError(f"{name} is locked with a password. Pack it again without one.")
        read = partial(_read, name, opener, desk, info)
        if not path.lower().endswith(".zip"):
            yield Member(path, info.file_size, read)
            continue
        left[0] -= info.file_size
        if deepest == 1 or left[0] < 0:
            raise ArchiveError(f"{name} holds too many zips within zips. Unpack it and send what is inside.")
        for member in _walk(f"{name}/{path}", partial(_open_inner, read), desk, deepest - 1, left):
            yield Member(f"{path}/{member.path}", member.size, member.read)


def _list(name: str, opener: Opener, desk: Desk) -> list[zipfile.ZipInfo]:
    with _refuse_damaged(name):
        return desk.open(opener).infolist()


def _check_list(file: BinaryIO) -> None:
    """Raise `ArchiveError` for a list of files so long that reading it alone would fill the memory. It stands at the
    zip's end, its length 12 bytes behind a mark; a second mark before that says that there are more than 65,535."""
    start = max(0, file.seek(0, io.SEEK_END) - END_OF_ZIP)
    file.seek(start)
    end = file.read(END_OF_ZIP)
    at = end.find(HEADS[1])
    while at >= 0:
        if int.from_bytes(end[at + 12 : at + 16], "little") > LONGEST_LIST or end[:at][-20:-16] == b"PK\x06\x07":
            raise ArchiveError("This zip lists more than 65,000 files. Send only some of them.")
        at = end.find(HEADS[1], at + 1)


def _read(name: str, opener: Opener, desk: Desk, info: zipfile.ZipInfo) -> bytes:
    with _refuse_damaged(name), desk.open(opener).open(info) as member:
        return b"".join(iter(partial(member.read, PIECE), b""))


def _open_inner(read: Callable[[], bytes]) -> BinaryIO:
    return io.BytesIO(read())


@contextmanager
def _refuse_damaged(name: str) -> Iterator[None]:
    """Whatever goes wrong within as a sentence: zipfile stumbles over malformed heads in a dozen ways."""
    try:
        yield
    except ArchiveError:
        raise
    except NotImplementedError as error:
        raise ArchiveError(
            f"{name} is packed in a way that can't be read here. Pack it again as a plain zip."
        ) from error
    except Exception as error:
        raise ArchiveError(f"{name} is a damaged zip: it can't be unpacked. Pack it again.") from error


def _path(info: zipfile.ZipInfo) -> str:
    """A member's path as its maker wrote it. Windows may write backslashes, and many programs write UTF-8 without
    saying so: Python takes it for the letters of 1981, of which hardly any sequence is UTF-8 by chance."""
    path = info.filename
    if not info.flag_bits & UTF_8:
        with suppress(UnicodeError):
            path = path.encode("cp437").decode("utf-8")
    return path.replace("\\", "/")

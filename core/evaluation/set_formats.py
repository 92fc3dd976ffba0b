"""The files of a labelled set: archives unpacked, each file's kind told, arrays of IDX and NumPy taken out."""

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from core.config import DIGIT_SIZE
from core.data import archive, idx, npy
from core.data.labels import label_from_path
from core.reading.batch import show_name
from core.reading.picture import SUFFIXES

MOST_FILES = 5_000  # picture files: each takes about 40 ms to read
PIXELS = DIGIT_SIZE * DIGIT_SIZE
LARGEST = 400_000_000  # bytes after unpacking: a CSV of 70,000 digits has about 130 million
DEEPEST = 4  # archives within each other
GZIP = b"\x1f\x8b"
TABLES = (".csv", ".tsv", ".txt")

# What people keep digits in and this app can't read, and what to save instead.
OTHER_KINDS = {
    (".xlsx", ".xls", ".ods", ".numbers"): "is a spreadsheet. Save its sheet as CSV.",
    (".mat",): "is a MATLAB file. Save its arrays as .npz or CSV.",
    (".parquet", ".feather", ".arrow"): "is a table in a binary format. Save it as CSV.",
    (
        ".h5",
        ".hdf5",
        ".tfrecord",
        ".lmdb",
    ): "is a data set in a format that can't be read here. Save it as .npz or CSV.",
    (".pkl", ".pickle", ".pt", ".pth"): "could run a program when opened, so it isn't. Save its arrays as .npz or CSV.",
    (".rar", ".7z", ".xz", ".bz2", ".zst"): "is an archive that can't be unpacked here. Pack it as a zip.",
}

File = tuple[str, bytes]  # a name, possibly with folders, only ever shown and read, and the content


class TestSetError(ValueError):
    """A test set that can't be used; the message says what is wrong and what works instead."""


@dataclass(frozen=True, eq=False)
class Array:
    """The values of an IDX or NumPy file, and the file's name."""

    name: str
    values: np.ndarray


def check_count(count: int) -> None:
    """Raise `TestSetError` for more files than can be read."""
    if count > MOST_FILES:
        raise TestSetError(f"There are {count:,} files; at most {MOST_FILES:,} can be read. Send only some of them.")


def check_size(name: str, size: int) -> None:
    """Raise `TestSetError` for more bytes than are kept in memory, where pictures wait for a model to be chosen."""
    if size > LARGEST:
        raise TestSetError(f"{name} has more than {LARGEST // 1_000_000} MB. Split it, or send only a part of it.")


def clean_path(path: str) -> str:
    """A path as it is shown and read: folders parted by `/`, no way up or from the root, nothing that can't be shown.

    `..\\..\\7.png` -> `7.png`
    """
    parts = path.encode("utf-8", "replace").decode().replace("\\", "/").split("/")
    named = [part for part in parts if part.strip(".")]
    return show_name("/".join(named), longest=65_536)


def is_hidden(path: str) -> bool:
    """Whether a file is one that operating systems add to folders by themselves."""
    return archive.is_hidden(path)


def unpack(file: File) -> list[File]:
    """The files in an archive (zip, tar, gzip, and those within each other), or the file itself; paths are clean.

    Sizes and counts are checked before anything is unpacked. Raises `TestSetError` with a sentence.
    """
    return _Unpacking().open(clean_path(file[0]), file[1], DEEPEST)


class _Unpacking:
    """Unpacks one file that was sent, and keeps account of what all that is in it takes."""

    def __init__(self) -> None:
        """Nothing is unpacked yet."""
        self._left = LARGEST

    def open(self, name: str, content: bytes, deepest: int) -> list[File]:
        """The files in this one, which may lie in another."""
        read = self._reader_of(name, content)
        if read is None:
            return [(name, content)]
        if not deepest:
            raise TestSetError(f"{name} is an archive within too many others. Unpack it and send what is inside.")
        files = read(name, content)
        # The archive's own name counts where it names a digit: 7.zip of pictures holds sevens.
        prefix = f"{name}/" if label_from_path(f"{name}/x") is not None and not content.startswith(GZIP) else ""
        return [one for path, part in files for one in self.open(clean_path(prefix + path), part, deepest - 1)]

    def _reader_of(self, name: str, content: bytes) -> Callable[[str, bytes], list[File]] | None:
        if content.startswith(GZIP):
            return self._read_gzip
        if content[257:262] == b"ustar":
            return self._read_tar
        return self._read_zip if archive.is_zip(content) and not say_other_kind(name) else None

    def _take(self, name: str, sizes: list[int]) -> None:
        """Count what is about to be unpacked; refuse it where it is too much."""
        check_count(len(sizes))
        if sum(sizes) > self._left:
            raise TestSetError(f"{name} unpacks to more than {LARGEST // 1_000_000} MB. Send only a part of it.")
        self._left -= sum(sizes)

    def _read_zip(self, name: str, content: bytes) -> list[File]:
        desk = archive.Desk()
        try:
            members = list(archive.walk(name, lambda: io.BytesIO(content), desk))
            self._take(name, [member.size for member in members])
            return [(member.path, member.read()) for member in members]
        except archive.ArchiveError as error:
            raise TestSetError(str(error)) from error
        finally:
            desk.close()

    def _read_tar(self, name: str, content: bytes) -> list[File]:
        try:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
                members = [entry for entry in tar if entry.isfile() and not is_hidden(entry.name)]
                self._take(name, [entry.size for entry in members])
                opened = [(entry.name, tar.extractfile(entry)) for entry in members]
                return [(path, file.read()) for path, file in opened if file]
        except TestSetError:
            raise
        except Exception as error:  # tarfile stumbles over malformed heads in a dozen ways
            raise TestSetError(f"{name} is a damaged tar archive: it can't be unpacked. Pack it again.") from error

    def _read_gzip(self, name: str, content: bytes) -> list[File]:
        try:
            with gzip.open(io.BytesIO(content)) as file:
                unpacked = file.read(self._left + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise TestSetError(f"{name} is a damaged gzip: it can't be unpacked. Copy or download it again.") from error
        self._take(name, [len(unpacked)])
        return [(re.sub(r"\.tgz$", ".tar", re.sub(r"\.gz$", "", name, flags=re.I), flags=re.I), unpacked)]


def _suffix(name: str) -> str:
    return PurePosixPath(name.lower()).suffix


def say_other_kind(name: str) -> str | None:
    """What a file is, by its name, that holds data in a way that can't be read, and what to do; None for others."""
    return next((what for suffixes, what in OTHER_KINDS.items() if _suffix(name) in suffixes), None)


def is_picture(file: File) -> bool:
    """Whether a file, by its name, is a picture."""
    return _suffix(file[0]).removeprefix(".") in SUFFIXES


def is_table(file: File) -> bool:
    """Whether a file, by its name, is a table of pixels or labels."""
    return _suffix(file[0]) in TABLES


def is_array(file: File) -> bool:
    """Whether a file, by its name or first bytes, is of MNIST's own format IDX or of NumPy's."""
    name = PurePosixPath(file[0].lower()).name
    return not is_picture(file) and (
        "ubyte" in name
        or "idx" in _suffix(name)
        or _suffix(name) == ".npy"
        or file[1].startswith((b"\0\0\x08", npy.HEAD))
    )


def parse_array(file: File) -> Array:
    """The labels (N,) or images (N, 28, 28) in an IDX or NumPy file, finite numbers. Raises `TestSetError`."""
    name, content = file
    is_numpy = content.startswith(npy.HEAD) or _suffix(name) == ".npy"
    try:
        values = npy.parse(name, content) if is_numpy else idx.parse(name, content)
    except (idx.IdxError, npy.NpyError) as error:
        raise TestSetError(str(error)) from error
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise TestSetError(
            f"{name} holds values that are not numbers (NaN or infinite). Replace them and save it again."
        )
    return Array(name, _as_digits(name, values))


def _as_digits(name: str, values: np.ndarray) -> np.ndarray:
    """Labels as (N,) and images as (N, 28, 28), in whichever of the usual shapes they were kept."""
    if values.ndim == 4 and 1 in (values.shape[1], values.shape[3]):
        values = values.squeeze(1 if values.shape[1] == 1 else 3)  # one grey channel, before or behind
    if values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1):
        return values.reshape(-1)
    if values.ndim == 2 and values.shape[1] == 10 and np.isin(values, (0, 1)).all() and (values.sum(1) == 1).all():
        return np.asarray(values.argmax(1))  # one column a digit, 1 in the right one
    if values.ndim == 2 and values.shape[1] == PIXELS:
        return as_images(values)
    if values.ndim == 3 and values.shape[1:] == (DIGIT_SIZE, DIGIT_SIZE):
        return values
    if values.ndim == 3:
        raise TestSetError(f"{name} holds images of {values.shape[2]}x{values.shape[1]} pixels; 28x28 is needed.")
    raise TestSetError(f"{name} has the shape {values.shape}; images are (N, 28, 28) and labels (N,).")


def as_images(values: np.ndarray) -> np.ndarray:
    """Rows of 784 pixels (N, 784) as images (N, 28, 28)."""
    return values.reshape(-1, DIGIT_SIZE, DIGIT_SIZE)

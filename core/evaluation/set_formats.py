"""The file formats of a labelled set: zip, gzip, IDX and CSV, into pixels and labels."""

import csv
import gzip
import io
import math
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from core.config import DIGIT_SIZE
from core.data import idx

MOST_FILES = 5_000  # picture files: each takes about 40 ms to read
PIXELS = DIGIT_SIZE * DIGIT_SIZE
LARGEST = 400_000_000  # bytes after unpacking: a CSV of 70,000 digits has about 130 million
LABEL_COLUMNS = {"label", "labels", "class", "digit", "target", "y"}


def is_hidden(name: str) -> bool:
    """Whether a file is one that operating systems add to folders by themselves."""
    return name.startswith(".") or name in ("Thumbs.db", "desktop.ini")


File = tuple[str, bytes]  # a name, possibly with folders, only ever shown and read, and the content


class TestSetError(ValueError):
    """A test set that can't be used; the message says what is wrong and what works instead."""


def check_count(count: int) -> None:
    """Raise `TestSetError` for more files than can be read."""
    if count > MOST_FILES:
        raise TestSetError(f"There are {count:,} files; at most {MOST_FILES:,} can be read. Take a part of them.")


def check_size(name: str, size: int) -> None:
    """Raise `TestSetError` for more bytes than are kept in memory, where pictures wait for a model to be chosen."""
    if size > LARGEST:
        raise TestSetError(f"{name} has more than {LARGEST // 1_000_000} MB. Split it, or take a part of it.")


def unpack(file: File) -> list[File]:
    """The files in a zip, the unzipped content of a gzip, or the file itself."""
    name, content = file
    if content[:2] == b"\x1f\x8b":
        return [(name.removesuffix(".gz"), _gunzip(name, content, LARGEST))]
    if content[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
        return [file]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [
                entry
                for entry in archive.infolist()
                if not entry.is_dir()
                and not entry.filename.startswith("__MACOSX/")
                and not is_hidden(PurePosixPath(entry.filename).name)
            ]
            check_count(len(members))
            if sum(entry.file_size for entry in members) > LARGEST:
                raise TestSetError(f"{name} unpacks to more than {LARGEST // 1_000_000} MB. Take a part of it.")
            if any(entry.flag_bits & 1 for entry in members):
                raise TestSetError(f"{name} is locked with a password. Pack it again without one.")
            unpacked = [(entry.filename, archive.read(entry)) for entry in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, struct.error) as error:
        raise TestSetError(f"{name} is a damaged zip: it can't be unpacked. Pack it again.") from error
    files, left = [], LARGEST
    for inner, part in unpacked:
        if part[:2] == b"\x1f\x8b":
            inner, part = inner.removesuffix(".gz"), _gunzip(inner, part, left)
            left -= len(part)  # many small gzips in one zip may be as large together as one
        files.append((inner, part))
    return files


def _gunzip(name: str, content: bytes, most: int) -> bytes:
    """Unpacked, if that gives at most `most` bytes."""
    try:
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TestSetError(f"{name} is a damaged gzip: it can't be unpacked. Copy or download it again.") from error
    if len(unpacked) > most:
        raise TestSetError(f"{name} unpacks to more than {LARGEST // 1_000_000} MB. Take a part of it.")
    return unpacked


def is_table(file: File) -> bool:
    """Whether a file, by its name, is a table of pixels."""
    return PurePosixPath(file[0].lower()).suffix in (".csv", ".tsv")


def is_idx(file: File) -> bool:
    """Whether a file, by its name or first bytes, is of MNIST's own format, IDX."""
    return "ubyte" in file[0].lower() or "idx" in PurePosixPath(file[0].lower()).suffix or file[1][:3] == b"\0\0\x08"


def parse_idx(name: str, content: bytes) -> np.ndarray:
    """The labels (N,) or images (N, H, W) uint8 in an IDX file. Raises `TestSetError`."""
    try:
        return idx.parse(name, content)
    except idx.IdxError as error:
        raise TestSetError(str(error)) from error


def parse_table(name: str, content: bytes) -> tuple[np.ndarray, list[str]]:
    """A CSV's numbers (rows, columns) float32 and its header in lower case, empty where it has none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TestSetError(f"{name} is no text, so no CSV. Save the table as CSV in UTF-8.") from error
    first = text.lstrip().split("\n", 1)[0].strip()
    if not first:
        raise TestSetError(f"{name} is empty.")
    separator = max(",;\t", key=first.count)
    fields = next(csv.reader([first], delimiter=separator))
    header = [] if all(_is_number(value) for value in fields) else [value.strip().lower() for value in fields]
    try:
        table = pd.read_csv(
            io.StringIO(text), sep=separator, header=0 if header else None, dtype=np.float32, index_col=False
        )
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TestSetError(
            f"{name} can't be read as a table of numbers: a row is longer than the others, or holds something that is "
            "no number. Each row is one digit: 784 pixels, and a label before or after them."
        ) from error
    values = table.to_numpy()
    if not len(values):
        raise TestSetError(f"{name} has a header but no rows.")
    unknown = np.flatnonzero(~np.isfinite(values).all(1))
    if len(unknown):
        raise TestSetError(f"{name} misses a number in row {unknown[0] + 1:,}. Every row needs all of its columns.")
    return values, header


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def label_column(values: np.ndarray, header: list[str]) -> int:
    """Where the labels stand: where the header says so, else first or last, whichever varies more (a picture's corner
    hardly does)."""
    for place, title in enumerate(header):
        if title in LABEL_COLUMNS:
            return place
    last = values.shape[1] - 1
    return 0 if len(np.unique(values[:, 0])) >= len(np.unique(values[:, last])) else last


def as_images(values: np.ndarray) -> np.ndarray:
    """Rows of 784 pixels (N, 784) as images (N, 28, 28)."""
    return values.reshape(-1, DIGIT_SIZE, DIGIT_SIZE)

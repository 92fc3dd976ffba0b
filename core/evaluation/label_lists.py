"""Labels that lie beside the pictures: which table lists them, in which columns, and which file a row means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from core import words
from core.data.labels import label_from_cell
from core.evaluation.set_formats import clean_path
from core.evaluation.tables import WordTable, is_label_title, show_cell

SOME = 1000  # rows are enough to tell a table's columns by


@dataclass(frozen=True)
class Listed:
    """What tables say of pictures: a `label` for each path they list, `refused` with the reason why a row gives none,
    the names of the `tables` they were, and a sentence on which columns were read."""

    labels: dict[str, int]
    refused: dict[str, str]
    tables: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Columns:
    """Where a table has the names of files and where the labels, counted from 0."""

    files: int
    labels: int


def read(tables: Iterable[WordTable], paths: list[str]) -> Listed:
    """What tables say of the pictures at `paths`. A table that names none of them, or has no labels, is not used."""
    known = _Paths(paths)
    labels: dict[str, int] = {}
    refused: dict[str, str] = {}
    used, remarks = [], []
    for table in tables:
        columns = _find_columns(table, known)
        if columns is None:
            continue
        used.append(table.name)
        remarks.append(f"Labels were taken from {table.describe(columns.labels)} of {table.name}.")
        missing = 0
        for file, cell in zip(table.column(columns.files), table.column(columns.labels), strict=True):
            path, digit = known.find(file, beside=table.name), label_from_cell(cell)
            if path is None:
                missing += 1
            elif digit is None:
                said = f'has the label "{show_cell(cell)}" for it' if cell else "has no label for it"
                refused[path] = f"{table.name} {said}; labels are the digits 0 to 9."
            elif labels.setdefault(path, digit) != digit:
                refused[path] = f"{table.name} labels it {digit}, and before it was {labels[path]}."
        if missing:
            remarks.append(f"{words.count(missing, 'row')} of {table.name} name a picture that is not there.")
    kept = {path: digit for path, digit in labels.items() if path not in refused}
    return Listed(kept, refused, tuple(used), tuple(remarks))


def _find_columns(table: WordTable, known: _Paths) -> _Columns | None:
    """The column that names pictures and the column of labels; None where there is no such pair."""
    some = table.rows[:: max(1, len(table.rows) // SOME)]
    named = [len({known.find(row[at], table.name) for row in some} - {None}) for at in range(table.width)]
    titled = [bool(table.header) and is_label_title(table.header[at]) for at in range(table.width)]
    suffixes = [sum("." in row[at] for row in some) for at in range(table.width)]
    # Labels and the numbers of rows may be names of pictures too, 7.png for instance; labels name fewer, and neither
    # has a suffix.
    files = max(range(table.width), key=lambda at: (named[at], not titled[at], suffixes[at]))
    others = [at for at in range(table.width) if at != files]
    digits = [at for at in others if all(label_from_cell(row[at]) is not None for row in some)]
    chosen = [at for at in others if titled[at]] or (digits if len(digits) == 1 else [])
    if not named[files] or not chosen:
        return None
    return _Columns(files, next((at for at in chosen if at in digits), chosen[0]))


class _Paths:
    """Finds the picture that a cell means, by as much of its path as the cell gives."""

    def __init__(self, paths: list[str]) -> None:
        """Index `paths` by each of their ends: `a/b/7.png` by itself, `b/7.png` and `7.png`, also without `.png` and
        in small letters."""
        ends = [(end, path) for path in paths for end in {*_ends(path), *_ends(path.lower())}]
        counts = Counter(end for end, _ in ends)
        # An end of two pictures means neither, unless it is all of one's path.
        self._by_end = {end: path for end, path in ends if counts[end] == 1}
        self._by_end |= {path: path for path in paths}

    def find(self, cell: str, beside: str) -> str | None:
        """The picture that a cell means, first as seen from the table `beside` it; None for none, or several."""
        folder = str(PurePosixPath(beside).parent)
        for said in (clean_path(cell), clean_path(cell).lower()):
            parts = said.split("/")
            for end in (f"{folder}/{said}", *("/".join(parts[at:]) for at in range(len(parts)))):
                if end in self._by_end:
                    return self._by_end[end]
        return None


def _ends(path: str) -> list[str]:
    """A path without the first folder, the first two and so on, each with and without its suffix."""
    parts = path.split("/")
    whole = ["/".join(parts[at:]) for at in range(len(parts))]
    return whole + [end.rsplit(".", 1)[0] for end in whole if "." in PurePosixPath(end).name]

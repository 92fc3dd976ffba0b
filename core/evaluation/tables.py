"""Tables of a labelled set: pixels and labels in rows of numbers, or labels beside the names of pictures."""

import io
import itertools
import math
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.labels import label_from_cell
from core.evaluation.set_formats import PIXELS, File, TestSetError
from core.reading.batch import show_name

MOST_WORDS = 100  # columns of a table that is read as words; more are pixels
LABEL_TITLES = {
    *("label", "labels", "class", "classes", "digit", "digits", "target", "targets", "y", "truth", "groundtruth", "gt"),
    *("category", "value", "number", "answer", "expected", "true", "truelabel", "classlabel", "classid", "classname"),
    *("labelid", "digitlabel", "ziffer", "klasse", "zahl"),
}
INDEX_TITLES = {"", "index", "unnamed:0", "id", "row", "rows", "nr", "no", "#", "level0"}


@dataclass(frozen=True)
class PixelTable:
    """Digits in a table: `pixels` (N, 784) float32, `labels` (N,) float32 or None, and `remarks` on how it was read."""

    name: str
    pixels: np.ndarray
    labels: np.ndarray | None
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class WordTable:
    """A small table: its `header`, one title a column, empty where it has none, and its `rows` of as many cells."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.rows[0])

    def column(self, place: int) -> tuple[str, ...]:
        """All cells of one column, without its title."""
        return tuple(row[place] for row in self.rows)

    def describe(self, place: int) -> str:
        """A column in words: `the column "label"`, or where it stands."""
        return _describe(self.header, place, self.width)


def parse(file: File) -> PixelTable | WordTable:
    """A CSV, whatever its line ends, its separator and its encoding. Raises `TestSetError` with a sentence."""
    name, content = file
    text = _decode(name, content)
    first = text.lstrip().split("\n", 1)[0]
    if not first.strip():
        raise TestSetError(f"{name} is empty.")
    separator = _find_separator(name, first)
    fields = _split(first, separator)
    if len(fields) <= MOST_WORDS:
        return _parse_words(name, text, separator)
    return _parse_pixels(name, text, separator, [value.strip().lower() for value in fields])


def as_labels(table: WordTable) -> np.ndarray:
    """The labels (N,) float32 of a table of nothing else, which may also number its rows. Raises `TestSetError`."""
    place = table.width - 1
    if table.width > 2 or (table.width == 2 and not _is_index(table)):
        raise TestSetError(
            f"{table.name} has {table.width} columns; 785 are needed (a label and 28x28 pixels), or 784 without labels."
        )
    labels = []
    for number, cell in enumerate(table.column(place), 1):
        digit = label_from_cell(cell)
        if digit is None:
            raise TestSetError(
                f"{table.name} has the label {show_cell(cell)} in row {number:,}; labels are the digits 0 to 9."
            )
        labels.append(digit)
    return np.array(labels, np.float32)


def show_cell(text: str) -> str:
    """A cell in a sentence."""
    return show_name(text, longest=24) or "nothing"


def is_label_title(title: str) -> bool:
    """Whether a column of this title holds labels."""
    return _plain(title) in LABEL_TITLES


def _is_index(table: WordTable) -> bool:
    title = _plain(table.header[0]) if table.header else ""
    return title in INDEX_TITLES and len(set(table.column(0))) == len(table.rows)


def _decode(name: str, content: bytes) -> str:
    """The text of a file, its line ends as `\\n`: UTF-8, UTF-16 with a mark, or what Windows wrote before."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")  # alone in what Excel calls CSV (Macintosh)
    raise TestSetError(f"{name} is not a text file, so not a CSV. Save the table as CSV in UTF-8.")


def _find_separator(name: str, line: str) -> str:
    """What parts the cells of a line; a comma may also be a decimal point, at most one a cell."""
    if "\t" in line:
        return "\t"
    if ";" in line and line.count(",") <= line.count(";") + 1:
        return ";"
    return " " if "," not in line and name.lower().endswith(".txt") else ","


def _split(line: str, separator: str) -> list[str]:
    """The cells of one line; the csv module would refuse long ones."""
    return [cell.strip().strip('"').strip() for cell in line.split(separator)]


def _parse_words(name: str, text: str, separator: str) -> WordTable:
    try:
        cells = pd.read_csv(
            io.StringIO(text),
            sep=r"\s+" if separator == " " else separator,
            header=None,
            dtype=str,
            keep_default_na=False,
        )
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TestSetError(_explain(name, text, separator, is_numbers=False)) from error
    rows = [tuple(str(cell).strip() for cell in row) for row in cells.itertuples(index=False)]
    is_header = all(label_from_cell(cell) is None and not _is_number(cell) for cell in rows[0])
    if is_header and len(rows) == 1:
        raise TestSetError(f"{name} has a header but no rows.")
    return WordTable(name, rows[0] if is_header else (), tuple(rows[is_header:]))


def _parse_pixels(name: str, text: str, separator: str, titles: list[str]) -> PixelTable:
    counts = [str(place) for place in range(len(titles))]
    decimal = "," if separator != "," and "," in text else "."
    # pandas numbers the columns of what has no titles; where there are titles, numbers among them count up, too, as the
    # pixels of a digit with a slip in it never do.
    numbers = [float(title.replace(decimal, ".")) for title in titles if _is_number(title.replace(decimal, "."))]
    counts_up = all(one < other for one, other in itertools.pairwise(numbers))
    is_header = titles == counts or (len(numbers) < len(titles) and counts_up)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # cells that it would drop
            table = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                header=0 if is_header else None,
                dtype=np.float32,
                index_col=False,
                decimal=decimal,
            )
    except (ValueError, pd.errors.ParserWarning, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TestSetError(_explain(name, text, separator, is_numbers=True, is_header=is_header)) from error
    values = table.to_numpy()
    if not len(values):
        raise TestSetError(f"{name} has a header but no rows.")
    unknown = np.flatnonzero(~np.isfinite(values).all(1))
    if len(unknown):
        raise TestSetError(f"{name} misses a number in row {unknown[0] + 1:,}. Every row needs all of its columns.")
    return _part(name, values, () if not is_header or titles == counts else tuple(titles))


def _part(name: str, values: np.ndarray, header: tuple[str, ...]) -> PixelTable:
    """Pixels and labels apart. `header` is empty where no column has a title that says anything."""
    remarks = []
    width = values.shape[1]
    place = next((at for at, title in enumerate(header) if is_label_title(title)), None)
    is_count = np.array_equal(values[:, 0] - values[0, 0], np.arange(len(values)))
    is_index = _plain(header[0]) in INDEX_TITLES if header else is_count and (width > PIXELS + 1 or len(values) > 10)
    if width > PIXELS and place != 0 and is_index and len(np.unique(values[:, 0])) == len(values):
        values, header, width = values[:, 1:], header[1:], width - 1
        place = None if place is None else place - 1
        remarks.append(f"The first column of {name} numbers the rows; it was left out.")
    if width not in (PIXELS, PIXELS + 1):
        raise TestSetError(
            f"{name} has {width:,} columns; 785 are needed (a label and 28x28 pixels), or 784 without labels."
        )
    if width == PIXELS:
        return PixelTable(name, values, None, tuple(remarks))
    if place is None:
        place = _guess_labels(values)
    labels, pixels = values[:, place], np.delete(values, place, axis=1)
    taken = f"Labels were taken from {_describe(header, place, width)} of {name}."
    if not header and place == 0 and is_count and len(values) > 1:
        taken += f" It counts from {labels[0]:g} to {labels[-1]:g}: if it only numbers the rows, remove it."
    return PixelTable(name, pixels, labels, (*remarks, taken))


def _guess_labels(values: np.ndarray) -> int:
    """Where the labels stand, first or last: where values vary more, since a picture's corner hardly does; where
    neither varies, in the column that isn't black."""

    def speaks_for(place: int) -> tuple[int, bool]:
        return len(np.unique(values[:, place])), 0 < values[0, place] < 10

    last = values.shape[1] - 1
    return last if speaks_for(last) > speaks_for(0) else 0


def _describe(header: tuple[str, ...], place: int, width: int) -> str:
    if header:
        return f'the column "{show_cell(header[place])}"'
    return "the first column" if place == 0 else "the last column" if place == width - 1 else f"column {place + 1}"


def _plain(title: str) -> str:
    """A title without what people part words by: "True label" -> "truelabel"."""
    return "".join(letter for letter in title.lower() if letter not in " _-.")


def _explain(name: str, text: str, separator: str, is_numbers: bool, is_header: bool = True) -> str:
    """Which row keeps a table from being read, and why; the first row tells how many columns there are."""
    rows = [line for line in text.split("\n") if line.strip()]
    width = len(_split(rows[0], separator))
    what = "Each row is one digit: 784 pixels, and a label before or after them."
    for number, row in enumerate(rows[is_header:], 1 + is_header):
        cells = _split(row, separator)
        wrong = next((cell for cell in cells if cell and is_numbers and not _is_number(cell.replace(",", "."))), None)
        if wrong is not None:
            return f"{name}: row {number:,} holds {show_cell(wrong)}, which is not a number. {what}"
        if len(cells) > width:
            return f"{name}: row {number:,} has {len(cells):,} columns, longer than the {width:,} before. {what}"
    return f"{name} can't be read as a table: a quotation mark is missing, or rows differ in length."


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False

"""Many files read one after the other: the answer to each, which were refused, what a person says of them, how many
are right.

`Item` is what became of one file; the table and the CSV, the page's and the script's, are made of items. `Batch` is
what a person has in hand: it holds the files, how they are to be read and what was said of them, and its items follow
from that. A page only shows it.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from PIL import Image

from core import words
from core.data.labels import NO_DIGIT, label_from_path
from core.network.checkpoint import Checkpoint
from core.reading.mnist_form import Box
from core.reading.picture import Picture, PictureError
from core.reading.picture import read as read_picture
from core.reading.reader import Reading, read
from core.reading.sources import Source, in_order_of_people

THUMBNAIL = 72  # pixels: longer side
KEPT_AS_SENT = 200_000  # bytes: of larger files the pixels that were read are kept where they take less
DECIMALS = 6  # of every probability that is taken away
NOTHING = "no digit"  # what a person says of a picture that shows none
# Who hears of each picture that is refused, as `reader.LISTENERS` hear of those that are read.
LISTENERS: list[Callable[[], None]] = []

Crop = tuple[float, float, float, float]  # left, top, right, bottom as shares of the picture


@dataclass(frozen=True)
class Adjustment:
    """How a person wants one picture read: `polarity` as in `core.config.POLARITIES`, and the part of it that counts,
    None for all."""

    polarity: str = "auto"
    crop: Crop | None = None

    @property
    def text(self) -> str:
        """In words: "light on dark, cropped to 10-60 % across and 0-100 % down"; empty where nothing is adjusted."""
        parts = [] if self.polarity == "auto" else [self.polarity]
        if self.crop:
            left, top, right, bottom = self.crop
            parts.append(f"cropped to {words.span(left, right)} across and {words.span(top, bottom)} down")
        return ", ".join(parts)


UNADJUSTED = Adjustment()


@dataclass(frozen=True, kw_only=True)
class _File:
    """What is known of a file whether it was read or not: its `name` as sent, its `label` where its path names one,
    and what a person who `checked` it says that it shows: "7", "1984", empty for no digit; None where nobody did."""

    key: str
    name: str
    label: int | None
    checked: str | None = None

    @property
    def final(self) -> str | None:
        """What counts: what a person says, else what was read; None where there is neither."""
        raise NotImplementedError

    @property
    def is_right(self) -> bool | None:
        """Whether what counts is the label; None where one of the two is missing."""
        return None if self.label is None or self.final is None else self.final == str(self.label)


@dataclass(frozen=True, kw_only=True)
class ReadFile(_File):
    """A file that was read: the answer as `core.reading.reader.Reading` words it.

    `probabilities` are ten, or none where the model was not asked about one digit. `digits` are the digit, the
    confidence and the box (x, y, width, height in pixels of the upright picture) of each digit that was read."""

    text: str
    verdict: str
    confidence: float
    probabilities: tuple[float, ...]
    digits: tuple[tuple[int, float, Box], ...]
    remark: str
    adjustment: Adjustment = UNADJUSTED

    @property
    def final(self) -> str:
        """What counts: what a person says, else what was read."""
        return self.text if self.checked is None else self.checked

    @property
    def is_doubtful(self) -> bool:
        """Whether somebody should look at it: unsure, or no digit."""
        return self.verdict != "digit"


@dataclass(frozen=True, kw_only=True)
class RefusedFile(_File):
    """A file that could not be read; `remark` is the sentence that says why."""

    remark: str
    text: ClassVar[str] = ""
    verdict: ClassVar[str] = "error"
    is_doubtful: ClassVar[bool] = True

    @property
    def final(self) -> str | None:
        """What a person says that it shows; None where nobody did."""
        return self.checked


Item = ReadFile | RefusedFile


def identify(name: str, content: bytes) -> str:
    """A key for one file: the same name and content give the same key."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass") + b"\0" + content).hexdigest()[:16]


def read_file(
    checkpoint: Checkpoint,
    name: str,
    content: bytes,
    expect: str = "auto",
    polarity: str = "auto",
    keep: Callable[[Reading], None] | None = None,
) -> Item:
    """Read one file, `expect` and `polarity` as in `reading.reader.read`; a refusal becomes a `RefusedFile`, so that
    the rest of a batch goes on. `keep` is called with the reading, for those who want more of it than an item holds."""
    key = identify(name, content)
    try:
        reading = read(checkpoint, read_picture(content), polarity, expect=expect)
    except PictureError as error:
        return refuse(name, str(error), key)
    if keep:
        keep(reading)
    return summarise(name, key, label_from_path(name), reading)


def summarise(
    name: str, key: str, label: int | None, reading: Reading, adjustment: Adjustment = UNADJUSTED
) -> ReadFile:
    """The item of a file that was read."""
    return ReadFile(
        key=key,
        name=name,
        label=label,
        text=reading.text,
        verdict=reading.verdict,
        confidence=reading.confidence,
        probabilities=reading.probabilities if reading.prediction else (),
        digits=tuple((digit.digit, digit.confidence, digit.box) for digit in reading.digits),
        remark=reading.sentence,
        adjustment=adjustment,
    )


def refuse(name: str, sentence: str, key: str = "") -> RefusedFile:
    """The item of a file that could not be read, with the sentence that says why."""
    for hear in LISTENERS:
        hear()
    return RefusedFile(key=key, name=name, label=label_from_path(name), remark=sentence)


def to_record(item: Item) -> dict[str, Any]:
    """What a program is told of an item, as JSON: the script's lines, the API's answers and the rows of bulk reading.

    `error` is null where it was read; `probabilities` are ten, or none where the model was not asked about one digit;
    a `box` is x, y, width, height in pixels of the upright picture.
    """
    read = item if isinstance(item, ReadFile) else None
    return {
        "file": item.name,
        "text": item.text,
        "verdict": item.verdict,
        "confidence": round(read.confidence, DECIMALS) if read else 0.0,
        "probabilities": [round(share, DECIMALS) for share in read.probabilities] if read else [],
        "digits": [
            {"digit": digit, "confidence": round(confidence, DECIMALS), "box": list(box)}
            for digit, confidence, box in (read.digits if read else ())
        ],
        "error": None if read else item.remark,
        "remark": item.remark,
        "label": item.label,
    }


# --- the table and the CSV --------------------------------------------------------------------------------------------

COLUMNS = (
    *("file", "answer", "confidence", "verdict", "label", "right", "remark"),
    *("checked", "corrected", "final", "adjusted", "digits"),
)


def tabulate(items: Sequence[Item]) -> pd.DataFrame:
    """One row an item, in order, with the columns of the CSV but for the probabilities; names are cut for a screen."""
    rows = [_to_cells(item) for item in items]
    table = pd.DataFrame({name: [row[name] for row in rows] for name in COLUMNS})
    table["file"] = [show_name(item.name) for item in items]
    return table.astype({"confidence": "float64", "label": "Int64", "right": "boolean"})


def show_name(name: str, longest: int = 80) -> str:
    """A file's name, safe to show: no control characters, the middle of a long one left out."""
    clean, half = words.clean(name), longest // 2
    return clean if len(clean) <= longest else f"{clean[:half]}…{clean[-half:]}"


def to_csv(items: Iterable[Item]) -> bytes:
    """All items as CSV, UTF-8 with a mark so that spreadsheets read it right."""
    return "".join([csv_header(), *map(csv_row, items)]).encode("utf-8-sig")


def csv_header() -> str:
    """The first line of the CSV, with its end.

    `answer` is what was read; `confidence`, `verdict`, `digits` (the confidence of each digit, in reading order) and
    `p0` to `p9` are about it. `checked`: a person looked at it, and `corrected` is what they say it shows where that is
    something else. `final` is what counts, and `right` whether it is the `label` that the name carries.
    """
    return _to_line([*COLUMNS, *(f"p{digit}" for digit in range(10))])


def csv_row(item: Item) -> str:
    """The line of one item, with its end; a cell is empty where there is nothing to say.

    Names are whole; those that a spreadsheet would run as a formula get an apostrophe in front, and characters that
    are no text are written as Python writes them, a line feed as \\n.
    """
    shares = item.probabilities if isinstance(item, ReadFile) else ()
    ten = [str(round(share, DECIMALS)) for share in shares] or [""] * 10
    return _to_line([*_to_cells(item).values(), *ten])


def _to_cells(item: Item) -> dict[str, object]:
    """What the table and the CSV say of an item, by the names of their columns; None for an empty cell."""
    answered = item if isinstance(item, ReadFile) else None
    is_corrected = item.checked is not None and item.checked != item.text
    values = (
        words.safe_cell("".join(map(_escape, item.name))),
        item.text,
        round(answered.confidence, DECIMALS) if answered and answered.text else None,
        item.verdict,
        item.label,
        item.is_right,
        item.remark,
        item.checked is not None,
        (item.checked or NOTHING) if is_corrected else "",
        item.final or "",
        answered.adjustment.text if answered else "",
        " ".join(str(round(confidence, DECIMALS)) for _, confidence, _ in answered.digits) if answered else "",
    )
    return dict(zip(COLUMNS, values, strict=True))


def _escape(letter: str) -> str:
    """A character as it is, but a control character, or a byte of a name that is no UTF-8, as Python writes it."""
    is_no_text = letter < " " or "\x7f" <= letter < "\xa0" or "\ud800" <= letter < "\ue000"
    return letter.encode("unicode_escape").decode() if is_no_text else letter


def _to_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


# --- what a person has in hand ----------------------------------------------------------------------------------------


class Group(StrEnum):
    """Which files of a batch are looked at, in the words of the page."""

    ALL = "All"
    TO_CHECK = "To check"
    MISREAD = "Misread"
    REFUSED = "Refused"
    CHECKED = "Checked"

    def holds(self, item: Item) -> bool:
        """Whether an item belongs to it."""
        match self:
            case Group.TO_CHECK:
                return item.is_doubtful and item.checked is None
            case Group.MISREAD:
                return item.is_right is False
            case Group.REFUSED:
                return isinstance(item, RefusedFile)
            case Group.CHECKED:
                return item.checked is not None
        return True


@dataclass(frozen=True)
class _Kept:
    """What stays of a picture once it was read: its `content`, the file itself or the pixels that were read as PNG,
    whichever is smaller (3 MB at most, about 1 for a phone's photo), the `size` of the upright original, (width,
    height) in pixels, and a `thumbnail` as PNG."""

    content: bytes
    size: tuple[int, int]
    thumbnail: bytes


@dataclass
class _Entry:
    """One picture of a batch: the `source` that loads it, or what was `kept` of it, or why it is refused. `item` is
    what the last reading gave, and `asked` all that it depended on. `put_right` are the labels that a person gave to
    single digits of that reading, by their place in it, and `checked` is what all of it then shows."""

    source: Source
    kept: _Kept | PictureError | None = None
    adjustment: Adjustment = UNADJUSTED
    item: Item | None = None
    asked: tuple[object, ...] = ()
    put_right: dict[int, int] = field(default_factory=dict)
    checked: str | None = None


@dataclass
class Batch:
    """Pictures handed over, how they are to be read, and what a person says of them.

    Every item that it gives is the reading of what is asked now: what was read otherwise is `waiting` to be read again.
    Items stand in the order of people, whatever came first.
    """

    _entries: dict[str, _Entry] = field(default_factory=dict)
    _checkpoint: Checkpoint | None = None
    _expect: str = "auto"
    _latest: tuple[str, tuple[object, ...], Reading] | None = None
    _said: list[tuple[str, str | None]] = field(default_factory=list)
    _group: Group = Group.ALL
    _chosen: str | None = None
    is_stopped: bool = False

    # What is there

    def add(self, sources: Iterable[Source], content: bytes) -> list[str]:
        """Take in the pictures of one file that was handed over, of this `content`; gives their keys.

        The same file again changes nothing.
        """
        digest = hashlib.sha256(content).digest()
        added = {identify(source.name, digest): _Entry(source) for source in sources}
        every = {**added, **self._entries}
        if self.is_stopped and len(every) > len(self._entries):
            self.is_stopped = False
        self._entries = dict(sorted(every.items(), key=lambda pair: in_order_of_people(pair[1].source.name)))
        return list(added)

    def remove(self, keys: Iterable[str]) -> None:
        """Forget pictures and all that was said of them; keys that are not there are ignored."""
        for key in keys:
            self._entries.pop(key, None)
            if key == self._chosen:
                self._chosen = None
        self._said = [(key, before) for key, before in self._said if key in self._entries]

    def __len__(self) -> int:
        """How many pictures are there."""
        return len(self._entries)

    def name(self, key: str) -> str:
        """A picture's name as people know it."""
        return self._entries[key].source.name

    def thumbnail(self, key: str) -> bytes:
        """A small picture of one that was read, as PNG; empty for a refused one."""
        kept = self._entries[key].kept
        return kept.thumbnail if isinstance(kept, _Kept) else b""

    # How it is read

    def ask(self, checkpoint: Checkpoint, expect: str) -> None:
        """Who reads from now on, and what is expected (as in `reading.reader.read`); other readings no longer count."""
        if expect != self._expect:
            self.is_stopped = False
        self._checkpoint, self._expect = checkpoint, expect

    def adjust(self, key: str, adjustment: Adjustment) -> None:
        """Read one file in a person's way; `UNADJUSTED` takes that off."""
        self._entries[key].adjustment = adjustment

    def adjustment(self, key: str) -> Adjustment:
        """How one file is read."""
        return self._entries[key].adjustment

    def stop(self) -> None:
        """Read no more, until somebody wants to `go_on` or wants something else."""
        self.is_stopped = True

    def go_on(self) -> None:
        """Read what is waiting."""
        self.is_stopped = False

    @property
    def waiting(self) -> list[str]:
        """Keys of the files that were not yet read as asked now, in order."""
        return [key for key, entry in self._entries.items() if entry.asked != self._asked(entry)]

    def read(self, key: str) -> Item:
        """Read one file as asked now, or give what that gave."""
        entry = self._entries[key]
        asked = self._asked(entry)
        if entry.item is None or entry.asked != asked:
            source = entry.source
            try:
                entry.item = summarise(source.name, key, source.label, self.reading(key), entry.adjustment)
            except PictureError as error:
                entry.kept = error  # however it is asked for, it will be refused
                entry.item = replace(refuse(source.name, str(error), key), label=source.label)
            entry.asked, entry.put_right = asked, {}
        return replace(entry.item, checked=entry.checked)

    def reading(self, key: str) -> Reading:
        """How one file was read, with every step: the reading that its item was made of, or the same once more.

        Raises `PictureError` for a file that is refused.
        """
        entry = self._entries[key]
        asked = self._asked(entry)
        if self._latest is None or self._latest[:2] != (key, asked):
            self._latest = (key, asked, self._read(entry))
        return self._latest[2]

    @property
    def items(self) -> list[Item]:
        """What became of every file that was read as asked now, in the order in which they were handed over."""
        entries = self._entries.values()
        return [
            replace(entry.item, checked=entry.checked)
            for entry in entries
            if entry.item is not None and entry.asked == self._asked(entry)
        ]

    # What a person says

    def checked(self, key: str) -> str | None:
        """What a person says that a picture shows; None where nobody did."""
        return self._entries[key].checked

    def check(self, key: str, shows: str | None) -> None:
        """A person says what a file shows: "7", "1984", empty for no digit; None takes back what was said."""
        entry = self._entries[key]
        entry.checked, entry.put_right = shows, {}

    def correct(self, key: str, at: int, label: int | None) -> None:
        """A person says which digit, or `NO_DIGIT`, is in the place `at` of what was read; None takes that back.

        What was read as no digit has one place.
        """
        text = self.read(key).text
        entry = self._entries[key]
        entry.put_right.pop(at, None)
        if label is not None:
            entry.put_right[at] = label
        signs = list(text or " ")
        places = [place for place, sign in enumerate(signs) if sign.isdecimal()] or [0]
        for digit, value in entry.put_right.items():
            signs[places[digit]] = "" if value == NO_DIGIT else str(value)
        entry.checked = " ".join("".join(signs).split()) if entry.put_right else None

    def put_right(self, key: str, at: int) -> int | None:
        """What a person says is in the place `at` of what was read: a digit or `NO_DIGIT`; None where nobody did."""
        entry, item = self._entries[key], self.read(key)
        if len(item.text) > 1 or item.checked is None or item.checked == item.text or len(item.checked) > 1:
            return entry.put_right.get(at)
        return int(item.checked) if item.checked else NO_DIGIT

    def check_and_go_on(self, shows: str | None) -> None:
        """A person says what the chosen file shows, None that it is as it says; then the next one of the group is
        chosen, after the last the first that is left."""
        key, keys = self.chosen, [item.key for item in self.shown]
        if key is None:
            return
        item = self.read(key)
        self._said.append((key, item.checked))
        self.check(key, (item.final or "") if shows is None else shows)
        left = {item.key for item in self.items if self._group.holds(item)} - {key}
        at = keys.index(key)
        is_end = self._group is Group.ALL and at == len(keys) - 1
        self._chosen = key if is_end else next((one for one in keys[at:] + keys[:at] if one in left), key)

    @property
    def can_undo(self) -> bool:
        """Whether there is something that `undo` takes back."""
        return bool(self._said)

    def undo(self) -> None:
        """Take back what `check_and_go_on` said last, and choose that file again."""
        if self._said:
            key, before = self._said.pop()
            self.check(key, before)
            self._chosen = key

    # What is looked at

    @property
    def group(self) -> Group:
        """Which files are shown."""
        return self._group

    def show(self, group: Group) -> None:
        """Show some of the files; the chosen one stays so where it is among them."""
        if group is not self._group:
            self._group = group
            if not any(item.key == self._chosen and group.holds(item) for item in self.items):
                self._chosen = None

    @property
    def shown(self) -> list[Item]:
        """The items of the group, and the chosen one, which stays in sight until another one is chosen."""
        return [item for item in self.items if self._group.holds(item) or item.key == self._chosen]

    @property
    def chosen(self) -> str | None:
        """The key of the file whose details are shown: the one that was chosen, else the first; None where none is."""
        keys = [item.key for item in self.shown]
        return self._chosen if self._chosen in keys else next(iter(keys), None)

    def choose(self, key: str) -> None:
        """Show the details of one file."""
        self._chosen = key

    def step(self, by: int) -> None:
        """Choose the next file that is shown, or by -1 the one before; the ends are ends."""
        keys = [item.key for item in self.shown]
        if self.chosen is not None:
            self._chosen = keys[min(max(keys.index(self.chosen) + by, 0), len(keys) - 1)]

    def _asked(self, entry: _Entry) -> tuple[object, ...]:
        model = self._checkpoint
        return (model and model.name, model and model.version, self._expect, entry.adjustment)

    def _read(self, entry: _Entry) -> Reading:
        if self._checkpoint is None:
            raise ValueError("nobody was asked to read: call ask() first")
        if isinstance(entry.kept, PictureError):
            raise entry.kept
        if entry.kept:
            picture = replace(read_picture(entry.kept.content), size=entry.kept.size)
        else:
            content = entry.source.load()
            picture = read_picture(content)
            small = content if len(content) <= KEPT_AS_SENT else min(content, _to_png(picture.colours), key=len)
            entry.kept = _Kept(small, picture.size, _draw_thumbnail(picture))
            entry.source = replace(entry.source, load=_forget)
        how = entry.adjustment
        return read(self._checkpoint, picture, how.polarity, how.crop, self._expect)


def _forget() -> bytes:
    """In place of a load that has been done, which would hold all of a zip."""
    raise AssertionError("this picture was loaded already, and kept")


def parse_answer(text: str) -> str | None:
    """What a person typed of a picture: digits and the signs of numbers, with spaces between lines, as they are; "-" or
    "no" for no digit, which is empty; None where nothing was typed. Raises `ValueError` with a sentence for anything
    else."""
    parts = text.split()
    if not parts:
        return None
    if " ".join(parts).lower() in ("-", "–", "no", "none", NOTHING):
        return ""
    if not all(re.fullmatch(r"-?\d+([-.,:/]\d+)*", part) for part in parts):
        raise ValueError(f"Type the digits that the picture shows, such as 7 or 1984, or “no” for {NOTHING}.")
    return " ".join("".join(str(int(one)) if one.isdecimal() else one for one in part) for part in parts)


def _draw_thumbnail(picture: Picture) -> bytes:
    image = Image.fromarray(picture.colours)
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    return _to_png(np.asarray(image))


def _to_png(pixels: np.ndarray) -> bytes:
    """Pixels (H, W, 3) uint8 as a PNG, packed quickly: the highest level saves a tenth and takes ten times as long."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

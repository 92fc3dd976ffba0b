"""The digit that a picture's path or a table's cell names: one rule for Predict, Evaluate and the scripts."""

import re
import unicodedata
from dataclasses import dataclass

NO_DIGIT = -1  # the label of a picture that shows no digit
UNLABELLED = -2  # the label of a picture that nobody labelled; not -1, or a set of non-digits would pass for one

_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_GERMAN = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
_WORDS = {word: digit for words in (_ENGLISH, _GERMAN) for digit, word in enumerate(words)}
_PREFIX = r"(?:digit|class|label|number|num|ziffer|klasse|zahl)[ _-]?"
_WORD = rf"(?P<word>{'|'.join(_WORDS)})"
_ARCHIVE = r"(?:\.(?:zip|tar|tgz|tar\.gz))?"  # a folder that was packed: 7.zip/anna.png
# Both, as in 7_seven and "7 (seven)", are one name.
_FOLDER = re.compile(
    rf"(?:{_PREFIX})?(?:(?P<figure>\d)(?:[ _-]*\(?(?P<same>{'|'.join(_WORDS)})\)?)?|{_WORD}){_ARCHIVE}", re.IGNORECASE
)
# A letter right behind the figure, as in 7th.png, 2x.png, 7b.png or the hash 7f3a91.png, makes it another name: what is
# left without a label is listed with the reason, while a wrong label would count a right answer as an error.
_FILE = re.compile(rf"(?:{_PREFIX})?(?P<figure>\d)(?![^\W_])", re.IGNORECASE)
# A word must be all of the name but for a counter: "one_more_try.png" is no 1.
_FILE_IN_WORDS = re.compile(rf"(?:{_PREFIX})?{_WORD}(?:[ _-]*\(?\d+\)?)?(?:\.[^.]*)?", re.IGNORECASE)
_CELL = re.compile(rf"(?:{_PREFIX})?(?:(?P<figure>\d)(?:\.0*)?|{_WORD})", re.IGNORECASE)


@dataclass(frozen=True)
class PathLabel:
    """The digit that a path names, 0 to 9, and the part of the path that names it: a folder, or the file."""

    digit: int
    part: str
    is_folder: bool


def label_from_path(path: str) -> int | None:
    """The digit that a picture's path says it shows, 0 to 9; None where it says none. See `find_label`."""
    found = find_label(path)
    return found.digit if found else None


def find_label(path: str) -> PathLabel | None:
    """The digit that a picture's path names, and where; None where it names none.

    The nearest folder that names a digit wins, since the files in it may be numbered: `7/1.png`, `5/sub/12.png`,
    `digit_7/a.png`, `class7/a.png`, `label-7/a.png`, `seven/a.png`, `7_seven/a.png`, `Sieben/a.png`. Else the file's
    own name counts: `7.png`, `7_anna.jpg`, `4.5.jpg`, `digit_7.png`, `seven.png`. `12.png`, `IMG_4.jpg` and `7th.png`
    name no digit.
    """
    *folders, file = re.split(r"[/\\]", unicodedata.normalize("NFC", path))  # a Mac writes ü as u and two dots
    for folder in reversed(folders):
        if (digit := _value(_FOLDER.fullmatch(folder))) is not None:
            return PathLabel(digit, folder, True)
    digit = _value(_FILE.match(file) or _FILE_IN_WORDS.fullmatch(file))
    return None if digit is None else PathLabel(digit, file, False)


def label_from_cell(text: str) -> int | None:
    """The digit that a cell of a table names, 0 to 9: `7`, `7.0`, `seven`, `class_7`; None where it names none."""
    return _value(_CELL.fullmatch(text.strip()))


def _value(found: re.Match[str] | None) -> int | None:
    """The digit that was found; None where nothing was, or where figure and word differ as in 7_eight."""
    if not found:
        return None
    names = found.groupdict()
    values = {int(names["figure"])} if names.get("figure") else set()
    values |= {_WORDS[names[word].lower()] for word in ("word", "same") if names.get(word)}
    return values.pop() if len(values) == 1 else None

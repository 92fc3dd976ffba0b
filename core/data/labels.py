"""The digit that a picture's path names: one rule for Predict, Evaluate and the scripts."""

import re

NO_DIGIT = -1  # the label of a picture that shows no digit
UNLABELLED = -2  # the label of a picture that nobody labelled; not -1, or a set of non-digits would pass for one

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PREFIX = r"(?:digit|class|label)[ _-]?"
_WORD = rf"(?P<word>{'|'.join(_WORDS)})"
_FOLDER = re.compile(rf"(?:{_PREFIX})?(?:(?P<figure>\d)|{_WORD})", re.IGNORECASE)
# A letter right behind the figure, as in 7th.png, 2x.png, 7b.png or the hash 7f3a91.png, makes it another name: what is
# left without a label is listed with the reason, while a wrong label would count a right answer as an error.
_FILE = re.compile(rf"(?:{_PREFIX})?(?P<figure>\d)(?![^\W_])", re.IGNORECASE)
# A word must be all of the name but for a counter: "one_more_try.png" is no 1.
_FILE_IN_WORDS = re.compile(rf"(?:{_PREFIX})?{_WORD}(?:[ _-]*\(?\d+\)?)?(?:\.[^.]*)?", re.IGNORECASE)


def label_from_path(path: str) -> int | None:
    """The digit that a picture's path says it shows, 0 to 9; None where it says none.

    The nearest folder that names a digit wins, since the files in it may be numbered: `7/1.png`, `5/sub/12.png`,
    `digit_7/a.png`, `class7/a.png`, `label-7/a.png`, `seven/a.png`. Else the file's own name counts: `7.png`,
    `7_anna.jpg`, `4.5.jpg`, `digit_7.png`, `seven.png`. `12.png`, `IMG_4.jpg` and `7th.png` name no digit.
    """
    *folders, file = re.split(r"[/\\]", path)
    for folder in reversed(folders):
        if found := _FOLDER.fullmatch(folder):
            return _value(found)
    found = _FILE.match(file) or _FILE_IN_WORDS.fullmatch(file)
    return _value(found) if found else None


def _value(found: re.Match[str]) -> int:
    names = found.groupdict()
    figure = names.get("figure")
    return int(figure) if figure else _WORDS.index(names["word"].lower())

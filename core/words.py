"""How pages write figures and text: shares, counts, durations, times, safe text; each in one place, this one.

One rule for every share: a fixed number of decimals, and never "0 %" or "100 %" where it is something between.
"""

import re
import unicodedata
from datetime import datetime

SPACE = "\u00a0"  # the sign never starts a line of its own
SIGN = f"{SPACE}%"
NONE = "–"
MINUS = "\u2212"
UNSEEN = "\u2060"  # takes no room
ALMOST = 1e-9  # how near a probability may come to 0 and 1

# Streamlit and Vega write some figures by themselves; these are their formats. An axis marks round shares, 0 to 1, and
# names them exactly; a slider has whole percents; a column of a table has 100 times a share, two decimals always.
TICK = f"format(100 * datum.value, '.6~r') + '{SIGN}'"
SLIDER = f"%d{SPACE}%%"
COLUMN = f"%.2f{SPACE}%%"

_INLINE = re.compile(r"[\\`*_\[\]<>$~&]")
_AT_START = re.compile(r"^(\s*)([#+\-=])|^(\s*\d+)([.)])(?=\s|$)")
_FOUND_LATER = re.compile(r":(?=[^\s\d]|\w+:)|@(?=\S)|w(?=ww\.)|(?<!\S)(?:<->|->|<-|--|>=|<=|~=)(?!\S)", re.IGNORECASE)


def percent(share: float | None, decimals: int = 2) -> str:
    """A share of things that were counted, 0 to 1, in percent; a dash where there was nothing to divide by.

    0.9957 -> "99.57 %" · 1 -> "100.00 %" · 0.99999 -> ">99.99 %" · 0.00001 -> "<0.01 %" · 0 -> "0.00 %" · None -> "–"

    Two decimals tell apart models that differ by one picture of 10,000; rough shares get one, narrow places none.
    """
    if share is None or share != share:  # of a table, where what is missing is no number
        return NONE
    step = 10**-decimals
    value, sign = 100 * share, ""
    if 0 < share < 1:
        rounded = round(value, decimals)
        value, sign = (step, "<") if rounded <= 0 else (100 - step, ">") if rounded >= 100 else (value, "")
    return f"{sign}{value:.{decimals}f}{SIGN}"


def name_place(row: int, column: int, shape: tuple[int, int]) -> str:
    """Where on a picture of this shape (rows, columns) a place lies: "the upper left", "the middle center"."""
    down = ("upper", "middle", "lower")[3 * row // shape[0]]
    across = ("left", "center", "right")[3 * column // shape[1]]
    return f"the {down} {across}"


def span(low: float, high: float) -> str:
    """A part of a whole, both ends 0 to 1, in whole percents: 0.1, 0.6 -> "10-60 %"."""
    return f"{100 * low:.0f}-{100 * high:.0f}{SIGN}"


def probability(value: float) -> str:
    """A model's probability, 0 to 1, in percent: 0.973 -> "97.3 %" · 1 -> ">99.9 %" · 0 -> "<0.1 %".

    As `percent`, but never all and never none: no model is certain, and a softmax of exactly 1 was rounded to it. One
    decimal wherever it stands, so that a chart, a box, a table and a sentence say the same of one answer.
    """
    return percent(min(max(value, ALMOST), 1 - ALMOST), 1)


def points(difference: float, decimals: int = 2) -> str:
    """A difference of two shares in percentage points, with its sign: 0.0012 -> "+0.12" · -0.5 -> "−50.00"."""
    return f"{100 * difference:+.{decimals}f}".replace("-", MINUS)


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 picture", "2,000 pictures"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A duration as people say it: 1 s, 12 min, 2.5 h."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5940:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def time(when: datetime) -> str:
    """A date with its time and time zone: 2026-01-02 03:04 UTC."""
    return f"{when:%Y-%m-%d %H:%M} {when.tzname() or ''}".rstrip()


def clean(text: str) -> str:
    """Text that somebody else chose, with a sign in place of each control character. Every kind of space stays: there
    is one in each percentage, and in the name of each screenshot of a Mac."""
    return "".join(
        letter if letter.isprintable() or unicodedata.category(letter) == "Zs" else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def escape_markdown(text: str) -> str:
    """Text that holds a name somebody else chose, so that a page shows it as it is: no link, picture, formula, icon,
    list, bold or arrow is made of it. "[a](b)" -> "\\[a\\](b)".

    What Streamlit looks for after escapes are gone (addresses, :icons:, arrows) is broken by a sign without width.
    """
    text = clean(text)
    text = _FOUND_LATER.sub(lambda found: found[0][:1] + UNSEEN + found[0][1:], text)
    text = _INLINE.sub(r"\\\g<0>", text)
    text = _AT_START.sub(lambda found: f"{found[1] or found[3] or ''}\\{found[2] or found[4]}", text)
    start = len(text) - len(text.lstrip(" "))
    return SPACE * start + text[start:]  # four spaces would make it code


def safe_cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet runs as a formula: "=1+1.png" -> "'=1+1.png"."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def refused_by_disk(error: OSError) -> str:
    """A sentence for the person whose files could not be read or written: what the system said, and what to do."""
    return f"The disk refused: {error.strerror or error}. Free some space or allow writing, then try again."


def article(digit: int | str) -> str:
    """The article a digit wants: "an" for 8, else "a"."""
    return "an" if str(digit) == "8" else "a"


def a_digit(digit: int | str) -> str:
    """A digit with its article: "a 7", "an 8"."""
    return f"{article(digit)} {digit}"

"""Reads a picture: the digit or digits in it, the model's answer to each, and every step between."""

import functools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from core import words
from core.config import EXPECTATIONS, POLARITIES
from core.network.checkpoint import Checkpoint
from core.network.prediction import Prediction, Verdict, predict
from core.reading import binarizer
from core.reading.ink import Ink, MnistImage, NoInk, find_ink
from core.reading.left_out import LeftOut, Sign
from core.reading.mnist_form import Box, Stage
from core.reading.number import NumberDigit, find_closer, find_digits, find_left_out, find_lines, is_number
from core.reading.one_digit import FoundDigit, NothingFound, find_digit, whole_picture_as_digit
from core.reading.picture import Picture
from core.reading.settings import NUMBER

# More readings at once than cores only make each other wait, all of them: the first would be as late as the last.
AT_ONCE = threading.BoundedSemaphore(os.cpu_count() or 1)
FRAME = (79, 179, 217)  # light blue, to be seen on black and on white


TellInk = Callable[[np.ndarray], np.ndarray]
"""Contrast (H, W) float32 -> how likely each pixel is ink, (H, W) float32 in [0, 1]; see `find_ink`."""


@dataclass(frozen=True)
class FoundNumber:
    """How a number was found: the `steps` to its ink and its digits. `others` are the boxes of ink that was left out
    though it is as large as a digit, `signs` the dashes and dots that were. `is_guess` where it was read as a number
    only because there is no single digit in it."""

    steps: tuple[Stage, ...]
    polarity: str
    others: tuple[Box, ...] = ()
    signs: tuple[Sign, ...] = ()
    is_guess: bool = False


@dataclass(frozen=True)
class Digit:
    """One digit of what was read: the `prediction`, the `box` of its ink (x, y, width, height in pixels of the upright
    original) and the `image` the model saw, (28, 28) float32 in [0, 1]. `line` counts from 0 at the top."""

    prediction: Prediction
    box: Box
    image: np.ndarray
    line: int = 0

    @property
    def digit(self) -> int:
        """The most probable digit, 0 to 9."""
        return self.prediction.digit

    @property
    def confidence(self) -> float:
        """Its probability, 0.1 to 1."""
        return self.prediction.confidence


@dataclass(frozen=True)
class Reading:
    """What was read, and how it was found. Of one digit `prediction` is the answer; it is None where nothing was found,
    or where a number was read; `digits` are those of the number, or the one. `model` and `version` say
    who answered."""

    picture: Picture
    found: FoundDigit | FoundNumber | NothingFound
    prediction: Prediction | None
    digits: tuple[Digit, ...]
    model: str
    version: str

    @property
    def is_number(self) -> bool:
        """Whether this was read as a number and not as one digit."""
        return self.prediction is None and bool(self.digits)

    @property
    def verdict(self) -> str:
        """ "digit", "unsure" or "no digit". A number is as sure as the least sure of its digits, and no answer is sure
        that leaves out ink which may belong to it."""
        is_sure = not self.doubtful and not self.left_out and not self._is_guess
        if self.is_number:
            return "digit" if is_sure else "unsure"
        said = self.prediction.verdict if self.prediction else "no digit"
        return "unsure" if said == "digit" and not is_sure else said

    @property
    def doubtful(self) -> tuple[int, ...]:
        """Which digits are not sure, counted from 0."""
        return tuple(at for at, digit in enumerate(self.digits) if digit.prediction.verdict != "digit")

    @property
    def lines(self) -> tuple[str, ...]:
        """What was read, line by line from the top: ("7",) or ("1984", "2024"); none when no digit."""
        if not self.is_number:
            return (self.prediction.text,) if self.prediction and self.prediction.text else ()
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + str(digit.digit)
        return tuple(lines.values())

    @property
    def text(self) -> str:
        """What was read, "7" or "1984" for example, lines with a space between; empty when no digit."""
        return " ".join(self.lines)

    @property
    def unread(self) -> tuple[Box, ...]:
        """The boxes of ink that this answer does not speak for: shapes as large as a digit, and signs."""
        if isinstance(self.found, NothingFound):
            return ()
        return (*self.found.others, *(sign.box for sign in self.found.signs))

    @property
    def left_out(self) -> str:
        """What of the ink this answer does not speak for, in a sentence; empty where it speaks for all of it."""
        if isinstance(self.found, NothingFound) or not self.digits:
            return ""
        others = len(self.found.others)
        shapes = [f"{others} more shapes" if others > 1 else "one more shape"] if others else []
        named = shapes + [self._name(sign) for sign in self.found.signs]
        if not named:
            return ""
        listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
        verb = "were" if len(named) > 1 or others > 1 else "was"
        reason = "" if self.is_number or not others else ": this was read as one digit"
        return f"{listed[0].upper()}{listed[1:]} {verb} left out{reason}."

    @property
    def confidence(self) -> float:
        """Probability of the answer, 0 to 1: of a number that all its digits are right; 0 where nobody was asked."""
        if self.is_number:
            return float(np.prod([digit.confidence for digit in self.digits]))
        return self.prediction.confidence if self.prediction else 0.0

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Ten values in digit order; all 0 where the model was not asked, or about a number."""
        return self.prediction.probabilities if self.prediction else (0.0,) * 10

    @property
    def sentence(self) -> str:
        """The answer in words, or why there is none."""
        if isinstance(self.found, NothingFound):
            return self.found.reason
        if self.prediction:
            said = self.prediction.sentence
            if self.left_out and self.prediction.verdict == "digit":
                said = f"Looks like {words.a_digit(self.prediction.digit)}."
            return f"{said} {self.left_out}".rstrip()
        count, lines = len(self.digits), len(self.lines)
        digits = f"A number of {count} digits" if count > 1 else "A number of one digit"
        if lines > 1:
            digits = f"{lines} numbers"
        if self._is_guess:
            digits = f"No single digit; read as {digits[0].lower()}{digits[1:]}"
        if self.verdict == "digit":
            return f"{digits}, {'all of them sure' if count > 1 else 'sure'}."
        doubts = [
            f"the {_ordinal(at + 1)}, {digit.digit}, is perhaps {words.a_digit(digit.prediction.second)}"
            for at, digit in [(at, self.digits[at]) for at in self.doubtful[:3]]
        ]
        doubt = f". Unsure: {'; '.join(doubts)}." if doubts else ", but unsure."
        more = f" {len(self.doubtful) - 3} more are unsure." if len(self.doubtful) > 3 else ""
        return f"{digits}{doubt}{more} {self.left_out}".rstrip()

    @property
    def _is_guess(self) -> bool:
        return isinstance(self.found, FoundNumber) and self.found.is_guess

    def _name(self, sign: Sign) -> str:
        """A sign with its place: "a dot between 3 and 1", "a minus before 52"."""
        before, behind = (self.digits[: sign.after], self.digits[sign.after :])
        if before and behind and before[-1].line == behind[0].line:
            return f"a {sign.name} between {before[-1].digit} and {behind[0].digit}"
        number = behind[0].line if sign.is_first else before[-1].line
        text = "".join(str(digit.digit) for digit in self.digits if digit.line == number)
        return f"a {sign.name} {'before' if sign.is_first else 'behind'} {text}"


def read(
    checkpoint: Checkpoint,
    picture: Picture,
    polarity: str = "auto",
    crop: tuple[float, float, float, float] | None = None,
    expect: str = "auto",
) -> Reading:
    """Find what is written in a picture and ask the model; see `core.reading.ink.find_ink` for `polarity` and `crop`.

    `expect` is one of `EXPECTATIONS`: "one" reads one digit whatever else there is, "number" all digits, "auto" sees
    for itself which it is. Raises `ValueError` for anything else.
    """
    if expect not in EXPECTATIONS:
        raise ValueError(f"expect must be one of {', '.join(EXPECTATIONS)}, not {expect!r}")
    task = _Task(checkpoint, picture, crop, expect)
    with AT_ONCE:
        best = _read_once(task, polarity)
        if best.is_guess:
            other = _read_once(task, _opposite(best.reading.found.polarity))
            if other.mean_log_odds > best.mean_log_odds + NUMBER.min_gain_to_switch:
                best = other
        hypotheses = [best]
        is_settled = best.reading.verdict == "digit" and not best.reading.is_number
        if best.is_rough and not is_settled and (network := _load_binarizer()):
            tell_ink = functools.partial(binarizer.find, network)
            hypotheses.append(_read_once(task, best.reading.found.polarity, tell_ink))
    # Neither is trusted more: the surer one counts, then the one with more to say for its digits.
    return max(
        hypotheses, key=lambda one: (one.reading.text != "", one.reading.verdict == "digit", one.path_score)
    ).reading


@dataclass(frozen=True)
class _Task:
    """The arguments of `read`, together."""

    checkpoint: Checkpoint
    picture: Picture
    crop: tuple[float, float, float, float] | None
    expect: str


@dataclass(frozen=True)
class _Hypothesis:
    """One way to read a picture, and what speaks for it in nats: the `path_score` of its digits together and their
    `mean_log_odds` of being digits. `is_rough` and `is_guess` as in `core.reading.ink.Ink`."""

    reading: Reading
    path_score: float
    mean_log_odds: float
    is_rough: bool
    is_guess: bool


class _Answers:
    """A model's answers, about each image once: what is read as one digit is often all there is of a number, or a part
    of it."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Nothing has been asked yet."""
        self._checkpoint = checkpoint
        self._known: dict[bytes, Prediction] = {}

    def about(self, images: np.ndarray) -> list[Prediction]:
        """The answers about images (N, 28, 28) float32 in [0, 1]."""
        keys = [image.tobytes() for image in images]
        new = {key: image for key, image in zip(keys, images, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, predict(self._checkpoint, np.stack(list(new.values()))), strict=True))
        return [self._known[key] for key in keys]


@functools.cache
def _load_binarizer() -> binarizer.Binarizer | None:
    """What tells ink from print; None where its file is missing or damaged, and nothing is read twice then."""
    try:
        return binarizer.load()
    except (OSError, ValueError):
        return None


def _read_once(task: _Task, polarity: str, tell_ink: TellInk | None = None) -> _Hypothesis:
    """The picture read with one polarity and one way to tell its ink: the ink first, then one digit, then a number;
    where one is expected and not found, the other is tried."""
    answers = _Answers(task.checkpoint)
    ink = find_ink(task.picture, polarity, task.crop, tell_ink)
    one = _read_one_digit(task, ink, answers)
    if task.expect == "one" and one.reading.text:
        return one
    return _read_number(task, ink, one, answers, tell_ink) or one


def _read_one_digit(task: _Task, ink: Ink | NoInk | MnistImage, answers: _Answers) -> _Hypothesis:
    """The ink as one digit, or all of a small picture where that looks more like one."""
    found, whole = find_digit(ink), whole_picture_as_digit(ink)
    ways = [way for way in (found, whole) if isinstance(way, FoundDigit)]
    said = answers.about(np.stack([way.image for way in ways])) if ways else []
    prediction = said[0] if isinstance(found, FoundDigit) else None
    if whole is not None:
        usual = _mean_log_odds([prediction]) if prediction else 0.0
        if _mean_log_odds(said[-1:]) > usual + NUMBER.min_gain_to_switch:
            found, prediction = whole, said[-1]
    if prediction is None or isinstance(found, NothingFound):
        reading = _conclude(task, found, None, ())
        return _Hypothesis(reading, NUMBER.worst, 2 * NUMBER.worst, ink.is_rough, ink.is_guess)
    digits = (Digit(prediction, found.box, found.image),) if prediction.text else ()
    reading = _conclude(task, found, prediction, digits)
    return _Hypothesis(reading, prediction.score, _mean_log_odds([prediction]), ink.is_rough, ink.is_guess)


def _read_number(
    task: _Task, ink: Ink | NoInk | MnistImage, one: _Hypothesis, answers: _Answers, tell_ink: TellInk | None
) -> _Hypothesis | None:
    """The ink as a number, looked at from nearer where it is small; None where it is none, but rather `one` digit."""
    written = find_lines(ink)
    if isinstance(ink, Ink) and (closer := find_closer(ink, written)):
        crop, smallest = closer
        ink = find_ink(task.picture, ink.polarity, crop, tell_ink, smallest)
        written = find_lines(ink)
    lines = find_digits(written, answers.about)
    if not lines or not isinstance(ink, Ink):
        return None
    said = [digit.prediction for line in lines for digit in line]
    alone = one.reading.found.box if isinstance(one.reading.found, FoundDigit) else None
    left_out, is_guess = find_left_out(ink, lines).placed(ink.place), False
    if task.expect != "number":
        if not _are_digits(said):
            return None
        # What is no single digit is rather several, where each is sure and all the ink is theirs, though together they
        # hardly look like a number.
        is_guess = task.expect == "one" or not is_number(lines, ink, alone, one.path_score)
        if is_guess and (one.reading.text or left_out.shapes or not _are_sure(said)):
            return None
    digits = tuple(
        Digit(digit.prediction, ink.place(digit.box), digit.image, number)
        for number, line in enumerate(lines)
        for digit in line
    )
    path_score = sum(digit.path_score for line in lines for digit in line)
    reading = _conclude(task, _show_number(ink, lines, left_out, is_guess), None, digits)
    return _Hypothesis(reading, path_score, _mean_log_odds(said), one.is_rough, one.is_guess)


def _conclude(
    task: _Task,
    found: FoundDigit | FoundNumber | NothingFound,
    prediction: Prediction | None,
    digits: tuple[Digit, ...],
) -> Reading:
    return Reading(task.picture, found, prediction, digits, task.checkpoint.name, task.checkpoint.version)


def _are_digits(answers: list[Prediction]) -> bool:
    """Whether what was cut from a line looks like digits and not like the letters of a word; yes where the model can't
    tell."""
    return any(answer.digit_logit is None for answer in answers) or _mean_log_odds(answers) > NUMBER.min_word_log_odds


def _are_sure(answers: list[Prediction]) -> bool:
    """Whether these are several, each of them sure."""
    return len(answers) > 1 and all(answer.verdict is Verdict.DIGIT for answer in answers)


def _mean_log_odds(answers: list[Prediction]) -> float:
    """Mean log-odds, in nats, that each of these is a digit: those for a whole digit and those for a digit at all
    together; of a model that has not learnt to tell, the first twice."""
    whole = [answer.score for answer in answers]
    at_all = [answer.score if answer.digit_logit is None else answer.digit_logit for answer in answers]
    return float(np.clip([whole, at_all], NUMBER.worst, NUMBER.best).sum(axis=0).mean())


def _opposite(polarity: str) -> str:
    """The other polarity than this one, which is not "auto"."""
    return next(other for other in POLARITIES if other not in (polarity, "auto"))


def _show_number(ink: Ink, lines: list[list[NumberDigit]], left_out: LeftOut, is_guess: bool) -> FoundNumber:
    """How a number was found: the steps to its ink, and one in which its digits are framed."""
    framed = np.repeat(np.where(ink.mask, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    for line in lines:
        for x, y, width, height in (digit.box for digit in line):
            cv2.rectangle(framed, (x - 2, y - 2), (x + width + 1, y + height + 1), FRAME, 2)
    note = "Cut where the model finds whole digits; specks, commas and signs are left out."
    steps = (*ink.steps, Stage("The digits", note, framed))
    return FoundNumber(steps, ink.polarity, left_out.shapes, left_out.signs, is_guess)


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"

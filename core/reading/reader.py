"""A picture read: the digit or the digits in it, what the model says of each, and every step between."""

import functools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from core.config import EXPECTATIONS, POLARITIES
from core.network.checkpoint import Checkpoint
from core.network.prediction import Prediction, predict
from core.reading import binarizer
from core.reading.ink import Ink, find_ink
from core.reading.mnist_form import Box, Stage
from core.reading.number import BEST, WORST, Line, Piece, find_closer, find_digits, find_lines, is_number
from core.reading.one_digit import Preprocessed, find_digit, take_whole
from core.reading.picture import Picture

# More readings at once than processors only make each other wait, all of them: the first would be as late as the last.
AT_ONCE = threading.BoundedSemaphore(os.cpu_count() or 1)
# Nats that speak on average for each digit of a number, score and likeness together. Letters in a row are taken for
# digits where leaving them out would cost more: 18 of 31 such words lie below this, and three of 432 drawn numbers.
LEAST = 2.5
# Nats by which it must speak more for digits to read with the other polarity, where the polarity is a guess, or to take
# all of a small picture for one.
TELLING = 2.0
FRAME = (79, 179, 217)  # light blue, to be seen on black and on white


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
    """What was read. Of one digit `prediction` is the answer, None where there was no ink to ask the model about, or
    where a number was read; `digits` are those of the number, or the one. `model` and `version` say who answered."""

    picture: Picture
    found: Preprocessed
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
        """ "digit", "unsure" or "no digit"; a number is as sure as the least sure of its digits."""
        if self.is_number:
            return "digit" if not self.doubtful else "unsure"
        return self.prediction.verdict if self.prediction else "no digit"

    @property
    def doubtful(self) -> tuple[int, ...]:
        """Which digits of a number are not sure, counted from 0."""
        return tuple(at for at, digit in enumerate(self.digits) if digit.prediction.verdict != "digit")

    @property
    def text(self) -> str:
        """What was read, "7" or "1984" for example, lines with a space between; empty when no digit."""
        if not self.is_number:
            return self.prediction.text if self.prediction else ""
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + str(digit.digit)
        return " ".join(lines.values())

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
        if not self.is_number:
            return self.prediction.sentence if self.prediction else self.found.why_not
        count = len(self.digits)
        digits = f"A number of {count} digits" if count > 1 else "A number of one digit"
        if not self.doubtful:
            return f"{digits}, {'all of them sure' if count > 1 else 'sure'}."
        doubts = [
            f"the {_ordinal(at + 1)}, {self.digits[at].digit}, is perhaps a {self.digits[at].prediction.second}"
            for at in self.doubtful[:3]
        ]
        more = f" {len(self.doubtful) - 3} more are unsure." if len(self.doubtful) > 3 else ""
        return f"{digits}. Unsure: {'; '.join(doubts)}.{more}"


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
    with AT_ONCE:
        first = _look(checkpoint, picture, polarity, crop, expect)
        found = first.reading.found.polarity
        if first.is_guess:
            other = _look(checkpoint, picture, _opposite(found), crop, expect)
            if other.spoken > first.spoken + TELLING:
                first, found = other, _opposite(found)
        looks = [first]
        is_settled = first.reading.verdict == "digit" and not first.reading.is_number
        if first.is_rough and not is_settled and (network := _load_binarizer()):
            tell_ink = functools.partial(binarizer.find, network)
            looks.append(_look(checkpoint, picture, found, crop, expect, tell_ink))
    # Neither look is trusted more: the surer one counts, then the one with more to say for its digits.
    return max(looks, key=lambda look: (look.reading.text != "", look.reading.verdict == "digit", look.worth)).reading


@dataclass(frozen=True)
class _Look:
    """What one look at a picture gave, how much in nats speaks for its digits together (`worth`) and on average for
    each being one (`spoken`); `is_rough` and `is_guess` as in `core.reading.ink.Ink`."""

    reading: Reading
    worth: float
    spoken: float
    is_rough: bool
    is_guess: bool


@functools.cache
def _load_binarizer() -> binarizer.Binarizer | None:
    """What tells ink from print; None where its file is missing or damaged, and nothing is looked at twice then."""
    try:
        return binarizer.load()
    except (OSError, ValueError):
        return None


def _look(
    checkpoint: Checkpoint,
    picture: Picture,
    polarity: str,
    crop: tuple[float, float, float, float] | None,
    expect: str,
    tell_ink: Callable[[np.ndarray], np.ndarray] | None = None,
) -> _Look:
    """One look at a picture, for arguments as in `read` and `find_ink`."""
    ink = find_ink(picture, polarity, crop, tell_ink)
    is_rough, is_guess = ink.is_rough, ink.is_guess
    known: dict[bytes, Prediction] = {}
    one, prediction = _find_one(checkpoint, ink, known)
    digits = (Digit(prediction, one.box, one.digit),) if prediction and prediction.text else ()
    worth = prediction.score if prediction else WORST
    spoken = _weigh([prediction]) if prediction else 2 * WORST
    if expect != "one":
        written = find_lines(ink)
        if closer := find_closer(ink, written):
            crop, smallest = closer
            ink = find_ink(picture, ink.polarity, crop, tell_ink, smallest)
            written = find_lines(ink)
        lines, answers = _find_number(checkpoint, written, known)
        asked = [answers[piece.asked] for line in lines for piece in line]
        if lines and (expect == "number" or (_are_digits(asked) and is_number(lines, ink, one, worth))):
            digits = tuple(
                Digit(answers[piece.asked], ink.place(piece.box), piece.digit, number)
                for number, line in enumerate(lines)
                for piece in line
            )
            one, prediction = _show_number(ink, lines), None
            worth, spoken = sum(piece.worth for line in lines for piece in line), _weigh(asked)
    reading = Reading(picture, one, prediction, digits, checkpoint.name, checkpoint.version)
    return _Look(reading, worth, spoken, is_rough, is_guess)


def _find_one(
    checkpoint: Checkpoint, ink: Ink, known: dict[bytes, Prediction]
) -> tuple[Preprocessed, Prediction | None]:
    """The ink as one digit, and the model's answer, None where there is no digit to ask about; `known` as in `_ask`."""
    one, whole = find_digit(ink), take_whole(ink)
    asked = [way for way in (one, whole) if way is not None and way.digit is not None]
    answers = _ask(checkpoint, np.stack([way.digit for way in asked]), known) if asked else []
    prediction = answers[0] if one.digit is not None else None
    if whole is not None and _weigh(answers[-1:]) > (_weigh([prediction]) if prediction else 0.0) + TELLING:
        return whole, answers[-1]
    return one, prediction


def _ask(checkpoint: Checkpoint, digits: np.ndarray, known: dict[bytes, Prediction]) -> list[Prediction]:
    """The model's answers about digits (N, 28, 28) float32, of each image once: `known` are those it has given, more
    of them afterwards. What is read as one digit is often all there is of a number, or a piece of it."""
    images = [digit.tobytes() for digit in digits]
    new = {image: digit for image, digit in zip(images, digits, strict=True) if image not in known}
    if new:
        known.update(zip(new, predict(checkpoint, np.stack(list(new.values()))), strict=True))
    return [known[image] for image in images]


def _find_number(
    checkpoint: Checkpoint, written: list[Line], known: dict[bytes, Prediction]
) -> tuple[list[list[Piece]], list[Prediction]]:
    """The pieces of ink that are a number's digits, and the model's answers to all pieces it was asked about; `known`
    as in `_ask`."""
    answers: list[Prediction] = []

    def judge(digits: np.ndarray) -> np.ndarray:
        new = _ask(checkpoint, digits, known)
        answers.extend(new)
        return np.array([answer.score for answer in new])

    return find_digits(written, judge), answers


def _are_digits(answers: list[Prediction]) -> bool:
    """Whether what was cut from a line looks like digits and not like the letters of a word; yes where the model can't
    tell."""
    return any(answer.digit_logit is None for answer in answers) or _weigh(answers) > LEAST


def _weigh(answers: list[Prediction]) -> float:
    """Nats that speak on average for each of these being a digit: score and likeness together, of a model that has not
    learnt to tell the score twice."""
    likenesses = [answer.score if answer.digit_logit is None else answer.digit_logit for answer in answers]
    spoken = np.clip([[answer.score for answer in answers], likenesses], WORST, BEST)
    return float(spoken.sum(axis=0).mean())


def _opposite(polarity: str) -> str:
    """The other polarity than this one, which is not "auto"."""
    return next(other for other in POLARITIES if other not in (polarity, "auto"))


def _show_number(ink: Ink, lines: list[list[Piece]]) -> Preprocessed:
    """How a number was found: the steps to its ink, and one in which its digits are framed."""
    framed = np.repeat(np.where(ink.mask, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    for line in lines:
        for x, y, width, height in (piece.box for piece in line):
            cv2.rectangle(framed, (x - 2, y - 2), (x + width + 1, y + height + 1), FRAME, 2)
    note = "Cut where the model finds whole digits; specks, commas and signs are left out."
    steps = (*ink.steps, Stage("The digits", note, framed))
    return Preprocessed(None, steps, ink.polarity)


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"

"""Reads a picture: the digit or digits in it, the model's answer to each, and every step between."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from core import words
from core.config import EXPECTATIONS, POLARITIES
from core.network.checkpoint import Checkpoint
from core.network.prediction import Prediction, Verdict, predict
from core.reading.ink import Crop, Ink, MnistImage, NoInk, find_ink
from core.reading.left_out import LeftOut, Sign
from core.reading.looks import Looks, is_drawn
from core.reading.mnist_form import Box, Stage
from core.reading.number import NumberDigit, find_closer, find_digits, find_left_out, find_lines, is_number
from core.reading.one_digit import FoundDigit, NothingFound, find_digit, whole_picture_as_digit
from core.reading.picture import Picture
from core.reading.settings import LOOK, NUMBER
from core.reading.slash import name_slashes, part_slashes

# More readings at once than cores only make each other wait, all of them: the first would be as late as the last.
AT_ONCE = threading.BoundedSemaphore(os.cpu_count() or 1)
# Who hears of each reading and of the seconds it took, without those it waited: a server's figures.
LISTENERS: list[Callable[[Reading, float], None]] = []
NETWORK = "by the network"  # how its looks are called
FRAME = (79, 179, 217)  # light blue, to be seen on black and on white


@dataclass(frozen=True)
class FoundNumber:
    """How a number was found: the `steps` to its ink and its digits. `others` are the boxes of ink that was left out
    though it is as large as a digit, `signs` the dashes and dots that were, and `kept` those that belong to the text,
    where a number was asked for. `is_guess` where it was read as a number only because there is no single digit in it.
    The picture was `turned` clockwise by so many degrees to read it."""

    steps: tuple[Stage, ...]
    polarity: str
    others: tuple[Box, ...] = ()
    signs: tuple[Sign, ...] = ()
    kept: tuple[Sign, ...] = ()
    is_guess: bool = False
    turned: int = 0


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
class Hypothesis:
    """One way to see the one digit of a picture: the `look` in words, what was `found`, and what the model says.

    `handicap` in nats is what a way must be better that is seldom right."""

    look: str
    found: FoundDigit
    prediction: Prediction
    handicap: float = 0.0

    @property
    def evidence(self) -> float:
        """How much more it looks like a digit than not, in nats, less the handicap."""
        return _mean_log_odds([self.prediction]) - self.handicap


@dataclass(frozen=True)
class Reading:
    """What was read, and how it was found. Of one digit `prediction` is the answer; it is None where nothing was found,
    or where a number was read; `digits` are those of the number, or the one. `model` and `version` say who answered.
    `hypotheses` are the ways to see one digit that the model was asked about, the likeliest first."""

    picture: Picture
    found: FoundDigit | FoundNumber | NothingFound
    prediction: Prediction | None
    digits: tuple[Digit, ...]
    model: str
    version: str
    hypotheses: tuple[Hypothesis, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether this was read as a number and not as one digit."""
        return self.prediction is None and bool(self.digits)

    @property
    def verdict(self) -> str:
        """ "digit", "unsure" or "no digit". A number is as sure as the least sure of its digits, and no answer is sure
        that leaves out ink which may belong to it."""
        is_sure = not self.doubtful and not self.left_out and not self._is_guess and self.rival is None
        if self.is_number:
            return "digit" if is_sure else "unsure"
        said = self.prediction.verdict if self.prediction else "no digit"
        return "unsure" if said == "digit" and not is_sure else said

    @property
    def rival(self) -> Hypothesis | None:
        """Another digit that the picture looks nearly as much like when it is seen another way; of a number none."""
        if self.prediction is None:
            return None
        close = [one for one in self.hypotheses if one.evidence > self.hypotheses[0].evidence - LOOK.closest_rival]
        return next((one for one in close if one.prediction.digit != self.prediction.digit), None)

    @property
    def doubtful(self) -> tuple[int, ...]:
        """Which digits are not sure, counted from 0."""
        return tuple(at for at, digit in enumerate(self.digits) if digit.prediction.verdict != "digit")

    @property
    def lines(self) -> tuple[str, ...]:
        """What was read, line by line from the top: ("7",) or ("1984", "2024"), ("-12.50",) where a number was asked
        for; none when no digit."""
        if not self.is_number:
            return (self.prediction.text,) if self.prediction and self.prediction.text else ()
        kept = self.found.kept if isinstance(self.found, FoundNumber) else ()
        lines: dict[int, str] = {}
        for at, digit in enumerate(self.digits):
            before = "".join(sign.text for sign in kept if sign.is_first and sign.after == at)
            behind = "".join(sign.text for sign in kept if not sign.is_first and sign.after == at + 1)
            lines[digit.line] = lines.get(digit.line, "") + before + str(digit.digit) + behind
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
            if self.prediction.verdict == "digit" and (self.left_out or self.rival):
                said = f"Looks like {words.a_digit(self.prediction.digit)}."
            if self.rival and self.prediction.text:
                other = words.a_digit(self.rival.prediction.digit)
                said = f"{said} Seen another way, it looks like {other}."
            return f"{said} {self.left_out}".rstrip()
        count, lines = len(self.digits), len(self.lines)
        digits = f"A number of {count} digits" if count > 1 else "A number of one digit"
        if lines > 1:
            digits = f"{lines} numbers"
        if self._is_guess:
            digits = f"No single digit; read as {digits[0].lower()}{digits[1:]}"
        if isinstance(self.found, FoundNumber) and self.found.turned:
            digits = f"{digits}, turned by {self.found.turned} degrees to be read"
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


class Sight(Protocol):
    """What the ink network sees of a picture, as `Looks` says it; see there."""

    @property
    def usual(self) -> Ink | None:
        """The ink at the size that shows most."""

    @property
    def others(self) -> dict[str, Ink]:
        """Other hypotheses by name."""

    @property
    def closer(self) -> Ink | None:
        """The ink as large as a number needs."""

    def shows_ink(self, box: Box) -> bool:
        """Whether any of the ink lies in a box."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a picture, a cell of a sheet for example: its `picture`, the `ink` that stands out in it, and what the
    ink network sees of it."""

    picture: Picture
    ink: Ink | NoInk
    looks: Sight


def read(
    checkpoint: Checkpoint,
    picture: Picture,
    polarity: str = "auto",
    crop: Crop | None = None,
    expect: str = "auto",
) -> Reading:
    """Find what is written in a picture and ask the model; see `core.reading.ink.find_ink` for `polarity` and `crop`.

    `expect` is one of `EXPECTATIONS`: "one" reads one digit whatever else there is, "number" all digits and the dots,
    commas, colons and dashes between them, "auto" sees for itself which it is, and leaves signs out. Raises
    `ValueError` for anything else.
    """
    if expect not in EXPECTATIONS:
        raise ValueError(f"expect must be one of {', '.join(EXPECTATIONS)}, not {expect!r}")
    return _tell(lambda: _read(checkpoint, picture, polarity, crop, expect))


def read_parts(checkpoint: Checkpoint, parts: Sequence[Part], expect: str = "auto") -> Iterator[Reading]:
    """Read the parts of a picture whose ink is known already, one after the other; `expect` as in `read`. The model is
    asked about the one digit of all of them in one batch first."""
    answers = _Answers(checkpoint)
    inks = [ink for part in parts for ink in (part.ink, part.looks.usual) if ink is not None]
    found = [way.image for ink in inks if isinstance(way := find_digit(ink), FoundDigit)]
    if found:
        with AT_ONCE:
            answers.about(np.stack(found))
    for part in parts:
        task = _Task(checkpoint, part.picture, part.looks, expect)
        yield _tell(functools.partial(_read_inks, task, {"by contrast": part.ink}, answers))


def _tell(read: Callable[[], Reading]) -> Reading:
    """Read when it is this one's turn, and tell whoever listens."""
    with AT_ONCE:
        start = time.perf_counter()
        reading = read()
        seconds = time.perf_counter() - start
    for hear in LISTENERS:
        hear(reading, seconds)
    return reading


def _read(checkpoint: Checkpoint, picture: Picture, polarity: str, crop: Crop | None, expect: str) -> Reading:
    answers = _Answers(checkpoint)
    ink = find_ink(picture, polarity, crop)
    looks = Looks(picture, polarity, crop, asked=_is_guess(picture, ink, answers))
    task = _Task(checkpoint, picture, looks, expect)
    inks = {"by contrast": ink}
    if ink.is_guess:
        opposite = _opposite(ink.polarity)
        inks[f"by contrast, {opposite}"] = find_ink(picture, opposite, crop)
    return _read_inks(task, inks, answers)


def _read_inks(task: _Task, inks: Mapping[str, Ink | NoInk | MnistImage], answers: _Answers) -> Reading:
    """What is written, by contrast and by how the network sees it; the first of `inks` is the usual one."""
    one = _read_one_digit(task, inks, answers)
    if isinstance(next(iter(inks.values())), MnistImage) or (task.expect == "one" and one.text):
        return one
    return _read_number(task, inks, one, answers) or one


@dataclass(frozen=True)
class _Task:
    """What is to be read, by whom, and how."""

    checkpoint: Checkpoint
    picture: Picture
    looks: Sight
    expect: str


@dataclass(frozen=True)
class _Number:
    """One way to read the ink as a number, and the `path_score` of its digits together, in nats."""

    reading: Reading
    path_score: float

    @property
    def rank(self) -> tuple[bool, float]:
        """What is sure counts before what is not, then what has more to say for its digits."""
        return self.reading.verdict == "digit", self.path_score


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


def _is_guess(picture: Picture, ink: Ink | NoInk | MnistImage, answers: _Answers) -> bool:
    """Whether ink told by contrast alone may be wrong: not where somebody drew a digit on a screen that is sure."""
    if isinstance(ink, MnistImage):
        return False
    if isinstance(ink, NoInk) or not is_drawn(picture, ink):
        return True
    found = find_digit(ink)
    if isinstance(found, NothingFound) or found.others:
        return True
    return answers.about(found.image[None])[0].verdict is not Verdict.DIGIT


def _read_one_digit(task: _Task, inks: Mapping[str, Ink | NoInk | MnistImage], answers: _Answers) -> Reading:
    """The one digit of the picture: of all ways to see it the one of which the model says most that it is a digit.

    First what stands out and what the network sees from afar; where these agree and the model is sure, nothing else is
    asked.
    """
    looks = task.looks
    usual, *opposite = inks.items()
    ways = {usual[0]: find_digit(usual[1])}
    if looks.usual:
        ways[NETWORK] = find_digit(looks.usual)
    # The other polarity and a picture filled from border to border are seldom right.
    seldom = {look: find_digit(ink) for look, ink in opposite}
    seldom |= {f"as a whole, {ink.polarity}": way for ink in inks.values() if (way := whole_picture_as_digit(ink))}
    hypotheses = _ask(ways, seldom, answers)
    if not _agree(hypotheses, len(ways)):
        ways |= {f"{NETWORK}, {name}": find_digit(ink) for name, ink in looks.others.items()}
        hypotheses = _ask(ways, seldom, answers)
    if not hypotheses:
        return _conclude(task, ways[usual[0]], None, (), ())
    best = hypotheses[0]
    prediction, found = best.prediction, _name_left_out(hypotheses)
    if len(ways) > 1:
        prediction = _vote(hypotheses, sum(isinstance(way, NothingFound) for way in ways.values()))
    if isinstance(usual[1], NoInk) or not looks.shows_ink(best.found.box):
        prediction = prediction.less_sure()  # only one of contrast and network sees any ink there
    digits = (Digit(prediction, best.found.box, best.found.image),) if prediction.text else ()
    return _conclude(task, found, prediction, digits, tuple(hypotheses))


def _name_left_out(hypotheses: Sequence[Hypothesis]) -> FoundDigit:
    """The likeliest way to find the digit, with the ink beside it that any look of the network shows: what is small is
    out of sight from afar, and no answer is sure that leaves it out."""
    best = hypotheses[0]
    for one in hypotheses:
        if one.look.startswith(NETWORK) and one.prediction.digit == best.prediction.digit and not best.found.others:
            best = replace(best, found=replace(best.found, others=one.found.others))
    return best.found


def _vote(hypotheses: list[Hypothesis], blanks: int) -> Prediction:
    """The likeliest answer, less sure where the other ways to see the picture don't bear it out; `blanks` of them found
    nothing. The more ways, the likelier one of them looks like a digit by chance: it is sure only where a second one
    says so too, and none where most see none."""
    best = hypotheses[0].prediction
    said = [one.prediction for one in hypotheses]
    agreeing = sum(one.digit == best.digit and one.verdict is Verdict.DIGIT for one in said)
    refusing = blanks + sum(one.verdict is Verdict.NO_DIGIT for one in said)
    if best.verdict is Verdict.DIGIT:
        is_borne_out = agreeing > 1 and hypotheses[0].evidence > LOOK.least_evidence
        return best if is_borne_out else best.less_sure()
    return best.less_sure() if 2 * refusing > blanks + len(said) else best


def _ask(
    ways: Mapping[str, FoundDigit | NothingFound], seldom: Mapping[str, FoundDigit | NothingFound], answers: _Answers
) -> list[Hypothesis]:
    """What the model says of each way to see a digit, in one batch; the likeliest first."""
    found = {look: way for look, way in (*ways.items(), *seldom.items()) if isinstance(way, FoundDigit)}
    if not found:
        return []
    said = answers.about(np.stack([way.image for way in found.values()]))
    hypotheses = [
        Hypothesis(look, way, prediction, NUMBER.min_gain_to_switch if look in seldom else 0.0)
        for (look, way), prediction in zip(found.items(), said, strict=True)
    ]
    return sorted(hypotheses, key=lambda one: one.evidence, reverse=True)


def _agree(hypotheses: list[Hypothesis], looks: int) -> bool:
    """Whether all of so many looks found the same digit, surely, and nothing beside it."""
    usual = [one for one in hypotheses if not one.handicap]
    return (
        len(usual) == looks > 1
        and len({one.prediction.digit for one in usual}) == 1
        and all(one.prediction.verdict is Verdict.DIGIT and not one.found.others for one in usual)
    )


def _read_number(
    task: _Task, inks: Mapping[str, Ink | NoInk | MnistImage], one: Reading, answers: _Answers
) -> Reading | None:
    """The ink as a number, by what stands out, and by what the network sees closer where that is not sure; None where
    it is none, but rather `one` digit."""
    numbers = [number for ink in inks.values() if (number := _read_lines(task, ink, one, answers))]
    is_sure = any(number.reading.verdict == "digit" for number in numbers)
    is_one = not numbers and one.verdict == "digit"
    if not is_sure and not is_one:
        closer = task.looks.closer
        number = _read_lines(task, closer, one, answers)
        numbers += [number] if number else []
        if all(number.reading.verdict != "digit" for number in numbers):
            turned = _read_turned(task, closer or next(iter(inks.values())), one, answers)
            numbers += [one for one in turned if one.path_score > _best(numbers)]
    # A sure one counts before others, but not where another has clearly more to say for its digits: it leaves some out.
    close = [number for number in numbers if number.path_score > _best(numbers) - NUMBER.min_gain_to_switch]
    return max(close, key=lambda number: number.rank).reading if close else None


def _best(numbers: Iterable[_Number]) -> float:
    """The highest score of all ways to read a number, in nats; 0 where there are none."""
    return max((number.path_score for number in numbers), default=0.0)


def _read_turned(task: _Task, ink: Ink | NoInk | MnistImage, one: Reading, answers: _Answers) -> list[_Number]:
    """The ink as a number that doesn't lie level: what is sure of it then. One digit or two stay as they lie: turned, a
    6 is a sure 9, and an 8 two zeros."""
    if not isinstance(ink, Ink):
        return []
    ways = [_read_lines(task, ink.turned(degrees), one, answers, degrees) for degrees in _lies(ink)]
    numbers = [number for number in ways if number and len(number.reading.digits) >= NUMBER.fewest_turned]
    return [number for number in numbers if number.reading.verdict == "digit"]


def _lies(ink: Ink) -> list[int]:
    """By how many degrees, clockwise, ink may have to be turned for its lines to lie level, 1 to 359: along the sides
    of the smallest box around it."""
    points = np.argwhere(ink.mask)[:, ::-1].astype(np.float32)
    _, _, angle = cv2.minAreaRect(points)
    return [turn for side in range(4) if (turn := round(side * 90 - angle) % 360)]


def _read_lines(
    task: _Task, ink: Ink | NoInk | MnistImage | None, one: Reading, answers: _Answers, turned: int = 0
) -> _Number | None:
    """The lines of writing in the ink, `turned` by so many degrees, as a number, looked at from nearer where it is
    small."""
    if not isinstance(ink, Ink):
        return None
    written = find_lines(ink)
    looks = task.looks
    if ink.grey is not None and (closer := find_closer(ink, written)):
        crop, smallest = closer
        ink = find_ink(task.picture, ink.polarity, crop, smallest)
        written = find_lines(ink)
    found = find_digits(written, answers.about)
    if not found or not isinstance(ink, Ink):
        return None
    lines, slashes = part_slashes(found)
    said = [digit.prediction for line in lines for digit in line]
    alone = one.found.box if isinstance(one.found, FoundDigit) else None
    left_out = find_left_out(ink, lines, slashes)
    left_out = replace(left_out, signs=(*left_out.signs, *name_slashes(lines, slashes))).placed(ink.place)
    is_guess = False
    if task.expect != "number":
        if not _are_digits(said):
            return None
        # What is no single digit is rather several, where each is sure and all the ink is theirs, though together they
        # hardly look like a number.
        score = one.prediction.score if one.prediction else NUMBER.worst
        is_guess = task.expect == "one" or not is_number(lines, ink, alone, score)
        if is_guess and (one.text or left_out.shapes or not _are_sure(said)):
            return None
    digits = []
    for place, line in enumerate(lines):
        for digit in line:
            box = ink.place(digit.box)
            prediction = digit.prediction if looks.shows_ink(box) else digit.prediction.less_sure()
            digits.append(Digit(prediction, box, digit.image, place))
    path_score = sum(digit.path_score for line in lines for digit in line)
    kept = tuple(sign for sign in left_out.signs if task.expect == "number" and sign.text)
    left_out = replace(left_out, signs=tuple(sign for sign in left_out.signs if sign not in kept))
    number = replace(_show_number(ink, lines, left_out, is_guess), kept=kept, turned=turned)
    return _Number(_conclude(task, number, None, tuple(digits), one.hypotheses), path_score)


def _conclude(
    task: _Task,
    found: FoundDigit | FoundNumber | NothingFound,
    prediction: Prediction | None,
    digits: tuple[Digit, ...],
    hypotheses: tuple[Hypothesis, ...],
) -> Reading:
    model, version = task.checkpoint.name, task.checkpoint.version
    return Reading(task.picture, found, prediction, digits, model, version, hypotheses)


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
    return FoundNumber(steps, ink.polarity, left_out.shapes, left_out.signs, is_guess=is_guess)


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"

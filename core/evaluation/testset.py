"""What a model is evaluated on: MNIST's test set, a validation split, or the user's own pictures with their labels."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.config import SettingError, TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.labels import UNLABELLED
from core.data.split import places
from core.data.turn import UPRIGHT, Turn
from core.evaluation.set_formats import TestSetError
from core.network.checkpoint import Checkpoint
from core.network.prediction import Verdict
from core.reading import picture, reader
from core.reading.one_digit import FoundDigit

Progress = Callable[[float], None]  # told the share done, 0 to 1


class ReadAs(StrEnum):
    """What a model took a picture for."""

    DIGIT = "digit"
    NUMBER = "number"
    NO_DIGIT = "no digit"


@dataclass(frozen=True)
class Skipped:
    """A file that is not part of the set, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class OtherReading:
    """A labelled picture that a model did not read as one digit: it counts neither as right nor as wrong. `text` holds
    the digits of a number; `why` is what Predict says of the picture."""

    name: str
    label: int
    read_as: ReadAs
    text: str
    why: str


@dataclass(frozen=True)
class TestSet:
    """Labelled digits and where they come from.

    `names` holds a file name for each digit, or is empty where digits have none. `remarks` are sentences the reader of
    any figure should know. Labels are all `UNLABELLED` where the set has none. Of pictures `read_by` is the name and
    version of the model that read them, `places` says which picture of the set each digit is, counted from 0,
    `verdicts` how sure that reading was, and `others` are those that were not read as one digit. Of a validation split
    `places` count in MNIST's training set.
    """

    name: str
    digits: DigitSet
    names: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()
    read_by: str = ""
    places: tuple[int, ...] = ()
    others: tuple[OtherReading, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def is_labelled(self) -> bool:
        """Whether there are labels to compare answers with."""
        return bool((self.digits.labels != UNLABELLED).all())

    @cached_property
    def key(self) -> str:
        """The same for the same digits, labels and reader, 12 characters: what results are kept under."""
        sums = hashlib.sha256(self.digits.images.numpy().tobytes())
        sums.update(self.digits.labels.numpy().tobytes())
        sums.update(repr((self.read_by, self.others)).encode("utf-8", "surrogatepass"))
        return sums.hexdigest()[:12]

    def for_model(self, model: Checkpoint, progress: Progress | None = None) -> "TestSet":
        """Itself: digits of 28x28 pixels are the same for every model."""
        return self

    def turn(self, turn: Turn) -> "TestSet":
        """The same digits, turned, which is said."""
        images = torch.from_numpy(turn.apply(self.digits.images.numpy()))
        remarks = (*self.remarks, say_turned(turn))
        return replace(self, digits=DigitSet(images, self.digits.labels), remarks=remarks)

    def name_of(self, index: int) -> str:
        """The name of one digit: its file, or its place in the set counted from 0."""
        return self.names[index] if self.names else f"number {index:,}"

    def count_read_as(self, kind: ReadAs) -> int:
        """How many pictures the model took for this."""
        return len(self.digits) if kind == ReadAs.DIGIT else sum(one.read_as == kind for one in self.others)

    def pick(self, index: Tensor) -> "TestSet":
        """The digits at `index` (M,) int64, in that order."""
        chosen = index.tolist()
        names, places, verdicts = (
            tuple(all_of[at] for at in chosen) if all_of else () for all_of in (self.names, self.places, self.verdicts)
        )
        return replace(self, digits=self.digits.pick(index), names=names, places=places, verdicts=verdicts)


@dataclass(frozen=True)
class PictureFile:
    """A picture as it was sent, and the digit its path names."""

    name: str
    label: int
    content: bytes


@dataclass(frozen=True)
class PictureSet:
    """Labelled pictures; `remarks` say what was taken for the label. Which 28x28 pixels are cut from a picture depends
    on the model that reads it, as on Predict: `for_model` reads them."""

    name: str
    pictures: tuple[PictureFile, ...]
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()
    turned: Turn = UPRIGHT

    @cached_property
    def key(self) -> str:
        """The same for the same files, 12 characters; whatever a model made of them needs the model's version too."""
        sums = hashlib.sha256()
        for file in self.pictures:
            sums.update(hashlib.sha256(file.content).digest() + bytes([file.label]))
            sums.update(file.name.encode("utf-8", "surrogatepass") + b"\0")
        sums.update(self.turned.name.encode())
        return sums.hexdigest()[:12]

    def turn(self, turn: Turn) -> "PictureSet":
        """The same pictures, each turned before it is read, which is said."""
        return replace(self, turned=turn, remarks=(*self.remarks, say_turned(turn)))

    def for_model(self, model: Checkpoint, progress: Progress | None = None) -> TestSet:
        """The digits that this model reads in the pictures, the same 28x28 that Predict shows; about 40 ms a picture.

        `progress` is told the share done after each picture. A picture that can't be decoded is skipped and listed.
        Raises `TestSetError` where not one picture is read as one digit.
        """
        digits: list[tuple[int, np.ndarray]] = []
        skipped, others, verdicts = list(self.skipped), [], []
        for place, file in enumerate(self.pictures):
            try:
                reading = reader.read(model, self._open(file.content))
            except picture.PictureError as error:
                skipped.append(Skipped(file.name, str(error)))
            else:
                if reading.text and isinstance(reading.found, FoundDigit):
                    digits.append((place, (reading.found.image * 255).round().astype(np.uint8)))
                    verdicts.append(Verdict(reading.verdict))
                else:
                    kind = ReadAs.NUMBER if reading.is_number else ReadAs.NO_DIGIT
                    others.append(OtherReading(file.name, file.label, kind, reading.text, reading.sentence))
            if progress:
                progress((place + 1) / len(self.pictures))
        if not digits and others:
            first = f"The first: {others[0].name}: {others[0].why}"
            raise TestSetError(f"{model.name} read no picture in {self.name} as one digit. {first}")
        if not digits:
            unread = skipped[len(self.skipped)]
            raise TestSetError(f"No picture in {self.name} could be read. The first: {unread.name}: {unread.why}")
        places = tuple(place for place, _ in digits)
        return TestSet(
            self.name,
            DigitSet(
                torch.from_numpy(np.stack([image for _, image in digits])),
                torch.tensor([self.pictures[place].label for place in places]),
            ),
            names=tuple(self.pictures[place].name for place in places),
            skipped=tuple(skipped),
            remarks=(*self.remarks, *count_left_out(len(skipped), len(self.pictures) + len(self.skipped))),
            read_by=f"{model.name} {model.version}",
            places=places,
            others=tuple(others),
            verdicts=tuple(verdicts),
        )

    def _open(self, content: bytes) -> picture.Picture:
        upright = picture.read(content)
        if self.turned == UPRIGHT:
            return upright
        return picture.from_array(self.turned.apply(upright.colours, axes=(0, 1)))


def say_turned(turn: Turn) -> str:
    """One sentence on what was done to all digits of a set."""
    return f"All digits were {turn.sentence} before they were read."


def sent_as(asked: object, answered: TestSet, index: int) -> PictureFile | None:
    """The file that one digit of a set was read from, at `index` in `answered`; None where digits have no files.

    `asked` is what was answered, of which only a `PictureSet` has files.
    """
    return asked.pictures[answered.places[index]] if isinstance(asked, PictureSet) else None


def count_left_out(skipped: int, count: int) -> tuple[str, ...]:
    """A sentence on how many of `count` files are no part of a set; none where all are."""
    if not skipped:
        return ()
    return (f"{skipped:,} of {count:,} files could not be used and count neither as right nor as wrong.",)


def in_common(first: TestSet, second: TestSet) -> tuple[Tensor, Tensor]:
    """The digits that two models both read in the pictures of one set, as indices (M,) int64 into each."""
    if not first.places or not second.places:
        everything = torch.arange(len(first.digits))
        return everything, everything
    at, place_of = {place: index for index, place in enumerate(second.places)}, enumerate(first.places)
    pairs = [(index, at[place]) for index, place in place_of if place in at]
    return torch.tensor([one for one, _ in pairs], dtype=torch.long), torch.tensor(
        [other for _, other in pairs], dtype=torch.long
    )


def mnist_test() -> TestSet:
    """MNIST's 10,000 test digits. Raises `data.DataError` where they can't be had."""
    return TestSet("MNIST test set", mnist.load(train=False))


def validation(facts: dict[str, Any], training: DigitSet | None = None) -> TestSet:
    """The digits held out when the model with these facts was trained; `training` is MNIST's training set.

    Raises `data.DataError` where MNIST can't be had.
    """
    training = mnist.load(train=True) if training is None else training
    settings = training_settings(facts)
    unknown = "How this model was trained is not known: it may have learned from these very pictures."
    remarks = () if settings else (unknown,)
    held_out = places(training, settings or TrainingSettings())[1]
    return TestSet("validation split", training.pick(held_out), remarks=remarks, places=tuple(held_out.tolist()))


def training_settings(facts: dict[str, Any]) -> TrainingSettings | None:
    """What the model with these facts was trained with; None where that is not known."""
    try:
        return TrainingSettings.from_record(facts["settings"])
    except (KeyError, TypeError, SettingError):
        return None

"""What a model is evaluated on: MNIST's test set, a validation split, or the user's own pictures with their labels."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.config import DIGIT_SIZE, SettingError, TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.labels import UNLABELLED, label_from_path
from core.data.split import places
from core.evaluation.set_formats import (
    PIXELS,
    File,
    TestSetError,
    as_images,
    check_count,
    check_size,
    is_hidden,
    is_idx,
    is_table,
    label_column,
    parse_idx,
    parse_table,
    unpack,
)
from core.network.checkpoint import Checkpoint
from core.network.prediction import Verdict
from core.reading import picture, reader
from core.reading.one_digit import FoundDigit

MOST_PICTURES = 100_000  # MNIST as a whole has 70,000
HOW_TO_LABEL = (
    "Name each picture by its digit (`7.png`, `7_anna.jpg`) or put it into a folder named by it (`7/anna.jpg`)."
)

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
    """Labelled pictures. Which 28x28 pixels are cut from a picture depends on the model that reads it, as on Predict:
    `for_model` reads them."""

    name: str
    pictures: tuple[PictureFile, ...]
    skipped: tuple[Skipped, ...] = ()

    @cached_property
    def key(self) -> str:
        """The same for the same files, 12 characters; whatever a model made of them needs the model's version too."""
        sums = hashlib.sha256()
        for file in self.pictures:
            sums.update(hashlib.sha256(file.content).digest() + bytes([file.label]))
            sums.update(file.name.encode("utf-8", "surrogatepass") + b"\0")
        return sums.hexdigest()[:12]

    def for_model(self, model: Checkpoint, progress: Progress | None = None) -> TestSet:
        """The digits that this model reads in the pictures, the same 28x28 that Predict shows; about 40 ms a picture.

        `progress` is told the share done after each picture. A picture that can't be decoded is skipped and listed.
        Raises `TestSetError` where not one picture is read as one digit.
        """
        digits: list[tuple[int, np.ndarray]] = []
        skipped, others, verdicts = list(self.skipped), [], []
        for place, file in enumerate(self.pictures):
            try:
                reading = reader.read(model, picture.read(file.content))
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
            remarks=(_count_skipped(len(skipped), len(self.pictures) + len(self.skipped)),) if skipped else (),
            read_by=f"{model.name} {model.version}",
            places=places,
            others=tuple(others),
            verdicts=tuple(verdicts),
        )


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
    unknown = "How this model was trained is not known: it may have learnt from these very pictures."
    remarks = () if settings else (unknown,)
    held_out = places(training, settings or TrainingSettings())[1]
    return TestSet("validation split", training.pick(held_out), remarks=remarks, places=tuple(held_out.tolist()))


def training_settings(facts: dict[str, Any]) -> TrainingSettings | None:
    """What the model with these facts was trained with; None where that is not known."""
    try:
        return TrainingSettings.from_record(facts["settings"])
    except (KeyError, TypeError, SettingError):
        return None


def read(path: Path) -> TestSet | PictureSet:
    """A set from a folder of pictures or a file: zip, CSV or IDX (an IDX file finds its labels beside it).

    Raises `TestSetError` with a sentence.
    """
    if path.is_dir():
        files = [entry for entry in sorted(path.rglob("*")) if entry.is_file() and not is_hidden(entry.name)]
        check_count(len(files))
        check_size(path.name, sum(entry.stat().st_size for entry in files))
        # The folder's own name counts: a folder 7 of pictures holds sevens.
        return read_files(
            path.name, [(entry.relative_to(path.parent).as_posix(), entry.read_bytes()) for entry in files]
        )
    if not path.is_file():
        raise TestSetError(
            f"There is no file or folder {path.name}. Give a folder of pictures, a zip, a CSV or an IDX file."
        )
    check_size(path.name, path.stat().st_size)
    contents = [(path.name, path.read_bytes())]
    partner = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if partner != path and partner.is_file():
        contents.append((partner.name, partner.read_bytes()))
    return read_files(path.name, contents)


def read_files(name: str, files: Iterable[File]) -> TestSet | PictureSet:
    """A set from the contents of files: one zip, one CSV, one or two IDX files, or many pictures.

    Digits in CSV and IDX files are already 28x28 and are taken as they are; pictures are read when a model is known,
    see `PictureSet`. Raises `TestSetError` with a sentence; a picture without a label is skipped and listed.
    """
    unpacked = [file for entry in files for file in unpack(entry)]
    if not unpacked:
        raise TestSetError(f"{name} is empty. {HOW_TO_LABEL}")
    check_size(name, sum(len(content) for _, content in unpacked))
    for belongs, read_kind in ((is_idx, _read_idx), (is_table, _read_tables)):
        if chosen := [file for file in unpacked if belongs(file)]:
            return _leave_out(read_kind(name, chosen), [file for file in unpacked if not belongs(file)], len(unpacked))
    return _read_pictures(name, unpacked)


def _leave_out(found: TestSet, others: list[File], count: int) -> TestSet:
    """The set with the files beside it listed as left out; `count` is how many files there were in all."""
    if not others:
        return found
    why = "This set was read from IDX files or tables; whatever else was sent with them is not part of it."
    skipped = tuple(Skipped(file_name, why) for file_name, _ in others)
    return replace(found, skipped=skipped, remarks=(*found.remarks, _count_skipped(len(others), count)))


def _count_skipped(skipped: int, count: int) -> str:
    return f"{skipped:,} of {count:,} files could not be used and count neither as right nor as wrong."


def _read_idx(name: str, files: list[File]) -> TestSet:
    """The two files of MNIST's own format, told apart by their number of dimensions."""
    arrays = [(file_name, parse_idx(file_name, content)) for file_name, content in files]
    images = [entry for entry in arrays if entry[1].ndim == 3]
    labels = [entry for entry in arrays if entry[1].ndim == 1]
    if not images:
        raise TestSetError(f"{name} holds labels but no images. Give the IDX file of the images too.")
    if len(images) > 1 or len(labels) > 1:
        raise TestSetError(f"{name} holds several IDX files of one kind. Give one of images and one of labels.")
    image_name, pixels = images[0]
    if pixels.shape[1:] != (DIGIT_SIZE, DIGIT_SIZE):
        raise TestSetError(f"{image_name} holds images of {pixels.shape[2]}x{pixels.shape[1]} pixels; 28x28 is needed.")
    return _finish(name, pixels.astype(np.float32), labels[0][1].astype(np.float32) if labels else None, image_name)


def _read_tables(name: str, files: list[File]) -> TestSet:
    """One CSV of 784 or 785 columns, or one of 784 and one of labels alone."""
    tables = [(file_name, *parse_table(file_name, content)) for file_name, content in files]
    labels = [entry for entry in tables if entry[1].shape[1] == 1]
    pixels = [entry for entry in tables if entry[1].shape[1] != 1]
    if len(pixels) != 1 or len(labels) > 1:
        raise TestSetError(f"{name} holds {len(tables)} tables. Give one with the pixels, and at most one of labels.")
    file_name, values, columns = pixels[0]
    if values.shape[1] not in (PIXELS, PIXELS + 1):
        raise TestSetError(
            f"{file_name} has {values.shape[1]:,} columns; 785 are needed (a label and 28x28 pixels), or 784 without "
            "labels."
        )
    if values.shape[1] == PIXELS:
        return _finish(name, as_images(values), labels[0][1][:, 0] if labels else None, file_name)
    place = label_column(values, columns)
    return _finish(name, as_images(np.delete(values, place, axis=1)), values[:, place], file_name)


def _finish(name: str, pixels: np.ndarray, labels: np.ndarray | None, file: str) -> TestSet:
    """Check values, bring them to MNIST's form: pixels (N, 28, 28) float32 and labels (N,) float32 or None.

    `file` held the pixels: it is named in what is refused.
    """
    if not len(pixels):
        raise TestSetError(f"{file} holds no digits.")
    if len(pixels) > MOST_PICTURES:
        raise TestSetError(
            f"{file} holds {len(pixels):,} digits; at most {MOST_PICTURES:,} can be read. Take a part of it."
        )
    if labels is not None and len(labels) != len(pixels):
        raise TestSetError(f"{file} has {len(pixels):,} digits but {len(labels):,} labels. Each digit needs one.")
    if pixels.min() < 0 or pixels.max() > 255:
        worst = pixels.min() if pixels.min() < 0 else pixels.max()
        raise TestSetError(f"{file} has pixels of {worst:g}; they must lie between 0 and 255, or between 0 and 1.")
    if labels is not None:
        wrong = labels[(labels < 0) | (labels > 9) | (labels % 1 != 0)]
        if len(wrong):
            raise TestSetError(f"{file} has the label {wrong[0]:g}; labels are the digits 0 to 9.")
    remarks = []
    if 0 < pixels.max() <= 1:
        pixels = pixels * 255
    if np.median(np.concatenate([pixels[:, 0].ravel(), pixels[:, -1].ravel()])) > 127:
        pixels = 255 - pixels
        remarks.append("The digits were dark on light; they were turned into light on dark, as the model reads them.")
    if labels is None:
        remarks.append("This set has no labels: the model answers, but nobody can say how often it is right.")
        labels = np.full(len(pixels), UNLABELLED)
    digits = DigitSet(torch.from_numpy(pixels.round().astype(np.uint8)), torch.from_numpy(labels.astype(np.int64)))
    return TestSet(name, digits, remarks=tuple(remarks))


def _read_pictures(name: str, files: list[File]) -> PictureSet:
    check_count(len(files))
    pictures, skipped = [], []
    for file_name, content in files:
        label = label_from_path(file_name)
        if label is None:
            skipped.append(Skipped(file_name, "Neither its name nor its folder says which digit it shows."))
        else:
            pictures.append(PictureFile(file_name, label, content))
    if not pictures:
        raise TestSetError(f"{name} has no labels: no file says which digit it shows. {HOW_TO_LABEL}")
    return PictureSet(name, tuple(pictures), tuple(skipped))

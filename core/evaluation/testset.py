"""What a model is judged on: MNIST's test set, a validation split, or pictures of the user's own, with their labels."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch

from core.config import DIGIT_SIZE, SettingError, TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.split import split
from core.evaluation.set_formats import (
    LARGEST,
    PIXELS,
    File,
    TestSetError,
    as_images,
    check_count,
    is_hidden,
    is_idx,
    is_table,
    label_column,
    parse_idx,
    parse_table,
    unpack,
)
from core.reading import picture
from core.reading.one_digit import preprocess

MOST_PICTURES = 100_000  # MNIST as a whole has 70,000
UNKNOWN = -1  # the label of a digit whose label nobody gave
HOW_TO_LABEL = (
    "Name each picture by its digit (`7.png`, `7_anna.jpg`) or put it into a folder named by it (`7/anna.jpg`)."
)

Progress = Callable[[float], None]  # told the share done, 0 to 1


@dataclass(frozen=True)
class Skipped:
    """A file that is not part of the set, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class TestSet:
    """Labelled digits and where they come from.

    `names` holds a file name for each digit, or is empty where digits have none. `remarks` are sentences the reader of
    any figure should know. Labels are all `UNKNOWN` where the set has none.
    """

    name: str
    digits: DigitSet
    names: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_labelled(self) -> bool:
        """Whether answers can be judged at all."""
        return bool((self.digits.labels != UNKNOWN).all())

    @cached_property
    def key(self) -> str:
        """The same for the same digits and labels, 12 characters: what results are kept under."""
        sums = hashlib.sha256(self.digits.images.numpy().tobytes())
        sums.update(self.digits.labels.numpy().tobytes())
        return sums.hexdigest()[:12]

    def name_of(self, index: int) -> str:
        """What to call one digit: its file, or its place in the set counted from 0."""
        return self.names[index] if self.names else f"number {index:,}"


def mnist_test() -> TestSet:
    """MNIST's 10,000 test digits. Raises `data.DataError` where they can't be had."""
    return TestSet("MNIST test set", mnist.load(train=False))


def validation(facts: dict[str, Any], training: DigitSet | None = None) -> TestSet:
    """The digits kept aside when the model with these facts was trained; `training` is MNIST's training set.

    Raises `data.DataError` where MNIST can't be had.
    """
    training = mnist.load(train=True) if training is None else training
    try:
        settings, remarks = TrainingSettings.from_record(facts["settings"]), ()
    except (KeyError, TypeError, SettingError):
        settings = TrainingSettings()
        remarks = ("How this model was trained is not known: it may have learnt from these very pictures.",)
    return TestSet("validation split", split(training, settings)[1], remarks=remarks)


def read(path: Path, progress: Progress | None = None) -> TestSet:
    """A test set from a folder of pictures or a file: zip, CSV or IDX (an IDX file finds its labels beside it).

    Raises `TestSetError` with a sentence.
    """
    if path.is_dir():
        files = [entry for entry in sorted(path.rglob("*")) if entry.is_file()]
        named = [(str(entry.relative_to(path).as_posix()), entry) for entry in files if not is_hidden(entry.name)]
        check_count(len(named))
        return read_files(path.name, ((name, entry.read_bytes()) for name, entry in named), progress)
    if not path.is_file():
        raise TestSetError(
            f"There is no file or folder {path.name}. Give a folder of pictures, a zip, a CSV or an IDX file."
        )
    if path.stat().st_size > LARGEST:
        raise TestSetError(f"{path.name} has more than {LARGEST // 1_000_000} MB. Split it, or take a part of it.")
    files = [(path.name, path.read_bytes())]
    partner = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if partner != path and partner.is_file():
        files.append((partner.name, partner.read_bytes()))
    return read_files(path.name, files, progress)


def read_files(name: str, files: Iterable[File], progress: Progress | None = None) -> TestSet:
    """A test set from the contents of files: one zip, one CSV, one or two IDX files, or many pictures.

    Digits in CSV and IDX files are already 28x28 and are taken as they are; pictures go Predict's way through
    `preprocess`. Raises `TestSetError` with a sentence; a picture that can't be read is skipped and listed.
    """
    files = [file for entry in files for file in unpack(entry)]
    if not files:
        raise TestSetError(f"{name} is empty. {HOW_TO_LABEL}")
    for belongs, read_kind in ((is_idx, _read_idx), (is_table, _read_tables)):
        if chosen := [file for file in files if belongs(file)]:
            return _leave_out(read_kind(name, chosen), [file for file in files if not belongs(file)], len(files))
    return _read_pictures(name, files, progress)


def label_of(name: str) -> int | None:
    """The digit a file's name or folder speaks of: `7/anna.jpg`, `7.png`, `7_anna.jpg`, `4.5.jpg`; None where none.

    The nearest folder named by a digit wins, since the files in it may be numbered. `12.png` speaks of no digit.
    """
    *folders, file = PurePosixPath(name.replace("\\", "/")).parts or ("",)
    for folder in reversed(folders):
        if re.fullmatch("[0-9]", folder):
            return int(folder)
    found = re.match(r"([0-9])(?![0-9])", file)
    return int(found.group(1)) if found else None


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
        labels = np.full(len(pixels), UNKNOWN)
    digits = DigitSet(torch.from_numpy(pixels.round().astype(np.uint8)), torch.from_numpy(labels.astype(np.int64)))
    return TestSet(name, digits, remarks=tuple(remarks))


def _read_pictures(name: str, files: list[File], progress: Progress | None) -> TestSet:
    check_count(len(files))
    images, labels, names, skipped = [], [], [], []
    for done, (file_name, content) in enumerate(files, start=1):
        label = label_of(file_name)
        try:
            if label is None:
                raise TestSetError("Neither its name nor its folder says which digit it shows.")
            found = preprocess(picture.read(content))
            if found.digit is None:
                raise TestSetError(found.why_not)
        except (picture.PictureError, TestSetError) as error:
            skipped.append(Skipped(file_name, str(error)))
        else:
            images.append((found.digit * 255).round().astype(np.uint8))
            labels.append(label)
            names.append(file_name)
        if progress:
            progress(done / len(files))
    if not images:
        if all(label_of(file_name) is None for file_name, _ in files):
            raise TestSetError(f"{name} has no labels: no file says which digit it shows. {HOW_TO_LABEL}")
        raise TestSetError(f"No picture in {name} could be read. The first: {skipped[0].name}: {skipped[0].why}")
    remarks = (_count_skipped(len(skipped), len(files)),) if skipped else ()
    digits = DigitSet(torch.from_numpy(np.stack(images)), torch.tensor(labels))
    return TestSet(name, digits, tuple(names), tuple(skipped), remarks)

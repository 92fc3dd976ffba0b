"""A test set from whatever a person has: archives, folders of pictures, tables, arrays; or the sentence why not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from core import words
from core.data.digits import DigitSet
from core.data.labels import UNLABELLED, PathLabel, find_label
from core.evaluation import label_lists, tables
from core.evaluation.set_formats import (
    Array,
    File,
    TestSetError,
    as_images,
    check_count,
    check_size,
    is_array,
    is_hidden,
    is_picture,
    is_table,
    parse_array,
    say_other_kind,
    unpack,
)
from core.evaluation.tables import PixelTable, WordTable
from core.evaluation.testset import PictureFile, PictureSet, Skipped, TestSet, count_left_out

MOST_PICTURES = 100_000  # MNIST as a whole has 70,000
HOW_TO_LABEL = (
    "Name each picture by its digit (7.png, 7_anna.jpg), put it into a folder named by it (7/anna.jpg), or list all "
    "of them in a labels.csv (file,label)."
)
OTHER_SET = "There are several sets of digits; another one was read."
NO_LIST = "It lists no labels of the pictures beside it."
TEST_PART = re.compile(r"t10k|test|val", re.IGNORECASE)

Digits = TypeVar("Digits", Array, PixelTable)


def read(path: Path) -> TestSet | PictureSet:
    """A set from a folder of pictures or a file: zip, tar, CSV, IDX, npz or npy (an IDX file finds its labels beside
    it).

    Raises `TestSetError` with a sentence.
    """
    if path.is_dir():
        # The folder's own name counts: a folder 7 of pictures holds sevens.
        inside = [(entry.relative_to(path.parent).as_posix(), entry) for entry in sorted(path.rglob("*"))]
        files = [(name, entry) for name, entry in inside if entry.is_file() and not is_hidden(name)]
        check_count(len(files))
        check_size(path.name, sum(entry.stat().st_size for _, entry in files))
        return read_files(path.name, [(name, entry.read_bytes()) for name, entry in files])
    if not path.is_file():
        raise TestSetError(
            f"There is no file or folder {path.name}. Give a folder of pictures, a zip, a CSV, an IDX or a NumPy file."
        )
    check_size(path.name, path.stat().st_size)
    contents = [(path.name, path.read_bytes())]
    partner = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if partner != path and partner.is_file():
        contents.append((partner.name, partner.read_bytes()))
    return read_files(path.name, contents)


def read_files(name: str, files: Iterable[File]) -> TestSet | PictureSet:
    """A set from the contents of files: an archive, a table, arrays of digits and of labels, or many pictures.

    Digits in tables and arrays are already 28x28 and are taken as they are; pictures are read when a model is known,
    see `PictureSet`. `remarks` of the set say what was taken for the label. Raises `TestSetError` with a sentence; a
    picture without a label is skipped and listed.
    """
    unpacked = [file for entry in files for file in unpack(entry)]
    if not unpacked:
        raise TestSetError(f"{name} is empty. {HOW_TO_LABEL}")
    check_size(name, sum(len(content) for _, content in unpacked))
    if arrays := [file for file in unpacked if is_array(file)]:
        return _leave_out(_read_arrays(name, arrays), [file for file in unpacked if not is_array(file)], len(unpacked))
    beside = _Tables.read([file for file in unpacked if is_table(file)])
    others = [file for file in unpacked if not is_table(file)]
    if beside.pixels or (len(others) < len(unpacked) and not any(map(is_picture, others))):
        return _leave_out(_read_tables(name, beside), others, len(unpacked))
    return _read_pictures(name, others, beside)


@dataclass(frozen=True)
class _Tables:
    """The tables that were sent, by what they hold; those that can't be read with the reason why not."""

    pixels: tuple[PixelTable, ...]
    small: tuple[WordTable, ...]
    refused: tuple[Skipped, ...]

    @classmethod
    def read(cls, files: list[File]) -> "_Tables":
        """Parse each file."""
        parsed: list[PixelTable | WordTable] = []
        refused = []
        for file in files:
            try:
                parsed.append(tables.parse(file))
            except TestSetError as error:
                refused.append(Skipped(file[0], str(error)))
        pixels = tuple(table for table in parsed if isinstance(table, PixelTable))
        return cls(pixels, tuple(table for table in parsed if isinstance(table, WordTable)), tuple(refused))


def _leave_out(found: TestSet, others: list[File], count: int) -> TestSet:
    """The set with the files beside it listed as left out; `count` is how many files there were in all."""
    skipped = found.skipped + tuple(
        Skipped(file, "This set was read from arrays or tables; whatever else was sent with them is not part of it.")
        for file, _ in others
    )
    return replace(found, skipped=skipped, remarks=(*found.remarks, *count_left_out(len(skipped), count)))


def _read_arrays(name: str, files: list[File]) -> TestSet:
    """Arrays of IDX or NumPy files: images, and labels if there are any, told apart by their number of dimensions."""
    arrays = [parse_array(file) for file in files]
    images, labels = ([array for array in arrays if array.values.ndim == count] for count in (3, 1))
    if not images:
        raise TestSetError(f"{name} holds labels but no images. Give the file of the images too.")
    chosen = _choose(name, images)
    fitting = labels if len(labels) < 2 else [one for one in labels if _is_test(one.name) == _is_test(chosen.name)]
    if len(fitting) > 1:
        listed = ", ".join(array.name for array in fitting)
        raise TestSetError(f"{name} holds several files of labels ({listed}). Give one of images and one of labels.")
    partner = fitting[0] if fitting else None
    found = _finish(name, chosen, partner, (f"Labels were taken from {partner.name}.",) if partner else ())
    return _skip_other_sets(found, [array.name for array in arrays if array not in (chosen, partner)], chosen.name)


def _read_tables(name: str, found: _Tables) -> TestSet:
    """One table of pixels, with a column of labels, or with a second table of labels alone, or without."""
    if not found.pixels and found.refused:
        raise TestSetError(found.refused[0].why)
    if not found.pixels:
        tables.as_labels(found.small[0])  # says so where it is not even that
        raise TestSetError(
            f"{found.small[0].name} holds labels but no digits. Send the pictures or the pixels with it."
        )
    labelled = [table for table in found.pixels if table.labels is not None]
    chosen = _choose(name, labelled or list(found.pixels))
    remarks, labels = chosen.remarks, None
    if chosen.labels is not None:
        labels = Array(chosen.name, chosen.labels)
    elif len(found.small) == 1:
        labels = Array(found.small[0].name, tables.as_labels(found.small[0]))
        remarks = (*remarks, f"Labels were taken from {labels.name}.")
    test_set = _finish(name, Array(chosen.name, as_images(chosen.pixels)), labels, remarks)
    used = {chosen.name, labels.name if labels else ""}
    others = [table.name for table in found.pixels] + [table.name for table in found.small]
    return _skip_other_sets(
        replace(test_set, skipped=found.refused), [other for other in others if other not in used], chosen.name
    )


def _choose(name: str, sets: list[Digits]) -> Digits:
    """The one set of digits; of a training and a test set, as they are published together, the test set."""
    tests = sets if len(sets) == 1 else [one for one in sets if _is_test(one.name)]
    if len(tests) != 1:
        listed = ", ".join(one.name for one in sets[:5])
        raise TestSetError(f"{name} holds several sets of digits ({listed}). Give one of them.")
    return tests[0]


def _is_test(name: str) -> bool:
    """Whether a file is named as the test part of a set."""
    return bool(TEST_PART.search(name.rsplit("/", 1)[-1]))


def _skip_other_sets(found: TestSet, others: list[str], chosen: str) -> TestSet:
    """The set with the sets beside it listed as left out."""
    if not others:
        return found
    skipped = (*found.skipped, *(Skipped(other, OTHER_SET) for other in others))
    return replace(found, skipped=skipped, remarks=(f"Of several files, {chosen} was read.", *found.remarks))


def _finish(name: str, images: Array, labels: Array | None, remarks: tuple[str, ...]) -> TestSet:
    """Check values, bring them to MNIST's form: images (N, 28, 28) and labels (N,), any numbers; `remarks` so far.

    Whichever file is to blame is named in what is refused.
    """
    pixels = images.values.astype(np.float32)
    if not len(pixels):
        raise TestSetError(f"{images.name} holds no digits.")
    if len(pixels) > MOST_PICTURES:
        raise TestSetError(
            f"{images.name} holds {len(pixels):,} digits; at most {MOST_PICTURES:,} can be read. "
            "Send only a part of it."
        )
    if labels and len(labels.values) != len(pixels):
        of_labels = "" if labels.name == images.name else f"{labels.name} "
        raise TestSetError(
            f"{images.name} has {len(pixels):,} digits but {of_labels}{len(labels.values):,} labels. "
            "Each digit needs one."
        )
    if pixels.min() < 0 or pixels.max() > 255:
        worst = pixels.min() if pixels.min() < 0 else pixels.max()
        raise TestSetError(
            f"{images.name} has pixels of {worst:g}; they must lie between 0 and 255, or between 0 and 1."
        )
    if labels:
        _check_labels(labels)
    said = list(remarks)
    if 0 < pixels.max() <= 1:
        pixels = pixels * 255
    if np.median(np.concatenate([pixels[:, 0].ravel(), pixels[:, -1].ravel()])) > 127:
        pixels = 255 - pixels
        said.append("The digits were dark on light; they were turned into light on dark, as the model reads them.")
    if empty := int((pixels.max((1, 2)) == pixels.min((1, 2))).sum()):
        said.append(f"Nothing is drawn in {words.count(empty, 'digit')}: they count, though no model can read them.")
    if labels is None:
        said.append("This set has no labels: the model answers, but nobody can say how often it is right.")
    values = labels.values if labels else np.full(len(pixels), UNLABELLED)
    digits = DigitSet(torch.from_numpy(pixels.round().astype(np.uint8)), torch.from_numpy(values.astype(np.int64)))
    return TestSet(name, digits, remarks=tuple(said))


def _check_labels(labels: Array) -> None:
    wrong = np.flatnonzero((labels.values < 0) | (labels.values > 9) | (labels.values % 1 != 0))
    if len(wrong):
        at = wrong[0]
        raise TestSetError(
            f"{labels.name} has the label {labels.values[at]:g} for digit {at + 1:,}; labels are the digits 0 to 9."
        )


def _read_pictures(name: str, files: list[File], beside: _Tables) -> PictureSet:
    """Pictures, labelled by a table that lies beside them, or else by their paths."""
    check_count(len(files))
    listed = label_lists.read(beside.small, [path for path, _ in files])
    skipped = [*beside.refused, *(Skipped(one.name, NO_LIST) for one in beside.small if one.name not in listed.tables)]
    pictures, sources = [], []
    for path, content in files:
        source = None if listed.tables else find_label(path)
        label = source.digit if source else listed.labels.get(path)
        if label is None:
            skipped.append(Skipped(path, _say_unlabelled(path, listed)))
        else:
            pictures.append(PictureFile(path, label, content))
            sources.append(source)
    if not pictures:
        raise TestSetError(_say_none_labelled(name, files, listed))
    remarks = listed.remarks or tuple(_say_sources([source for source in sources if source]))
    return PictureSet(name, tuple(pictures), tuple(skipped), remarks)


def _say_unlabelled(path: str, listed: label_lists.Listed) -> str:
    """Why a file is no labelled picture."""
    if other := say_other_kind(path):
        return f"This {other}"
    if not listed.tables:
        return "Neither its name nor its folder says which digit it shows."
    return listed.refused.get(path, f"{listed.tables[0]} does not list it.")


def _say_none_labelled(name: str, files: list[File], listed: label_lists.Listed) -> str:
    """Why no file of a set is a labelled picture."""
    path = files[0][0]
    if len(files) == 1 and (other := say_other_kind(path)):
        return f"{path} {other}"
    if listed.tables:
        return f"{name} has no labels. {path}: {_say_unlabelled(path, listed)}"
    return f"{name} has no labels: no file says which digit it shows. {HOW_TO_LABEL}"


def _say_sources(sources: list[PathLabel]) -> list[str]:
    """Which part of a path was taken for the label: folders, files, or both, with an example of each."""
    said = []
    for is_folder, part in ((True, "folder"), (False, "file name")):
        if found := [label for label in sources if label.is_folder == is_folder]:
            first = f'"{found[0].part}" says {words.a_digit(found[0].digit)}'
            said.append(f"{words.count(len(found), 'label')} taken from the {part}: {first}.")
    return said

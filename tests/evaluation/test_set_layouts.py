"""Every layout in which people keep labelled digits is read right, and what was taken for the label is said."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.digits import DigitSet
from core.evaluation import set_files
from core.evaluation.set_formats import TestSetError, clean_path
from core.evaluation.testset import PictureSet, TestSet

LABELS = (7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6)
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GERMAN = ("Null", "Eins", "Zwei", "Drei", "Vier", "Fünf", "Sechs", "Sieben", "Acht", "Neun")


def as_png(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (9, 9), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


PICTURES = [as_png(number) for number in range(len(LABELS))]


def as_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def as_tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def read(files: dict[str, bytes]) -> PictureSet | TestSet:
    return set_files.read_files("mine", files.items())


def labels_by_content(found: PictureSet | TestSet) -> list[int | None]:
    assert isinstance(found, PictureSet)
    known = {file.content: file.label for file in found.pictures}
    return [known.get(picture) for picture in PICTURES]


def named(name: str) -> dict[str, bytes]:
    """The pictures, each named by this pattern: {n} its number, {d} its digit, {w} and {g} its digit in words."""
    return {
        name.format(n=f"{number:04d}", d=digit, w=WORDS[digit], g=GERMAN[digit]): PICTURES[number]
        for number, digit in enumerate(LABELS)
    }


@pytest.mark.parametrize(
    "name",
    [
        "{d}/{n}.png",
        "test/{d}/{n}.png",
        "digits/{w}/{n}.png",
        "{g}/{n}.png",
        "{d}_{w}/{n}.png",
        "{d} ({w})/{n}.png",
        "class_{d}/{n}.png",
        "number {d}/{n}.png",
        "{d}_{n}.png",
        "digit{d}_{n}.png",
        "set\\{d}\\{n}.png",
        "..\\..\\{d}_{n}.png",
        "./{d}/{n}.png",
        "{w}_{n}.png",
    ],
)
def test_folders_and_names_say_the_digit_and_the_set_says_which(name):
    found = read(named(name))
    assert labels_by_content(found) == list(LABELS)
    part = "folder" if ("/" in clean_path(name) and "{n}" in name.split("/")[-1]) or "\\{d}\\" in name else "file name"
    assert found.remarks[0].startswith(f'{len(LABELS)} labels taken from the {part}: "') and not found.skipped
    assert found.remarks[0].endswith("says a 7.")


# --- archives ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pack",
    [
        lambda files: ("set.zip", as_zip(files)),
        lambda files: ("set.tar", as_tar(files)),
        lambda files: ("set.tar.gz", as_tar(files, "w:gz")),
        lambda files: ("set.tgz", as_tar(files, "w:gz")),
        lambda files: ("set.zip.gz", gzip.compress(as_zip(files))),
        lambda files: ("outer.zip", as_zip({"inner.zip": as_zip(files)})),
        lambda files: ("outer.zip", as_zip({"a/inner.tar.gz": as_tar(files, "w:gz"), "__MACOSX/x": b"x"})),
        lambda files: ("outer.tar", as_tar({"inner.zip": as_zip(files), ".DS_Store": b"x"})),
    ],
)
def test_an_archive_in_an_archive_is_read_whatever_its_kind(pack):
    name, content = pack(named("{d}/{n}.png"))
    found = read({name: content})
    assert labels_by_content(found) == list(LABELS) and not found.skipped


def test_an_archive_of_a_class_is_a_folder_of_it():
    by_class = {
        digit: {f"{n}.png": PICTURES[n] for n, label in enumerate(LABELS) if label == digit} for digit in set(LABELS)
    }
    sent = {f"{WORDS[digit]}.zip": as_zip(files) for digit, files in by_class.items()}
    assert labels_by_content(read(sent)) == list(LABELS)
    assert labels_by_content(read({"all.zip": as_zip(sent)})) == list(LABELS)
    tars = {f"{digit}.tar.gz": as_tar(files, "w:gz") for digit, files in by_class.items()}
    assert labels_by_content(read(tars)) == list(LABELS)


def test_archives_without_end_are_refused():
    packed = as_zip(named("{d}/{n}.png"))
    for _ in range(9):
        packed = gzip.compress(as_tar({"again.tar.gz": packed}))
    with pytest.raises(TestSetError, match=r"within too many others|too many zips"):
        read({"deep.tar.gz": packed})


@pytest.mark.parametrize(
    ("name", "word"), [("a.xlsx", "spreadsheet"), ("a.mat", "MATLAB"), ("a.pkl", "run a program"), ("a.rar", "archive")]
)
def test_what_cannot_be_read_is_named_alone_and_beside_pictures(name, word):
    content = as_zip({"[Content_Types].xml": b"x", "xl/workbook.xml": b"x"}) if name == "a.xlsx" else b"content"
    with pytest.raises(TestSetError, match=word):
        read({name: content})
    found = read({**named("{d}/{n}.png"), name: content})
    assert [(entry.name, word in entry.why) for entry in found.skipped] == [(name, True)]


# --- labels beside pictures -------------------------------------------------------------------------------------------


def table_of(rows: Iterable[tuple[str, object]], header: str = "file,label", separator: str = ",") -> bytes:
    return "\n".join([header, *(f"{name},{label}" for name, label in rows)]).strip().replace(",", separator).encode()


HEADERS = ("file,label", "filename,digit", "image_path,Class", "Image,True label", "id,target", "path,y", "x,z", "")


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("written", ["img_{n}.png", "images/img_{n}.png", "/home/anna/images/img_{n}.png", "img_{n}"])
def test_a_table_beside_pictures_is_read_as_their_labels(header, written):
    rows = [(written.format(n=f"{number:04d}"), digit) for number, digit in enumerate(LABELS)]
    for table in ("labels.csv", "images/labels.csv", "annotations/list.txt"):
        found = read({**named("images/img_{n}.png"), table: table_of(rows, header)})
        assert labels_by_content(found) == list(LABELS) and not found.skipped
        column = f'the column "{header.split(",")[1]}"' if header else "the last column"
        assert found.remarks == (f"Labels were taken from {column} of {table}.",)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_of_labels_is_read_however_it_was_saved(separator, end, encoding):
    files = {f"übung_{number}.png": PICTURES[number] for number in range(len(LABELS))}
    text = table_of(zip(files, (WORDS[digit] for digit in LABELS), strict=True), separator=separator).decode()
    assert labels_by_content(read({**files, "l.csv": text.replace("\n", end).encode(encoding)})) == list(LABELS)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(("file", "label", "writer", "split")), shuffled=st.permutations(range(len(LABELS))))
def test_columns_and_rows_may_stand_in_any_order(order, shuffled):
    cells = [
        {"file": f"{number}.png", "label": LABELS[number], "writer": f"anna {number}", "split": number % 2}
        for number in shuffled
    ]
    table = pd.DataFrame(cells, columns=list(order))
    for index in (False, True):  # pandas numbers the rows unless told not to; the pictures are numbered too
        sent = {f"{number}.png": PICTURES[number] for number in range(len(LABELS))}
        found = read({**sent, "labels.csv": table.to_csv(index=index).encode()})
        assert labels_by_content(found) == list(LABELS)


def test_rows_and_pictures_without_a_partner_are_said():
    rows = [("img_0000.png", 7), ("img_0001.png", "blot"), ("img_0002.png", ""), ("img_0003.png", 0), ("gone.png", 1)]
    found = read({**named("img_{n}.png"), "labels.csv": table_of(rows), "notes.csv": b"written,by\nAnna,Ben"})
    assert labels_by_content(found)[:5] == [7, None, None, 0, None]
    why = {entry.name: entry.why for entry in found.skipped}
    assert 'labels.csv has the label "blot" for it' in why["img_0001.png"]
    assert "labels.csv has no label for it" in why["img_0002.png"] and "does not list it" in why["img_0004.png"]
    assert "lists no labels" in why["notes.csv"] and "1 row of labels.csv" in " ".join(found.remarks)


def test_one_name_in_two_folders_is_told_apart_or_not_at_all():
    files = {"train/a.png": PICTURES[0], "test/a.png": PICTURES[1]}
    tables = {"train/labels.csv": b"file,label\na.png,7", "test/labels.csv": b"file,label\na.png,2"}
    assert labels_by_content(read({**files, **tables}))[:2] == [7, 2]
    with pytest.raises(TestSetError, match="no labels"):
        read({**files, "labels.csv": b"file,label\na.png,7"})


def test_a_picture_labelled_twice_is_left_out():
    files = {"a.png": PICTURES[0], "b.png": PICTURES[1]}
    found = read({**files, "l.csv": b"file,label\na.png,7\nb.png,2\na.png,1"})
    assert [file.name for file in found.pictures] == ["b.png"] and "labels it 1" in found.skipped[0].why


# --- tables of pixels -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> DigitSet:
    """Thirty digits with ink in the middle, as tables and arrays hold them."""
    rng = np.random.default_rng(3)
    images = np.zeros((30, 28, 28), np.uint8)
    images[:, 6:22, 6:22] = rng.integers(0, 256, (30, 16, 16))
    return DigitSet(torch.from_numpy(images), torch.from_numpy(rng.integers(0, 10, 30)))


def frame(digits: DigitSet, place: int | None = 0) -> pd.DataFrame:
    """Pixels, and labels as the column at `place`, titled as pandas does it: by numbers."""
    columns = list(digits.images.reshape(len(digits), -1).T.numpy())
    if place is not None:
        columns.insert(place, digits.labels.numpy())
    return pd.DataFrame(np.stack(columns, axis=1))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("place", [0, 784])
def test_what_pandas_writes_is_read_with_its_index_and_header(digits, end, index, header, place):
    content = frame(digits, place).to_csv(index=index, header=header, lineterminator=end).encode()
    found = read({"mine.csv": content})
    assert torch.equal(found.digits.images, digits.images) and torch.equal(found.digits.labels, digits.labels)
    assert ("numbers the rows" in found.remarks[0]) == index
    assert "Labels were taken from the" in found.remarks[-1] and "of mine.csv." in found.remarks[-1]


@pytest.mark.parametrize("header", [False, True])
def test_an_index_is_never_taken_for_labels(digits, header):
    found = read({"mine.csv": frame(digits, None).to_csv(index=True, header=header).encode()})
    assert not found.is_labelled and torch.equal(found.digits.images, digits.images)
    assert "numbers the rows" in found.remarks[0]


def test_ten_rows_that_may_be_numbered_are_said(digits):
    few = digits.pick(torch.arange(10))
    found = read({"mine.csv": frame(few, None).to_csv(index=True, header=False).encode()})
    assert "It counts from 0 to 9: if it only numbers the rows, remove it." in found.remarks[0]


@pytest.mark.parametrize(("place", "digit"), [(0, 0), (0, 7), (784, 7)])
def test_a_table_of_one_class_has_its_labels_found(digits, place, digit):
    one = DigitSet(digits.images, torch.full_like(digits.labels, digit))
    found = read({"mine.csv": frame(one, place).to_csv(index=False, header=False).encode()})
    assert found.digits.labels.tolist() == [digit] * 30 and torch.equal(found.digits.images, one.images)


def test_decimal_commas_and_labels_in_a_table_of_their_own(digits):
    pixels = frame(digits, None) / 255
    german = pixels.to_csv(sep=";", decimal=",", index=False, header=False).encode()
    labels = pd.Series(digits.labels.numpy(), name="label")
    for own in (labels.to_csv(index=False), labels.to_csv(index=True)):
        found = read({"pixels.csv": german, "labels.csv": own.encode()})
        assert torch.equal(found.digits.images, digits.images) and torch.equal(found.digits.labels, digits.labels)
        assert found.remarks == ("Labels were taken from labels.csv.",)


def test_empty_digits_are_said(digits):
    images = digits.images.clone()
    images[:3] = 0
    found = read({"mine.csv": frame(DigitSet(images, digits.labels)).to_csv(index=False).encode()})
    assert "Nothing is drawn in 3 digits" in " ".join(found.remarks)


# --- arrays -----------------------------------------------------------------------------------------------------------


def as_npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def as_npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def as_idx(values: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(np.uint8).tobytes()


@pytest.mark.parametrize(
    "shaped",
    [
        lambda images: images,
        lambda images: images.reshape(-1, 784),
        lambda images: images[..., None],
        lambda images: images[:, None].astype(np.int64),
        lambda images: (images / 255).astype(np.float32),
        lambda images: (images / 255).astype(np.float16),
        lambda images: np.asfortranarray(images.astype(">i4")),
    ],
)
def test_numpy_arrays_are_read_in_every_usual_shape(digits, shaped):
    images, labels = shaped(digits.images.numpy()), digits.labels.numpy()
    for given_labels in (labels, labels[:, None], labels.astype(float), np.eye(10)[labels]):
        packed = read({"mine.npz": as_npz(x_test=images, y_test=given_labels)})
        apart = read({"images.npy": as_npy(images), "labels.npy": as_npy(given_labels)})
        for found in (packed, apart):
            assert torch.equal(found.digits.images, digits.images) and torch.equal(found.digits.labels, digits.labels)
            assert found.remarks[0].startswith("Labels were taken from ")


def test_of_a_training_and_a_test_set_the_test_set_is_read_and_said(digits):
    images, labels = digits.images.numpy(), digits.labels.numpy()
    part = {"train-images-idx3-ubyte": as_idx(images[10:]), "train-labels-idx1-ubyte": as_idx(labels[10:])}
    part |= {"t10k-images-idx3-ubyte": as_idx(images[:10]), "t10k-labels-idx1-ubyte": as_idx(labels[:10])}
    keras = as_npz(x_train=images[10:], y_train=labels[10:], x_test=images[:10], y_test=labels[:10])
    for sent in ({"mnist.zip": as_zip(part)}, {"mnist.npz": keras}):
        found = read(sent)
        assert found.digits.labels.tolist() == labels[:10].tolist() and len(found.skipped) == 2
        assert "was read." in found.remarks[0]


def test_the_file_of_labels_is_blamed_for_its_labels(digits):
    images, labels = digits.images.numpy(), digits.labels.numpy().copy()
    labels[3] = 12
    for short, word in ((labels, "y.npy has the label 12 for digit 4"), (labels[:9], "but y.npy 9 labels")):
        with pytest.raises(TestSetError, match=word):
            read({"x.npy": as_npy(images), "y.npy": as_npy(short)})
    wrong = {"my-images-idx3-ubyte": as_idx(images), "my-labels-idx1-ubyte": as_idx(labels)}
    with pytest.raises(TestSetError, match=r"^my-labels-idx1-ubyte has the label 12"):
        read(wrong)
    column = frame(digits, None).to_csv(index=False, header=False).encode()
    with pytest.raises(TestSetError, match=r"l\.csv has the label 12 in row 2"):
        read({"x.csv": column, "l.csv": b"label\n3\n12\n"})

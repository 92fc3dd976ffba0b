"""Every kind of own test set is read, and every malformed one refused with a sentence."""

import gzip
import io
import json
import struct
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import pages, whole_numbers
from core.config import TrainingSettings
from core.data import mnist as mnist_module
from core.data.digits import DigitSet
from core.data.split import split
from core.evaluation import set_files, set_formats, testset
from core.network import checkpoint
from core.reading import picture, reader
from core.synthesis import sheets as draw_samples
from core.workspace import SHIPPED
from scripts import evaluate, predict


@pytest.fixture(scope="module")
def model() -> checkpoint.Checkpoint:
    return checkpoint.load(checkpoint.SHIPPED)


@pytest.fixture(scope="module")
def mnist() -> DigitSet:
    return mnist_module.load(train=False).pick(torch.arange(30))


@pytest.fixture(scope="module")
def rows(mnist) -> np.ndarray:
    """(30, 785): label first."""
    return np.column_stack([mnist.labels, mnist.images.reshape(30, -1)])


def as_csv(values: np.ndarray, header: list[str] | None = None, separator: str = ",") -> bytes:
    lines = [separator.join(header)] if header else []
    return "\n".join([*lines, *(separator.join(f"{value:g}" for value in row) for row in values)]).encode()


def as_idx(values: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(np.uint8).tobytes()


def as_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def as_png(digit: torch.Tensor, size: int = 28) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(digit.numpy()).resize((size, size)).save(buffer, "PNG")
    return buffer.getvalue()


def same(found: testset.TestSet, mnist: DigitSet) -> bool:
    return torch.equal(found.digits.images, mnist.images) and torch.equal(found.digits.labels, mnist.labels)


HEADER = ["label", *(f"pixel{n}" for n in range(784))]


def test_csv_with_785_columns_is_read_whatever_its_form(rows, mnist):
    label_last = np.column_stack([rows[:, 1:], rows[:, 0]])
    for content in (
        as_csv(rows),
        as_csv(rows, HEADER),
        as_csv(rows, HEADER, ";"),
        b"\xef\xbb\xbf" + as_csv(rows, HEADER).replace(b"\n", b"\r\n"),
        as_csv(label_last),
        as_csv(label_last, [*HEADER[1:], "Label"]),
        gzip.compress(as_csv(rows)),
        as_zip({"mine/digits.csv": as_csv(rows)}),
    ):
        name = "mine.csv.gz" if content[:2] == b"\x1f\x8b" else "mine.csv"
        found = set_files.read_files(name, [(name, content)])
        assert same(found, mnist) and found.is_labelled
        assert [remark[:24] for remark in found.remarks] == ["Labels were taken from t"]


def test_fractions_and_dark_ink_are_brought_to_mnists_form(rows, mnist):
    fractions = rows.astype(float)
    fractions[:, 1:] /= 255
    assert same(set_files.read_files("f", [("f.csv", as_csv(fractions))]), mnist)
    inverted = rows.copy()
    inverted[:, 1:] = 255 - inverted[:, 1:]
    found = set_files.read_files("i", [("i.csv", as_csv(inverted))])
    assert same(found, mnist) and "dark on light" in found.remarks[-1]


def test_784_columns_have_no_labels_unless_a_second_table_brings_them(rows, mnist):
    alone = set_files.read_files("a", [("a.csv", as_csv(rows[:, 1:]))])
    assert not alone.is_labelled and torch.equal(alone.digits.images, mnist.images) and "no labels" in alone.remarks[0]
    both = set_files.read_files("b", [("b.csv", as_csv(rows[:, 1:])), ("labels.csv", as_csv(rows[:, :1]))])
    assert same(both, mnist)


def test_idx_is_read_packed_or_not_and_finds_its_labels(tmp_path, mnist):
    images, labels = as_idx(mnist.images.numpy()), as_idx(mnist.labels.numpy())
    assert same(set_files.read_files("x", [("x-images-idx3-ubyte", images), ("x-labels-idx1-ubyte", labels)]), mnist)
    (tmp_path / "mine-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
    (tmp_path / "mine-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    assert same(set_files.read(tmp_path / "mine-images-idx3-ubyte.gz"), mnist)
    assert not set_files.read_files("x", [("x-images-idx3-ubyte", images)]).is_labelled


def test_pictures_are_labelled_by_folder_or_name_and_read_as_on_predict(tmp_path, mnist, model):
    root = tmp_path / "set"
    for number in range(6):
        folder = root / str(int(mnist.labels[number]))
        folder.mkdir(exist_ok=True, parents=True)
        (folder / f"{number}.png").write_bytes(as_png(mnist.images[number]))
    (root / ".DS_Store").write_bytes(b"x")
    (root / "notes.txt").write_bytes(b"by Anna")
    (root / "4_blank.png").write_bytes(as_png(torch.full((28, 28), 255, dtype=torch.uint8), 200))
    (root / "5_damaged.png").write_bytes(b"no picture")
    shares = []
    pictures = set_files.read(root)
    found = pictures.for_model(model, shares.append)
    assert sorted(found.digits.labels.tolist()) == sorted(mnist.labels[:6].tolist())
    for image, label, name in zip(found.digits.images, found.digits.labels, found.names, strict=True):
        assert name.startswith(f"set/{label}/") and any(torch.equal(image, other) for other in mnist.images[:6])
    assert {entry.name for entry in found.skipped} == {"set/notes.txt", "set/5_damaged.png"}
    assert all(entry.why.endswith(".") for entry in found.skipped) and "2 of 9 files" in " ".join(found.remarks)
    assert [(one.name, one.label, one.read_as) for one in found.others] == [("set/4_blank.png", 4, "no digit")]
    assert found.count_read_as(testset.ReadAs.NO_DIGIT) == 1 and found.count_read_as(testset.ReadAs.DIGIT) == 6
    assert len(shares) == 8 and shares[-1] == 1.0
    packed = as_zip({f"set/{path.relative_to(root)}": path.read_bytes() for path in sorted(root.rglob("*.*"))})
    again = set_files.read_files("set.zip", [("set.zip", packed)])
    assert again.key == pictures.key and again.for_model(model).key == found.key


def test_a_folder_named_by_a_digit_labels_what_lies_in_it(tmp_path, mnist):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "1.png").write_bytes(as_png(mnist.images[0]))
    assert [one.label for one in set_files.read(tmp_path / "7").pictures] == [7]


# --- one reader -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn() -> list[tuple[str, bytes]]:
    """Every sample, a page of each kind, numbers, amounts on printed paper, and sheets without a digit."""
    files = [(path.name, path.read_bytes()) for path in sorted((SHIPPED / "samples").glob("[0-9]_*"))]
    for kind in pages.KINDS:
        (page,), (label,) = pages.draw(kind, 1)
        files.append((f"{label}_{kind}.png", draw_samples.encode(page.colours, "png")))
    for kind, count in (("security_digit", 6), ("filling", 3), ("close", 2), ("word", 1)):
        for number in range(count):
            page = whole_numbers.make(kind, number, 900)
            files.append((f"{(page.text or '0')[0]}_{kind}_{number}.png", draw_samples.encode(page.sheet, "png")))
    blank = np.full((90, 90, 3), 255, np.uint8)
    return [*files, ("3_blank.png", draw_samples.encode(blank, "png"))]


@pytest.mark.slow
def test_evaluate_measures_the_very_image_that_predict_shows(drawn, model):
    found = set_files.read_files("drawn", drawn).for_model(model)
    measured = dict(zip(found.names, found.digits.images.numpy(), strict=True))
    others = {one.name: one for one in found.others}
    assert len(measured) + len(others) == len(drawn)
    for name, content in drawn:
        shown = reader.read(model, picture.read(content))
        if name in measured:
            assert not shown.is_number and shown.text, name
            assert np.array_equal(measured[name], (shown.found.image * 255).round().astype(np.uint8)), name
        else:
            assert others[name].read_as == ("number" if shown.is_number else "no digit")
            assert (others[name].text, others[name].why) == (shown.text, shown.sentence)
    assert {one.read_as for one in found.others} == {"number", "no digit"}
    assert found.places == tuple(at for at, (name, _) in enumerate(drawn) if name in measured)


@pytest.mark.slow
def test_both_scripts_count_the_same_answers_as_right(drawn, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "drawn"
    folder.mkdir()
    chosen = drawn[-24:]
    for name, content in chosen:
        (folder / name).write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["predict.py", "--format", "json", str(folder)])
    assert predict.main() == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "--format", "json", "--data", str(folder)])
    assert evaluate.main() == 0
    facts = json.loads(capsys.readouterr().out)
    as_digit = [row for row in rows if len(row["digits"]) == 1]
    assert facts["n"] == len(as_digit) and len(rows) == len(chosen)
    assert facts["accuracy"] == np.mean([row["text"] == str(row["label"]) for row in as_digit])
    assert facts["read_as_number"] == sum(len(row["digits"]) > 1 for row in rows)
    assert facts["read_as_no_digit"] == sum(not row["text"] for row in rows)


def test_another_version_of_a_model_has_a_key_of_its_own(drawn, model):
    few = set_files.read_files("few", drawn[:2])
    keys = {few.for_model(other).key for other in (model, replace(model, version="0"), replace(model, name="other"))}
    assert len(keys) == 3


def test_two_models_are_compared_on_what_both_read_as_a_digit(mnist):
    first, second = (
        testset.TestSet("s", mnist.pick(torch.arange(len(places))), tuple("abcde"[: len(places)]), places=places)
        for places in ((0, 2, 3, 5), (1, 2, 5))
    )
    one, other = testset.in_common(first, second)
    assert (one.tolist(), other.tolist()) == ([1, 3], [1, 2])
    assert first.pick(one).places == second.pick(other).places == (2, 5)
    assert first.pick(one).names == ("b", "d") and torch.equal(first.pick(one).digits.images, mnist.images[[1, 3]])
    pixels = testset.TestSet("p", mnist)
    assert all(index.tolist() == list(range(30)) for index in testset.in_common(pixels, pixels))


def test_a_set_in_which_a_model_reads_no_digit_is_refused(model, drawn):
    for files, sentence in (
        ([drawn[-1]], "reference read no picture in mine as one digit. The first: 3_blank.png: There is no ink"),
        ([("7.png", b"not a picture"), ("8.png", b"")], "No picture in mine could be read. The first: 7.png: This is"),
    ):
        with pytest.raises(testset.TestSetError, match=sentence):
            set_files.read_files("mine", files).for_model(model)


def test_more_than_fits_into_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(set_formats, "LARGEST", 1000)
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(bytes(400))
    with pytest.raises(testset.TestSetError, match="more than"):
        set_files.read(tmp_path)
    with pytest.raises(testset.TestSetError, match="more than"):
        set_files.read_files("mine", [(f"{number}.png", bytes(400)) for number in range(3)])


def malformed(rows: np.ndarray, mnist: DigitSet) -> dict[str, tuple[list[tuple[str, bytes]], str]]:
    """Case -> files and a word of the sentence expected."""
    images, labels = as_idx(mnist.images.numpy()), as_idx(mnist.labels.numpy())
    changed = rows.astype(float)
    changed[3, 0] = 12
    halved = rows.astype(float)
    halved[3, 0] = 2.5
    bright = rows.astype(float)
    bright[2, 9] = 300
    locked = bytearray(as_zip({"7.png": b"x"}))
    locked[6] |= 1  # the flag "encrypted", in the local header and in the directory
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    png = as_png(mnist.images[0])
    return {
        "nothing": ([], "empty"),
        "empty zip": ([("a.zip", as_zip({}))], "empty"),
        "cut zip": ([("a.zip", as_zip({"7.png": png})[:-30])], "damaged zip"),
        "locked zip": ([("a.zip", bytes(locked))], "password"),
        "cut gzip": ([("a.csv.gz", gzip.compress(as_csv(rows))[:200])], "damaged gzip"),
        "empty csv": ([("a.csv", b"")], "empty"),
        "header only": ([("a.csv", ",".join(HEADER).encode())], "no rows"),
        "too few columns": ([("a.csv", as_csv(rows[:, :700]))], "700 columns"),
        "too many columns": ([("a.csv", as_csv(np.column_stack([rows, rows])))], "1,570 columns"),
        "ragged": ([("a.csv", as_csv(rows) + b"\n" + as_csv(np.ones((1, 900))))], "longer"),
        "short row": ([("a.csv", as_csv(rows) + b"\n7,1,2")], "misses a number in row 31"),
        "words": ([("a.csv", as_csv(rows).replace(b"\n", b"\nseven,", 1))], "not a number"),
        "binary": ([("a.csv", bytes(range(128, 256)))], "not a text file"),
        "label 12": ([("a.csv", as_csv(changed))], "label 12"),
        "label 2.5": ([("a.csv", as_csv(halved))], "label 2.5"),
        "pixel 300": ([("a.csv", as_csv(bright))], "300"),
        "labels short": ([("a.csv", as_csv(rows[:, 1:])), ("l.csv", as_csv(rows[:9, :1]))], "9 labels"),
        "two tables": ([("a.csv", as_csv(rows)), ("b.csv", as_csv(rows))], "several sets"),
        "idx cut": ([("x-images-idx3-ubyte", images[:-9])], "cut off"),
        "idx head only": ([("x-images-idx3-ubyte", images[:6])], "ends within"),
        "idx of floats": ([("x-images-idx3-ubyte", b"\0\0\x0d" + images[3:])], "another kind"),
        "no idx": ([("x-images-idx3-ubyte", b"hello world")], "not an IDX"),
        "idx labels alone": ([("x-labels-idx1-ubyte", labels)], "no images"),
        "idx twice": ([("x-idx3-ubyte", images), ("y-idx3-ubyte", images)], "several"),
        "idx 20x20": ([("x-idx3-ubyte", as_idx(np.zeros((2, 20, 20))))], "20x20"),
        "idx of none": ([("x-idx3-ubyte", as_idx(np.zeros((0, 28, 28))))], "no digits"),
        "idx counts differ": ([("x-idx3-ubyte", images), ("x-idx1-ubyte", as_idx(np.zeros(9)))], "9 labels"),
        "idx label 10": ([("x-idx3-ubyte", images), ("x-idx1-ubyte", as_idx(np.full(30, 10)))], "label 10"),
        "pictures without labels": ([("a.png", png), ("IMG_12.png", png)], "no labels"),
    }


def test_every_malformed_set_is_refused_with_a_sentence(rows, mnist):
    for case, (files, word) in malformed(rows, mnist).items():
        with pytest.raises(testset.TestSetError) as refused:
            set_files.read_files("mine", files)
        sentence = str(refused.value)
        assert word in sentence, f"{case}: {sentence}"
        assert sentence.endswith((".", ")")) and "\n" not in sentence and "Error" not in sentence, f"{case}: {sentence}"


def test_what_lies_beside_a_table_is_listed_as_left_out(rows, mnist):
    files = [("photo.zip", as_zip({"7.png": as_png(mnist.images[0])})), ("t.csv", as_csv(rows))]
    found = set_files.read_files("both", files)
    assert same(found, mnist) and [entry.name for entry in found.skipped] == ["7.png"]
    assert found.remarks[1:] == ("1 of 2 files could not be used and count neither as right nor as wrong.",)


def test_the_file_at_fault_is_named(rows):
    wrong = as_csv(np.where(rows == rows.max(), 999, rows))
    with pytest.raises(testset.TestSetError, match=r"^t\.csv has pixels of 999"):
        set_files.read_files("photo.zip and 1 more", [("t.csv", wrong)])


def test_packed_files_in_a_zip_are_measured_together(monkeypatch):
    part = gzip.compress(b"\0" * 600)
    monkeypatch.setattr(set_formats, "LARGEST", 1000)
    with pytest.raises(testset.TestSetError, match="unpacks to more than"):
        set_files.read_files("z.zip", [("z.zip", as_zip({"a-idx3-ubyte.gz": part, "b-idx1-ubyte.gz": part}))])


def test_sizes_are_checked_before_unpacking(monkeypatch):
    monkeypatch.setattr(set_formats, "LARGEST", 1000)
    with pytest.raises(testset.TestSetError, match="unpacks to more"):
        set_files.read_files("a", [("a.zip", as_zip({"7.png": bytes(2000)}))])
    with pytest.raises(testset.TestSetError, match="unpacks to more"):
        set_files.read_files("a", [("a.csv.gz", gzip.compress(bytes(2000)))])
    monkeypatch.setattr(set_formats, "MOST_FILES", 2)
    with pytest.raises(testset.TestSetError, match="at most 2"):
        set_files.read_files("a", [("a.zip", as_zip({f"{n}.png": b"" for n in range(3)}))])


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(testset.TestSetError, match="no file or folder"):
        set_files.read(tmp_path / "missing.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(testset.TestSetError, match="is empty"):
        set_files.read(tmp_path / "empty")


def test_validation_is_the_split_the_model_was_trained_with():
    digits = DigitSet(torch.arange(200 * 784).remainder(251).view(200, 28, 28).byte(), torch.arange(200) % 10)
    settings = TrainingSettings(seed=7, training_images=200, validation_share=0.25)
    held_out = split(digits, settings)[1]
    found = testset.validation({"settings": settings.as_dict()}, digits)
    assert torch.equal(found.digits.images, held_out.images) and not found.remarks
    assert "may have learned" in testset.validation({}, digits).remarks[0]
    assert "may have learned" in testset.validation({"settings": {"epochs": -1}}, digits).remarks[0]

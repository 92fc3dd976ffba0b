"""Whatever bytes are sent as a set: it is read, or refused with a sentence; nothing else can happen."""

import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import words
from core.data import idx, npy
from core.evaluation import set_files
from core.evaluation.set_formats import TestSetError
from core.evaluation.testset import PictureSet, TestSet

quick = settings(max_examples=60, deadline=None)


def as_zip(compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for digit in range(4):
            archive.writestr(f"{digit}/ü_{digit}.png", bytes([digit]) * 40)
        archive.writestr("labels.csv", b"file,label\na.png,3\n")
    return buffer.getvalue()


def as_tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for digit in range(3):
            entry = tarfile.TarInfo(f"{digit}/a.png")
            entry.size = 40
            archive.addfile(entry, io.BytesIO(bytes(40)))
    return buffer.getvalue()


def as_npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((3, 28, 28), np.uint8))
    return buffer.getvalue()


def as_npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros((3, 28, 28), np.uint8), y=np.arange(3))
    return buffer.getvalue()


def as_csv() -> bytes:
    return b"\n".join(b",".join([b"%d" % row, *[b"0"] * 784]) for row in range(3))


SETS = {
    "a.zip": as_zip(),
    "stored.zip": as_zip(zipfile.ZIP_STORED),
    "a.tar": as_tar(),
    "a.tar.gz": gzip.compress(as_tar(), mtime=0),
    "a.npy": as_npy(),
    "a.npz": as_npz(),
    "a.csv": as_csv(),
    "a-images-idx3-ubyte": bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 28, 28) + bytes(2 * 784),
}


def is_answered(files: list[tuple[str, bytes]]) -> str:
    """The sentence a set is refused with, empty where it is read; anything else that is raised fails the test."""
    try:
        found = set_files.read_files("mine", files)
    except TestSetError as error:
        sentence = str(error)
        assert sentence.endswith((".", ")")) and "\n" not in sentence and "Error" not in sentence
        assert words.clean(sentence) == sentence and len(sentence) < 600
        return sentence
    assert isinstance(found, TestSet | PictureSet)
    assert all(remark.endswith(".") and words.clean(remark) == remark for remark in found.remarks)
    return ""


@pytest.mark.parametrize("name", SETS)
@quick
@given(data=st.data())
def test_flipped_bytes_and_cut_ends(name, data):
    content = bytearray(SETS[name])
    places = st.integers(0, len(content) - 1)
    # Heads and directories stand at the ends; in the middle there are only pixels.
    ends = st.one_of(
        st.integers(0, min(200, len(content) - 1)), st.integers(max(0, len(content) - 500), len(content) - 1)
    )
    for at, value in data.draw(st.lists(st.tuples(ends | places, st.integers(0, 255)), min_size=1, max_size=6)):
        content[at] = value
    keep = data.draw(st.one_of(st.just(len(content)), places))
    is_answered([(name, bytes(content[:keep]))])


@quick
@given(name=st.binary(min_size=1, max_size=12), flag=st.booleans(), offset=st.integers(0, 2**32 - 1))
def test_names_that_are_no_utf8_and_directories_that_lie(name, flag, offset):
    stored = name.replace(b"/", b"x").replace(b"\0", b"x")
    content = bytearray(SETS["stored.zip"].replace("0/ü_0.png".encode(), (stored * 10)[:10]))
    directory = content.index(b"PK\x01\x02")
    content[directory + 9] = content[directory + 9] | 8 if flag else content[directory + 9] & ~8
    is_answered([("a.zip", bytes(content))])
    end = content.rindex(b"PK\x05\x06")
    content[end + 16 : end + 20] = struct.pack("<I", offset)
    is_answered([("a.zip", bytes(content))])


@quick
@given(
    kind=st.integers(0, 255),
    sizes=st.lists(st.sampled_from([0, 1, 2, 28, 784, 2**31, 2**32 - 1]), max_size=5),
    held=st.integers(0, 2000),
)
def test_heads_of_idx_files_that_lie(kind, sizes, held):
    content = bytes([0, 0, kind, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + bytes(held)
    is_answered([("a-images-idx3-ubyte", content)])
    try:
        values = idx.parse("a", content)
    except idx.IdxError as error:
        assert str(error).startswith("a ")
    else:
        assert values.size == held > 0


@quick
@given(
    kind=st.sampled_from(["|u1", "<f8", "|O", "<U3", "<c16", "|V8", "<M8[s]", "nonsense", "<f2"]),
    shape=st.lists(st.sampled_from([0, 1, 3, 28, -1, -28, 2**40]), max_size=5),
    held=st.integers(0, 3000),
    junk=st.sampled_from(["", "(" * 300, "__import__('os')", "{}"]),
)
def test_heads_of_npy_files_that_lie(kind, shape, held, junk):
    head = junk or repr({"descr": kind, "fortran_order": False, "shape": tuple(shape)})
    text = head.encode() + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(held)
    is_answered([("a.npy", content)])
    try:
        values = npy.parse("a", content)
    except npy.NpyError as error:
        assert str(error).startswith("a ")
    else:
        assert values.nbytes == held > 0


@quick
@given(
    cells=st.lists(
        st.lists(st.sampled_from(["0", "7", "", "x", '"', "1e999", "nan", "a.png", "0,5", "7" * 140_000]), max_size=5),
        max_size=5,
    ),
    separator=st.sampled_from([",", ";", "\t", " ", "|"]),
    end=st.sampled_from(["\n", "\r", "\r\n", "\n\r", "\0", "\x0b", "\u2028"]),
    name=st.sampled_from(["a.csv", "b.tsv", "c.txt"]),
    beside=st.booleans(),
)
def test_tables_of_anything(cells, separator, end, name, beside):
    content = end.join(separator.join(row) for row in cells).encode()
    is_answered([(name, content), *([("a.png", b"x")] if beside else [])])


@quick
@given(content=st.binary(max_size=300), name=st.text(max_size=20), suffix=st.sampled_from(["", *SETS]))
def test_any_bytes_under_any_name(content, name, suffix):
    is_answered([(name + suffix, content)])


def test_a_row_that_is_no_row_is_named():
    rows = as_csv().split(b"\n")
    long, grey = rows[2] + b",0", rows[1].replace(b"1,0", b"1,grey", 1)
    for wrong, sentence in ((grey, "row 2 holds grey"), (long, "row 2 has 786 columns")):
        assert sentence in is_answered([("a.csv", b"\n".join([rows[0], wrong, rows[2]]))])
    assert "row 1 holds grey" in is_answered([("a.csv", b"\n".join([grey, *rows[1:]]))])  # no title, though no number
    assert "column" in is_answered([("a.csv", b"1,2,3\n4,5,6")])


def test_a_huge_field_and_carriage_returns_are_read():
    huge = b"0" * 200_000 + b"7"
    assert is_answered([("a.csv", as_csv().replace(b"\n", b"\r").replace(b"1,", huge + b",", 1))]) == ""
    quoted = b'"' + b"7" * 200_000 + b'"'
    is_answered([("a.csv", as_csv().replace(b"\n0", b"\n" + quoted, 1)), ("b.csv", quoted)])


def test_a_tar_that_promises_more_than_it_holds_is_refused_before_it_is_unpacked():
    entry = tarfile.TarInfo("7/a.png")
    entry.size = 10**12
    head = entry.tobuf(tarfile.GNU_FORMAT)
    assert "a.tar" in is_answered([("a.tar", head + bytes(1024))])

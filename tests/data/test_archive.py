"""Zips: what is in them, in what order, and that no file, however malformed, does more than be refused."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import archive
from core.data.archive import ArchiveError

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=20)


def pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    return {member.path: member.read() for member in archive.walk("a.zip", lambda: io.BytesIO(content))}


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(NAMES, st.binary(max_size=200), max_size=5),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
)
def test_what_was_packed_comes_out_under_its_name(files: dict[str, bytes], method: int):
    wanted = {name: content for name, content in files.items() if not archive.is_hidden(name) and name[-4:] != ".zip"}
    assert unpack(pack(files, method)).items() >= {
        (name, content) for name, content in wanted.items() if not name.lower().endswith(".zip")
    }


def test_zips_within_zips_are_looked_into():
    inner = pack({"7/a.png": b"seven", "b.png": b"bee"})
    found = unpack(pack({"x.png": b"x", "in/inner.ZIP": pack({"deep.zip": inner, "c.png": b"sea"}), "y.png": b"y"}))
    assert list(found) == ["x.png", "in/inner.ZIP/deep.zip/7/a.png", "in/inner.ZIP/deep.zip/b.png"] + [
        "in/inner.ZIP/c.png",
        "y.png",
    ]
    assert found["in/inner.ZIP/deep.zip/7/a.png"] == b"seven" and found["y.png"] == b"y"


def test_any_order_of_reading_gives_the_same():
    content = pack({"a.zip": pack({"1": b"1", "2": b"2"}), "b.zip": pack({"3": b"3"}), "4": b"4"})
    members = list(archive.walk("a.zip", lambda: io.BytesIO(content)))
    forwards = [member.read() for member in members]
    assert [member.read() for member in reversed(members)] == forwards[::-1] == [b"4", b"3", b"2", b"1"]


def test_files_of_operating_systems_are_no_members():
    hidden = [".DS_Store", "__MACOSX/._7.png", "a/.thumbnails/7.png", "Thumbs.db", "a/desktop.ini", "@eaDir/7.png"]
    assert list(unpack(pack(dict.fromkeys([*hidden, "..\\..\\7.png", "a.b/c.png"], b"")))) == [
        "../../7.png",
        "a.b/c.png",
    ]


def test_names_in_utf_8_without_its_flag_are_read_as_utf_8():
    """As many programs write them."""
    content = pack({"xxxxxx.png": b""})
    assert list(unpack(content.replace(b"xxxxxx", "数字".encode()))) == ["数字.png"]
    assert list(unpack(content.replace(b"xxxxxx", b"\x84bcdef"))) == ["äbcdef.png"]  # the code page of 1981


def replace_at(content: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    at = content.rindex(mark) + offset
    return content[:at] + value + content[at + len(value) :]


def malformed() -> dict[str, bytes]:
    good = pack({"7.png": b"0123456789" * 9})
    quine = pack({"a.zip": pack({"b.zip": pack({"c.zip": pack({"d.png": b""})})})})
    return {
        "name that is no UTF-8": replace_at(good, b"PK\1\2", 46, b"\xff\xfe").replace(
            b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\0\x08"
        ),
        "directory before the file": replace_at(good, b"PK\5\6", 16, b"\xff\xff\xff\x7f"),
        "directory behind the file": replace_at(good, b"PK\5\6", 12, b"\xff\xff\x00\x00"),
        "a list of gigabytes": replace_at(good, b"PK\5\6", 12, b"\xff\xff\xff\xff"),
        "cut": good[:60],
        "locked": replace_at(good, b"PK\1\2", 8, b"\1\0"),
        "of an unknown method": replace_at(good, b"PK\1\2", 10, b"\x63\0"),
        "another content": replace_at(good, b"PK\1\2", 16, b"\0\0\0\0"),
        "nested for ever": quine,
        "office": pack({"[Content_Types].xml": b"", "word/media/1.png": b""}),
    }


@pytest.mark.parametrize("kind", malformed())
def test_a_malformed_zip_is_refused_with_a_sentence(kind: str):
    with pytest.raises(ArchiveError, match=r"\.$"):
        unpack(malformed()[kind])


def test_inner_zips_share_one_limit(monkeypatch: pytest.MonkeyPatch):
    inner = pack({"a": bytes(1000)}, zipfile.ZIP_STORED)
    monkeypatch.setattr(archive, "LARGEST_INNER", 3 * len(inner))
    unpack(pack({f"{number}.zip": inner for number in range(3)}))
    with pytest.raises(ArchiveError):
        unpack(pack({f"{number}.zip": inner for number in range(4)}))


def test_a_file_gives_no_more_than_its_archive_states():
    content = pack({"a.png": bytes(1_000_000)})
    for mark, offset in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        content = replace_at(content, mark, offset, struct.pack("<I", 1000))
    (member,) = archive.walk("a.zip", lambda: io.BytesIO(content))
    assert member.size == 1000
    with pytest.raises(ArchiveError):
        member.read()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_be_refused(data: st.DataObject):
    content = bytearray(pack({"7.png": b"seven", "a.zip": pack({"8.png": b"eight"})}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        members = list(archive.walk("a.zip", lambda: io.BytesIO(bytes(content))))
    except ArchiveError:
        return
    for member in members:
        if member.size < 1000:
            try:
                assert len(member.read()) <= member.size
            except ArchiveError:
                pass


def test_of_many_zips_one_is_open(tmp_path):
    opened = []

    def opener(path):
        def open_it():
            opened.append(path.open("rb"))
            return opened[-1]

        return open_it

    desk, members = archive.Desk(), []
    for number in range(20):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(pack({"a": b"a", "b": b"b"}))
        members += archive.walk(path.name, opener(path), desk)
    for member in members:
        member.read()
        assert sum(not file.closed for file in opened) == 1
    assert len(opened) == 40  # once to list, once to read

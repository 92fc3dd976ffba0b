"""Whatever is handed over becomes the same named pictures, in the order of people, loaded one at a time."""

import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.reading import pdf, picture, sources
from core.reading.picture import PictureError


def png(shade: int = 0, side: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (shade, shade, shade)).save(buffer, "PNG")
    return buffer.getvalue()


def pack(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def draw_pdf(*shades: int, size: tuple[int, int] = (300, 200)) -> bytes:
    buffer = io.BytesIO()
    first, *rest = (Image.new("L", size, shade) for shade in shades)
    first.save(buffer, "PDF", save_all=True, append_images=rest)
    return buffer.getvalue()


def lay_out(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def names(found: sources.Found) -> list[str]:
    return [source.name for source in found.sources]


MIXED = {
    "page 10.png": png(10),
    "page 2.PNG": png(2),
    "7/a.jpg": png(7),
    "readme.txt": b"words",
    ".DS_Store": b"\0",
    "__MACOSX/._page 2.png": b"\0",
    ".thumbnails/page 2.png": png(),
    "Thumbs.db": b"\0",
    "scan.pdf": draw_pdf(0, 128, 255),
    "more.zip": pack({"11.png": png(11), "9.png": png(9), "notes.txt": b"", "two.pdf": draw_pdf(1, 2)}),
}
IN_ORDER = [
    "7/a.jpg",
    "more.zip/9.png",
    "more.zip/11.png",
    "more.zip/two.pdf, page 1",
    "more.zip/two.pdf, page 2",
    "page 2.PNG",
    "page 10.png",
    *(f"scan.pdf, page {number}" for number in (1, 2, 3)),
]


def test_folder_zip_and_page_follow_one_rule_and_one_order(tmp_path: Path):
    folder = lay_out(tmp_path / "set", MIXED)
    (tmp_path / "set.zip").write_bytes(pack(MIXED))
    by_folder, by_zip = sources.find([folder]), sources.find([tmp_path / "set.zip"])
    by_page = sources.find_in_files([(f"set/{name}", content) for name, content in reversed(MIXED.items())])
    zip_on_page = sources.find_in_files([("set.zip", pack(MIXED))])
    assert names(by_folder) == [f"{folder}/{name}" for name in IN_ORDER]
    assert names(by_zip) == [f"{folder}.zip/{name}" for name in IN_ORDER]
    assert names(by_page) == [f"set/{name}" for name in IN_ORDER]
    assert names(zip_on_page) == [f"set.zip/{name}" for name in IN_ORDER]
    contents = [[source.load() for source in one.sources] for one in (by_folder, by_zip, by_page, zip_on_page)]
    assert contents[0] == contents[1] == contents[2] == contents[3]
    assert contents[0][0] == png(7) and contents[0][5] == png(2)
    labels = [source.label for source in by_folder.sources]
    assert labels == [source.label for source in by_zip.sources] == [source.label for source in by_page.sources]
    assert labels[:2] == [7, 9]


def test_what_is_named_itself_is_always_taken(tmp_path: Path):
    """Whatever its name is: its first bytes say what it is."""
    files = {"picture": png(), "zip": pack({"7.png": png(7)}), "pdf": draw_pdf(0), "notes.txt": b"words", "empty": b""}
    folder = lay_out(tmp_path, files)
    found = sources.find([folder / name for name in files] + [folder / "nothing"])
    assert [name.rpartition(f"{folder}/")[2] for name in names(found)] == [
        "picture",
        "zip/7.png",
        "pdf, page 1",
        "notes.txt",
        "empty",
        "nothing",
    ]
    assert [source.load() for source in found.sources[:2]] == [png(), png(7)]
    with pytest.raises(PictureError, match="can't be opened: No such file"):
        found.sources[-1].load()
    on_page = sources.find_in_files(files.items())
    assert names(on_page) == ["empty", "notes.txt", "pdf, page 1", "picture", "zip/7.png"]


def test_folders_and_zips_without_pictures_are_named(tmp_path: Path):
    lay_out(tmp_path, {"a/readme.txt": b"", "b.zip": pack({"c.txt": b""}), "d/7.png": png()})
    found = sources.find([tmp_path / "a", tmp_path / "b.zip", tmp_path / "d"])
    assert found.empty == (str(tmp_path / "a"), str(tmp_path / "b.zip")) and len(found.sources) == 1


@pytest.mark.parametrize("content", [png(), pack({"1.png": png(1), "2.png": png(2)}), draw_pdf(0, 255)])
def test_standard_input_holds_what_a_file_holds(monkeypatch: pytest.MonkeyPatch, content: bytes):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    found, same = sources.find(["-"]), sources.find_in_files([("standard input", content)])
    assert names(found) == names(same)
    assert [one.load() for one in found.sources] == [one.load() for one in same.sources]


@pytest.mark.skipif(sys.platform == "win32", reason="makes a named pipe")
def test_a_pipe_is_read_once(tmp_path: Path):
    import threading

    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(png(5),))
    writer.start()
    (source,) = sources.find([tmp_path / "pipe"]).sources
    writer.join()
    assert source.load() == png(5)


REFUSED = {
    "damaged.zip": b"PK\3\4 and nothing more",
    "damaged.pdf": b"%PDF-1.7 and nothing more",
    "office.docx": pack({"[Content_Types].xml": b"", "word/media/1.png": png()}),
    "bomb.zip": pack({"big.png": bytes(picture.LIMITS.bytes + 1)}),
    "big.png": bytes(picture.LIMITS.bytes + 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_says_so_when_its_turn_comes(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(REFUSED[name])
    for found in (sources.find([tmp_path / name]), sources.find_in_files([(name, REFUSED[name])])):
        (source,) = found.sources
        with pytest.raises(PictureError, match=r"\.$"):
            picture.read(source.load())


@pytest.mark.parametrize(("size", "said"), [(25_000_001, "25.1 MB"), (30_000_000, "30.0 MB"), (25_990_000, "26.0 MB")])
def test_a_file_over_the_limit_is_told_its_own_size(tmp_path: Path, size: int, said: str):
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(size)
    (source,) = sources.find([tmp_path / "big.png"]).sources
    with pytest.raises(PictureError, match=f"This file has {said}; the limit is 25 MB"):
        source.load()


def test_nothing_is_loaded_before_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = lay_out(tmp_path, {f"{number}.png": png(number) for number in range(20)})
    opened: list[Path] = []
    really_open = sources._open
    monkeypatch.setattr(sources, "_open", lambda path: opened.append(path) or really_open(path))
    found = sources.find([folder])
    assert not opened
    found.sources[3].load()
    assert [path.name for path in opened] == ["3.png"]


def test_a_page_is_drawn_large_enough_to_be_reduced_like_a_scan():
    scan = np.random.default_rng(0).integers(0, 255, (700, 500), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(scan).resize((1414, 2000), Image.Resampling.NEAREST).save(buffer, "PDF", quality=95)
    content = buffer.getvalue()
    drawn = Image.open(io.BytesIO(pdf.draw_page(lambda: io.BytesIO(content), 0)))
    assert max(drawn.size) in range(pdf.SIDE, pdf.SIDE + 2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=8), max_size=4))
def test_every_name_can_be_sorted(some: list[str]):
    """Surrogates of names that are no UTF-8, figures of any script and any number of them."""
    some += ["9" * 5000, "0" * 5000, "\udcff7.png", "١٢.png", "²"]
    assert sorted(sorted(some, key=sources.in_order_of_people), key=sources.in_order_of_people)


@pytest.mark.parametrize(
    "in_order",
    [
        ["1.png", "2.png", "10.png", "a1.png"],
        ["IMG_2", "img_9", "IMG_10"],
        ["page_2/1.png", "page_10/1.png"],
        ["a/9.png", "a.png"],
        ["007", "8"],
    ],
)
def test_the_order_is_that_of_people(in_order: list[str]):
    assert sorted(reversed(in_order), key=sources.in_order_of_people) == in_order


NAME = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20).filter(
    lambda name: len(name.encode("utf-8", "surrogateescape")) < 200 if _is_file_name(name) else False
)


def _is_file_name(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return name.strip(".") != ""


@settings(max_examples=40, deadline=None)
@given(NAME)
@pytest.mark.skipif(sys.platform == "win32", reason="its names are stricter")
def test_any_name_a_disk_takes_is_read(tmp_path_factory: pytest.TempPathFactory, name: str):
    """Newlines, right-to-left, emoji, bytes that are no UTF-8."""
    folder = tmp_path_factory.mktemp("names")
    (folder / f"a{name}.png").write_bytes(png(3))
    (source,) = sources.find([folder]).sources
    assert source.name == str(folder / f"a{name}.png") and source.load() == png(3)

"""Whatever is sent is read right or refused with one sentence: the first table of bad inputs, made in memory."""

import io
import re
import struct
import subprocess
import zipfile
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from core.reading import picture, reader
from core.reading.one_digit import NothingFound, preprocess
from core.reading.picture import LIMITS, PictureError
from core.synthesis import sheets as draw_samples

WIDTH, HEIGHT = 200, 240


@pytest.fixture(scope="module")
def covered() -> np.ndarray:
    """Where the ink of a 7 lies, (240, 200) float32: no side or corner looks like another."""
    return draw_samples.write("7_crossed", (WIDTH, HEIGHT), 170, 13, np.random.default_rng(7), (0.45, 0.5))


def save(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def grey(covered: np.ndarray) -> Image.Image:
    return Image.fromarray(((1 - covered) * 255).round().astype(np.uint8))


def assert_refused(content: bytes) -> str:
    """One plain sentence or two: no object's repr, no traceback, no name of an exception. Gives the message."""
    with pytest.raises(PictureError) as caught:
        picture.read(content)
    message = str(caught.value)
    assert re.fullmatch(r"[A-Z][^<>\n]{20,220}\.", message), message
    assert not re.search(r"0x[0-9a-f]+|Error|Exception|None|Traceback|BytesIO", message), message
    return message


# --- read right -------------------------------------------------------------------------------------------------------


def palette(covered: np.ndarray, **options) -> bytes:
    return save(grey(covered).convert("P"), "PNG", **options)


def transparent_palette(covered: np.ndarray, ink: int) -> bytes:
    """Two entries: ink, and a paper that is transparent and of the ink's colour below."""
    image = Image.fromarray((covered > 0.5).astype(np.uint8)).convert("P")
    image.putpalette([ink] * 6)
    return save(image, "PNG", transparency=bytes([0, 255]))


def transparent(covered: np.ndarray, ink: int, mode: str, format: str, **options) -> bytes:
    colour = Image.new("L", (WIDTH, HEIGHT), ink)
    alpha = Image.fromarray((covered * 255).round().astype(np.uint8))
    bands = [colour, alpha] if mode == "LA" else [colour, colour, colour, alpha]
    return save(Image.merge(mode, bands), format, **options)


def by_opencv(covered: np.ndarray, channels: int) -> bytes:
    deep = ((1 - covered) * 65535).round().astype(np.uint16)
    layers = [deep] * 3 + ([np.full_like(deep, 65535)] if channels == 4 else [])
    return cv2.imencode(".png", np.dstack(layers))[1].tobytes()


def several(covered: np.ndarray, format: str, **options) -> bytes:
    """The digit first, then blank frames."""
    blank = Image.new("RGB", (WIDTH, HEIGHT), "white")
    return save(grey(covered).convert("RGB"), format, save_all=True, append_images=[blank, blank], **options)


def deep(covered: np.ndarray, full: float, dtype: type, format: str = "TIFF") -> bytes:
    return save(Image.fromarray(((1 - covered) * full).astype(dtype)), format)


READABLE = {
    "png grey": lambda c: save(grey(c), "PNG"),
    "png colour": lambda c: save(grey(c).convert("RGB"), "PNG"),
    "png with opaque alpha": lambda c: save(grey(c).convert("RGBA"), "PNG"),
    "png grey with opaque alpha": lambda c: save(grey(c).convert("LA"), "PNG"),
    "png 1 bit": lambda c: save(grey(c).convert("1", dither=Image.Dither.NONE), "PNG"),
    "png palette": palette,
    "png palette, paper transparent, black ink": lambda c: transparent_palette(c, 0),
    "png palette, paper transparent, white ink": lambda c: transparent_palette(c, 255),
    "png black ink on transparent": lambda c: transparent(c, 0, "RGBA", "PNG"),
    "png white ink on transparent": lambda c: transparent(c, 255, "RGBA", "PNG"),
    "png grey, black ink on transparent": lambda c: transparent(c, 0, "LA", "PNG"),
    "png grey, white ink on transparent": lambda c: transparent(c, 255, "LA", "PNG"),
    "webp white ink on transparent": lambda c: transparent(c, 255, "RGBA", "WEBP", lossless=True),
    "png 16 bits": lambda c: deep(c, 65535, np.uint16, "PNG"),
    "png 16 bits holding 12": lambda c: deep(c, 4095, np.uint16, "PNG"),
    "png 16 bits, colour": lambda c: by_opencv(c, 3),
    "png 16 bits, colour and alpha": lambda c: by_opencv(c, 4),
    "tiff 16 bits": lambda c: deep(c, 65535, np.uint16),
    "tiff 16 bits holding 8": lambda c: deep(c, 255, np.uint16),
    "tiff 32 bits": lambda c: deep(c, 65535, np.int32),
    "tiff float 0 to 1": lambda c: deep(c, 1, np.float32),
    "tiff float 0 to 255": lambda c: deep(c, 255, np.float32),
    "tiff float with gaps": lambda c: save(
        Image.fromarray(np.where(np.indices(c.shape).sum(0) < 9, np.nan, 1 - c).astype(np.float32)), "TIFF"
    ),
    "tiff packed": lambda c: save(grey(c), "TIFF", compression="tiff_lzw"),
    "tiff cmyk": lambda c: save(grey(c).convert("RGB").convert("CMYK"), "TIFF"),
    "jpeg grey": lambda c: save(grey(c), "JPEG"),
    "jpeg colour": lambda c: save(grey(c).convert("RGB"), "JPEG", progressive=True),
    "jpeg cmyk": lambda c: save(grey(c).convert("RGB").convert("CMYK"), "JPEG"),
    "jpeg of two pictures": lambda c: several(c, "MPO"),
    "gif": lambda c: save(grey(c), "GIF"),
    "gif animated": lambda c: several(c, "GIF", duration=100),
    "webp": lambda c: save(grey(c).convert("RGB"), "WEBP"),
    "webp animated": lambda c: several(c, "WEBP", duration=100),
    "avif": lambda c: save(grey(c).convert("RGB"), "AVIF"),
    "heic": lambda c: save(grey(c).convert("RGB"), "HEIF"),
    "bmp": lambda c: save(grey(c).convert("RGB"), "BMP"),
    "bmp 1 bit": lambda c: save(grey(c).convert("1", dither=Image.Dither.NONE), "BMP"),
    "ppm": lambda c: save(grey(c).convert("RGB"), "PPM"),
}


@pytest.mark.parametrize("kind", READABLE)
def test_every_kind_of_picture_shows_the_same_digit(kind: str, covered: np.ndarray, model):
    found = picture.read(READABLE[kind](covered))
    assert found.size == (WIDTH, HEIGHT)
    assert found.colours.shape == (HEIGHT, WIDTH, 3)
    assert found.colours.dtype == np.uint8
    brightness = found.colours.mean(2)
    ink, paper = brightness[covered > 0.9].mean(), np.median(brightness[covered == 0])
    assert abs(ink - paper) > 200, "ink and paper use the whole range"
    assert reader.read(model, found).text == "7"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_is_turned_as_its_exif_tag_says(orientation: int, format: str, covered: np.ndarray, model):
    upright = grey(covered).convert("RGB")
    turn = Image.Transpose
    as_stored = {
        1: lambda image: image,
        2: lambda image: image.transpose(turn.FLIP_LEFT_RIGHT),
        3: lambda image: image.transpose(turn.ROTATE_180),
        4: lambda image: image.transpose(turn.FLIP_TOP_BOTTOM),
        5: lambda image: image.transpose(turn.TRANSPOSE),
        6: lambda image: image.transpose(turn.ROTATE_90),
        7: lambda image: image.transpose(turn.TRANSVERSE),
        8: lambda image: image.transpose(turn.ROTATE_270),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = picture.read(save(as_stored, format, exif=exif))
    assert found.size == upright.size
    assert np.abs(found.colours.astype(int) - np.asarray(upright)).mean() < 4, "lossy formats differ a little"
    assert reader.read(model, found).text == "7"


def test_a_large_photo_is_reduced_and_its_size_told_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.new("RGB", (3000, 2000), "white")
    stored.paste("black", (0, 0, 1500, 2000))  # the left half, which is on top when turned a quarter clockwise
    found = picture.read(save(stored, "JPEG", exif=exif))
    assert found.size == (2000, 3000)
    height, width = found.colours.shape[:2]
    assert height == LIMITS.side
    assert abs(width - LIMITS.side * 2 / 3) <= 1
    assert found.colours[: height // 2 - 5].max() < 10
    assert found.colours[height // 2 + 5 :].min() > 245


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_a_senseless_exif_tag_leaves_the_picture_as_it_is(orientation: int, covered: np.ndarray):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = picture.read(save(grey(covered).convert("RGB"), "JPEG", exif=exif))
    assert found.size == (WIDTH, HEIGHT)


def test_a_broken_exif_block_is_no_reason_to_refuse(covered: np.ndarray):
    content = save(grey(covered).convert("RGB"), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 20)
    assert picture.read(content).size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (2, 2), (8, 8), (3, 1000), (28, 28)])
@pytest.mark.parametrize("colour", ["white", "black"])
def test_extreme_shapes_are_read_and_hold_no_digit(size: tuple[int, int], colour: str):
    found = picture.read(save(Image.new("RGB", size, colour), "PNG"))
    assert found.size == size
    assert max(found.colours.shape) <= LIMITS.side
    assert isinstance(preprocess(found), NothingFound)


def test_a_20_megapixel_png_is_read(model):
    page = Image.new("L", (5000, 4000), 255)
    ink = draw_samples.write("7_crossed", (500, 400), 300, 24, np.random.default_rng(1))
    page.paste(grey(ink).resize((5000, 4000)))
    found = picture.read(save(page, "PNG", compress_level=1))
    assert found.size == (5000, 4000)
    assert reader.read(model, found).text == "7"


def test_fully_transparent_is_blank_paper():
    for ink in (0, 255):
        found = picture.read(save(Image.new("LA", (90, 90), (ink, 0)), "PNG"))
        assert found.colours.min() == found.colours.max()


def test_missing_corners_of_opaque_paper_are_no_ink(model):
    """A photo turned by some app has transparent corners; they are filled like paper, not like ink."""
    for ink, paper in ((30, 245), (245, 20)):
        covered = draw_samples.write("7_crossed", (300, 300), 150, 11, np.random.default_rng(3))
        colours = (paper + (ink - paper) * covered).round().astype(np.uint8)
        turned = Image.fromarray(colours).convert("LA").rotate(12, fillcolor=(0, 0))
        assert reader.read(model, picture.read(save(turned, "PNG"))).text == "7"


@pytest.mark.parametrize("shape", [(60, 50), (60, 50, 3), (60, 50, 4)])
def test_arrays_come_in_as_they_are(shape: tuple[int, ...]):
    array = np.full(shape, 255, np.uint8)
    array[10:50, 20:25, ...] = 0
    if len(shape) == 3 and shape[2] == 4:
        array[..., 3] = 255
    found = picture.from_array(array)
    assert found.size == (50, 60)
    assert found.colours[30, 22].tolist() == [0, 0, 0]
    assert found.colours[5, 5].tolist() == [255, 255, 255]


def test_a_read_only_array_is_welcome():
    array = np.zeros((30, 30, 4), np.uint8)
    array.setflags(write=False)
    assert picture.from_array(array).size == (30, 30)


# --- refused with a sentence ------------------------------------------------------------------------------------------


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("7.png", b"digit")
    return buffer.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M1 1L8 8"/></svg>'
NO_PICTURE = {
    "empty": b"",
    "one byte": b"\x89",
    "text": b"seven\n",
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
    "json": b'{"digit": 7}',
    "svg": SVG,
    "svg in xml": b'<?xml version="1.0"?>\n' + SVG,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "zip": archive(),
    "film": b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(200),
    "noise": np.random.default_rng(0).bytes(5000),
    "zeros": bytes(5000),
    "png's first bytes": b"\x89PNG\r\n\x1a\n",
    "png's first bytes and noise": b"\x89PNG\r\n\x1a\n" + np.random.default_rng(1).bytes(900),
    "jpeg's first bytes": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "gif's first bytes": b"GIF89a",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n0 0 moveto 90 90 lineto stroke\n",
}


@pytest.mark.parametrize("kind", NO_PICTURE)
def test_what_is_no_picture_is_refused_with_a_sentence(kind: str):
    assert_refused(NO_PICTURE[kind])


@pytest.mark.parametrize(("kind", "word"), [("svg", "SVG"), ("svg in xml", "SVG"), ("pdf", "PDF"), ("zip", "zip")])
def test_the_sentence_names_what_it_is(kind: str, word: str):
    assert word in assert_refused(NO_PICTURE[kind])


def test_an_empty_file_is_called_empty():
    assert "empty" in assert_refused(b"")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.8])
def test_half_a_picture_is_refused(format: str, share: float):
    noise = np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8)
    content = save(Image.fromarray(noise), format)
    assert_refused(content[: int(len(content) * share)])


def test_no_program_is_started_for_a_picture(monkeypatch: pytest.MonkeyPatch):
    """Pillow hands PostScript to Ghostscript, which would run a stranger's program."""

    def refuse(*arguments, **options):
        raise AssertionError("a picture started another program")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", "gs")
    assert_refused(NO_PICTURE["postscript"])


def claim(width: int, height: int) -> bytes:
    """A PNG whose head claims a size, followed by very little."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_100, 10_000, 14_000, 100_000, 2**31 - 1])
def test_too_many_pixels_are_refused_before_decoding(side: int, monkeypatch: pytest.MonkeyPatch):
    def decode(self):
        raise AssertionError("decoded before its size was checked")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    message = assert_refused(claim(side, side))
    assert f"{LIMITS.pixels // 10**6} million" in message


def test_a_tiny_file_that_unfolds_is_refused():
    content = save(Image.new("1", (10_000, 10_000), 1), "PNG")
    assert len(content) < 50_000
    assert "10000 x 10000" in assert_refused(content)


def test_too_many_bytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("opened before its size was checked"))
    message = assert_refused(b"\xff\xd8" + bytes(LIMITS.bytes))
    assert f"{LIMITS.bytes // 10**6} MB" in message


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0, 4)])
def test_an_array_without_pixels_is_refused(shape: tuple[int, ...]):
    with pytest.raises(PictureError):
        picture.from_array(np.zeros(shape, np.uint8))

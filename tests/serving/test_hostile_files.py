"""Five hundred hostile files to the API: each is answered within seconds, and the memory stays what it was."""

import io
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator

import psutil
import pytest
from PIL import Image
from starlette.testclient import TestClient

from core.workspace import SHIPPED

SAMPLES = SHIPPED / "samples"
READ = "/api/v1/read"
ANSWERED = {200, 413, 422}
PATIENCE = 5.0  # seconds; an honest picture takes a twentieth of one, other tests run beside this one
GROWTH = 300e6  # bytes that may stay: the largest picture's pixels and its decoder


def encode(kind: str, size: tuple[int, int] = (60, 60)) -> bytes:
    buffer = io.BytesIO()
    with Image.open(SAMPLES / "7_plain_in_the_corner.png") as image:
        image.convert("RGB").resize(size).save(buffer, kind)
    return buffer.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of(width: int, height: int, content: bytes = b"") -> bytes:
    """A PNG that states a size and holds what it likes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def bombs() -> Iterator[bytes]:
    yield png_of(2**31 - 1, 2**31 - 1)
    yield png_of(7000, 7000, zlib.compress(bytes(49_007_000), 9))  # 49 million pixels in 50 kB
    yield png_of(50_000, 50_000, zlib.compress(bytes(10_000_000), 9))
    yield png_of(0, 0)
    yield png_of(60, 60, zlib.compress(bytes(50_000_000), 9))
    yield png_of(100, 100)[:-12] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000), 9)) + chunk(b"IEND", b"")
    frames = io.BytesIO()
    Image.new("L", (500, 500)).save(frames, "GIF", save_all=True, append_images=[Image.new("L", (500, 500), 9)] * 300)
    yield frames.getvalue()


def polyglots() -> Iterator[bytes]:
    picture, archive = encode("PNG"), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../etc/x", "x")
    for behind in (archive.getvalue(), b"<script>alert(1)</script>", b"%PDF-1.7\n", b"%!PS-Adobe\n", bytes(1000)):
        yield picture + behind
        yield behind + picture
    yield b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
    yield b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    yield b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n"
    yield b'{"a": ' * 100_000


def truncated() -> Iterator[bytes]:
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM"):
        content = encode(kind)
        for step in range(28):
            yield content[: step * len(content) // 28]


def damaged() -> Iterator[bytes]:
    rng = random.Random(0)
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM"):
        content = encode(kind)
        for number in range(40):
            changed = bytearray(content)
            for _ in range(1 + number % 8):
                end = 80 if number % 2 else len(content)  # heads above all
                changed[rng.randrange(min(end, len(content)))] = rng.randrange(256)
            yield bytes(changed)


@pytest.mark.slow
def test_each_is_answered_in_time_and_memory_stays(client: TestClient):
    files = [*bombs(), *polyglots(), *truncated(), *damaged()]
    assert len(files) >= 490
    for content in [encode("PNG"), *bombs(), *polyglots()]:  # the largest of them, so that what threads keep is kept
        client.post(READ, content=content)
    before, slowest = psutil.Process().memory_info().rss, 0.0
    for number, content in enumerate(files):
        start = time.monotonic()
        answer = client.post(READ, content=content)
        slowest = max(slowest, time.monotonic() - start)
        assert answer.status_code in ANSWERED, (number, answer.text)
        assert slowest < PATIENCE, (number, slowest)
    assert psutil.Process().memory_info().rss - before < GROWTH


def test_some_of_each_kind_in_one_form(client: TestClient):
    files = [*bombs()][:1] + [*polyglots()][::4] + [*truncated()][::20] + [*damaged()][::20]
    rows = client.post(READ, files=[("file", (f"<b>{at}</b>.png", content)) for at, content in enumerate(files)]).json()
    assert [row["file"] for row in rows] == [f"<b>{at}</b>.png" for at in range(len(files))]
    assert {row["verdict"] for row in rows} >= {"error"}

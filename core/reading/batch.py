"""Many files read one after the other: the answer to each, which were refused, how many are right."""

import hashlib
import io
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from PIL import Image

from core import words
from core.data.labels import label_from_path
from core.network.checkpoint import Checkpoint
from core.reading.mnist_form import Box
from core.reading.picture import Picture, PictureError
from core.reading.picture import read as read_picture
from core.reading.reader import Reading, read

THUMBNAIL = 72  # pixels: longer side
KEPT_AS_SENT = 200_000  # bytes: of larger files the pixels that were read are kept where they take less


@dataclass(frozen=True)
class Item:
    """One file: its `name` as sent, its `label` where its path names one, and either what was read or an `error`.

    `digits` are the digit, the confidence and the box (x, y, width, height in pixels of the upright picture) of each
    digit that was read. `content` is the file itself, or the pixels that were read as PNG, whichever is smaller: 3 MB
    at most, about 1 for a phone's photo. `size` is the (width, height) in pixels of the upright original."""

    key: str
    name: str
    label: int | None
    text: str
    verdict: str
    confidence: float
    probabilities: tuple[float, ...]
    digits: tuple[tuple[int, float, Box], ...]
    remark: str
    error: str | None
    thumbnail: bytes
    content: bytes
    size: tuple[int, int] = (0, 0)

    def picture(self) -> Picture:
        """The very picture that was read: reading it again gives the same answer and the same steps.

        Raises `PictureError` for an item that was refused.
        """
        return replace(read_picture(self.content), size=self.size)

    @property
    def is_right(self) -> bool | None:
        """Whether the answer is the label; None where there is no label or the file was refused."""
        return None if self.label is None or self.error else self.text == str(self.label)


def identify(name: str, content: bytes) -> str:
    """A key for one file: the same name and content give the same key."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass") + b"\0" + content).hexdigest()[:16]


def read_file(checkpoint: Checkpoint, name: str, content: bytes, expect: str = "auto") -> Item:
    """Read one file, `expect` as in `reading.reader.read`; a refusal becomes an `Item` with an error, so that the
    rest of a batch goes on."""
    try:
        return summarise(name, content, read(checkpoint, read_picture(content), expect=expect))
    except PictureError as error:
        return refuse(name, str(error), identify(name, content))


def summarise(name: str, content: bytes, reading: Reading) -> Item:
    """The item of a file that was read."""
    picture = reading.picture
    return Item(
        key=identify(name, content),
        name=name,
        label=label_from_path(name),
        text=reading.text,
        verdict=reading.verdict,
        confidence=reading.confidence,
        probabilities=reading.probabilities,
        digits=tuple((digit.digit, digit.confidence, digit.box) for digit in reading.digits),
        remark=reading.sentence,
        error=None,
        thumbnail=_draw_thumbnail(picture),
        content=content if len(content) <= KEPT_AS_SENT else min(content, _to_png(picture.colours), key=len),
        size=picture.size,
    )


def refuse(name: str, sentence: str, key: str = "") -> Item:
    """The item of a file that could not be read, with the sentence that says why."""
    return Item(key, name, label_from_path(name), "", "error", 0.0, (0.0,) * 10, (), sentence, sentence, b"", b"")


def tabulate(items: list[Item]) -> pd.DataFrame:
    """One row an item, in order: file, answer, confidence, verdict, label, right, remark."""
    return pd.DataFrame(
        {
            "file": [show_name(item.name) for item in items],
            "answer": [item.text for item in items],
            "confidence": [item.confidence if item.text else None for item in items],
            "verdict": [item.verdict for item in items],
            "label": pd.array([item.label for item in items], dtype="Int64"),
            "right": pd.array([item.is_right for item in items], dtype="boolean"),
            "remark": [item.remark for item in items],
        }
    )


def show_name(name: str, longest: int = 80) -> str:
    """A file's name, safe to show: no control characters, the middle of a long one left out."""
    clean = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    half = longest // 2
    return clean if len(clean) <= longest else f"{clean[:half]}…{clean[-half:]}"


def to_csv(items: list[Item]) -> bytes:
    """The table as CSV with the ten probabilities, UTF-8 with a mark so that spreadsheets read it right.

    Names that a spreadsheet would run as a formula get an apostrophe in front.
    """
    table = tabulate(items)
    table["file"] = table["file"].map(words.safe_cell)
    for digit in range(10):
        table[f"p{digit}"] = [round(item.probabilities[digit], 6) for item in items]
    text: str = table.to_csv(index=False)
    return text.encode("utf-8-sig")


def _draw_thumbnail(picture: Picture) -> bytes:
    image = Image.fromarray(picture.colours)
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    return _to_png(np.asarray(image))


def _to_png(pixels: np.ndarray) -> bytes:
    """Pixels (H, W, 3) uint8 as a PNG, packed quickly: the highest level saves a tenth and takes ten times as long."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

"""How a network learned, as pictures of one moment after the other, and as a film of them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core import words
from core.explanation.replay import Frame, Overview
from core.figures import digit_images, layer_images
from core.figures.theme import ACCENT, DIGITS, PAPER, QUIET, RULE, SECOND, TEXT, rgb

SIDE = 420  # pixels: of a map and of a matrix
BARS = (260, 224)  # pixels: width and height of the ten bars
DOT, RING = 3, 9  # pixels: half the width of a digit's dot, and of the ring around one's own
EDGE = 24  # pixels around what a film shows
MOST_MAPS = 16  # of the first layer, in a film: a row
REPEATS = 2  # frames of an MP4 for each picture: some players leave out the last one; each costs 0.2 s


def draw_places(
    places: np.ndarray,
    labels: np.ndarray,
    own: tuple[float, float],
    bounds: tuple[np.ndarray, np.ndarray],
    dark: bool = False,
) -> np.ndarray:
    """Digits as dots at their `places` (N, 2), coloured by `labels` (N,), each digit's name in the middle of its dots,
    a ring where one's `own` digit lies: (SIDE, SIDE, 3) uint8. What lies beyond the `bounds`, the smallest and the
    largest x and y, stands at the edge."""
    picture, pen = _new_sheet(SIDE, SIDE, dark)
    low, high = bounds
    scale = (SIDE - 2 * RING) / np.maximum(high - low, 1e-6)
    for (x, y), label in zip((np.clip(places, low, high) - low) * scale + RING, labels.tolist(), strict=True):
        pen.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=DIGITS[label])
    for label in range(10):
        if (labels == label).any():
            middle = (np.clip(np.median(places[labels == label], axis=0), low, high) - low) * scale + RING
            _write(pen, tuple(middle), str(label), 24, dark, outlined=True)
    x, y = (np.clip(np.array(own), low, high) - low) * scale + RING
    pen.ellipse((x - RING, y - RING, x + RING, y + RING), outline=TEXT[dark], width=3)
    return np.asarray(picture)


def draw_confusion(confusion: np.ndarray, dark: bool = False) -> np.ndarray:
    """How often each true digit (row) was read as each digit (column), (10, 10), as a matrix with its counts, blue
    where that is right and orange where not, each row's colour by its share: (SIDE, SIDE, 3) uint8."""
    picture, pen = _new_sheet(SIDE, SIDE, dark)
    cell = SIDE // 11
    totals = np.maximum(confusion.sum(axis=1), 1)
    for true in range(10):
        _write(pen, (cell / 2, (true + 1.5) * cell), str(true), 15, dark)
        _write(pen, ((true + 1.5) * cell, cell / 2), str(true), 15, dark)
        for read in range(10):
            count = int(confusion[true, read])
            share = count / totals[true]
            full = np.array(rgb((ACCENT if true == read else SECOND)[dark]))
            paper = np.array(rgb(PAPER[dark]))
            shade = tuple(int(value) for value in paper + 0.75 * share * (full - paper))
            box = ((read + 1) * cell, (true + 1) * cell, (read + 2) * cell - 2, (true + 2) * cell - 2)
            pen.rectangle(box, fill=shade, outline=RULE[dark])
            if count:
                _write(pen, ((read + 1.5) * cell - 1, (true + 1.5) * cell - 1), str(count), 13, dark)
    return np.asarray(picture)


def draw_bars(probabilities: np.ndarray, dark: bool = False) -> np.ndarray:
    """The ten probabilities (10,) as bars, the largest in the accent's colour: (H, W, 3) uint8."""
    wide, high = BARS
    picture, pen = _new_sheet(wide, high, dark)
    row = high / 10
    for digit, share in enumerate(probabilities.tolist()):
        middle = (digit + 0.5) * row
        _write(pen, (8, middle), str(digit), 14, dark)
        colour = (ACCENT if digit == probabilities.argmax() else QUIET)[dark]
        pen.rectangle((24, middle - 0.32 * row, 25 + share * (wide - 90), middle + 0.32 * row), fill=colour)
        if share >= 0.05:
            _write(pen, (52 + share * (wide - 90), middle), _say_share(share), 12, dark)
    return np.asarray(picture)


def find_bounds(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest x and y that a map shows, from the places (N, 2) at the end of the run, with a
    little room around them."""
    low, high = places.min(axis=0), places.max(axis=0)
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def compose(
    digit: np.ndarray,
    frame: Frame,
    overview: Overview,
    labels: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    limits: tuple[float, float],
    last: int,
) -> np.ndarray:
    """One picture of a film, (H, W, 3) uint8: a digit (28, 28) in [0, 1] with its answer, the filters and the first
    maps, the map of digits with `labels` (N,), and the confusion matrix, after `frame.step` steps of `last`. `limits`:
    the values at which filters and maps have their full colour, the same in the whole film."""
    wide = 2 * SIDE + 3 * EDGE
    filters = layer_images.draw_layer(frame.filters, limits[0])
    maps = layer_images.draw_layer(frame.values[:MOST_MAPS], limits[1])
    top = EDGE + 40
    middle = top + BARS[1] + EDGE
    bottom = middle + min(maps.shape[0], 120) + EDGE
    picture, pen = _new_sheet(wide, bottom + SIDE + EDGE, dark=False)
    sentence = f"Step {frame.step:,} of {last:,}: read as {frame.answer}; {_say_share(overview.accuracy)} right"
    pen.text((EDGE, EDGE), sentence, TEXT[False], ImageFont.load_default(22))
    picture.paste(Image.fromarray(digit_images.enlarge(digit, 8)).convert("RGB"), (EDGE, top))
    picture.paste(Image.fromarray(draw_bars(frame.probabilities)), (EDGE + 224 + EDGE, top))
    left = EDGE + 224 + EDGE + BARS[0] + EDGE
    picture.paste(_fit(filters, wide - left - EDGE, BARS[1]), (left, top))
    picture.paste(_fit(maps, wide - 2 * EDGE, 120), (EDGE, middle))
    picture.paste(Image.fromarray(draw_places(overview.places, labels, frame.place, bounds)), (EDGE, bottom))
    picture.paste(Image.fromarray(draw_confusion(overview.confusion)), (2 * EDGE + SIDE, bottom))
    return np.asarray(picture)


def as_gif(pictures: Sequence[np.ndarray], seconds: float) -> bytes:
    """Pictures (H, W, 3) uint8 of one size as a GIF that begins again at its end, `seconds` each."""
    frames = [Image.fromarray(one).quantize(128) for one in pictures]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=round(1000 * seconds), loop=0)
    return buffer.getvalue()


def as_mp4(pictures: Sequence[np.ndarray], seconds: float) -> bytes:
    """The same as an MP4, by the VP9 encoder that comes with OpenCV, which browsers play. Raises `OSError` where this
    build of OpenCV has none."""
    import cv2

    high, wide = pictures[0].shape[0] // 2 * 2, pictures[0].shape[1] // 2 * 2  # encoders want even sides
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"vp09"), REPEATS / seconds, (wide, high))
        if not writer.isOpened():
            raise OSError("This build of OpenCV can't write MP4 files. The GIF shows the same.")
        for picture in pictures:
            for _ in range(REPEATS):
                writer.write(np.ascontiguousarray(picture[:high, :wide, ::-1]))
        writer.release()
        return path.read_bytes()


def _new_sheet(wide: int, high: int, dark: bool) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (wide, high), PAPER[dark])
    return picture, ImageDraw.Draw(picture)


def _write(
    pen: ImageDraw.ImageDraw, middle: tuple[float, ...], text: str, size: int, dark: bool, outlined: bool = False
) -> None:
    """Text around its middle; `outlined` by paper where it stands on dots."""
    pen.text(
        (middle[0], middle[1]),
        text,
        TEXT[dark],
        ImageFont.load_default(size),
        anchor="mm",
        stroke_width=3 if outlined else 0,
        stroke_fill=PAPER[dark],
    )


def _say_share(share: float) -> str:
    """A share as all pages say it, with a space that Pillow's own font has."""
    return words.percent(share, 0).replace(words.SPACE, " ")


def _fit(picture: np.ndarray, wide: int, high: int) -> Image.Image:
    """A picture made of squares, reduced to this width and height at most."""
    image = Image.fromarray(picture)
    image.thumbnail((wide, high), Image.Resampling.NEAREST)
    return image

"""Turns any file a person sends into one upright colour picture, or an error with a sentence."""

import io
import math
import warnings
from dataclasses import dataclass

import numpy as np
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from core.config import PictureLimits
from core.reading.settings import INK

pillow_heif.register_heif_opener()

LIMITS = PictureLimits()
SUFFIXES = ("png", "jpg", "jpeg", "heic", "heif", "webp", "avif", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm")
# Pillow knows more, PostScript among them, which it hands to Ghostscript: a stranger's program would run.
FORMATS = ("PNG", "JPEG", "HEIF", "WEBP", "AVIF", "BMP", "GIF", "TIFF", "PPM")

# The first bytes of what people send instead of a picture, and what to tell them.
MISTAKEN = (
    (b"%PDF", "This is a PDF. Export the page as PNG or JPEG, or take a screenshot of it."),
    (b"PK\x03\x04", "This is a zip archive or an office document. Unpack it and send the pictures inside."),
    (b"<svg", "This is an SVG drawing. Export it as PNG, or take a screenshot of it."),
    (b"<?xml", "This is an XML or SVG file. Export the drawing as PNG, or take a screenshot of it."),
)


class PictureError(ValueError):
    """A file that can't be read as a picture; the message says what is wrong and what works instead."""


@dataclass(frozen=True)
class Picture:
    """`colours` (H, W, 3) uint8, upright, no side longer than `PictureLimits.side`; `size` is the (width, height) in
    pixels of the upright original, before it was reduced."""

    colours: np.ndarray
    size: tuple[int, int]

    def locate(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        """Where a part of the upright original lies in `colours`: its four edges, in pixels of the original -> the same
        in pixels of `colours`, inside it.

        Each axis has its own scale: the shorter side of a reduced picture was rounded to whole pixels.
        """
        height, width = self.colours.shape[:2]
        across, down = width / self.size[0], height / self.size[1]
        return (
            min(max(left * across, 0.0), width),
            min(max(top * down, 0.0), height),
            min(max(right * across, 0.0), width),
            min(max(bottom * down, 0.0), height),
        )


def read(content: bytes, side: int = LIMITS.side) -> Picture:
    """The first frame of a picture file, turned upright by its EXIF tag, transparency laid on contrasting paper.

    Reads PNG, JPEG, HEIC, WebP, AVIF, BMP, GIF and TIFF of any bit depth; the longer side has at most `side` pixels
    then. Sizes are checked before anything is decoded. Raises `PictureError` with a sentence.
    """
    if not content:
        raise PictureError("This file is empty. Send it again, or choose another one.")
    check_size(len(content))
    image = _open(content)
    width, height = image.size
    if width * height > LIMITS.pixels:
        raise PictureError(
            f"This picture has {width * height / 1e6:.0f} million pixels ({width} x {height}); the limit is "
            f"{LIMITS.pixels / 1e6:.0f} million. Save it smaller, or crop it to the digit."
        )
    try:
        # JPEG only: decodes at a half, a quarter or an eighth, neither side smaller than asked for.
        longest = max(image.size)
        image.draft("RGB", (max(1, width * side // longest), max(1, height * side // longest)))
        turned = _turn(image)
        colours = _flatten(turned, side)
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise PictureError(
            "This picture is damaged: part of it is missing or unreadable. Send it again, or take a new one."
        ) from error
    # The draft may have halved the picture; only its shape tells whether EXIF laid it on its side.
    if (turned.width < turned.height) != (width < height):
        width, height = height, width
    return Picture(colours, (width, height))


def check_size(size: int) -> None:
    """Raise `PictureError` for a file of more bytes than are read."""
    if size > LIMITS.bytes:
        tenths = math.ceil(size / 100_000)  # upwards: what is over the limit never rounds to the limit
        raise PictureError(
            f"This file has {tenths / 10:,.1f} MB; the limit is {LIMITS.bytes / 1e6:.0f} MB. "
            "Save it smaller or as JPEG."
        )


def from_array(colours: np.ndarray) -> Picture:
    """A picture from pixels: (H, W) or (H, W, 3) or (H, W, 4) uint8, the fourth channel alpha.

    This is the way in of the canvas and of data sets. Raises `PictureError` for an array without pixels.
    """
    if colours.size == 0:
        raise PictureError("This picture has no pixels.")
    image = Image.fromarray(np.ascontiguousarray(colours))
    return Picture(_flatten(image), image.size)


def _open(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures and odd tags; sizes are checked here
            return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureError(
            f"This picture has far more than {LIMITS.pixels / 1e6:.0f} million pixels. Save it smaller."
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        start = content[:256].lstrip().lower()
        for mark, sentence in MISTAKEN:
            if start.startswith(mark.lower()):
                raise PictureError(sentence) from error
        raise PictureError(
            "This is not a picture, or it is damaged. PNG, JPEG, HEIC, WebP, AVIF, GIF, BMP and TIFF can be read."
        ) from error


def _turn(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a malformed EXIF block is no reason to refuse the picture
        return image


def _flatten(image: Image.Image, side: int = LIMITS.side) -> np.ndarray:
    """Any mode -> (H, W, 3) uint8, no side longer than `side` pixels."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_scale_to_bytes(np.asarray(image)))
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("L", "LA", "RGB", "RGBA") and _is_mask(image):
        image = Image.fromarray(np.where(np.asarray(image) > 0, np.uint8(255), np.uint8(0)))
    if image.mode in ("L", "RGB", "1"):
        return _reduce(image.convert("RGB"), side)
    if image.mode == "CMYK" or not image.has_transparency_data:
        return _reduce(image.convert("RGB"), side)
    pixels = np.asarray(_shrink(image.convert("RGBA"), side)).astype(np.float32)
    colours, alpha = pixels[..., :3], pixels[..., 3:] / 255
    if alpha.min() == 1:
        return colours.astype(np.uint8)
    weight = alpha.sum()
    brightness = float((colours * alpha).sum() / (3 * weight)) if weight else 0.0
    # Mostly transparent: what is there is ink, and the paper must stand out from it (white ink vanishes on white).
    # Mostly opaque: the paper is there too, and only its missing corners are filled.
    is_ink = weight < 0.5 * alpha.size
    paper = 255.0 if (brightness < 128) == is_ink else 0.0
    return (colours * alpha + paper * (1 - alpha)).round().astype(np.uint8)


def _is_mask(image: Image.Image) -> bool:
    """Whether all of a picture is 0 or 1, as programs save masks: 1 is full brightness there, not nearly none. Alpha
    may be 255 everywhere.

    A few pixels tell of nearly every picture that it is none; all are asked only where those can't.
    """
    few = image.resize((min(64, image.width), min(64, image.height)), Image.Resampling.NEAREST)
    has_alpha = image.mode.endswith("A")
    return _holds_bits(np.asarray(few), has_alpha) and _holds_bits(np.asarray(image), has_alpha)


def _holds_bits(pixels: np.ndarray, has_alpha: bool) -> bool:
    colours, alpha = (pixels[..., :-1], pixels[..., -1]) if has_alpha else (pixels, np.uint8(1))
    return bool(colours.max() <= 1 and (alpha.max() <= 1 or alpha.min() == 255))


def _scale_to_bytes(values: np.ndarray) -> np.ndarray:
    """Deep greys (H, W) of any range -> uint8: the narrowest usual full scale that holds them all becomes 255, their
    own range where they fill so little of that scale that no ink would be seen."""
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    values = values - min(0.0, values.min())
    highest = values.max()
    full = next((scale for scale in (1, 255, 4095, 65535) if highest <= scale), highest)
    if highest and highest <= INK.faintest * full:
        full = highest
    return (values * (255 / full)).round().astype(np.uint8)


def _reduce(image: Image.Image, side: int) -> np.ndarray:
    return np.asarray(_shrink(image, side))


def _shrink(image: Image.Image, side: int) -> Image.Image:
    longest = max(image.size)
    if longest <= side:
        return image
    image = image.reduce(max(1, longest // side))  # whole-number averaging: the fast part
    scale = min(1.0, side / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)

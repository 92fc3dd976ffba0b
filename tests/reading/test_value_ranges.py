"""A picture is read whatever range its values have: masks of 0 and 1, fractions, normalised floats, any depth."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.reading import picture
from core.reading.settings import INK as INK_SETTINGS
from core.synthesis import sheets

INK = sheets.write("7_plain", (60, 70), 50, 6, np.random.default_rng(1)) > 0.5
WIDTH, HEIGHT = INK.shape[::-1]
SEEN = 0.5 * 255 * INK_SETTINGS.faintest
ONES = np.ones(INK.shape, np.uint8)


def save(image: Image.Image, format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def from_palette(values: np.ndarray) -> Image.Image:
    image = Image.fromarray(values, "L").convert("P")
    image.putpalette([level for level in range(256) for _ in range(3)])
    return image


MASKS = {
    "8 bit": lambda v: save(Image.fromarray(v), "PNG"),
    "8 bit TIFF": lambda v: save(Image.fromarray(v), "TIFF"),
    "8 bit BMP": lambda v: save(Image.fromarray(v), "BMP"),
    "colour": lambda v: save(Image.fromarray(np.dstack([v] * 3)), "PNG"),
    "one channel of three": lambda v: save(Image.fromarray(np.dstack([v, 0 * v, 0 * v])), "PNG"),
    "palette": lambda v: save(from_palette(v), "PNG"),
    "opaque": lambda v: save(Image.fromarray(np.dstack([v, v, v, 255 * ONES])), "PNG"),
    "opaque by 1": lambda v: save(Image.fromarray(np.dstack([v, v, v, ONES])), "PNG"),
    "grey, opaque": lambda v: save(Image.fromarray(np.dstack([v, 255 * ONES])), "PNG"),
    "16 bit": lambda v: save(Image.fromarray(v.astype(np.uint16)), "PNG"),
    "16 bit TIFF": lambda v: save(Image.fromarray(v.astype(np.uint16)), "TIFF"),
    "32 bit": lambda v: save(Image.fromarray(v.astype(np.int32)), "TIFF"),
    "float": lambda v: save(Image.fromarray(v.astype(np.float32)), "TIFF"),
    "1 bit": lambda v: save(Image.fromarray(v > 0), "PNG"),
    "1 bit TIFF": lambda v: save(Image.fromarray(v > 0), "TIFF"),
}


@pytest.mark.parametrize("is_dark", [True, False])
@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_of_0_and_1_is_black_and_white(kind: str, is_dark: bool):
    values = (is_dark ^ INK).astype(np.uint8)
    found = picture.read(MASKS[kind](values)).colours.max(axis=2)
    assert np.array_equal(found, 255 * values)


@settings(max_examples=60, deadline=None)
@given(
    low=st.floats(-1e5, 1e5),
    span=st.floats(0.01, 1e6),
    is_dark=st.booleans(),
)
def test_a_float_picture_keeps_ink_that_can_be_seen_wherever_its_values_lie(low: float, span: float, is_dark: bool):
    low = min(low, span)  # far above 0 with hardly any difference between them are the values of grey paper
    values = (low + span * (is_dark ^ INK)).astype(np.float32)
    colours = picture.read(save(Image.fromarray(values), "TIFF")).colours.astype(int)
    assert abs(colours[INK].mean() - colours[~INK].mean()) > SEEN


@settings(max_examples=40, deadline=None)
@given(highest=st.integers(1, 65535), is_dark=st.booleans())
def test_a_deep_picture_keeps_ink_that_can_be_seen_whatever_its_highest_value(highest: int, is_dark: bool):
    values = (highest * (is_dark ^ INK)).astype(np.uint16)
    colours = picture.read(save(Image.fromarray(values), "PNG")).colours.astype(int)
    assert abs(colours[INK].mean() - colours[~INK].mean()) > SEEN


def test_a_dark_picture_that_holds_more_than_0_and_1_stays_dark():
    values = np.where(INK, 3, 0).astype(np.uint8)
    assert picture.read(save(Image.fromarray(values), "PNG")).colours.max() == 3


def test_black_stays_black():
    assert picture.read(save(Image.fromarray(0 * ONES), "PNG")).colours.max() == 0

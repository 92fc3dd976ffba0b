"""Digits beside a model's answers: marked wrong where they are, and nowhere else."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from core.figures import digit_images

GREY = np.arange(784, dtype=np.uint8).reshape(28, 28)


def shares(answer: int, sure: float = 0.82) -> tuple[float, ...]:
    """Ten probabilities of which this digit has the highest."""
    return tuple(sure if digit == answer else (1 - sure) / 9 for digit in range(10))


@pytest.mark.parametrize("label", range(10))
def test_a_watched_digit_is_marked_wrong_exactly_where_the_answer_is_not_its_label(label):
    for answer in range(10):
        drawn = digit_images.watch([(GREY, label, shares(answer))])
        assert f"<b>{answer}</b>" in drawn and "width:82%" in drawn
        assert (" class=wrong" in drawn) == (f"is a {label}" in drawn or f"is an {label}" in drawn) == (answer != label)


def test_a_visitors_own_digit_is_never_wrong():
    for answer in range(10):
        drawn = digit_images.watch([(GREY, None, shares(answer))])
        assert "wrong" not in drawn and "yours" in drawn and f"<b>{answer}</b>" in drawn


def test_each_digit_has_its_own_answer_in_their_order():
    drawn = digit_images.watch([(GREY, 1, shares(1)), (GREY, 2, shares(7)), (GREY, None, shares(4))])
    assert re.findall(r"<b>(\d)</b>", drawn) == ["1", "7", "4"]
    assert [" class=wrong" in figure for figure in drawn.split("<figure")[1:]] == [False, True, False]


def test_a_digits_address_holds_its_pixels():
    url = digit_images.digit_url(GREY.tobytes())
    picture = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
    assert (np.array(picture) == GREY).all()


@pytest.mark.parametrize("digit", [GREY, GREY / np.float32(255)], ids=["bytes", "shares"])
def test_an_enlarged_pixel_is_a_square(digit):
    large = np.array(Image.open(io.BytesIO(digit_images.digit_png(digit, 3))))
    assert large.shape == (84, 84) and (large[1::3, 1::3] == GREY).all()
    assert (large == GREY.repeat(3, 0).repeat(3, 1)).all()


def test_digits_stand_side_by_side_with_a_gap_between_them():
    strip = np.array(Image.open(io.BytesIO(digit_images.strip_png(np.stack([GREY, GREY.T]), times=2, gap=4))))
    assert strip.shape == (56, 2 * 56 + 4)
    assert (strip[::2, :56:2] == GREY).all() and (strip[::2, 60::2] == GREY.T).all()

"""A number on a page that doesn't lie level is read as if it did; its boxes are those of the picture as it is."""

import numpy as np
import pytest

from core.reading import picture, reader
from core.reading.ink import Ink
from core.reading.reader import FoundNumber
from core.workspace import SHIPPED

NUMBERS = {name.name.split("_")[1]: name for name in sorted((SHIPPED / "samples").glob("number_*"))}


def blank_ink(mask: np.ndarray) -> Ink:
    return Ink(mask, mask.astype(np.float32), "dark on light", (), 2.0, (5.0, 7.0), (400, 300))


@pytest.mark.parametrize("degrees", [1, 30, 45, 90, 137, 180, 270, 359])
@pytest.mark.parametrize("shape", [(40, 90), (200, 3), (64, 64)])
def test_turned_ink_knows_where_it_lay(degrees: int, shape: tuple[int, int]):
    rng = np.random.default_rng(degrees)
    for _ in range(5):
        mask = np.zeros(shape, bool)
        y, x = rng.integers(shape[0]), rng.integers(shape[1])
        mask[y : y + 12, x : x + 12] = True
        turned = blank_ink(mask).turned(degrees)
        if not turned.mask.any():  # a sliver at the border
            continue
        rows, columns = np.flatnonzero(turned.mask.any(1)), np.flatnonzero(turned.mask.any(0))
        box = int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
        found, true = turned.place(box), blank_ink(mask).place((x, y, min(12, shape[1] - x), min(12, shape[0] - y)))
        assert found[0] <= true[0] + 1 and found[1] <= true[1] + 1
        assert found[0] + found[2] >= true[0] + true[2] - 1 and found[1] + found[3] >= true[1] + true[3] - 1
        reach = 12 if degrees % 90 else 2  # the box around a box that was turned is larger
        assert found[2] <= true[2] + reach and found[3] <= true[3] + reach


@pytest.mark.parametrize(("text", "turns"), [("305", 1), ("305", 2), ("305", 3), ("12750", 1), ("12750", 2)])
def test_a_page_on_its_side_or_upside_down_is_read(text: str, turns: int, model):
    upright = picture.read(NUMBERS[text].read_bytes()).colours
    level = reader.read(model, picture.from_array(upright))
    reading = reader.read(model, picture.from_array(np.ascontiguousarray(np.rot90(upright, turns))))
    assert reading.text == level.text == text
    assert isinstance(reading.found, FoundNumber) and reading.found.turned
    assert abs(reading.found.turned - 90 * turns) < 20
    high, wide = upright.shape[:2]
    for digit, before in zip(reading.digits, level.digits, strict=True):
        x, y, width, height = before.box
        for _ in range(turns):
            x, y, width, height, high, wide = y, wide - x - width, height, width, wide, high
        high, wide = upright.shape[:2]
        left, top, across, down = digit.box
        assert abs(left + across / 2 - x - width / 2) < 0.5 * width
        assert abs(top + down / 2 - y - height / 2) < 0.5 * height


def test_one_digit_upside_down_stays_as_it_lies(model):
    for name in ("6_mnist_test_11_enlarged.png", "9_straight_desk_lamp.webp"):
        colours = picture.read((SHIPPED / "samples" / name).read_bytes()).colours
        reading = reader.read(model, picture.from_array(np.ascontiguousarray(np.rot90(colours, 2))))
        assert not getattr(reading.found, "turned", 0)
        assert reading.text == {"6": "9", "9": "6"}[name[0]]

"""Boxes lie on the ink they stand for, whatever the size of the picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_app import contrast

from core.figures import boxes
from core.network import checkpoint
from core.network.prediction import Prediction
from core.reading import picture, reader
from core.reading.mnist_form import Box
from core.reading.one_digit import FoundDigit
from core.reading.reader import Digit, FoundNumber, Reading
from core.synthesis import sheets as draw_samples

NOTHING = np.zeros((28, 28), np.float32)
SURE = Prediction((0.0,) * 7 + (1.0, 0.0, 0.0), "digit")
UNSURE = Prediction((0.0,) * 7 + (0.6, 0.4, 0.0), "unsure")


def blacken(size: tuple[int, int], box: Box) -> picture.Picture:
    """White paper of this width and height, black inside the box."""
    sheet = np.full(size[::-1], 255, np.uint8)
    x, y, width, height = box
    sheet[y : y + height, x : x + width] = 0
    return picture.from_array(sheet)


def edges(shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Along the row and the column through the middle of the black: where the black begins and ends, and where the
    frame does. Left, right, top, bottom each."""
    black = (shown.max(2) < 60) & (np.ptp(shown.astype(int), axis=2) < 20)
    rows, columns = np.nonzero(black)
    middle = int(np.median(rows)), int(np.median(columns))
    frame = np.abs(shown.astype(int) - boxes.COLOUR).max(2) == 0
    found = []
    for mask in (black, frame):
        across, down = np.flatnonzero(mask[middle[0]]), np.flatnonzero(mask[:, middle[1]])
        found.append(np.array([across[0], across[-1], down[0], down[-1]]))
    return found[0], found[1]


def test_the_chosen_digits_frame_is_the_thickest():
    seen = blacken((600, 200), (0, 0, 1, 1))
    digits = tuple(Digit(SURE, (60 + 180 * at, 70, 60, 90), NOTHING) for at in range(3))
    reading = Reading(seen, FoundNumber((), "dark on light"), None, digits, "m", "v")
    for chosen in range(3):
        thick = []
        shown = boxes.mark_number(reading, chosen).astype(int)
        row = shown[round(0.6 * len(shown))]  # through the middle of the frames
        for at in range(3):
            part = row[len(row) * at // 3 : len(row) * (at + 1) // 3]
            thick.append(np.count_nonzero(np.abs(part - 255).max(1) > 20))
        assert thick[chosen] == max(thick) and thick.count(max(thick)) == 1, thick


sides = st.integers(60, 1600)
share = st.floats(0.3, 0.5)


@settings(max_examples=20, deadline=None, database=None)
@given(width=sides, height=sides, left=share, top=share)
def test_the_frame_of_a_numbers_digit_lies_around_its_ink(width: int, height: int, left: float, top: float):
    box = (int(left * width), int(top * height), max(8, width // 8), max(8, height // 8))
    seen = blacken((width, height), box)
    digits = (Digit(SURE, box, NOTHING), Digit(SURE, box, NOTHING))
    shown = boxes.mark_number(Reading(seen, FoundNumber((), "dark on light"), None, digits, "m", "v"), 1)
    ink, frame = edges(shown)
    pixel = shown.shape[1] / seen.colours.shape[1] * max(1, max(width, height) / 1000)
    assert np.abs(frame[:2] - ink[:2]).max() <= 8 + 2 * max(pixel, boxes.WIDE / width)
    assert frame[3] - ink[3] <= 8 + 2 * max(pixel, boxes.WIDE / width)


@settings(max_examples=40, deadline=None, database=None)
@given(
    width=st.integers(1, 4000),
    height=st.integers(1, 4000),
    x=st.floats(0, 0.9),
    y=st.floats(0, 0.9),
    part=st.floats(0, 1),
)
def test_a_number_anywhere_in_a_picture_of_any_size_is_marked(width: int, height: int, x: float, y: float, part: float):
    left, top = int(x * width), int(y * height)
    box = (left, top, max(1, int(part * (width - left))), max(1, int(part * (height - top))))
    digits = (Digit(SURE, box, NOTHING),)
    seen = blacken((width, height), box)
    shown = boxes.mark_number(Reading(seen, FoundNumber((), "dark on light"), None, digits, "m", "v"), 0)
    assert min(shown.shape) >= 1 and shown.shape[1] <= boxes.WIDE and shown.shape[0] <= boxes.HIGHEST
    assert shown.shape[1] == boxes.WIDE or shown.shape[0] >= boxes.HIGHEST - boxes.ROOM - boxes.OUTSIDE - 1


@settings(max_examples=20, deadline=None, database=None)
@given(width=sides, height=sides, left=share, top=share)
def test_the_frame_of_one_digit_lies_around_its_ink(width: int, height: int, left: float, top: float):
    box = (int(left * width), int(top * height), max(8, width // 6), max(8, height // 6))
    seen = blacken((width, height), box)
    shown = boxes.mark_digit(Reading(seen, FoundDigit(NOTHING, box, (), "dark on light"), SURE, (), "m", "v"))
    ink, frame = edges(shown)
    assert np.abs(frame - ink).max() <= 8 + 2 * shown.shape[1] / min(width, boxes.SIDE)


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768), (2480, 3508), (1179, 2556)])
def test_a_number_in_a_usual_large_picture_is_read_and_marked(size: tuple[int, int]):
    model = checkpoint.load(checkpoint.SHIPPED)
    width, height = size
    covered = np.zeros((height, width), np.float32)
    for at, glyph in enumerate(("3_round", "7_plain", "4_open")):
        ink = draw_samples.write(glyph, (300, 400), 260, 26, np.random.default_rng(at))
        top, left = (height - 400) // 2, width // 2 + (at - 2) * 260
        covered[top : top + 400, left : left + 300] = np.maximum(covered[top : top + 400, left : left + 300], ink)
    found = reader.read(model, picture.from_array(((1 - covered) * 255).round().astype(np.uint8)))
    assert found.text == "374"
    assert boxes.mark_number(found, 0).shape[1] == boxes.WIDE


def test_the_box_around_the_digit_is_thicker_than_those_around_the_rest():
    box, other = (40, 40, 60, 60), (160, 40, 60, 60)
    seen = blacken((300, 200), box)
    marked = boxes.mark_digit(
        Reading(seen, FoundDigit(NOTHING, box, (), "dark on light", (other,)), SURE, (), "m", "v")
    )
    frame = (marked == boxes.COLOUR).all(2)[70]
    assert frame[:40].sum() == 3 and frame[150:165].sum() == 1


@settings(max_examples=60, deadline=None, database=None)
@given(
    count=st.integers(1, 24),
    sure=st.lists(st.booleans(), min_size=24, max_size=24),
    height=st.integers(30, 300),
    top=st.floats(0, 0.6),
    chosen=st.integers(0, 23),
)
def test_confidences_are_never_over_each_other_nor_cut_off(
    count: int, sure: list[bool], height: int, top: float, chosen: int
):
    """Only those of the chosen digit and of doubtful ones, on letters that stand out."""
    size, side = (1200, 500), 1200 / count
    box_of = [(int(side * at), int(top * (500 - height)), max(2, int(side * 0.8)), height) for at in range(count)]
    digits = tuple(Digit(SURE if sure[at] else UNSURE, box, NOTHING) for at, box in enumerate(box_of))
    seen = picture.from_array(np.full(size[::-1], 255, np.uint8))
    reading = Reading(seen, FoundNumber((), "dark on light"), None, digits, "m", "v")
    frames = [(x, y + boxes.ROOM, x + wide, y + high + boxes.ROOM) for x, y, wide, high in box_of]
    chosen %= count
    placed = boxes.place_labels(reading, chosen, frames, 1200)
    assert chosen in placed and set(placed) <= {chosen, *reading.doubtful}
    for number, (left, up, right, down) in placed.items():
        assert 0 <= left < right < 1200 and 0 <= up < down
        for other, place in placed.items():
            apart = place[0] >= right or place[2] <= left or place[1] >= down or place[3] <= up
            assert number == other or apart
    assert boxes.mark_number(reading, chosen).shape[1] == boxes.WIDE


def test_letters_on_a_box_stand_out():
    for colour in (boxes.COLOUR, boxes.DOUBT):
        assert contrast("#ffffff", "#" + bytes(colour).hex()) >= 4.5

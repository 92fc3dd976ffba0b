"""The law of "sure": an answer that leaves out ink as large as a digit is never sure, and says what it left out."""

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import whole_numbers
from core.config import EXPECTATIONS
from core.figures import boxes
from core.network.checkpoint import Checkpoint
from core.reading import picture, reader
from core.reading.mnist_form import gap_between
from core.synthesis import drawing, sheets

HEIGHT = 60
CLEAR = ("0_round", "1_plain", "2_round", "3_round", "4_closed",
         "5_one_stroke", "6_curled", "7_plain", "8_two_rings", "9_straight")  # fmt: skip
LETTERS = [name for name in drawing.LETTERS if len(name) == 1]


def draw(letter: str, height: int = HEIGHT) -> np.ndarray:
    """One digit, letter or mark as ink: (about height, W) float32 in [0, 1]; marks stand where they usually do."""
    rng = np.random.default_rng(ord(letter))
    if letter.isdigit():
        side = round(1.8 * height)
        return whole_numbers.crop(sheets.write(CLEAR[int(letter)], (side, side), height - 7, 7, rng))
    if letter in LETTERS:
        ink = whole_numbers.crop(drawing.write(drawing.LETTERS[letter], rng).astype(np.float32))
        return cv2.resize(ink, (round(ink.shape[1] * height / len(ink)), height), interpolation=cv2.INTER_AREA)
    if letter == ":":
        ink = whole_numbers.write_mark(".", height, 7, rng)
        return np.maximum(ink, np.roll(ink, -round(0.45 * height), axis=0))
    return whole_numbers.write_mark(letter, height, 7, rng)


def line(text: str, gap: int = 16) -> np.ndarray:
    """Digits and marks beside each other, `gap` pixels apart: (1.3 heights, W) float32."""
    parts = [draw(letter) for letter in text]
    sheet = np.zeros((round(1.3 * HEIGHT), sum(part.shape[1] + max(gap, 0) for part in parts)), np.float32)
    x = 0
    for part in parts:
        place = sheet[: len(part), x : x + part.shape[1]]
        np.maximum(place, part[: len(place), : place.shape[1]], out=place)
        x += part.shape[1] + gap
    return whole_numbers.crop(sheet)


def put(parts: list[tuple[np.ndarray, int, int]]) -> np.ndarray:
    """Several pieces of ink with their places (x, y), paper around them: (H, W) float32."""
    left, top = min(x for _, x, _ in parts), min(y for _, _, y in parts)
    wide, high = max(x + part.shape[1] for part, x, _ in parts), max(y + len(part) for part, _, y in parts)
    sheet = np.zeros((high - top + 2 * HEIGHT, wide - left + 2 * HEIGHT), np.float32)
    for part, x, y in parts:
        place = sheet[HEIGHT + y - top :, HEIGHT + x - left :][: len(part), : part.shape[1]]
        np.maximum(place, part, out=place)
    return sheet


def read(model: Checkpoint, ink: np.ndarray, expect: str = "auto", is_dark: bool = True) -> reader.Reading:
    sheet = np.repeat((1 - 0.92 * ink if is_dark else 0.04 + 0.92 * ink)[..., None], 3, axis=2)
    return reader.read(model, picture.from_array(sheets.to_bytes(sheet)), expect=expect)


def share_unread(ink: np.ndarray, found: reader.Reading) -> float:
    """Of the largest shape that no box of a digit holds, its height as a share of the highest digit's."""
    rest = (ink > 0.5).astype(np.uint8)
    for x, y, wide, high in (digit.box for digit in found.digits):
        rest[max(0, y - 2) : y + high + 2, max(0, x - 2) : x + wide + 2] = 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(rest)
    highest = max((digit.box[3] for digit in found.digits), default=1)
    return max((high / highest for *_, high, _ in stats[1:]), default=0.0)


def assert_honest(found: reader.Reading, ink: np.ndarray) -> None:
    """What is sure speaks for all ink as large as a digit; what leaves any out says so."""
    if found.verdict == "digit":
        assert share_unread(ink, found) < 0.5, f"{found.text} is sure"
    if found.text:
        assert bool(found.left_out) == bool(found.unread)
        assert found.left_out in found.sentence


PAGES = {
    "digit to the right": lambda: put([(draw("3"), 0, 0), (draw("7"), 90, 4)]),
    "digit to the left, apart": lambda: put([(draw("3"), 0, 0), (draw("5"), -220, 0)]),
    "digit below": lambda: put([(draw("3"), 0, 0), (draw("7"), 8, 100)]),
    "digit aslant below": lambda: put([(draw("4"), 0, 0), (draw("2"), 130, 110)]),
    "digit half as high": lambda: put([(draw("6"), 0, 0), (draw("2", 32), 100, 20)]),
    "two digits and one below": lambda: put([(line("52"), 0, 0), (draw("8"), 20, 130)]),
    "letter": lambda: put([(draw("5"), 0, 0), (draw("R"), 100, 0)]),
    "number and letters": lambda: put([(line("274"), 0, 0), (draw("K"), 260, 0), (draw("m", 44), 330, 16)]),
    "touching": lambda: put([(line("203", gap=-6), 0, 0)]),
    "overlapping": lambda: put([(line("593", gap=-12), 0, 0)]),
    "many touching": lambda: put([(line("679492", gap=-7), 0, 0)]),
    "large and small numbers": lambda: put([(line("41"), 0, 0), (draw("9", 30), 20, 150), (draw("2", 30), 60, 150)]),
    "a column": lambda: put([(draw(letter), 0, 100 * at) for at, letter in enumerate("725")]),
    "fraction": lambda: put([(draw("3"), 0, 0), (np.ones((6, 70), np.float32), -12, 76), (draw("4"), 0, 96)]),
}


@pytest.mark.parametrize("expect", EXPECTATIONS)
@pytest.mark.parametrize("kind", PAGES)
def test_what_is_sure_speaks_for_all_the_ink(model, kind: str, expect: str):
    ink = PAGES[kind]()
    assert_honest(read(model, ink, expect), ink)


@pytest.mark.slow
@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.text("0123456789", min_size=1, max_size=4),
    second=st.sampled_from(["", *"0123456789", "46", *LETTERS]),
    gap=st.integers(-12, 24),
    place=st.tuples(st.integers(-300, 300), st.integers(-200, 200)),
    size=st.integers(36, 90),
    expect=st.sampled_from(EXPECTATIONS),
    is_dark=st.booleans(),
)
def test_what_is_sure_speaks_for_all_the_ink_wherever_it_lies(
    model, first: str, second: str, gap: int, place: tuple[int, int], size: int, expect: str, is_dark: bool
):
    parts = [(line(first, gap), 0, 0)]
    parts += [(draw(letter, size), place[0] + 80 * at, place[1]) for at, letter in enumerate(second)]
    ink = put(parts)
    assert_honest(read(model, ink, expect, is_dark), ink)


@pytest.mark.parametrize(
    ("written", "left_out"),
    [
        ("3.14", "A dot between 3 and 1 was left out."),
        ("-52", "A minus before 52 was left out."),
        ("-5", "A minus before 5 was left out."),
        ("12,345", "A comma between 2 and 3 was left out."),
        ("620-58", "A dash between 0 and 5 was left out."),
        ("12:45", "A colon between 2 and 4 was left out."),
        ("9,274.30", "A comma between 9 and 2 and a dot between 4 and 3 were left out."),
        ("58.", "A dot behind 58 was left out."),
    ],
)
def test_a_sign_that_is_left_out_is_named(model, written: str, left_out: str):
    found = read(model, put([(line(written), 0, 0)]))
    assert found.text == "".join(filter(str.isdigit, written))
    assert (found.left_out, found.verdict) == (left_out, "unsure")
    assert found.sentence.endswith(left_out)


@pytest.mark.parametrize("written", ["3.14", "-52", "-5", "12,345", "620-58", "12:45", "9,274.30", "58."])
def test_a_number_that_was_asked_for_keeps_its_signs(model, written: str):
    found = read(model, put([(line(written), 0, 0)]), "number")
    assert (found.text, found.left_out, found.verdict) == (written, "", "digit")


def test_signs_of_several_lines_stay_in_their_lines(model):
    found = read(model, put([(line("-52"), 0, 0), (line("3.14"), 0, 2 * HEIGHT)]), "number")
    assert found.lines == ("-52", "3.14")


def test_a_small_letter_that_is_out_of_sight_from_afar_is_named(model):
    """Seen small, the 2 alone is there and looks most like a digit; a closer look shows the letter too."""
    found = read(model, put([(line("2"), 0, 0), (draw("A", 36), -195, 0)]))
    assert (found.text, found.verdict) == ("2", "unsure")
    assert found.left_out == "One more shape was left out: this was read as one digit."


@pytest.mark.parametrize("text", [*"0123456789", "27", "4071", "27385"])
def test_what_leaves_nothing_out_is_as_sure_as_before(model, text: str):
    found = read(model, put([(line(text), 0, 0)]))
    assert (found.text, found.verdict, found.left_out, found.unread) == (text, "digit", "", ())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_specks_thinner_than_the_pen_are_no_signs(model, size: int):
    ink = put([(line("27"), 0, 0)])
    rng = np.random.default_rng(size)
    for _ in range(12):
        y, x = (int(rng.integers(4, side - 8)) for side in ink.shape)
        if not ink[y - 4 : y + 8, x - 4 : x + 8].any():
            ink[y : y + size, x : x + size] = 1
    found = read(model, ink)
    assert (found.text, found.verdict, found.left_out) == ("27", "digit", "")


@pytest.mark.parametrize("text", ["274", "7"])
def test_rules_and_boxes_of_a_form_are_no_ink_that_was_left_out(model, text: str):
    ink = put([(line(text), 0, 0)])
    framed = cv2.rectangle(ink.copy(), (12, 12), (ink.shape[1] - 13, ink.shape[0] - 13), 0.8, 2)
    ruled = cv2.line(ink.copy(), (0, ink.shape[0] - 40), (ink.shape[1], ink.shape[0] - 40), 0.8, 2)
    for sheet in (framed, ruled):
        found = read(model, sheet)
        assert (found.text, found.verdict, found.left_out) == (text, "digit", "")


def test_boxes_lie_around_what_was_left_out(model):
    """Thin ones, and the part of the picture that is shown holds them all."""
    ink = put([(line("52"), 0, 0), (draw("R"), 300, 0)])
    found = read(model, ink, "number")
    assert found.unread
    letter = (HEIGHT + 300, HEIGHT, 40, HEIGHT)
    assert any(gap_between(box, letter) == 0 for box in found.unread)
    shown = boxes.mark_number(found, 0)
    without = boxes.mark_number(read(model, put([(line("52"), 0, 0)]), "number"), 0)
    assert shown.shape[1] / shown.shape[0] > without.shape[1] / without.shape[0]


def test_a_long_number_is_read_and_shown(model):
    """24 digits ended in a traceback."""
    text = "314159265358979323846264"
    found = read(model, put([(line(text), 0, 0)]))
    assert found.text == text
    assert boxes.mark_number(found, 23).shape[1] == boxes.WIDE


def test_columns_of_digits_are_numbers_in_their_order(model):
    found = read(model, PAGES["a column"]())
    assert found.lines == ("7", "2", "5")
    assert found.sentence == "3 numbers, all of them sure."


def test_several_lines_are_several_numbers(model):
    found = read(model, put([(line(text), 0, 110 * at) for at, text in enumerate(("1969", "2024", "307"))]))
    assert found.lines == ("1969", "2024", "307")
    assert found.text == "1969 2024 307"
    assert found.sentence == "3 numbers, all of them sure."


def test_where_one_digit_is_asked_for_and_not_found_a_number_is_tried(model):
    found = read(model, put([(line("593", gap=-6), 0, 0)]), "one")
    assert (found.text, found.verdict) == ("593", "unsure")
    assert found.sentence == "No single digit; read as a number of 3 digits, but unsure."


def test_where_a_number_is_asked_for_and_not_found_one_digit_is_tried(model):
    for text in "0123456789":
        assert read(model, put([(line(text), 0, 0)]), "number").text == text


@pytest.mark.parametrize("gap", [-3, -7])
@pytest.mark.parametrize("text", ["92", "23", "45", "38", "57"])
def test_digits_that_a_number_would_be_sure_of_are_never_no_digit(model, text: str, gap: int):
    ink = put([(line(text, gap), 0, 0)])
    forced, found = read(model, ink, "number"), read(model, ink)
    if forced.verdict == "digit" and reader._are_digits([digit.prediction for digit in forced.digits]):
        assert found.text == forced.text

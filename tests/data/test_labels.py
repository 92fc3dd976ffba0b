"""The digit that a path names, the same everywhere."""

import pytest

from core.data.labels import NO_DIGIT, UNLABELLED, label_from_path

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.mark.parametrize(
    ("path", "label"),
    [
        # The folder wins over whatever number the file has.
        ("7/anna.png", 7),
        ("7/1.png", 7),
        ("1/7.png", 1),
        ("8/1_0001.png", 8),
        ("8/3_best.png", 8),
        ("3/12.png", 3),
        ("scans/0/img_31.png", 0),
        # The nearest that names a digit, however deep the file lies.
        ("5/sub/12.png", 5),
        ("set/3/anna/4.png", 3),
        ("2/9/a.png", 9),
        ("7\\anna.png", 7),
        ("..\\8\\x.png", 8),
        ("C:\\scans\\six\\12.png", 6),
        ("digit_7/1.png", 7),
        ("Digit 7/1.png", 7),
        ("class7/1.png", 7),
        ("class_7/1.png", 7),
        ("label-7/1.png", 7),
        ("seven/1.png", 7),
        ("Seven/1.png", 7),
        ("digit_seven/1.png", 7),
        # A folder that names no single digit says nothing.
        ("12/anna.png", None),
        ("digit_12/anna.png", None),
        ("run 3/anna.png", None),
        ("one more/anna.png", None),
        ("7th/anna.png", None),
        ("12/4_anna.png", 4),
        ("run 3/4.png", 4),
        # The file's own name.
        ("7.png", 7),
        ("7", 7),
        ("７.png", 7),
        ("0_anna.png", 0),
        ("7_anna.jpg", 7),
        ("7-2.png", 7),
        ("4.5.jpg", 4),
        ("3 (1).png", 3),
        ("digit_7.png", 7),
        ("digit7_anna.png", 7),
        ("label-7.png", 7),
        ("class7.png", 7),
        ("seven.png", 7),
        ("Seven_2.PNG", 7),
        ("seven (1).png", 7),
        # No digit: a letter right behind it, more digits, or something in front.
        ("7b.png", None),
        ("7th.png", None),
        ("7anna.png", None),
        ("7f3a91c0.png", None),
        ("2x.png", None),
        ("4é.png", None),
        ("42.png", None),
        ("1984.jpg", None),
        ("0007.png", None),
        ("digit_17.png", None),
        ("IMG_4.jpg", None),
        ("anna7.png", None),
        ("no-digit_2.png", None),
        ("²_squared.png", None),
        ("anna.png", None),
        ("one_more_try.png", None),
        ("sevenths.png", None),
        (".7.png", None),
        ("", None),
        ("/", None),
    ],
)
def test_a_path_names_one_digit_or_none(path: str, label: int | None):
    assert label_from_path(path) == label


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_can_be_named_in_figures_and_in_words(digit: int):
    for name in (f"{digit}", f"digit_{digit}", f"class{digit}", f"label-{digit}", WORDS[digit], WORDS[digit].upper()):
        assert label_from_path(f"{name}/12.png") == label_from_path(f"{name}.png") == digit


def test_what_shows_no_digit_is_told_from_what_nobody_labelled():
    assert len({NO_DIGIT, UNLABELLED, *range(10)}) == 12

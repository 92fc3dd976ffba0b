"""Every figure has one wording: tables of what it says, and the rule that no share is rounded to none or all."""

import errno
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core import words


@pytest.mark.parametrize(
    ("share", "decimals", "said"),
    [
        (0.9957, 2, "99.57 %"),
        (0.5, 2, "50.00 %"),
        (0.5, 0, "50 %"),
        (0.0453, 1, "4.5 %"),
        (1, 2, "100.00 %"),
        (1.0, 0, "100 %"),
        (0, 2, "0.00 %"),
        (0.0, 1, "0.0 %"),
        (0.99994, 2, "99.99 %"),
        (0.99996, 2, ">99.99 %"),
        (0.00006, 2, "0.01 %"),
        (0.00004, 2, "<0.01 %"),
        (0.9996, 1, ">99.9 %"),
        (0.0004, 1, "<0.1 %"),
        (0.996, 0, ">99 %"),
        (0.004, 0, "<1 %"),
        (None, 2, "–"),
        (float("nan"), 2, "–"),
    ],
)
def test_a_share_in_percent(share, decimals, said):
    assert words.percent(share, decimals) == said.replace(" %", "\u00a0%")


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_a_share_is_said_to_be_none_or_all_only_where_it_is(decimals):
    none, every = words.percent(0, decimals), words.percent(1, decimals)
    shares = [part / 3000 for part in range(1, 3000)] + [1e-12, 1 - 1e-12]
    assert not {none, every} & {words.percent(share, decimals) for share in shares}


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.973, "97.3 %"), (0.9994, "99.9 %"), (0.9996, ">99.9 %"), (1.0, ">99.9 %"), (0.0, "<0.1 %"), (0.97, "97.0 %")],
)
def test_a_probability_is_never_certain(value, said):
    assert words.probability(value) == said.replace(" %", "\u00a0%")


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 pictures"), (1, "1 picture"), (2, "2 pictures"), (10_000, "10,000 pictures")]
)
def test_a_number_with_its_noun(number, said):
    assert words.count(number, "picture") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.1, "1 s"), (1, "1 s"), (99.4, "99 s"), (99.5, "2 min"), (720, "12 min"), (5939, "99 min"), (9000, "2.5 h")],
)
def test_a_duration(seconds, said):
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (UTC, "2026-01-02 03:04 UTC"),
        (timezone(timedelta(hours=1), "CET"), "2026-01-02 03:04 CET"),
        (None, "2026-01-02 03:04"),
    ],
)
def test_a_time_names_its_zone_where_it_has_one(zone, said):
    assert words.time(datetime(2026, 1, 2, 3, 4, 59, tzinfo=zone)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7.png of 2026-01-02 03:04 UTC", "7.png of 2026-01-02 03:04 UTC"),
        ("7_anna.png", r"7\_anna.png"),
        ("![x](http://example.com)", "!\\[x\\](http:\u2060//example.com)"),
        ("costs $5 or $6", r"costs \$5 or \$6"),
        ("`7.png`", r"\`7.png\`"),
    ],
)
def test_text_of_which_no_link_picture_or_formula_is_made(text, said):
    assert words.escape_markdown(text) == said


@pytest.mark.parametrize("text", [words.percent(0.5), "Screenshot 2026-01-02 at 3.04\u202fPM", "学\u3000校"])
def test_a_space_of_any_kind_is_shown_as_it_is(text):
    assert words.escape_markdown(text) == words.clean(text) == text


@pytest.mark.parametrize("letter", ["\n", "\t", "\x00", "\x9f", "\u202e", "\udcff"])
def test_what_is_no_sign_is_shown_as_the_sign_for_that(letter):
    assert words.clean(f"a{letter}b") == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("name", ["=1+1.png", "+1.png", "-1.png", "@sum.png", "\t=1.png", "\r=1.png"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(name):
    assert words.safe_cell(name) == f"'{name}"


@pytest.mark.parametrize("name", ["7.png", "a=1.png", "", "'=1"])
def test_any_other_cell_stays_as_it_is(name):
    assert words.safe_cell(name) == name


@pytest.mark.parametrize(("digit", "said"), [(7, "a 7"), (8, "an 8"), ("8", "an 8"), (0, "a 0")])
def test_a_digit_with_its_article(digit, said):
    assert words.a_digit(digit) == said


def test_a_refusing_disk_is_a_sentence_that_says_what_to_do():
    sentence = words.refused_by_disk(OSError(errno.ENOSPC, "No space left on device", "/somewhere/secret"))
    assert sentence.startswith("The disk refused: No space left on device.") and "Free some space" in sentence
    assert "secret" not in sentence
    assert "odd" in words.refused_by_disk(OSError("odd"))

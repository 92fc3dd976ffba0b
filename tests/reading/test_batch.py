"""Many files: each is read or refused on its own, and the table says what became of it."""

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core import words
from core.reading import batch, picture, sources
from core.synthesis import samples
from core.synthesis import sheets as draw_samples
from core.workspace import SHIPPED


def draw(glyph: str, size: tuple[int, int] = (200, 220), **options) -> bytes:
    """A PNG of one digit, dark on light."""
    covered = draw_samples.write(glyph, size, 150, 12, np.random.default_rng(1), **options)
    return draw_samples.encode(((1 - covered) * 255).round().astype(np.uint8), "png")


@pytest.fixture(scope="module")
def items(model) -> list[batch.Item]:
    """A 7 read right, a 3 whose name says 5, a broken file, blank paper, a 0 without a label."""
    blank = draw_samples.encode(Image.new("L", (90, 90), 255), "png")
    files = [
        ("7_mine.png", draw("7_crossed")),
        ("5.png", draw("3_round")),
        ("4_broken.png", b"no picture"),
        ("8/blank.png", blank),
        ("nought.png", draw("0_round")),
    ]
    return [batch.read_file(model, *file) for file in files]


def test_a_bad_file_does_not_stop_the_others(items):
    assert [item.text for item in items] == ["7", "3", "", "", "0"]
    assert [item.verdict for item in items] == ["digit", "digit", "error", "no digit", "digit"]
    assert [isinstance(item, batch.RefusedFile) for item in items] == [False, False, True, False, False]


def test_the_label_alone_decides_what_is_right(items):
    assert [item.is_right for item in items] == [True, False, None, False, None]


def test_a_refused_file_says_why_and_claims_nothing(items):
    refused = items[2]
    assert refused.remark.endswith(".")
    assert not hasattr(refused, "confidence")
    assert not hasattr(refused, "probabilities")


def test_probabilities_are_ten_shares_and_the_confidence_is_the_highest(items):
    for item in items:
        if item.text:
            assert len(item.probabilities) == 10
            assert sum(item.probabilities) == pytest.approx(1, abs=1e-5)
            assert item.confidence == max(item.probabilities) == item.probabilities[int(item.text)]


def photograph(side: int, format: str, turns: int = 0, **options) -> bytes:
    """A 5 on grainy paper, as large and as hard to pack as a phone's photo, stored so many quarters turned left."""
    grain = np.random.default_rng(0).normal(225, 9, (side, side * 3 // 4, 3)).clip(0, 255).astype(np.uint8)
    ink = draw_samples.write(
        "5_two_strokes", (side * 3 // 4, side), 0.4 * side, 0.03 * side, np.random.default_rng(2), (0.4, 0.6)
    )
    grain[ink > 0.5] = 90
    buffer = io.BytesIO()
    Image.fromarray(np.rot90(grain, turns)).save(buffer, format, **options)
    return buffer.getvalue()


FILES = {
    "small PNG": lambda: draw("6_curled"),
    "small JPEG": lambda: photograph(300, "JPEG", quality=80),
    "large PNG": lambda: photograph(1200, "PNG"),
    "large JPEG": lambda: photograph(2400, "JPEG", quality=92),
    "JPEG that packs better than its pixels": lambda: photograph(1000, "JPEG", quality=94),
    "large JPEG on its side": lambda: photograph(2400, "JPEG", 1, quality=92, exif=turned()),
}


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def hand_over(pile: batch.Batch, name: str, content: bytes) -> list[str]:
    """Keys of the pictures in one file."""
    return pile.add(sources.find_in_files([(name, content)]).sources, content)


@pytest.mark.parametrize("kind", FILES)
def test_the_details_show_what_the_table_says_whatever_is_kept_of_a_file(model, kind: str):
    """A row's details are read again from what is kept: a JPEG made of the picture could be read otherwise."""
    content = FILES[kind]()
    assert (len(content) > batch.KEPT_AS_SENT) == (not kind.startswith("small"))
    pile = batch.Batch()
    pile.ask(model, "auto")
    (key,), (other,) = hand_over(pile, f"{kind}.png", content), hand_over(pile, "other.png", draw("3_round"))
    item, first = pile.read(key), pile.reading(key)
    pile.read(other)
    again = pile.reading(key)
    assert again is not first
    assert item == batch.summarise(item.name, key, item.label, again)
    assert item == replace(batch.read_file(model, f"{kind}.png", content), key=key)
    assert item.text and again.picture.size == first.picture.size
    assert [step.title for step in again.found.steps] == [step.title for step in first.found.steps]
    for one, twin in zip(first.found.steps, again.found.steps, strict=True):
        assert np.array_equal(one.image, twin.image), one.title
    assert len(pile._entries[key].kept.content) <= min(len(content), 3_100_000)
    assert max(Image.open(io.BytesIO(pile.thumbnail(key))).size) == batch.THUMBNAIL


def test_of_a_refused_file_there_is_no_reading(model):
    pile = batch.Batch()
    pile.ask(model, "auto")
    (key,) = hand_over(pile, "4_broken.png", b"no picture")
    assert isinstance(pile.read(key), batch.RefusedFile)
    with pytest.raises(picture.PictureError):
        pile.reading(key)


def test_files_are_told_apart_by_name_and_content():
    key = batch.identify("a.png", b"1")
    assert key == batch.identify("a.png", b"1")
    assert len({key, batch.identify("b.png", b"1"), batch.identify("a.png", b"2"), batch.identify("a.pn", b"g1")}) == 4


@pytest.mark.parametrize(
    "name", ["../../7.png", "ü七.png", "7" * 300 + ".png", "\ud800.png", "a\nb.png", "\u202e7.png", ""]
)
def test_any_name_is_read_and_shown_safely(name: str, model):
    item = batch.read_file(model, name, draw("7_plain"))
    assert item.text == "7"
    shown = batch.show_name(name)
    assert len(shown) <= 81
    assert words.clean(shown) == shown
    assert batch.tabulate([item])["file"].tolist() == [shown]
    rows = list(csv.reader(io.StringIO(batch.to_csv([item]).decode("utf-8-sig"))))
    assert len(rows) == 2


def test_the_csv_has_whole_names_and_the_screen_short_ones():
    """Two scans of the same name in two folders are told apart by what the screen leaves out."""
    names = [f"{'a/' * 40}page_{number}/{'b/' * 40}scan.jpg" for number in (1, 2)]
    refused = [batch.refuse(name, "No.") for name in names]
    assert len(set(batch.tabulate(refused)["file"])) == 1
    rows = list(csv.DictReader(io.StringIO(batch.to_csv(refused).decode("utf-8-sig"))))
    assert [row["file"] for row in rows] == names


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_names_never_become_one_in_the_csv(one: str, other: str):
    lines = [batch.csv_row(batch.refuse(name, "No.")) for name in (one, other)]
    assert (lines[0] == lines[1]) == (one == other) or "\\" in one + other or "'" in one + other
    assert all(line.count("\n") == 1 and "\x1b" not in line for line in lines)


def test_the_csv_of_a_number_has_its_digits_confidences_and_no_probabilities(model):
    two = np.concatenate([np.asarray(Image.open(io.BytesIO(draw(glyph)))) for glyph in ("3_round", "7_plain")], axis=1)
    item = batch.read_file(model, "two.png", draw_samples.encode(two, "png"))
    assert item.text == "37"
    (row,) = csv.DictReader(io.StringIO(batch.to_csv([item]).decode("utf-8-sig")))
    each = [float(share) for share in row["digits"].split()]
    assert each == [round(confidence, batch.DECIMALS) for _, confidence, _ in item.digits]
    assert float(row["confidence"]) == pytest.approx(math.prod(each), abs=1e-5)
    assert {row[f"p{digit}"] for digit in range(10)} == {""}


def test_the_ends_of_a_long_name_stay_visible():
    shown = batch.show_name("first" + "x" * 300 + "last.png")
    assert shown.startswith("first")
    assert shown.endswith("last.png")


def test_the_table_has_a_row_a_file_in_order(items):
    table = batch.tabulate(items)
    assert list(table.columns) == list(batch.COLUMNS)
    assert table["file"].tolist() == ["7_mine.png", "5.png", "4_broken.png", "8/blank.png", "nought.png"]
    assert table["label"].tolist()[:4] == [7, 5, 4, 8]
    assert table["label"].isna().tolist() == [False, False, False, False, True]
    assert table["right"].isna().tolist() == [False, False, True, False, True]
    assert table["confidence"].isna().tolist() == [False, False, True, True, False]


def test_an_empty_batch_has_a_table_too():
    assert len(batch.tabulate([])) == 0
    assert batch.to_csv([]).decode("utf-8-sig").startswith("file,answer")


def test_the_csv_holds_the_table_and_the_ten_probabilities(items):
    content = batch.to_csv(items)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["answer"] for row in rows] == ["7", "3", "", "", "0"]
    assert [row["label"] for row in rows] == ["7", "5", "4", "8", ""]
    assert [row["verdict"] for row in rows] == ["digit", "digit", "error", "no digit", "digit"]
    assert [row["checked"] for row in rows] == ["False"] * 5
    assert {row["corrected"] for row in rows} == {row["adjusted"] for row in rows} == {""}
    assert [row["final"] for row in rows] == [row["answer"] for row in rows]
    assert [row["digits"] for row in rows] == [row["confidence"] for row in rows]
    assert sum(float(rows[0][f"p{digit}"]) for digit in range(10)) == pytest.approx(1, abs=1e-4)
    assert {rows[2][f"p{digit}"] for digit in range(10)} == {rows[3][f"p{digit}"] for digit in range(10)} == {""}
    assert float(rows[0]["p7"]) == pytest.approx(items[0].confidence, abs=1e-6)


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_name_never_becomes_a_formula(start: str):
    rows = csv.reader(io.StringIO(batch.to_csv([batch.refuse(f"{start}1+1", "No.")]).decode("utf-8-sig")))
    assert list(rows)[1][0] == f"'{start}1+1"


def test_ink_beside_the_digit_is_told(model):
    sheet = np.concatenate(
        [np.asarray(Image.open(io.BytesIO(draw(glyph)))) for glyph in ("3_round", "7_plain", "6_curled")], axis=1
    )
    item = batch.read_file(model, "three.png", draw_samples.encode(sheet, "png"), "one")
    assert "2 more shapes were left out" in item.remark


def test_every_sample_is_read_as_its_name_says(model):
    """The gallery shows what the app can do."""
    pictures = sorted(path for path in (SHIPPED / "samples").iterdir() if path.name[0].isdigit())
    assert len(pictures) >= 24
    read = [batch.read_file(model, path.name, path.read_bytes()) for path in pictures]
    assert [item.name for item in read if not item.is_right] == []
    assert {item.label for item in read} == set(range(10))
    assert max(path.stat().st_size for path in pictures) < 30_000


def test_the_samples_are_those_the_script_draws():
    """Decoded, as other versions of Pillow may pack the same pixels differently."""
    for name in list(samples.SAMPLES)[::6]:
        drawn, kept = Image.open(io.BytesIO(samples.draw(name))), Image.open(SHIPPED / "samples" / name)
        difference = np.asarray(drawn.convert("RGB"), int) - np.asarray(kept.convert("RGB"), int)
        assert np.abs(difference).mean() < 2, name


def test_only_the_folder_that_was_given_and_those_below_name_a_digit(tmp_path):
    """As on Evaluate: where a set lies on somebody's disk says nothing of what its pictures show."""
    folder = tmp_path / "3" / "set"
    (folder / "8").mkdir(parents=True)
    for name in ("7_anna.png", "8/1.png"):
        (folder / name).write_bytes(b"")
    assert [source.label for source in sources.find([folder]).sources] == [7, 8]
    assert [source.label for source in sources.find([tmp_path / "3"]).sources] == [3, 8]

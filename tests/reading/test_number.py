"""The laws of whole numbers: each digit reads as it would alone, whatever stands around it."""

import io
import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks import whole_numbers
from core.figures import boxes
from core.network import checkpoint
from core.reading import ink_network, picture, reader
from core.synthesis import sheets as draw_samples
from core.workspace import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
HEIGHT = 64
CLEAR = {
    "0": "0_round", "1": "1_plain", "2": "2_round", "3": "3_round", "4": "4_closed",
    "5": "5_one_stroke", "6": "6_curled", "7": "7_plain", "8": "8_two_rings", "9": "9_straight",
}  # fmt: skip


def write(text: str, gap: int = 22) -> np.ndarray:
    """Where the ink of a line lies, (H, W) in [0, 1]: digits, and marks at their usual place."""
    parts = []
    for number, letter in enumerate(text):
        rng = np.random.default_rng([number, ord(letter)])
        if letter.isdigit():
            side = round(1.6 * HEIGHT)
            ink = whole_numbers.crop(draw_samples.write(CLEAR[letter], (side, side), HEIGHT - 7, 7, rng))
        else:
            ink = whole_numbers.write_mark(letter, HEIGHT, 7, rng)
        ink = ink[: HEIGHT + 16]
        parts.append(np.pad(ink, ((0, HEIGHT + 16 - ink.shape[0]), (0, gap))))
    return np.pad(np.concatenate(parts, axis=1), 40)


def on_paper(covered: np.ndarray, ink=(20, 20, 30), paper=(250, 250, 248)) -> np.ndarray:
    sheet = np.ones((*covered.shape, 3), np.float32) * np.array(paper, np.float32) / 255
    return draw_samples.lay_ink(sheet, covered, ink)


def read(model: checkpoint.Checkpoint, sheet: np.ndarray, **options) -> reader.Reading:
    return reader.read(model, picture.from_array(draw_samples.to_bytes(sheet)), **options)


def frame(sheet: np.ndarray) -> np.ndarray:
    framed = sheet.copy()
    cv2.rectangle(framed, (8, 8), (sheet.shape[1] - 9, sheet.shape[0] - 9), (0.2, 0.2, 0.4), 2)
    return framed


SURROUNDINGS = {
    "plain": on_paper,
    "light on dark": lambda c: on_paper(c, (245, 245, 245), (10, 12, 40)),
    "tinted": lambda c: on_paper(c, draw_samples.BLUE, (252, 226, 110)),
    "shadow": lambda c: draw_samples.shade(on_paper(c), 0.4),
    "box of a form": lambda c: frame(on_paper(c)),
    "squared paper": lambda c: draw_samples.lay_ink(
        draw_samples.rule(on_paper(np.zeros_like(c)), 40, (150, 180, 215), 0.5, both_ways=True), c, (20, 20, 30)
    ),
    "half the size": lambda c: cv2.resize(on_paper(c), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "three times the size": lambda c: cv2.resize(on_paper(c), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC),
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_what_surrounds_a_number_changes_nothing(model, name: str):
    assert read(model, SURROUNDINGS[name](write("27385"))).text == "27385"


def test_a_number_reads_as_its_digits_do_alone(model):
    text = "8364072915"
    whole = read(model, on_paper(write(text)))
    alone = [reader.read(model, crop(whole, digit.box), expect="one").text for digit in whole.digits]
    assert whole.text == "".join(alone) == text


def crop(whole: reader.Reading, box: tuple[int, int, int, int]) -> picture.Picture:
    """One digit of a picture with as much paper around it as there is up to its neighbours."""
    x, y, width, height = box
    part = whole.picture.colours[y - 20 : y + height + 20, x - 9 : x + width + 9]
    return picture.from_array(np.pad(part, ((20, 20), (20, 20), (0, 0)), mode="edge"))


@pytest.mark.parametrize("glyph", sorted(draw_samples.GLYPHS))
def test_one_digit_stays_one(model, glyph: str):
    covered = draw_samples.write(glyph, (220, 260), 170, 12, np.random.default_rng(3))
    found = read(model, on_paper(covered))
    assert not found.is_number
    assert len(found.digits) <= 1


@pytest.mark.parametrize("path", sorted((SHIPPED / "samples").glob("[0-9]_*")), ids=lambda path: path.stem)
def test_no_sample_of_one_digit_becomes_a_number(model, path: Path):
    assert not reader.read(model, picture.read(path.read_bytes())).is_number


@pytest.mark.parametrize("text", ["38", "52"])
def test_two_digits_are_a_number_though_together_they_are_hardly_wider_than_high(model, text: str):
    covered = cv2.resize(write(text, gap=6), None, fx=0.75, fy=1, interpolation=cv2.INTER_AREA)
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    assert np.ptp(columns) < 1.1 * np.ptp(rows)
    assert read(model, on_paper(covered)).text == text


@pytest.mark.parametrize("text", ["300", "7000", "1800"])
def test_digits_that_hang_together_are_read_apart(model, text: str):
    covered = (write(text, gap=10) * 255).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats((covered > 80).astype(np.uint8))
    middles = sorted((x + width // 2, y) for x, y, width, height, _ in stats[1:] if height > 30)
    for (left, top), (right, next_top) in itertools.pairwise(middles[-len(text) + 1 :]):
        cv2.line(covered, (left, top + 3), (right, next_top + 3), 255, 5, cv2.LINE_AA)
    found = read(model, on_paper(covered.astype(np.float32) / 255))
    assert found.text == text


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_patch_of_sunlight_in_a_corner_is_no_ink(model, corner: tuple[int, int]):
    covered = np.pad(write("3901"), ((260, 260), (120, 120)))
    light = np.zeros_like(covered)
    high, wide = round(0.45 * light.shape[0]), round(0.5 * light.shape[1])
    light[:high, :wide] = 1
    light = cv2.GaussianBlur(light[:: 1 - 2 * corner[0], :: 1 - 2 * corner[1]].copy(), (0, 0), 9)
    sheet = on_paper(covered, (40, 40, 46), (150, 147, 140)) * (1 + 0.6 * light[..., None])
    assert read(model, sheet).text == "3901"


@pytest.mark.parametrize("zeros", [2, 3, 4])
def test_zeros_that_share_their_walls_are_read_apart(model, zeros: int):
    covered = (np.pad(write("7"), ((0, 0), (0, 40 * zeros))) * 255).astype(np.uint8)
    first = write("7").shape[1] - 30
    for number in range(zeros):
        cv2.ellipse(covered, (first + 36 * number, 40 + HEIGHT // 2), (18, 26), 0, 0, 360, 255, 6, cv2.LINE_AA)
    assert read(model, on_paper(covered / 255)).text == "7" + "0" * zeros


def test_small_zeros_behind_tall_digits_belong_to_the_number(model):
    covered = (np.pad(write("24"), ((0, 0), (0, 120))) * 255).astype(np.uint8)
    first = write("24").shape[1] - 30
    for number in range(3):
        cv2.ellipse(covered, (first + 40 * number, 88), (12, 14), 0, 0, 360, 255, 6, cv2.LINE_AA)
    assert read(model, on_paper(covered / 255)).text == "24000"


@pytest.mark.parametrize("written", ["12,345", "3.482", "620-58", "9,274.30"])
def test_marks_between_digits_are_skipped(model, written: str):
    assert read(model, on_paper(write(written))).text == "".join(filter(str.isdigit, written))


@pytest.mark.parametrize(
    ("angle", "spacing", "dark"), [(0.3, 9, 0.6), (0.3, 12, 0.45), (-0.5, 9, 0.45), (-0.5, 12, 0.6)]
)
def test_a_number_on_paper_with_fine_print_reads_as_on_plain_paper(model, angle: float, spacing: int, dark: float):
    found = read(model, print_lines(on_paper(write("58020")), angle, spacing, dark))
    assert found.text == "58020"
    assert "Ink, closer" in [step.title for step in found.found.steps]


def print_lines(sheet: np.ndarray, angle: float, spacing: int, dark: float) -> np.ndarray:
    """The same sheet with parallel lines three pixels wide all over it, ink included."""
    y, x = np.mgrid[0 : sheet.shape[0], 0 : sheet.shape[1]]
    lines = (y * np.cos(angle) - x * np.sin(angle)) % spacing < 3
    return cv2.GaussianBlur(sheet * (1 - dark * lines[..., None]).astype(np.float32), (0, 0), 1)


def test_a_clean_picture_is_looked_at_once_by_the_network(model, monkeypatch):
    """By contrast and once by the network: every further look costs time, and here all agree."""
    looks, find = [], ink_network.find
    monkeypatch.setattr(ink_network, "find", lambda *arguments: looks.append(1) or find(*arguments))
    paper = np.random.default_rng(0).normal(0, 0.01, on_paper(write("8")).shape)
    assert read(model, np.clip(on_paper(write("8")) + paper, 0, 1)).verdict == "digit"
    assert len(looks) == 1
    assert read(model, on_paper(write("8"))).verdict == "digit"
    assert len(looks) == 1, "what was drawn on a screen needs none"


@pytest.mark.parametrize("deep", [7, 9])
def test_a_wavy_line_along_several_digits_joins_none_of_them(model, deep: int):
    """A straight one is dropped as a rule; this is what a rule on rough paper may look like."""
    sheet = on_paper(write("4071"))
    ink = sheet.mean(2) < 0.5
    top, (left, right) = int(np.flatnonzero(ink.any(1))[0]), np.flatnonzero(ink.any(0))[[0, -1]]
    x = np.linspace(left + 6, right - 6, 30)
    y = top - 6 - deep / 2 * (1 + np.sin((x - left) / 18))
    cv2.polylines(sheet, [np.stack([x, y], axis=1).round().astype(np.int32)], False, (0.1, 0.1, 0.15), 3)
    assert read(model, sheet).text == "4071"


def test_lines_are_read_from_the_top(model):
    rows = [write("264"), write("738")]
    wide = max(row.shape[1] for row in rows)
    found = read(model, on_paper(np.concatenate([np.pad(row, ((0, 0), (0, wide - row.shape[1]))) for row in rows])))
    assert found.text == "264 738"
    assert [digit.line for digit in found.digits] == [0, 0, 0, 1, 1, 1]


def test_what_is_expected_is_what_is_read(model):
    number, one = on_paper(write("274")), on_paper(write("6"))
    assert len(read(model, number, expect="one").digits) <= 1
    assert read(model, number, expect="number").text == "274"
    forced = read(model, one, expect="number")
    assert (forced.text, forced.is_number) == ("6", True)
    with pytest.raises(ValueError, match="expect"):
        read(model, one, expect="many")


def test_boxes_lie_on_the_upright_picture_in_reading_order(model):
    sheet = draw_samples.to_bytes(on_paper(write("4725")))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(sheet).transpose(Image.Transpose.ROTATE_90).save(buffer, "PNG", exif=exif)
    found = reader.read(model, picture.read(buffer.getvalue()))
    assert found.text == "4725"
    assert [digit.box[0] for digit in found.digits] == sorted(digit.box[0] for digit in found.digits)
    for digit in found.digits:
        x, y, width, height = digit.box
        assert 0 <= x < x + width <= sheet.shape[1]
        assert 0 <= y < y + height <= sheet.shape[0]
        inside = sheet[y : y + height, x : x + width] < 128
        assert inside.any()
        assert abs(height - HEIGHT) < 8
    assert boxes.mark_number(found, 0).shape[1] == boxes.WIDE


def test_blank_paper_and_noise_hold_no_number(model):
    for sheet in (np.ones((120, 300, 3)), np.random.default_rng(0).random((120, 300, 3))):
        assert not read(model, sheet).is_number
        assert read(model, sheet, expect="number").text == ""


@pytest.mark.slow
def test_words_in_most_typefaces_are_no_number_unless_one_is_asked_for(model):
    pages = [picture.from_array(whole_numbers.make("lettering", number, 7).sheet) for number in range(40)]
    assert (
        sum(not reader.read(model, page).is_number for page in pages) >= 25
    )  # 26 by contrast alone: one more way, one more chance
    assert all(reader.read(model, page, expect="number").is_number for page in pages[:5])


def test_a_model_that_cannot_tell_letters_reads_numbers_all_the_same(model):
    assert read(replace(model, rejection=None), on_paper(write("27385"))).text == "27385"


def test_the_script_lists_the_digits(tmp_path: Path):
    Image.fromarray(draw_samples.to_bytes(on_paper(write("4725")))).save(tmp_path / "amount.png")
    command = [sys.executable, "scripts/predict.py", "--format", "json", "--expect", "number", tmp_path / "amount.png"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    row = json.loads(done.stdout)
    assert row["text"] == "4725" == "".join(str(entry["digit"]) for entry in row["digits"])
    assert all(set(entry) == {"digit", "confidence", "box"} and len(entry["box"]) == 4 for entry in row["digits"])

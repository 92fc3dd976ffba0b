"""Ink is learned: found on pages nobody has seen, of any size and either polarity; drawn and learned by a seed."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.data import mnist
from core.data.labels import NO_DIGIT
from core.reading import ink_network
from core.synthesis import fonts, pages, pen_digits
from core.synthesis.pages import PAPERS, Hand, Page
from core.training import ink

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def hand() -> Hand:
    digits = mnist.load(train=True).pick(torch.arange(55_000, 57_000))
    return Hand(digits, pen_digits.load("validation"), fonts.load("validation"))


@pytest.fixture(scope="module")
def drawn(hand: Hand) -> list[Page]:
    rng = np.random.default_rng(77)
    return [pages.draw(hand, rng, [paper]) for paper in PAPERS for _ in range(6)]


def test_ink_on_a_page_differs_from_what_is_beside_it(drawn: list[Page]):
    for page in drawn:
        assert page.colours.shape == (*page.ink.shape, 3) and page.colours.dtype == page.ink.dtype == np.uint8
    written = [page for page in drawn if (page.ink > 128).sum() > 50]
    assert len(written) > 0.7 * len(drawn)
    apart = [
        np.abs(page.colours[page.ink > 128].mean(0) - page.colours[page.ink < 10].mean(0)).max() for page in written
    ]
    assert np.median(apart) > 20


def test_a_page_without_writing_is_no_digit(drawn: list[Page]):
    assert all(page.label == NO_DIGIT for page in drawn if not page.ink.any() and page.label < 0)
    assert any(not page.ink.any() for page in drawn)
    assert {page.label for page in drawn} & set(range(10))


@pytest.mark.parametrize("side", [96, 128, 160, 192])
@pytest.mark.parametrize("slope", [0.0, 0.13, 0.5, 1.0])
def test_a_hairline_stays_a_line_however_small_its_page_is_seen(side: int, slope: float):
    for start in np.linspace(20, 24, 9):
        page = np.zeros((480, 480, 3), np.uint8)
        ends = [round(place * 16) for place in (start, 30, start + 400 * slope, 430)]
        cv2.line(page, tuple(ends[:2]), tuple(ends[2:]), (255,) * 3, 1, cv2.LINE_AA, 4)
        seen = ink.mark(page[..., 0], side)
        parts, _ = cv2.connectedComponents(seen.astype(np.uint8), connectivity=8)
        rows = np.flatnonzero(seen.any(1))
        assert parts == 2 and rows[-1] - rows[0] > 0.8 * side
        assert np.count_nonzero(seen) < 2.5 * len(rows)


def test_broad_strokes_are_what_the_pen_covers_half_of():
    page = np.zeros((300, 300), np.uint8)
    page[60:240, 100:130] = 255
    assert ink.mark(page, 300).sum() == 180 * 30 and ink.mark(page, 100).sum() == 60 * 10
    assert not ink.mark(np.zeros_like(page), 96).any()


def test_a_seed_a_page(hand: Hand):
    once, again, other = (pages.draw(hand, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(once.colours, again.colours) and np.array_equal(once.ink, again.ink)
    assert once.ink.shape != other.ink.shape or not np.array_equal(once.ink, other.ink)


@pytest.fixture(scope="module")
def scores(drawn: list[Page]) -> dict[str, ink.InkScore]:
    """What the shipped network finds of the whole pages, by their paper."""
    return ink.score(ink_network.load(), drawn)


def test_the_shipped_network_finds_most_ink_and_some_on_every_kind_of_paper(scores: dict[str, ink.InkScore]):
    assert scores["all"].f1 > 0.6  # 0.70 on many more pages, models/ink.json
    assert {paper: score.f1 for paper, score in scores.items() if score.f1 < 0.1} == {}


def test_a_closer_look_finds_more(drawn: list[Page], scores: dict[str, ink.InkScore]):
    assert ink.score(ink_network.load(), drawn, near=256)["all"].f1 > scores["all"].f1


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (63, 65), (200, 9)])
def test_a_picture_of_any_size_is_answered_pixel_by_pixel(shape: tuple[int, int]):
    colours = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = ink_network.find(ink_network.load(), colours)
    assert found.shape == shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1


@pytest.mark.parametrize("colour", [(0, 0, 0), (90, 120, 10), (255, 255, 255)])
def test_one_colour_holds_no_ink(colour: tuple[int, int, int]):
    page = np.full((160, 120, 3), colour, np.uint8)
    assert ink_network.find(ink_network.load(), page).max() < 0.5


def test_a_negative_has_its_ink_in_the_same_place(drawn: list[Page]):
    network, both = ink_network.load(), []
    for page in drawn[::4]:
        one, other = (ink_network.find(network, seen) > 0.5 for seen in (page.colours, 255 - page.colours))
        both.append((one & other).sum() / max(1, (one | other).sum()) if (one | other).any() else 1.0)
    assert np.mean(both) > 0.6


def test_darkening_a_page_changes_nothing(drawn: list[Page]):
    page = next(page for page in drawn if page.label in range(10) and (page.ink > 128).sum() > 200)
    network = ink_network.load()
    darker = (page.colours // 2).astype(np.uint8)
    assert np.abs(ink_network.find(network, page.colours) - ink_network.find(network, darker)).mean() < 0.02


def test_a_seed_a_network_and_the_loss_falls(drawn: list[Page]):
    once, again = ([step.loss for step in ink.learn(drawn[:8], steps=8, seed=3)] for _ in range(2))
    assert np.allclose(once, again, rtol=1e-2)
    assert np.mean(once[-3:]) < np.mean(once[:3])


def test_what_was_saved_answers_the_same(tmp_path: Path, drawn: list[Page]):
    network = ink_network.load()
    ink_network.save(network, tmp_path / "again.npz")
    again = ink_network.load(tmp_path / "again.npz")
    colours = drawn[1].colours
    assert np.allclose(ink_network.find(network, colours), ink_network.find(again, colours), atol=1e-5)


def test_a_missing_or_damaged_file_is_refused(tmp_path: Path):
    with pytest.raises(OSError):
        ink_network.load(tmp_path / "missing.npz")
    (tmp_path / "damaged.npz").write_bytes(ink_network.FILE.read_bytes()[:1000])
    np.savez(tmp_path / "other.npz", weight=np.zeros(3))
    for name in ("damaged.npz", "other.npz"):
        with pytest.raises(ValueError):
            ink_network.load(tmp_path / name)


@pytest.mark.slow
def test_the_script_trains_one_from_nothing(tmp_path: Path):
    script = [sys.executable, "scripts/train_ink.py", "--pages", "24", "--steps", "4", "--held-out", "12"]
    done = subprocess.run([*script, "--file", tmp_path / "new.npz"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "all" in done.stdout
    assert isinstance(ink_network.load(tmp_path / "new.npz"), ink_network.InkNetwork)
    assert (tmp_path / "new.json").is_file()

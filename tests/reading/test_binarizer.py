"""Ink on printed paper: found on sheets nobody has seen, at any size and darkness; drawn and learnt by a seed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data import mnist
from core.reading import binarizer
from core.reading.ink import find_contrast
from core.synthesis import documents, pen_digits
from core.synthesis.documents import Sheet
from core.training.binarizer import learn, score

ROOT = Path(__file__).resolve().parents[2]


def draw(count: int, seed: int) -> list[Sheet]:
    digits, writers = mnist.load(train=True).pick(torch.arange(2000)), pen_digits.load("validation")
    return [documents.draw(digits, writers, np.random.default_rng([seed, number])) for number in range(count)]


@pytest.fixture(scope="module")
def sheets() -> list[Sheet]:
    return draw(30, seed=77)


def test_a_sheet_holds_ink_darker_than_the_paper_beside_it(sheets: list[Sheet]):
    for sheet in sheets:
        assert sheet.grey.shape == sheet.ink.shape and sheet.grey.dtype == np.float32
        assert 0 < sheet.ink.mean() < 0.6
    darker = [sheet.grey[sheet.ink].mean() < sheet.grey[~sheet.ink].mean() for sheet in sheets]
    assert np.mean(darker) > 0.9


def test_a_seed_a_sheet():
    once, again, other = draw(1, 1)[0], draw(1, 1)[0], draw(1, 2)[0]
    assert np.array_equal(once.grey, again.grey) and np.array_equal(once.ink, again.ink)
    assert once.grey.shape != other.grey.shape or not np.array_equal(once.grey, other.grey)


def test_the_shipped_network_finds_ink_that_brightness_alone_does_not(sheets: list[Sheet]):
    found = score(binarizer.load(), sheets)
    assert found.f1 > 0.8
    contrasts = [find_contrast(sheet.grey, True) for sheet in sheets]
    cut = [binarizer.normalise(contrast) > 0.5 for contrast in contrasts]
    both = sum((one & sheet.ink).sum() for one, sheet in zip(cut, sheets, strict=True))
    by_brightness = 2 * both / sum(one.sum() + sheet.ink.sum() for one, sheet in zip(cut, sheets, strict=True))
    assert found.f1 > by_brightness + 0.1


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (63, 65), (200, 9)])
def test_a_picture_of_any_size_is_answered_pixel_by_pixel(shape: tuple[int, int]):
    found = binarizer.find(binarizer.load(), np.random.default_rng(0).normal(0, 0.1, shape).astype(np.float32))
    assert found.shape == shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1


def test_a_lighter_pen_is_found_where_a_darker_one_is(sheets: list[Sheet]):
    contrast = find_contrast(sheets[0].grey, True)
    network = binarizer.load()
    assert np.allclose(binarizer.find(network, contrast), binarizer.find(network, 0.4 * contrast), atol=0.02)


def test_a_seed_a_network_and_the_loss_falls(sheets: list[Sheet]):
    once, again = ([step.loss for step in learn(sheets[:4], steps=8, seed=3)] for _ in range(2))
    assert np.allclose(once, again, rtol=1e-3)
    assert np.mean(once[-3:]) < np.mean(once[:3])


def test_what_was_saved_answers_the_same(tmp_path: Path, sheets: list[Sheet]):
    network = binarizer.load()
    binarizer.save(network, tmp_path / "again.npz")
    contrast = find_contrast(sheets[1].grey, True)
    again = binarizer.load(tmp_path / "again.npz")
    assert np.allclose(binarizer.find(network, contrast), binarizer.find(again, contrast), atol=1e-5)


def test_a_missing_or_damaged_file_is_refused(tmp_path: Path):
    with pytest.raises(OSError):
        binarizer.load(tmp_path / "missing.npz")
    (tmp_path / "damaged.npz").write_bytes(binarizer.FILE.read_bytes()[:1000])
    np.savez(tmp_path / "other.npz", weight=np.zeros(3))
    for name in ("damaged.npz", "other.npz"):
        with pytest.raises(ValueError):
            binarizer.load(tmp_path / name)


@pytest.mark.slow
def test_the_script_trains_one_from_nothing(tmp_path: Path):
    script = [sys.executable, "scripts/train_binarizer.py", "--sheets", "2", "--steps", "20"]
    done = subprocess.run([*script, "--out", tmp_path / "new.npz"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "F1" in done.stdout
    assert isinstance(binarizer.load(tmp_path / "new.npz"), binarizer.Binarizer)

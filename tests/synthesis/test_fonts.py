"""Characters of fonts: seeds decide alone, held-out typefaces stay held out, the shipped heads have learnt them."""

from pathlib import Path

import numpy as np
import pytest

from core.data.digits import DataError
from core.network import checkpoint
from core.network.prediction import predict
from core.synthesis import fonts


def test_the_same_seed_draws_the_same_glyphs_and_another_seed_others():
    once, again, other = (fonts.make(40, seed) for seed in (1, 1, 2))
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_glyphs_have_mnists_form():
    drawn = fonts.make(300, seed=3)
    assert drawn.dtype == np.uint8 and drawn.shape == (300, 28, 28)
    assert (drawn.reshape(300, -1).max(1) > 200).all()
    assert (drawn[:, 0] == 0).all()  # ink keeps away from the border


def test_more_than_there_are_come_round_again_with_another_pen():
    known = len(fonts.load("validation", "H"))
    drawn = fonts.make(2 * known, 0, "validation", "H")
    assert len(np.unique(drawn.reshape(len(drawn), -1), axis=0)) > 1.9 * known


def test_held_out_typefaces_are_never_learnt_from():
    learnt, held_out = ({glyph.typeface for glyph in fonts.load(part)} for part in ("training", "validation"))
    assert len(learnt) > 150 and len(held_out) > 50 and not learnt & held_out


def test_only_the_characters_asked_for_are_given():
    assert {glyph.character for glyph in fonts.load("training", "A?")} == {"A", "?"}
    assert not set(fonts.LETTERS + fonts.SIGNS) & set(fonts.DIGITS + "OIlSZBgqbz|/\\,.'")


@pytest.mark.parametrize("lean", [-0.3, 0.0, 0.3])
def test_a_glyph_that_leans_or_widens_is_not_cut_off(lean: float):
    """The whole bar of an H with room around it, whichever way it leans."""
    ink = np.zeros((48, 48), bool)
    ink[:, :6], ink[:, 34:40], ink[20:26, :40] = True, True, True
    drawn = fonts._place(fonts.Glyph("none", "H", ink), 1.3, lean)
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    assert rows[0] > 0 and rows[-1] < len(drawn) - 1
    assert columns[0] > 0 and columns[-1] < drawn.shape[1] - 1


@pytest.mark.slow
def test_the_shipped_models_take_few_letters_of_other_typefaces_for_digits():
    drawn = fonts.make(1500, 5, "validation").astype(np.float32) / 255
    for name in ("reference", "modern"):
        answers = predict(checkpoint.load(name), drawn)
        assert np.mean([one.verdict == "digit" for one in answers]) < 0.1


def test_the_shipped_models_still_read_digits_of_other_typefaces():
    drawn = fonts.make(500, 5, "validation", fonts.DIGITS).astype(np.float32) / 255
    for name in ("reference", "modern"):
        answers = predict(checkpoint.load(name), drawn)
        assert np.mean([one.verdict == "digit" for one in answers]) > 0.85


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04"])
def test_a_missing_or_damaged_file_is_said_with_the_remedy(content: bytes | None, tmp_path: Path):
    if content is not None:
        (tmp_path / fonts.FILE).write_bytes(content)
    with pytest.raises(DataError, match="git checkout -- data"):
        fonts.load("training", folder=tmp_path)

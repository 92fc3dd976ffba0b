"""Pictures of a run: each value where it belongs; a film of as many pictures as the run has states."""

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from core.explanation.replay import Frame, Overview
from core.figures import film
from core.figures.theme import ACCENT, DIGITS, SECOND, rgb

RNG = np.random.default_rng(0)
FRAME = Frame(3, RNG.normal(size=(6, 5, 5)), RNG.normal(size=(6, 28, 28)), np.eye(10)[4], (0.0, 0.0))
PLACES = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 0.0], [-1.0, 0.0]], np.float32)  # the name of the 7 covers no first 7
LABELS = np.array([2, 7, 7, 7])


def has(picture: np.ndarray, colour: str) -> np.ndarray:
    """Where a picture has exactly this colour: (H, W) bool."""
    return (picture == np.array(rgb(colour))).all(axis=2)


@pytest.mark.parametrize("dark", [False, True])
def test_the_longest_bar_is_that_of_the_answer(dark):
    rows = np.flatnonzero(has(film.draw_bars(FRAME.probabilities, dark), ACCENT[dark]).any(axis=1))
    assert 4 * film.BARS[1] / 10 <= rows.min() and rows.max() <= 5 * film.BARS[1] / 10


@pytest.mark.parametrize("dark", [False, True])
def test_a_digit_stands_where_it_lies_and_at_the_edge_where_that_is_beyond(dark):
    bounds = (np.array([-1.0, -1.0]), np.array([1.0, 1.0]))
    far = PLACES * 100
    for places in (PLACES, far):
        picture = film.draw_places(places, LABELS, (0.0, 0.0), bounds, dark)
        assert has(picture[-40:, -40:], DIGITS[7]).any() and not has(picture[-40:, -40:], DIGITS[2]).any()


def test_what_is_right_is_blue_and_what_is_wrong_is_orange():
    matrix = np.zeros((10, 10), np.int64)
    matrix[1, 1], matrix[2, 5] = 4, 4
    picture = film.draw_confusion(matrix).astype(int)
    cell = film.SIDE // 11
    for (true, read), full in (((1, 1), ACCENT[False]), ((2, 5), SECOND[False])):
        found = picture[(true + 1) * cell + 4, (read + 1) * cell + 4]
        assert np.abs(found - (255 + 0.75 * (np.array(rgb(full)) - 255))).max() <= 1
    assert (picture[4 * cell + 4, 4 * cell + 4] == 255).all()


def test_a_film_has_a_picture_for_each_state():
    overview = Overview(PLACES, np.eye(10, dtype=np.int64))
    pictures = [
        film.compose(
            np.zeros((28, 28)), replace(FRAME, step=step), overview, LABELS, film.find_bounds(PLACES), (1, 1), 9
        )
        for step in (0, 3, 9)
    ]
    assert len({one.shape for one in pictures}) == 1
    with Image.open(io.BytesIO(film.as_gif(pictures, 0.5))) as gif:
        assert gif.n_frames == 3 and gif.info["duration"] == 500


def test_an_mp4_is_played_at_its_pace(tmp_path):
    pictures = [np.full((64, 48, 3), grey, np.uint8) for grey in (0, 120, 250)]
    path = tmp_path / "film.mp4"
    path.write_bytes(film.as_mp4(pictures, 0.5))
    played = cv2.VideoCapture(str(path))
    greys = []
    while (read := played.read())[0]:
        greys.append(float(read[1].mean()))
    assert len(greys) == 3 * film.REPEATS and played.get(cv2.CAP_PROP_FPS) == film.REPEATS / 0.5
    np.testing.assert_allclose(greys[1 :: film.REPEATS], [0, 120, 250], atol=8)

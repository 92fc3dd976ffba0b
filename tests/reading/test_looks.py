"""Several ways to see a picture: at any size without a traceback, and sure only where they bear each other out."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.network.prediction import Prediction, Verdict
from core.reading import ink_network, picture, reader
from core.reading.looks import Looks
from core.reading.mnist_form import box_of
from core.reading.one_digit import FoundDigit
from core.reading.reader import Hypothesis
from core.reading.settings import LOOK

SHAPES = [(1, 1), (1, 40), (2, 3), (4, 4), (5, 16), (16, 5), (17, 17), (49, 30), (300, 8), (90, 160)]


def make(digit: int, verdict: Verdict, evidence: float) -> Hypothesis:
    """A way to see a digit, of which the model says this."""
    probabilities = tuple(0.991 if one == digit else 0.001 for one in range(10))
    bare = Prediction(probabilities, verdict, digit_logit=evidence / 2, whole_digit_logit=evidence / 2 + 0.00904)
    return Hypothesis("a look", FoundDigit(np.zeros((28, 28), np.float32), (0, 0, 9, 9), (), "dark on light"), bare)


@pytest.mark.parametrize("shape", SHAPES)
def test_any_size_is_seen_in_every_way(shape: tuple[int, int], model):
    rng = np.random.default_rng(sum(shape))
    for colours in (
        rng.integers(0, 256, (*shape, 3), dtype=np.uint8),
        np.where(rng.random((*shape, 1)) < 0.1, 0, 230).astype(np.uint8).repeat(3, 2),
    ):
        given = picture.from_array(colours)
        looks = Looks(given)
        for ink in (looks.usual, *looks.others.values()):
            if ink is not None:
                x, y, width, height = ink.place(ink.patches.box(0))
                assert 0 <= x < x + width <= shape[1] and 0 <= y < y + height <= shape[0]
        reader.read(model, given)


def test_whatever_the_network_says_of_a_small_picture_can_be_looked_at_closer(monkeypatch):
    """A speck may be less than one pixel of a picture that was enlarged to be seen."""
    rng = np.random.default_rng(1)

    def say(network, colours: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        likely = np.zeros(colours.shape[:2], np.float32)
        (y, x), (high, wide) = (rng.integers(side) for side in likely.shape), rng.integers(1, 6, 2)
        likely[y : y + high, x : x + wide] = 1
        return likely

    monkeypatch.setattr(ink_network, "find", say)
    for _ in range(300):
        high, wide = rng.integers(1, 21, 2)
        looks = Looks(picture.from_array(np.full((high, wide, 3), 200, np.uint8)))
        for ink in (looks.usual, *looks.others.values()):
            if ink is not None:
                x, y, width, height = ink.place(ink.patches.box(0))
                assert 0 <= x < x + width <= wide and 0 <= y < y + height <= high


def test_an_answer_that_no_second_way_bears_out_is_not_sure():
    sure, other, refused = make(7, Verdict.DIGIT, 9), make(1, Verdict.DIGIT, 3), make(7, Verdict.NO_DIGIT, -9)
    assert reader._vote([sure, sure], 0).verdict is Verdict.DIGIT
    assert reader._vote([sure, other], 0).verdict is Verdict.UNSURE
    assert reader._vote([sure, refused], 1).verdict is Verdict.UNSURE
    faint = make(7, Verdict.DIGIT, LOOK.least_evidence - 0.5)
    assert reader._vote([faint, faint], 0).verdict is Verdict.UNSURE


def test_what_most_ways_refuse_is_no_digit():
    unsure, refused = make(7, Verdict.UNSURE, 1), make(7, Verdict.NO_DIGIT, -9)
    assert reader._vote([unsure, refused], 1).verdict is Verdict.NO_DIGIT
    assert reader._vote([unsure, unsure, refused], 0).verdict is Verdict.UNSURE


@pytest.mark.parametrize(("behind", "is_rival"), [(0.5, True), (2 * LOOK.closest_rival, False)])
def test_another_digit_close_behind_makes_an_answer_unsure(behind: float, is_rival: bool, model):
    reading = reader.read(model, picture.from_array(np.full((60, 60, 3), 255, np.uint8)))
    best, other = make(7, Verdict.DIGIT, 5), make(1, Verdict.DIGIT, 5 - behind)
    seven = replace(reading, prediction=best.prediction, found=best.found, hypotheses=(best, other))
    assert (seven.rival is not None) == is_rival
    assert seven.verdict == ("unsure" if is_rival else "digit")
    assert ("it looks like a 1" in seven.sentence) == is_rival


@pytest.mark.parametrize("radius", [3, 12, 60, 110])
@pytest.mark.parametrize("polarity", ["dark on light", "light on dark"])
def test_a_blot_stays_whole_when_its_polarity_is_told(radius: int, polarity: str, monkeypatch):
    """Its middle has no paper near, and without it a blot would be a ring, which is a sure 0."""
    rows, columns = np.mgrid[:240, :240]
    blot = np.hypot(rows - 120, columns - 120) < radius
    ink, paper = (20, 235) if polarity == "dark on light" else (235, 20)
    seen = picture.from_array(np.repeat(np.where(blot, ink, paper).astype(np.uint8)[..., None], 3, axis=2))
    ring = np.hypot(rows - 120, columns - 120)
    edge = ((ring < radius) & (ring > radius - 3)).astype(np.float32)

    def find(network: object, colours: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        return cv2.resize(edge, colours.shape[1::-1], interpolation=cv2.INTER_AREA)

    monkeypatch.setattr("core.reading.looks.ink_network.find", find)
    found = Looks(seen, polarity).usual
    assert found is not None
    _, _, width, height = box_of(found.mask)
    assert found.mask.sum() > 0.6 * width * height

"""Digits of other writers: seeds decide alone, held-out digits stay held out, pen-up movements aren't drawn."""

import numpy as np
import pytest
import torch

from core.config import TrainingSettings
from core.data.digits import DataError, DigitSet
from core.evaluation.report import evaluate
from core.network import checkpoint
from core.synthesis import pen_digits
from core.training.examples import Examples, add_extras
from core.training.loop import Training


@pytest.fixture(scope="module")
def drawn() -> DigitSet:
    return pen_digits.make(600, seed=3, part="validation")


def test_the_same_seed_draws_the_same_digits_and_another_seed_others():
    once, again, other = (pen_digits.make(40, seed) for seed in (1, 1, 2))
    assert torch.equal(once.images, again.images) and torch.equal(once.labels, again.labels)
    assert not torch.equal(once.images, other.images)


def test_digits_have_mnists_form(drawn: DigitSet):
    assert drawn.images.dtype == torch.uint8 and drawn.images.shape == (600, 28, 28)
    assert set(drawn.labels.tolist()) == set(range(10))
    assert (drawn.images.flatten(1).amax(1) == 255).all()
    assert (drawn.images[:, 0] == 0).all()  # ink keeps away from the border


def test_only_the_labels_asked_for_are_drawn():
    assert set(pen_digits.make(50, 0, labels=(1, 7)).labels.tolist()) == {1, 7}


def test_held_out_digits_are_never_learnt_from():
    def ways(part: pen_digits.Part) -> list[bytes]:
        return [b"".join(stroke.tobytes() for stroke in digit.strokes) for digit in pen_digits.load(part)]

    learnt, held_out = ways("training"), ways("validation")
    assert len(held_out) > 2500 and not set(learnt) & set(held_out)


def test_the_shipped_network_reads_those_it_never_learnt_from(drawn: DigitSet):
    assert evaluate(checkpoint.load(checkpoint.SHIPPED).model, drawn).accuracy > 0.97


@pytest.mark.parametrize("label", [5, 7])
def test_the_way_up_to_a_bar_is_not_drawn(label: int):
    """After its lowest point no stroke of a crossed 7, or of a 5 with its bar written last, goes up by much."""
    parted = [one for one in pen_digits.load("training") if one.label == label and len(one.strokes) > 1]
    assert len(parted) > 200
    for digit in parted:
        first, last = digit.strokes[0], digit.strokes[-1]
        assert np.diff(last[:, 1]).min() >= -pen_digits.RISE - 1e-9  # y points down
        assert last[0, 1] < first[:, 1].max() - pen_digits.RISE  # the bar begins above the foot


@pytest.mark.parametrize("width", [0.3, 0.5, 0.9])
def test_digits_are_as_wide_again_as_they_were_written(width: float):
    """A bar and a stem whose points were equally far apart, stretched to a square as the data set does."""
    corners = np.array([[0.0, 1.0], [width, 1.0], [width, 0.0]])
    reached = np.array([0.0, width, width + 1.0])
    at = np.linspace(0, width + 1.0, 8)
    points = np.stack([np.interp(at, reached, corners[:, axis]) for axis in (0, 1)], axis=1)
    stretched = (points - points.min(0)) / np.ptp(points, axis=0)
    assert pen_digits._find_widths(stretched[None])[0] == pytest.approx(width, rel=0.2)


def test_a_missing_file_is_said_with_the_remedy(tmp_path):
    with pytest.raises(DataError, match="git checkout -- data"):
        pen_digits.load("training", tmp_path)


def test_a_run_is_shown_other_writers_but_validated_on_its_own_digits(tiny: DigitSet):
    settings = TrainingSettings(architecture="mlp", epochs=1, outlier_exposure=0.0, pen_digits=0.5, left_out=(4,))
    own = tiny.pick(torch.nonzero(tiny.labels != 4).flatten())
    training = Training(Examples(own, own, add_extras(own, settings)), settings)
    assert len(training.shown) == len(own) + round(0.5 * len(own))
    assert len(training.digits) == len(training.validation) == len(own)
    assert 4 not in training.shown.labels  # a class that was left out comes in by no other door


@pytest.fixture(scope="module")
def tiny() -> DigitSet:
    labels = torch.arange(10).repeat(4)
    return DigitSet(torch.randint(0, 255, (40, 28, 28), dtype=torch.uint8), labels)

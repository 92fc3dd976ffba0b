"""A map puts a digit beside itself, is the same again, and is kept."""

import numpy as np
import pytest
import torch

from core.data import mnist
from core.explanation import digit_map
from core.network import checkpoint

MODEL = checkpoint.load("modern").model
DIGITS = mnist.load(train=True).pick(torch.arange(300))
FLAT = digit_map.lay_out(MODEL, DIGITS)


@pytest.fixture(scope="module")
def embedded():
    return digit_map.embed(FLAT)


@pytest.mark.parametrize("is_embedded", [False, True])
def test_a_digit_of_the_map_is_placed_beside_itself(embedded, is_embedded):
    one = embedded if is_embedded else FLAT
    size = np.ptp(one.places, axis=0).max()
    for place in (0, 17, 299):
        image = DIGITS.images[place].numpy().astype(np.float32) / 255
        assert one.nearest(MODEL, image, 3)[0] == place
        assert np.abs(np.array(one.place(MODEL, image)) - one.places[place]).max() < 0.01 * size


def test_the_same_seed_gives_the_same_map(embedded):
    again = digit_map.embed(digit_map.lay_out(MODEL, DIGITS))
    np.testing.assert_array_equal(again.places, embedded.places)
    assert not np.array_equal(embedded.places, FLAT.places)


def test_digits_of_one_kind_lie_together(embedded):
    """Of a digit's nearest neighbor on the map nearly all are of the same kind."""
    for one, share in ((embedded, 0.9), (FLAT, 0.4)):
        distances = np.linalg.norm(one.places[:, None] - one.places[None], axis=2) + 1e9 * np.eye(len(one.places))
        assert (one.labels[distances.argmin(1)] == one.labels).mean() > share


def test_the_first_directions_vary_most():
    spread = FLAT.positions.var(0)
    assert (np.diff(spread) <= 1e-6).all()
    np.testing.assert_allclose(FLAT.places, FLAT.positions[:, :2])


def test_a_map_is_kept_for_its_version_alone(embedded, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    assert digit_map.find_kept("a model", "1") is None
    digit_map.keep(embedded, "a model", "1")
    found = digit_map.find_kept("a model", "1")
    assert found is not None and found.is_embedded
    np.testing.assert_array_equal(found.places, embedded.places)
    np.testing.assert_array_equal(found.answers, embedded.answers)
    assert digit_map.find_kept("a model", "2") is None
    for damaged in (b"no map", b""):
        (tmp_path / "maps" / "a model.npz").write_bytes(damaged)
        assert digit_map.find_kept("a model", "1") is None


def test_whoever_waits_hears_how_far_it_is_and_may_end_it():
    heard = []
    digit_map.lay_out(MODEL, DIGITS, heard.append)
    assert heard == sorted(heard) and heard[-1] == 1

    def stop(share):
        heard.append(share)
        return share < 0.2

    assert digit_map.embed(FLAT, stop) is None
    assert 0.2 <= heard[-1] < 0.5

"""A changed digit is what it was made to be, after it was saved and read again; and so is its twin."""

import numpy as np
import pytest

from core.data import mnist
from core.explanation import adversary, counterfactual, saved_picture
from core.network import checkpoint
from core.network.prediction import predict
from core.reading import picture, reader

TRAINING = mnist.load(train=True).pick(slice(0, 6000))
TEST = mnist.load(train=False)
SLOW = [pytest.param(case, marks=pytest.mark.slow) for case in (("modern", 11, 0), ("reference", 0, 3))]
CASES = [("modern", 4, 9), *SLOW]  # a model, a test digit, what it is to become


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request):
    name, place, wanted = request.param
    digit = TEST.images[place].numpy().astype(np.float32) / 255
    others = TRAINING.images[TRAINING.labels == wanted].numpy()
    return checkpoint.load(name), digit, counterfactual.find_examples(digit, others), wanted


@pytest.fixture(scope="module")
def found_and_heard(case):
    """The change, and what whoever waited for it heard."""
    model, digit, examples, wanted = case
    heard: list[float] = []
    return counterfactual.change(model, digit, examples, wanted, heard.append), heard


def test_the_changed_digit_is_read_as_the_wanted_one_from_a_saved_file(case, found_and_heard, tmp_path):
    (model, _, _, wanted), (found, heard) = case, found_and_heard
    assert found is not None
    file = tmp_path / "changed.png"
    file.write_bytes(saved_picture.save(found.after))
    np.testing.assert_array_equal(saved_picture.load(file.read_bytes()), found.after)
    assert predict(model, found.after[None])[0].digit == wanted != predict(model, found.before[None])[0].digit
    read = reader.read(model, picture.read(file.read_bytes()), expect="one")
    assert read.digits[0].digit == wanted
    assert heard == sorted(heard) and heard[-1] == 1


def test_a_change_is_small_and_lies_between_the_digit_and_a_real_one(case, found_and_heard):
    (_, _, examples, _), (found, _) = case, found_and_heard
    assert 0 < found.pixels < 120 and sum(found.ink) < 30
    low, high = (bound(np.concatenate([examples, found.before[None]]), axis=0) for bound in (np.min, np.max))
    assert (found.after >= low - 1e-6).all() and (found.after <= high + 1e-6).all()
    np.testing.assert_array_equal(found.mix(0), found.before)
    np.testing.assert_allclose(found.mix(1), found.after, atol=1e-6)


def test_where_nothing_can_change_nothing_is_found(case):
    model, digit, _, wanted = case
    assert counterfactual.change(model, digit, digit[None], wanted) is None


@pytest.mark.parametrize("method", adversary.METHODS)
def test_a_twin_fools_from_a_saved_file_and_keeps_to_its_strength(case, method):
    model, digit, _, wanted = case
    twin = adversary.METHODS[method](model, digit, wanted)
    if twin is None:
        assert method == "FGSM"  # many steps find one here
        return
    assert saved_picture.read_again(model, twin.after)[1] == twin.said == wanted
    assert np.abs(twin.after - twin.before).max() * 255 <= twin.strength + 1e-3
    assert 0 < twin.noise <= twin.strength
    assert twin.strength <= round(255 * adversary.STRENGTHS[-1])


def test_many_small_steps_need_less_noise_than_one_large_one():
    model, digit = checkpoint.load("reference"), TEST.images[0].numpy().astype(np.float32) / 255
    one, many = adversary.fool_once(model, digit, 3), adversary.fool_by_steps(model, digit, 3)
    assert one is not None and many is not None and many.strength < one.strength


def test_examples_are_the_nearest_first():
    others = TRAINING.images[:500].numpy()
    digit = others[123].astype(np.float32) / 255
    np.testing.assert_allclose(counterfactual.find_examples(digit, others)[0], digit)

"""Non-digits are refused or doubted, digits are not, and the ten probabilities stay the same."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.config import TrainingSettings
from core.data import mnist
from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.data.split import split
from core.network import checkpoint
from core.network.checkpoint import Checkpoint
from core.network.prediction import predict
from core.network.rejection import Rejection
from core.reading import picture, reader
from core.synthesis import non_digits, page_shapes
from core.training import rejection
from core.training.rejection import learn
from core.workspace import SHIPPED


@pytest.fixture(scope="module")
def shipped() -> Checkpoint:
    found = checkpoint.load(checkpoint.SHIPPED)
    assert found.rejection is not None
    return found


@pytest.fixture(scope="module")
def validation() -> DigitSet:
    return split(mnist.load(train=True), TrainingSettings())[1]


def as_digits(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 255


def draw(what: str) -> np.ndarray:
    """Black on a white canvas of 280 pixels: (280, 280) uint8."""
    sheet = np.full((280, 280), 255, np.uint8)
    if what == "face":
        cv2.circle(sheet, (140, 140), 90, 0, 10)
        cv2.circle(sheet, (108, 115), 8, 0, -1)
        cv2.circle(sheet, (172, 115), 8, 0, -1)
        cv2.ellipse(sheet, (140, 160), (45, 30), 0, 10, 170, 0, 10)
    elif what == "scribble":
        points = np.random.default_rng(4).integers(40, 240, (30, 2)).astype(np.int32)
        cv2.polylines(sheet, [points], False, 0, 9)
    elif what == "pattern":
        cells = np.random.default_rng(2).random((21, 21)) < 0.5
        sheet[35:245, 35:245] = np.where(np.kron(cells, np.ones((10, 10))) > 0, 0, 255)
    else:
        cv2.putText(sheet, what, (70, 210), cv2.FONT_HERSHEY_SIMPLEX, 6, 0, 16)
    return sheet


@pytest.mark.parametrize("what", ["A", "K", "W", "#", "face", "scribble", "pattern"])
def test_what_is_no_digit_is_never_sure(shipped: Checkpoint, what: str):
    found = reader.read(shipped, picture.from_array(draw(what)))
    assert found.verdict in ("unsure", "no digit")


@pytest.mark.slow
def test_few_printed_letters_pass(shipped: Checkpoint):
    """A font the head has never seen; an R in a thick pen is nearly an 8."""
    letters = "AEFHKMNPRTUVWXYdefhkmnprtuwx"
    passed = [what for what in letters if reader.read(shipped, picture.from_array(draw(what))).verdict == "digit"]
    assert len(passed) <= 0.2 * len(letters), passed


@pytest.mark.slow
def test_no_sample_with_digits_is_less_sure_than_it_was(shipped: Checkpoint):
    """But for mirror writing, which is better doubted."""
    bare = replace(shipped, rejection=None)
    for path in sorted((SHIPPED / "samples").glob("*.*")):
        is_digit = not path.name.startswith("not_") and "mirror" not in path.name
        if path.suffix.lstrip(".") in picture.SUFFIXES and is_digit:
            given = picture.read(path.read_bytes())
            verdict = reader.read(shipped, given).verdict
            assert verdict in ("digit", reader.read(bare, given).verdict), path.name


@pytest.mark.slow
def test_digits_are_kept(shipped: Checkpoint, validation: DigitSet):
    found = predict(shipped, as_digits(validation.images.numpy()))
    assert np.mean([one.is_strange for one in found]) < 0.015
    assert np.mean([one.is_strange and one.verdict == "no digit" for one in found]) < 0.003


@pytest.mark.slow
def test_new_non_digits_are_mostly_caught(shipped: Checkpoint):
    things = as_digits(non_digits.make(2000, seed=987))
    bare = predict(replace(shipped, rejection=None), things)
    found = predict(shipped, things)
    sure = sum(one.verdict == "digit" for one in found)
    assert sure < 0.08 * len(things)
    assert sure < 0.75 * sum(one.verdict == "digit" for one in bare)  # the network doubts much of it by itself


def test_the_probabilities_know_nothing_of_it(shipped: Checkpoint):
    things = as_digits(non_digits.make(60, seed=5))
    bare = predict(replace(shipped, rejection=None), things)
    for one, other in zip(predict(shipped, things), bare, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)
        assert not other.is_strange


def test_a_strange_answer_says_so(shipped: Checkpoint):
    found = predict(replace(shipped, rejection=replace(shipped.rejection, doubt=1e9, refuse=-1e9)), blank_seven())[0]
    assert (found.verdict, found.is_strange, found.text) == ("unsure", True, "7")
    assert "If it is one" in found.sentence
    found = predict(replace(shipped, rejection=replace(shipped.rejection, doubt=1e9, refuse=1e9)), blank_seven())[0]
    assert (found.verdict, found.text) == ("no digit", "")
    assert found.sentence.startswith("This doesn't look like a digit.")


def blank_seven() -> np.ndarray:
    """The first digit of the test set, a plain 7: (1, 28, 28) float32."""
    return as_digits(mnist.load(train=False).images[:1].numpy())


def test_a_head_survives_its_file(shipped: Checkpoint):
    again = Rejection.from_bytes(shipped.rejection.to_bytes())
    features = torch.rand(5, shipped.rejection.digit.hidden.shape[1], generator=torch.Generator().manual_seed(0))
    for name in ("digit", "whole"):
        assert torch.equal(getattr(again, name).score(features), getattr(shipped.rejection, name).score(features))
    assert (again.doubt, again.refuse, again.version) == (
        shipped.rejection.doubt,
        shipped.rejection.refuse,
        shipped.version,
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N.", b"0" * 1000])
def test_a_damaged_file_is_no_head(content: bytes):
    with pytest.raises(ValueError, match="no out-of-distribution detector"):
        Rejection.from_bytes(content)


def test_a_head_of_other_weights_is_not_used(shipped: Checkpoint, tmp_path: Path):
    source = checkpoint.find_folder(shipped.name) / f"{shipped.name}.pth"
    (tmp_path / "mine.pth").write_bytes(source.read_bytes())
    assert checkpoint.load("mine", tmp_path).rejection is None
    head = tmp_path / f"mine{checkpoint.REJECTION}"
    head.write_bytes(shipped.rejection.to_bytes())
    assert checkpoint.load("mine", tmp_path).rejection is not None
    head.write_bytes(replace(shipped.rejection, version="00000000").to_bytes())
    assert checkpoint.load("mine", tmp_path).rejection is None
    head.write_bytes(b"nothing")
    assert checkpoint.load("mine", tmp_path).rejection is None
    assert checkpoint.names(tmp_path) == ["mine"]


def test_a_seed_makes_the_same_non_digits():
    some = non_digits.make(40, seed=3)
    assert (some.shape, some.dtype) == ((40, 28, 28), np.uint8)
    assert np.array_equal(some, non_digits.make(40, seed=3))
    assert not np.array_equal(some, non_digits.make(40, seed=4))
    assert all(image.max() > 100 for image in some)


def test_what_digits_leave_behind_is_seeded_too(validation: DigitSet):
    images, labels = validation.images.numpy(), validation.labels.numpy()
    some = non_digits.make_of_digits(images, labels, 24, seed=3)
    assert some.shape == (24, 28, 28)
    assert np.array_equal(some, non_digits.make_of_digits(images, labels, 24, seed=3))


def test_digits_written_again_stay_what_they_were(shipped: Checkpoint, validation: DigitSet):
    again = predict(shipped, as_digits(non_digits.refit(validation.images[:200].numpy(), seed=0)))
    right = [one.digit == label for one, label in zip(again, validation.labels[:200].tolist(), strict=True)]
    assert np.mean(right) > 0.97


@pytest.mark.slow
def test_a_head_is_learnt_from_few_digits(shipped: Checkpoint, validation: DigitSet):
    before = {key: value.clone() for key, value in shipped.model.state_dict().items()}
    some = validation.pick(torch.arange(0, len(validation), 8))
    head = learn(shipped.model, shipped.version, validation, some, count=600)
    assert head.refuse < head.doubt
    found = predict(replace(shipped, rejection=head), as_digits(non_digits.make(130, seed=77)))
    assert np.mean([one.verdict == "digit" for one in found]) < 0.6
    assert all(torch.equal(value, before[key]) for key, value in shipped.model.state_dict().items())
    assert not shipped.model.training


@pytest.mark.parametrize("label", [3, NO_DIGIT])
def test_a_shape_from_a_page_is_learned_as_what_it_is(shipped: Checkpoint, validation: DigitSet, monkeypatch, label):
    """On both heads: a digit beside the digits, anything else beside the others."""
    few, sides = validation.pick(torch.arange(40)), []
    shapes = DigitSet(few.images[:5], torch.full((5,), label))

    def learn_with(share: float) -> list[tuple[int, int]]:
        monkeypatch.setattr(rejection, "FROM_PAGES", share)
        sides.clear()
        learn(shipped.model, "v", few, few, count=40)
        return list(sides)

    train = rejection._train
    monkeypatch.setattr(page_shapes, "load", lambda part: shapes)
    monkeypatch.setattr(
        rejection, "_train", lambda yes, no, rng: sides.append((len(yes), len(no))) or train(yes, no, rng)
    )
    grown = [
        (much[0] - less[0], much[1] - less[1]) for less, much in zip(learn_with(0.1), learn_with(0.6), strict=True)
    ]
    assert grown == [(20, 0) if label >= 0 else (0, 20)] * 2


def test_a_hundred_digits_and_missing_classes_are_enough_to_run(shipped: Checkpoint, validation: DigitSet):
    ones = validation.pick(torch.nonzero(validation.labels == 1).flatten()[:60])
    head = learn(shipped.model, shipped.version, ones, ones.pick(torch.arange(9)))
    assert np.isfinite([head.doubt, head.refuse]).all()

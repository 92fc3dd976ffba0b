"""The ready pictures show all that the app can do and can't: each kind does what its name promises."""

import re
from pathlib import Path

import pytest

from core.data.labels import label_from_path
from core.network import checkpoint
from core.reading import picture, reader
from core.synthesis import samples
from core.workspace import SHIPPED

FILES = sorted(path for path in (SHIPPED / "samples").iterdir() if path.suffix != ".md")
OTHERS = [path for path in FILES if not path.name[0].isdigit()]


@pytest.fixture(scope="module")
def model():
    return checkpoint.load(checkpoint.SHIPPED)


def test_there_are_some_of_each_kind():
    kinds = [path.name.partition("_")[0] for path in OTHERS]
    assert set(kinds) == {"number", "not", "hard"}
    assert all(kinds.count(kind) >= 5 for kind in set(kinds))
    assert any("cheque" in path.name for path in OTHERS)
    assert max(path.stat().st_size for path in FILES) < 30_000


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_a_sample_does_what_its_name_promises(model, path: Path):
    """A number is read right, what is no digit is refused, and what is hard is read as another digit."""
    said = reader.read(model, picture.read(path.read_bytes()))
    kind, rest = path.name.split("_", 1)
    if kind == "number":
        assert said.text == re.match(r"\d+", rest)[0]
    elif kind == "not":
        assert said.text == "" and said.verdict == "no digit"
    else:
        assert said.text not in ("", rest[0])


def test_a_sample_that_is_no_single_digit_or_misread_carries_no_label_in_its_name():
    """Else whoever uploads the folder would see the app count them as misread."""
    assert not [path.name for path in OTHERS if label_from_path(path.name) is not None]


def test_what_is_no_single_digit_is_drawn_by_the_script_too():
    drawn = set(samples.SAMPLES) | {path.name for path in FILES if "mnist_test" in path.name}
    assert {path.name for path in FILES} == drawn

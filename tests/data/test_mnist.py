"""MNIST is read without a network, checked, and split by laws."""

import gzip
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.config import TrainingSettings
from core.data import mnist
from core.data.digits import DataError, DigitSet
from core.data.split import split

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple(mnist.SHA256)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any attempt to reach another machine fails."""

    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A download that brings nothing; gives the names that were asked for."""
    asked = []

    def download(name: str) -> bytes:
        asked.append(name)
        return b""

    monkeypatch.setattr(mnist, "_download", download)
    return asked


def copy_packed(folder: Path) -> None:
    for name in NAMES:
        shutil.copy(mnist.FOLDER / f"{name}.gz", folder)


def test_a_clone_reads_mnist_without_a_network(tmp_path: Path, offline):
    copy_packed(tmp_path)
    training, test = mnist.load(True, tmp_path), mnist.load(False, tmp_path)
    assert (len(training), len(test)) == (60_000, 10_000)
    for digits in (training, test):
        assert digits.images.shape == (len(digits), 28, 28)
        assert digits.images.dtype == torch.uint8
        assert digits.labels.dtype == torch.int64
        assert digits.labels.unique().tolist() == list(range(10))
    assert training.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.slow
def test_torchvision_reads_the_same_digits_from_the_unpacked_files(tmp_path: Path, offline):
    from torchvision.datasets import MNIST

    mnist.unpack(tmp_path)
    for train in (True, False):
        ours, theirs = mnist.load(train), MNIST(str(tmp_path), train=train)
        assert torch.equal(ours.images, theirs.data) and torch.equal(ours.labels, theirs.targets)


def test_reading_needs_no_torchvision_and_leaves_nothing_behind(tmp_path: Path):
    """torchvision costs seconds and 160 MB, an unpacked copy 55 MB on the disk."""
    copy_packed(tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.data import mnist\n"
        f"mnist.load(True, Path({str(tmp_path)!r}))\nprint('torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "False", done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.gz" for name in NAMES}


def flip_a_byte(content: bytes) -> bytes:
    """The same file with one pixel changed, packed well: only its hash can tell."""
    plain = bytearray(gzip.decompress(content))
    plain[-1] ^= 1
    return gzip.compress(bytes(plain), 1)


DAMAGE = {
    "missing": None,
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "not gzip": lambda content: b"<html>not found</html>",
    "a wrong checksum within": lambda content: content[:-8] + bytes(8),
    "one pixel changed": flip_a_byte,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_an_error_that_says_what_to_do(kind: str, tmp_path: Path, no_download: list[str]):
    copy_packed(tmp_path)
    packed = tmp_path / f"{NAMES[3]}.gz"
    content = packed.read_bytes()
    packed.unlink()
    if DAMAGE[kind]:
        packed.write_bytes(DAMAGE[kind](content))
    with pytest.raises(DataError) as caught:
        mnist.load(False, tmp_path)
    message = str(caught.value)
    assert packed.name in message
    assert "git checkout -- data" in message
    assert message.endswith(".")
    assert no_download == [NAMES[3]]
    packed.write_bytes(content)
    assert len(mnist.load(False, tmp_path)) == 10_000, "a good copy put back is enough"


def test_a_damaged_file_is_downloaded_again_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy_packed(tmp_path)
    damaged = tmp_path / f"{NAMES[0]}.gz"
    damaged.write_bytes(b"damaged")
    monkeypatch.setattr(mnist, "_download", lambda name: (mnist.FOLDER / f"{name}.gz").read_bytes())
    assert len(mnist.load(True, tmp_path)) == 60_000
    assert damaged.read_bytes() == (mnist.FOLDER / damaged.name).read_bytes()


def test_a_download_that_no_disk_takes_is_used_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    blocked = tmp_path / "a file where the folder should be"
    blocked.touch()
    monkeypatch.setattr(mnist, "_download", lambda name: (mnist.FOLDER / f"{name}.gz").read_bytes())
    assert len(mnist.load(False, blocked)) == 10_000


def test_a_download_of_something_else_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy_packed(tmp_path)
    (tmp_path / f"{NAMES[3]}.gz").unlink()
    monkeypatch.setattr(mnist, "_download", lambda name: gzip.compress(b"<html>log in first</html>"))
    with pytest.raises(DataError):
        mnist.load(False, tmp_path)
    assert not (tmp_path / f"{NAMES[3]}.gz").exists()


def test_without_a_network_the_download_fails_with_the_same_sentence(tmp_path: Path, offline):
    with pytest.raises(DataError, match="connect to the internet"):
        mnist.load(False, tmp_path)


# --- the split --------------------------------------------------------------------------------------------------------


def make(*counts: int) -> DigitSet:
    """So many digits of each class; each image's first two pixels name it."""
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
    images = torch.zeros(len(labels), 28, 28, dtype=torch.uint8)
    images[:, 0, 0], images[:, 0, 1] = torch.arange(len(labels)) // 256, torch.arange(len(labels)) % 256
    return DigitSet(images, labels)


def identify(digits: DigitSet) -> list[int]:
    return (digits.images[:, 0, 0].int() * 256 + digits.images[:, 0, 1]).tolist()


COUNTS = (590, 670, 600, 610, 580, 540, 590, 620, 580, 620)


def test_the_parts_share_nothing_and_lose_nothing():
    digits = make(*COUNTS)
    training, validation = split(digits, TrainingSettings())
    assert sorted(identify(training) + identify(validation)) == list(range(len(digits)))
    assert len(set(identify(training)) & set(identify(validation))) == 0


@pytest.mark.parametrize("share", [0.05, 1 / 12, 0.5])
def test_each_digit_has_its_share_in_both_parts(share: float):
    digits = make(*COUNTS)
    training, validation = split(digits, TrainingSettings(validation_share=share))
    kept = torch.bincount(validation.labels, minlength=10)
    for label, count in enumerate(COUNTS):
        assert abs(int(kept[label]) - share * count) <= 0.5
    assert torch.equal(kept + torch.bincount(training.labels, minlength=10), torch.tensor(COUNTS))


def test_images_keep_their_labels():
    digits = make(*COUNTS)
    for part in split(digits, TrainingSettings()):
        assert torch.equal(digits.labels[identify(part)], part.labels)


def test_the_seed_decides_alone():
    digits = make(*COUNTS)
    first = [identify(part) for part in split(digits, TrainingSettings(seed=3))]
    torch.manual_seed(99)
    torch.rand(7)
    assert [identify(part) for part in split(digits, TrainingSettings(seed=3))] == first
    assert [identify(part) for part in split(digits, TrainingSettings(seed=4))] != first


@pytest.mark.parametrize("wanted", [100, 999, 3000])
def test_as_many_digits_as_asked_for(wanted: int):
    digits = make(*COUNTS)
    training, validation = split(digits, TrainingSettings(training_images=wanted))
    assert abs(len(training) + len(validation) - wanted) <= 5, "a rounding a class at most"
    assert set(training.labels.tolist()) == set(validation.labels.tolist()) == set(range(10))


def test_rare_and_missing_digits_are_survived():
    digits = make(50, 2, 1, 0, 50, 50, 50, 50, 50, 50)
    training, validation = split(digits, TrainingSettings())
    assert torch.bincount(training.labels, minlength=10)[1:4].tolist() == [1, 1, 0]
    assert torch.bincount(validation.labels, minlength=10)[1:4].tolist() == [1, 0, 0]


def test_picking_keeps_order():
    digits = make(3, 3)
    assert identify(digits.pick(torch.tensor([5, 0, 3]))) == [5, 0, 3]

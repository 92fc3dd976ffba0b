"""MNIST as two tensors, read from the gzipped files that come with the project, checked, with no network needed."""

import contextlib
import gzip
import hashlib
import tempfile
import zlib
from pathlib import Path

import torch

from core.data import idx
from core.data.digits import DataError, DigitSet
from core.workspace import SHIPPED, write_atomically

FOLDER = SHIPPED / "data"
SHA256 = {  # of the unpacked files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def load(train: bool, folder: Path = FOLDER) -> DigitSet:
    """All 60,000 training digits or all 10,000 test digits, in the order of the files.

    Takes about 0.3 seconds for the training digits: unpacking, and checking that no bit has changed. torchvision's
    reader would take three seconds and 160 MB.

    Raises `DataError` when a file is missing or damaged and can't be downloaded either.
    """
    part = "train" if train else "t10k"
    images, labels = (
        torch.tensor(idx.parse(name, _read(name, folder)))  # a copy: what was parsed is read-only
        for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte")
    )
    return DigitSet(images, labels.long())


def unpack(root: Path, folder: Path = FOLDER) -> None:
    """Put the four files where `torchvision.datasets.MNIST(root)` looks for them, so that it downloads nothing.

    Raises `DataError` as `load` does.
    """
    for name in SHA256:
        write_atomically(root / "MNIST" / "raw" / name, _read(name, folder))


def _read(name: str, folder: Path) -> bytes:
    """The unpacked content of one file, as published; downloaded if the one in `folder` is missing or damaged."""
    path = folder / f"{name}.gz"
    with contextlib.suppress(OSError):
        if content := _unpack(name, path.read_bytes()):
            return content
    downloaded = _download(name)
    if content := _unpack(name, downloaded):
        with contextlib.suppress(OSError):  # a read-only disk: it is downloaded again next time
            write_atomically(path, downloaded)
        return content
    raise DataError(
        f"The MNIST file {path.name} is missing or damaged, and it could not be downloaded. "
        f"Put a good copy into {folder} ('git checkout -- data' restores the one that came with the project), "
        "or connect to the internet and try again."
    )


def _unpack(name: str, packed: bytes) -> bytes:
    """The content of a gzip; empty unless it is the published file."""
    try:
        content = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        return b""
    return content if hashlib.sha256(content).hexdigest() == SHA256[name] else b""


def _download(name: str) -> bytes:
    """One gzipped file from torchvision's mirrors; empty if no mirror answers."""
    # A failed mirror is reported in many ways (RuntimeError, URLError, OSError); all mean "no file".
    with contextlib.suppress(Exception), tempfile.TemporaryDirectory() as temporary:
        from torchvision.datasets import MNIST  # it costs seconds and memory; only a damaged file needs it

        MNIST(temporary, download=True)
        return (Path(temporary) / "MNIST" / "raw" / f"{name}.gz").read_bytes()
    return b""

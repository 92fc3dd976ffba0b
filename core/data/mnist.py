"""MNIST as two tensors, checked, split and with no network needed."""

import contextlib
import gzip
import hashlib
import shutil
import tempfile
from pathlib import Path

import torch

from core.data.digits import DataError, DigitSet
from core.workspace import SHIPPED

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def load(train: bool, folder: Path = SHIPPED / "data") -> DigitSet:
    """All 60,000 training digits or all 10,000 test digits, in the order of the files.

    Unpacked once into `folder`/unpacked, read through torchvision's MNIST, kept there as tensors: torchvision costs
    a second and 160 MB, which only the first reading on a machine pays.

    Raises `DataError` when the files are missing or damaged and can't be downloaded either.
    """
    cache = _cache(train, folder)
    with contextlib.suppress(Exception):  # absent, half-written or from an older torch: made again below
        stored = torch.load(cache, weights_only=True, mmap=True)
        return DigitSet(stored["images"], stored["labels"])
    raw = folder / "unpacked" / "MNIST" / "raw"
    for name in SHA256:
        if not _is_intact(raw / name):
            _restore(folder / f"{name}.gz", raw / name)
    from torchvision.datasets import MNIST

    mnist = MNIST(str(folder / "unpacked"), train=train)
    digits = DigitSet(mnist.data, mnist.targets)
    with contextlib.suppress(OSError), _replacing(cache) as file:  # a read-only disk only costs time
        torch.save({"images": digits.images, "labels": digits.labels}, file)
    return digits


def is_unpacked(folder: Path = SHIPPED / "data") -> bool:
    """Whether both sets can be had without torchvision."""
    return all(_cache(train, folder).is_file() for train in (True, False))


def _cache(train: bool, folder: Path) -> Path:
    prefix = "train" if train else "t10k"
    return folder / "unpacked" / f"{prefix}-{SHA256[f'{prefix}-images-idx3-ubyte'][:8]}.pt"


def _is_intact(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256[path.name]


def _restore(packed: Path, target: Path) -> None:
    """Unpack one IDX file beside its place, check it, put it there; download it where the packed one is no good."""
    with contextlib.suppress(OSError, EOFError), gzip.open(packed) as source, _replacing(target) as file:
        shutil.copyfileobj(source, file)
    if not _is_intact(target):
        target.unlink(missing_ok=True)
        _download(target)
    if not _is_intact(target):
        raise DataError(
            f"The MNIST file {packed.name} is missing or damaged, and it could not be downloaded. "
            f"Put a good copy into {packed.parent} (`git checkout -- data` restores the one that came with the "
            "project), or connect to the internet and try again."
        )


def _download(target: Path) -> None:
    from torchvision.datasets import MNIST

    # torchvision reports a failed mirror in many ways (RuntimeError, URLError, OSError); all mean "no file".
    with contextlib.suppress(Exception):
        MNIST(str(target.parents[2]), download=True)


@contextlib.contextmanager
def _replacing(path: Path):
    """A file to write that appears under `path` only when complete: another process may be reading there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            yield file
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


if __name__ == "__main__":
    for part in (True, False):
        load(part)

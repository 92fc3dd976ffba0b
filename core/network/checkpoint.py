"""Weights on disk: save, load, list, choose the model in use. `NAME.pth` holds weights, `NAME.json` its facts."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import workspace
from core.access.roles import owners_only

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.network.architectures import Network
    from core.network.rejection import Rejection

# torch is imported by the functions that touch weights: the first page names the model before torch is loaded.

SHIPPED = "reference"  # answers until another one is chosen
ALL_SHIPPED = (SHIPPED, "modern")  # names that no other model gets
LEFT_OUT = "detector_left_out"  # among a model's facts: true where somebody wanted no detector for it
REJECTION = ".rejection.npz"  # what follows a model's name in the file of its OOD detector
FILES = (".json", REJECTION, ".pth")  # the weights last: they make a model
LARGEST = 200_000_000  # bytes; the reference network takes 13 million
UPLOADED = "Uploaded; nothing is known of its training."  # in the facts of uploaded weights
SIGNS = " ._-'’"  # what a name may hold beside letters and digits: plain in file names, addresses and Markdown
LONGEST, MOST_BYTES = 80, 200  # of a name, in characters and in UTF-8: file systems end at 255 with all suffixes
NAME_RULE = "A name has 1 to 80 letters, digits, spaces, dots, dashes or apostrophes, a letter or digit first."


class CheckpointError(RuntimeError):
    """A model file that can't be used; the message says why and what works instead."""


@dataclass(frozen=True)
class ModelCard:
    """What is known about a model without loading it. `version` names the exact weights; `facts` may be empty."""

    name: str
    version: str
    facts: dict[str, Any]

    @property
    def is_shipped(self) -> bool:
        """Whether it came with the project."""
        return self.name in ALL_SHIPPED

    @property
    def temperature(self) -> float:
        """What logits are divided by before they become probabilities; 1 where none was fitted."""
        value = self.facts.get("temperature", 1.0)
        return float(value) if isinstance(value, int | float) and value > 0 else 1.0

    @property
    def about_confidence(self) -> str:
        """Where its confidence comes from, in a sentence."""
        if "temperature" not in self.facts:
            return "Confidence is the network's own: no temperature is stored with this model. Evaluate can fit one."
        return (
            "How sure it is: the network gives each digit a score, and the scores become shares of 100 %. Of digits it "
            "had not learned from, those it was 90 % sure of were right about nine times in ten. (In the words of the "
            f"field: scores divided by its temperature, {self.temperature:g}, then a softmax.)"
        )

    @property
    def test_accuracy(self) -> float | None:
        """Share of the MNIST test set it reads right, 0 to 1, or None where it was never measured."""
        value = self.facts.get("test_accuracy")
        return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class Checkpoint(ModelCard):
    """A trained network, in evaluation mode and shared: only to be read. `rejection` is its out-of-distribution (OOD)
    detector, which tells digits from non-digits, where the model has one of its own."""

    architecture: str
    model: Network
    rejection: Rejection | None = None


def fits(name: str) -> bool:
    """Whether a model can be called so: letters and digits of any script, and a few signs, as `NAME_RULE` says it."""
    kinds = [unicodedata.category(sign)[0] for sign in name]  # L letter, M its accents and vowel signs, N digit
    return (
        0 < len(name.strip()) == len(name) <= LONGEST
        and len(name.encode(errors="replace")) <= MOST_BYTES
        and kinds[0] in "LN"
        and all(kind in "LMN" or sign in SIGNS for sign, kind in zip(name, kinds, strict=True))
    )


def names(folder: Path | None = None) -> list[str]:
    """Every model in the folder, by default of the workspace and shipped; the default one first, then by name."""
    folders = [folder] if folder else [workspace.here().models, workspace.SHIPPED / "models"]
    found = {path.stem for place in folders for path in place.glob("*.pth")}
    return sorted(found, key=lambda name: (name != SHIPPED, name.lower()))


def find_folder(name: str) -> Path:
    """The folder a model's files lie in: the workspace's, or the shipped one where that has no such model."""
    own = workspace.here().models
    return own if (own / f"{name}.pth").is_file() else workspace.SHIPPED / "models"


def describe(name: str, folder: Path | None = None) -> ModelCard:
    """A model's name, version and facts, read in milliseconds and without torch.

    Raises `CheckpointError` when its file is missing or larger than any model of this project.
    """
    folder = folder or find_folder(name)
    return ModelCard(name, _version(_read(name, folder)), _read_facts(name, folder))


def load(name: str, folder: Path | None = None) -> Checkpoint:
    """A model ready to answer, in evaluation mode, rebuilt from its files.

    A bare state dict without facts is welcome: its architecture is found by its keys and shapes. Nothing in the file
    is ever executed (`weights_only=True`).

    Raises `CheckpointError` when the file is missing, too large, no state dict or of no known architecture.
    """
    folder = folder or find_folder(name)
    from core.network.architectures import build

    content = _read(name, folder)
    weights = read_weights(content, f"{name}.pth")
    architecture = find_architecture(weights, f"{name}.pth")
    model = build(architecture)
    model.load_state_dict(weights)
    model.eval().requires_grad_(False)
    if not _answers(model):
        raise CheckpointError(
            f"{name}.pth holds weights so large that its answers are not numbers: its training went wrong."
        )
    version = _version(content)
    rejection = _read_rejection(name, version, folder)
    return Checkpoint(name, version, _read_facts(name, folder), architecture, model, rejection)


def read_weights(content: bytes, file: str) -> dict[str, Tensor]:
    """The state dict in a file's bytes. Raises `CheckpointError` for anything else, without running any of it."""
    import torch

    if _unpacked_size(content) > LARGEST:  # a packed file of 25 MB may hold 25 GB of zeros
        raise CheckpointError(f"{file} unpacks to more than {LARGEST // 1_000_000} MB: no model of this project does.")
    try:
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch reports unreadable files in a dozen ways
        raise CheckpointError(
            f"{file} can't be read as weights. A model file is a PyTorch state dict, "
            "as `torch.save(model.state_dict(), path)` writes it; whole pickled models are refused because they can "
            "run code."
        ) from error
    if (
        not isinstance(weights, dict)
        or not weights
        or not all(isinstance(value, torch.Tensor) for value in weights.values())
    ):
        raise CheckpointError(f"{file} holds no state dict. Save `model.state_dict()`, nothing around it.")
    if odd := next((key for key, value in weights.items() if not _is_plain(value)), None):
        raise CheckpointError(
            f"{file} holds weights of a kind that can't be used: {odd} is {_show_kind(weights[odd])}. Save the weights "
            "as plain float32 tensors on the CPU."
        )
    return weights


def are_finite(weights: Mapping[str, Tensor]) -> bool:
    """Whether all weights are numbers: after too large training steps they may be none, and answer nothing."""
    import torch

    return all(bool(torch.isfinite(value.float()).all()) for value in weights.values())  # as the network has them


def _answers(model: Network) -> bool:
    """Whether it has numbers to say of an empty picture and of a full one."""
    import torch

    with torch.inference_mode():
        pictures = torch.stack([torch.zeros(1, 28, 28), torch.ones(1, 28, 28)])
        return bool(torch.isfinite(model.logits(pictures)).all())


def _unpacked_size(content: bytes) -> int:
    """Bytes that a zip archive, which is what PyTorch writes, says it unpacks to; 0 for any other file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # torch says what is wrong with it
        return 0


def _is_plain(value: Tensor) -> bool:
    """Whether a tensor holds its numbers one after the other, in memory, in a type that can be calculated with."""
    import torch

    types = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64)
    return not value.is_nested and value.layout is torch.strided and value.device.type == "cpu" and value.dtype in types


def _show_kind(value: Tensor) -> str:
    """A tensor's type and where it lies, as PyTorch names them: "a float8_e5m2 tensor (strided, cpu)"."""
    names = (str(kind).removeprefix("torch.") for kind in (value.dtype, value.layout, value.device))
    return "a {} tensor ({}, {})".format(*names)


def find_architecture(weights: dict[str, Tensor], file: str) -> str:
    """The architecture whose keys and shapes these are. Raises `CheckpointError` when it is none of ours."""
    import torch

    from core.network.architectures import NETWORKS, build

    shapes = {key: tuple(value.shape) for key, value in weights.items()}
    for architecture in NETWORKS:
        with torch.device("meta"):  # shapes without memory
            expected = {key: tuple(value.shape) for key, value in build(architecture).state_dict().items()}
        if shapes == expected:
            if not are_finite(weights):
                raise CheckpointError(f"{file} holds weights that are not finite: its training went wrong.")
            return architecture
        if shapes.keys() == expected.keys():
            key = next(key for key in expected if shapes[key] != expected[key])
            raise CheckpointError(
                f"{file} has the layers of the network {architecture}, but not their sizes: {key} is "
                f"{_show_shape(shapes[key])} where {_show_shape(expected[key])} is expected."
            )
    raise CheckpointError(
        f"{file} belongs to another network: its layers fit none of {', '.join(NETWORKS)}. "
        "core/network/architectures.py says which layers are expected."
    )


def _show_shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def save(name: str, model: nn.Module, facts: dict[str, Any], folder: Path | None = None) -> Path:
    """Write `NAME.pth` and `NAME.json`, each beside its place and then renamed: never half a file. Gives the weights'
    path. The detector of older weights of that name is removed: it would not fit.

    Raises `CheckpointError` for a name that would not be a plain file name, `OSError` when the disk refuses.
    """
    folder = folder or workspace.here().models
    import torch

    if not fits(name):
        raise CheckpointError(NAME_RULE)
    buffer = io.BytesIO()
    torch.save({key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}, buffer)
    _write_facts(name, facts, folder)
    workspace.write_atomically(folder / f"{name}.pth", buffer.getvalue())
    (folder / f"{name}{REJECTION}").unlink(missing_ok=True)
    return folder / f"{name}.pth"


def save_rejection(name: str, detector: Rejection, folder: Path | None = None) -> Path:
    """Write an OOD detector beside its model as `NAME.rejection.npz`; gives the path. Raises `OSError` when the disk
    refuses."""
    folder = folder or find_folder(name)
    path = folder / f"{name}{REJECTION}"
    workspace.write_atomically(path, detector.to_bytes())
    return path


def has_rejection(name: str, folder: Path | None = None) -> bool:
    """Whether an OOD detector lies beside the model; without torch."""
    return ((folder or find_folder(name)) / f"{name}{REJECTION}").is_file()


@owners_only("delete a model")
def remove(name: str, folder: Path | None = None) -> None:
    """Delete a model's files, those there are: all of them, or none where the disk refuses with an `OSError`."""
    folder = folder or workspace.here().models
    aside = {folder / f"{name}{suffix}": folder / f".{name}{suffix}.deleted" for suffix in FILES}
    _move(aside)
    for path in aside.values():
        with contextlib.suppress(OSError):  # it is no model any more
            path.unlink(missing_ok=True)


@owners_only("rename a model")
def rename(old: str, new: str, folder: Path | None = None) -> None:
    """Give a model's files, those there are, another name: all of them, or none where the disk refuses with an
    `OSError`."""
    folder = folder or workspace.here().models
    _move({folder / f"{old}{suffix}": folder / f"{new}{suffix}" for suffix in FILES})


def _move(places: Mapping[Path, Path]) -> None:
    """Rename files, those there are; where one can't be, put back those before it."""
    moved: list[tuple[Path, Path]] = []
    try:
        for old, new in places.items():
            if old.is_file():
                old.rename(new)
                moved.append((old, new))
    except OSError:
        for old, new in reversed(moved):
            new.rename(old)
        raise


def stamp(name: str, folder: Path | None = None) -> tuple[int, ...]:
    """A key that changes whenever one of the model's files does, for caching what was made from them.

    The time of each file's last change in nanoseconds, 0 where there is none, in the order of `FILES`.
    """
    folder = folder or find_folder(name)
    paths = [folder / f"{name}{suffix}" for suffix in FILES]
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)


@owners_only("change what is stored with a model")
def add_facts(name: str, facts: dict[str, Any], folder: Path | None = None) -> None:
    """Write further facts beside a model's own, `temperature` for example. Raises `OSError` when the disk refuses."""
    folder = folder or find_folder(name)
    _write_facts(name, {**_read_facts(name, folder), **facts}, folder)


def in_use(folder: Path | None = None) -> str:
    """The name of the model every page answers with: the chosen one while it exists, else the shipped one."""
    try:
        name = ((folder or workspace.here().models) / "in-use.txt").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):  # nobody has chosen, or the file is no text
        return SHIPPED
    return name if name in names(folder) else SHIPPED


@owners_only("choose the model in use")
def choose(name: str, folder: Path | None = None) -> None:
    """Make `name` the model in use, also after a restart. Raises `CheckpointError` when it can't be loaded."""
    load(name, folder)
    workspace.write_atomically((folder or workspace.here().models) / "in-use.txt", f"{name}\n".encode())


def _read(name: str, folder: Path) -> bytes:
    path = folder / f"{name}.pth"
    try:
        if path.stat().st_size > LARGEST:
            raise CheckpointError(f"{path.name} is larger than {LARGEST // 1_000_000} MB: no model of this project is.")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"There is no readable model {path.name} in {folder.name}/.") from error


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]


def _read_facts(name: str, folder: Path) -> dict[str, Any]:
    """A model without facts, or with unreadable ones, is still a model."""
    try:
        text = (folder / f"{name}.json").read_text(encoding="utf-8")
        facts = json.loads(text, parse_constant=lambda _: None)  # older runs that diverged wrote NaN, which is no JSON
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _write_facts(name: str, facts: dict[str, Any], folder: Path) -> None:
    text = json.dumps(facts, indent=2, allow_nan=False)
    workspace.write_atomically(folder / f"{name}.json", f"{text}\n".encode())


def _read_rejection(name: str, version: str, folder: Path) -> Rejection | None:
    """The detector made for exactly these weights; None where there is none, or only one of other weights."""
    try:
        content = (folder / f"{name}{REJECTION}").read_bytes()
    except OSError:
        return None
    from core.network.rejection import Rejection

    try:
        found = Rejection.from_bytes(content)
    except ValueError:  # a damaged file costs the second opinion, not the model
        return None
    return found if found.version == version else None


@owners_only("bring in weights")
def add(content: bytes, file: str, folder: Path | None = None) -> str:
    """Add uploaded weights to the models, under the name of their file; gives the model's name.

    Raises `CheckpointError` when they are no state dict of a known network, or the name is taken.
    """
    file = re.sub(r"[^\w .-]", "", Path(file).name)[-80:] or "The file"  # pages read messages as Markdown
    if len(content) > LARGEST:
        raise CheckpointError(f"{file} is larger than {LARGEST // 1_000_000} MB: no model of this project is.")
    architecture = find_architecture(read_weights(content, file), file)
    name = _as_name(Path(file).stem)
    if name.lower() in {taken.lower() for taken in names(folder)}:
        raise CheckpointError(f"There is already a model called {name}. Rename your file, then send it again.")
    folder = folder or workspace.here().models
    _write_facts(name, {"architecture": architecture, "data": UPLOADED}, folder)
    workspace.write_atomically(folder / f"{name}.pth", content)
    return name


def _as_name(text: str) -> str:
    """The nearest name that fits: "Ünïcode ✓" -> "Ünïcode"."""
    text = unicodedata.normalize("NFC", text)
    kept = "".join(sign for sign in text if sign in SIGNS or unicodedata.category(sign)[0] in "LMN")[:LONGEST]
    while kept and not fits(kept):
        kept = kept[1:] if unicodedata.category(kept[0])[0] not in "LN" else kept[:-1]
    return kept.rstrip(SIGNS) or "uploaded"

"""Weights on disk: whatever lies in models/ is usable or refused with a sentence, and nothing in it ever runs."""

import io
import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import pytest
import torch

from core import workspace
from core.network import architectures, checkpoint
from core.network.checkpoint import CheckpointError


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return architectures.build("reference").eval()


@pytest.fixture(scope="module")
def weights(network) -> dict[str, torch.Tensor]:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def put(folder: Path, content: object, name: str = "mine") -> None:
    torch.save(content, folder / f"{name}.pth")


def assert_refused(folder: Path, name: str = "mine") -> str:
    """Loading and choosing both refuse, with one plain message, which is given back."""
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(name, folder)
    message = str(caught.value)
    assert re.match(r"[\w ]", message)
    assert message.endswith(".")
    assert not re.search(r"0x[0-9a-f]+|Traceback|\n", message), message
    with pytest.raises(CheckpointError):
        checkpoint.choose(name, folder)
    assert checkpoint.in_use(folder) == checkpoint.SHIPPED
    return message


# --- welcome ----------------------------------------------------------------------------------------------------------


def test_a_bare_state_dict_is_listed_and_answers(tmp_path: Path, network, weights):
    put(tmp_path, weights)
    assert checkpoint.names(tmp_path) == ["mine"]
    loaded = checkpoint.load("mine", tmp_path)
    digits = torch.rand(4, 1, 28, 28)
    assert torch.equal(loaded.model(digits), network(digits))
    assert loaded.architecture == "reference"
    assert loaded.facts == {}
    assert loaded.test_accuracy is None
    assert loaded.temperature == 1
    assert not loaded.is_shipped


def test_the_reference_apps_way_of_saving_is_read(tmp_path: Path, weights):
    """An OrderedDict, and the format torch wrote before 1.6."""
    put(tmp_path, architectures.build("reference").state_dict())
    torch.save(weights, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("mine", "old"):
        assert checkpoint.load(name, tmp_path).architecture == "reference"


def test_half_precision_weights_answer_in_full(tmp_path: Path, weights):
    put(tmp_path, {key: value.half() for key, value in weights.items()})
    answers = checkpoint.load("mine", tmp_path).model(torch.rand(1, 1, 28, 28))
    assert answers.dtype == torch.float32


def test_a_loaded_model_is_for_reading_only(tmp_path: Path, weights):
    put(tmp_path, weights)
    loaded = checkpoint.load("mine", tmp_path)
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())


def test_saving_and_loading_gives_the_same_model_and_facts(tmp_path: Path, network):
    facts = {"test_accuracy": 0.9912, "temperature": 0.7, "note": "größer"}
    path = checkpoint.save("a new one", network, facts, tmp_path)
    assert path == tmp_path / "a new one.pth"
    loaded = checkpoint.load("a new one", tmp_path)
    assert loaded.facts == facts
    assert (loaded.test_accuracy, loaded.temperature) == (0.9912, 0.7)
    for key, value in network.state_dict().items():
        assert torch.equal(value, loaded.model.state_dict()[key])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a new one.json", "a new one.pth"]


def test_the_version_names_the_weights(tmp_path: Path, network, weights):
    checkpoint.save("one", network, {}, tmp_path)
    checkpoint.save("two", network, {"note": "other facts"}, tmp_path)
    put(tmp_path, {**weights, "fc2.bias": weights["fc2.bias"] + 1}, "three")
    versions = [checkpoint.describe(name, tmp_path).version for name in ("one", "two", "three")]
    assert versions[0] == versions[1] != versions[2]
    assert checkpoint.load("one", tmp_path).version == versions[0]


@pytest.mark.parametrize("content", [b"", b"{half", b"[1, 2]", b"\xff\xfe\x00", b"null"])
def test_unreadable_facts_are_no_facts(tmp_path: Path, weights, content: bytes):
    put(tmp_path, weights)
    (tmp_path / "mine.json").write_bytes(content)
    assert checkpoint.load("mine", tmp_path).facts == {}


def test_describing_needs_no_readable_weights(tmp_path: Path):
    (tmp_path / "mine.pth").write_bytes(b"not weights")
    (tmp_path / "mine.json").write_text(json.dumps({"test_accuracy": 0.5}))
    assert checkpoint.describe("mine", tmp_path).test_accuracy == 0.5


def test_the_shipped_model_leads_the_list(tmp_path: Path):
    for name in ("zoo", "Alpha", "reference", "beta"):
        (tmp_path / f"{name}.pth").touch()
    (tmp_path / "facts-alone.json").touch()
    assert checkpoint.names(tmp_path) == ["reference", "Alpha", "beta", "zoo"]


# --- refused ----------------------------------------------------------------------------------------------------------


class Trap:
    """Pickled, it makes its reader create a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_pickle_that_would_run_code_never_runs(tmp_path: Path, weights):
    traps = {
        "torch": lambda path: put(tmp_path, {**weights, "extra": Trap(path)}, "torch"),
        "old": lambda path: torch.save(Trap(path), tmp_path / "old.pth", _use_new_zipfile_serialization=False),
        "plain": lambda path: (tmp_path / "plain.pth").write_bytes(pickle.dumps(Trap(path))),
    }
    for name, set_trap in traps.items():
        sprung = tmp_path / f"sprung-{name}"
        set_trap(sprung)
        assert "run code" in assert_refused(tmp_path, name)
        assert not sprung.exists()
    pickle.loads((tmp_path / "plain.pth").read_bytes())
    assert (tmp_path / "sprung-plain").exists(), "the trap itself works"


def test_a_whole_pickled_model_is_refused(tmp_path: Path, network):
    put(tmp_path, network)
    assert "state_dict" in assert_refused(tmp_path)


def make_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("weights.txt", "1 2 3")
    return buffer.getvalue()


FILES = {
    "empty": b"",
    "text": b"my weights",
    "zip": make_zip(),
    "onnx": b"\x08\x07\x12\x07pytorch\x1a\x052.1.0" + bytes(300),
    "noise": bytes(range(256)) * 40,
    "plain pickle": pickle.dumps({"conv1.weight": [1, 2, 3]}),
}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_weights_is_refused(kind: str, tmp_path: Path):
    (tmp_path / "mine.pth").write_bytes(FILES[kind])
    assert "mine.pth" in assert_refused(tmp_path)


def test_half_a_file_is_refused(tmp_path: Path, weights):
    put(tmp_path, weights)
    content = (tmp_path / "mine.pth").read_bytes()
    (tmp_path / "mine.pth").write_bytes(content[: len(content) // 2])
    assert_refused(tmp_path)


def change(weights: dict, **changes: torch.Tensor | None) -> dict:
    changed = {**weights, **{key.replace("__", "."): value for key, value in changes.items()}}
    return {key: value for key, value in changed.items() if value is not None}


CONTENTS = {
    "nothing": lambda w: {},
    "a list": lambda w: list(w.values()),
    "a tensor": lambda w: w["fc2.bias"],
    "a number": lambda w: 7,
    "a dict around it": lambda w: {"state_dict": w, "epoch": 3},
    "numbers beside it": lambda w: {**w, "epoch": 3},
    "a key too few": lambda w: change(w, fc2__bias=None),
    "a key too many": lambda w: change(w, fc3__bias=torch.zeros(10)),
    "other names": lambda w: {f"module.{key}": value for key, value in w.items()},
    "keys that are no names": lambda w: dict(enumerate(w.values())),
    "another shape": lambda w: change(w, fc2__bias=torch.zeros(11)),
    "another order of axes": lambda w: change(w, fc1__weight=w["fc1.weight"].T.contiguous()),
    "another network": lambda w: torch.nn.Linear(784, 10).state_dict(),
    "not a number": lambda w: change(w, fc2__bias=torch.full((10,), torch.nan)),
    "infinity": lambda w: change(w, conv1__bias=torch.cat([w["conv1.bias"][:-1], torch.tensor([torch.inf])])),
}


def test_sizes_that_do_not_fit_are_named(tmp_path: Path, weights):
    put(tmp_path, CONTENTS["another shape"](weights))
    assert "fc2.bias is 11 where 10 is expected" in assert_refused(tmp_path)


@pytest.mark.parametrize("kind", CONTENTS)
def test_weights_of_anything_else_are_refused(kind: str, tmp_path: Path, weights):
    put(tmp_path, CONTENTS[kind](weights))
    assert "mine.pth" in assert_refused(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with (tmp_path / "mine.pth").open("wb") as file:
        file.truncate(500_000_000)  # a hole: takes no space on the disk
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("read though it is too large"))
    assert "larger than 200 MB" in assert_refused(tmp_path)
    with pytest.raises(CheckpointError):
        checkpoint.describe("mine", tmp_path)


def test_a_missing_model_is_refused(tmp_path: Path):
    assert "mine.pth" in assert_refused(tmp_path)
    (tmp_path / "mine.pth").mkdir()
    assert_refused(tmp_path)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a\\b", ".hidden", "x" * 81, "a\n", "✓", "-"])
def test_a_name_that_is_no_plain_file_name_is_not_saved(name: str, tmp_path: Path, network):
    folder = tmp_path / "models"
    folder.mkdir()
    with pytest.raises(CheckpointError, match="name"):
        checkpoint.save(name, network, {}, folder)
    assert list(folder.iterdir()) == []
    assert list(tmp_path.iterdir()) == [folder]


# --- writing and choosing ---------------------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file"
    workspace.write_atomically(path, b"old")

    def fail(self, target):
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="full"):
        workspace.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(self, target):
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="full"):
        workspace.write_atomically(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_never_sees_part_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever stands under the final name was complete before it got there."""
    path, seen, replace = tmp_path / "file", [], Path.replace
    workspace.write_atomically(path, b"old" * 1000)

    def watch(self, target):
        seen.append((Path(target).read_bytes(), self.read_bytes()))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    workspace.write_atomically(path, b"new" * 1000)
    assert seen == [(b"old" * 1000, b"new" * 1000)]
    assert path.read_bytes() == b"new" * 1000


def test_others_may_read_what_was_saved(tmp_path: Path, network):
    assert checkpoint.save("mine", network, {}, tmp_path).stat().st_mode & 0o444 == 0o444


def test_the_shipped_model_answers_until_another_is_chosen(tmp_path: Path, network):
    checkpoint.save("reference", network, {}, tmp_path)
    checkpoint.save("mine", network, {}, tmp_path)
    assert checkpoint.in_use(tmp_path) == "reference"
    checkpoint.choose("mine", tmp_path)
    assert checkpoint.in_use(tmp_path) == "mine"
    checkpoint.choose("reference", tmp_path)
    assert checkpoint.in_use(tmp_path) == "reference"


def test_a_chosen_model_that_is_gone_gives_way_to_the_shipped_one(tmp_path: Path, network):
    checkpoint.save("mine", network, {}, tmp_path)
    checkpoint.choose("mine", tmp_path)
    (tmp_path / "mine.pth").unlink()
    assert checkpoint.in_use(tmp_path) == "reference"


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\n", b"nobody\n", b"a\0b", b"../../etc"),
        b"\xff\xfe\x80",
        b"x" * 5000,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_senseless_choice_gives_way_to_the_shipped_model(content: bytes, tmp_path: Path):
    (tmp_path / "in-use.txt").write_bytes(content)
    assert checkpoint.in_use(tmp_path) == "reference"


def test_a_choice_that_fails_leaves_the_one_before(tmp_path: Path, network):
    checkpoint.save("mine", network, {}, tmp_path)
    checkpoint.choose("mine", tmp_path)
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    for name in ("bad", "missing"):
        with pytest.raises(CheckpointError):
            checkpoint.choose(name, tmp_path)
    assert checkpoint.in_use(tmp_path) == "mine"


@pytest.mark.parametrize("suffix", checkpoint.FILES)
def test_the_stamp_changes_with_every_file_of_a_model(suffix: str, tmp_path: Path, network):
    assert checkpoint.stamp("mine", tmp_path) == (0, 0, 0)
    checkpoint.save("mine", network, {}, tmp_path)
    before = checkpoint.stamp("mine", tmp_path)
    assert before == checkpoint.stamp("mine", tmp_path) and hash(before)
    (tmp_path / f"mine{suffix}").write_bytes(b"something else")
    os.utime(tmp_path / f"mine{suffix}", ns=(1, 1))  # a coarse clock may not have moved
    after = checkpoint.stamp("mine", tmp_path)
    assert [one != other for one, other in zip(before, after, strict=True)] == [
        file == suffix for file in checkpoint.FILES
    ]
    (tmp_path / f"mine{suffix}").unlink()
    assert checkpoint.stamp("mine", tmp_path) != after

"""Weights that no network of ours can use: every kind of them is refused with a sentence, wherever they come in."""

import io
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.network import checkpoint
from core.network.architectures import build
from core.network.checkpoint import CheckpointError

KEY = "fc1.weight"
KINDS = {
    "meta": lambda value: value.to("meta"),
    "sparse": lambda value: value.to_sparse(),
    "compressed": lambda value: value.to_sparse_csr(),
    "quantised": lambda value: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8),
    "nested": lambda value: torch.nested.nested_tensor([value[0, :3], value[0, :2]]),
    "complex": lambda value: value.to(torch.complex64),
    **{
        str(kind): lambda value, kind=kind: value.to(kind)
        for kind in (torch.float8_e5m2, torch.float8_e4m3fn, torch.uint8, torch.int32, torch.bool)
    },
}


def pack(**changed: torch.Tensor) -> bytes:
    file = io.BytesIO()
    torch.save({**build("lenet5").state_dict(), **changed}, file)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_a_tensor_of_another_kind_is_refused_with_its_name(kind, tmp_path):
    content = pack(**{KEY: KINDS[kind](build("lenet5").state_dict()[KEY])})
    with pytest.raises(CheckpointError, match=r"of a kind that can't be used: fc1.weight|can't be read as weights"):
        checkpoint.add(content, "guest.pth", tmp_path)
    assert checkpoint.names(tmp_path) == []


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_welcome(kind, tmp_path):
    name = checkpoint.add(pack(**{KEY: build("lenet5").state_dict()[KEY].to(kind)}), "guest.pth", tmp_path)
    assert checkpoint.load(name, tmp_path).architecture == "lenet5"


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([float("nan"), float("inf"), -float("inf"), 1e300]), st.integers(0, 839), st.booleans())
def test_one_weight_that_is_no_number_is_enough(tmp_path, value, place, is_double):
    """Also one that is none as soon as it is a float32."""
    if value == 1e300 and not is_double:
        return
    weights = build("lenet5").state_dict()["fc2.weight"].to(torch.float64 if is_double else torch.float32)
    weights.view(-1)[place] = value
    content = pack(**{"fc2.weight": weights})
    with pytest.raises(CheckpointError, match="not finite"):
        checkpoint.add(content, "guest.pth", tmp_path)
    (tmp_path / "lies.pth").write_bytes(content)  # as an older version kept it
    for way_in in (checkpoint.load, checkpoint.choose):
        with pytest.raises(CheckpointError, match="not finite"):
            way_in("lies", tmp_path)
    assert checkpoint.in_use(tmp_path) == checkpoint.SHIPPED


def test_weights_so_large_that_no_answer_is_a_number_answer_nobody(tmp_path):
    weights = {key: torch.full_like(value, 1e30) for key, value in build("mlp").state_dict().items()}
    torch.save(weights, tmp_path / "large.pth")
    with pytest.raises(CheckpointError, match="answers are not numbers"):
        checkpoint.choose("large", tmp_path)


@pytest.mark.parametrize("copies", [1, 5])
def test_a_packed_file_is_measured_before_it_is_unpacked(tmp_path, monkeypatch, copies):
    """A deflated .pth of 1 MB held a gigabyte, and 25 MB would hold 25."""
    monkeypatch.setattr(checkpoint, "LARGEST", 4_000_000)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was unpacked"))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(copies):
            archive.writestr(f"archive/data/{number}", bytes(5_000_000 // copies))
    assert len(file.getvalue()) < 50_000
    with pytest.raises(CheckpointError, match="unpacks to more than 4 MB"):
        checkpoint.add(file.getvalue(), "bomb.pth", tmp_path)


def test_facts_that_hold_no_number_are_read_without_it(tmp_path):
    (tmp_path / "old.json").write_text('{"validation_loss": NaN, "history": [Infinity], "epoch": 7}')
    torch.save(build("lenet5").state_dict(), tmp_path / "old.pth")
    assert checkpoint.describe("old", tmp_path).facts == {"validation_loss": None, "history": [None], "epoch": 7}
    checkpoint.add_facts("old", {"temperature": 1.0}, tmp_path)
    assert "NaN" not in (tmp_path / "old.json").read_text()

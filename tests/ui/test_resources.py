"""What all visitors share: each model loaded once, and again when one of its files changes."""

from pathlib import Path

import pytest
import streamlit as st

from core.network import checkpoint
from core.ui import resources


@pytest.mark.parametrize("suffix", [".pth", ".json", checkpoint.REJECTION])
@pytest.mark.parametrize("is_in_use", [True, False])
def test_a_model_is_loaded_again_when_any_of_its_files_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_in_use: bool, suffix: str
) -> None:
    loads: list[str] = []
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "one.pth").write_bytes(b"old")
    monkeypatch.setattr(checkpoint, "in_use", lambda: "one" if is_in_use else "another")
    monkeypatch.setattr(checkpoint, "load", loads.append)
    st.cache_resource.clear()
    resources.model("one")
    resources.model("one")
    assert loads == ["one"]
    (tmp_path / "models" / f"one{suffix}").write_bytes(b"new")
    resources.model("one")
    assert loads == ["one", "one"]
    st.cache_resource.clear()

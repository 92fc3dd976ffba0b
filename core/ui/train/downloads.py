"""A run's model to take away: weights, facts, history, and ONNX on demand."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import words
from core.network import checkpoint
from core.training.runs import Run
from core.ui import resources

memory = st.session_state


def offer(model: str, run: Run, place: str) -> None:
    """A menu of files for the `model` that a run kept; `place` tells one menu on the page from another."""
    with st.popover("Download", icon=":material/download:"):
        for suffix, label, kind in (
            (".pth", "Weights for PyTorch", "application/octet-stream"),
            (".json", "Facts", "application/json"),
        ):
            path = _file(model, suffix)
            if path.is_file():
                st.download_button(
                    f"{label} ({suffix})",
                    path.read_bytes(),
                    path.name,
                    kind,
                    key=f"{suffix}-{place}",
                    on_click="ignore",
                )
        st.download_button(
            "History (.csv)", run.history, f"{run.name}.csv", "text/csv", key=f"csv-{place}", on_click="ignore"
        )
        _offer_onnx(model, place)


def _offer_onnx(model: str, place: str) -> None:
    """ONNX, made when asked for and offered only when it answers as PyTorch does."""
    if memory.get("onnx_for") != model:
        st.button("Make an ONNX file", key=f"make-onnx-{place}", on_click=_ask_for_onnx, args=(model,))
        return
    from core.network.onnx_export import ExportError

    try:
        content = make_onnx(model, _file(model, ".pth").stat().st_mtime_ns)
    except (ExportError, checkpoint.CheckpointError, OSError) as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    st.download_button(
        "ONNX (.onnx)", content, f"{model}.onnx", "application/octet-stream", key=f"onnx-{place}", on_click="ignore"
    )
    st.caption("Checked: it reads 100 digits as PyTorch does.")


def _ask_for_onnx(model: str) -> None:
    memory.onnx_for = model


@st.cache_data(show_spinner="Writing and checking the ONNX file …", max_entries=2)
def make_onnx(model: str, modified: int) -> bytes:
    """The model's ONNX file, checked; made again when its weights were `modified` at another time.

    Raises `ExportError`, `CheckpointError`.
    """
    from core.network import onnx_export

    return onnx_export.export(checkpoint.load(model).model, resources.digits(train=False))


def _file(model: str, suffix: str) -> Path:
    return checkpoint.find_folder(model) / f"{model}{suffix}"

"""A set of the visitor's own: sent, read once, kept until another one comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import words
from core.evaluation import set_files, testset
from core.evaluation.set_formats import TestSetError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

memory = st.session_state


def ask() -> testset.TestSet | testset.PictureSet:
    """Read what the visitor sends; keep the last good set when nothing new is there. Stops where there is none."""
    memory.setdefault("own_set", None)  # the last set that could be read
    name, files = _ask_for_files()
    token = tuple(file.file_id for file in files)
    if files and memory.get("own_token") != token:
        _read(name, files)
        memory.own_token = token
    elif not files:
        memory.own_refusal = None  # what was refused is taken back
    if memory.get("own_refusal"):
        st.error(words.escape_markdown(memory.own_refusal), icon=":material/error:")
    if memory.own_set is None:
        if not files:
            st.info("Send a set above, and its figures appear here.", icon=":material/upload:")
        st.stop()
    return memory.own_set


def _ask_for_files() -> tuple[str, list[UploadedFile]]:
    """What was sent, with a name for it as a whole."""
    with st.expander("Your own set", expanded=memory.own_set is None, icon=":material/upload:"):
        whole_folder = st.toggle("Choose a whole folder", help="A folder of pictures, with or without subfolders.")
        files = st.file_uploader(
            "A folder of pictures" if whole_folder else "A zip of pictures, single pictures, a CSV or IDX files",
            accept_multiple_files="directory" if whole_folder else True,
            max_upload_size=200,
            key=f"own_files_{whole_folder}",
        )
        st.caption(
            "Pictures are named by their digit (7.png, 7_anna.jpg) or lie in a folder named by it (7/anna.jpg). "
            "A CSV has one digit a row: the label and 784 pixels, with or without a header. "
            "IDX is MNIST's own format, gzipped or not: images and labels together."
        )
    if not files:
        return "", []
    if whole_folder:
        return files[0].name.split("/")[0], files
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1:,} more", files


def _read(name: str, files: list[UploadedFile]) -> None:
    """Keep the set that these files form, or the sentence that says why they don't form one."""
    try:
        with st.spinner("Unpacking …"):
            memory.own_set = set_files.read_files(name, [(file.name, file.getvalue()) for file in files])
        memory.own_refusal = None
    except TestSetError as error:
        memory.own_set, memory.own_refusal = None, str(error)

"""A set of the visitor's own: sent, read once, kept until another one comes or nobody looks at it any more."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import streamlit as st

from core import words, workspace
from core.data.turn import Turn
from core.evaluation import orientation, set_files
from core.evaluation.answered import AnsweredSet
from core.evaluation.set_formats import TestSetError
from core.evaluation.testset import PictureSet, TestSet
from core.ui import resources

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

LARGEST = 200  # MB a file: .streamlit/config.toml takes as much
IN_ADDRESS = "own_set"

memory = st.session_state


def ask() -> TestSet | PictureSet:
    """Read what the visitor sends; keep the last good set when nothing new is there. Stops where there is none."""
    memory.setdefault("own_set", _find_again())  # the last set that could be read
    memory.setdefault("own_refusal", None)
    memory.setdefault("own_box", memory.own_set is None)  # from then on it is as the visitor leaves it
    with st.expander("Your own set", key="own_box", on_change="rerun", icon=":material/upload:"):
        name, files = _ask_for_files()
        token = tuple(file.file_id for file in files)
        if files and memory.get("own_token") != token:
            _read(name, files)
            memory.own_token = token
        elif not files:
            memory.own_refusal = None  # what was refused is taken back
        if memory.own_refusal:
            st.error(words.escape_markdown(memory.own_refusal), icon=":material/error:")
    if memory.own_set is None:
        if not files:
            _invite()
        st.stop()
    st.query_params[IN_ADDRESS] = memory.own_set.key
    turn: Turn | None = memory.setdefault("own_turn", None)
    return memory.own_set.turn(turn) if turn else memory.own_set


def offer_turn(model: str, version: str, answered: AnsweredSet) -> None:
    """Where the digits of a set seem to lie on their side, the button that turns them; where it was pressed, the way
    back."""
    if memory.own_turn:
        st.button("Turn the digits back", icon=":material/undo:", on_click=memory.update, args=({"own_turn": None},))
        return
    test_set = answered.test_set
    if not test_set.is_labelled or answered.evaluation.report.accuracy >= orientation.LEAST_ACCURACY:
        return
    (found,) = resources.results().keep(
        ("turn", test_set.key, model, version),
        lambda: (orientation.suggest(resources.model(model).model, test_set.digits),),
    )
    if found:
        st.warning(found.sentence, icon=":material/rotate_left:")
        st.button(
            "Turn the digits", icon=":material/rotate_left:", on_click=memory.update, args=({"own_turn": found.turn},)
        )


@st.cache_resource(show_spinner=False)
def _all_sets() -> WeakValueDictionary[str, TestSet | PictureSet]:
    """The sets that visitors hold at the moment: a reload makes a new visitor of the same person, and the old one is
    forgotten a little later."""
    return WeakValueDictionary()


def _find_again() -> TestSet | PictureSet | None:
    """The set that the page's address names, if somebody still holds it."""
    return _all_sets().get(st.query_params.get(IN_ADDRESS, ""))


def _keep(found: TestSet | PictureSet | None) -> None:
    """Keep a set for this visitor, and for the same person after a reload."""
    memory.own_set, memory.own_turn = found, None
    if found is None:
        st.query_params.pop(IN_ADDRESS, None)
    else:
        _all_sets()[found.key] = found


def _invite() -> None:
    """What to do where there is no set yet, or none any more."""
    if IN_ADDRESS in st.query_params:
        st.info("Your set is no longer kept here. Send it again above.", icon=":material/upload:")
    else:
        st.info("Send a set above, and its figures appear here.", icon=":material/upload:")


def _ask_for_files() -> tuple[str, list[UploadedFile]]:
    """What was sent, with a name for it as a whole."""
    whole_folder = st.toggle("Choose a whole folder", help="A folder of pictures, with or without subfolders.")
    files = st.file_uploader(
        "A folder of pictures" if whole_folder else "An archive or pictures, a CSV, IDX or NumPy files",
        accept_multiple_files="directory" if whole_folder else True,
        max_upload_size=LARGEST,
        key=f"own_files_{whole_folder}",
    )
    st.caption(
        "Pictures are named by their digit (7.png, 7_anna.jpg), lie in a folder named by it (7/anna.jpg, "
        "seven/anna.jpg) or are listed in a labels.csv beside them (file,label). A CSV has one digit a row: the label "
        "and 784 pixels, with or without a header. IDX is MNIST's own format; npz and npy are NumPy's. Packed as zip, "
        f"tar or gzip, or not. Up to {LARGEST} MB a file: `{shlex.join(workspace.script('evaluate'))} --data` measures "
        "a larger one."
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
            _keep(set_files.read_files(name, [(file.name, file.getvalue()) for file in files]))
        memory.own_refusal = None
    except TestSetError as error:
        _keep(None)
        memory.own_refusal = str(error)

"""Send pictures: files, a folder, a zip, a PDF, the clipboard, the camera; one shows its answer, several a table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core import words
from core.access import roles
from core.config import PictureLimits
from core.reading import batch, sources
from core.reading.picture import PictureError
from core.ui import resources, widgets
from core.ui.predict import answer, camera, review

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

LARGEST = 200  # MB: a zip or a PDF of a class's scans
QUICK = 4  # so many pictures are read with a word and no bar

# A pasted picture goes into the uploader as if it had been dropped there: one way in. Many files take seconds before
# the server hears of them, and a reload forgets what was sent and checked: both are said.
COMPANION = """
export default function ({ data, parentElement }) {
  const said = parentElement.querySelector("p");
  const find = () => document.querySelector('[data-testid="stFileUploader"] input[type="file"]');
  const say = (files) => { said.textContent = files.length > 20 ? `Taking in ${files.length} files …` : ""; };
  const change = (event) => { if (event.target === find()) say(event.target.files); };
  const drop = (event) => {
    if (event.target.closest?.('[data-testid="stFileUploader"]')) say(event.dataTransfer?.files ?? []);
  };
  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    const input = find();
    if (!files.length || !input) return;
    const transfer = new DataTransfer();
    files.forEach((file, index) =>
      transfer.items.add(new File([file], `pasted-${Date.now()}-${index}-${file.name}`, { type: file.type })));
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    event.preventDefault();
  };
  const leave = (event) => event.preventDefault();
  said.textContent = "";
  const listeners = [[document, "paste", paste], [document, "change", change], [document, "drop", drop]];
  if (data.pictures > 1) listeners.push([window, "beforeunload", leave]);
  listeners.forEach(([place, name, listener]) => place.addEventListener(name, listener, true));
  return () => listeners.forEach(([place, name, listener]) => place.removeEventListener(name, listener, true));
}
"""
STYLE = "p { margin: 0; font-family: inherit; } p:empty { display: none; }"

memory = st.session_state


def show() -> None:
    """The pictures that were sent and what was read in them."""
    pictures = in_hand()
    pictures.ask(resources.model_in_use(), memory.expect)
    source = widgets.choice("From", ("Files", "Folder", "Camera"), "source", in_address=False)
    left, right = st.columns([0.42, 0.58], gap="large")
    with left:
        ask_for_files(source)
    with right:
        read_waiting(pictures)
        if not len(pictures):
            answer.show_example("Send a picture of a digit: its answer appears here. Several become a table.")
            return
        is_one = len(pictures) == 1
        if is_one:
            for item in pictures.items:
                review.show_details(pictures, item)
                offer_sheet(source, item)
        else:
            review.sum_up(pictures)
        with st.container(horizontal=True):
            if not is_one:
                review.save(pictures)
            what = "Forget this picture" if is_one else "Forget these pictures"
            st.button(what, icon=":material/delete:", on_click=forget)
    if len(pictures) > 1 and pictures.items:
        review.show(pictures)


def offer_sheet(source: str, item: batch.Item) -> None:
    """What is not sure may be a whole form, table or grid. Where one shows by itself it is read as that; else one click
    reads it so."""
    if item.verdict not in ("unsure", "no digit") or source != "Files":
        return
    if memory.expect == "auto" and _shows_sheet():
        memory.sheets_handed = _files_of_uploader()
        memory.sheet_by_itself = True
        st.rerun()
    st.button("A form, a table or a grid? Read it as a sheet", icon=":material/table:", on_click=_hand_to_sheets)


def _shows_sheet() -> bool:
    """Whether the picture that was sent is a sheet; each is asked once."""
    from core.reading import picture
    from core.sheets.layout import find_sheet
    from core.sheets.settings import SHEET

    given = _as_list(memory.get(f"uploader-Files-{memory.get('uploader_version', 0)}"))
    asked: set[str] = memory.setdefault("asked_for_sheets", set())
    if len(given) != 1 or given[0].file_id in asked:
        return False
    asked.add(given[0].file_id)
    try:
        with st.spinner("Looking for a table …"):
            return find_sheet(resources.model_in_use(), picture.read(given[0].getvalue(), SHEET.side)) is not None
    except PictureError:  # a zip or a PDF of one picture
        return False


def _hand_to_sheets() -> None:
    """Read the files that were sent as sheets; they stay here too."""
    memory.sheets_handed = _files_of_uploader()
    memory.expect = "sheet"


def take_over() -> None:
    """A sheet that showed by itself is read as one, before the page asks what to read."""
    if memory.get("sheet_by_itself") and memory.get("sheets_handed"):
        memory.expect = "sheet"


def _files_of_uploader() -> list[tuple[str, bytes]]:
    given = memory.get(f"uploader-Files-{memory.get('uploader_version', 0)}")
    return [(file.name, file.getvalue()) for file in _as_list(given)]


def in_hand() -> batch.Batch:
    """The pictures of this visit."""
    pictures: batch.Batch = memory.setdefault("pictures", batch.Batch())
    return pictures


def forget() -> None:
    """Back to an empty page, the uploader too: it would hand the same files over again."""
    memory.pictures = batch.Batch()
    memory.uploader_version = memory.get("uploader_version", 0) + 1


def ask_for_files(source: str) -> None:
    """Pictures from wherever they come; what leaves the list there leaves the table too."""
    version = memory.get("uploader_version", 0)
    key = f"uploader-{source}-{version}"
    given: UploadedFile | list[UploadedFile] | None
    if source == "Camera":
        camera.explain_refusal()
        given = st.camera_input("Hold the digit in front of the camera", key=key, on_change=partial(take_in, key))
    else:
        given = st.file_uploader(
            "Drop pictures here, paste one, or choose them" if source == "Files" else "Choose a folder of pictures",
            accept_multiple_files=True if source == "Files" else "directory",
            max_upload_size=LARGEST,
            key=key,
            on_change=partial(take_in, key),
        )
        limits = PictureLimits()
        st.caption(
            "Any common picture format, HEIC too, and zips and PDFs of pictures, which are quicker than hundreds of "
            f"files. Up to {LARGEST} MB a file and, of each picture, {limits.bytes // 10**6} MB and "
            f"{limits.pixels // 10**6} million pixels: `digit-lab predict` reads larger zips and PDFs. Nothing is "
            "stored: pictures are forgotten when you leave or reload the page, except digits you keep in My digits."
        )
    component = st.components.v2.component(  # known to the running app alone
        "digit_lab_uploads", html='<p role="status"></p>', css=STYLE, js=COMPANION
    )
    component(key="uploads", data={"pictures": len(in_hand())})
    # An uploader that was out of sight comes back empty; what it gave stays, and nobody has taken it away.
    there = {file.file_id for file in _as_list(given)}
    memory.handed_over = {file: keys for file, keys in memory.get("handed_over", {}).items() if file in there}


def take_in(uploader: str) -> None:
    """A person changed what an uploader holds: the pictures of new files come in, those of files taken away go."""
    pictures, handed_over = in_hand(), memory.setdefault("handed_over", {})
    files = {file.file_id: file for file in _as_list(memory[uploader])}
    gone = {key for file in handed_over.keys() - files.keys() for key in handed_over.pop(file)}
    for file in files.values():
        if file.file_id not in handed_over:
            content = file.getvalue()
            found = sources.find_in_files([(file.name, content)])
            nothing = [sources.Source(name, None, _say_empty) for name in found.empty]
            given = [*found.sources, *nothing]
            if not resources.allowance().take(roles.visitor(), len(given)):
                given = [sources.Source(file.name, None, _say_enough)]
            handed_over[file.file_id] = pictures.add(given, content)
    pictures.remove(gone.difference(*handed_over.values()))  # the same file may have been sent twice


def read_waiting(pictures: batch.Batch) -> None:
    """Read what is new or asked for anew, saying how far it is; a click meanwhile loses nothing that was read."""
    waiting = pictures.waiting
    place = st.empty()  # there always: what stands below must not move, or an open popover closes
    if not waiting:
        return
    if pictures.is_stopped:
        place.button(f"Read the other {len(waiting)}", icon=":material/play_arrow:", on_click=pictures.go_on)
        return
    if len(waiting) <= QUICK:
        for key in waiting:
            with place, st.spinner(f"Reading {words.escape_markdown(batch.show_name(pictures.name(key), 40))} …"):
                pictures.read(key)
    else:
        with place.container():
            bar = st.progress(0.0)
            st.button("Stop reading", icon=":material/stop:", on_click=pictures.stop)
        for number, key in enumerate(waiting):
            escaped = words.escape_markdown(batch.show_name(pictures.name(key), 40))
            bar.progress(number / len(waiting), f"Reading {number + 1} of {len(waiting)}: {escaped}")
            pictures.read(key)
    place.empty()


def _say_enough() -> bytes:
    raise PictureError(
        f"A guest may have {resources.allowance().most} pictures read an hour: with these it is more. Send fewer, "
        "or go on later."
    )


def _say_empty() -> bytes:
    raise PictureError("There is no picture in this file.")


def _as_list(given: UploadedFile | list[UploadedFile] | None) -> list[UploadedFile]:
    return given if isinstance(given, list) else [given] if given else []

"""Send pictures: files, a folder, the clipboard, the camera; one shows its answer, several become a table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core import words
from core.figures import digit_images
from core.reading import batch, picture
from core.ui import resources, widgets
from core.ui.predict import answer

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

# A pasted picture goes into the uploader as if it had been dropped there: one way in.
PASTE = """
export default function () {
  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    const input = document.querySelector('[data-testid="stFileUploader"] input[type="file"]');
    if (!files.length || !input) return;
    const transfer = new DataTransfer();
    files.forEach((file, index) =>
      transfer.items.add(new File([file], `pasted-${Date.now()}-${index}-${file.name}`, { type: file.type })));
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    event.preventDefault();
  };
  document.addEventListener("paste", paste);
  return () => document.removeEventListener("paste", paste);
}
"""
ROW = 44  # pixels: height of a table's row

memory = st.session_state


def show() -> None:
    """The uploaded files and what was read in them."""
    left, right = st.columns([0.42, 0.58], gap="large")
    with left:
        read_files(ask_for_files())
    items = list(known().values())
    with right:
        if len(items) > 1:
            chosen = sum_up(items)
        elif items:
            show_item(items[0])
        else:
            answer.show_example("Send a picture of a digit: its answer appears here. Several become a table.")
    if len(items) > 1:
        show_table(chosen)


def known() -> dict[str, batch.Item]:
    """Files read in this visit, by the key of their name and content."""
    pictures: dict[str, batch.Item] = memory.setdefault("pictures", {})
    return pictures


def forget_answers() -> None:
    """Read the same files anew, since something they depend on has changed."""
    memory.pictures = {}


def forget_pictures() -> None:
    """Back to an empty page, the uploader too: it would hand the same files over again."""
    forget_answers()
    memory.uploader_version = memory.get("uploader_version", 0) + 1


def ask_for_files() -> list[UploadedFile]:
    """The files a visitor sends, from wherever they come."""
    limits, version = picture.LIMITS, memory.get("uploader_version", 0)
    source = widgets.choice("From", ("Files", "Folder", "Camera"), "source", in_address=False)
    if source == "Camera":
        shot = st.camera_input("Hold the digit in front of the camera", key=f"camera-{version}")
        return [shot] if shot else []
    files = st.file_uploader(
        "Drop pictures here, paste one, or choose them" if source == "Files" else "Choose a folder of pictures",
        accept_multiple_files=True if source == "Files" else "directory",
        key=f"uploader-{source}-{version}",
    )
    st.caption(
        f"Any common picture format, HEIC too; at most {limits.bytes // 10**6} MB and {limits.pixels // 10**6} million "
        "pixels each. Nothing is stored: pictures are forgotten when you leave, except those whose answer you correct."
    )
    st.components.v2.component("digit_lab_paste", js=PASTE)(key="paste")  # known to the running app alone
    return files


def read_files(files: list[UploadedFile]) -> None:
    """Read the files that are new, with progress; a click meanwhile loses nothing that was read."""
    contents = [(file.name, file.getvalue()) for file in files]
    waiting = [entry for entry in contents if batch.identify(*entry) not in known()]
    if not waiting:
        return
    if len(waiting) == len(contents):  # a new choice of files replaces the one before
        memory.pictures = {}
    model = resources.model_in_use()
    bar = st.progress(0.0) if len(waiting) > 4 else None
    for number, (name, content) in enumerate(waiting, start=1):
        item = read_alone(name, content) if len(contents) == 1 else batch.read_file(model, name, content, memory.expect)
        known()[item.key] = item
        if bar:
            bar.progress(number / len(waiting), f"Read {number} of {len(waiting)} pictures")
    if bar:
        bar.empty()


def read_alone(name: str, content: bytes) -> batch.Item:
    """Read the one file that was sent; its answer is shown at once, so the reading is kept for that."""
    key = batch.identify(name, content)
    try:
        return batch.summarise(name, content, answer.read(partial(picture.read, content), key))
    except picture.PictureError as error:
        return batch.refuse(name, str(error), key)


def show_item(item: batch.Item) -> None:
    """One file: its answer, or why it was refused."""
    if item.error:
        st.error(words.escape_markdown(f"{batch.show_name(item.name)}: {item.error}"), icon=":material/broken_image:")
        return
    answer.show(item.picture, item.name, item.key)


def sum_up(items: list[batch.Item]) -> list[batch.Item]:
    """How many were read, and how many right where names carry the digit; gives the items chosen to be shown."""
    read, refused = [item for item in items if not item.error], [item for item in items if item.error]
    labelled = [item for item in read if item.is_right is not None]
    wrong = [item for item in labelled if not item.is_right]
    sentence = f"**{words.count(len(read), 'picture')} read**"
    if refused:
        sentence += f", {len(refused)} refused"
    if labelled:
        right = len(labelled) - len(wrong)
        share = f"{right} right ({words.percent(right / len(labelled), 1)}), {len(wrong)} misread"
        sentence += f". {len(labelled)} of {len(read)} carry their digit in the name of the file or folder: "
        sentence += f"**{share if wrong else 'right' if right == 1 else f'all {right} right'}**"
    st.markdown(sentence + ".")
    with st.container(horizontal=True):
        st.download_button("Save CSV", batch.to_csv(items), "digits.csv", "text/csv", icon=":material/download:")
        st.button("Forget these pictures", icon=":material/delete:", on_click=forget_pictures)
    groups = {"All": items, "Misread": wrong, "Refused": refused}
    names = [name for name, group in groups.items() if group]
    return groups[st.segmented_control("Show", names, default="All", required=True) if len(names) > 1 else "All"]


def show_table(items: list[batch.Item]) -> None:
    """Files as a table to sort and to choose from, with the chosen one's details beside it."""
    table = batch.tabulate(items)
    table.insert(0, "picture", [digit_images.as_data_url(item.thumbnail) if item.thumbnail else "" for item in items])
    # An empty cell would not say whether the picture was refused or held no digit.
    table["answer"] = table["answer"].where(table["answer"] != "", table["verdict"].replace("error", "refused"))
    table["right"] = table["right"].map({True: "Right", False: "Misread"}).fillna("")
    # A style sets the words of a cell and leaves the number below to sort by.
    shown = table.style.format({"confidence": words.probability}, na_rep=words.NONE)
    columns = ["picture", "answer", "right", "confidence", "file", "remark"]
    if not table["right"].any():
        columns.remove("right")
    rows, details = st.columns([0.58, 0.42], gap="large")
    with rows:
        event = st.dataframe(
            shown,
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key="files",
            row_height=ROW,
            height=min(560, 46 + ROW * len(items)),
            column_order=columns,
            column_config={
                "picture": st.column_config.ImageColumn("Picture", width="small"),
                "file": st.column_config.TextColumn("File"),
                "answer": st.column_config.TextColumn("Answer", width="small"),
                "confidence": st.column_config.NumberColumn("Confidence", width="small"),
                "right": st.column_config.TextColumn("Right?", width="small"),
                "remark": st.column_config.TextColumn("Remark", width="large"),
            },
            placeholder="–",
            alt="What was read in each file",
        )
    chosen = event["selection"]["rows"]
    with details:
        if chosen and chosen[0] < len(items):
            show_item(items[chosen[0]])
        else:
            st.caption("Choose a row to see how that picture was read.")

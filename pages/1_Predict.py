"""Draw a digit, send a picture or pick a sample; see the answer, how sure it is, and how it came about."""

import io
import json
import random
import zlib
from html import escape

import streamlit as st

from core.ui import correction, resources, shell

shell.open_page("Predict")

import numpy as np
from PIL import Image, ImageOps
from streamlit_drawable_canvas import st_canvas

from core.config import POLARITIES
from core.figures import boxes, digit_images, probability_chart, theme
from core.network import checkpoint
from core.reading import batch, mnist_form, picture, reader
from core.workspace import SHIPPED

CANVAS_SIDE = 280  # pixels: fits a phone 320 pixels wide
MOST_UNDOS = 30  # states of the drawing kept to go back to, a few kB each
SQUARE = 320  # pixels: side of a shown picture, twice what a page gives it
PAPER, INK = "#ffffff", "#1f2328"
WAYS = ("Draw", "Upload", "Samples")
EXPECTED = {"auto": "Automatic", "one": "One digit", "number": "A number"}

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

paste_into_uploader = st.components.v2.component("digit_lab_paste", js=PASTE)
memory = st.session_state
memory.setdefault("drawings", [])  # states of the canvas, oldest first: (packed strokes, PNG), or None where cleared
memory.setdefault("canvas_version", 0)
memory.setdefault("uploader_version", 0)
memory.setdefault("pictures", {})  # files read in this visit, by the key of their name and content
memory.setdefault("sample", None)  # the picture chosen: {"name", "content", "label"}


def main() -> None:
    """Ask for a picture, read it, show what was read."""
    open_given_picture()
    st.title("Predict")
    with st.container(horizontal=True, gap="medium"):
        way = st.segmented_control(
            "How do you want to give a digit?",
            WAYS,
            default="Draw",
            required=True,
            key="way",
            label_visibility="collapsed",
            persist_state="session",
            bind="query-params",
            on_change=renew_canvas,
        )
        st.segmented_control(
            "What to read",
            list(EXPECTED),
            format_func=EXPECTED.get,
            default="auto",
            required=True,
            key="expect",
            label_visibility="collapsed",
            persist_state="session",
            bind="query-params",
            on_change=memory.pictures.clear,
        )
    try:
        resources.model_in_use()
    except checkpoint.CheckpointError as error:
        st.error(f"No model can answer: {error}", icon=":material/error:")
        st.stop()
    {"Draw": show_draw, "Upload": show_upload, "Samples": show_samples}[way]()


def renew_canvas() -> None:
    """Start a new canvas from what was drawn: one that was out of sight comes back empty under its old key."""
    memory.canvas_version += 1


def open_given_picture() -> None:
    """Take over a picture that another page handed on: {"name": str, "picture": PNG bytes}."""
    if given := memory.pop("predict_given", None):
        memory.sample = {"name": given["name"], "content": given["picture"], "label": None}
        memory.way = "Samples"


# --- draw -------------------------------------------------------------------------------------------------------------


@st.fragment
def show_draw() -> None:
    """The canvas with its own Undo and Clear beside the answer, which changes as one draws."""
    with st.container(key="draw"):
        left, right = st.columns([0.42, 0.58], gap="large")
    with left:
        width = st.slider("Stroke width", 4, 30, 16, key="stroke_width", persist_state="session", format="%d px")
        key = f"canvas-{memory.canvas_version}"
        if key not in memory:  # first shown, or shown again after another page, Undo or Clear
            memory.canvas_start = unpack_strokes(memory.drawings[-1]) if has_drawing() else None
        result = st_canvas(
            stroke_width=width,
            stroke_color=INK,
            background_color=PAPER,
            width=CANVAS_SIDE,
            height=CANVAS_SIDE,
            initial_drawing=memory.canvas_start,
            return_image_data=True,
            key=key,
        )
        keep_drawing(result)
        with st.container(horizontal=True):
            st.button("Undo", icon=":material/undo:", on_click=undo, disabled=not memory.drawings)
            st.button("Clear", icon=":material/delete:", on_click=clear, disabled=not has_drawing())
            if has_drawing():
                picture_file = memory.drawings[-1][1]
                st.download_button("Save", picture_file, "digit.png", "image/png", icon=":material/download:")
    with right:
        if has_drawing():
            show_answer(memory.drawings[-1][1], "drawing.png", "draw", "As drawn")
        else:
            show_example(
                "Draw a digit: the answer appears here as you draw, with nothing to press. Without mouse or "
                "touch screen, Upload and Samples work with the keyboard."
            )


def has_drawing() -> bool:
    """Whether there is ink on the canvas."""
    return bool(memory.drawings) and memory.drawings[-1] is not None


def keep_drawing(result) -> None:
    """Remember the newest state of the canvas: the component forgets it when another page is opened."""
    if result.json_data is None or result.image_bytes is None:
        return
    newest = None
    if result.json_data.get("objects"):
        newest = (zlib.compress(json.dumps(result.json_data).encode()), result.image_bytes)
    current = memory.drawings[-1] if memory.drawings else None
    if (newest and newest[1]) != (current and current[1]):
        memory.drawings = [*memory.drawings, newest][-MOST_UNDOS:]


def unpack_strokes(drawing: tuple[bytes, bytes]) -> dict:
    """The strokes as the canvas wants them back."""
    return json.loads(zlib.decompress(drawing[0]))


def undo() -> None:
    """Back to the state before; also brings back what Clear took away."""
    memory.drawings = memory.drawings[:-1]
    renew_canvas()


def clear() -> None:
    """An empty canvas; the drawing stays within reach of Undo."""
    memory.drawings = [*memory.drawings, None][-MOST_UNDOS:]
    renew_canvas()


def show_example(invitation: str) -> None:
    """What an answer looks like, greyed, until there is one, and what to do to get it."""
    st.html('<div class="answer example"><span class="digit">7</span><span class="confidence">97%</span></div>')
    st.caption(f"An example. {invitation}")


# --- upload -----------------------------------------------------------------------------------------------------------


def show_upload() -> None:
    """Files, a folder, the clipboard or the camera; one picture shows its answer, several become a table."""
    left, right = st.columns([0.42, 0.58], gap="large")
    with left:
        read_files(ask_for_files())
    items = list(memory.pictures.values())
    with right:
        if len(items) > 1:
            shown = sum_up(items)
        elif items:
            show_item(items[0])
        else:
            show_example("Send a picture of a digit: its answer appears here. Several become a table.")
    if len(items) > 1:
        show_table(shown)


def ask_for_files() -> list:
    """What somebody sends, from wherever it comes."""
    limits = picture.LIMITS
    source = st.segmented_control(
        "From", ["Files", "Folder", "Camera"], default="Files", required=True, key="source", persist_state="session"
    )
    if source == "Camera":
        shot = st.camera_input("Hold the digit in front of the camera", key=f"camera-{memory.uploader_version}")
        return [shot] if shot else []
    files = st.file_uploader(
        "Drop pictures here, paste one, or choose them" if source == "Files" else "Choose a folder of pictures",
        accept_multiple_files=True if source == "Files" else "directory",
        key=f"uploader-{source}-{memory.uploader_version}",
    )
    st.caption(
        f"Any common picture format, HEIC too; at most {limits.bytes // 10**6} MB and {limits.pixels // 10**6} million "
        "pixels each. Nothing is stored: pictures are forgotten when you leave, but for answers you put right."
    )
    paste_into_uploader(key="paste")
    return files


def read_files(files: list) -> None:
    """Read what was not read before, with progress; what is done stays done when somebody clicks meanwhile."""
    contents = [(file.name, file.getvalue()) for file in files]
    waiting = [entry for entry in contents if batch.identify(*entry) not in memory.pictures]
    if not waiting:
        return
    if len(waiting) == len(contents):  # a new choice of files replaces the one before
        memory.pictures = {}
    model = resources.model_in_use()
    bar = st.progress(0.0) if len(waiting) > 4 else None
    for number, (name, content) in enumerate(waiting, start=1):
        item = read_alone(name, content) if len(contents) == 1 else batch.read_file(model, name, content, memory.expect)
        memory.pictures[item.key] = item
        if bar:
            bar.progress(number / len(waiting), f"Read {number} of {len(waiting)} pictures")
    if bar:
        bar.empty()


def read_alone(name: str, content: bytes) -> batch.Item:
    """Read the one file that was sent; its answer is shown at once, so the reading is kept for that."""
    key = batch.identify(name, content)
    try:
        return batch.summarise(name, content, look(content, key))
    except picture.PictureError as error:
        return batch.refuse(name, str(error), key)


def forget_pictures() -> None:
    """Back to an empty page, the uploader too: it would hand the same files over again."""
    memory.pictures = {}
    memory.uploader_version += 1


def show_item(item: batch.Item) -> None:
    """One file: its answer, or why it was refused."""
    if item.error:
        st.error(f"{batch.show_name(item.name)}: {item.error}", icon=":material/broken_image:")
        return
    show_answer(item.content, item.name, item.key)


def sum_up(items: list[batch.Item]) -> list[batch.Item]:
    """How many were read, and how many right where names carry the digit; gives the items chosen to be shown."""
    read, refused = [item for item in items if not item.error], [item for item in items if item.error]
    judged = [item for item in read if item.is_right is not None]
    wrong = [item for item in judged if not item.is_right]
    sentence = f"**{len(read)} pictures read**"
    if refused:
        sentence += f", {len(refused)} refused"
    if judged:
        right = len(judged) - len(wrong)
        sentence += f". File names or folders name the digit of {len(judged)}: **{right / len(judged):.1%} right**"
        sentence += f", {len(wrong)} misread" if wrong else ""
    st.markdown(sentence + ".")
    with st.container(horizontal=True):
        st.download_button("Save CSV", batch.to_csv(items), "digits.csv", "text/csv", icon=":material/download:")
        st.button("Forget these pictures", icon=":material/delete:", on_click=forget_pictures)
    choices = ["All", *(["Misread"] if wrong else []), *(["Refused"] if refused else [])]
    choice = st.segmented_control("Show", choices, default="All", required=True) if len(choices) > 1 else "All"
    return {"All": items, "Misread": wrong, "Refused": refused}[choice]


def show_table(items: list[batch.Item]) -> None:
    """Files as a table to sort and to choose from, with the chosen one's details beside it."""
    table = batch.tabulate(items)
    table.insert(0, "picture", [digit_images.as_data_url(item.thumbnail) if item.thumbnail else "" for item in items])
    # An empty cell would not say whether the picture was refused or held no digit.
    table["answer"] = table["answer"].where(table["answer"] != "", table["verdict"].replace("error", "refused"))
    table["right"] = table["right"].map({True: "right", False: "misread"}).fillna("")
    columns = ["picture", "answer", "right", "confidence", "file", "remark"]
    if not table["right"].any():
        columns.remove("right")
    rows, details = st.columns([0.58, 0.42], gap="large")
    with rows:
        event = st.dataframe(
            table,
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key="files",
            row_height=44,
            height=min(560, 46 + 44 * len(items)),
            column_order=columns,
            column_config={
                "picture": st.column_config.ImageColumn("Picture", width="small"),
                "file": st.column_config.TextColumn("File"),
                "answer": st.column_config.TextColumn("Answer", width="small"),
                "confidence": st.column_config.NumberColumn("Confidence", format="percent", width="small"),
                "right": st.column_config.TextColumn("Label says", width="small"),
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


# --- samples ----------------------------------------------------------------------------------------------------------


def show_samples() -> None:
    """The gallery: one click reads a picture. A surprise is a random MNIST test digit whose label stays hidden."""
    st.button("Surprise me", icon=":material/casino:", type="primary", on_click=surprise)
    with st.container(key="samples"):  # on a phone the answer comes above the gallery (core/ui/shell.py's STYLE)
        left, right = st.columns([0.42, 0.58], gap="large")
    with left.container(horizontal=True, key="gallery", gap="small"):
        for name, thumbnail in list_samples():
            st.button(
                f"![Sample {name}]({thumbnail})",
                key=f"sample-{name}",
                on_click=choose_sample,
                args=(name,),
                type="primary" if memory.sample and memory.sample["name"] == name else "secondary",
            )
    with right:
        if not memory.sample:
            show_example("Press a picture, or let yourself be surprised.")
            return
        sample = memory.sample
        show_answer(sample["content"], sample["name"], "sample")
        if sample["label"] is not None and st.toggle("Show the label", key=f"label-{sample['name']}"):
            st.markdown(f"The person who wrote it meant a **{sample['label']}**.")


@st.cache_data(show_spinner=False)
def list_samples() -> list[tuple[str, str]]:
    """Name and thumbnail of every sample, in the order of their names."""
    gallery = []
    for path in sorted((SHIPPED / "samples").glob("*.*")):
        if path.suffix.lstrip(".").lower() in picture.SUFFIXES:
            image = Image.fromarray(picture.read(path.read_bytes()).colours)
            image.thumbnail((144, 144))
            gallery.append((path.name, digit_images.as_data_url(to_png(image))))
    return gallery


def choose_sample(name: str) -> None:
    """Read one picture of the gallery."""
    memory.sample = {"name": name, "content": (SHIPPED / "samples" / name).read_bytes(), "label": None}


def surprise() -> None:
    """Read a random MNIST test digit."""
    from core.data.digits import DataError

    try:
        digits = resources.digits(train=False)
    except DataError as error:
        memory.sample = None
        st.error(str(error), icon=":material/error:")
        return
    index = random.randrange(len(digits))
    memory.sample = {
        "name": f"MNIST test digit {index:,}",
        "content": to_png(Image.fromarray(digits.images[index].numpy())),
        "label": int(digits.labels[index]),
    }


# --- the answer -------------------------------------------------------------------------------------------------------


def show_answer(content: bytes, name: str, key: str, caption: str = "As given") -> None:
    """Everything there is to say of one picture, the digit first."""
    answer = st.container()  # above the controls that it depends on
    with st.container(horizontal=True, vertical_alignment="center"):
        polarity, crop = ask_for_overrides(key)
        steps = st.toggle("How it got there", key=f"steps-{key}", help="Every step from your picture to the model's.")
    try:
        found = look(content, key, polarity, crop)
    except picture.PictureError as error:
        answer.error(f"{batch.show_name(name)}: {error}", icon=":material/broken_image:")
        return
    with answer:
        show_result(found, name, caption, key)
    if steps:
        show_steps(found.found.steps)
        st.caption(resources.model_in_use().about_confidence)


def look(
    content: bytes, key: str, polarity: str = "auto", crop: tuple[float, float, float, float] | None = None
) -> reader.Reading:
    """Read a picture, or give the last reading again where nothing it depends on has changed."""
    model = resources.model_in_use()
    # An uploaded file's key names its content; the canvas and the samples keep theirs while the picture changes.
    changing = hash(content) if key in ("draw", "sample") else None
    asked = (key, changing, polarity, crop, memory.expect, model.name, model.version)
    if memory.get("last_reading", (None,))[0] != asked:
        memory.last_reading = (asked, reader.read(model, picture.read(content), polarity, crop, memory.expect))
    return memory.last_reading[1]


def show_result(found: reader.Reading, name: str, caption: str, key: str) -> None:
    """What was read and how sure it is, in words, then one digit's details, or each of a number's on choosing it."""
    confidence = theme.show_percent(found.confidence) if found.text else "no digit"
    kind = "answer number" if found.is_number else "answer" if found.text else "answer none"
    st.html(
        f'<div class="{kind}" role="status" aria-live="polite"><span class="digit">{found.text or "–"}</span>'
        f'<span class="confidence">{escape(confidence)}</span></div>'
    )
    st.markdown(found.sentence)
    if found.is_number:
        show_number(found, name, key)
        return
    if found.text and (warning := batch.warn_of_others(found)):
        st.markdown(f":material/info: {warning}")
    if found.prediction:
        show_probabilities(found.probabilities)
    with st.container(horizontal=True):
        show_square(boxes.mark_digit(found), caption, f"The picture {batch.show_name(name)}")
        if found.found.digit is not None:
            show_square(enlarge(found.found.digit), "What the model sees", "The 28x28 digit the model sees")
    if found.found.digit is not None:
        correction.offer_correction(found.found.digit, found.text, found.model, found.version, key)


def show_number(found: reader.Reading, name: str, key: str) -> None:
    """The picture with a box around each digit, and the details of the one that is chosen."""
    digits = found.digits
    place = st.container()
    chosen = st.segmented_control(
        "Details of the digit",
        range(len(digits)),
        format_func=lambda number: f"{number + 1}: {digits[number].digit}",  # equal names would be one choice
        default=found.doubtful[0] if found.doubtful else 0,
        required=True,
        key=f"digit-{zlib.crc32(repr([digit.box for digit in digits]).encode())}",
        help="Counted in reading order. The box of the chosen one is thicker.",
    )
    boxed = Image.fromarray(boxes.mark_number(found, chosen))
    sentence = ", ".join(f"{digit.digit} with {theme.show_percent(digit.confidence)}" for digit in digits)
    place.image(
        digit_images.as_data_url(to_png(boxed)), alt=f"The picture {batch.show_name(name)}: {sentence}", width="stretch"
    )
    digit = digits[chosen]
    st.markdown(digit.prediction.sentence)
    left, right = st.columns([0.38, 0.62], vertical_alignment="center")
    with left:
        show_square(enlarge(digit.image), "What the model sees", "The 28x28 digit the model sees")
    with right:
        show_probabilities(digit.prediction.probabilities)
    correction.offer_correction(digit.image, str(digit.digit), found.model, found.version, f"{key}-{chosen}")


def show_probabilities(probabilities: tuple[float, ...]) -> None:
    """Ten bars, one a digit."""
    st.altair_chart(
        probability_chart.draw_probabilities(probabilities, shell.is_dark()),
        width="stretch",
        alt="Probability of each digit: "
        + ", ".join(f"{digit} {value:.1%}" for digit, value in enumerate(probabilities)),
    )


def show_square(pixels: np.ndarray, caption: str | None, alt: str) -> None:
    """A picture (H, W) or (H, W, 3) uint8 in a square of its own, the same size for all.

    As a data URL: a file of its own would be gone when the next rerun comes before the browser has fetched it.
    """
    image = Image.fromarray(pixels).convert("RGBA")
    larger = Image.Resampling.NEAREST if max(image.size) < SQUARE else Image.Resampling.LANCZOS
    st.image(
        digit_images.as_data_url(to_png(ImageOps.pad(image, (SQUARE, SQUARE), larger))),
        caption=caption,
        alt=alt,
        width=150,
    )


def ask_for_overrides(key: str) -> tuple[str, tuple[float, float, float, float] | None]:
    """Polarity and crop, folded away: automatic is right nearly always."""
    with st.popover("Adjust the reading", icon=":material/tune:"):
        polarity = st.segmented_control(
            "Ink and paper",
            POLARITIES,
            default="auto",
            required=True,
            key=f"polarity-{key}",
            help="Which is darker, the ink or the paper? Automatic looks at the picture.",
        )
        across = st.slider("Crop, left to right", 0, 100, (0, 100), format="%d%%", key=f"across-{key}")
        down = st.slider("Crop, top to bottom", 0, 100, (0, 100), format="%d%%", key=f"down-{key}")
    if across[1] - across[0] < 2 or down[1] - down[0] < 2:
        st.caption("The crop is too narrow to hold a digit; the whole picture is read.")
        return polarity, None
    crop = (across[0] / 100, down[0] / 100, across[1] / 100, down[1] / 100)
    return polarity, None if crop == (0, 0, 1, 1) else crop


def show_steps(steps: tuple[mnist_form.Stage, ...]) -> None:
    """Each step as a picture with its title and a line of explanation."""
    with st.container(horizontal=True):
        for number, step in enumerate(steps, start=1):
            with st.container(width=150):
                show_square(step.image, None, step.title)
                st.markdown(f"**{number}. {step.title}**  \n:small[{step.note}]")


def enlarge(digit: np.ndarray, factor: int = 10) -> np.ndarray:
    """Large crisp pixels from (H, W) float in [0, 1] or bytes."""
    if digit.dtype != np.uint8:
        digit = (digit * 255).round().astype(np.uint8)
    return digit.repeat(factor, axis=0).repeat(factor, axis=1)


def to_png(image: Image.Image) -> bytes:
    """A picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)  # small already; time matters more
    return buffer.getvalue()


main()

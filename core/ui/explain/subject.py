"""What the page is about: one digit, the model that answers, and its answer; each can be changed here."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from core import words
from core.config import DIGIT_SIZE, PictureLimits
from core.figures import digit_images
from core.network import checkpoint
from core.network.checkpoint import Checkpoint
from core.network.prediction import Prediction, predict
from core.reading import picture, reader
from core.reading.one_digit import FoundDigit
from core.training import states
from core.training.job import Live
from core.ui import addresses, handover, notices, resources, shell
from core.ui.handover import Handed
from core.ui.predict import samples

PAGE = "pages/5_Explain.py"
FIRST = "mnist-0"  # what is explained before anybody chose
LARGEST = PictureLimits().bytes // 10**6  # MB a file
WAYS = ("Last drawing", "Sample", "Test digit", "Picture of your own")
STYLE = """
<style>
.st-key-subject .answer .digit { font-size: clamp(3.5rem, 9vw, 5rem); }
.st-key-subject .answer .confidence { font-size: 1.5rem; }
.st-key-subject .answer { margin: 0; }
</style>
"""

memory = st.session_state


@dataclass(frozen=True)
class Digit:
    """A digit to explain: `address` stands for it in the page's address, `image` (28, 28) float32 in [0, 1] as a model
    sees it, `label` what it is meant to be where somebody says so, `handed` what it was on another page."""

    address: str
    title: str
    image: np.ndarray
    label: int | None = None
    handed: Handed | None = None


@dataclass(frozen=True)
class Shown:
    """The digit that is explained, the model, and its answer."""

    digit: Digit
    model: Checkpoint
    prediction: Prediction

    @property
    def key(self) -> tuple[object, ...]:
        """What stands for both in the store of results."""
        return self.model.name, self.model.version, self.digit.image.tobytes()


def ask() -> Shown:
    """The digit with its answer, and what to choose another one or another model with. Says why and stops where there
    is neither."""
    st.html(STYLE)
    in_training = _find_run_in_training()
    names = [*checkpoint.names(), *([in_training.run.name] if in_training else [])]
    if not names:
        st.info("There is no model yet. Train one, and this page shows why it answers as it does.")
        st.stop()
    _take_over()
    with st.container(key="subject", horizontal=True, vertical_alignment="center", gap="medium"):
        place = st.container(width=112)
        said = st.container(width="stretch")
        with st.container(width=230, gap="small"):
            usual = names.index(checkpoint.in_use()) if checkpoint.in_use() in names else 0
            name = st.selectbox(
                "Model", names, usual, key="explain_model", bind="query-params", persist_state="session"
            )
            with st.popover("Another digit", icon=":material/edit:", width="stretch"):
                _offer_others()
    notices.show_notice("explain")
    live = in_training if in_training and in_training.run.name == name else None
    try:
        model = _open_state(live) if live else resources.model(name)
        digit = _open(memory.explain_address, model)
    except (checkpoint.CheckpointError, picture.PictureError) as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        st.stop()
    addresses.write("digit", "" if digit.address == FIRST else digit.address)
    prediction = predict(model, digit.image[None])[0]
    with place:
        st.image(
            digit_images.as_data_url(digit_images.digit_png(digit.image, 8)),
            width=112,
            alt=f"The digit as the model sees it: {digit.title}",
        )
    with said:
        _say(digit, prediction)
        if live:
            st.caption(f"{words.escape_markdown(name)} is still in training: this is its state {model.version}.")
    return Shown(digit, model, prediction)


def _find_run_in_training() -> Live | None:
    """The run that is going on, where it has a state that can be explained."""
    snapshot = resources.training_job().snapshot()
    if not isinstance(snapshot, Live) or not snapshot.run.id or snapshot.run.name in checkpoint.names():
        return None
    return snapshot if states.list_steps(states.find_home(snapshot.run.id)) else None


def _open_state(live: Live) -> Checkpoint:
    """The latest state of the run that is going on, as a model. Raises `CheckpointError` where it can't be read."""
    run, home = live.run, states.find_home(live.run.id)
    step = states.list_steps(home)[-1]
    try:
        network = resources.results().keep(
            ("state", run.id, step), lambda: states.load(home, run.settings.architecture, step)
        )
    except ValueError as error:
        raise checkpoint.CheckpointError(str(error)) from error
    return Checkpoint(run.name, f"after step {step:,}", {}, run.settings.architecture, network)


def _say(digit: Digit, prediction: Prediction) -> None:
    sure = words.probability(prediction.confidence)
    st.html(
        f'<div class="answer"><span class="digit">{prediction.digit}</span>'
        f'<span class="confidence">{escape(sure)}</span></div>'
    )
    is_labelled = digit.label is not None and digit.label >= 0  # else nobody says, or it is no digit
    label = f" · meant as {words.a_digit(str(digit.label))}" if is_labelled else ""
    st.markdown(f"{prediction.sentence}  \n:small[{words.escape_markdown(digit.title)}{label}]")
    if digit.handed and digit.handed.page != PAGE:
        handover.show_way_back(digit.handed)


def _take_over() -> None:
    """Open the digit that the page's address names."""
    memory.setdefault("explain_address", FIRST)
    if "digit" not in (answered := shell.answered_address()):
        answered.add("digit")
        if address := st.query_params.get("digit", ""):
            memory.explain_address = address


def _open(address: str, model: Checkpoint) -> Digit:
    """The digit that an address names; the first one, and a sentence, where it is no longer kept."""
    opened: Digit | None = memory.get("explain_digit")
    if opened is None or opened.address != address:
        sample = samples.find(address)
        if sample is None:
            if address == FIRST:
                raise picture.PictureError("There is no digit to explain yet. Choose one under “Another digit”.")
            st.info("The digit that this address names is no longer kept here. This is another one.")
            memory.explain_address = FIRST
            return _open(FIRST, model)
        is_seen = sample.handed is not None or address.startswith(samples.TEST_DIGIT)
        image = read_digit(sample.content, model, is_seen)
        label = sample.handed.label if sample.handed else sample.label
        title = sample.name if sample.handed else sample.title
        opened = Digit(address, title, image, label, sample.handed)
        memory.explain_digit = opened
    return opened


def read_digit(content: bytes, model: Checkpoint, is_seen: bool = False) -> np.ndarray:
    """The digit (28, 28) float32 in [0, 1] in a picture file, found by the one reader; `is_seen`: the file is what a
    model saw, and stays as it is. Raises `PictureError` where there is none."""
    given = picture.read(content)
    if is_seen and given.colours.shape[:2] == (DIGIT_SIZE, DIGIT_SIZE):
        seen: np.ndarray = given.colours[..., 0].astype(np.float32) / 255
        return seen
    found = reader.read(model, given, expect="one")
    if isinstance(found.found, FoundDigit):
        return found.found.image
    if found.digits:
        return found.digits[0].image
    raise picture.PictureError(f"No digit was found in this picture. {found.sentence}")


def _offer_others() -> None:
    """The last drawing, a sample, a digit of the test set, a picture of one's own."""
    way = st.segmented_control("Take", WAYS, default=WAYS[2], required=True, key="explain_way", persist_state="session")
    if way == WAYS[0]:
        drawing = next((one for one in reversed(memory.get("drawings", [])) if one), None)
        if drawing:
            st.button("Explain the drawing", type="primary", on_click=_hand_over, args=("Your drawing", drawing[1]))
        else:
            st.caption("Nothing is drawn yet.")
            st.page_link(
                "pages/1_Predict.py", label="Draw a digit", icon=":material/draw:", query_params={"way": "Draw"}
            )
    elif way == WAYS[1]:
        files = [file for file, _ in samples.list_samples() if samples.kind_of(file) in ("Digits", "Misread")]
        st.selectbox(
            "Sample",
            files,
            index=None,
            format_func=lambda file: f"{samples.label_in(file)} {samples.title_of(file)}".strip(),
            key="explain_sample",
            on_change=_choose_from,
            args=("explain_sample", ""),
        )
    elif way == WAYS[2]:
        st.number_input(
            "Number in the MNIST test set", 0, 9_999, value=None, key="explain_number",
            on_change=_choose_from, args=("explain_number", samples.TEST_DIGIT),
        )  # fmt: skip
        st.button("Any one", icon=":material/casino:", on_click=_surprise)
    else:
        limits = PictureLimits()
        given = st.file_uploader("A picture of one digit", key="explain_file", max_upload_size=LARGEST)
        st.caption(
            f"Up to {LARGEST} MB a file and {limits.pixels // 10**6} million pixels. It is forgotten when you leave, "
            "unless you keep it in My digits."
        )
        if given and memory.get("explain_taken") != given.file_id:
            memory.explain_taken = given.file_id
            _hand_over(given.name, given.getvalue())
            st.rerun()


def _choose_from(key: str, before: str) -> None:
    if memory[key] is not None:
        memory.explain_address = f"{before}{memory[key]}"


def _surprise() -> None:
    if sample := samples.open_test_digit(None):
        memory.explain_address = sample.address


def _hand_over(name: str, content: bytes) -> None:
    """Explain what the model sees in a picture of this visitor."""
    try:
        image = read_digit(content, resources.model_in_use())
    except (checkpoint.CheckpointError, picture.PictureError) as error:
        notices.refuse(str(error), "explain")
        return
    handed = Handed(name, digit_images.digit_png(image, 1), None, checkpoint.in_use(), PAGE)
    handover.keep(handed)
    memory.explain_address = handed.address

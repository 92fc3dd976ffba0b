"""The frame of every page: title, menu, the model in use, the live run."""

from __future__ import annotations

import streamlit as st

from core import words
from core.figures import digit_images, theme
from core.network import checkpoint
from core.ui import resources, run_words
from core.ui.warm_up import warm_up
from core.workspace import SHIPPED

PAGES = (
    ("Home.py", "Home", ":material/home:"),
    ("pages/1_Predict.py", "Predict", ":material/draw:"),
    ("pages/2_Train.py", "Train", ":material/model_training:"),
    ("pages/3_Evaluate.py", "Evaluate", ":material/query_stats:"),
    ("pages/4_My_digits.py", "My digits", ":material/edit_note:"),
)

# What the theme can't say. The answer is the largest thing on the page; samples are pictures one can press.
STYLE = f"""
<style>
.block-container {{ padding-top: 2.5rem; max-width: 72rem; }}
@media (max-width: 768px) {{ .block-container {{ padding-top: 4.5rem; }} }} /* the header lies over the page here */
.answer {{ display: flex; align-items: baseline; gap: 1.25rem; line-height: 1; margin: 0 0 .25rem; }}
.answer .digit {{ font-size: clamp(5rem, 16vw, 8.5rem); font-weight: 700; font-variant-numeric: tabular-nums; }}
.answer.number {{ flex-wrap: wrap; row-gap: .25rem; }}
.answer.number .digit {{ font-size: clamp(2.5rem, 9vw, 5rem); line-height: 1.1; overflow-wrap: anywhere; }}
.answer .confidence {{ font-size: 1.75rem; opacity: .75; font-variant-numeric: tabular-nums; }}
.answer.example {{ opacity: .35; }}
.answer.none .digit {{ font-weight: 200; opacity: .5; }} /* a dash as bold as a digit is a black bar */
.st-key-draw [data-testid="stColumn"]:first-child {{ min-width: 290px; }} /* the canvas does not shrink */
[data-testid="stImage"] img {{ border: 1px solid rgba(128, 128, 128, .35); }}
@media (max-width: 640px) {{
  .st-key-samples [data-testid="stHorizontalBlock"]:has(.answer) {{ flex-direction: column-reverse; }}
}}
/* Streamlit writes white on the dark theme's light accent, and axes in a grey too pale for paper. */
.stApp :is([data-testid="stBaseButton-primary"], [data-tag] span) {{ color: {theme.css(theme.PAPER)}; }}
.stApp [data-testid="stVegaLiteChart"] text[fill="#808495"] {{ fill: {theme.SMALL_TEXT[False]}; }}
[class*="st-key-gallery"] button {{ padding: .25rem; min-height: 0; }}
[class*="st-key-gallery"] button img {{ height: 4.5rem; max-height: none; width: 4.5rem; object-fit: contain;
  border-radius: .25rem; vertical-align: middle; }}
</style>
"""
# To be read from the last row of a classroom. All sizes of a page are multiples of this one.
PRESENTING = """
<style>
html { font-size: clamp(16px, 1.35vw, 32px); }
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none; }
.block-container { padding-top: 1rem !important; }
.st-key-leave { position: fixed; right: 1rem; bottom: 1rem; z-index: 1000; width: auto; }
</style>
"""
ICON = digit_images.as_data_url((SHIPPED / ".streamlit" / "icon.png").read_bytes())


def open_page(title: str, needs_torch: bool = True) -> None:
    """Set up a page: its title, the menu, the model in use. Every page calls this first, before its heavy imports.

    A page that needs torch waits here until the warm-up is through: two threads that import the same large packages
    at once can meet half-made modules.
    """
    st.set_page_config(page_title=f"{title} · Digit Lab", page_icon=ICON, layout="wide")
    st.html(STYLE)
    with st.sidebar:
        for path, label, symbol in PAGES:
            st.page_link(path, label=label, icon=symbol)
        st.divider()
        _show_model()
        if title != "Train":
            _show_run()
        _offer_presenting()
    if is_presenting():
        st.html(PRESENTING)
        st.button("End presenting", key="leave", icon=":material/close_fullscreen:", on_click=_end_presenting)
    thread = warm_up(0.3 if needs_torch else 1.5)
    if needs_torch and thread.is_alive():
        with st.spinner("Starting the model, which takes a few seconds once …"):
            thread.join()


def require_model() -> None:
    """Go on only where a model can answer; else say why none can, and end the page."""
    try:
        resources.model_in_use()
    except checkpoint.CheckpointError as error:
        st.error(f"No model can answer: {words.escape_markdown(str(error))}", icon=":material/error:")
        st.stop()


def is_dark() -> bool:
    """Whether the visitor sees the dark theme."""
    return st.context.theme.type == "dark"


def is_presenting() -> bool:
    """Whether the page is shown to a room: large type, no menu. Charts ask, because they set their sizes in pixels."""
    return bool(st.session_state.get("present"))


def _offer_presenting() -> None:
    """The switch at the end of the menu; a link may turn it on with `?present=true`."""
    if "present" not in st.session_state:
        st.session_state.present = st.query_params.get("present") == "true"
    st.toggle(
        "Present",
        key="present",
        persist_state="session",
        help="For a projector: large type, no menu. A button at the lower right ends it.",
    )


def _end_presenting() -> None:
    st.session_state.present = False


def _show_model() -> None:
    """The small block every page ends its menu with."""
    try:
        card = resources.shared_model().card()
    except checkpoint.CheckpointError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    origin = " · shipped" if card.is_shipped else ""
    accuracy = "test accuracy not measured"
    if card.test_accuracy is not None:
        accuracy = f"test accuracy {words.percent(card.test_accuracy)} on MNIST"
    st.caption("Model in use", help="Every page and every visitor is answered by this model.")
    st.markdown(
        f"**{words.escape_markdown(card.name)}**{origin}  \n:small[version {card.version}]  \n:small[{accuracy}]"
    )


def _show_run() -> None:
    """During a run, no matter who started it: its progress and a link to it. Nothing otherwise."""
    # Only a live run is asked again: thirty idle visitors would make ten reruns a second for nothing.
    is_live = resources.training_job().snapshot().is_live
    st.fragment(_draw_run, run_every=3.0 if is_live else None)()


def _draw_run() -> None:
    snapshot = resources.training_job().snapshot()
    if snapshot.is_live and snapshot.run:
        st.divider()
        st.caption(run_words.phase(snapshot).capitalize())
        st.progress(run_words.share(snapshot), words.escape_markdown(snapshot.run.name))
        st.page_link("pages/2_Train.py", label="Watch it", icon=":material/monitoring:")


def describe_model() -> None:
    """One line about the model in use and its data, for the first page."""
    try:
        card = resources.shared_model().card()
    except checkpoint.CheckpointError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    parameters = card.facts.get("parameters")
    size = f" with {parameters:,} parameters" if isinstance(parameters, int) else ""
    accuracy = ""
    if card.test_accuracy is not None:
        accuracy = f" It reads {words.percent(card.test_accuracy)} of the 10,000 MNIST test digits correctly."
    st.caption(f"The model in use is **{words.escape_markdown(card.name)}**, a network{size}.{accuracy}")

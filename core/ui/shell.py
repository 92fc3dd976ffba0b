"""The frame of every page: title, menu, the model in use, the live run."""

from __future__ import annotations

import time

import streamlit as st

from core import words
from core.figures import digit_images, theme
from core.network import checkpoint
from core.training.job import Live
from core.ui import addresses, crash, model_choice, notices, resources, run_words, visitor
from core.ui.warm_up import warm_up
from core.workspace import SHIPPED

PAGES = (
    ("Home.py", "Home", ":material/home:"),
    ("pages/1_Predict.py", "Predict", ":material/draw:"),
    ("pages/2_Train.py", "Train", ":material/model_training:"),
    ("pages/3_Evaluate.py", "Evaluate", ":material/query_stats:"),
    ("pages/4_My_digits.py", "My digits", ":material/edit_note:"),
    ("pages/5_Explain.py", "Explain", ":material/account_tree:"),
)

# What the theme can't say. The answer is the largest thing on the page; samples are pictures one can press.
STYLE = f"""
<style>
.block-container {{ padding-top: 2.5rem; max-width: 72rem; }}
@media (max-width: 768px) {{ .block-container {{ padding-top: 4rem; }} }} /* the header lies over the page here */
@media (max-width: 640px) {{ .block-container h1 {{ font-size: 2rem; padding: .25rem 0; }} }}
.stMain h2 {{ font-size: 1.5rem; }} /* right below the title in rank, not in size */
.answer {{ display: flex; align-items: baseline; gap: 1.25rem; line-height: 1; margin: 0 0 .25rem; }}
.answer .digit {{ font-size: clamp(5rem, 16vw, 8.5rem); font-weight: 700; font-variant-numeric: tabular-nums; }}
.answer.number {{ flex-wrap: wrap; row-gap: .25rem; }}
.answer.number .digit {{ font-size: clamp(2.5rem, 9vw, 5rem); line-height: 1.1; overflow-wrap: anywhere; }}
.answer .confidence {{ font-size: 1.75rem; opacity: .75; font-variant-numeric: tabular-nums; }}
.answer.example {{ opacity: .55; }} /* 3:1 at least, as large type wants */
.answer.example .confidence {{ opacity: 1; }}
.answer.none {{ align-items: center; gap: .75rem; min-height: 4rem; }}
.answer.none .digit {{ font-size: 2.5rem; font-weight: 200; opacity: .5; }} /* a large dash is a black bar */
.answer.none .confidence {{ font-size: 2.5rem; opacity: 1; }}
[data-testid="stColumn"]:has(.st-key-pad) {{ min-width: 290px; }} /* the canvas does not shrink */
/* Before they are there: what is below must not jump. */
.st-key-pad [class*="st-key-canvas-"] {{ min-height: 280px; }}
.st-key-expect {{ min-height: 3.75rem; }}
/* Where answer and canvas don't fit on one screen, a strip above the canvas says the answer in one line. */
.st-key-strip {{ display: none; }}
.strip {{ display: flex; align-items: baseline; gap: .75rem; height: 2.75rem; line-height: 2.75rem; overflow: hidden;
  white-space: nowrap; }}
.strip .digit {{ font-size: 2.25rem; font-weight: 700; overflow: hidden; text-overflow: ellipsis; flex: 0 1 auto; }}
.strip .confidence {{ font-size: 1.25rem; }}
.strip .sentence {{ flex: 1 1 0; min-width: 0; overflow: hidden; text-overflow: ellipsis; }}
@media (max-width: 1000px) {{
  .st-key-strip {{ display: flex; }}
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] .st-key-pad) {{ flex-direction: column; }}
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] .st-key-pad) > [data-testid="stColumn"] {{
    width: 100%; flex: none; }}
}}
/* Home's cards: no heading breaks within a word, and the buttons of a row stand on one line. */
.st-key-ways {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, max(11.75rem, 22%)), 1fr));
  gap: 1rem; }} /* four in a row at most: there are seven */
.st-key-ways > * {{ height: 100%; }}
.st-key-ways [data-testid="stVerticalBlock"] {{ height: 100%; }}
.st-key-ways [data-testid="stElementContainer"]:has([data-testid="stPageLink"]) {{ margin-top: auto;
  padding-bottom: .375rem; }}
/* A link that stands on a page is a button that opens another one: Back comes back from a link at the first press. */
.stMain [data-testid="stPageLink-NavLink"] {{ border: 1px solid rgba(128, 128, 128, .35); border-radius: .5rem;
  padding: .25rem .75rem; min-height: 2.5rem; margin: 0; width: fit-content; }}
.stMain [data-testid="stPageLink-NavLink"]:focus-visible {{ outline: 2px solid {theme.css(theme.ACCENT)}; }}
.st-key-ways > :first-child [data-testid="stPageLink-NavLink"] {{ background: {theme.css(theme.ACCENT)};
  border-color: transparent; }}
.st-key-ways > :first-child [data-testid="stPageLink-NavLink"] * {{ color: {theme.css(theme.PAPER)}; }}
.st-key-ways h2 {{ hyphens: none; overflow-wrap: normal; word-break: normal; }}
/* Over a chart lies a tool bar whose four buttons would each read all of its figures aloud. */
[data-testid="stFullScreenFrame"]:has([data-testid="stVegaLiteChart"]) [data-testid="stElementToolbar"] {{
  display: none; }}
[class*="st-key-address-"], [class*="st-key-pressed"], .st-key-around-canvas {{ display: none; }} /* they only act */
[data-testid="stImage"] img {{ border: 1px solid rgba(128, 128, 128, .35); }}
/* The gallery, of tiles of one size, never pushes the answer out of sight: it scrolls within a frame; where the page is
   narrow it is one row. */
.st-key-frame {{ max-height: max(24rem, calc(100vh - 19rem)); overflow-y: auto; padding: 3px; }}
.st-key-gallery {{ display: grid !important; grid-template-columns: repeat(auto-fill, minmax(5.75rem, 1fr));
  grid-auto-rows: 1fr; }}
@media (max-width: 1000px) {{
  .st-key-frame {{ max-height: none; overflow: auto hidden; }}
  .st-key-gallery {{ grid-template-columns: none; grid-auto-flow: column; grid-auto-columns: 6.5rem;
    width: max-content; }}
  .st-key-samples [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] .st-key-frame) {{
    flex-direction: column; gap: 1rem; }}
  .st-key-samples [data-testid="stColumn"]:has(.st-key-frame),
  .st-key-samples [data-testid="stColumn"]:has(.st-key-frame) + [data-testid="stColumn"] {{ width: 100%; flex: none; }}
}}
/* Streamlit writes white on the dark theme's light accent, and axes in a grey too pale for paper. */
.stApp :is([data-testid="stBaseButton-primary"]:not(:disabled), [data-tag] span) {{ color: {theme.css(theme.PAPER)}; }}
/* A chosen option is written in the text's colour: the accent on its own tint is below 4.5:1. */
.stApp [data-testid="stButtonGroup"] button[data-selected="true"] {{ color: {theme.css(theme.TEXT)} !important; }}
.stApp [data-testid="stCaptionContainer"] code {{ color: inherit; }} /* green at a caption's 60 % is 3:1 */
.stApp [data-testid="stVegaLiteChart"] text[fill="#808495"] {{ fill: {theme.SMALL_TEXT[False]}; }}
/* The list of files that were sent scrolls. What a screen reader hears of each lies within it, not below the page's
   end: with 250 files the page would be 3,300 pixels long instead of 900. */
.stMain [data-testid="stFileChips"] {{ position: relative; max-height: 10rem; }}
/* Why a file was not taken is said to screen readers only, and to a mouse that rests on it. */
[data-testid="stFileChips"] > *, [data-testid="stTooltipErrorHoverTarget"] {{ max-width: 100%; }}
[data-testid="stFileChip"][aria-invalid="true"] {{ flex-wrap: wrap; height: auto; }}
[data-testid="stFileChip"][aria-invalid="true"] > [role="alert"] {{ position: static; width: 100%; height: auto;
  margin: 0; overflow: visible; clip: auto; clip-path: none; white-space: normal; font-size: .875rem; }}
[data-testid="stTooltipIcon"] button[aria-label^="Help"] {{ padding: 4px; margin: -4px; }} /* 24 pixels to press */
[class*="st-key-gallery"] button {{ padding: .25rem; min-height: 0; }}
[class*="st-key-gallery"] button img {{ height: 4.5rem; max-height: none; width: 4.5rem; object-fit: contain;
  border-radius: .25rem; vertical-align: middle; }}
.st-key-gallery :is([data-testid="stElementContainer"], [data-testid="stButton"], button) {{ width: 100%;
  height: 100%; }}
.st-key-gallery button {{ align-items: flex-start; }}
.st-key-gallery button * {{ white-space: normal; text-overflow: clip; overflow-wrap: anywhere; }}
.st-key-gallery button p > span {{ display: block; font-size: .75rem !important; line-height: 1.25; }}
.st-key-gallery button img {{ display: block; margin: 0 auto .25rem; }}
.stApp button[aria-pressed="true"] {{ outline: 3px solid {theme.css(theme.ACCENT)}; outline-offset: -1px; }}
</style>
"""
# Seconds: a new visitor's browser first loads what reads a style, and whatever is painted before that jumps. So long it
# is given nothing else.
STYLED_AFTER = 0.15
# To be read from the last row of a classroom. All sizes of a page are multiples of this one.
PRESENTING = """
<style>
html { font-size: clamp(16px, 1.35vw, 32px); }
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none; }
.block-container { padding-top: 1rem !important; }
[data-testid="stTooltipIcon"] svg { width: 1.1rem; height: 1.1rem; }
@media (min-width: 1400px) { .st-key-pad [class*="st-key-canvas-"] { zoom: 1.6; width: 280px !important; } }
/* In the margin, where no page has anything: an icon, whose words are for screen readers and the tooltip. */
.st-key-leave { position: fixed; left: .75rem; top: .75rem; z-index: 1000; width: auto; }
.st-key-leave button { padding: 0 .6rem; }
.st-key-leave button * { gap: 0 !important; margin: 0 !important; }
.st-key-leave button p { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 768px) { .block-container { padding-top: 4rem !important; } }
</style>
"""
IN_ADDRESS = "present"  # the one word in the address that every page understands
ICON = digit_images.as_data_url((SHIPPED / ".streamlit" / "icon.png").read_bytes())


def open_page(title: str, needs_torch: bool = True) -> None:
    """Set up a page: its title, the menu, the model in use. Every page calls this first, before its heavy imports.

    A page that needs torch waits here until the warm-up is through: two threads that import the same large packages
    at once can meet half-made modules.
    """
    if (
        st.session_state.get("page") != title or addresses.came_by_history()
    ):  # just arrived here: the address has a say again
        st.session_state.page, st.session_state.answered_address = title, set()
    st.set_page_config(page_title=f"{title} · Digit Lab", page_icon=ICON, layout="wide")
    st.html(STYLE)
    if "has_style" not in st.session_state:
        st.session_state.has_style = True
        time.sleep(STYLED_AFTER)
    crash.take_over()
    visitor.take_over()
    addresses.take_over()
    if title == "Home":
        addresses.answer_unknown(path for path, _, _ in PAGES)
    with st.sidebar:
        for path, label, symbol in PAGES:
            st.page_link(path, label=label, icon=symbol)
        st.divider()
        _show_model()
        if title != "Train":
            _show_run()
        visitor.show()
        _offer_presenting()
    if is_presenting():
        st.html(PRESENTING)
        leave = "End presenting"
        st.button(leave, key="leave", icon=":material/close_fullscreen:", help=leave, on_click=_end_presenting)
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


def answered_address() -> set[str]:
    """Which parameters of the page's address were already heeded in this visit to the page."""
    answered: set[str] = st.session_state.setdefault("answered_address", set())
    return answered


def is_presenting() -> bool:
    """Whether the page is shown to a room: large type, no menu. Charts ask, because they set their sizes in pixels."""
    return bool(st.session_state.get("present"))


def _offer_presenting() -> None:
    """The switch at the end of the menu; a link may turn it on with `?present=true`."""
    if "present" not in st.session_state:
        st.session_state.present = st.query_params.get(IN_ADDRESS) == "true"
    st.toggle(
        "Present",
        key="present",
        persist_state="session",
        help="For a projector: large type, no menu. The button at the upper left ends it.",
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
    st.caption("Model in use", help="This model answers on every page and for every visitor.")
    st.markdown(
        f"**{words.escape_markdown(card.name)}**{origin}  \n:small[version {card.version}]  \n:small[{accuracy}]"
    )
    model_choice.offer_way_back("menu")
    notices.show_notice("menu")


def _show_run() -> None:
    """During a run, no matter who started it: its progress and a link to it. Nothing otherwise."""
    # Only a live run is asked again: thirty idle visitors would make ten reruns a second for nothing.
    is_live = isinstance(resources.training_job().snapshot(), Live)
    st.fragment(_draw_run, run_every=3.0 if is_live else None)()


def _draw_run() -> None:
    snapshot = resources.training_job().snapshot()
    if isinstance(snapshot, Live):
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

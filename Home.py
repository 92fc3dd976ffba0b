"""The first page: what this is, which model answers, and where to go. Nothing heavy is imported here."""

from typing import NamedTuple

import streamlit as st

from core.ui import sharing, shell


class Way(NamedTuple):
    """One card: what a visitor may want to do, what they get, and the link that opens the page for it."""

    title: str
    text: str
    icon: str
    button: str
    page: str
    parameters: dict[str, str]


WAYS = (
    Way(
        "Try it",
        "Draw a digit and watch the answer change while you draw.",
        "draw",
        "Draw a digit",
        "1_Predict",
        {"way": "Draw"},
    ),
    Way(
        "Test it on your own handwriting",
        "Photos, scans, screenshots: one, or a whole folder of them.",
        "photo_camera",
        "Read a picture",
        "1_Predict",
        {"way": "Upload"},
    ),
    Way(
        "Show it to others",
        "Sample pictures, one click each, and a random digit whose label stays hidden until you ask.",
        "co_present",
        "Open the samples",
        "1_Predict",
        {"way": "Samples"},
    ),
    Way(
        "Ask it why",
        "What each layer sees in your digit, the evidence, and what would change the answer.",
        "account_tree",
        "Explain an answer",
        "5_Explain",
        {},
    ),
    Way(
        "Watch it learn",
        "Start a run, pause it, leave and come back, then use what it learned.",
        "model_training",
        "Train a network",
        "2_Train",
        {},
    ),
    Way(
        "Find where it is wrong",
        "From the confusion matrix down to the single picture.",
        "query_stats",
        "Evaluate the model",
        "3_Evaluate",
        {},
    ),
    Way(
        "Teach it your handwriting",
        "Correct wrong answers with one click, then fine-tune a copy of the model on them.",
        "edit_note",
        "See my digits",
        "4_My_digits",
        {},
    ),
)

shell.open_page("Home", needs_torch=False)
st.title("Digit Lab")
st.markdown(
    "A convolutional neural network reads handwritten digits here, and shows you how. The one that comes with the app "
    "learned from MNIST (digits by American census clerks and school pupils, each 28 pixels wide and high) and from 44 "
    "writers in Turkey, who write some digits differently: a crossed 7, a 1 with a foot."
)
shell.describe_model()
with st.container(key="ways"):  # as many in a row as there is room for (core/ui/shell.py's STYLE)
    for way in WAYS:
        with st.container(border=True):
            st.markdown(f"## :material/{way.icon}: {way.title}")
            st.markdown(way.text)
            st.page_link(
                f"pages/{way.page}.py",
                label=way.button,
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params=way.parameters,
            )
sharing.show()

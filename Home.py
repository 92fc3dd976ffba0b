"""The first page: what this is, which model answers, and where to go. Nothing heavy is imported here."""

import streamlit as st

from core.ui import shell

# Page, its parameters, icon, who it is for, what they get, what the link says.
WAYS = (
    (
        "1_Predict",
        {"way": "Draw"},
        "draw",
        "Try it",
        "Draw a digit and watch the answer change as you draw.",
        "Draw a digit",
    ),
    (
        "1_Predict",
        {"way": "Upload"},
        "photo_camera",
        "Test it on your own handwriting",
        "Photos, scans, screenshots: one, or a whole folder of them.",
        "Read a picture",
    ),
    (
        "1_Predict",
        {"way": "Samples"},
        "co_present",
        "Show it to others",
        "Ready pictures, one click each, and a surprise whose label stays hidden until you ask.",
        "Open the samples",
    ),
    (
        "2_Train",
        {},
        "model_training",
        "Watch it learn",
        "Start a run, pause it, leave and come back, then use what it learned.",
        "Train a network",
    ),
    (
        "3_Evaluate",
        {},
        "query_stats",
        "Find where it is wrong",
        "Click a cell of the confusion matrix, down to the single picture.",
        "Evaluate the model",
    ),
    (
        "4_My_digits",
        {},
        "edit_note",
        "Teach it your handwriting",
        "Put wrong answers right with one click, then fine-tune a copy of the model on them.",
        "See my digits",
    ),
)

shell.open_page("Home", needs_torch=False)
st.title("Digit Lab")
st.markdown(
    "A convolutional neural network reads handwritten digits here, and shows you how. The one that comes with the app "
    "learned from MNIST, digits written by American census clerks and school pupils, each 28 pixels wide and high, and "
    "from 44 writers in Turkey, who write some digits otherwise: a crossed 7, a 1 with a foot."
)
shell.describe_model()
for row in range(0, len(WAYS), 3):
    for column, way in zip(st.columns(3), WAYS[row : row + 3], strict=False):
        page, parameters, icon, title, text, link = way
        with column.container(border=True, height="stretch"):
            st.markdown(f"#### :material/{icon}: {title}")
            st.markdown(text)
            kind = "primary" if way is WAYS[0] else "secondary"
            if st.button(link, icon=":material/arrow_forward:", icon_position="right", type=kind):
                st.switch_page(f"pages/{page}.py", query_params=parameters)

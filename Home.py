"""The first page: what this is, which model answers, and where to go. Nothing heavy is imported here."""

import streamlit as st

from core import shared

WAYS = (
    (
        "pages/1_Predict.py",
        ":material/draw:",
        "Read a digit",
        "Draw it, drop in a photo or pick a sample. See the answer, how sure it is, and what the model saw.",
        "Open Predict",
    ),
    (
        "pages/2_Train.py",
        ":material/model_training:",
        "Watch a network learn",
        "Start a run, watch it learn live, pause it, leave and come back, then use what it learned.",
        "Open Train",
    ),
    (
        "pages/3_Evaluate.py",
        ":material/query_stats:",
        "Find where it is wrong",
        "How good is it really? Click a cell of the confusion matrix, down to the single picture.",
        "Open Evaluate",
    ),
)

shared.open_page("Home")
st.title("Digit Lab")
st.markdown(
    "A convolutional neural network that reads handwritten digits, and shows you how. "
    "It learned from MNIST: 60,000 digits written by 500 people in 1994, each 28 pixels wide."
)
ways = [way for way in WAYS if (shared.ROOT / way[0]).is_file()]
for column, (page, icon, title, text, link) in zip(st.columns(len(ways)), ways, strict=True):
    with column.container(border=True):
        st.subheader(f"{icon} {title}")
        st.markdown(text)
        st.page_link(page, label=link, icon=":material/arrow_forward:")
shared.describe_model()

"""Draw a digit, send a picture or pick a sample; see the answer, how sure it is, and how it was found."""

from core.ui import shell

shell.open_page("Predict")

import streamlit as st

from core.ui import widgets
from core.ui.predict import canvas, samples, upload

WAYS = {"Draw": canvas.show, "Upload": upload.show, "Samples": samples.show}
EXPECTED = {"auto": "Automatic", "one": "One digit", "number": "A number"}

samples.take_over()  # a picture that another page handed on
st.title("Predict")
with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    way = widgets.choice("How do you want to give a digit?", list(WAYS), "way", canvas.renew)
    widgets.choice(
        "Read as",
        list(EXPECTED),
        "expect",
        format_func=EXPECTED.__getitem__,
        shows_label=True,
        help="Automatic decides whether the picture shows one digit or a number.",
    )
shell.require_model()
WAYS[way]()

"""Draw a digit, send a picture or pick a sample; see the answer, how sure it is, and how it was found."""

from core.ui import shell

shell.open_page("Predict")

import streamlit as st

from core.ui import widgets
from core.ui.predict import canvas, samples, sheets, upload

WAYS = {"Draw": canvas.show, "Upload": upload.show, "Samples": samples.show}
EXPECTED = {"auto": "Automatic", "one": "One digit", "number": "A number", "sheet": "A sheet"}

samples.take_over()  # a picture that another page handed on
upload.take_over()
st.title("Predict")
with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    # Nobody draws a sheet here: where one is expected, there is one way to give it.
    is_sheet = st.session_state.get("expect", st.query_params.get("expect")) == "sheet"
    asked = "How do you want to give a digit?"
    show = sheets.show if is_sheet else WAYS[widgets.choice(asked, list(WAYS), "way", canvas.renew)]
    widgets.choice(
        "Read as",
        list(EXPECTED),
        "expect",
        format_func=EXPECTED.__getitem__,
        shows_label=True,
        help="Automatic decides whether the picture shows one digit or a number. A sheet is a form, a table or a grid.",
    )
shell.require_model()
show()

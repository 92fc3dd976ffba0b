"""The digits visitors corrected: see them, download them, measure the model on them, fine-tune a copy on them."""

from core.ui import shell

shell.open_page("My digits")

import streamlit as st

from core import words
from core.my_digits.store import CorrectionsError
from core.network.checkpoint import CheckpointError
from core.ui import resources, visitor
from core.ui.my_digits import fine_tune, kept

mine = resources.corrections()
st.title("My digits")
st.caption(
    "Pictures whose answer somebody corrected on Predict, 28 pixels wide and high, as the model saw them. They "
    f"are kept in {mine.place} of this app, {visitor.who_sees()}, and sent nowhere."
)
kept.show_notice()
try:
    model, corrections = resources.model_in_use(), mine.all()
except (CheckpointError, CorrectionsError) as error:
    st.error(words.escape_markdown(str(error)), icon=":material/error:")
    st.stop()
kept.mention_put_aside()
if corrections:
    kept.show(model, corrections)
else:
    kept.invite()
fine_tune.show(model, corrections)

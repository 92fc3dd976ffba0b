"""Why this answer: the layers, the evidence, what would change it, where it stands, how it came to be learned."""

from core.ui import shell

shell.open_page("Explain")

import streamlit as st

from core.ui import widgets
from core.ui.explain import among, breaking, changing, learning, reasons, saving, subject, through

VIEWS = {
    "Through the network": through.show,
    "Why, and why not": reasons.show,
    "What would change it": changing.show,
    "Break it": breaking.show,
    "Among all digits": among.show,
    "How it was learned": learning.show,
}


@st.fragment
def show_view(shown: subject.Shown, view: str) -> None:
    """One view and what can be saved of it: what is pressed there runs this part of the page alone."""
    VIEWS[view](shown)
    saving.offer(shown)


st.title("Explain")
shown = subject.ask()  # the digit and the model; stops where there is none
view = widgets.choice("View", list(VIEWS), key="view")
show_view(shown, view)

"""Choose settings, start a run, watch it learn, adjust it, keep what is good."""

from __future__ import annotations

import streamlit as st

from core.ui import resources, shell

shell.open_page("Train")  # paints before torch is loaded

from core.figures import digit_images
from core.training.job import Live, Over
from core.ui import notices, visitor, widgets
from core.ui.train import curves, durations, form, live, outcome, runs_table, weights

st.html(digit_images.STYLE + form.STYLE + live.STYLE + curves.STYLE + widgets.SIDE_BY_SIDE)
st.title("Train")
form.open_link()
with st.container():  # empty or not: what stands below keeps its place, and an open box stays open
    notices.show_notice()

visitor.mention()
pending: list[durations.Pending] = []
snapshot = resources.training_job().snapshot()
place = st.empty()  # sent first in either state: what the other one showed there vanishes at once
if isinstance(snapshot, Live):
    with place.container():
        live.show()
else:
    live.notice_start()
    with st.container():
        if isinstance(snapshot, Over):
            outcome.show(snapshot)
        outcome.offer_resume()
    pending = form.show() if visitor.is_owner() else []
runs_table.show()
weights.bring_in()
durations.fill_in(pending)  # measured last: nothing else waits

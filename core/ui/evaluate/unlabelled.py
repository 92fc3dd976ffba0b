"""A set without labels: what the model answers, the least sure first, and all of it to take away."""

from __future__ import annotations

import streamlit as st

from core.figures import take_away
from core.ui.evaluate import downloads, pictures
from core.ui.evaluate.measured import Shown


def show(shown: Shown) -> None:
    """Answers, in place of the sections that need labels."""
    st.subheader("What the model answers, the least sure first")
    pictures.show_gallery(shown, shown.least_sure_first(), "unlabelled")
    downloads.offer(take_away.tables(shown.evaluation, shown.test_set), ":material/table:")

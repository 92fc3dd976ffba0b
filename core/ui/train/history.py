"""How a run learned, on Train: its replay with one of the digits to watch, or with one's own drawing."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import words
from core.data.digits import DataError
from core.training.runs import Run
from core.ui import replay, resources, widgets
from core.ui.train import watched

YOURS = "yours"

memory = st.session_state


def offer(run: Run, key: str) -> None:
    """A switch that opens the replay; `key` tells two on one page apart."""
    if not st.toggle("How it learned", key=f"history-{key}", help="The run from step 0 to its end, state by state."):
        return
    try:
        image = _ask_for_digit(run, key)
    except DataError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    replay.show(run, image, key)


def _ask_for_digit(run: Run, key: str) -> np.ndarray:
    """One of the validation digits that were watched, or the last drawing on Predict, (28, 28) float32 in [0, 1]."""
    from core.data.split import pick_watched, split

    own = watched.find_drawing()
    digits = [*map(str, range(10)), *([YOURS] if own is not None else [])]
    chosen = widgets.choice("Digit", digits, f"history-digit-{key}", in_address=False)
    if own is not None and chosen == YOURS:
        return own
    training = resources.digits(train=True)
    picked = resources.results().keep(
        ("watched", run.id), lambda: pick_watched(split(training, run.settings)[1], training)
    )
    image: np.ndarray = picked.images[int(chosen)].numpy().astype(np.float32) / 255
    return image
